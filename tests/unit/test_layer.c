#include "host/layer.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>

#include "base/fs.h"
#include "tests/tap.h"

static char top[] = "/tmp/machine-test-layer.XXXXXX";
static struct paths paths;

static struct buf
text_of(const char *s)
{
	struct buf b = BUF_INIT;

	buf_adds(&b, s);
	return b;
}

static void
put(const char *dir, const char *name, const char *bytes)
{
	cleanup(str) char *path = path_join(dir, name);
	FILE *f = fopen(path, "w");

	CHECK(f && fputs(bytes, f) >= 0 && fclose(f) == 0);
}

/* As a builder does it; up to the last step if `whole`. */
static bool
build(struct layer *l, const struct buf *text, bool whole)
{
	struct err e = ERR_INIT;
	cleanup(fd) int lock = layer_lock(l, &e);
	cleanup(str) char *dir = lock < 0 ? NULL : layer_begin(l, &e);
	struct layer_record r = { .parent = "" };

	if (!dir)
		return false;
	put(dir, "disk.qcow2", "disk");
	if (!whole)
		return true;
	r.image = xstrdup("/an/image");
	r.cmdline = xstrdup("root=/dev/vda");
	return layer_commit(l, &r, text, &e) == 0;
}

static bool
there(const char *name)
{
	cleanup(str) char *layers = path_join(paths.data, "layers");
	cleanup(str) char *path = path_join(layers, name);
	struct stat st;

	return lstat(path, &st) == 0;
}

static void
test_build(void)
{
	cleanup(buf) struct buf text = text_of("a text");
	cleanup(layer) struct layer l = { .name = "" }, again = { .name = "" };
	cleanup(layer) struct layer by_name = { .name = "" };
	struct err e = ERR_INIT;

	CHECK(layer_find(&l, &paths, KIND_BASE, &text, &e) == 0 && !l.exists);
	CHECK(strncmp(l.name, "b-", 2) == 0);
	CHECK(build(&l, &text, true));
	CHECK(l.exists);
	CHECK(layer_find(&again, &paths, KIND_BASE, &text, &e) == 0);
	CHECK(again.exists);
	CHECK_STR(again.name, l.name);
	CHECK_STR(again.record.image, "/an/image");
	CHECK_STR(again.record.cmdline, "root=/dev/vda");
	CHECK_STR(again.record.parent, "");
	CHECK(layer_open(&by_name, &paths, l.name, &e) == 0);
	CHECK_STR(by_name.dir, l.dir);
	CHECK(layer_demote(&by_name, "no ext4", &e) == 0);
	layer_release(&again);
	CHECK(layer_find(&again, &paths, KIND_BASE, &text, &e) == 0);
	CHECK_STR(again.record.cmdline, NULL);
	CHECK_STR(again.record.why, "no ext4");
}

/* The hash finds, the bytes decide: what only has the name is another one. */
static void
test_collision(void)
{
	cleanup(buf) struct buf text = text_of("one text");
	cleanup(layer) struct layer l = { .name = "" }, other = { .name = "" };
	struct err e = ERR_INIT;

	CHECK(layer_find(&l, &paths, KIND_GOLDEN, &text, &e) == 0);
	CHECK(build(&l, &text, true));
	put(l.dir, "text", "two text");
	CHECK(layer_find(&other, &paths, KIND_GOLDEN, &text, &e) == 0);
	CHECK(!other.exists);
	CHECK(strncmp(other.name, l.name, strlen(l.name)) == 0);
	CHECK_STR(other.name + strlen(l.name), "-1");
	CHECK(build(&other, &text, true));
	layer_release(&l);
	CHECK(layer_find(&l, &paths, KIND_GOLDEN, &text, &e) == 0 && l.exists);
	CHECK_STR(l.name, other.name);
}

/* A builder that died: nothing of it is used, and the next one sweeps it. */
static void
test_torn(void)
{
	cleanup(buf) struct buf text = text_of("torn");
	cleanup(layer) struct layer l = { .name = "" };
	cleanup(buf) struct buf new = BUF_INIT;
	struct err e = ERR_INIT;
	int lock;

	CHECK(layer_find(&l, &paths, KIND_PROJECT, &text, &e) == 0);
	CHECK(build(&l, &text, false));
	buf_addf(&new, "%s.new", l.name);
	CHECK(there(new.s));
	layer_release(&l);
	CHECK(layer_find(&l, &paths, KIND_PROJECT, &text, &e) == 0);
	CHECK(!l.exists);
	/* What somebody builds just now stays. */
	lock = layer_lock(&l, &e);
	CHECK(lock >= 0 && layer_sweep(&paths, &e) == 0 && there(new.s));
	CHECK(layer_lock(&l, &e) < 0 && e.sys == EWOULDBLOCK);
	CHECK(layer_wait(&l, 10, &e) == 1);
	(void)close(lock);
	CHECK(layer_wait(&l, 10, &e) == 0);
	CHECK(layer_sweep(&paths, &e) == 0 && !there(new.s));
	/* Without its disk it is not stored. */
	CHECK(build(&l, &text, false));
	{
		cleanup(str) char *disk = NULL;
		struct layer_record r = { .parent = "" };
		cleanup(buf) struct buf path = BUF_INIT;

		buf_addf(&path, "%s.new", l.dir);
		disk = path_join(path.s, "disk.qcow2");
		CHECK(unlink(disk) == 0);
		CHECK(layer_commit(&l, &r, &text, &e) < 0 && !l.exists);
		CHECK(!there(l.name));
	}
	layer_abandon(&l);
	CHECK(!there(new.s));
}

