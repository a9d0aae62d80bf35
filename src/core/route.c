#include "core/route.h"

/*
 * The three shells quote differently, and a decision that depended on quoting
 * would have to be right for each of them. So nothing here parses quotes: a
 * character that could end a command, start another one or redirect something
 * sends the line to the guest wherever it stands, also inside quotes.
 */
#define SEPARATORS "\n;|&<>`(){}"
#define BLANKS " \t"
#define GLOBS "*?["
#define PLAIN                                                        \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz012345" \
	"6789_./~@%,+:-"

#define Z (1u << SHELL_ZSH)
#define B (1u << SHELL_BASH)
#define F (1u << SHELL_FISH)

/*
 * What moves or ends the host shell, per shell that has it: where a word is
 * not the shell's own it would be a program from PATH. (z, zi and j are
 * functions of tools that change directory; machine is our own.)
 */
static const struct word {
	const char *name;
	unsigned shells;
} host_words[] = {
	{ "bye", Z },
	{ "cd", Z | B | F },
	{ "cdh", F },
	{ "chdir", Z },
	{ "clear", Z | B | F },
	{ "dirh", F },
	{ "dirs", Z | B | F },
	{ "exit", Z | B | F },
	{ "history", Z | B | F },
	{ "j", Z | B | F },
	{ "logout", Z | B },
	{ "machine", Z | B | F },
	{ "nextd", F },
	{ "popd", Z | B | F },
	{ "prevd", F },
	{ "pushd", Z | B | F },
	{ "z", Z | B | F },
	{ "zi", Z | B | F },
};

/* Host lines while the host shell has jobs. */
static const struct word job_words[] = {
	{ "bg", Z | B | F },
	{ "disown", Z | B | F },
	{ "fg", Z | B | F },
	{ "jobs", Z | B | F },
	{ "kill", Z | B | F },
	{ "wait", Z | B | F },
};

/* What the host's history may be piped into. */
static const struct word filters[] = {
	{ "cat", Z | B | F },
	{ "egrep", Z | B | F },
	{ "fgrep", Z | B | F },
	{ "grep", Z | B | F },
	{ "head", Z | B | F },
	{ "less", Z | B | F },
	{ "more", Z | B | F },
	{ "sort", Z | B | F },
	{ "tail", Z | B | F },
	{ "uniq", Z | B | F },
	{ "wc", Z | B | F },
};

/* A piece of the line: nothing here is copied. */
struct span {
	const char *s;
	size_t len;
};

static bool
span_is(struct span w, const char *name)
{
	return strlen(name) == w.len && memcmp(w.s, name, w.len) == 0;
}

/* The word at s, up to a blank or one of `ends`. */
static struct span
word_at(const char *s, const char *ends)
{
	return (struct span){ s, strcspn(s, ends) };
}

static const char *
skip(const char *s, const char *set)
{
	return s + strspn(s, set);
}

static bool
in_table(struct span w, const struct word *t, size_t n, enum route_shell shell)
{
	for (size_t i = 0; i < n; i++)
		if (span_is(w, t[i].name))
			return t[i].shells >> shell & 1;
	return false;
}
#define IN_TABLE(w, table, shell) \
	in_table((w), (table), ARRAY_LEN(table), (shell))

static bool
is_users_host_command(struct span w, const char *const *list)
{
	for (; list && *list; list++)
		if (w.len && span_is(w, *list))
			return true;
	return false;
}

void
route_normalize(struct buf *path)
{
	char *out = path->s;
	const char *in = path->s;

	while (*(in = skip(in, "/"))) {
		struct span part = word_at(in, "/");

		in += part.len;
		if (span_is(part, "."))
			continue;
		if (span_is(part, "..")) {
			while (out > path->s && *--out != '/')
				;
			continue;
		}
		/* Never ahead of `in`: each part had a slash before it. */
		*out++ = '/';
		memmove(out, part.s, part.len);
		out += part.len;
	}
	path->len = (size_t)(out - path->s);
	if (path->len)
		*out = '\0';
	else
		buf_add(path, "/", 1);
}

bool
route_is_under(const char *path, const char *root)
{
	size_t n = strlen(root);

	return strncmp(path, root, n) == 0 && (!path[n] || path[n] == '/');
}

