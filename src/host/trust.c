#include "host/trust.h"

#include <errno.h>
#include <fcntl.h>

#include "base/fs.h"
#include "host/settings.h"
#include "host/state.h"

#define FILE_NAME "trust"
/* The magic line, the decision, the path and the bytes that were approved. */
#define FILE_MAGIC "machine-trust 1\n"
#define FILE_MAX (MACHINEFILE_MAX + 8192)

struct trusted {
	char *root;
	char hash[HASH_SHA256_HEX + 1];
	char slug[MACHINEFILE_NAME_MAX + 1];
	struct machinefile *mf;
	bool current;
};

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

	if (len < magic || memcmp(text, FILE_MAGIC, magic) != 0)
		return damaged(e);
	if (end - p > 6 && memcmp(p, "allow\n", 6) == 0)
		d->allow = true, p += 6;
	else if (end - p > 5 && memcmp(p, "deny\n", 5) == 0)
		d->allow = false, p += 5;
	else
		return damaged(e);
	nl = memchr(p, '\n', (size_t)(end - p));
	if (!nl || *p != '/' || memchr(p, '\0', (size_t)(nl - p)))
		return damaged(e);
	*nl = '\0';
	d->root = p;
	d->bytes = nl + 1;
	d->len = (size_t)(end - d->bytes);
	if (!d->allow && d->len)
		return damaged(e);
	return 0;
}

/* *text (owned by the caller) holds what *d points to; NULL: no decision. */
static int
decision_load(struct decision *d, char **text, const struct state *s,
    const char *root, struct err *e)
{
	size_t len;

	if (s->fd < 0)
		return 0;
	if (fs_read(s->fd, FILE_NAME, FILE_MAX, text, &len, e)) {
		if (e->sys != ENOENT)
			return -1;
		*e = (struct err)ERR_INIT;
		return 0;
	}
	if (decision_parse(d, *text, len, e))
		return -1;
	return strcmp(d->root, root) == 0 ? 0 : damaged(e);
}

static struct trusted *
trusted_new(const struct project *p, const struct decision *d,
    const struct limits *limits, struct err *e)
{
	cleanup(trusted) struct trusted *t = xcalloc(1, sizeof(*t));
	cleanup(str) char *path = path_join(p->root, MACHINEFILE_NAME);
	struct diags diags = { .count = 0 };

	t->root = xstrdup(p->root);
	machinefile_slug(p->root, t->slug);
	hash_sha256(d->bytes, d->len, t->hash);
	t->current = p->text && p->len == d->len &&
		     memcmp(p->text, d->bytes, d->len) == 0;
	t->mf = machinefile_parse(d->bytes, d->len, limits, &diags);
	if (!t->mf) {
		settings_complain(e, path, &diags);
		return NULL;
	}
	return STEAL(t);
}

int
trust_check(const struct project *p, const struct paths *paths,
    const struct limits *limits, enum trust_state *state, struct trusted **t,
    struct err *e)
{
	cleanup(state) struct state s = STATE_INIT;
	cleanup(str) char *text = NULL;
	struct decision d = { 0 };

	*t = NULL;
	*state = TRUST_NONE;
	if (state_open(&s, paths, p->root, false, e) ||
	    decision_load(&d, &text, &s, p->root, e))
		return -1;
	if (!text)
		return 0;
	if (!d.allow) {
		*state = TRUST_DENIED;
		return 0;
	}
	if (!(*t = trusted_new(p, &d, limits, e)))
		return -1;
	*state = !p->text	 ? TRUST_GONE
		 : (*t)->current ? TRUST_ALLOWED
				 : TRUST_CHANGED;
	return 0;
}

void
trusted_free(struct trusted *t)
{
	if (!t)
		return;
	machinefile_free(t->mf);
	free(t->root);
	free(t);
}

const struct machinefile *
trusted_machinefile(const struct trusted *t)
{
	return t->mf;
}

