#include "core/storage.h"

#include "tests/tap.h"

static const struct limits limits = { .cpus = 8, .memory = UINT64_C(8) << 30 };

#define ID "0123456789abcdef"
#define PLACE STORAGE_PLACE

/* All of it as text: DEVICE NAME DISK AT SIZE in MiB, then AT/SUBDIR TARGET. */
static void
describe(struct buf *out, const struct storage *s)
{
	for (size_t i = 0; i < s->nvolumes; i++) {
		const struct storage_volume *v = &s->volumes[i];

		buf_addf(out, "%s %s %s %s %llu%s\n", v->device, v->name,
		    v->disk, v->at, (unsigned long long)(v->size >> 20),
		    v->ours ? " ours" : "");
	}
	for (size_t i = 0; i < s->nbinds; i++)
		buf_addf(out, "%s %s %s\n", s->binds[i].at, s->binds[i].subdir,
		    s->binds[i].target);
}

static const struct {
	const char *text, *want;
} rows[] = {
	{ "", "" },
	{ "volumes: {}\nworkspace: {private: []}\nagents: {}\n", "" },
	{ "volumes: {a: /va}\n", "vdb a v-" ID "-a /va 10240\n" },
	/* The order of the file means nothing. */
	{ "volumes: {b: {at: /vb, size: 64MiB}, a: /va, a-b: /vab}\n",
	    "vdb a v-" ID "-a /va 10240\n"
	    "vdc a-b v-" ID "-a-b /vab 10240\n"
	    "vdd b v-" ID "-b /vb 64\n" },
	{ "workspace: {private: [node_modules]}\n",
	    "vdb _private v-" ID "_private " PLACE "/private 16384 ours\n" PLACE
	    "/private node_modules /p/node_modules\n" },
	/* One in another is private with it; a comma stands for a slash. */
	{ "workspace: {private: [z/x, b, b/c, a, bc]}\n",
	    "vdb _private v-" ID "_private " PLACE "/private 16384 ours\n" PLACE
	    "/private a /p/a\n" PLACE "/private b /p/b\n" PLACE
	    "/private bc /p/bc\n" PLACE "/private z,x /p/z/x\n" },
	/* Agents: those among the tools, unless it says otherwise. */
	{ "tools: [git, codex]\n",
	    "vdb _agents v-" ID "_agents " PLACE "/agents 2048 ours\n" PLACE
	    "/agents codex ~/.codex\n" },
	{ "tools: [codex]\nagents: {codex: {state: none}}\n", "" },
	{ "tools: [codex, claude-code]\nagents: {codex: {state: none}}\n",
	    "vdb _agents v-" ID "_agents " PLACE "/agents 2048 ours\n" PLACE
	    "/agents claude-code ~/.claude\n" },
	{ "agents: {claude-code: {}, codex: {state: volume}}\n",
	    "vdb _agents v-" ID "_agents " PLACE "/agents 2048 ours\n" PLACE
	    "/agents claude-code ~/.claude\n" PLACE
	    "/agents codex ~/.codex\n" },
	/* Everything: ours come last. */
	{ "volumes: {z: /z}\ntools: [codex]\nworkspace: {private: [a]}\n",
	    "vdb z v-" ID "-z /z 10240\n"
	    "vdc _private v-" ID "_private " PLACE "/private 16384 ours\n"
	    "vdd _agents v-" ID "_agents " PLACE "/agents 2048 ours\n" PLACE
	    "/private a /p/a\n" PLACE "/agents codex ~/.codex\n" },
	{ "volumes: {a: /p}\n",
	    "volumes: /p is, is in or holds the project's directory: for a "
	    "directory in it use workspace.private" },
	{ "volumes: {a: /p/b}\n",
	    "volumes: /p/b is, is in or holds the project's directory: for a "
	    "directory in it use workspace.private" },
	{ "volumes: {a: /pb}\n", "vdb a v-" ID "-a /pb 10240\n" },
};

static void
test_rows(void)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup(arena) struct arena *a = arena_new();
		cleanup(buf) struct buf got = BUF_INIT;
		struct diags d = { .count = 0 };
		struct err e = ERR_INIT;
		struct storage s;
		cleanup(machinefile) struct machinefile *mf = machinefile_parse(
		    rows[i].text, strlen(rows[i].text), &limits, &d);

		CHECK(mf != NULL);
		if (!mf)
			continue;
		if (storage_make(&s, mf, "/p", ID, a, &e))
			buf_adds(&got, e.msg);
		else
			describe(&got, &s);
		CHECK_STR(got.s, rows[i].want);
	}
}

