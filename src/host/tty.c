#include "host/tty.h"

#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <termios.h>

#include "base/clock.h"
#include "base/fs.h"

/* What is in the file: only for the program that wrote it, on this boot. */
#define LEFT_MAGIC UINT64_C(0x31307474796d0a01)
struct tty_left {
	uint64_t magic; /* 0: nothing is left to undo */
	uint64_t size; /* of this struct */
	struct termios saved;
	uint64_t modes;
	unsigned kitty[2];
};

static void
write_all(int fd, const char *p, size_t n)
{
	while (n) {
		ssize_t k = write(fd, p, n);

		if (k < 0 && errno != EINTR)
			return;
		p += k > 0 ? k : 0;
		n -= k > 0 ? (size_t)k : 0;
	}
}

bool
tty_foreground(const struct tty *t)
{
	return t->fd >= 0 && tcgetpgrp(t->fd) == getpgrp();
}

/* The name of the file for this terminal; false: it is none. */
static bool
left_name(int fd, struct buf *name)
{
	struct stat st;

	if (!isatty(fd) || fstat(fd, &st))
		return false;
	buf_addf(name, "tty.%llx", (unsigned long long)st.st_rdev);
	return true;
}

/* The locked file, or -1 if there is none or somebody who lives has it. */
static int
left_open(int dir, const char *name, int flags)
{
	cleanup(fd) int fd = openat(
	    dir, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags, 0600);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode) ||
	    st.st_uid != geteuid() || flock(fd, LOCK_EX | LOCK_NB))
		return -1;
	return steal_fd(&fd);
}

static void
undo(int fd, const struct tty_left *left)
{
	struct termfilter f;
	char reset[TERMFILTER_RESET_MAX];

	termfilter_init(&f, false);
	f.modes = left->modes;
	f.kitty[0] = left->kitty[0];
	f.kitty[1] = left->kitty[1];
	write_all(fd, reset, termfilter_reset(&f, reset));
	(void)tcsetattr(fd, TCSANOW, &left->saved);
}

void
tty_recover(const struct paths *paths)
{
	const struct tty here = { .fd = STDIN_FILENO };
	cleanup(buf) struct buf name = BUF_INIT;
	cleanup(str) char *path = NULL;
	cleanup(fd) int fd = -1;
	struct tty_left left;

	if (!left_name(STDIN_FILENO, &name))
		return;
	path = path_join(paths->run, name.s);
	fd = left_open(AT_FDCWD, path, 0);
	if (fd < 0 || !tty_foreground(&here))
		return;
	if (read(fd, &left, sizeof(left)) == (ssize_t)sizeof(left) &&
	    left.magic == LEFT_MAGIC && left.size == sizeof(left))
		undo(STDIN_FILENO, &left);
	(void)unlink(path);
}

void
tty_open(struct tty *t, const struct paths *paths)
{
	cleanup(buf) struct buf name = BUF_INIT;
	cleanup(fd) int dir = -1;
	struct err ignored = ERR_INIT;

	*t = (struct tty)TTY_NONE;
	if (!left_name(STDIN_FILENO, &name))
		return;
	t->fd = t->out = STDIN_FILENO;
	/* It may be open for reading only. */
	for (int fd = STDERR_FILENO; fd > STDIN_FILENO; fd--)
		if (isatty(fd))
			t->out = fd;
	/* Without the file only the way out after SIGKILL is lost. */
	dir = fs_private_dir(paths->run, &ignored);
	if (dir >= 0 && (t->lock = left_open(dir, name.s, O_CREAT)) >= 0 &&
	    (ftruncate(t->lock, 0) ||
		ftruncate(t->lock, sizeof(struct tty_left))))
		fd_close(steal_fd(&t->lock));
	if (t->lock >= 0)
		t->file = path_join(paths->run, name.s);
	t->left = mmap(NULL, sizeof(struct tty_left), PROT_READ | PROT_WRITE,
	    t->lock < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED, t->lock, 0);
	if (t->left == MAP_FAILED)
		t->left = NULL;
}

void
tty_release(struct tty *t)
{
	tty_restore(t);
	if (t->left)
		(void)munmap(t->left, sizeof(*t->left));
	if (t->file)
		(void)unlink(t->file);
	fd_close(t->lock);
	free(t->file);
	*t = (struct tty)TTY_NONE;
}

