#include "host/layer_use.h"

#include <sys/stat.h>

#include <fcntl.h>

#include "base/fs.h"
#include "host/state.h"
#include "tests/tap.h"

static char top[] = "/tmp/machine-test-use.XXXXXX";
static struct paths paths;
static struct lima lima;

/* A disk that says it rests on this file, "" for none. */
static void
put_disk(const char *dir, const char *name, const char *backing)
{
	unsigned char h[112] = "QFI\xfb";
	cleanup(str) char *path = path_join(dir, name);
	FILE *f = fopen(path, "w");

	h[7] = 3;
	h[15] = backing[0] ? sizeof(h) : 0;
	h[19] = (unsigned char)strlen(backing);
	h[29] = 1; /* 64 KiB */
	CHECK(f && fwrite(h, sizeof(h), 1, f) == 1 && fputs(backing, f) >= 0 &&
	      fclose(f) == 0);
}

static void
put(const char *dir, const char *name, const char *bytes)
{
	cleanup(str) char *path = path_join(dir, name);
	FILE *f = fopen(path, "w");

	CHECK(f && fputs(bytes, f) >= 0 && fclose(f) == 0);
}

/* A layer of this kind and text; its name. */
static const char *
make(char name[LAYER_NAME_MAX + 1], enum layer_kind kind, const char *words,
    const char *parent)
{
	cleanup(buf) struct buf text = BUF_INIT;
	cleanup(buf) struct buf backing = BUF_INIT;
	cleanup(layer) struct layer l = { .name = "" };
	struct layer_record r = { .parent = "" };
	struct err e = ERR_INIT;
	cleanup(str) char *dir = NULL;

	buf_adds(&text, words);
	CHECK(layer_find(&l, &paths, kind, &text, &e) == 0);
	dir = layer_begin(&l, &e);
	CHECK(dir != NULL);
	if (parent) {
		buf_addf(&backing, "../%s/disk.qcow2", parent);
		memcpy(r.parent, parent, strlen(parent) + 1);
	}
	put_disk(dir, "disk.qcow2", parent ? backing.s : "");
	CHECK(layer_commit(&l, &r, &text, &e) == 0);
	memcpy(name, l.name, sizeof(l.name));
	return name;
}

/* A project at top/NAME whose record says this; its ID. */
static void
project(const char *name, const char *parent, const char *layer,
    char id[STATE_ID_MAX + 1])
{
	cleanup(str) char *root = path_join(top, name);
	cleanup(state) struct state s = STATE_INIT;
	cleanup(record) struct record r = { .parent = xstrdup(parent),
		.layer = xstrdup(layer) };
	struct err e = ERR_INIT;

	(void)mkdir(root, 0700);
	CHECK(state_open(&s, &paths, root, true, &e) == 0);
	CHECK(record_save(&r, &s, &e) == 0);
	memcpy(id, s.id, sizeof(s.id));
}

/* A VM, living or not, whose disk stands on this layer. */
static void
instance(const char *kind, const char *id, const char *layer, bool living)
{
	cleanup(buf) struct buf dir = BUF_INIT;
	cleanup(buf) struct buf backing = BUF_INIT;
	struct err e = ERR_INIT;
	char pid[32];

	buf_addf(&dir, "%s/%s%s", lima.home, kind, id);
	CHECK(fs_remove_tree(AT_FDCWD, dir.s, &e) == 0);
	fd_close(fs_private_dir(dir.s, &e));
	buf_addf(&backing, "%s/layers/%s/disk.qcow2", paths.data, layer);
	put_disk(dir.s, "disk", backing.s);
	put(dir.s, "lima.yaml", "");
	(void)snprintf(pid, sizeof(pid), "%ld", (long)getpid());
	if (living)
		put(dir.s, "ha.pid", pid);
}

static char base[LAYER_NAME_MAX + 1], golden[LAYER_NAME_MAX + 1],
    mine[LAYER_NAME_MAX + 1], alone[LAYER_NAME_MAX + 1];

/* The letters of those that would go, in the order base to alone. */
static struct short_list {
	char s[5];
} doomed(bool all)
{
	static const char *const names[] = { base, golden, mine, alone };
	cleanup(layer_uses) struct layer_uses u = { .n = 0 };
	struct short_list out = { "" };
	struct err e = ERR_INIT;
	char *p = out.s;

	CHECK(layer_uses_look(&u, &lima, &e) == 0);
	layer_uses_doom(&u, all);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const struct layer_use *use = layer_uses_find(&u, names[i]);

		if (use && use->doomed)
			*p++ = "bgma"[i];
	}
	return out;
}

static void
test_projects(void)
{
	cleanup(layer_uses) struct layer_uses u = { .n = 0 };
	cleanup(str) char *root = path_join(top, "p");
	struct err e = ERR_INIT;
	char id[STATE_ID_MAX + 1], second[STATE_ID_MAX + 1];

	make(base, KIND_BASE, "base", NULL);
	make(golden, KIND_GOLDEN, "golden", base);
	make(mine, KIND_PROJECT, "project", golden);
	make(alone, KIND_BASE, "alone", NULL);
	CHECK_STR(doomed(false).s, "bgma");
	project("p", golden, mine, id);
	CHECK_STR(doomed(false).s, "a");
	CHECK_STR(doomed(true).s, "bgma");
	project("q", golden, golden, second);
	CHECK(layer_uses_look(&u, &lima, &e) == 0 && u.n == 4);
	CHECK(layer_uses_find(&u, base)->children == 1);
	CHECK(layer_uses_find(&u, base)->sessions == 0);
	CHECK(layer_uses_find(&u, base)->roots.n == 2);
	CHECK(layer_uses_find(&u, golden)->children == 1);
	CHECK(layer_uses_find(&u, golden)->sessions == 1);
	CHECK(layer_uses_find(&u, mine)->roots.n == 1);
	CHECK_STR(layer_uses_find(&u, mine)->roots.v[0], root);
	CHECK(layer_uses_find(&u, mine)->apparent == 1 << 16);
	CHECK(layer_uses_find(&u, "b-none") == NULL);
	/* One whose directory has gone uses nothing. */
	CHECK(rmdir(root) == 0);
	CHECK_STR(doomed(false).s, "ma");
	/* Unless its VM lives. */
	instance("m-", id, mine, true);
	CHECK_STR(doomed(false).s, "a");
	CHECK_STR(doomed(true).s, "a");
	instance("m-", id, mine, false);
	CHECK_STR(doomed(true).s, "bgma");
	CHECK(mkdir(root, 0700) == 0);
}

