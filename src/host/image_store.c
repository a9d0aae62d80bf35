#include "host/image_store.h"

#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>

#include "base/fs.h"
#include "base/hash.h"
#include "base/os.h"
#include "host/disk.h"
#include "host/qemuimg.h"

/* No alias begins with a dot. */
#define NEW ".new"
#define OLD ".old-" /* and the alias: it is being replaced */
#define LOCK ".lock"
#define SOURCE "source"
#define SOURCE_MAX 4096
#define SECTOR 512 /* of st_blocks */

static char *
images_dir(const struct paths *p)
{
	return path_join(p->data, "images");
}

static char *
image_file(const struct paths *p, const char *alias, const char *name)
{
	cleanup(str) char *images = images_dir(p);
	cleanup(str) char *dir = path_join(images, alias);

	return path_join(dir, name);
}

/* --- import ----------------------------------------------------------------
 */

/* A regular file that can be read; nothing blocks. */
static int
open_file(const char *path, struct err *e)
{
	cleanup(fd) int fd = open(
	    path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return err_sys(e, "cannot read %s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_CONFIG, "%s is no regular file", path);
	if (!st.st_size)
		return err_set(e, ERR_CONFIG, "%s is empty", path);
	return steal_fd(&fd);
}

static int
check_digest(int fd, const struct image_import *i, struct err *e)
{
	static const char prefix[] = "sha256:";
	char hex[HASH_SHA256_HEX + 1];

	if (!i->digest)
		return 0;
	if (!hash_sha256_fd(fd, hex))
		return err_sys(e, "cannot read %s", i->file);
	if (strcmp(i->digest + strlen(prefix), hex) == 0)
		return 0;
	return err_set(e, ERR_CONFIG,
	    "%s is not what it should be: its digest is sha256:%s, and you "
	    "asked for %s",
	    i->file, hex, i->digest);
}

/*
 * What the file is, is said and not left to be guessed: qemu-img would take a
 * raw disk that begins like a VMDK for one, and that names other files.
 */
static int
convert(const struct lima *l, const char *from, int fd, const char *to,
    struct err *e)
{
	struct qcow2 q;
	const bool is = qcow2_read(&q, fd);

	return qemuimg(l,
	    (const char *const[]){ "convert", "-q", is ? "-fqcow2" : "-fraw",
		"-Oqcow2", from, to, NULL },
	    "copy the image", e);
}

static int
sync_file(const char *path, struct err *e)
{
	cleanup(fd) int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 || os_sync(fd) ? err_sys(e, "cannot store %s", path) : 0;
}

static int
copy(const char *from, const char *dir, const char *name, struct err *e)
{
	cleanup(str) char *to = path_join(dir, name);
	cleanup(fd) int fd = -1;

	if (!from)
		return 0;
	fd = open_file(from, e);
	return fd < 0 || os_clone(from, to, e) || sync_file(to, e) ? -1 : 0;
}

static int
fill(const struct lima *l, const struct image_import *i, const char *dir,
    int fd, struct err *e)
{
	cleanup(fd) int disk = open_file(i->file, e);
	cleanup(str) char *to = path_join(dir, "disk.qcow2");

	if (disk < 0 || check_digest(disk, i, e) || disk_check(i->file, e) ||
	    convert(l, i->file, disk, to, e) || sync_file(to, e) ||
	    copy(i->kernel, dir, "kernel", e) ||
	    copy(i->initrd, dir, "initrd", e))
		return -1;
	return fs_replace(fd, SOURCE, i->file, strlen(i->file), 0600, e);
}

/* What a run that was killed between two names has left. */
static int
recover(int images, const char *alias, struct err *e)
{
	char old[128];
	struct stat st;

	(void)snprintf(old, sizeof(old), OLD "%s", alias);
	if (fstatat(images, old, &st, AT_SYMLINK_NOFOLLOW))
		return 0;
	if (fstatat(images, alias, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return fs_remove_tree(images, old, e);
	return renameat(images, old, images, alias)
		   ? err_sys(e, "cannot bring back the image %s", alias)
		   : 0;
}

/* Put NEW in the place of what there is. */
static int
replace(int images, const char *alias, struct err *e)
{
	char old[128];

	(void)snprintf(old, sizeof(old), OLD "%s", alias);
	if ((renameat(images, alias, images, old) && errno != ENOENT) ||
	    renameat(images, NEW, images, alias))
		return err_sys(e, "cannot store the image %s", alias);
	(void)os_sync(images);
	return fs_remove_tree(images, old, e);
}

int
image_store_import(
    const struct lima *l, const struct image_import *i, struct err *e)
{
	cleanup(str) char *path = images_dir(l->paths);
	cleanup(fd) int images = fs_private_dir(path, e);
	cleanup(str) char *dir = path_join(path, NEW);
	cleanup(fd) int lock = -1;
	cleanup(fd) int fd = -1;
	struct err ignored = ERR_INIT;

	if (images < 0)
		return -1;
	lock = fs_lock(images, LOCK, LOCK_WAIT, e);
	if (lock < 0 || recover(images, i->alias, e) ||
	    fs_remove_tree(images, NEW, e))
		return -1;
	fd = fs_private_subdir(images, NEW, true, e);
	if (fd < 0)
		return -1;
	if (!fill(l, i, dir, fd, e) && !replace(images, i->alias, e))
		return 0;
	(void)!fs_remove_tree(images, NEW, &ignored);
	return -1;
}

/* --- what there is -----------------------------------------------------------
 */

bool
image_store_has(const struct paths *p, const char *alias)
{
	cleanup(str) char *disk = image_file(p, alias, "disk.qcow2");
	cleanup(str) char *path = images_dir(p);
	cleanup(fd) int images = -1;
	cleanup(fd) int lock = -1;
	struct err ignored = ERR_INIT;

	if (access(disk, R_OK) == 0)
		return true;
	images = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (images < 0)
		return false;
	/* It may have been on the way from one name to the other. */
	lock = fs_lock(images, LOCK, LOCK_WAIT, &ignored);
	return lock >= 0 && !recover(images, alias, &ignored) &&
	       access(disk, R_OK) == 0;
}

static const char *
part(
    const struct paths *p, const char *alias, const char *name, struct arena *a)
{
	cleanup(str) char *path = image_file(p, alias, name);

	return access(path, R_OK) == 0 ? arena_strndup(a, path, strlen(path))
				       : NULL;
}

bool
image_store_find(const struct paths *p, const char *alias, const char *arch,
    struct arena *a, struct image *out)
{
	if (!image_store_has(p, alias))
		return false;
	*out = (struct image){ .alias = alias,
		.location = part(p, alias, "disk.qcow2", a),
		.arch = arch,
		.kernel = part(p, alias, "kernel", a),
		.initrd = part(p, alias, "initrd", a) };
	if (out->kernel)
		out->cmdline = image_default_cmdline(arch);
	return out->location != NULL;
}

static int
show(const struct paths *p, const char *alias,
    int (*each)(const struct image_info *i, void *arg, struct err *e),
    void *arg, struct err *e)
{
	static const char *const parts[] = { "disk.qcow2", "kernel", "initrd" };
	cleanup(str) char *disk = image_file(p, alias, parts[0]);
	cleanup(str) char *path = image_file(p, alias, SOURCE);
	cleanup(str) char *source = NULL;
	struct image_info i = { .alias = alias };
	struct err ignored = ERR_INIT;
	struct disk_size size;
	struct stat st;
	size_t len;

	if (disk_size(disk, &size, &ignored) || stat(disk, &st))
		return 0; /* it has gone meanwhile */
	i.apparent = size.apparent;
	i.made = st.st_mtime;
	for (size_t n = 0; n < ARRAY_LEN(parts); n++) {
		cleanup(str) char *file = image_file(p, alias, parts[n]);

		if (stat(file, &st) == 0)
			i.on_disk += (uint64_t)st.st_blocks * SECTOR;
	}
	if (!fs_read(AT_FDCWD, path, SOURCE_MAX, &source, &len, &ignored))
		i.source = source;
	return each(&i, arg, e);
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int
image_store_each(const struct paths *p,
    int (*each)(const struct image_info *i, void *arg, struct err *e),
    void *arg, struct err *e)
{
	cleanup(str) char *path = images_dir(p);
	cleanup(argv) struct argv names = ARGV_INIT;
	DIR *d = opendir(path);
	int rc = 0;

	if (!d)
		return errno == ENOENT ? 0 : err_sys(e, "cannot list %s", path);
	for (struct dirent *ent; (ent = readdir(d));)
		if (ent->d_name[0] != '.')
			argv_push(&names, ent->d_name);
	(void)closedir(d);
	if (names.n)
		qsort(names.v, names.n, sizeof(*names.v), by_name);
	for (size_t i = 0; !rc && i < names.n; i++)
		rc = show(p, names.v[i], each, arg, e);
	return rc;
}