/* Where a `cd` may start from. */
struct place {
	const char *cwd, *home;
	const char *oldpwd; /* NULL: what `-` means is not known */
};

/*
 * Append the absolute name of what cd makes of a plain word. False for words
 * that do not simply name a directory: an option, an entry of the directory
 * stack, somebody's home, a pattern of zsh.
 */
static bool
resolve(struct span w, const struct place *at, struct buf *dir)
{
	if (span_is(w, "-")) {
		if (!at->oldpwd || *at->oldpwd != '/')
			return false;
		buf_adds(dir, at->oldpwd);
		return true;
	}
	if (w.len == 0 || *w.s == '~') {
		if (!at->home || (w.len > 1 && w.s[1] != '/'))
			return false;
		buf_adds(dir, at->home);
		w.s += w.len != 0;
		w.len -= w.len != 0;
	} else if (*w.s == '-' || *w.s == '+') {
		return false;
	} else if (*w.s != '/') {
		buf_adds(dir, at->cwd);
		buf_adds(dir, "/");
	}
	if (memchr(w.s, '~', w.len))
		return false;
	buf_add(dir, w.s, w.len);
	return *dir->s == '/'; /* cwd and home are others' words */
}

/*
 * If the line begins with `cd WORD &&` or `cd WORD;`, append where WORD leads
 * and return what follows; otherwise NULL.
 */
static const char *
leading_cd(const char *line, const struct place *at, struct buf *dir)
{
	struct place here = *at;
	const char *p = skip(line, BLANKS);
	struct span verb = word_at(p, BLANKS ";&"), w;

	p = skip(p + verb.len, BLANKS);
	w.s = p;
	w.len = strspn(p, PLAIN);
	p = skip(p + w.len, BLANKS);
	if (span_is(verb, "pushd")) {
		/* Alone it swaps; what `-` means to it is each shell's own. */
		here.oldpwd = NULL;
		if (!w.len)
			return NULL;
	} else if (!span_is(verb, "cd"))
		return NULL;
	if (strncmp(p, "&&", 2) == 0)
		p += 2;
	else if (*p == ';' || *p == '\n') /* zsh expands the one to the other */
		p++;
	else
		return NULL;
	p = skip(p, BLANKS "\n");
	if (strncmp(p, "and ", 4) == 0) /* fish: cd P; and REST */
		p = skip(p + 4, BLANKS);
	return resolve(w, &here, dir) ? p : NULL;
}

/* `cd DIR && REST` out of the project; `dir` (or NULL) gets the DIR. */
static bool
leaves(const char *line, const struct route_query *q, struct buf *dir)
{
	cleanup(buf) struct buf raw = BUF_INIT;
	/* fish has no OLDPWD of its own; the one in its environment is stale */
	struct place at = { q->cwd, q->home,
		q->shell == SHELL_FISH ? NULL : q->oldpwd };
	cleanup(buf) struct buf plain = BUF_INIT;

	if (!leading_cd(line, &at, &raw))
		return false;
	buf_add(&plain, raw.s, raw.len);
	route_normalize(&plain);
	if (route_is_under(plain.s, q->root))
		return false;
	if (dir)
		buf_add(dir, raw.s, raw.len);
	return true;
}

/*
 * Is there an unquoted character that the shell would replace by file names?
 * The guest chooses those, and could choose options. A backslash, which each
 * shell reads in its own way inside quotes, counts as one.
 */
static bool
has_glob(const char *s)
{
	char quote = '\0';

	for (; *s; s++) {
		if (*s == '\\')
			return true;
		if (quote)
			quote = *s == quote ? '\0' : quote;
		else if (*s == '\'' || *s == '"')
			quote = *s;
		else if (strchr(GLOBS "^", *s))
			return true;
	}
	return false;
}

/* May the line be one of a few commands with pipes between them? */
static bool
is_only_pipes(const char *s)
{
	return !strpbrk(s, "\n;&<>`$(){}") && !has_glob(s);
}

/*
 * Some filters can write files or start programs (sort -o, less -o, uniq IN
 * OUT): these get only short options, and none that takes a name.
 */
