#include "host/disk.h"

#include <sys/stat.h>

#include <fcntl.h>

#include "base/os.h"
#include "host/qemuimg.h"

static bool
is_raw(void)
{
	return strcmp(os_vm_type(), "vz") == 0;
}

static int
clone_disk(const char *from, const char *to, uint64_t bytes, struct err *e)
{
	struct stat st;

	if (os_clone(from, to, e) ||
	    (bytes && stat(to, &st) == 0 && (uint64_t)st.st_size < bytes &&
		truncate(to, (off_t)bytes) &&
		err_sys(e, "cannot enlarge %s", to)))
		return -1;
	return 0;
}

int
disk_overlay(const struct lima *l, const char *parent, const char *path,
    uint64_t bytes, struct err *e)
{
	struct disk_size is;
	char size[24];

	if (is_raw())
		return clone_disk(parent, path, bytes, e);
	/* A disk cannot be smaller than what it stands on. */
	if (disk_size(parent, &is, e))
		return -1;
	(void)snprintf(size, sizeof(size), "%llu",
	    (unsigned long long)(is.apparent > bytes ? is.apparent : bytes));
	return qemuimg(l,
	    (const char *const[]){ "create", "-q", "-fqcow2", "-Fqcow2", "-b",
		parent, path, size, NULL },
	    "make the VM's disk", e);
}

int
disk_store(const struct lima *l, const char *disk,
    const struct disk_parent *parent, const char *path, struct err *e)
{
	static const char what[] = "store the VM's disk";

	if (is_raw())
		return clone_disk(disk, path, 0, e);
	if (!parent)
		return qemuimg(l,
		    (const char *const[]){
			"convert", "-q", "-Oqcow2", disk, path, NULL },
		    what, e);
	if (!parent->direct &&
	    qemuimg(l,
		(const char *const[]){
		    "rebase", "-q", "-Fqcow2", "-b", parent->path, disk, NULL },
		what, e))
		return -1;
	return qemuimg(l,
	    (const char *const[]){ "convert", "-q", "-Oqcow2", "-Fqcow2", "-B",
		parent->written, disk, path, NULL },
	    what, e);
}

static int
read_header(const char *path, struct qcow2 *q, bool *is, struct err *e)
{
	cleanup(fd) int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(e, "cannot read %s", path);
	*is = qcow2_read(q, fd);
	return 0;
}

int
disk_check(const char *path, struct err *e)
{
	struct qcow2 q;
	bool is;

	if (is_raw())
		return 0; /* read as the bytes that it is */
	if (read_header(path, &q, &is, e))
		return -1;
	if (is && (q.backed || q.outside))
		return err_set(e, ERR_CONFIG,
		    "the image %s leads to another file of this host, which "
		    "a VM must not get: make it one file, with qemu-img "
		    "convert",
		    path);
	return 0;
}

int
disk_size(const char *path, struct disk_size *s, struct err *e)
{
	struct stat st;
	struct qcow2 q;
	bool is;

	if (stat(path, &st))
		return err_sys(e, "cannot look at %s", path);
	if (read_header(path, &q, &is, e))
		return -1;
	s->apparent = is ? q.size : (uint64_t)st.st_size;
	s->stored = (uint64_t)st.st_blocks * 512;
	return 0;
}
