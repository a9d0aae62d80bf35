#include "guest/init.h"

#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include <errno.h>
#include <fcntl.h>
#include <time.h>

#include "guest/disk.h"
#include "guest/report.h"

/*
 * musl brings no headers of the kernel; and by syscall() because ioctl() takes
 * an int there and an unsigned long elsewhere.
 */
#define RESIZE_FS _IOW('f', 16, uint64_t) /* EXT4_IOC_RESIZE_FS */
#define BLOCK_SIZE64 _IOR(0x12, 114, size_t) /* BLKGETSIZE64 */

#define SETTLE_MS 8000 /* for the prompt and what systemd starts */

/* The whole disk that this directory's file system is on; partitions stay. */
static int
open_disk(const char *at, char *path, size_t size)
{
	struct stat st;
	char link[256], sys[64];
	ssize_t n;

	if (stat(at, &st))
		return -1;
	(void)snprintf(sys, sizeof(sys), "/sys/dev/block/%u:%u",
	    major(st.st_dev), minor(st.st_dev));
	n = readlink(sys, link, sizeof(link) - 1);
	if (n <= 0)
		return -1;
	link[n] = '\0';
	(void)snprintf(sys, sizeof(sys), "/sys/dev/block/%u:%u/partition",
	    major(st.st_dev), minor(st.st_dev));
	if (access(sys, F_OK) == 0)
		return -1;
	(void)snprintf(path, size, "/dev/%s", strrchr(link, '/') + 1);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static void
grow(const char *at)
{
	char path[300];
	cleanup(fd) int disk = open_disk(at, path, sizeof(path));
	cleanup(fd) int dir = open(at, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	uint64_t bytes = 0, blocks;
	struct ext4 fs;

	if (disk < 0 || dir < 0 ||
	    syscall(SYS_ioctl, disk, BLOCK_SIZE64, &bytes) ||
	    disk_look(path, false, &fs) != EXT4_IS)
		return;
	blocks = bytes / fs.block_size;
	if (blocks <= fs.blocks)
		return;
	/* EBUSY: systemd-growfs is at it. */
	if (syscall(SYS_ioctl, dir, RESIZE_FS, &blocks) && errno != EBUSY)
		problem("%s: cannot grow to its disk's size: %s", at,
		    strerror(errno));
}

void
growth_start(const struct bootconf *conf, unsigned delay_ms)
{
	const int64_t ms = (int64_t)delay_ms + SETTLE_MS;
	struct timespec t = { .tv_sec = ms / 1000,
		.tv_nsec = ms % 1000 * 1000000 };

	if (fork() != 0)
		return;
	(void)setpriority(PRIO_PROCESS, 0, 19);
	(void)nanosleep(&t, NULL);
	grow("/");
	for (size_t i = 0; i < conf->volumes_len; i++)
		grow(conf->volumes[i].at);
	_exit(0);
}
