#include "host/volume.h"

#include <sys/stat.h>
#include <sys/statvfs.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <time.h>

#include "base/fs.h"
#include "base/os.h"
#include "core/reading.h"
#include "core/text.h"
#include "host/state.h"
#include "host/volume_disk.h"

/*
 * What is being made or removed, and then the disk's name: no disk begins with
 * a dot. Each has its own, because a qemu-img that outlives us must not find
 * another one's file under the name that it was given.
 */
#define MAKING ".new-"
#define LEAVING ".old-"

struct temporary {
	char s[sizeof(MAKING) + STORAGE_DISK_MAX];
};

/*
 * The directory of all disks, and the lock of whoever makes or removes one.
 * disks is -1 where there is none, and that is no failure without `make`.
 */
struct disks {
	int fd, lock;
	char *path;
};
#define DISKS_INIT                   \
	{                            \
		.fd = -1, .lock = -1 \
	}

static void
disks_release(struct disks *d)
{
	fd_close(d->fd);
	fd_close(d->lock);
	free(d->path);
}

CLEANUP_DEFINE(disks, struct disks, disks_release(p));

static int
disks_open(struct disks *d, const struct lima *l, bool make, struct err *e)
{
	*d = (struct disks)DISKS_INIT;
	d->path = path_join(l->home, "_disks");
	if (make)
		d->fd = fs_private_dir(d->path, e);
	else
		d->fd = fs_private_subdir(AT_FDCWD, d->path, false, e);
	return d->fd < 0 && (make || e->sys != ENOENT) ? -1 : 0;
}

static int
compare(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;

	return strcmp(*x, *y);
}

/* The names in the directory that begin so, sorted. */
static int
list(const struct disks *d, const char *prefix, struct argv *names,
    struct err *e)
{
	int fd = openat(d->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir) {
		fd_close(fd);
		return err_sys(e, "cannot list %s", d->path);
	}
	for (struct dirent *ent; (ent = readdir(dir));)
		if (strncmp(ent->d_name, prefix, strlen(prefix)) == 0)
			argv_push(names, ent->d_name);
	(void)closedir(dir);
	if (names->n)
		qsort(names->v, names->n, sizeof(*names->v), compare);
	return 0;
}

/* Whoever has the lock clears away what a killed one has left. */
static int
disks_lock(struct disks *d, struct err *e)
{
	cleanup(argv) struct argv left = ARGV_INIT;

	if ((d->lock = fs_lock(d->fd, ".lock", LOCK_WAIT, e)) < 0 ||
	    list(d, MAKING, &left, e) || list(d, LEAVING, &left, e))
		return -1;
	for (size_t i = 0; i < left.n; i++)
		if (fs_remove_tree(d->fd, left.v[i], e))
			return -1;
	return 0;
}

static struct temporary
temporary(const char *prefix, const char *disk)
{
	struct temporary t;

	(void)snprintf(t.s, sizeof(t.s), "%s%s", prefix, disk);
	return t;
}

static char *
data_path(const struct disks *d, const char *disk)
{
	cleanup(str) char *dir = path_join(d->path, disk);

	return path_join(dir, VOLUME_DATA);
}

/* Sparse or not: what is promised must fit when it is promised. */
static int
check_room(const struct disks *d, const struct storage_volume *v,
    uint64_t on_disk, struct err *e)
{
	struct statvfs fs;
	uint64_t room;

	if (v->ours || fstatvfs(d->fd, &fs))
		return 0;
	room = (uint64_t)fs.f_bavail * fs.f_frsize;
	if (v->size <= room + on_disk)
		return 0;
	return err_set(e, ERR_CONFIG,
	    "the volume %s is to hold %s, and only %s are free in %s: write a "
	    "smaller size, or make room: machine df shows what takes it",
	    v->name, size_show(v->size).s, size_about(room + on_disk).s,
	    d->path);
}

static int
make_volume(const struct lima *l, const struct disks *d, const char *root,
    const struct storage_volume *v, struct err *e)
{
	cleanup(str) char *copy = xstrdup(root);
	cleanup(str) char *name = xstrdup(v->name);
	const struct temporary making = temporary(MAKING, v->disk);
	cleanup(str) char *path = data_path(d, making.s);
	const struct volume_record r = { .root = copy,
		.name = name,
		.size = v->size,
		.created = time(NULL) };
	cleanup(fd) int dir = -1;

	if (check_room(d, v, 0, e))
		return -1;
	dir = fs_private_subdir(d->fd, making.s, true, e);
	if (dir < 0 || volume_disk_make(l, dir, path, &r, e))
		return err_wrap(e, "cannot make the volume %s", v->name);
	if (renameat(d->fd, making.s, d->fd, v->disk))
		return err_sys(e, "cannot make the volume %s", v->name);
	(void)os_sync(d->fd);
	return 0;
}

static int
refuse_used(const struct lima *l, const struct volume_info *v, struct err *e)
{
	cleanup(str) char *root = strncmp(v->used_by, "m-", 2) == 0
				      ? state_root(l->paths, v->used_by + 2)
				      : NULL;

	if (root)
		return err_set(e, ERR_CONFIG,
		    "the volume %s is in use by the VM of %s: there, type: "
		    "machine stop",
		    v->name, root);
	if (*v->used_by)
		return err_set(e, ERR_CONFIG,
		    "the volume %s is in use by %s, a VM of Lima", v->name,
		    v->used_by);
	return err_set(e, ERR_CONFIG,
	    "the volume %s is in use: a process has its disk open", v->name);
}

