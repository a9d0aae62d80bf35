#include "base/buf.h"
#include "core/termfilter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
promise(bool kept)
{
	if (!kept)
		abort();
}

static void
collect(void *arg, const char *p, size_t n)
{
	buf_add(arg, p, n);
}

static void
filter(struct termfilter *f, const char *p, size_t n, size_t cut, bool answers,
    struct buf *out)
{
	char reset[TERMFILTER_RESET_MAX];

	termfilter_init(f, answers);
	for (size_t i = 0; i < n; i += cut) {
		termfilter_feed(
		    f, p + i, n - i < cut ? n - i : cut, collect, out);
		termfilter_answered(f);
	}
	buf_add(out, reset, termfilter_reset(f, reset));
}

/* No parser: what would be wrong wherever it stood. */
static void
check_bytes(const struct buf *b, bool answers)
{
	static const char *const never[] = { "\033]52", "\033P$", "\033P+",
		"\033_", "\033^", "\033X", "\033k", "\033Z", "\033%", "\033]7;",
		"\033]13", "\033]5", "\033]6", "\033]9", "\033[21t",
		"\033[5i" };
	static const char *const asked[] = { "\033[c", "\033[0c", "\033[>c",
		"\033[6n", "\033[5n", "\033[?u", ";?\a", ";?\033\\", "$p" };

	for (size_t i = 0; i < ARRAY_LEN(never); i++)
		promise(!strstr(b->s, never[i]));
	for (size_t i = 0; i < b->len; i++) {
		unsigned char c = (unsigned char)b->s[i];

		promise(c != 0x05);
		promise(c != 0xc2 || (unsigned char)b->s[i + 1] >= 0xa0);
	}
	for (size_t i = 0; !answers && i < ARRAY_LEN(asked) - 3; i++)
		promise(!strstr(b->s, asked[i]));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *p = (const char *)data + 1;
	cleanup(buf) struct buf whole = BUF_INIT;
	cleanup(buf) struct buf again = BUF_INIT;
	struct termfilter f;
	bool answers;

	if (size < 1)
		return 0;
	answers = *data & 128;
	filter(&f, p, size - 1, size, answers, &whole);
	/* What has passed passes: filter and terminal read it alike. */
	filter(&f, whole.s, whole.len, whole.len + 1, answers, &again);
	promise(
	    whole.len == again.len && memcmp(whole.s, again.s, whole.len) == 0);
	if (!memchr(whole.s, '\0', whole.len))
		check_bytes(&whole, answers);
	/* And it does not matter how it is cut, where nothing counts. */
	if (!answers) {
		cleanup(buf) struct buf cut = BUF_INIT;

		filter(&f, p, size - 1, 1 + *data % 16, false, &cut);
		promise(cut.len == whole.len &&
			memcmp(cut.s, whole.s, cut.len) == 0);
	}
	return 0;
}
