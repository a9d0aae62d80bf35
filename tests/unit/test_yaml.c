#include "core/yaml.h"

#include <time.h>

#include "base/buf.h"
#include "tests/tap.h"

/* Every complaint about a text, one a line. */
static void
complaints(struct buf *out, const char *text, size_t len)
{
	cleanup(arena) struct arena *a = arena_new();
	struct diags d = { .count = 0 };
	const struct ynode *root = yaml_parse(a, text, len, &d);

	if (!root && !d.count)
		buf_adds(out, "(refused without a reason)");
	for (size_t i = 0; i < d.count && i < DIAG_MAX; i++)
		buf_addf(out, "%s%u:%u: %s", i ? "\n" : "", d.at[i].line,
		    d.at[i].column, d.at[i].text);
	if (!d.count)
		buf_adds(out, "(accepted)");
}

static void
check_text(const char *text, size_t len, const char *want)
{
	cleanup(buf) struct buf got = BUF_INIT;

	complaints(&got, text, len);
	CHECK_STR(got.s, want);
}

#define ROW(text, want)                      \
	{                                    \
		text, sizeof(text) - 1, want \
	}

static const struct {
	const char *text;
	size_t len;
	const char *want;
} table[] = {
	ROW("", "(accepted)"),
	ROW("# a comment\n\n", "(accepted)"),
	ROW("---\n", "(accepted)"),
	ROW("a: b\r\nc: d\r\n", "(accepted)"),
	ROW("---\na: b\n...\n", "(accepted)"),
	ROW("a: \"\\t\\n\"\nb: |\n  x\n  \ty\n", "(accepted)"),

	/* nothing by reference, nothing with a type, nothing twice */
	ROW("a: &x b\n", "1:4: anchors (&name) are not supported"),
	ROW("a: &x [b]\n", "1:4: anchors (&name) are not supported"),
	ROW("a: &x {b: c}\n", "1:4: anchors (&name) are not supported"),
	ROW("&x a: b\n", "1:1: anchors (&name) are not supported"),
	ROW("a: *x\n", "1:4: aliases (*name) are not supported"),
	ROW("*x : a\n", "1:1: aliases (*name) are not supported"),
	ROW("a: &a [*a]\n", "1:4: anchors (&name) are not supported\n"
			    "1:8: aliases (*name) are not supported"),
	ROW("<<: {a: b}\n", "1:1: merge keys (<<) are not supported"),
	ROW("a: !!int 1\n", "1:4: tags (!name) are not supported"),
	ROW("a: !x [1]\n", "1:4: tags (!name) are not supported"),
	ROW("a: !!python/object:os.system {}\n",
	    "1:4: tags (!name) are not supported"),
	ROW("a: ! b\n", "1:4: tags (!name) are not supported"),
	ROW("%YAML 1.1\n---\na: b\n",
	    "1:1: directives (%) are not supported; quote a text that "
	    "starts so"),
	ROW("%TAG !e! tag:e:\n---\na: b\n",
	    "1:1: directives (%) are not supported; quote a text that "
	    "starts so"),
	ROW("a: b\n---\nc: d\n", "2:1: only one document per file"),
	ROW("a: b\n...\n---\n", "3:1: only one document per file"),
	ROW("a: 1\nb: 2\na: 3\n", "3:1: duplicate key \"a\"; first on line 1"),
	ROW("a: 1\n\"a\": 2\na: 3\n",
	    "2:1: duplicate key \"a\"; first on line 1\n"
	    "3:1: duplicate key \"a\"; first on line 1"),
	ROW("b: {c: 1, a: 2, c: 3}\n",
	    "1:17: duplicate key \"c\"; first on line 1"),

	/* keys are words */
	ROW("? [a, b]\n: c\n", "1:3: a key must be a single word"),
	ROW("? {a: b}\n: c\n", "1:3: a key must be a single word"),
	ROW(": c\n", "1:1: did not find expected key"),
	ROW("\"a\\nb\": c\n", "1:1: a key must be a single line"),
	ROW("\xd1\x81pus: 1\n", "1:1: a key must be ASCII"),
	ROW("kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"
	    "k: 1\n",
	    "1:1: a key has at most 64 characters"),

	/* UTF-8, and what is seen is what is there */
	ROW("\xef\xbb\xbf"
	    "a: b\n",
	    "1:1: byte order mark: save the file as UTF-8 without one"),
	ROW("\xff\xfe"
	    "a\0",
	    "1:1: byte order mark: save the file as UTF-8 without one"),
	ROW("\xfe\xff\0a",
	    "1:1: byte order mark: save the file as UTF-8 without one"),
	ROW("a\0", "1:2: character U+0000 is not allowed"),
	ROW("a: caf\xe9\n", "1:7: not UTF-8"),
	ROW("a: \xc0\xaf\n", "1:4: not UTF-8"),
	ROW("a: \xed\xa0\x80\n", "1:4: not UTF-8"),
	ROW("a: b\rc: d\n", "1:5: character U+000D is not allowed"),
	ROW("a: b\xc2\x85"
	    "c: d\n",
	    "1:5: character U+0085 is not allowed"),
	ROW("a: \xe2\x80\xa8\n", "1:4: character U+2028 is not allowed"),
	ROW("# \xe2\x80\xae\n#\x1b[m\n",
	    "1:3: character U+202E is not allowed\n"
	    "2:2: character U+001B is not allowed"),
	ROW("\xc3\xa9\xc3\xa9: \xe2\x80\x8b\n",
	    "1:5: character U+200B is not allowed"),
	ROW("a: \xef\xbf\xbf\n", "1:4: character U+FFFF is not allowed"),
	ROW("a: \"\\e]52;c;x\\a\"\n", "1:4: character U+001B is not allowed"),
	ROW("a: \"\\x9b31m\"\n", "1:4: character U+009B is not allowed"),
	ROW("a: \"\\0\"\n", "1:4: character U+0000 is not allowed"),
	ROW("a: \"\\r\\nallowed: yes\"\n",
	    "1:4: character U+000D is not allowed"),
	ROW("a: \"\\u202E\"\n", "1:4: character U+202E is not allowed"),
	ROW("\"\\e\": a\n", "1:1: character U+001B is not allowed"),

	/* one complaint about syntax; what was found before it is kept */
	ROW("a: [\n", "2:1: did not find expected node content"),
	ROW("a: *x\nb: [\n", "1:4: aliases (*name) are not supported\n"
			     "3:1: did not find expected node content"),
	ROW("a: b: c\n",
	    "1:5: a colon and a space are not allowed here: quote the text"),
	ROW("a:\n\t- b\n",
	    "2:1: nothing can start like this: indent with spaces, not tabs, "
	    "and quote @ and `"),
	ROW("a: @b\n",
	    "1:4: nothing can start like this: indent with spaces, not tabs, "
	    "and quote @ and `"),
	ROW("a: 'b\nc: d\n", "1:4: this quote has no end"),
	ROW("a: \"b\n", "1:4: this quote has no end"),
};

