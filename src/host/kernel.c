#include "host/kernel.h"

#include <errno.h>
#include <fcntl.h>

#include "base/fs.h"
#include "base/os.h"
#include "base/proc.h"

#define KERNEL_MAX ((size_t)256 << 20)
#define UNPACK_MS 60000

/* Offsets in the setup header, boot.rst. */
#define SETUP_SECTS 0x1f1
#define MAGIC_AT 0x202
#define PAYLOAD_OFFSET 0x248
#define PAYLOAD_LENGTH 0x24c
#define HEADER_END 0x250
#define SECTOR 512

struct payload {
	const char *data;
	size_t len;
	const char *program; /* that unpacks it */
};

static uint32_t
little_endian(const char *p)
{
	uint32_t v = 0;

	for (int i = 3; i >= 0; i--)
		v = v << 8 | (unsigned char)p[i];
	return v;
}

/* What is packed in it; false if it is none of these, or not known. */
static bool
find_payload(const char *k, size_t len, struct payload *out)
{
	size_t setup, offset, n;

	if (len < HEADER_END || memcmp(k + MAGIC_AT, "HdrS", 4) != 0)
		return false;
	setup = (unsigned char)k[SETUP_SECTS];
	setup = ((setup ? setup : 4) + 1) * SECTOR;
	offset = little_endian(k + PAYLOAD_OFFSET);
	n = little_endian(k + PAYLOAD_LENGTH);
	if (offset > len || setup > len - offset || n > len - offset - setup ||
	    n < 8)
		return false;
	*out = (struct payload){ .data = k + setup + offset, .len = n };
	if (memcmp(out->data, "\x28\xb5\x2f\xfd", 4) == 0)
		out->program = "zstd";
	else if (memcmp(out->data,
		     "\xfd"
		     "7zXZ",
		     5) == 0)
		out->program = "xz";
	else
		return false;
	out->len -= 4; /* the last four bytes are the unpacked size */
	return true;
}

/* Is what came out a kernel? `to` is removed if not. */
static bool
unpack(const struct lima *l, const struct payload *p, int dir, const char *to)
{
	cleanup(str) char *dirs = path_dirs(l->paths);
	cleanup(str) char *path = path_find(dirs, p->program);
	const char *const argv[] = { p->program, "-dcq", NULL };
	struct err ignored = ERR_INIT;
	cleanup(fd) int in = fs_anonymous(dir, p->data, p->len, &ignored);
	cleanup(fd) int out = open(
	    to, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	struct proc run = { .path = path,
		.argv = argv,
		.envp = argv_const(&l->env),
		.in = { .io = PROC_FD, .fd = in },
		.out = { .io = PROC_FD, .fd = out },
		.err = { .io = PROC_NULL },
		.timeout_ms = UNPACK_MS };
	char magic[4];
	int status = 1;

	if (path && in >= 0 && out >= 0 && !proc_run(&run, &status, &ignored) &&
	    status == 0 && pread(out, magic, 4, 0) == 4 &&
	    memcmp(magic,
		"\x7f"
		"ELF",
		4) == 0)
		return true;
	(void)unlink(to);
	return false;
}

int
kernel_copy(
    const struct lima *l, const char *from, const char *to, struct err *e)
{
	cleanup(str) char *real = realpath(from, NULL);
	cleanup(str) char *text = NULL;
	cleanup(str) char *parent = xstrdup(to);
	cleanup(fd) int dir = -1;
	struct payload p;
	size_t len;

	*strrchr(parent, '/') = '\0';
	dir = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (!real || dir < 0)
		return err_sys(e, "cannot read the kernel %s", from);
	if (fs_read_shared(AT_FDCWD, real, KERNEL_MAX, &text, &len, e))
		return -1;
	if (find_payload(text, len, &p) && unpack(l, &p, dir, to))
		return 0;
	return os_clone(real, to, e);
}
