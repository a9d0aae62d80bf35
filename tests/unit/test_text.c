#include "base/base.h"

#include "base/argv.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/msg.h"
#include "base/quote.h"
#include "base/utf8.h"
#include "tests/tap.h"

/* What others wrote, and how it is shown. */
static const struct {
	const char *text, *shown;
} scrubbed[] = {
	{ "plain text", "plain text" },
	{ "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f" },
	{ "\033[31m", "\\x1b[31m" }, /* colour */
	{ "\033]52;c;eA==\a", "\\x1b]52;c;eA==\\x07" }, /* clipboard */
	{ "a\rb", "a\\x0db" },
	{ "\xc2\x9b" "31m", "\\u{9B}31m" }, /* C1: CSI in one character */
	{ "a\xe2\x80\xae" "b", "a\\u{202E}b" }, /* right to left */
	{ "a\xe2\x80\x8b" "b", "a\\u{200B}b" }, /* zero width */
	{ "\xf3\xa0\x81\x81", "\\u{E0041}" }, /* tag */
	{ "\xff\xc0\x80", "\\xff\\xc0\\x80" }, /* not UTF-8 */
	{ "\xed\xa0\x80", "\\xed\\xa0\\x80" }, /* a surrogate */
	{ "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80" }, /* above U+10FFFF */
	{ "a\nb\tc", "a\nb\tc" },
};

static void
test_scrub(void)
{
	for (size_t i = 0; i < ARRAY_LEN(scrubbed); i++) {
		cleanup(buf) struct buf out = BUF_INIT;

		msg_scrub(&out, scrubbed[i].text, strlen(scrubbed[i].text),
		    true);
		CHECK_STR(out.s, scrubbed[i].shown);
	}
	{
		cleanup(buf) struct buf out = BUF_INIT;

		msg_scrub(&out, "a\nb\0c", 5, false);
		CHECK_STR(out.s, "a\\x0ab\\x00c");
	}
	CHECK(utf8_valid("\xe2\x82\xac", 3));
	CHECK(!utf8_valid("\xe2\x82", 2));
}

static void
test_hash(void)
{
	char h64[HASH_XXH64_HEX + 1], h128[HASH_XXH128_HEX + 1];
	char sha[HASH_SHA256_HEX + 1];

	/* xxhsum -H3, xxhsum -H128 and sha256sum of nothing */
	hash_xxh64("", 0, h64);
	CHECK_STR(h64, "2d06800538d394c2");
	hash_xxh128("", 0, h128);
	CHECK_STR(h128, "99aa06d3014798d86001c324468d497f");
	hash_sha256("", 0, sha);
	CHECK_STR(sha, "e3b0c44298fc1c149afbf4c8996fb924"
		       "27ae41e4649b934ca495991b7852b855");
}

static void
test_json(void)
{
	static const char text[] =
	    "{\"n\": 3, \"s\": \"x\", \"b\": true, \"a\": [\"p\", 1]}";
	struct err e = ERR_INIT;
	cleanup(json) struct json *j = json_parse("t", text, strlen(text), &e);
	cleanup(json) struct json *same = NULL;
	cleanup(buf) struct buf out = BUF_INIT;
	int64_t n;

	CHECK(j != NULL);
	CHECK(json_get_int(j, "n", &n) && n == 3);
	CHECK(!json_get_int(j, "s", &n) && !json_get_int(j, "none", &n));
	CHECK_STR(json_get_str(j, "s"), "x");
	CHECK_STR(json_get_str(j, "n"), NULL);
	CHECK(json_get_bool(j, "b") && !json_get_bool(j, "s"));
	CHECK(json_len(json_get(j, "a")) == 2 && json_len(j) == 0);
	CHECK_STR(json_at_str(json_get(j, "a"), 0), "p");
	CHECK_STR(json_at_str(json_get(j, "a"), 1), NULL);
	json_write(&out, j, false);
	same = json_parse("t", out.s, out.len, &e);
	CHECK(json_same(j, same));
	json_set_int(same, "n", 4);
	CHECK(!json_same(j, same));
	CHECK(json_parse("f", "{\"a\":1,\"a\":2}", 13, &e) == NULL);
	CHECK_STR(e.msg,
	    "f: not valid JSON: line 1: duplicate object key near '\"a\"'");
	CHECK(json_parse("f", "{} x", 4, &e) == NULL);
}

static void
test_err(void)
{
	struct err e = ERR_INIT;

	CHECK(err_set(&e, ERR_CONFIG, "%s is wrong", "x") == -1);
	CHECK(err_wrap(&e, "in %d", 7) == -1);
	CHECK_STR(e.msg, "in 7: x is wrong");
	CHECK(e.code == ERR_CONFIG);
}

static void
test_argv(void)
{
	cleanup(argv) struct argv a = ARGV_INIT;

	argv_push(&a, "one");
	argv_pushf(&a, "%s=%d", "two", 2);
	CHECK(a.n == 2 && a.v[2] == NULL);
	CHECK_STR(a.v[1], "two=2");
}

/* With an argument: print it quoted, for tests/shell/hook.t. */
int
main(int argc, char **argv)
{
	cleanup(buf) struct buf b = BUF_INIT;

	if (argc == 2) {
		quote_sh(&b, argv[1]);
		(void)fwrite(b.s, 1, b.len, stdout);
		return 0;
	}
	test_scrub();
	test_hash();
	test_json();
	test_err();
	test_argv();
	return tap_end();
}