static void
test_table(void)
{
	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		check_text(table[i].text, table[i].len, table[i].want);
}

static void
test_tree(void)
{
	static const char text[] = "a: x\nb: [\"1\", 2]\nc: |\n  p\n  q\n";
	cleanup(arena) struct arena *a = arena_new();
	struct diags d = { .count = 0 };
	const struct ynode *n = yaml_parse(a, text, sizeof(text) - 1, &d);

	CHECK(n && n->kind == Y_MAP && !d.count);
	if (!n)
		return;
	n = n->first;
	CHECK_STR(n->key->str, "a");
	CHECK_STR(n->str, "x");
	CHECK(n->line == 1 && n->column == 4 && !n->quoted && !n->lines);
	n = n->next;
	CHECK(n->kind == Y_SEQ && n->first->quoted);
	CHECK_STR(n->first->next->str, "2");
	CHECK(!n->first->next->quoted && !n->first->next->next);
	n = n->next;
	CHECK_STR(n->str, "p\nq\n");
	CHECK(n->quoted && n->lines && !n->next);
}

/* Readers see one value for one key, however often it is there. */
static void
test_duplicates(void)
{
	static const char text[] = "b: 1\na: 1\na: 2\nc: 1\na: 3\n";
	cleanup(arena) struct arena *a = arena_new();
	cleanup(buf) struct buf seen = BUF_INIT;
	struct diags d = { .count = 0 };
	const struct ynode *root = yaml_parse(a, text, sizeof(text) - 1, &d);

	CHECK(root && d.count == 2);
	for (const struct ynode *n = root ? root->first : NULL; n; n = n->next)
		buf_addf(&seen, "%s%s ", n->key->str,
		    n->kind == Y_BAD ? "!" : n->str);
	CHECK_STR(seen.s, "b1 a1 a! c1 a! ");
}