const char *
trusted_root(const struct trusted *t)
{
	return t->root;
}

const char *
trusted_name(const struct trusted *t)
{
	return t->mf->name ? t->mf->name : t->slug;
}

const char *
trusted_hash(const struct trusted *t)
{
	return t->hash;
}

bool
trusted_current(const struct trusted *t)
{
	return t->current;
}

const char *
trust_why_not(enum trust_state state)
{
	switch (state) {
	case TRUST_NONE:
		return "is not allowed yet: read it, then type: machine allow";
	case TRUST_DENIED:
		return "is denied: to change that, type: machine allow";
	case TRUST_ALLOWED:
		return "is allowed";
	case TRUST_CHANGED:
		return "has changed since you allowed it: read it, then type: "
		       "machine allow";
	case TRUST_GONE:
		return "is missing: put it back, or type: machine deny";
	}
	abort();
}

/* Anew each time: the decisions themselves are the truth. */
static int
write_roots(const struct paths *paths, struct err *e)
{
	cleanup(str) char *roots = trust_roots(paths, e);
	cleanup(fd) int dir = -1;

	if (!roots)
		return -1;
	dir = fs_private_dir(paths->state, e);
	if (dir < 0)
		return -1;
	return fs_replace(dir, "roots", roots, strlen(roots), 0600, e);
}

static int
decide(const char *root, bool allow, const char *bytes, size_t len,
    const struct paths *paths, struct err *e)
{
	cleanup(state) struct state s = STATE_INIT;
	cleanup(buf) struct buf text = BUF_INIT;
	cleanup(fd) int dir = fs_private_dir(paths->state, e);
	cleanup(fd) int lock = -1;

	if (dir < 0)
		return -1;
	/* One decision at a time, so that the list of roots has all of them. */
	lock = fs_lock(dir, "roots.lock", LOCK_WAIT, e);
	if (lock < 0 || state_open(&s, paths, root, true, e))
		return -1;
	buf_addf(&text, FILE_MAGIC "%s\n%s\n", allow ? "allow" : "deny", root);
	buf_add(&text, bytes, len);
	if (fs_replace(s.fd, FILE_NAME, text.s, text.len, 0600, e))
		return -1;
	return write_roots(paths, e);
}

int
trust_allow(const struct project *p, const struct paths *paths, struct err *e)
{
	return decide(p->root, true, p->text, p->len, paths, e);
}

int
trust_deny(const char *root, const struct paths *paths, struct err *e)
{
	return decide(root, false, "", 0, paths, e);
}

char *
trust_approved(const char *root, const struct paths *paths, size_t *len)
{
	cleanup(state) struct state s = STATE_INIT;
	cleanup(str) char *text = NULL;
	struct decision d = { 0 };
	struct err e = ERR_INIT;
	struct buf bytes = BUF_INIT;

	if (state_open(&s, paths, root, false, &e) ||
	    decision_load(&d, &text, &s, root, &e) || !text || !d.allow)
		return NULL;
	buf_add(&bytes, d.bytes, d.len);
	*len = d.len;
	return buf_detach(&bytes);
}

static int
add_root(struct state *s, const char *root, void *arg, struct err *e)
{
	cleanup(str) char *text = NULL;
	struct decision d = { 0 };
	struct err ignored = ERR_INIT;

	(void)e;
	/* A damaged record counts as one: in doubt a directory is a project. */
	if (decision_load(&d, &text, s, root, &ignored) == 0 &&
	    (!text || !d.allow))
		return 0;
	buf_addf(arg, "%s\n", root);
	return 0;
}

char *
trust_roots(const struct paths *paths, struct err *e)
{
	cleanup(buf) struct buf roots = BUF_INIT;

	if (state_each(paths, add_root, &roots, e))
		return NULL;
	return buf_detach(&roots);
}

char *
trust_roots_path(const struct paths *paths)
{
	return path_join(paths->state, "roots");
}