static bool
is_harmless(struct span filter)
{
	const char *p = filter.s + filter.len;
	bool strict = span_is(filter, "sort") || span_is(filter, "uniq") ||
		      span_is(filter, "less") || span_is(filter, "more");

	while (strict && *(p = skip(p, BLANKS)) && *p != '|') {
		struct span w = word_at(p, BLANKS "|");

		if (*p != '-' || w.len < 2)
			return false;
		for (size_t i = 1; i < w.len; i++)
			if (strchr("-'\"oOkTtP", w.s[i]) &&
			    !(w.s[i] == 'k' && span_is(filter, "sort")))
				return false;
		p += w.len;
	}
	return true;
}

/* `history [N] | grep x | tail`: e has "history" and a pipe. */
static bool
is_history_pipe(const char *e, enum route_shell shell)
{
	const char *p = skip(e + strlen("history"), BLANKS "-0123456789");

	if (*p != '|' || !is_only_pipes(e))
		return false;
	for (; p; p = strchr(p, '|')) {
		struct span filter;

		p = skip(p + 1, BLANKS);
		filter = word_at(p, BLANKS "|");
		if (!IN_TABLE(filter, filters, shell) || !is_harmless(filter))
			return false;
	}
	return true;
}

/* Options of the builtin that read or write files (fish has none). */
static bool
history_uses_files(const char *e, enum route_shell shell)
{
	const char *options = strchr(e, '-');

	return shell != SHELL_FISH && options &&
	       strpbrk(options, "warnspWARNSPI");
}

/* A simple command that starts with w and is about the shell's own jobs. */
static bool
is_job_line(struct span w, const char *e, enum route_shell shell)
{
	if (!IN_TABLE(w, job_words, shell) || strpbrk(e, GLOBS))
		return false;
	if (span_is(w, "kill"))
		return strchr(e, '%') != NULL;
	/* bash: `jobs -x COMMAND` runs COMMAND */
	return !(span_is(w, "jobs") && strchr(e, 'x'));
}

enum route
route(const struct route_query *q, struct buf *dir)
{
	const char *typed = skip(q->typed, BLANKS "\n"), *e = q->expanded;
	struct span w;

	e = e ? skip(e, BLANKS "\n") : "";
	if (!*e)
		e = typed;
	w = word_at(e, BLANKS "\n");

	if (strncmp(typed, "@host", 5) == 0 && (!typed[5] || typed[5] == ' '))
		return ROUTE_HOST;
	if (leaves(typed, q, NULL) && leaves(e, q, dir))
		return ROUTE_LEAVE;
	if (strchr(e, '|') && span_is(word_at(e, BLANKS "|"), "history") &&
	    is_history_pipe(e, q->shell) && is_only_pipes(typed))
		return ROUTE_HOST;
	if (strpbrk(e, SEPARATORS) || strpbrk(typed, SEPARATORS))
		return ROUTE_GUEST;
	/* From here on it is one simple command. */
	if (q->autocd && *e && !strpbrk(e, BLANKS))
		return ROUTE_HOST;
	if (span_is(w, "history") && history_uses_files(e, q->shell))
		return ROUTE_GUEST;
	/* The user's words may be aliases, which are the user's, too. */
	if (IN_TABLE(w, host_words, q->shell) ||
	    is_users_host_command(w, q->host_commands) ||
	    is_users_host_command(word_at(typed, BLANKS), q->host_commands))
		return ROUTE_HOST;
	if (q->jobs && is_job_line(w, e, q->shell))
		return ROUTE_HOST;
	return ROUTE_GUEST;
}

const char *
route_rest(
    const char *line, const char *from, const char *cwd, const char *home)
{
	cleanup(buf) struct buf here = BUF_INIT;

	buf_adds(&here, from);
	for (;;) {
		cleanup(buf) struct buf next = BUF_INIT;
		struct place at = { here.s, home, NULL };

		if (!(line = leading_cd(line, &at, &next)))
			return NULL;
		route_normalize(&next);
		if (strcmp(next.s, cwd) == 0)
			return line;
		here.len = 0;
		buf_add(&here, next.s, next.len);
	}
}
