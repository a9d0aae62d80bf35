#include "base/base.h"

#include "base/utf8.h"
#include "host/repo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
is_hex(const char *s)
{
	return strlen(s) == REPO_HEX &&
	       strspn(s, "0123456789abcdef") == REPO_HEX;
}

static bool
is_text(const char s[REPO_TEXT])
{
	const char *end = memchr(s, '\0', REPO_TEXT);

	return end && utf8_valid(s, (size_t)(end - s));
}

static void
check_provenance(const char *text, size_t len)
{
	struct provenance p;
	struct err e = ERR_INIT;

	if (provenance_parse(&p, text, len, &e)) {
		if (!e.code || !e.msg[0] || p.repository)
			abort(); /* refused without a reason, or half taken */
		return;
	}
	if (!p.repository && (p.commit[0] || p.branch[0] || p.changed_known))
		abort();
	if (!is_text(p.branch) || !is_text(p.name) || !is_text(p.email))
		abort();
	if (p.commit[0] ? !is_hex(p.commit) : p.state != REPO_UNTRACKED)
		abort();
	if (p.changed_known &&
	    (!is_hex(p.changed) || p.state == REPO_UNTRACKED || p.time < 0 ||
		p.time > INT64_C(253402300799) || abs(p.offset) > 24 * 60))
		abort();
}

/* Each line tells by its first character what it is, and there is an end. */
static void
check_diff(const char *text, size_t len)
{
	cleanup(buf) struct buf lines = BUF_INIT;
	struct err e = ERR_INIT;
	bool truncated;
	size_t n = 0;

	if (diff_parse(&lines, &truncated, text, len, &e)) {
		if (!e.code || !e.msg[0] || lines.len)
			abort();
		return;
	}
	if (!utf8_valid(lines.s, lines.len) || strlen(lines.s) != lines.len)
		abort();
	for (const char *line = lines.s; *line; n++) {
		size_t linelen = strcspn(line, "\n");

		if (!linelen || !strchr("@ +-\\", *line) || !line[linelen])
			abort();
		line += linelen + 1;
	}
	if (n > REPO_LINES)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_provenance((const char *)data, size);
	check_diff((const char *)data, size);
	return 0;
}
