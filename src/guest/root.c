#include "guest/init.h"

#include <sys/mount.h>
#include <sys/stat.h>

#include <errno.h>
#include <strings.h>

#include "guest/disk.h"
#include "guest/report.h"

#define ROOT_WAIT_MS 10000

struct wanted {
	const char *value; /* of root= */
	char path[128]; /* found */
};

/* The value of NAME= among the words of the kernel's command line. */
static bool
option(const char *cmdline, const char *name, char *value, size_t size)
{
	size_t len = strlen(name);

	for (const char *p = cmdline; *p;) {
		size_t n = strcspn(p, " \n");

		if (n > len && !strncmp(p, name, len) && p[len] == '=') {
			(void)snprintf(value, size, "%.*s", (int)(n - len - 1),
			    p + len + 1);
			return n - len - 1 < size;
		}
		p += n + strspn(p + n, " \n");
	}
	return false;
}

static bool
is_wanted(const char *path, void *arg)
{
	const struct wanted *w = arg;
	struct ext4 fs;

	if (disk_look(path, false, &fs) != EXT4_IS)
		return false;
	if (!strncasecmp(w->value, "UUID=", 5))
		return ext4_has_uuid(&fs, w->value + 5);
	return !strcmp(w->value + strlen("LABEL="), fs.label);
}

static bool
is_there(void *arg)
{
	struct wanted *w = arg;
	struct stat st;

	if (w->value[0] == '/') {
		(void)snprintf(w->path, sizeof(w->path), "%s", w->value);
		return stat(w->path, &st) == 0 && S_ISBLK(st.st_mode);
	}
	return disk_find(is_wanted, w, w->path, sizeof(w->path));
}

static void
mount_root(const char *cmdline)
{
	char value[128];
	struct wanted w = { .value = value };
	struct ext4 fs;

	if (!option(cmdline, "root", value, sizeof(value)))
		give_up("the kernel's command line has no root=");
	if (strncmp(value, "/dev/", 5) != 0 &&
	    strncasecmp(value, "UUID=", 5) != 0 &&
	    strncmp(value, "LABEL=", 6) != 0)
		give_up("root=%s is not understood", value);
	if (!disk_wait(is_there, &w, ROOT_WAIT_MS))
		give_up("no disk is root=%s (an ext4 file system)", value);
	if (disk_look(w.path, false, &fs) != EXT4_IS)
		give_up("%s is not an ext4 file system", w.path);
	if (mount(w.path, "/root", "ext4", MS_NOATIME, ""))
		give_up("cannot mount %s: %s", w.path, strerror(errno));
}

static void
mount_one(
    const char *type, const char *at, unsigned long flags, const char *options)
{
	(void)mkdir(at, 0755);
	if (mount(type, at, type, flags, options) && errno != EBUSY)
		problem("cannot mount %s: %s", at, strerror(errno));
}

/* A tmpfs there if systemd would make one, so that what is put there stays. */
static void
mount_tmp(void)
{
	char to[16];

	if (access("/usr/lib/systemd/system/tmp.mount", F_OK) ||
	    readlink("/etc/systemd/system/tmp.mount", to, sizeof(to)) > 0)
		return;
	mount_one("tmpfs", "/tmp", MS_NOSUID | MS_NODEV,
	    "mode=1777,size=50%,nr_inodes=1m");
}

void
root_switch(const char *cmdline)
{
	const unsigned long plain = MS_NOSUID | MS_NODEV | MS_NOEXEC;

	mount_root(cmdline);
	(void)mkdir("/root/dev", 0755);
	(void)mkdir("/root/proc", 0755);
	if (mount("/dev", "/root/dev", NULL, MS_MOVE, NULL) ||
	    mount("/proc", "/root/proc", NULL, MS_MOVE, NULL) ||
	    chdir("/root") || mount(".", "/", NULL, MS_MOVE, NULL) ||
	    chroot(".") || chdir("/"))
		give_up(
		    "cannot enter the root file system: %s", strerror(errno));
	mount_one("sysfs", "/sys", plain, "");
	mount_one("devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC,
	    "gid=5,mode=620,ptmxmode=000");
	mount_one("tmpfs", "/dev/shm", MS_NOSUID | MS_NODEV, "mode=1777");
	mount_one("tmpfs", "/run", MS_NOSUID | MS_NODEV,
	    "mode=755,size=20%,nr_inodes=800k");
	(void)mkdir("/run/lock", 01777);
	(void)chmod("/run/lock", 01777);
	mount_tmp();
	(void)mkdir(GUEST_DIR, 0755);
	report_flush();
}
