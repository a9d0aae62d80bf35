#include "base/base.h"

#include <sys/stat.h>

#include <fcntl.h>

#include "base/fs.h"
#include "host/state.h"
#include "tests/tap.h"

#define H32 "0123456789abcdef0123456789abcdef"
#define H64 H32 H32

static char top[] = "/tmp/machine-test-XXXXXX";
static struct paths paths;

static const char *
parse(const char *text)
{
	static struct err e;
	cleanup(record) struct record r = { 0 };

	return record_parse(&r, text, strlen(text), &e) ? e.msg : "(read)";
}

static void
test_record(void)
{
	cleanup(state) struct state s = STATE_INIT;
	cleanup(record) struct record r = { 0 };
	cleanup(record) struct record back = { 0 };
	struct err e = ERR_INIT;

	CHECK(state_open(&s, &paths, "/p/one", true, &e) == 0 && s.fd >= 0);
	CHECK(record_load(&r, &s, &e) == 0 && !r.image && !r.nsteps);
	r.image = xstrdup("/some/image");
	r.parent = xstrdup("b-" H32);
	memcpy(r.verified, H32, sizeof(r.verified));
	memcpy(r.applied, H64, sizeof(r.applied));
	memcpy(r.ready, "12-34", 6);
	record_add_step(&r, H32);
	record_add_change(&r, H32);
	record_add_change(&r, H32);
	r.failed_step = 2;
	r.failed_status = 7;
	memcpy(r.attempted, H64, sizeof(r.attempted));
	CHECK(record_save(&r, &s, &e) == 0);
	CHECK(record_load(&back, &s, &e) == 0);
	CHECK_STR(back.image, "/some/image");
	CHECK_STR(back.digest, NULL);
	CHECK_STR(back.parent, "b-" H32);
	CHECK_STR(back.verified, H32);
	CHECK_STR(back.session, "");
	CHECK_STR(back.applied, H64);
	CHECK_STR(back.ready, "12-34");
	CHECK(back.nsteps == 1);
	CHECK_STR(back.steps[0], H32);
	CHECK(back.nchanges == 2);
	CHECK_STR(back.changes[1], H32);
	CHECK(back.failed_step == 2 && back.failed_status == 7);
	CHECK_STR(back.attempted, H64);
	record_forget_steps(&back);
	CHECK(back.nsteps == 0 && back.nchanges == 0);
}

static void
test_damaged(void)
{
	CHECK_STR(parse("{\"version\":2}"), "(read)");
	CHECK_STR(parse("{}"),
	    "record.json has the format version 0, this machine knows 2");
	CHECK_STR(parse("{\"version\":3}"),
	    "record.json has the format version 3, this machine knows 2");
	CHECK_STR(parse("{\"version\":2,\"session\":\"xyz\"}"),
	    "record.json is damaged: type: machine destroy");
	CHECK_STR(parse("{\"version\":2,\"session\":7}"),
	    "record.json is damaged: type: machine destroy");
	CHECK_STR(parse("{\"version\":2,\"steps\":[\"short\"]}"),
	    "record.json is damaged: type: machine destroy");
	CHECK_STR(parse("{\"version\":2,\"failed_step\":-1,"
			"\"failed_status\":1}"),
	    "record.json is damaged: type: machine destroy");
	CHECK_STR(parse("{\"version\":2,\"failed_step\":1}"),
	    "record.json is damaged: type: machine destroy");
	CHECK_STR(parse("{"),
	    "record.json: not valid JSON: line 1: string or '}' expected near "
	    "end of file");
}

static int
count(struct state *s, const char *root, void *arg, struct err *e)
{
	(void)s, (void)root, (void)e;
	(*(int *)arg)++;
	return 0;
}

/* Two paths with one name: a directory that is about another path is skipped.
 */
static void
test_collision(void)
{
	cleanup(state) struct state a = STATE_INIT;
	cleanup(state) struct state b = STATE_INIT;
	struct err e = ERR_INIT;
	int n = 0;

	CHECK(state_open(&a, &paths, "/p/two", true, &e) == 0);
	CHECK(fs_replace(a.fd, "root", "/p/three", 8, 0600, &e) == 0);
	CHECK(state_open(&b, &paths, "/p/two", false, &e) == 0 && b.fd < 0);
	CHECK(state_open(&b, &paths, "/p/two", true, &e) == 0 && b.fd >= 0);
	CHECK(strncmp(a.id, b.id, HASH_XXH64_HEX) == 0);
	CHECK(strcmp(b.id + HASH_XXH64_HEX, "1") == 0);
	state_release(&b);
	/* And it is found again under that name. */
	CHECK(state_open(&b, &paths, "/p/two", false, &e) == 0);
	CHECK(strcmp(b.id + HASH_XXH64_HEX, "1") == 0);
	CHECK(state_each(&paths, count, &n, &e) == 0 && n == 3);
}

/* A process that was killed while it made the directory leaves no obstacle. */
static void
test_interrupted(void)
{
	cleanup(state) struct state a = STATE_INIT;
	cleanup(state) struct state b = STATE_INIT;
	struct err e = ERR_INIT;

	CHECK(state_open(&a, &paths, "/p/four", true, &e) == 0);
	CHECK(fs_remove(a.fd, "root", &e) == 0);
	CHECK(state_open(&b, &paths, "/p/four", true, &e) == 0 && b.fd >= 0);
	CHECK_STR(b.id, a.id);
}

int
main(void)
{
	struct err e = ERR_INIT;

	CHECK(mkdtemp(top) != NULL);
	(void)setenv("HOME", top, 1);
	(void)setenv("MACHINE_HOME", top, 1);
	CHECK(paths_init(&paths, &e) == 0);
	test_record();
	test_damaged();
	test_collision();
	test_interrupted();
	paths_release(&paths);
	CHECK(fs_remove_tree(AT_FDCWD, top, &e) == 0);
	return tap_end();
}
