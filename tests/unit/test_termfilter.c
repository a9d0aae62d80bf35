#include "base/base.h"

#include <time.h>

#include "base/buf.h"
#include "core/termfilter.h"
#include "tests/tap.h"

static void
collect(void *arg, const char *p, size_t n)
{
	buf_add(arg, p, n);
}

/* Everything that passes, and how the filter stands afterwards. */
static void
filter(struct termfilter *f, bool answers, const char *in, size_t n, size_t cut,
    struct buf *out)
{
	termfilter_init(f, answers);
	for (size_t i = 0; i < n; i += cut)
		termfilter_feed(
		    f, in + i, n - i < cut ? n - i : cut, collect, out);
}

/* The same however it is cut; NULL in want: as it came in. */
static void
passes(const char *what, const char *in, size_t n, const char *want)
{
	int ok = 1;

	for (size_t cut = 1; cut <= n; cut++) {
		cleanup(buf) struct buf out = BUF_INIT;
		struct termfilter f;

		filter(&f, false, in, n, cut, &out);
		if (want ? strcmp(out.s, want) != 0
			 : out.len != n || memcmp(out.s, in, n) != 0) {
			printf("# cut %zu, %zu bytes:", cut, out.len);
			for (size_t i = 0; i < out.len; i++)
				printf(" %02x", (unsigned char)out.s[i]);
			putchar('\n');
			ok = 0;
			break;
		}
	}
	tap_report(ok, __FILE__, __LINE__, what);
}

static void
keeps(void)
{
	static const char *const same[] = {
		"hello\r\n\tworld\b\a\v\f",
		"\xc3\xa4 \xe2\x82\xac \xe6\x97\xa5\xe6\x9c\xac "
		"\xf0\x9f\x98\x80 \xe2\x80\x9b",
		"\033[1;38;5;208m256\033[0m \033[38:2::1:2:3mcolon\033[m",
		"\033[H\033[2J\033[3;4H\033[K\033[5A\033[10X\033[3b\033[2T",
		"\033[?1049h\033[?25l\033[?1000;1006h\033[?2004l\033[4h",
		"\0337\0338\033D\033M\033=\033>\033c\033(0\033(B\016\017",
		"\033[3;20r\033[r\033[s\033[u\033[!p\033[2 q\033[22;0;0t",
		"\033[>4;2m\033[>4n\033[>1u\033[<u\033[=1;1u",
		"\033]0;a title \xc3\xa4\a\033]2;x\033\\\033]1;\a",
		"\033]8;;https://example.org/x?a=b\033\\link\033]8;;\033\\",
		"\033]8;id=1;mailto:a@b\al\033]8;;\a",
		"\033]4;17;rgb:00/ff/00\a\033]10;#ffffff\a\033]104\a\033]111\a",
		"\033P0;1;0q\"1;1;6;6#0;2;0;0;0#0!6~-\033\\after",
		"\033#8\033[?12;25h\033[@\033[1;2s",
	};

	for (size_t i = 0; i < ARRAY_LEN(same); i++)
		passes(same[i], same[i], strlen(same[i]), NULL);
}

