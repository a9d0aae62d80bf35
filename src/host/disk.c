#include "host/disk.h"

#include <sys/stat.h>

#include <errno.h>

#include "base/json.h"
#include "base/os.h"
#include "base/proc.h"

#define OUTPUT_MAX (256u << 10)
#define INFO_MS 60000

struct logged {
	struct proc_capture capture;
	int log;
};

static bool
keep(void *arg, const char *data, size_t len)
{
	struct logged *to = arg;

	if (to->log >= 0)
		(void)!write(to->log, data, len); /* a full disk: see below */
	return proc_capture(&to->capture, data, len);
}

/* The last line of what a program said. */
static const char *
last_line(char *text)
{
	size_t len = strlen(text);
	char *line;

	while (len && text[len - 1] == '\n')
		text[--len] = '\0';
	line = strrchr(text, '\n');
	return line ? line + 1 : text;
}

static int
qemu_img(const struct lima *l, const char *const *argv, int log,
    unsigned timeout_ms, struct buf *out, struct err *e)
{
	struct logged to = { .capture = { .text = BUF_INIT, .max = OUTPUT_MAX },
		.log = log };
	const struct proc p = { .path = l->qemu_img,
		.argv = argv,
		.envp = argv_const(&l->env),
		.in = { .io = PROC_NULL },
		.out = { .io = PROC_SINK },
		.err = { .io = PROC_SINK },
		.sink = keep,
		.arg = &to,
		.timeout_ms = timeout_ms,
		.lock = PROC_LOCK_FD,
		.pass_lock = l->locked };
	int status, rc = proc_run(&p, &status, e);

	if (!rc && status)
		rc = err_set(e, ERR_BACKEND, "qemu-img %s failed: %s", argv[1],
		    to.capture.text.len ? last_line(to.capture.text.s)
					: "it gave no reason");
	if (!rc && out) {
		*out = to.capture.text;
		to.capture.text = (struct buf)BUF_INIT;
	}
	buf_release(&to.capture.text);
	return rc;
}

static bool
is_raw(void)
{
	return strcmp(os_vm_type(), "vz") == 0;
}

static int
clone_disk(const char *from, const char *to, uint64_t bytes, struct err *e)
{
	struct stat st;

	if (os_clone(from, to, e) ||
	    (bytes && stat(to, &st) == 0 && (uint64_t)st.st_size < bytes &&
		truncate(to, (off_t)bytes) &&
		err_sys(e, "cannot enlarge %s", to)))
		return -1;
	return 0;
}

int
disk_overlay(const struct lima *l, const char *parent, const char *path,
    uint64_t bytes, int log, struct err *e)
{
	cleanup(argv) struct argv argv = ARGV_INIT;
	struct disk_size is;

	if (is_raw())
		return clone_disk(parent, path, bytes, e);
	/* A disk cannot be smaller than what it stands on. */
	if (disk_size(l, parent, &is, e))
		return -1;
	argv_push(&argv, "qemu-img");
	argv_push(&argv, "create");
	argv_push(&argv, "-q");
	argv_push(&argv, "-fqcow2");
	argv_push(&argv, "-Fqcow2");
	argv_pushf(&argv, "-b%s", parent);
	argv_push(&argv, path);
	argv_pushf(&argv, "%llu",
	    (unsigned long long)(is.apparent > bytes ? is.apparent : bytes));
	return qemu_img(l, argv_const(&argv), log, 0, NULL, e);
}

int
disk_store(const struct lima *l, const char *disk,
    const struct disk_parent *parent, const char *path, int log, struct err *e)
{
	const char *const whole[] = { "qemu-img", "convert", "-q", "-Oqcow2",
		disk, path, NULL };

	if (is_raw())
		return clone_disk(disk, path, 0, e);
	if (!parent)
		return qemu_img(l, whole, log, 0, NULL, e);
	if (!parent->direct) {
		const char *const rebase[] = { "qemu-img", "rebase", "-q",
			"-Fqcow2", "-b", parent->path, disk, NULL };

		if (qemu_img(l, rebase, log, 0, NULL, e))
			return -1;
	}
	{
		const char *const differ[] = { "qemu-img", "convert", "-q",
			"-Oqcow2", "-Fqcow2", "-B", parent->written, disk, path,
			NULL };

		return qemu_img(l, differ, log, 0, NULL, e);
	}
}

static int
info(const struct lima *l, const char *path, struct json **j, struct err *e)
{
	/* -U: it may be in use; only its header is read. */
	const char *const argv[] = { "qemu-img", "info", "-U", "--output=json",
		path, NULL };
	cleanup(buf) struct buf out = BUF_INIT;

	if (qemu_img(l, argv, -1, INFO_MS, &out, e))
		return -1;
	*j = json_parse("qemu-img info", out.s, out.len, e);
	return *j ? 0 : -1;
}

int
disk_check(const struct lima *l, const char *path, struct err *e)
{
	cleanup(json) struct json *j = NULL;
	const struct json *data;

	if (is_raw())
		return 0; /* read as the bytes that it is */
	if (info(l, path, &j, e))
		return -1;
	data = json_get(json_get(j, "format-specific"), "data");
	if (json_get(j, "backing-filename") || json_get(data, "data-file"))
		return err_set(e, ERR_CONFIG,
		    "the image %s leads to another file of this host, which "
		    "a VM must not get: make it one file, with qemu-img "
		    "convert",
		    path);
	return 0;
}

int
disk_size(
    const struct lima *l, const char *path, struct disk_size *s, struct err *e)
{
	cleanup(json) struct json *j = NULL;
	struct stat st;
	int64_t n = 0;

	if (stat(path, &st))
		return err_sys(e, "cannot look at %s", path);
	*s = (struct disk_size){ .apparent = (uint64_t)st.st_size,
		.stored = (uint64_t)st.st_blocks * 512 };
	if (is_raw())
		return 0;
	if (info(l, path, &j, e))
		return -1;
	if (!json_get_int(j, "virtual-size", &n) || n < 0)
		return err_set(e, ERR_BACKEND,
		    "qemu-img cannot tell the size of %s", path);
	s->apparent = (uint64_t)n;
	return 0;
}
