#include "host/initrd.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>

#include "base/buf.h"
#include "base/fs.h"

#define MAGIC "070701" /* of cpio's "newc": each entry begins with it */

/* Everything in such an archive begins at a multiple of four. */
static void
pad(struct buf *out)
{
	buf_add(out, "\0\0\0", (4 - out->len % 4) % 4);
}

static void
entry(struct buf *out, unsigned inode, const char *name, mode_t mode,
    const void *data, size_t len)
{
	const size_t name_size = strlen(name) + 1;

	/*
	 * inode mode uid gid links mtime size major minor rmajor rminor
	 * namesize check
	 */
	buf_addf(out,
	    MAGIC "%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X", inode,
	    (unsigned)mode, 0u, 0u, 1u, 0u, (unsigned)len, 0u, 0u, 0u, 0u,
	    (unsigned)name_size, 0u);
	buf_add(out, name, name_size);
	pad(out);
	buf_add(out, data, len);
	pad(out);
}

static int
write_all(int fd, const char *p, size_t len, struct err *e)
{
	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "cannot write the initrd");
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

int
initrd_write(int fd, const char *modules, const char *program,
    const struct bootconf *conf, struct err *e)
{
	cleanup(str) char *first = NULL;
	cleanup(str) char *guest = NULL;
	cleanup(buf) struct buf text = BUF_INIT;
	cleanup(buf) struct buf second = BUF_INIT;
	size_t first_len, guest_len;

	if (bootconf_write(conf, &text, e) ||
	    fs_read(
		AT_FDCWD, modules, INITRD_MODULES_MAX, &first, &first_len, e) ||
	    fs_read_shared(
		AT_FDCWD, program, INITRD_PROGRAM_MAX, &guest, &guest_len, e))
		return -1;
	if (first_len < 110 || strncmp(first, MAGIC, strlen(MAGIC)) != 0 ||
	    first_len % 4)
		return err_set(
		    e, ERR_CONFIG, "%s is not a cpio archive", modules);
	/* The kernel would take anything and then say that it has no init. */
	if (guest_len < 4 || memcmp(guest, "\177ELF", 4) != 0)
		return err_set(e, ERR_CONFIG, "%s is not a program", program);
	entry(&second, 1, "init", S_IFREG | 0755, guest, guest_len);
	entry(&second, 2, "machine.conf", S_IFREG | 0644, text.s, text.len);
	entry(&second, 0, "TRAILER!!!", 0, "", 0);
	if (write_all(fd, first, first_len, e))
		return -1;
	return write_all(fd, second.s, second.len, e);
}
