#include "cmd/display.h"

#include <time.h>

#include "base/msg.h"
#include "host/repo.h"

#define COMMIT_SHOWN 12 /* digits, as git does */

/* Line by line behind a margin, what is not printable made visible. */
static void
show_lines(const char *text, size_t len)
{
	const char *end = text + len;

	while (text < end) {
		const char *nl = memchr(text, '\n', (size_t)(end - text));
		const char *stop = nl ? nl : end;
		cleanup(buf) struct buf line = BUF_INIT;

		msg_scrub(&line, text, (size_t)(stop - text), true);
		msg_plain("  | %s", line.s);
		text = nl ? nl + 1 : end;
	}
}

static void
show_author(const struct provenance *p)
{
	time_t at = (time_t)(p->time + p->offset * 60);
	char day[16] = "";
	struct tm tm;

	if (!p->changed_known)
		return;
	if (p->time && gmtime_r(&at, &tm))
		(void)strftime(day, sizeof(day), " on %Y-%m-%d", &tm);
	/* Whoever made the commit chose these words. */
	msg_plain("  last changed in %.*s by %s <%s>%s", COMMIT_SHOWN,
	    p->changed, p->name, p->email, day);
}

static void
show_provenance(
    const char *self, const char *root, const struct snapshot_file *f)
{
	static const char *const how[] = {
		[REPO_UNTRACKED] = "NOT committed",
		[REPO_MODIFIED] = "NOT as committed in",
		[REPO_CLEAN] = "as committed in",
	};
	struct provenance p;
	struct err e = ERR_INIT;

	if (repo_provenance(self, root, f->name, f->bytes, f->len, &p, &e)) {
		msg_plain("  no provenance: %s", e.msg);
		return;
	}
	if (!p.repository) {
		msg_plain("  not in a git repository");
		return;
	}
	if (p.state == REPO_UNTRACKED || !p.commit[0])
		msg_plain("  %s", how[REPO_UNTRACKED]);
	else
		msg_plain("  %s %.*s%s%s", how[p.state], COMMIT_SHOWN, p.commit,
		    p.branch[0] ? " of " : "", p.branch);
	show_author(&p);
}

/* What has changed since it was allowed; the whole of it the first time. */
static void
show_text(const char *self, const struct snapshot_file *now,
    const struct snapshot_file *before)
{
	cleanup(buf) struct buf lines = BUF_INIT;
	struct err e = ERR_INIT;
	bool truncated = true;

	if (before && repo_diff(self, before->bytes, before->len, now->bytes,
			  now->len, &lines, &truncated, &e))
		msg_plain("  no difference: %s; the whole file:", e.msg);
	if (before && !truncated)
		show_lines(lines.s, lines.len);
	else if (now->len)
		show_lines(now->bytes, now->len);
	else
		msg_plain("  (empty)");
}

void
display_file(const char *self, const char *root,
    const struct snapshot_file *now, const struct snapshot_file *before)
{
	if (before && before->len == now->len &&
	    memcmp(before->bytes, now->bytes, now->len) == 0) {
		msg_plain("%s/%s is as you allowed it", root, now->name);
		return;
	}
	msg_plain("%s/%s%s:", root, now->name,
	    before ? ", changed since you allowed it" : "");
	show_provenance(self, root, now);
	show_text(self, now, before);
}
