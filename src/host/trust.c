#include "host/trust.h"

#include <errno.h>
#include <fcntl.h>

#include "base/fs.h"
#include "host/decision.h"
#include "host/settings.h"
#include "host/state.h"

struct trusted {
	char *root;
	char hash[HASH_SHA256_HEX + 1];
	char slug[MACHINEFILE_NAME_MAX + 1];
	struct machinefile *mf;
	struct snapshot snapshot;
	char *changed; /* the file that has; NULL: none */
};

/* What the Machinefile runs, besides what stands in it. */
static const char *const *
files_of(const struct machinefile *mf)
{
	const char *const *paths;

	(void)machinefile_files(mf, &paths);
	return paths;
}

static int
parse(const struct project *p, const char *text, size_t len,
    const struct limits *limits, struct machinefile **mf, struct err *e)
{
	cleanup(str) char *path = path_join(p->root, MACHINEFILE_NAME);
	struct diags d = { .count = 0 };

	*mf = machinefile_parse(text, len, limits, &d);
	return *mf ? 0 : settings_complain(e, path, &d);
}

/* Which file is not (any more) as it was approved? malloc'ed, or NULL. */
static char *
find_change(const struct project *p, const struct trusted *t)
{
	const struct snapshot_file *file = &t->snapshot.files[0];
	cleanup(snapshot) struct snapshot now = { .n = 0 };
	const char *name = MACHINEFILE_NAME;
	struct err e = ERR_INIT;

	/* With these bytes it runs the same files. */
	if (!p->text || p->len != file->len ||
	    memcmp(p->text, file->bytes, p->len) != 0)
		return xstrdup(name);
	if (snapshot_read(&now, p->root, p->text, p->len, files_of(t->mf), &e))
		name = "a file that it runs";
	else
		name = snapshot_difference(&t->snapshot, &now);
	return name ? xstrdup(name) : NULL;
}

static struct trusted *
trusted_new(const struct project *p, struct decision *d,
    const struct limits *limits, struct err *e)
{
	cleanup(trusted) struct trusted *t = xcalloc(1, sizeof(*t));

	t->root = xstrdup(p->root);
	machinefile_slug(p->root, t->slug);
	t->snapshot = d->snapshot;
	d->snapshot.n = 0; /* ours now */
	snapshot_hash(&t->snapshot, t->hash);
	if (parse(p, t->snapshot.files[0].bytes, t->snapshot.files[0].len,
		limits, &t->mf, e))
		return NULL;
	t->changed = find_change(p, t);
	return STEAL(t);
}

int
trust_check(const struct project *p, const struct paths *paths,
    const struct limits *limits, enum trust_state *state, struct trusted **t,
    struct err *e)
{
	cleanup(state) struct state s = STATE_INIT;
	cleanup(str) char *text = NULL;
	cleanup(decision) struct decision d = { .allow = false };

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
		 : (*t)->changed ? TRUST_CHANGED
				 : TRUST_ALLOWED;
	return 0;
}

int
trust_candidate(const struct project *p, const struct limits *limits,
    struct snapshot *s, struct machinefile **mf, struct err *e)
{
	if (!p->text) {
		*e = p->problem;
		return -1;
	}
	if (parse(p, p->text, p->len, limits, mf, e))
		return -1;
	return snapshot_read(s, p->root, p->text, p->len, files_of(*mf), e);
}

void
trusted_free(struct trusted *t)
{
	if (!t)
		return;
	machinefile_free(t->mf);
	snapshot_release(&t->snapshot);
	free(t->changed);
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
	return !t->changed;
}

const char *
trusted_changed(const struct trusted *t)
{
	return t->changed;
}