static const struct {
	const char *what, *in, *want;
} drops[] = {
	{ "ENQ", "a\005b", "ab" },
	{ "ENQ in a sequence", "\033[1\0052C", "\033[12C" },
	{ "clipboard: write", "a\033]52;c;aGk=\ab", "ab" },
	{ "clipboard: read", "a\033]52;c;?\033\\b", "ab" },
	{ "clipboard: with zeros", "a\033]052;c;?\033\\b", "ab" },
	{ "clipboard, by C1", "a\302\23552;c;aGk=\ab", "a52;c;aGk=\ab" },
	{ "title report", "\033]0;rm -rf\a\033[21tx", "\033]0;rm -rf\ax" },
	{ "icon report, window size", "\033[20t\033[18t\033[14t\033[8;9;9tx",
	    "x" },
	{ "device attributes", "\033[c\033[0c\033[>c\033[=c\033Zx", "x" },
	{ "device attributes, by C1", "\302\233c\302\232x", "cx" },
	{ "C1 as one byte", "\233c\232x", "\357\277\275c\357\277\275x" },
	{ "overlong C1", "\300\233c\340\202\233c",
	    "\357\277\275\357\277\275c"
	    "\357\277\275\357\277\275\357\277\275c" },
	{ "status, position", "\033[5n\033[6n\033[?6n\033[?15n\033[?996nx",
	    "x" },
	{ "DECRQSS", "\033P$qm\033\\x", "x" },
	{ "XTGETTCAP", "\033P+q544e\033\\x", "x" },
	{ "DECUDK", "\033P0;1|17/6c730a\033\\x", "x" },
	{ "tmux passthrough", "\033Ptmux;\033\033]52;c;aGk=\a\033\\x", "x" },
	{ "XTVERSION", "\033[>q\033[>0qx", "x" },
	{ "DECRQM", "\033[?25$p\033[4$px", "x" },
	{ "checksum of an area", "\033[1;1;1;1;1;1*yx", "x" },
	{ "terminal parameters", "\033[x\033[1xx", "x" },
	{ "kitty's keyboard", "\033[?ux", "x" },
	{ "kitty's pictures", "\033_Gi=1,a=q,t=f;L2V0Yy9wYXNzd2Q=\033\\x",
	    "x" },
	{ "iTerm2",
	    "\033]1337;File=inline=1:QQ==\a\033]1337;RequestUpload=x\ax", "x" },
	{ "colours: questions",
	    "\033]10;?\a\033]11;?\033\\\033]4;1;?\a\033]12;?\ax", "x" },
	{ "colours: several in one", "\033]10;red;?\ax", "x" },
	{ "font", "\033]50;?\ax", "x" },
	{ "where a new window opens", "\033]7;file://h/tmp\ax", "x" },
	{ "marks of the shell", "\033]133;A\a\033]633;E;ls\ax", "x" },
	{ "notification", "\033]9;hi\a\033]777;notify;a;b\a\033]99;;x\ax",
	    "x" },
	{ "link into the host", "\033]8;;file:///etc/passwd\al\033]8;;\a",
	    "l\033]8;;\a" },
	{ "link that runs", "\033]8;;javascript:x\al", "l" },
	{ "title with a newline", "\033]0;a\nb\a", "\033]0;ab\a" },
	{ "title that reads from the right", "\033]0;\342\200\256x\ay", "y" },
	{ "printing", "\033[5i\033[4i\033[?5i\033[0ix", "x" },
	{ "keyboard lock", "\033[2hx", "x" },
	{ "some modes of several", "\033[?2;25;3h\033[?40;9999lx",
	    "\033[?25hx" },
	{ "VT52", "\033[?2lx", "x" },
	{ "other encodings", "\033%@\033 F\033 G\033nx", "x" },
	{ "locator, rectangles, levels",
	    "\033['|\033[1;2;3;4;5$x\033[62\"p\033[1#Rx", "x" },
	{ "saved modes", "\033[?1049s\033[?1rx", "x" },
	{ "hilite tracking", "\033[1;2;3;4;5T\033[?1001hx", "x" },
	{ "titles in hex", "\033[>1t\033[>3Tx", "x" },
	{ "an ESC in a CSI", "\033[1\033[31mx", "\033[31mx" },
	{ "an ESC in a title", "\033]0;a\033[31mx", "\033[31mx" },
	{ "CAN in a title", "\033]0;a\030b\032c", "b\032c" },
	{ "a control in a CSI", "\033[3\n1mx", "\n\033[31mx" },
	{ "a question in pieces", "\033\033[6\033\033[\0336nx", "\0336nx" },
	{ "UTF-8 in a CSI", "\033[3\303\2441mx", "\303\2441mx" },
	{ "a title in a title", "\033]0;a\033]52;c;?\ax", "x" },
	{ "a huge number", "\033[99999999999Cx", "x" },
	{ "misplaced characters", "\033[1?h\033[!!p\033[1 2qx", "x" },
	{ "a picture that is cut off", "\033Pq#0~\033[6nx",
	    "\033Pq#0~\033\\x" },
	{ "what a picture must not hold", "\033Pq\a\005~\303\244\n~\033\\x",
	    "\033Pq~~\033\\x" },
	{ "the title of screen(1)", "\033kabc\033\\x", "x" },
	{ "other strings", "\033Xa\033\\\033^b\033\\\033_c\033\\x", "x" },
	{ "too much popped", "\033[>1u\033[<3u\033[<u\033[<u",
	    "\033[>1u\033[<u" },
	{ "half a character", "a\342\202b", "a\357\277\275\357\277\275b" },
};

static void
asks(void)
{
	static const char questions[] =
	    "\033[c\033[>c\033[6n\033[?6n\033[5n\033[?25$p\033[?u\033[>q"
	    "\033]11;?\a\033]4;1;?\033\\";
	static const char never[] = "\033]52;c;?\a\033[21t\033P$qm\033\\\005";
	cleanup(buf) struct buf out = BUF_INIT, many = BUF_INIT;
	cleanup(buf) struct buf none = BUF_INIT;
	struct termfilter f;

	filter(&f, true, questions, sizeof(questions) - 1, 3, &out);
	CHECK_STR(out.s, questions);
	CHECK(termfilter_asked(&f));
	CHECK(!termfilter_asked(&f));
	filter(&f, true, never, sizeof(never) - 1, 3, &none);
	CHECK_STR(none.s, "");
	CHECK(!termfilter_asked(&f));
	for (int i = 0; i < TERMFILTER_ASK_MAX + 9; i++)
		termfilter_feed(&f, "\033[6n", 4, collect, &many);
	CHECK(many.len == TERMFILTER_ASK_MAX * 4);
	termfilter_answered(&f);
	termfilter_feed(&f, "\033[6n", 4, collect, &many);
	CHECK(many.len == TERMFILTER_ASK_MAX * 4 + 4);
}