static int
count(const struct layer *l, void *arg, struct err *e)
{
	(void)l, (void)e;
	(*(int *)arg)++;
	return 0;
}

/* When it is asked the layer is out of sight. */
static bool
is_used(const char *name, void *arg)
{
	(void)arg;
	CHECK(!there(name));
	return true;
}

static void
test_list(void)
{
	cleanup(buf) struct buf text = text_of("a text");
	cleanup(layer) struct layer l = { .name = "" };
	struct err e = ERR_INIT;
	int before = 0, after = 0, lock;

	CHECK(layer_each(&paths, count, &before, &e) == 0 && before == 3);
	CHECK(layer_find(&l, &paths, KIND_BASE, &text, &e) == 0 && l.exists);
	CHECK(layer_last_use(&l) > 0);
	CHECK(layer_remove(&paths, l.name, is_used, NULL, &e) == 1 &&
	      there(l.name));
	lock = layer_lock(&l, &e);
	CHECK(
	    layer_remove(&paths, l.name, NULL, NULL, &e) == 1 && there(l.name));
	fd_close(lock);
	CHECK(layer_remove(&paths, l.name, NULL, NULL, &e) == 0 &&
	      !there(l.name));
	CHECK(layer_remove(&paths, l.name, NULL, NULL, &e) == 0);
	CHECK(layer_each(&paths, count, &after, &e) == 0 && after == 2);
	layer_release(&l);
	CHECK(layer_open(&l, &paths, "../x", &e) < 0);
}

static void
test_damaged(void)
{
	cleanup(buf) struct buf text = text_of("damaged");
	cleanup(layer) struct layer l = { .name = "" }, again = { .name = "" };
	static const char *const records[] = { "", "{}", "{\"version\":1}",
		"{\"version\":1,\"made\":1,\"parent\":\"../../x\"}",
		"{\"version\":2,\"made\":1}" };
	cleanup(str) char *disk = NULL;
	struct err e = ERR_INIT;

	CHECK(layer_find(&l, &paths, KIND_BASE, &text, &e) == 0);
	CHECK(build(&l, &text, true));
	for (size_t i = 0; i < ARRAY_LEN(records); i++) {
		put(l.dir, "record.json", records[i]);
		CHECK(layer_find(&again, &paths, KIND_BASE, &text, &e) < 0);
		CHECK(strstr(e.msg, "type: machine image prune") != NULL);
		layer_release(&again);
	}
	put(l.dir, "record.json", "{\"version\":1,\"made\":1}");
	CHECK(layer_find(&again, &paths, KIND_BASE, &text, &e) == 0);
	layer_release(&again);
	disk = path_join(l.dir, "disk.qcow2");
	CHECK(unlink(disk) == 0);
	CHECK(layer_find(&again, &paths, KIND_BASE, &text, &e) < 0);
	layer_release(&again);
}

static bool
removed_too(const char *name, void *arg)
{
	(void)name;
	(void)arg;
	return false;
}

/* One that somebody is about to use, of which no VM lives yet. */
static void
test_held(void)
{
	cleanup(buf) struct buf text = text_of("held");
	cleanup(layer) struct layer l = { .name = "" };
	struct err e = ERR_INIT;
	int one, two;

	CHECK(layer_find(&l, &paths, KIND_BASE, &text, &e) == 0);
	CHECK(build(&l, &text, true));
	one = layer_hold(&l, &e);
	two = layer_hold(&l, &e);
	CHECK(one >= 0 && two >= 0 && l.exists);
	CHECK(layer_wait(&l, 100, &e) == 0); /* nobody builds it */
	fd_close(one);
	CHECK(layer_remove(&paths, l.name, removed_too, NULL, &e) == 1);
	CHECK(there(l.name));
	fd_close(two);
	CHECK(layer_remove(&paths, l.name, removed_too, NULL, &e) == 0);
	CHECK(!there(l.name));
	one = layer_hold(&l, &e);
	CHECK(one >= 0 && !l.exists);
	fd_close(one);
}

int
main(void)
{
	struct err e = ERR_INIT;

	CHECK(mkdtemp(top) != NULL);
	(void)setenv("HOME", top, 1);
	(void)setenv("MACHINE_HOME", top, 1);
	CHECK(paths_init(&paths, &e) == 0);
	test_build();
	test_collision();
	test_torn();
	test_list();
	test_damaged();
	test_held();
	paths_release(&paths);
	CHECK(fs_remove_tree(AT_FDCWD, top, &e) == 0);
	return tap_end();
}
