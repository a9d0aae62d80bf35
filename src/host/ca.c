#include "host/ca.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "base/hash.h"
#include "base/os.h"
#include "base/proc.h"
#include "core/pem.h"

static const char script[] = {
#include "guest/ca.inc"
};

/* What has been found. */
struct found {
	char *certificates[CA_CERTIFICATES_MAX];
	size_t n, files;
};

static void
found_release(struct found *f)
{
	for (size_t i = 0; i < f->n; i++)
		free(f->certificates[i]);
}
CLEANUP_DEFINE(found, struct found, found_release(p));

static bool
has(const struct found *f, const char *certificate)
{
	for (size_t i = 0; i < f->n; i++)
		if (strcmp(f->certificates[i], certificate) == 0)
			return true;
	return false;
}

static int
add_text(struct found *f, const char *path, const char *text, size_t len,
    struct err *e)
{
	cleanup(buf) struct buf one = BUF_INIT;
	const char *at = text;
	enum pem what;

	while ((what = pem_next(&at, text + len, &one)) != PEM_END) {
		if (what == PEM_BAD)
			return err_set(e, ERR_CONFIG,
			    "%s has a certificate that is cut off or none: "
			    "repair it, or set ca_certificates: none",
			    path);
		if (has(f, one.s))
			continue;
		if (f->n == CA_CERTIFICATES_MAX)
			return err_set(e, ERR_CONFIG,
			    "more than %d certificates were added to this host",
			    CA_CERTIFICATES_MAX);
		f->certificates[f->n++] = buf_detach(&one);
		one = (struct buf)BUF_INIT;
	}
	return 0;
}

static int
add_file(struct found *f, const char *path, struct err *e)
{
	/* Packages put links there; who may write there is the system's. */
	cleanup(str) char *real = realpath(path, NULL);
	cleanup(str) char *text = NULL;
	size_t len;

	if (!real)
		return errno == ENOENT
			   ? 0 /* a link that leads nowhere is nothing */
			   : err_sys(e, "cannot look at %s", path);
	if (++f->files > CA_FILES_MAX)
		return err_set(e, ERR_CONFIG,
		    "there are more than %d files of certificates on this host",
		    CA_FILES_MAX);
	if (fs_read_shared(AT_FDCWD, real, CA_FILE_MAX, &text, &len, e))
		return -1;
	return add_text(f, path, text, len, e);
}

static int add_dir(
    struct found *f, const char *path, unsigned depth, struct err *e);

static int
add_entry(struct found *f, const char *path, unsigned depth, struct err *e)
{
	const char *dot = strrchr(path, '.');
	struct stat st;

	if (stat(path, &st))
		return errno == ENOENT ? 0
				       : err_sys(e, "cannot look at %s", path);
	if (S_ISDIR(st.st_mode))
		return add_dir(f, path, depth + 1, e);
	/* What the system's own programs look at. */
	if (!S_ISREG(st.st_mode) || !dot ||
	    (strcmp(dot, ".crt") != 0 && strcmp(dot, ".pem") != 0 &&
		strcmp(dot, ".cer") != 0))
		return 0;
	return add_file(f, path, e);
}

static int
add_dir(struct found *f, const char *path, unsigned depth, struct err *e)
{
	DIR *dir = depth < CA_DEPTH_MAX ? opendir(path) : NULL;
	struct dirent *entry;
	int rc = 0;

	if (depth >= CA_DEPTH_MAX)
		return err_set(e, ERR_CONFIG,
		    "%s: directories in directories in directories", path);
	if (!dir)
		return errno == ENOENT || errno == ENOTDIR
			   ? 0
			   : err_sys(e, "cannot look into %s", path);
	while (!rc && (entry = readdir(dir))) {
		cleanup(buf) struct buf name = BUF_INIT;

		if (entry->d_name[0] == '.')
			continue;
		buf_addf(&name, "%s/%s", path, entry->d_name);
		rc = add_entry(f, name.s, depth, e);
	}
	(void)closedir(dir);
	return rc;
}

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void
write_out(struct found *f, struct buf *out)
{
	qsort(f->certificates, f->n, sizeof(f->certificates[0]), by_text);
	for (size_t i = 0; i < f->n; i++)
		buf_adds(out, f->certificates[i]);
}

int
ca_collect(const char *const *dirs, struct buf *out, struct err *e)
{
	cleanup(found) struct found f = { .n = 0 };

	for (size_t i = 0; dirs[i]; i++)
		if (add_dir(&f, dirs[i], 0, e))
			return -1;
	write_out(&f, out);
	return 0;
}

/* Where they are no files, a program of the system's prints them. */
static int
ask(const char *const *argv, struct buf *out, struct err *e)
{
	static const char *const env[] = { NULL };
	cleanup(found) struct found f = { .n = 0 };
	struct proc_capture text = { .text = BUF_INIT, .max = CA_FILE_MAX * 8 };
	const struct proc p = { .path = argv[0],
		.argv = argv,
		.envp = env,
		.in = { .io = PROC_NULL },
		.out = { .io = PROC_SINK },
		.err = { .io = PROC_NULL },
		.sink = proc_capture,
		.arg = &text,
		.timeout_ms = 10000 };
	int status, rc = proc_run(&p, &status, e);

	/* It also fails where there are none. */
	if (!rc)
		rc = add_text(&f, argv[0], text.text.s, text.text.len, e);
	if (!rc)
		write_out(&f, out);
	buf_release(&text.text);
	return rc;
}

int
ca_text(struct buf *out, struct err *e)
{
	const char *const *argv = os_ca_program();

	return argv ? ask(argv, out, e) : ca_collect(os_ca_dirs(), out, e);
}

const struct step *
ca_step(const char *text, struct arena *a)
{
	cleanup(buf) struct buf run = BUF_INIT;
	cleanup(buf) struct buf one = BUF_INIT;
	const char *at = text;
	struct step *step = arena_zalloc(a, 1, sizeof(*step));

	buf_adds(&run, script);
	while (pem_next(&at, text + strlen(text), &one) == PEM_CERTIFICATE) {
		char hex[HASH_XXH64_HEX + 1];

		hash_xxh64(one.s, one.len, hex);
		buf_addf(&run, "certificate %s <<'END'\n%sEND\n", hex, one.s);
	}
	buf_adds(&run, "trust\n");
	*step = (struct step){ .name = "certificates",
		.run = arena_strndup(a, run.s, run.len),
		.as = STEP_ROOT };
	return step;
}