void
tty_raw(struct tty *t)
{
	struct termios raw;

	if (t->raw || !t->left || !tty_foreground(t) ||
	    tcgetattr(t->fd, &t->left->saved))
		return;
	raw = t->left->saved;
	cfmakeraw(&raw);
	t->left->size = sizeof(*t->left);
	t->left->magic = LEFT_MAGIC;
	t->raw = tcsetattr(t->fd, TCSANOW, &raw) == 0;
}

void
tty_note(struct tty *t, const struct termfilter *f)
{
	if (!t->left)
		return;
	t->left->modes = f->modes;
	t->left->kitty[0] = f->kitty[0];
	t->left->kitty[1] = f->kitty[1];
}

void
tty_reset(struct tty *t, struct termfilter *f)
{
	char reset[TERMFILTER_RESET_MAX];

	if (!t->raw)
		return;
	write_all(t->out, reset, termfilter_reset(f, reset));
	tty_note(t, f);
}

void
tty_restore(struct tty *t)
{
	if (!t->raw)
		return;
	(void)tcsetattr(t->fd, TCSANOW, &t->left->saved);
	t->left->magic = 0;
	t->raw = false;
}

void
tty_size(const struct tty *t, uint16_t *rows, uint16_t *cols)
{
	struct winsize ws;

	*rows = 24;
	*cols = 80;
	if (t->fd < 0 || ioctl(t->fd, TIOCGWINSZ, &ws) || !ws.ws_row ||
	    !ws.ws_col)
		return;
	*rows = ws.ws_row;
	*cols = ws.ws_col;
}

/*
 * What terminals send that nobody typed begins with an ESC: CSI and SS3 end
 * with a letter, a string with ESC \ or BEL; behind CSI M (a mouse's report)
 * come three more.
 */
struct answers {
	enum { TYPED, AFTER_ESC, IN_CSI, IN_SS3, IN_STRING, STRING_ESC } at;
	unsigned skip;
	char csi[8];
	size_t ncsi;
};

/* True if this byte completes the answer that we have asked for. */
static bool
answer_byte(struct answers *a, char c, struct buf *typed)
{
	if (a->skip) {
		a->skip--;
		return false;
	}
	switch (a->at) {
	case TYPED:
		if (c == '\033')
			a->at = AFTER_ESC;
		else
			buf_add(typed, &c, 1);
		return false;
	case AFTER_ESC:
		a->ncsi = 0;
		a->at = c == '['		  ? IN_CSI
			: c == 'O'		  ? IN_SS3
			: strchr("]P_^X", c) && c ? IN_STRING
						  : TYPED;
		return false;
	case IN_CSI:
		if (a->ncsi < sizeof(a->csi))
			a->csi[a->ncsi++] = c;
		if (c < 0x40)
			return false;
		a->skip = a->ncsi == 1 && c == 'M' ? 3 : 0;
		a->at = TYPED;
		return a->ncsi == 2 && memcmp(a->csi, "0n", 2) == 0;
	case IN_SS3:
		a->at = TYPED;
		return false;
	case IN_STRING:
	case STRING_ESC:
		if (c == '\007' || (a->at == STRING_ESC && c == '\\'))
			a->at = TYPED;
		else
			a->at = c == '\033' ? STRING_ESC : IN_STRING;
		return false;
	}
	return false;
}

void
tty_settle(struct tty *t, struct buf *typed)
{
	struct answers a = { .at = TYPED };
	int left;
	int64_t end = clock_ms() + TTY_SETTLE_MS;

	if (!t->raw)
		return;
	/* Terminals answer in order: this one is the last. */
	write_all(t->out, "\033[5n", 4);
	while ((left = clock_left(end)) > 0) {
		struct pollfd p = { .fd = t->fd, .events = POLLIN };
		char in[512];
		ssize_t n;

		if (poll(&p, 1, left) <= 0)
			continue;
		n = read(t->fd, in, sizeof(in));
		if (n <= 0)
			return;
		for (ssize_t i = 0; i < n; i++)
			if (answer_byte(&a, in[i], typed)) {
				buf_add(typed, in + i + 1, (size_t)(n - i - 1));
				return;
			}
	}
	(void)tcflush(t->fd, TCIFLUSH);
}