/* As many as there can be: the devices are letters. */
static void
test_most(void)
{
	cleanup(arena) struct arena *a = arena_new();
	cleanup(buf) struct buf text = BUF_INIT;
	struct diags d = { .count = 0 };
	struct err e = ERR_INIT;
	struct storage s = { .nvolumes = 0 };
	cleanup(machinefile) struct machinefile *mf = NULL;

	buf_adds(
	    &text, "tools: [codex]\nworkspace: {private: [a]}\nvolumes:\n");
	for (int i = 0; i < MACHINEFILE_VOLUMES_MAX; i++)
		buf_addf(&text, " n%d: /v%d\n", i, i);
	mf = machinefile_parse(text.s, text.len, &limits, &d);
	CHECK(mf && !storage_make(&s, mf, "/p", ID, a, &e));
	CHECK(s.nvolumes == MACHINEFILE_VOLUMES_MAX + 2);
	CHECK_STR(s.volumes[s.nvolumes - 1].device, "vds");
}

/* A path that is too long for a name is told from every other one. */
static void
test_long(void)
{
	cleanup(arena) struct arena *a = arena_new();
	char x[300], y[300], root[1100];
	const char *const dirs[] = { x, y, "b" };
	const struct machinefile mf = { .private_dirs = dirs,
		.nprivate_dirs = ARRAY_LEN(dirs) };
	struct err e = ERR_INIT;
	struct storage s;

	memset(x, 'x', sizeof(x));
	x[100] = x[200] = '/';
	x[299] = '\0';
	memcpy(y, x, sizeof(y));
	y[298] = 'y';
	CHECK(!storage_make(&s, &mf, "/p", ID, a, &e));
	CHECK(s.nbinds == 3);
	for (size_t i = 0; i < s.nbinds; i++)
		CHECK(strlen(s.binds[i].subdir) <= 255 &&
		      !strchr(s.binds[i].subdir, '/'));
	CHECK(strcmp(s.binds[1].subdir, s.binds[2].subdir) != 0);
	CHECK(s.binds[1].subdir[0] == ',');

	memset(root, 'r', sizeof(root));
	root[0] = '/';
	root[1023] = '\0';
	CHECK(storage_make(&s, &mf, root, ID, a, &e) == -1);
	CHECK(strstr(e.msg, " is longer than 1024 bytes"));
	root[300] = '\0';
	CHECK(storage_make(&s, &mf, root, ID, a, &e) == -1);
	CHECK(strstr(e.msg, " has a name of more than 255 bytes in it"));
	root[256] = '\0';
	CHECK(!storage_make(&s, &mf, root, ID, a, &e));
}

/* There and back; what is another project's is nobody's name. */
static void
test_names(void)
{
	static const struct {
		const char *disk, *id, *want;
	} names[] = {
		{ "v-12-a", "12", "a" },
		{ "v-12-a-b", "12", "a-b" },
		{ "v-12_private", "12", "_private" },
		{ "v-12_agents", "12", "_agents" },
		{ "v-12_other", "12", NULL },
		{ "v-12-_private", "12", NULL },
		{ "v-12-private", "12", "private" },
		{ "v-123-a", "12", NULL },
		{ "v-12-", "12", NULL },
		{ "v-12", "12", NULL },
		{ "v-12-A", "12", NULL },
		{ "v-12-a--b", "12", NULL },
		{ "v-12-../a", "12", NULL },
		{ "m-12-a", "12", NULL },
	};
	char disk[STORAGE_DISK_MAX + 1];

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const char *got = storage_name(names[i].disk, names[i].id);

		CHECK_STR(got, names[i].want);
		if (!got)
			continue;
		storage_disk(disk, names[i].id, got);
		CHECK_STR(disk, names[i].disk);
	}
	CHECK_STR(storage_agent("claude-code")->variable, "CLAUDE_CONFIG_DIR");
	CHECK(!storage_agent("git"));
}

int
main(void)
{
	test_rows();
	test_most();
	test_long();
	test_names();
	return tap_end();
}
