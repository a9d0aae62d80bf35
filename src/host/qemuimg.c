#include "host/qemuimg.h"

#include "base/proc.h"

#define OUTPUT_MAX (64u << 10)
#define LIMIT_MS (15 * 60 * 1000) /* a disk of gigabytes, a slow one */

/* docs/interop/qcow2.txt of QEMU; the numbers are big-endian. */
#define QCOW2_HEADER 80
#define QCOW2_VERSION 4
#define QCOW2_BACKING 8
#define QCOW2_BACKING_LEN 16 /* in its upper half */
#define QCOW2_SIZE 24
#define BACKING_MAX 1023 /* as the format has it */
#define QCOW2_INCOMPATIBLE 72 /* from version 3 on */
#define QCOW2_DATA_FILE 4u

static uint64_t
big_endian(const unsigned char *p)
{
	uint64_t v = 0;

	for (int i = 0; i < 8; i++)
		v = v << 8 | p[i];
	return v;
}

bool
qcow2_read(struct qcow2 *q, int fd)
{
	unsigned char h[QCOW2_HEADER];

	if (pread(fd, h, sizeof(h), 0) != (ssize_t)sizeof(h) ||
	    memcmp(h, "QFI\xfb", 4) != 0)
		return false;
	q->size = big_endian(h + QCOW2_SIZE);
	q->backed = big_endian(h + QCOW2_BACKING) != 0;
	q->outside = big_endian(h + QCOW2_VERSION) >> 32 >= 3 &&
		     big_endian(h + QCOW2_INCOMPATIBLE) & QCOW2_DATA_FILE;
	return true;
}

char *
qcow2_backing(int fd)
{
	unsigned char h[QCOW2_HEADER];
	struct qcow2 q;
	uint64_t at, len;
	char *name;

	if (!qcow2_read(&q, fd) || !q.backed ||
	    pread(fd, h, sizeof(h), 0) != (ssize_t)sizeof(h))
		return NULL;
	at = big_endian(h + QCOW2_BACKING);
	len = big_endian(h + QCOW2_BACKING_LEN) >> 32;
	if (len > BACKING_MAX || at > INT32_MAX)
		return NULL;
	name = xcalloc(len + 1, 1);
	if (pread(fd, name, len, (off_t)at) == (ssize_t)len)
		return name;
	free(name);
	return NULL;
}

/* The last line of what it printed. */
static const char *
last_line(char *text)
{
	char *line;

	for (size_t n = strlen(text); n && text[n - 1] == '\n';)
		text[--n] = '\0';
	line = strrchr(text, '\n');
	return line ? line + 1 : text;
}

int
qemuimg(const struct lima *l, const char *const *words, const char *what,
    struct err *e)
{
	cleanup(argv) struct argv argv = ARGV_INIT;
	struct proc_capture out = { .text = BUF_INIT, .max = OUTPUT_MAX };
	struct proc p = { .path = l->qemu_img,
		.envp = argv_const(&l->env),
		.in = { .io = PROC_NULL },
		.out = { .io = PROC_SINK },
		.err = { .io = PROC_SINK },
		.sink = proc_capture,
		.arg = &out,
		.lock = PROC_LOCK_FD,
		.pass_lock = l->locked,
		.timeout_ms = LIMIT_MS };
	int status = 0, rc;

	if (!l->qemu_img)
		return err_set(
		    e, ERR_BACKEND, "cannot %s: there is no qemu-img", what);
	argv_push(&argv, "qemu-img");
	for (; *words; words++)
		argv_push(&argv, *words);
	p.argv = argv_const(&argv);
	rc = proc_run(&p, &status, e);
	if (rc)
		err_wrap(e, "cannot %s", what);
	else if (status)
		rc = err_set(e, ERR_BACKEND,
		    "cannot %s: qemu-img ended with status %d: %s", what,
		    status,
		    out.text.len ? last_line(out.text.s) : "it gave no reason");
	buf_release(&out.text);
	return rc;
}
