#include "host/repo.h"

#include <sys/stat.h>

#include <fcntl.h>
#include <signal.h>

#include "base/json.h"
#include "base/os.h"
#include "base/proc.h"
#include "host/paths.h"

#define PROGRAM "machine-git"
#define VERSION 1 /* of its answers */
#define PIECE 4096 /* bytes of input that it takes at a time */
#define INPUT_MAX ((size_t)(1u << 20)) /* bytes of each text */
#define ANSWER_MAX ((size_t)(8u << 20)) /* 1 MiB, each byte as \u00NN */
#define TIME_MAX INT64_C(253402300799) /* the end of the year 9999 */
#define OFFSET_MAX (24 * 60)

/* --- reading the answers ----------------------------------------------- */

static int
strange(struct err *e, const char *key)
{
	return err_set(e, ERR_BACKEND,
	    PROGRAM " gave an answer that is not understood: %s", key);
}

/* A string of at most max - 1 bytes; `present` if it was there. */
static int
read_text(const struct json *o, const char *key, char *to, size_t max,
    bool *present, struct err *e)
{
	const char *s = json_get_str(o, key);

	*present = json_get(o, key) != NULL;
	to[0] = '\0';
	if (!*present)
		return 0;
	if (!s || strlen(s) >= max)
		return strange(e, key);
	(void)snprintf(to, max, "%s", s);
	return 0;
}

static int
read_hex(const struct json *o, const char *key, char to[REPO_HEX + 1],
    bool *present, struct err *e)
{
	if (read_text(o, key, to, REPO_HEX + 1, present, e))
		return -1;
	if (*present && strspn(to, "0123456789abcdef") != REPO_HEX)
		return strange(e, key);
	return 0;
}

/* json_get_bool() takes everything else for false. */
static int
read_bool(const struct json *o, const char *key, bool *to, struct err *e)
{
	cleanup(json) struct json *no = json_new_object();

	json_set_bool(no, "no", false);
	*to = json_get_bool(o, key);
	if (!*to && !json_same(json_get(o, key), json_get(no, "no")))
		return strange(e, key);
	return 0;
}

/* json_len() takes everything else for empty. */
static bool
is_array(const struct json *v)
{
	cleanup(json) struct json *empty = json_new_array();

	return json_len(v) || json_same(v, empty);
}

static int
read_int(const struct json *o, const char *key, int64_t min, int64_t max,
    int64_t *to, struct err *e)
{
	if (!json_get_int(o, key, to) || *to < min || *to > max)
		return strange(e, key);
	return 0;
}

static int
read_state(const struct json *o, enum repo_state *to, struct err *e)
{
	static const char *const words[] = { [REPO_UNTRACKED] = "untracked",
		[REPO_MODIFIED] = "modified",
		[REPO_CLEAN] = "clean" };
	const char *s = json_get_str(o, "state");

	for (size_t i = 0; s && i < ARRAY_LEN(words); i++)
		if (strcmp(s, words[i]) == 0) {
			*to = (enum repo_state)i;
			return 0;
		}
	return strange(e, "state");
}

static int
read_changed(struct provenance *p, const struct json *o, struct err *e)
{
	bool commit, name, email;
	int64_t offset;

	if (read_hex(o, "commit", p->changed, &commit, e) ||
	    read_text(o, "name", p->name, sizeof(p->name), &name, e) ||
	    read_text(o, "email", p->email, sizeof(p->email), &email, e) ||
	    read_int(o, "time", 0, TIME_MAX, &p->time, e) ||
	    read_int(o, "offset", -OFFSET_MAX, OFFSET_MAX, &offset, e))
		return -1;
	if (!commit || !name || !email)
		return strange(e, "changed");
	p->offset = (int)offset;
	p->changed_known = true;
	return 0;
}

/* An object of our version. What machine-git could not do is an error here. */
static struct json *
open_answer(const char *text, size_t len, struct err *e)
{
	cleanup(json) struct json *o = json_parse(PROGRAM, text, len, e);
	int64_t version;

	if (!o)
		return NULL;
	if (!json_get_int(o, "version", &version) || version != VERSION) {
		strange(e, "version");
		return NULL;
	}
	if (json_get(o, "error")) {
		const char *why = json_get_str(o, "error");

		if (why && *why)
			err_set(e, ERR_BACKEND, "%s", why);
		else
			strange(e, "error");
		return NULL;
	}
	return STEAL(o);
}

static int
read_provenance(struct provenance *p, const struct json *o, struct err *e)
{
	const struct json *changed = json_get(o, "changed");
	bool branch, commit;

	if (read_bool(o, "repository", &p->repository, e))
		return -1;
	if (!p->repository)
		return 0;
	if (read_text(o, "branch", p->branch, sizeof(p->branch), &branch, e) ||
	    read_hex(o, "commit", p->commit, &commit, e) ||
	    read_state(o, &p->state, e) ||
	    (changed && read_changed(p, changed, e)))
		return -1;
	if (!branch && !commit)
		return strange(e, "commit");
	if (!commit && p->state != REPO_UNTRACKED)
		return strange(e, "state");
	if (changed && p->state == REPO_UNTRACKED)
		return strange(e, "changed");
	return 0;
}

int
provenance_parse(
    struct provenance *out, const char *text, size_t len, struct err *e)
{
	cleanup(json) struct json *o = open_answer(text, len, e);
	struct provenance p = { .repository = false };

	*out = p;
	if (!o || read_provenance(&p, o, e))
		return -1;
	*out = p;
	return 0;
}