static int
prepare_old(const struct lima *l, const struct disks *d, const char *root,
    const struct storage_volume *v, struct volume_disk *is, struct err *e)
{
	cleanup(str) char *path = data_path(d, v->disk);

	if (is->info.damaged)
		return err_set(e, ERR_CONFIG,
		    "the volume %s is damaged: %s: to give up what is on it, "
		    "type: machine volume rm %s",
		    v->name, is->info.damaged, v->name);
	if (strcmp(is->info.root, root) != 0)
		return err_set(e, ERR_CONFIG,
		    "the volume %s (%s) is of the project %s", v->name, v->disk,
		    is->info.root);
	if (is->info.used_by)
		return refuse_used(l, &is->info, e);
	if (fs_remove(is->dir, VOLUME_LOCK, e))
		return -1;
	if (is->info.size == v->size || (v->ours && is->info.size > v->size))
		return 0;
	if (is->info.size > v->size)
		return err_set(e, ERR_CONFIG,
		    "the volume %s holds %s and cannot shrink to %s: write "
		    "that size, or, to give up what is on it, type: machine "
		    "volume rm %s",
		    v->name, size_show(is->info.size).s, size_show(v->size).s,
		    v->name);
	if (check_room(d, v, is->info.on_disk, e) ||
	    volume_disk_grow(l, is, path, v->size, e))
		return -1;
	return 0;
}

int
volume_prepare(const struct lima *l, const char *id, const char *root,
    const struct storage *s, struct err *e)
{
	cleanup(disks) struct disks d = DISKS_INIT;

	if (!s->nvolumes)
		return 0;
	if (disks_open(&d, l, true, e) || disks_lock(&d, e))
		return -1;
	for (size_t i = 0; i < s->nvolumes; i++) {
		const struct storage_volume *v = &s->volumes[i];
		cleanup(volume_disk) struct volume_disk is = VOLUME_DISK_INIT;

		if (!storage_name(v->disk, id))
			abort(); /* storage_make() has named it */
		if (!volume_disk_open(&is, l, d.fd, v->disk, e)) {
			if (prepare_old(l, &d, root, v, &is, e))
				return -1;
		} else if (e->sys != ENOENT || make_volume(l, &d, root, v, e)) {
			return -1;
		}
	}
	return 0;
}

void
volume_bootconf(const struct storage *s, struct bootconf *c)
{
	for (size_t i = 0; i < s->nvolumes; i++)
		bootconf_add_volume(c, s->volumes[i].device, s->volumes[i].at);
	for (size_t i = 0; i < s->nbinds; i++)
		bootconf_add_bind(
		    c, s->binds[i].at, s->binds[i].subdir, s->binds[i].target);
}

int
volume_each(const struct lima *l, volume_fn *each, void *arg, struct err *e)
{
	cleanup(disks) struct disks d = DISKS_INIT;
	cleanup(argv) struct argv names = ARGV_INIT;
	int rc = 0;

	if (disks_open(&d, l, false, e))
		return -1;
	if (d.fd < 0)
		return 0;
	if (list(&d, "v-", &names, e))
		return -1;
	for (size_t i = 0; !rc && i < names.n; i++) {
		cleanup(volume_disk) struct volume_disk is = VOLUME_DISK_INIT;
		struct err ignored = ERR_INIT;

		/* Removed meanwhile, or none of ours. */
		if (volume_disk_open(&is, l, d.fd, names.v[i], &ignored))
			continue;
		rc = each(&is.info, arg, e);
	}
	return rc;
}

struct of_project {
	const char *id, *root;
	volume_fn *each;
	void *arg;
};

/* By its name, or by its record where the project has lost its state. */
static int
if_of_project(const struct volume_info *v, void *arg, struct err *e)
{
	const struct of_project *p = arg;
	bool its = v->root ? strcmp(v->root, p->root) == 0
			   : *p->id && storage_name(v->disk, p->id);

	return its ? p->each(v, p->arg, e) : 0;
}

int
volume_each_of(const struct lima *l, const char *id, const char *root,
    volume_fn *each, void *arg, struct err *e)
{
	struct of_project p = {
		.id = id, .root = root, .each = each, .arg = arg
	};

	return volume_each(l, if_of_project, &p, e);
}

int
volume_remove(const struct lima *l, const char *disk, struct err *e)
{
	cleanup(disks) struct disks d = DISKS_INIT;
	cleanup(volume_disk) struct volume_disk is = VOLUME_DISK_INIT;
	const struct temporary leaving = temporary(LEAVING, disk);

	if (disks_open(&d, l, false, e))
		return -1;
	if (d.fd < 0)
		return err_set(e, ERR_CONFIG, "there are no volumes");
	if (disks_lock(&d, e) || volume_disk_open(&is, l, d.fd, disk, e))
		return -1;
	if (is.info.used_by)
		return refuse_used(l, &is.info, e);
	if (renameat(d.fd, disk, d.fd, leaving.s))
		return err_sys(e, "cannot remove the volume %s", is.info.name);
	(void)os_sync(d.fd);
	return fs_remove_tree(d.fd, leaving.s, e);
}

struct removal {
	const struct lima *lima;
	unsigned *count;
};

static int
remove_one(const struct volume_info *v, void *arg, struct err *e)
{
	struct removal *r = arg;

	if (volume_remove(r->lima, v->disk, e))
		return -1;
	++*r->count;
	return 0;
}

int
volume_remove_all(const struct lima *l, const char *id, const char *root,
    unsigned *count, struct err *e)
{
	struct removal r = { .lima = l, .count = count };

	return volume_each_of(l, id, root, remove_one, &r, e);
}
