#include "guest/init.h"

#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>

#include "guest/file.h"
#include "guest/report.h"

#define LIST_MAX 65536
#define OPEN_MAX_ 128
#define MODULE_COMPRESSED 4 /* MODULE_INIT_COMPRESSED_FILE of the kernel */

static struct {
	int fd;
	unsigned list;
	bool compressed;
	char name[64];
} opened[OPEN_MAX_];
static size_t opened_len;

static void
load(int fd, bool compressed, const char *name)
{
	/* The CD-ROM is looked for while the next modules are loaded. */
	const char *how = strcmp(name, "scsi_mod.ko") ? "" : "scan=async";
	long rc = syscall(
	    SYS_finit_module, fd, how, compressed ? MODULE_COMPRESSED : 0);

	/* ENODEV: a driver of an instruction that this processor lacks. */
	if (rc && errno != EEXIST && errno != ENODEV)
		problem("module %s: %s", name, strerror(errno));
}

static void
one(const char *name, unsigned list)
{
	char path[96];
	size_t len = strlen(name);
	bool compressed = len < 3 || strcmp(name + len - 3, ".ko") != 0;
	int fd;

	if (strchr(name, '/') || len >= sizeof(opened[0].name))
		return;
	(void)snprintf(path, sizeof(path), "/lib/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	(void)unlink(path); /* its memory is free once it is loaded */
	if (fd < 0) {
		problem("module %s: %s", name, strerror(errno));
		return;
	}
	if (!list) {
		load(fd, compressed, name);
		(void)close(fd);
	} else if (opened_len < OPEN_MAX_) {
		opened[opened_len].fd = fd;
		opened[opened_len].list = list;
		opened[opened_len].compressed = compressed;
		memcpy(opened[opened_len++].name, name, len + 1);
	} else {
		(void)close(fd);
	}
}

static void
each(const char *path, unsigned list)
{
	cleanup(buf) struct buf names = BUF_INIT;
	struct err e = ERR_INIT;
	char *name, *state = NULL;

	/* That there is no list means: all is built into this kernel. */
	if (file_read(AT_FDCWD, path, LIST_MAX, &names, &e))
		return;
	(void)unlink(path);
	name = strtok_r(names.s, "\n", &state);
	for (; name; name = strtok_r(NULL, "\n", &state))
		one(name, list);
}

void
modules_load(const char *path)
{
	each(path, 0);
}

void
modules_open(const char *path, unsigned list)
{
	each(path, list);
}

void
modules_load_opened(unsigned list)
{
	for (size_t i = 0; i < opened_len; i++) {
		if (opened[i].list != list)
			continue;
		load(opened[i].fd, opened[i].compressed, opened[i].name);
		(void)close(opened[i].fd);
	}
}
