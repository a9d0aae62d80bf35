#include "base/base.h"

#include "core/lockfile.h"
#include "tests/tap.h"

#define PIN(alias, digest)                                                \
	"{\"version\":1,\"images\":{\"x86_64\":{\"alias\":\"" alias "\"," \
	"\"location\":\"https://h/i\",\"digest\":\"" digest "\"}}}"

static const struct {
	const char *text, *why;
} rows[] = {
	{ PIN("debian-13", "sha256:aa"), "" },
	{ PIN("another", "sha256:bb"), "" },
	{ "{\"version\":1,\"images\":{}}", "" },
	{ PIN("debian-13", "sha256:bb"),
	    "Machinefile.lock pins the image debian-13 to sha256:bb, but it is "
	    "now sha256:aa: to take the new one, type: machine lock" },
	{ "{\"version\":2,\"images\":{}}",
	    "Machinefile.lock is not of version 1: write it anew with `machine "
	    "lock`" },
	{ "{\"version\":1}",
	    "Machinefile.lock is damaged: write it anew with `machine lock`" },
	{ "{\"version\":1,\"images\":{\"x86_64\":{\"alias\":1}}}",
	    "Machinefile.lock is damaged: write it anew with `machine lock`" },
	{ "[", "Machinefile.lock: not valid JSON: line 1: ']' expected near "
	       "end of file" },
};

int
main(void)
{
	const struct image image = { .alias = "debian-13",
		.location = "https://h/i",
		.digest = "sha256:aa",
		.arch = "x86_64" };
	const struct image other = { .alias = "debian-13",
		.location = "https://h/j",
		.digest = "sha256:cc",
		.arch = "aarch64" };
	const struct image local = {
		.alias = "debian-13", .location = "/i", .arch = "x86_64"
	};
	cleanup(buf) struct buf one = BUF_INIT;
	cleanup(buf) struct buf two = BUF_INIT;
	struct err e = ERR_INIT;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int rc;

		e = (struct err)ERR_INIT;
		rc = lockfile_check(
		    rows[i].text, strlen(rows[i].text), &image, &e);
		CHECK(!rc == !rows[i].why[0]);
		CHECK_STR(e.msg, rows[i].why);
	}
	CHECK(lockfile_check(rows[0].text, strlen(rows[0].text), &local, &e) ==
	      -1);
	CHECK(strstr(e.msg, "a local file without a digest") != NULL);

	/* Written and read; the other architecture is kept. */
	CHECK(lockfile_write(&one, NULL, 0, &image, &e) == 0);
	CHECK(lockfile_write(&two, one.s, one.len, &other, &e) == 0);
	CHECK(lockfile_check(two.s, two.len, &image, &e) == 0);
	CHECK(lockfile_check(two.s, two.len, &other, &e) == 0);
	CHECK(lockfile_check(one.s, one.len, &other, &e) == 0);
	CHECK(lockfile_write(&two, "{}", 2, &other, &e) == -1);
	return tap_end();
}