static void
resets(void)
{
	static const struct {
		const char *in, *want;
	} cases[] = {
		{ "plain", "" },
		{ "\033[?1049h\033[?25l\033=\033[?1h", "\033[?1049l\033[?1l"
						       "\033[?25h\033>" },
		{ "\033[?1049h\033[?1049l\033[?25l\033[?25h\033[31mx\033[0m",
		    "" },
		{ "\033[?1000;1002;1003;1006;1004;2004h",
		    "\033[?1000l\033[?1002l\033[?1003l\033[?1004l\033[?1006l"
		    "\033[?2004l" },
		{ "\033[>1u\033[>5u\033[?1049h\033[>1u",
		    "\033[<1u\033[?1049l\033[<2u" },
		{ "\033[=5u\033[2 q\033[>4;1m", "\033[>4m\033[=0u\033[0 q" },
		{ "\016\033(0\033[1;3r\033[32m",
		    "\033(B\017\0337\033[r\0338\033[m" },
		{ "\033]8;;http://x\a\033]11;#000000\a",
		    "\033]8;;\033\\\033]111\033\\" },
		{ "\033Pq~~", "\033\\" },
		{ "\033[?7l\033[?2026h", "\033[?7h\033[?2026l" },
	};
	static const char all[] =
	    "\033[?1;5;6;9;47;66;69;1000;1002;1003;1004;1005;1006h"
	    "\033[?1015;1016;1047;1049;2004;2026;2027h\033[?7;25l\033[4;20h"
	    "\033=\033[>4;2m\033[>1u\033[=1u\033[2 q\033(0\016\033[1;2r"
	    "\033[1m\033]8;;http://x\a\033]4;1;red\a\033]10;red\a"
	    "\033]11;red\a\033]12;red\a\033Pq";
	char out[TERMFILTER_RESET_MAX + 1];
	struct termfilter f;
	size_t n;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		cleanup(buf) struct buf ignored = BUF_INIT;

		filter(
		    &f, false, cases[i].in, strlen(cases[i].in), 7, &ignored);
		out[termfilter_reset(&f, out)] = '\0';
		CHECK_STR(out, cases[i].want);
		CHECK(termfilter_reset(&f, out) == 0);
	}
	{
		cleanup(buf) struct buf ignored = BUF_INIT;

		filter(&f, false, all, sizeof(all) - 1, 9, &ignored);
		n = termfilter_reset(&f, out);
		out[n] = '\0';
		printf("# everything: %zu bytes\n", n);
		/* Nothing was left out for want of space. */
		CHECK(strstr(out, "\033]112\033\\"));
		CHECK(n < TERMFILTER_RESET_MAX);
	}
}

static void
line_starts(void)
{
	static const struct {
		const char *in;
		bool start;
	} cases[] = { { "", true }, { "a", false }, { "a\n", true },
		{ "a\r\n", true }, { "a\r", false }, { "a\n\033[0m", true },
		{ "\033[32ma\033[m\n\033]0;t\a", true }, { "\033[H", false },
		{ "a\n\033[A", false }, { "a\nb\033[0m", false },
		{ "\xe2\x82\xac\n", true }, { "\n\xe2\x82\xac", false } };

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		cleanup(buf) struct buf out = BUF_INIT;
		struct termfilter f;

		filter(&f, false, cases[i].in, strlen(cases[i].in), 1, &out);
		printf("# line start %zu\n", i);
		CHECK(termfilter_line_start(&f) == cases[i].start);
	}
}

static void
count(void *arg, const char *p, size_t n)
{
	(void)p;
	*(size_t *)arg += n;
}

static double
rate(const char *what, const char *line)
{
	enum { SIZE = 1 << 16, ROUNDS = 2048 };
	static char data[SIZE];
	struct termfilter f;
	struct timespec a, b;
	size_t n = strlen(line), out = 0;
	double seconds;

	for (size_t i = 0; i + n <= SIZE; i += n)
		memcpy(data + i, line, n);
	termfilter_init(&f, true);
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
	for (int i = 0; i < ROUNDS; i++)
		termfilter_feed(&f, data, SIZE / n * n, count, &out);
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
	seconds = (double)(b.tv_sec - a.tv_sec) +
		  (double)(b.tv_nsec - a.tv_nsec) / 1e9;
	printf("# %s: %.2f GB/s\n", what, (double)out / seconds / 1e9);
	CHECK(out == (size_t)ROUNDS * (SIZE / n * n));
	return (double)out / seconds / 1e9;
}

int
main(void)
{
	double plain;

	keeps();
	for (size_t i = 0; i < ARRAY_LEN(drops); i++)
		passes(drops[i].what, drops[i].in, strlen(drops[i].in),
		    drops[i].want);
	asks();
	resets();
	line_starts();
	plain = rate(
	    "text", "The quick brown fox jumps over the lazy dog.\r\n");
	(void)rate("UTF-8", "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\r\n");
	(void)rate("colours", "\033[32mok\033[0m 12 - something\r\n");
	/* A third of what is promised, for a busy host and for sanitizers. */
	CHECK(plain > 0.05);
	return tap_end();
}
