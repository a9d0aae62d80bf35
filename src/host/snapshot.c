#include "host/snapshot.h"

#include <errno.h>
#include <fcntl.h>

#include "base/fs.h"
#include "core/machinefile.h"

static void
add(struct snapshot *s, const char *name, const char *bytes, size_t len)
{
	struct snapshot_file *f = &s->files[s->n++];
	struct buf copy = BUF_INIT;

	buf_add(&copy, bytes, len);
	*f = (struct snapshot_file){
		.name = xstrdup(name), .bytes = buf_detach(&copy), .len = len
	};
}

static size_t
total(const struct snapshot *s)
{
	size_t bytes = 0;

	for (size_t i = 0; i < s->n; i++)
		bytes += s->files[i].len;
	return bytes;
}

static int
take(struct snapshot *s, int root, const char *path, struct err *e)
{
	cleanup(str) char *bytes = NULL;
	size_t len;

	if (snapshot_find(s, path)) /* run twice, approved once */
		return 0;
	if (s->n == SNAPSHOT_FILES_MAX)
		return err_set(e, ERR_CONFIG,
		    "the Machinefile runs more than %d files",
		    SNAPSHOT_FILES_MAX - 2);
	if (fs_read_beneath(root, path, SNAPSHOT_FILE_MAX, &bytes, &len, e))
		return -1;
	if (total(s) + len > SNAPSHOT_MAX)
		return err_set(e, ERR_CONFIG,
		    "the files that the Machinefile runs are larger than %u "
		    "KiB together",
		    SNAPSHOT_MAX >> 10);
	add(s, path, bytes, len);
	return 0;
}

int
snapshot_read(struct snapshot *s, const char *root, const char *text,
    size_t len, const char *const *paths, struct err *e)
{
	cleanup(fd) int dir = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	*s = (struct snapshot){ .n = 0 };
	if (dir < 0)
		return err_sys(e, "cannot open %s", root);
	add(s, MACHINEFILE_NAME, text, len);
	if (take(s, dir, SNAPSHOT_LOCK, e) && e->sys != ENOENT)
		return -1;
	for (; paths && *paths; paths++)
		if (take(s, dir, *paths, e))
			return err_wrap(e, "the Machinefile runs %s", *paths);
	return 0;
}

const struct snapshot_file *
snapshot_find(const struct snapshot *s, const char *name)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->files[i].name, name) == 0)
			return &s->files[i];
	return NULL;
}

static const char *
missing_or_other(const struct snapshot *a, const struct snapshot *b)
{
	for (size_t i = 0; i < a->n; i++) {
		const struct snapshot_file *x = &a->files[i];
		const struct snapshot_file *y = snapshot_find(b, x->name);

		if (!y || x->len != y->len ||
		    memcmp(x->bytes, y->bytes, x->len) != 0)
			return x->name;
	}
	return NULL;
}

const char *
snapshot_difference(const struct snapshot *a, const struct snapshot *b)
{
	const char *name = missing_or_other(a, b);

	return name ? name : missing_or_other(b, a);
}

/* Each file is "NAME LENGTH", a newline, the bytes, and a newline. */
void
snapshot_write(struct buf *out, const struct snapshot *s)
{
	for (size_t i = 0; i < s->n; i++) {
		buf_addf(out, "%s %zu\n", s->files[i].name, s->files[i].len);
		buf_add(out, s->files[i].bytes, s->files[i].len);
		buf_adds(out, "\n");
	}
}

/* "NAME LENGTH\n" at p: the length of the name, and of what follows. */
static bool
read_head(const char *p, const char *end, size_t *name, size_t *len,
    const char **bytes)
{
	const char *nl = memchr(p, '\n', (size_t)(end - p));
	const char *space = nl;
	char *stop;
	unsigned long long n;

	if (!nl)
		return false;
	while (space > p && *space != ' ')
		space--;
	if (space == p || space[1] < '0' || space[1] > '9' ||
	    (space[1] == '0' && space + 2 != nl) || nl - space > 9)
		return false;
	n = strtoull(space + 1, &stop, 10);
	*name = (size_t)(space - p);
	*bytes = nl + 1;
	*len = (size_t)n;
	return stop == nl && *name <= 1024 && n <= SNAPSHOT_FILE_MAX &&
	       n < (size_t)(end - *bytes) && (*bytes)[n] == '\n' &&
	       !memchr(p, '\0', *name);
}

int
snapshot_parse(struct snapshot *s, const char *text, size_t len, struct err *e)
{
	const char *p = text, *end = text + len;

	*s = (struct snapshot){ .n = 0 };
	while (p < end) {
		cleanup(buf) struct buf name = BUF_INIT;
		const char *bytes;
		size_t name_len, n;

		if (s->n == SNAPSHOT_FILES_MAX ||
		    !read_head(p, end, &name_len, &n, &bytes))
			goto damaged;
		buf_add(&name, p, name_len);
		if (snapshot_find(s, name.s) || total(s) + n > SNAPSHOT_MAX)
			goto damaged;
		add(s, name.s, bytes, n);
		p = bytes + n + 1;
	}
	if (s->n && strcmp(s->files[0].name, MACHINEFILE_NAME) == 0)
		return 0;
damaged:
	snapshot_release(s);
	return err_set(e, ERR_CONFIG, "what you approved is stored damaged");
}

void
snapshot_hash(const struct snapshot *s, char hex[HASH_SHA256_HEX + 1])
{
	cleanup(buf) struct buf text = BUF_INIT;

	snapshot_write(&text, s);
	hash_sha256(text.s, text.len, hex);
}

void
snapshot_release(struct snapshot *s)
{
	for (size_t i = 0; i < s->n; i++) {
		free(s->files[i].name);
		free(s->files[i].bytes);
	}
	s->n = 0;
}
