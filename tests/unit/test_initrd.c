#include "base/base.h"

#include <sys/stat.h>

#include <fcntl.h>

#include "base/fs.h"
#include "host/initrd.h"
#include "tests/tap.h"

/* A reader of its own: the kernel's rules, not the writer's. */
struct entry {
	char name[64];
	unsigned mode, size;
	const char *data;
};

static unsigned
field(const char *header, unsigned i)
{
	char text[9] = "";

	memcpy(text, header + 6 + 8 * (size_t)i, 8);
	return (unsigned)strtoul(text, NULL, 16);
}

/* Reads one entry at *at, or returns false at something that is none. */
static bool
next(const char *data, size_t len, size_t *at, struct entry *e)
{
	const char *h = data + *at;
	size_t name_size;

	*e = (struct entry){ .mode = 0 };
	if (len - *at < 110 || strncmp(h, "070701", 6) != 0)
		return false;
	name_size = field(h, 11);
	if (name_size > sizeof(e->name) || len - *at < 110 + name_size)
		return false;
	memcpy(e->name, h + 110, name_size);
	e->mode = field(h, 1);
	e->size = field(h, 6);
	*at = (*at + 110 + name_size + 3) & ~(size_t)3;
	if (len - *at < e->size)
		return false;
	e->data = data + *at;
	*at = (*at + e->size + 3) & ~(size_t)3;
	return true;
}

static void
put(int dir, const char *name, const char *data, size_t len)
{
	struct err e = ERR_INIT;

	if (fs_replace(dir, name, data, len, 0600, &e))
		abort();
}

#define HEADER(size, name)                                             \
	"070701"                                                       \
	"00000001000081A4000000000000000000000001000000000000000" size \
	"00000000000000000000000000000000" name "00000000"

int
main(void)
{
	static const char modules[] = HEADER("3",
	    "00000006") "order\0"
			"a\nb\0" HEADER("0", "0000000B") "TRAILER!!!\0\0\0\0";
	char path[] = "/tmp/machine-initrd.XXXXXX";
	cleanup(bootconf) struct bootconf conf = BOOTCONF_INIT;
	cleanup(str) char *data = NULL;
	struct err e = ERR_INIT;
	struct entry one;
	size_t len = 0, at = 0;
	int dir, fd;

	if (!mkdtemp(path) || chdir(path))
		abort();
	dir = open(".", O_RDONLY | O_DIRECTORY);
	put(dir, "modules", modules, sizeof(modules) - 1);
	put(dir, "guest", "\177ELF\0five", 9);
	put(dir, "text", "#!/bin/sh\n", 10);
	put(dir, "odd", modules, sizeof(modules) - 2);
	conf.ports = 3;

	fd = open("initrd", O_RDWR | O_CREAT | O_EXCL, 0600);
	CHECK(initrd_write(fd, "modules", "guest", &conf, &e) == 0);
	CHECK(fs_read(dir, "initrd", 1 << 20, &data, &len, &e) == 0);
	CHECK(len % 4 == 0);
	CHECK(next(data, len, &at, &one) && one.size == 3);
	CHECK_STR(one.name, "order");
	CHECK(next(data, len, &at, &one));
	CHECK_STR(one.name, "TRAILER!!!");
	CHECK(at == sizeof(modules) - 1); /* the second archive */
	CHECK(next(data, len, &at, &one) && one.size == 9);
	CHECK_STR(one.name, "init");
	CHECK(one.mode == (S_IFREG | 0755));
	CHECK(one.data && !memcmp(one.data, "\177ELF\0five", 9));
	CHECK(next(data, len, &at, &one) && one.size == 18);
	CHECK_STR(one.name, "machine.conf");
	CHECK(one.data && !memcmp(one.data, "machine 1\nports 3\n", 18));
	CHECK(next(data, len, &at, &one));
	CHECK_STR(one.name, "TRAILER!!!");
	CHECK(at == len);

	CHECK(initrd_write(fd, "missing", "guest", &conf, &e) == -1);
	CHECK(initrd_write(fd, "text", "guest", &conf, &e) == -1);
	CHECK_STR(e.msg, "text is not a cpio archive");
	CHECK(initrd_write(fd, "odd", "guest", &conf, &e) == -1);
	CHECK_STR(e.msg, "odd is not a cpio archive");
	CHECK(initrd_write(fd, "modules", "text", &conf, &e) == -1);
	CHECK_STR(e.msg, "text is not a program");
	conf.ports = 31;
	CHECK(initrd_write(fd, "modules", "guest", &conf, &e) == -1);
	CHECK_STR(e.msg, "ports is not from 1 to 30");
	conf.ports = 1;
	(void)close(fd);
	fd = open("/dev/full", O_WRONLY);
	CHECK(initrd_write(fd, "modules", "guest", &conf, &e) == -1);
	CHECK_STR(e.msg, "cannot write the initrd: No space left on device");
	if (chdir("/") || fs_remove_tree(AT_FDCWD, path, &e))
		abort();
	return tap_end();
}
