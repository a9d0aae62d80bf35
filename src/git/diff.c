#include "git/diff.h"

#include <git2.h>

#include "git/text.h"

#define CONTEXT_LINES 3

struct lines {
	struct json *array;
	size_t n, bytes;
	bool truncated;
};

/* 0 or, as the library wants it, -1 to stop. */
static int
add_line(struct lines *to, const char *prefix, const char *text, size_t len)
{
	cleanup(buf) struct buf line = BUF_INIT;

	buf_adds(&line, prefix);
	if (to->n >= DIFF_LINES_MAX ||
	    !text_add(&line, text, len, DIFF_BYTES_MAX - to->bytes)) {
		to->truncated = true;
		return -1;
	}
	to->n++;
	to->bytes += line.len - strlen(prefix);
	json_add_str(to->array, line.s);
	return 0;
}

/* Not the library's own header: it quotes a line of the text behind it. */
static int
on_hunk(const git_diff_delta *delta, const git_diff_hunk *h, void *arg)
{
	cleanup(buf) struct buf b = BUF_INIT;

	(void)delta;
	buf_addf(&b, "@ -%d,%d +%d,%d @@", h->old_start, h->old_lines,
	    h->new_start, h->new_lines);
	return add_line(arg, "@", b.s, b.len);
}

static int
on_line(const git_diff_delta *delta, const git_diff_hunk *hunk,
    const git_diff_line *l, void *arg)
{
	static const char no_newline[] = " No newline at end of file";
	const char prefix[] = { l->origin, '\0' };
	size_t len = l->content_len;

	(void)delta;
	(void)hunk;
	switch (l->origin) {
	case GIT_DIFF_LINE_CONTEXT:
	case GIT_DIFF_LINE_ADDITION:
	case GIT_DIFF_LINE_DELETION:
		if (len && l->content[len - 1] == '\n')
			len--;
		return add_line(arg, prefix, l->content, len);
	case GIT_DIFF_LINE_CONTEXT_EOFNL:
	case GIT_DIFF_LINE_ADD_EOFNL:
	case GIT_DIFF_LINE_DEL_EOFNL:
		return add_line(arg, "\\", no_newline, strlen(no_newline));
	default:
		return 0;
	}
}

int
diff_texts(const char *before, size_t nbefore, const char *after, size_t nafter,
    struct json **lines, bool *truncated, struct err *e)
{
	git_diff_options options;
	cleanup(json) struct json *array = json_new_array();
	struct lines to = { .array = array };
	const git_error *ge;

	if (git_diff_options_init(&options, GIT_DIFF_OPTIONS_VERSION))
		return err_set(e, ERR_BACKEND, "cannot compare");
	options.flags = GIT_DIFF_FORCE_TEXT;
	options.context_lines = CONTEXT_LINES;
	if (git_diff_buffers(before, nbefore, NULL, after, nafter, NULL,
		&options, NULL, NULL, on_hunk, on_line, &to) &&
	    !to.truncated) {
		ge = git_error_last();
		return err_set(e, ERR_BACKEND, "cannot compare: %s",
		    ge && ge->message ? ge->message : "no reason given");
	}
	*truncated = to.truncated;
	*lines = STEAL(array);
	return 0;
}
