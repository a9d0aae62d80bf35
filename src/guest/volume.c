#include "guest/init.h"

#include <sys/mount.h>
#include <sys/stat.h>

#include <errno.h>

#include "guest/disk.h"
#include "guest/file.h"
#include "guest/place.h"
#include "guest/report.h"

#define DISK_WAIT_MS 5000

static bool
is_there(void *arg)
{
	struct stat st;

	return stat(arg, &st) == 0 && S_ISBLK(st.st_mode);
}

/* The first of these programs that the image has. */
static const char *
find_program(const char *const *paths)
{
	while (*paths && access(*paths, X_OK))
		paths++;
	return *paths;
}

/* Only ever called for a disk that begins with a MiB of zeros. */
static int
format(const char *device, const struct account *who, struct err *e)
{
	static const char *const places[] = { "/sbin/mke2fs",
		"/usr/sbin/mke2fs", NULL };
	const char *program = find_program(places);
	char how[128], last[512];
	char *argv[] = { NULL, xstrdup("-q"), xstrdup("-F"), xstrdup("-t"),
		xstrdup("ext4"), xstrdup("-m"), xstrdup("0"), xstrdup("-E"),
		how, xstrdup(device), NULL };
	int rc;

	(void)snprintf(how, sizeof(how),
	    "root_owner=%u:%u,lazy_itable_init=1,lazy_journal_init=1,discard",
	    who->uid, who->gid);
	if (!program)
		return err_set(
		    e, ERR_SYS, "the image has no mke2fs (package e2fsprogs)");
	argv[0] = xstrdup(program);
	say("%s: new volume", device);
	rc = file_run(argv, last, sizeof(last));
	return rc ? err_set(e, ERR_SYS, "mke2fs failed (%d): %s", rc, last) : 0;
}

/* 0 if the file system is all right now, by e2fsck's own judgement. */
static int
repair(const char *device, struct err *e)
{
	static const char *const places[] = { "/sbin/e2fsck",
		"/usr/sbin/e2fsck", NULL };
	const char *program = find_program(places);
	char last[512];
	char *argv[] = { NULL, xstrdup("-p"), xstrdup("-f"), xstrdup(device),
		NULL };
	int rc;

	if (!program)
		return err_set(
		    e, ERR_SYS, "the image has no e2fsck (package e2fsprogs)");
	argv[0] = xstrdup(program);
	rc = file_run(argv, last, sizeof(last));
	say("%s: e2fsck -p: %d: %s", device, rc, last);
	/* 1: corrected; 2: would want a reboot if it had been mounted */
	return rc < 4
		   ? 0
		   : err_set(e, ERR_SYS, "e2fsck cannot repair it: %s", last);
}

/* Damaged: what is in it can be read, and nothing makes it worse. */
static int
mount_damaged(const char *device, int fd, struct err *e)
{
	problem("volume %s", e->msg);
	if (place_mount(device, fd, "ext4", MS_RDONLY | MS_NOATIME, "noload"))
		return err_sys(e, "cannot mount the damaged %s", device);
	problem("volume on %s is damaged: mounted for reading only", device);
	return 0;
}

static int
mount_ext4(const char *device, int fd, struct err *e)
{
	if (place_mount(device, fd, "ext4", MS_NOATIME, "") == 0)
		return 0;
	return err_sys(e, "cannot mount %s", device);
}

int
volume_mount(const struct bootconf_volume *v, const struct account *who, int fd,
    struct err *e)
{
	char device[32];
	struct ext4 fs;
	bool bad = false;

	(void)snprintf(device, sizeof(device), "/dev/%s", v->device);
	if (!disk_wait(is_there, device, DISK_WAIT_MS))
		return err_set(
		    e, ERR_SYS, "%s: there is no disk %s", v->at, device);
	switch (disk_look(device, true, &fs)) {
	case EXT4_OTHER:
		return err_set(e, ERR_SYS,
		    "%s: the disk %s holds something that is not ext4", v->at,
		    device);
	case EXT4_BLANK:
		if (format(device, who, e))
			return err_wrap(e, "%s", v->at);
		break;
	case EXT4_IS:
		bad = (fs.errors || !fs.clean) && repair(device, e);
		break;
	}
	if (!bad && mount_ext4(device, fd, e)) {
		/* The journal could not be replayed, or what it holds is bad.
		 */
		bad = repair(device, e);
		if (!bad && mount_ext4(device, fd, e))
			return err_wrap(e, "%s", v->at);
	}
	if (bad && mount_damaged(device, fd, e))
		return err_wrap(e, "%s", v->at);
	return 0;
}