const struct snapshot *
trusted_snapshot(const struct trusted *t)
{
	return &t->snapshot;
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

/* One decision at a time, so that the list of roots has all of them. */
static int
lock_decisions(const struct paths *paths, struct err *e)
{
	cleanup(fd) int dir = fs_private_dir(paths->state, e);

	return dir < 0 ? -1 : fs_lock(dir, "roots.lock", LOCK_WAIT, e);
}

static int
decide(const char *root, const struct snapshot *allowed,
    const struct paths *paths, struct err *e)
{
	cleanup(state) struct state s = STATE_INIT;
	cleanup(fd) int lock = lock_decisions(paths, e);

	if (lock < 0 || state_open(&s, paths, root, true, e) ||
	    decision_save(&s, root, allowed, e))
		return -1;
	return write_roots(paths, e);
}

int
trust_allow(const char *root, const struct snapshot *s,
    const struct paths *paths, struct err *e)
{
	return decide(root, s, paths, e);
}

int
trust_deny(const char *root, const struct paths *paths, struct err *e)
{
	return decide(root, NULL, paths, e);
}

int
trust_revoke(const char *root, const struct paths *paths, struct err *e)
{
	cleanup(state) struct state s = STATE_INIT;
	cleanup(fd) int lock = lock_decisions(paths, e);

	if (lock < 0 || state_open(&s, paths, root, false, e))
		return -1;
	if (s.fd >= 0 && decision_remove(&s, e))
		return -1;
	return write_roots(paths, e);
}

bool
trust_approved(
    const char *root, const struct paths *paths, struct snapshot *out)
{
	cleanup(state) struct state s = STATE_INIT;
	cleanup(str) char *text = NULL;
	cleanup(decision) struct decision d = { .allow = false };
	struct err e = ERR_INIT;

	if (state_open(&s, paths, root, false, &e) ||
	    decision_load(&d, &text, &s, root, &e) || !text || !d.allow)
		return false;
	*out = d.snapshot;
	d.snapshot.n = 0;
	return true;
}

bool
trust_stands(const struct trusted *t, const struct paths *paths)
{
	cleanup(snapshot) struct snapshot s = { .n = 0 };
	char hash[HASH_SHA256_HEX + 1];

	if (!trust_approved(t->root, paths, &s))
		return false;
	snapshot_hash(&s, hash);
	return strcmp(hash, t->hash) == 0;
}

struct found {
	char *root;
	enum trust_state what;
};

struct list {
	struct found *at;
	size_t n;
};

static int
add_decision(struct state *s, const char *root, void *arg, struct err *e)
{
	cleanup(str) char *text = NULL;
	cleanup(decision) struct decision d = { .allow = false };
	struct list *list = arg;
	enum trust_state what = TRUST_NONE;
	struct err ignored = ERR_INIT;

	(void)e;
	if (decision_load(&d, &text, s, root, &ignored) == 0) {
		if (!text)
			return 0;
		what = d.allow ? TRUST_ALLOWED : TRUST_DENIED;
	}
	list->at = xreallocarray(list->at, list->n + 1, sizeof(*list->at));
	list->at[list->n++] = (struct found){ .root = xstrdup(root),
		.what = what };
	return 0;
}

static int
by_root(const void *a, const void *b)
{
	return strcmp(
	    ((const struct found *)a)->root, ((const struct found *)b)->root);
}

int
trust_each(const struct paths *paths,
    int (*each)(
	const char *root, enum trust_state what, void *arg, struct err *e),
    void *arg, struct err *e)
{
	struct list list = { .n = 0 };
	int rc = state_each(paths, add_decision, &list, e);

	if (list.n)
		qsort(list.at, list.n, sizeof(*list.at), by_root);
	for (size_t i = 0; i < list.n; i++) {
		if (!rc)
			rc = each(list.at[i].root, list.at[i].what, arg, e);
		free(list.at[i].root);
	}
	free(list.at);
	return rc;
}

static int
add_root(const char *root, enum trust_state what, void *arg, struct err *e)
{
	(void)e;
	/* A damaged record counts: in doubt a directory is a project. */
	if (what != TRUST_DENIED)
		buf_addf(arg, "%s\n", root);
	return 0;
}

char *
trust_roots(const struct paths *paths, struct err *e)
{
	cleanup(buf) struct buf roots = BUF_INIT;

	if (trust_each(paths, add_root, &roots, e))
		return NULL;
	return buf_detach(&roots);
}

char *
trust_roots_path(const struct paths *paths)
{
	return path_join(paths->state, "roots");
}
