/*
 * machine-git provenance ROOT NAME [COMMITS]
 * machine-git diff
 *
 * The only program of ours that looks at repositories. It is one of its own
 * because what it reads is written by others: it has little time and memory,
 * runs nothing, writes nothing and knows no network (limits.h, place.h,
 * objects.h). Not for people: `machine allow` runs it (host/repo.h).
 *
 * The texts come on stdin (input.h). The answer is one JSON object on stdout,
 * with "version"; if it is none, "error" says why, and the status is 1.
 */
#include "base/base.h"

#include <signal.h>

#include "base/json.h"
#include "git/diff.h"
#include "git/head.h"
#include "git/history.h"
#include "git/input.h"
#include "git/limits.h"
#include "git/place.h"
#include "git/text.h"

#define VERSION 1 /* host/repo.c knows it, too */
#define NAME_MAX_BYTES 200 /* what is longer is cut, and says so */
#define TIME_MAX INT64_C(253402300799) /* the end of the year 9999 */
#define OFFSET_MAX (24 * 60)

static void
set_text(struct json *to, const char *key, const char *s)
{
	cleanup(buf) struct buf b = BUF_INIT;

	if (!text_add(&b, s, strlen(s), NAME_MAX_BYTES))
		buf_adds(&b, "...");
	json_set_str(to, key, b.s);
}

static void
set_changed(
    struct json *answer, const struct id *id, const struct signature *author)
{
	struct json *changed = json_new_object();
	char hex[ID_HEX + 1];
	bool dated = author->time >= 0 && author->time <= TIME_MAX &&
		     author->offset >= -OFFSET_MAX &&
		     author->offset <= OFFSET_MAX;

	id_to_hex(id, hex);
	json_set_str(changed, "commit", hex);
	set_text(changed, "name", author->name);
	set_text(changed, "email", author->email);
	json_set_int(changed, "time", dated ? author->time : 0);
	json_set_int(changed, "offset", dated ? author->offset : 0);
	json_set(answer, "changed", changed);
}

static int
describe(struct json *answer, const struct place *place, const struct buf *file,
    unsigned max_commits, struct err *e)
{
	static const char *const words[] = { [FILE_ABSENT] = "untracked",
		[FILE_DIFFERS] = "modified",
		[FILE_SAME] = "clean" };
	cleanup(head) struct head head = { .branch = NULL };
	cleanup(objects) struct objects *o = NULL;
	cleanup(signature) struct signature author = { .name = NULL };
	enum file_state state = FILE_ABSENT;
	struct err ignored = ERR_INIT;
	struct id commit, changed;

	if (head_read(&head, place->git, e))
		return -1;
	if (head.branch)
		set_text(answer, "branch", head.branch);
	if (head.commit[0]) {
		json_set_str(answer, "commit", head.commit);
		if (!id_from_hex(&commit, head.commit))
			abort();
		if (!(o = objects_open(place->objects, e)) ||
		    history_compare(
			o, &commit, place->path, file->s, file->len, &state, e))
			return -1;
	}
	json_set_str(answer, "state", words[state]);
	/* Without it the rest still says what it says. */
	if (state != FILE_ABSENT &&
	    history_last_change(o, &commit, place->path, max_commits, &changed,
		&author, &ignored) == 0)
		set_changed(answer, &changed, &author);
	return 0;
}

static int
provenance(struct json *answer, const char *root, const char *name,
    const char *max_commits, struct err *e)
{
	cleanup(place) struct place place = { .git = -1, .objects = -1 };
	cleanup(buf) struct buf file = BUF_INIT;
	unsigned long max = HISTORY_COMMITS;

	if (max_commits)
		max = strtoul(max_commits, NULL, 10);
	if (max > HISTORY_COMMITS)
		max = HISTORY_COMMITS;
	if (input_read(&file, 1, e) || place_find(&place, root, name, e))
		return -1;
	json_set_bool(answer, "repository", place.git >= 0);
	if (place.git < 0)
		return 0;
	return describe(answer, &place, &file, (unsigned)max, e);
}

static int
diff(struct json *answer, struct err *e)
{
	struct buf texts[2] = { BUF_INIT, BUF_INIT };
	struct json *lines;
	bool truncated;
	int rc = input_read(texts, ARRAY_LEN(texts), e);

	if (rc == 0)
		rc = diff_texts(texts[0].s, texts[0].len, texts[1].s,
		    texts[1].len, &lines, &truncated, e);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		buf_release(&texts[i]);
	if (rc)
		return -1;
	json_set(answer, "lines", lines);
	json_set_bool(answer, "truncated", truncated);
	return 0;
}

static int
answer_to(int argc, char **argv, struct json *answer, struct err *e)
{
	if (limits_set(e) || objects_init(e))
		return -1;
	if ((argc == 4 || argc == 5) && strcmp(argv[1], "provenance") == 0)
		return provenance(answer, argv[2], argv[3], argv[4], e);
	if (argc == 2 && strcmp(argv[1], "diff") == 0)
		return diff(answer, e);
	return err_set(e, ERR_USAGE,
	    "usage: machine-git provenance ROOT NAME | machine-git diff");
}

int
main(int argc, char **argv)
{
	cleanup(json) struct json *answer = json_new_object();
	cleanup(json) struct json *failure = json_new_object();
	cleanup(buf) struct buf text = BUF_INIT;
	cleanup(buf) struct buf reason = BUF_INIT;
	struct err e = ERR_INIT;
	int rc;

	(void)signal(SIGPIPE, SIG_IGN);
	json_set_int(answer, "version", VERSION);
	json_set_int(failure, "version", VERSION);
	rc = answer_to(argc, argv, answer, &e);
	if (rc) {
		(void)text_add(&reason, e.msg, strlen(e.msg), sizeof(e.msg));
		json_set_str(failure, "error", reason.s);
	}
	json_write(&text, rc ? failure : answer, false);
	if (fwrite(text.s, 1, text.len, stdout) != text.len || fflush(stdout))
		return 1;
	return rc ? 1 : 0;
}
