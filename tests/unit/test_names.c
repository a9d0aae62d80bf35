#include "host/names.h"

#include "tests/tap.h"

/* What a hostile guest may say is either a plain name or nothing. */
static void
test_filter(void)
{
	static const struct {
		const char *said, *kept;
	} rows[] = {
		{ "", "" },
		{ "ls\ngcc-12\nc++\n[\n_x.y\n", "ls\ngcc-12\nc++\n_x.y\n" },
		{ "ls\ncut off", "ls\n" },
		{ "$(touch x)\n`id`\na b\na;b\n-\xc3\xa9\n\x1b]52;\n\n/bin/ls\n",
		    "" },
		{ "a\rb\nok\n", "ok\n" },
	};
	cleanup(buf) struct buf many = BUF_INIT;
	cleanup(buf) struct buf kept = BUF_INIT;
	char name[NAMES_LEN + 3];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup(buf) struct buf out = BUF_INIT;

		names_filter(&out, rows[i].said, strlen(rows[i].said));
		CHECK_STR(out.s, rows[i].kept);
	}
	memset(name, 'x', sizeof(name));
	name[NAMES_LEN] = '\n';
	names_filter(&kept, name, NAMES_LEN + 1);
	CHECK(kept.len == NAMES_LEN + 1);
	buf_release(&kept);
	name[NAMES_LEN] = 'x';
	name[NAMES_LEN + 1] = '\n';
	names_filter(&kept, name, NAMES_LEN + 2);
	CHECK(kept.len == 0);
	names_filter(&kept, "a\0b\n", 4);
	CHECK(kept.len == 0);
	for (int i = 0; i < NAMES_MAX + 10; i++)
		buf_adds(&many, "a\n");
	names_filter(&kept, many.s, many.len);
	CHECK(kept.len == 2 * NAMES_MAX);
}

int
main(void)
{
	test_filter();
	return tap_end();
}
