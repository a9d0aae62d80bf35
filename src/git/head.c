#include "git/head.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>

#include "base/fs.h"
#include "git/place.h"

#define REF_MAX 4096u /* bytes of a file that holds one reference */
#define PACKED_MAX (64u << 20)
#define CHAIN_MAX 5 /* references to references, as git has it */
#define BRANCHES "refs/heads/"
#define SYMBOLIC "ref:"

static bool
is_object_name(const char *s, size_t len)
{
	return len == OBJECT_HEX && strspn(s, "0123456789abcdef") >= len;
}

static int
no_such(struct err *e)
{
	errno = ENOENT;
	return err_sys(e, "there is no such reference");
}

/* The next directory on the way to a reference. */
static int
enter(int dir, const char *name, struct err *e)
{
	struct stat st;
	int fd;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW))
		return err_sys(e, "cannot look at %s", name);
	if (S_ISREG(st.st_mode))
		return no_such(e);
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_set(e, ERR_CONFIG, "%s is not a directory", name);
	return fd;
}

/* Through directories that are no links; e->sys is ENOENT without it. */
static int
read_loose(int git, const char *name, char **text, size_t *len, struct err *e)
{
	cleanup(fd) int dir = fcntl(git, F_DUPFD_CLOEXEC, 0);
	struct stat st;
	size_t n;

	while (name[n = strcspn(name, "/")]) {
		cleanup(str) char *component = xstrdup(name);
		int next;

		component[n] = '\0';
		if ((next = enter(dir, component, e)) < 0)
			return -1;
		fd_close(dir);
		dir = next;
		name += n + 1;
	}
	/* Left empty where branches had a common first part. */
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISDIR(st.st_mode))
		return no_such(e);
	return fs_read(dir, name, REF_MAX, text, len, e);
}

/* "HEX SP NAME" on a line of its own. */
static int
find_packed(
    int git, const char *name, char commit[OBJECT_HEX + 1], struct err *e)
{
	cleanup(str) char *text = NULL;
	size_t len, want = strlen(name);

	if (fs_read(git, "packed-refs", PACKED_MAX, &text, &len, e))
		return e->sys == ENOENT ? 0 : err_wrap(e, ".git");
	for (const char *line = text, *end = text + len; line < end;) {
		const char *nl = memchr(line, '\n', (size_t)(end - line));
		size_t n = (size_t)((nl ? nl : end) - line);

		if (n == OBJECT_HEX + 1 + want && line[OBJECT_HEX] == ' ' &&
		    memcmp(line + OBJECT_HEX + 1, name, want) == 0 &&
		    is_object_name(line, OBJECT_HEX)) {
			memcpy(commit, line, OBJECT_HEX);
			return 0;
		}
		line += n + 1;
	}
	return 0;
}

/* One step: the text of a reference, without the newline. */
static int
follow(int git, const char *name, char **text, char commit[OBJECT_HEX + 1],
    struct err *e)
{
	size_t len;

	e->sys = 0;
	if (read_loose(git, name, text, &len, e)) {
		if (e->sys == ENOENT)
			return find_packed(git, name, commit, e);
		return err_wrap(e, ".git");
	}
	while (len && strchr(" \t\r\n", (*text)[len - 1]))
		(*text)[--len] = '\0';
	if (strlen(*text) != len)
		return err_set(e, ERR_CONFIG, "a reference holds a NUL");
	if (!is_object_name(*text, len))
		return 0;
	memcpy(commit, *text, OBJECT_HEX);
	free(STEAL(*text));
	return 0;
}

int
head_read(struct head *h, int git, struct err *e)
{
	cleanup(str) char *name = xstrdup("HEAD");

	*h = (struct head){ .branch = NULL };
	for (int i = 0; i < CHAIN_MAX; i++) {
		cleanup(str) char *text = NULL;
		const char *to;

		if (follow(git, name, &text, h->commit, e))
			return -1;
		if (!text)
			return 0;
		to = text + strlen(SYMBOLIC);
		if (strncmp(text, SYMBOLIC, strlen(SYMBOLIC)) != 0)
			return err_set(e, ERR_CONFIG,
			    "a reference is neither a SHA-1 nor a name");
		to += strspn(to, " \t");
		if (strncmp(to, "refs/", 5) != 0 || !place_plain_path(to))
			return err_set(
			    e, ERR_CONFIG, "HEAD names what is no reference");
		free(name);
		name = xstrdup(to);
		free(STEAL(h->branch));
		h->branch = xstrdup(strncmp(to, BRANCHES, strlen(BRANCHES)) == 0
					? to + strlen(BRANCHES)
					: to);
	}
	return err_set(e, ERR_CONFIG, "HEAD is a chain of references");
}

void
head_release(struct head *h)
{
	free(h->branch);
	*h = (struct head){ .branch = NULL };
}