/* A sequence inside a sequence, n times, in both styles; and mappings. */
static void
test_depth(void)
{
	static const struct {
		const char *open;
		size_t times;
		const char *want;
	} rows[] = {
		{ "[", 16, "2:1: did not find expected node content" },
		{ "[", 17, "1:17: nested more than 16 deep" },
		{ "[", 100000, "1:17: nested more than 16 deep" },
		{ "- ", 16, "(accepted)" },
		{ "- ", 17, "1:33: nested more than 16 deep" },
		{ "- ", 100000, "1:33: nested more than 16 deep" },
		{ "{a: ", 17, "1:65: nested more than 16 deep" },
		{ "{a: ", 60000, "1:65: nested more than 16 deep" },
		{ "? ", 100000, "1:33: nested more than 16 deep" },
		{ "[{", 100000, "1:17: nested more than 16 deep" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup(buf) struct buf text = BUF_INIT;

		for (size_t j = 0; j < rows[i].times; j++)
			buf_adds(&text, rows[i].open);
		check_text(text.s, text.len, rows[i].want);
	}
}

static void
repeat(struct buf *out, const char *fmt, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *p = strchr(fmt, '@');

		buf_add(out, fmt, (size_t)(p - fmt));
		buf_addf(out, "%zu%s", i, p + 1);
	}
}

/* What each hostile file ends in, and that it ends soon. */
static void
test_bombs(void)
{
	static const struct {
		const char *head, *unit;
		size_t times;
		const char *want;
	} rows[] = {
		{ "", "k@: 1\n", 4999, "(accepted)" },
		{ "", "k@: 1\n", 5001, "5000:8: more than 10000 values" },
		{ "", "kkkkkkkk@: 1\n", 400000,
		    "1:1: the file is larger than 256 KiB" },
		{ "", "- @\n", 9999, "(accepted)" },
		{ "", "- @\n", 10000, "10000:3: more than 10000 values" },
		{ "a: |\n", " x@\n", 12000, "1:4: longer than 64 KiB" },
		{ "a: \"", "@\\\\", 20000, NULL },
		{ "", "@ ", 30000, NULL },
		{ "#", "@", 40000, "(accepted)" },
		{ "a: &a x\nb: ", "@ &", 40000, NULL },
		{ "", "- &a@ x\n", 20000, NULL },
		{ "{", "a: *a@, ", 20000, NULL },
		{ "", "? a@\n", 20000, NULL },
		{ "", "a@:\n", 4999, "(accepted)" },
		{ "{", "a:\n#@\n,", 4999, NULL },
		{ "", "--- @\n", 20000, NULL },
		{ "", "%TAG !@! x:\n", 10000, NULL },
		{ "", "'@", 40000, NULL },
		{ "[", "\"@\":", 20000, NULL },
		{ "", "\x1b@", 40000, NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup(buf) struct buf text = BUF_INIT;
		cleanup(buf) struct buf got = BUF_INIT;
		clock_t start;
		double ms;

		buf_adds(&text, rows[i].head);
		repeat(&text, rows[i].unit, rows[i].times);
		start = clock();
		complaints(&got, text.s, text.len);
		ms = (double)(clock() - start) * 1000 / CLOCKS_PER_SEC;
		printf("# %.2f ms: %zu of %s\n", ms, rows[i].times,
		    rows[i].unit[0] == '\x1b' ? "ESC" : "a unit");
		if (rows[i].want)
			CHECK_STR(got.s, rows[i].want);
		else
			CHECK(got.len && strcmp(got.s, "(accepted)") != 0);
		CHECK(ms < 500); /* sanitizers and a busy machine included */
	}
}

/* Only the first ones are kept, by place, and all are counted. */
static void
test_many(void)
{
	cleanup(arena) struct arena *a = arena_new();
	cleanup(buf) struct buf text = BUF_INIT;
	struct diags d = { .count = 0 };

	repeat(&text, "- &a@ x\n", 40);
	CHECK(yaml_parse(a, text.s, text.len, &d) != NULL);
	CHECK(d.count == 40);
	CHECK(d.at[0].line == 1 && d.at[DIAG_MAX - 1].line == DIAG_MAX);

	/* found at the end of the map, shown where it is */
	d.count = 0;
	buf_release(&text);
	buf_adds(&text, "a: 1\na: 2\n");
	repeat(&text, "b@: &x 1\n", 40);
	CHECK(yaml_parse(a, text.s, text.len, &d) != NULL);
	CHECK(d.count == 41);
	CHECK_STR(d.at[0].text, "duplicate key \"a\"; first on line 1");
	CHECK(d.at[1].line == 3 && d.at[DIAG_MAX - 1].line == DIAG_MAX + 1);
}

int
main(void)
{
	test_table();
	test_tree();
	test_duplicates();
	test_depth();
	test_bombs();
	test_many();
	return tap_end();
}
