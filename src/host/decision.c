#include "host/decision.h"

#include <errno.h>

#include "base/fs.h"

#define FILE_NAME "trust"
#define FILE_MAGIC "machine-trust 1\n"
#define FILE_MAX (SNAPSHOT_MAX + SNAPSHOT_FILES_MAX * 1100 + 8192)

static int
damaged(struct err *e)
{
	return err_set(e, ERR_CONFIG,
	    "the record of your decision is damaged: type: machine allow");
}

int
decision_parse(struct decision *d, char *text, size_t len, struct err *e)
{
	const size_t magic = strlen(FILE_MAGIC);
	char *p = text + magic, *end = text + len, *nl;

	*d = (struct decision){ .allow = false };
	if (len < magic || memcmp(text, FILE_MAGIC, magic) != 0)
		return damaged(e);
	if (end - p > 6 && memcmp(p, "allow\n", 6) == 0)
		d->allow = true, p += 6;
	else if (end - p > 5 && memcmp(p, "deny\n", 5) == 0)
		p += 5;
	else
		return damaged(e);
	nl = memchr(p, '\n', (size_t)(end - p));
	if (!nl || *p != '/' || memchr(p, '\0', (size_t)(nl - p)))
		return damaged(e);
	*nl = '\0';
	d->root = p;
	p = nl + 1;
	if (!d->allow)
		return p == end ? 0 : damaged(e);
	return snapshot_parse(&d->snapshot, p, (size_t)(end - p), e)
		   ? damaged(e)
		   : 0;
}

void
decision_release(struct decision *d)
{
	snapshot_release(&d->snapshot);
}

int
decision_load(struct decision *d, char **text, const struct state *s,
    const char *root, struct err *e)
{
	size_t len;

	if (s->fd < 0)
		return 0;
	if (fs_read(s->fd, FILE_NAME, FILE_MAX, text, &len, e))
		return e->sys == ENOENT ? 0 : -1;
	if (decision_parse(d, *text, len, e))
		return -1;
	return strcmp(d->root, root) == 0 ? 0 : damaged(e);
}

int
decision_save(const struct state *s, const char *root,
    const struct snapshot *allowed, struct err *e)
{
	cleanup(buf) struct buf text = BUF_INIT;

	buf_addf(
	    &text, FILE_MAGIC "%s\n%s\n", allowed ? "allow" : "deny", root);
	if (allowed)
		snapshot_write(&text, allowed);
	return fs_replace(s->fd, FILE_NAME, text.s, text.len, 0600, e);
}

int
decision_remove(const struct state *s, struct err *e)
{
	return fs_remove(s->fd, FILE_NAME, e);
}
