#include "host/usage.h"

#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>

#include "base/os.h"
#include "host/image_store.h"
#include "host/layer_use.h"
#include "host/qemuimg.h"
#include "host/state.h"
#include "host/volume.h"

#define SECTOR 512 /* of st_blocks */
#define DEPTH_MAX 32

const char *
usage_word(enum usage_kind kind)
{
	static const char *const words[] = {
		[USAGE_LAYER] = "layer",
		[USAGE_IMAGE] = "image",
		[USAGE_VOLUME] = "volume",
		[USAGE_VM] = "vm",
		[USAGE_CACHE] = "cache",
	};

	return words[kind];
}

static void
add_file(struct usage *u, int dirfd, const char *name, const struct stat *st)
{
	cleanup(fd) int fd = -1;
	struct qcow2 q;

	u->on_disk += (uint64_t)st->st_blocks * SECTOR;
	if (S_ISREG(st->st_mode) && st->st_size)
		fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	u->apparent += fd >= 0 && qcow2_read(&q, fd) ? q.size
						     : (uint64_t)st->st_size;
	if (st->st_mtime > u->last_use)
		u->last_use = st->st_mtime;
}

/* All that is below; what cannot be looked at takes nothing. */
static void
add_tree(struct usage *u, int parent, const char *name, int depth)
{
	int fd = openat(
	    parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (!d) {
		fd_close(fd);
		return;
	}
	for (struct dirent *ent; (ent = readdir(d));) {
		struct stat st;

		if (strcmp(ent->d_name, ".") == 0 ||
		    strcmp(ent->d_name, "..") == 0 ||
		    fstatat(fd, ent->d_name, &st, AT_SYMLINK_NOFOLLOW))
			continue;
		if (!S_ISDIR(st.st_mode))
			add_file(u, fd, ent->d_name, &st);
		else if (depth < DEPTH_MAX)
			add_tree(u, fd, ent->d_name, depth + 1);
	}
	(void)closedir(d);
}

struct each {
	usage_fn *each;
	void *arg;
};

static int
one_image(const struct image_info *i, void *arg, struct err *e)
{
	const struct each *to = arg;
	const struct usage u = { .kind = USAGE_IMAGE,
		.name = i->alias,
		.apparent = i->apparent,
		.on_disk = i->on_disk,
		.last_use = i->made };

	return to->each(&u, to->arg, e);
}

static int
each_layer(const struct lima *l, const struct each *to, struct err *e)
{
	cleanup(layer_uses) struct layer_uses all = { .n = 0 };
	int rc = layer_uses_look(&all, l, e);

	for (size_t i = 0; !rc && i < all.n; i++) {
		const struct layer_use *use = &all.v[i];
		const struct usage u = { .kind = USAGE_LAYER,
			.name = use->layer.name,
			.apparent = use->apparent,
			.on_disk = use->on_disk,
			.shared_by = use->children + use->sessions,
			.last_use = layer_last_use(&use->layer),
			.used_by = use->roots.n == 1 ? use->roots.v[0] : NULL };

		rc = to->each(&u, to->arg, e);
	}
	return rc;
}

static int
one_volume(const struct volume_info *v, void *arg, struct err *e)
{
	const struct each *to = arg;
	const struct usage u = { .kind = USAGE_VOLUME,
		.name = v->name,
		.apparent = v->size,
		.on_disk = v->on_disk,
		.last_use = v->last_use,
		.used_by = v->root };

	return to->each(&u, to->arg, e);
}

static int
compare(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;

	return strcmp(*x, *y);
}

static int
each_vm(const struct lima *l, const struct each *to, struct err *e)
{
	DIR *d = opendir(l->home);
	cleanup(argv) struct argv names = ARGV_INIT;
	int rc = 0;

	if (!d)
		return errno == ENOENT ? 0
				       : err_sys(e, "cannot list %s", l->home);
	for (struct dirent *ent; (ent = readdir(d));)
		/* "b-": one in which a layer is made just now */
		if (strncmp(ent->d_name, "m-", 2) == 0 ||
		    strncmp(ent->d_name, "b-", 2) == 0)
			argv_push(&names, ent->d_name);
	if (names.n)
		qsort(names.v, names.n, sizeof(*names.v), compare);
	for (size_t i = 0; !rc && i < names.n; i++) {
		cleanup(str) char *root = state_root(l->paths, names.v[i] + 2);
		struct usage u = {
			.kind = USAGE_VM, .name = names.v[i], .used_by = root
		};

		add_tree(&u, dirfd(d), names.v[i], 0);
		rc = to->each(&u, to->arg, e);
	}
	(void)closedir(d);
	return rc;
}

/* Lima's, not only ours: os.UserCacheDir() of Go, and "lima". */
static char *
cache_dir(const struct lima *l)
{
	const char *xdg = getenv("XDG_CACHE_HOME");

	if (strcmp(os_vm_type(), "vz") == 0)
		return path_join(l->paths->home, "Library/Caches/lima");
	if (xdg && xdg[0] == '/')
		return path_join(xdg, "lima");
	return path_join(l->paths->home, ".cache/lima");
}

int
usage_each(const struct lima *l, usage_fn *each, void *arg, struct err *e)
{
	cleanup(str) char *cache = cache_dir(l);
	struct each to = { .each = each, .arg = arg };
	struct usage u = { .kind = USAGE_CACHE, .name = cache };
	int rc = each_layer(l, &to, e);

	if (!rc)
		rc = image_store_each(l->paths, one_image, &to, e);
	if (!rc)
		rc = volume_each(l, one_volume, &to, e);
	if (!rc)
		rc = each_vm(l, &to, e);
	if (rc)
		return rc;
	add_tree(&u, AT_FDCWD, cache, 0);
	return u.on_disk ? each(&u, arg, e) : 0;
}
