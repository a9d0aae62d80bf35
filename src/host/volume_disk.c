#include "host/volume_disk.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>

#include "base/fs.h"
#include "base/os.h"
#include "host/qemuimg.h"

#define RECORD "volume.json"
#define RECORD_MAX (16u << 10)
#define RECORD_VERSION 1
#define SECTOR 512 /* of st_blocks */

int
volume_record_parse(
    struct volume_record *r, const char *text, size_t len, struct err *e)
{
	cleanup(json) struct json *j = json_parse(RECORD, text, len, e);
	const char *root, *name;
	int64_t version, size;

	*r = (struct volume_record){ .size = 0 };
	if (!j)
		return -1;
	root = json_get_str(j, "project");
	name = json_get_str(j, "name");
	if (!json_get_int(j, "version", &version) || version != RECORD_VERSION)
		return err_set(
		    e, ERR_CONFIG, RECORD " is of another version of machine");
	if (!root || root[0] != '/' || !name || !name[0] ||
	    !json_get_int(j, "size", &size) || size <= 0 ||
	    !json_get_int(j, "created", &r->created))
		return err_set(e, ERR_CONFIG, RECORD " is not complete");
	r->size = (uint64_t)size;
	r->root = xstrdup(root);
	r->name = xstrdup(name);
	return 0;
}

void
volume_record_release(struct volume_record *r)
{
	free(r->root);
	free(r->name);
	*r = (struct volume_record){ .size = 0 };
}

static int
write_record(int dir, const struct volume_record *r, struct err *e)
{
	cleanup(json) struct json *j = json_new_object();
	cleanup(buf) struct buf text = BUF_INIT;

	json_set_int(j, "version", RECORD_VERSION);
	json_set_str(j, "project", r->root);
	json_set_str(j, "name", r->name);
	json_set_int(j, "size", (int64_t)r->size);
	json_set_int(j, "created", r->created);
	json_write(&text, j, true);
	return fs_replace(dir, RECORD, text.s, text.len, 0600, e);
}

/* How much it can hold; 0 with the reason if it is no disk of ours. */
static uint64_t
disk_size(int fd, const struct stat *st, struct err *e)
{
	struct qcow2 q;

	if (strcmp(os_vm_type(), "vz") == 0)
		return (uint64_t)st->st_size;
	if (!qcow2_read(&q, fd)) {
		err_set(e, ERR_CONFIG, VOLUME_DATA " is no qcow2 disk");
		return 0;
	}
	if (q.backed || q.outside) {
		err_set(e, ERR_CONFIG,
		    VOLUME_DATA " rests on another file, as ours never does");
		return 0;
	}
	return q.size;
}

static int
look_at_data(struct volume_disk *d, struct err *e)
{
	struct stat st;

	d->data = openat(d->dir, VOLUME_DATA,
	    O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	if (d->data < 0 || fstat(d->data, &st))
		return err_sys(e, "cannot open " VOLUME_DATA);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_CONFIG, VOLUME_DATA " is no file");
	d->info.on_disk = (uint64_t)st.st_blocks * SECTOR;
	d->info.last_use = st.st_mtime;
	d->info.size = disk_size(d->data, &st, e);
	return d->info.size ? 0 : -1;
}

static int
look_at_record(struct volume_disk *d, struct err *e)
{
	cleanup(str) char *text = NULL;
	size_t len;

	if (fs_read(d->dir, RECORD, RECORD_MAX, &text, &len, e) ||
	    volume_record_parse(&d->record, text, len, e))
		return -1;
	d->info.created = d->record.created;
	if (strcmp(d->record.name, d->info.name) != 0)
		return err_set(e, ERR_CONFIG, RECORD " is about another one");
	d->info.root = d->record.root;
	return 0;
}

/* QEMU locks what it opens, whatever Lima's files say. */
static bool
is_locked(int fd)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	return fd >= 0 && fcntl(fd, F_GETLK, &l) == 0 && l.l_type != F_UNLCK;
}