int
diff_parse(struct buf *lines, bool *truncated, const char *text, size_t len,
    struct err *e)
{
	cleanup(json) struct json *o = open_answer(text, len, e);
	cleanup(buf) struct buf all = BUF_INIT;
	const struct json *array;

	if (!o)
		return -1;
	array = json_get(o, "lines");
	if (!is_array(array) || json_len(array) > REPO_LINES)
		return strange(e, "lines");
	if (read_bool(o, "truncated", truncated, e))
		return -1;
	for (size_t i = 0; i < json_len(array); i++) {
		const char *line = json_at_str(array, i);

		/* One line each: it is the first character that tells what
		 * is old and what is new. */
		if (!line || !*line || !strchr("@ +-\\", *line) ||
		    strchr(line, '\n'))
			return strange(e, "lines");
		buf_addf(&all, "%s\n", line);
	}
	buf_add(lines, all.s, all.len);
	return 0;
}

/* --- asking ------------------------------------------------------------ */

/*
 * machine-git asks for each piece of its input with an empty line in front of
 * its answer (git/input.h), and gets it from where the answer is read: so one
 * pipe in each direction is enough, and neither side can wait for the other.
 */
struct talk {
	const char *rest; /* of the input */
	size_t left;
	int to;
	bool answering;
	struct proc_capture answer;
};

static bool
send_piece(struct talk *t)
{
	size_t n = t->left < PIECE ? t->left : PIECE;
	ssize_t sent = n ? write(t->to, t->rest, n) : 0;

	if (sent < 0 || (size_t)sent != n)
		return false; /* it asked before it read the last one */
	t->rest += n;
	t->left -= n;
	return true;
}

static bool
on_output(void *arg, const char *data, size_t len)
{
	struct talk *t = arg;

	for (; len && !t->answering; data++, len--) {
		if (*data != '\n') {
			t->answering = true;
			break;
		}
		if (!t->left || !send_piece(t))
			return false;
	}
	return proc_capture(&t->answer, data, len);
}

/* Beside us (in the build tree), or where `make install` puts it. */

static int
run(const char *const *argv, struct talk *t, struct err *e)
{
	static const char *const environment[] = { "PATH=/usr/bin:/bin",
		"LC_ALL=C", NULL };
	cleanup(fd) int from = -1;
	cleanup(fd) int to = -1;
	struct proc p = { .path = argv[0],
		.argv = argv,
		.envp = environment,
		.in = { .io = PROC_FD },
		.out = { .io = PROC_SINK },
		.err = { .io = PROC_NULL },
		.sink = on_output,
		.arg = t,
		.timeout_ms = REPO_SECONDS * 1000 };
	int fds[2], status;

	if (os_pipe(fds))
		return err_sys(e, "cannot create a pipe");
	/* We keep the end that is read from, too: no SIGPIPE can come. */
	p.in.fd = from = fds[0];
	t->to = to = fds[1];
	if (fcntl(to, F_SETFL, O_NONBLOCK) || !send_piece(t))
		return err_sys(e, "cannot write to a pipe");
	if (proc_run(&p, &status, e))
		return -1;
	if (status == 128 + SIGALRM || status == 128 + SIGXCPU)
		return err_set(e, ERR_BACKEND,
		    PROGRAM " did not answer within %d s", REPO_SECONDS);
	/* 1: the answer says why there is none. */
	if (status > 1)
		return err_set(
		    e, ERR_BACKEND, PROGRAM " ended with status %d", status);
	return 0;
}

/* Give it the input, and get its answer. */
static int
ask_program(const char *self, const char **argv, const struct buf *input,
    struct buf *answer, struct err *e)
{
	cleanup(str) char *path = path_beside(self, PROGRAM);
	struct talk t = { .rest = input->s,
		.left = input->len,
		.answer = { .text = BUF_INIT, .max = ANSWER_MAX } };
	int rc;

	if (!path)
		return err_set(e, ERR_BACKEND, PROGRAM " is not installed");
	argv[0] = path;
	rc = run(argv, &t, e);
	*answer = t.answer.text;
	return rc;
}

static int
check_size(size_t len, struct err *e)
{
	return len <= INPUT_MAX
		   ? 0
		   : err_set(e, ERR_BACKEND, "the text is larger than %zu KiB",
			 INPUT_MAX >> 10);
}

int
repo_provenance(const char *self, const char *root, const char *name,
    const char *bytes, size_t len, struct provenance *out, struct err *e)
{
	const char *argv[] = { PROGRAM, "provenance", root, name, NULL };
	cleanup(buf) struct buf input = BUF_INIT;
	cleanup(buf) struct buf answer = BUF_INIT;

	*out = (struct provenance){ .repository = false };
	if (check_size(len, e))
		return -1;
	buf_addf(&input, "%zu\n", len);
	buf_add(&input, bytes, len);
	if (ask_program(self, argv, &input, &answer, e))
		return -1;
	return provenance_parse(out, answer.s, answer.len, e);
}

int
repo_diff(const char *self, const char *before, size_t nbefore,
    const char *after, size_t nafter, struct buf *lines, bool *truncated,
    struct err *e)
{
	const char *argv[] = { PROGRAM, "diff", NULL };
	cleanup(buf) struct buf input = BUF_INIT;
	cleanup(buf) struct buf answer = BUF_INIT;

	if (check_size(nbefore, e) || check_size(nafter, e))
		return -1;
	buf_addf(&input, "%zu %zu\n", nbefore, nafter);
	buf_add(&input, before, nbefore);
	buf_add(&input, after, nafter);
	if (ask_program(self, argv, &input, &answer, e))
		return -1;
	return diff_parse(lines, truncated, answer.s, answer.len, e);
}