/* What the disk says counts, whatever the record does. */
static void
test_disks(void)
{
	cleanup(str) char *root = path_join(top, "q");
	cleanup(state) struct state s = STATE_INIT;
	cleanup(layer_uses) struct layer_uses u = { .n = 0 };
	struct err e = ERR_INIT;

	CHECK(state_open(&s, &paths, root, false, &e) == 0);
	instance("m-", s.id, alone, true);
	CHECK_STR(doomed(true).s, "bgm");
	CHECK(fs_replace(s.fd, "record.json", "{", 1, 0600, &e) == 0);
	CHECK_STR(doomed(true).s, "bgm");
	CHECK(layer_uses_look(&u, &lima, &e) == 0);
	CHECK_STR(u.damaged, root);
	CHECK_STR(u.busy, NULL);
	CHECK(record_remove(&s, &e) == 0);
	instance("m-", s.id, alone, false);
	/* And that of a VM in which an image is made. */
	instance("b-", "0123456789abcdef", golden, true);
	CHECK_STR(doomed(true).s, "ma");
	instance("b-", "0123456789abcdef", golden, false);
	CHECK_STR(doomed(true).s, "bgma");
}

static void
test_building(void)
{
	cleanup(layer) struct layer l = { .name = "" };
	cleanup(layer_uses) struct layer_uses u = { .n = 0 };
	cleanup(str) char *root = path_join(top, "q");
	cleanup(state) struct state s = STATE_INIT;
	struct err e = ERR_INIT;
	int lock;

	CHECK(layer_open(&l, &paths, mine, &e) == 0);
	lock = layer_lock(&l, &e);
	CHECK_STR(doomed(true).s, "a");
	fd_close(lock);
	CHECK_STR(doomed(true).s, "bgma");
	CHECK(state_open(&s, &paths, root, false, &e) == 0);
	lock = fs_lock(s.fd, "lock", LOCK_TRY, &e);
	CHECK(layer_uses_look(&u, &lima, &e) == 0);
	CHECK_STR(u.busy, root);
	fd_close(lock);
}

/* One that comes into use between the look and the removal stays. */
static void
test_remove(void)
{
	cleanup(layer_uses) struct layer_uses u = { .n = 0 },
					      after = { .n = 0 };
	const struct layer_use *stays;
	struct err e = ERR_INIT;

	CHECK(layer_uses_look(&u, &lima, &e) == 0);
	layer_uses_doom(&u, true);
	CHECK(layer_uses_find(&u, mine)->doomed);
	instance("b-", "0123456789abcdef", golden, true);
	CHECK(layer_uses_remove(&u, &lima, &e) == 0);
	CHECK(layer_uses_find(&u, mine)->doomed);
	CHECK(!layer_uses_find(&u, golden)->doomed);
	CHECK(!layer_uses_find(&u, base)->doomed);
	CHECK(layer_uses_look(&after, &lima, &e) == 0 && after.n == 2);
	stays = layer_uses_find(&after, golden);
	CHECK(stays && !stays->damaged && layer_uses_find(&after, base));
	instance("b-", "0123456789abcdef", golden, false);
}

static void
test_damaged(void)
{
	cleanup(layer) struct layer l = { .name = "" };
	cleanup(layer_uses) struct layer_uses u = { .n = 0 };
	struct err e = ERR_INIT;
	char id[STATE_ID_MAX + 1];

	project("p", golden, golden, id);
	CHECK_STR(doomed(false).s, "");
	CHECK(layer_open(&l, &paths, base, &e) == 0);
	put(l.dir, "record.json", "{");
	/* What stands on it could not be used, either. */
	CHECK_STR(doomed(false).s, "bg");
	CHECK(fs_remove_tree(AT_FDCWD, l.dir, &e) == 0);
	CHECK_STR(doomed(false).s, "g");
	CHECK(layer_uses_look(&u, &lima, &e) == 0);
	CHECK(layer_uses_find(&u, golden)->damaged);
	instance("m-", id, golden, true);
	CHECK_STR(doomed(true).s, "");
}

int
main(void)
{
	struct err e = ERR_INIT;

	CHECK(mkdtemp(top) != NULL);
	(void)setenv("HOME", top, 1);
	(void)setenv("MACHINE_HOME", top, 1);
	CHECK(paths_init(&paths, &e) == 0 && lima_init(&lima, &paths, &e) == 0);
	test_projects();
	test_disks();
	test_building();
	test_remove();
	test_damaged();
	lima_release(&lima);
	paths_release(&paths);
	CHECK(fs_remove_tree(AT_FDCWD, top, &e) == 0);
	return tap_end();
}
