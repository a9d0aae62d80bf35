#include "guest/init.h"

#include <sys/mount.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <strings.h>

#include "guest/disk.h"
#include "guest/file.h"
#include "guest/report.h"

#define CIDATA_WAIT_MS 10000

/* Does this disk hold an ISO 9660 file system labelled cidata? */
static bool
is_cidata(const char *path, void *arg)
{
	cleanup(fd) int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	char volume[2048];

	(void)arg;
	/* The primary volume descriptor; Lima pads with NULs, others blanks. */
	return fd >= 0 &&
	       pread(fd, volume, sizeof(volume), (off_t)16 * 2048) ==
		   (ssize_t)sizeof(volume) &&
	       !memcmp(volume + 1, "CD001", 5) &&
	       !strncasecmp(volume + 40, "cidata", 6) &&
	       (volume[46] == '\0' || volume[46] == ' ');
}

struct found {
	char path[64];
};

static bool
found(void *arg)
{
	struct found *f = arg;

	/* A CD-ROM under QEMU, a disk under vz. */
	return disk_find(is_cidata, NULL, f->path, sizeof(f->path));
}

static int
mount_cidata(void)
{
	struct found f = { .path = "" };

	(void)mkdir("/mnt", 0755);
	(void)mkdir(CIDATA_DIR, 0700);
	if (!disk_wait(found, &f, CIDATA_WAIT_MS)) {
		problem("no disk labelled cidata: not started by Lima?");
		return -1;
	}
	if (mount(f.path, CIDATA_DIR, "iso9660", MS_RDONLY,
		"mode=0700,dmode=0700,overriderockperm,uid=0")) {
		problem("cannot mount %s: %s", f.path, strerror(errno));
		return -1;
	}
	return 0;
}

static int
read_one(struct cidata *lima, const char *path,
    int (*parse)(struct cidata *, const char *, size_t, struct err *))
{
	cleanup(buf) struct buf text = BUF_INIT;
	struct err e = ERR_INIT;

	if (file_read(AT_FDCWD, path, CIDATA_TEXT_MAX, &text, &e) ||
	    parse(lima, text.s, text.len, &e)) {
		problem("cidata: %s", e.msg);
		return -1;
	}
	return 0;
}

int
lima_read(struct cidata *lima)
{
	int rc = 0;

	cidata_init(lima);
	if (mount_cidata())
		return -1;
	rc |= read_one(lima, CIDATA_DIR "/lima.env", cidata_env);
	rc |= read_one(lima, CIDATA_DIR "/meta-data", cidata_meta_data);
	rc |= read_one(lima, CIDATA_DIR "/user-data", cidata_user_data);
	if (lima->unsupported)
		problem("user-data has %s, which nobody acts on in this boot",
		    lima->unsupported);
	return rc;
}