/* The instance that Lima's lock names, if it is one of this LIMA_HOME. */
static bool
lock_names(const struct lima *l, int dir, char *name, size_t cap)
{
	char target[4096];
	ssize_t n = readlinkat(dir, VOLUME_LOCK, target, sizeof(target) - 1);
	cleanup(str) char *ours = NULL;
	cleanup(str) char *theirs = NULL;
	char *slash;

	if (n <= 0)
		return false;
	target[n] = '\0';
	if (!(slash = strrchr(target, '/')) || slash == target)
		return false;
	*slash = '\0';
	ours = realpath(l->home, NULL);
	theirs = realpath(target, NULL);
	/* After a move of our directories, or in a copy, it names the old. */
	if (!ours || !theirs || strcmp(ours, theirs) != 0)
		return false;
	(void)snprintf(name, cap, "%s", slash + 1);
	return name[0] && name[0] != '.';
}

static void
look_for_user(struct volume_disk *d, const struct lima *l)
{
	struct lima_instance i = { .agent = 0 };

	if (lock_names(l, d->dir, d->user, sizeof(d->user)))
		lima_look(l, d->user, &i);
	if (i.agent || i.driver) {
		d->info.used_by = d->user;
		return;
	}
	d->user[0] = '\0';
	if (is_locked(d->data))
		d->info.used_by = d->user;
}

/* v-ID...: where the ID ends. */
static const char *
name_in(const char *disk)
{
	char id[STORAGE_ID_MAX + 1] = "";
	size_t n;

	if (strncmp(disk, "v-", 2) != 0)
		return NULL;
	n = strspn(disk + 2, "0123456789abcdef");
	if (!n || n > STORAGE_ID_MAX)
		return NULL;
	memcpy(id, disk + 2, n);
	return storage_name(disk, id);
}

int
volume_disk_open(struct volume_disk *d, const struct lima *l, int disks,
    const char *disk, struct err *e)
{
	*d = (struct volume_disk)VOLUME_DISK_INIT;
	d->info.disk = disk;
	d->info.name = name_in(disk);
	if (!d->info.name)
		return err_set(e, ERR_CONFIG, "%s is no volume of ours", disk);
	d->dir = fs_private_subdir(disks, disk, false, e);
	if (d->dir < 0)
		return -1;
	/* Both, so that a list shows what can be known. */
	if (look_at_record(d, &d->why) | look_at_data(d, &d->why))
		d->info.damaged = d->why.msg;
	look_for_user(d, l);
	return 0;
}

void
volume_disk_release(struct volume_disk *d)
{
	fd_close(d->dir);
	fd_close(d->data);
	volume_record_release(&d->record);
	*d = (struct volume_disk)VOLUME_DISK_INIT;
}

int
volume_disk_make(const struct lima *l, int dir, const char *path,
    const struct volume_record *r, struct err *e)
{
	/* First by us: qemu-img would make it readable for everybody. */
	cleanup(fd) int fd = openat(dir, VOLUME_DATA,
	    O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	char size[32];
	const char *const words[] = { "create", "-q", "-f", "qcow2", path, size,
		NULL };

	if (fd < 0)
		return err_sys(e, "cannot make %s", path);
	(void)snprintf(size, sizeof(size), "%llu", (unsigned long long)r->size);
	if (strcmp(os_vm_type(), "vz") == 0) {
		if (ftruncate(fd, (off_t)r->size))
			return err_sys(e, "cannot make %s", path);
	} else if (qemuimg(l, words, "make the disk", e)) {
		return -1;
	}
	if (os_sync(fd))
		return err_sys(e, "cannot write %s", path);
	return write_record(dir, r, e);
}

int
volume_disk_grow(const struct lima *l, struct volume_disk *d, const char *path,
    uint64_t size, struct err *e)
{
	char text[32];
	const char *const words[] = { "resize", "-q", "-f", "qcow2", path, text,
		NULL };

	(void)snprintf(text, sizeof(text), "%llu", (unsigned long long)size);
	if (strcmp(os_vm_type(), "vz") == 0) {
		cleanup(fd) int fd = openat(
		    d->dir, VOLUME_DATA, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);

		if (fd < 0 || ftruncate(fd, (off_t)size) || os_sync(fd))
			return err_sys(e, "cannot make %s larger", path);
	} else if (qemuimg(l, words, "make the disk larger", e)) {
		return -1;
	}
	/* A death before this leaves a record that says less than is there. */
	d->record.size = size;
	return write_record(d->dir, &d->record, e);
}
