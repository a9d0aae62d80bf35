#include "core/currency.h"

#include "core/config.h"
#include "core/schema.h"
#include "tests/tap.h"

static const struct limits limits = { .cpus = 8, .memory = UINT64_C(8) << 30 };

enum {
	B = 1 << LAYER_BASE,
	G = 1 << LAYER_GOLDEN,
	S = 1 << LAYER_SESSION,
	D = 1 << 3, /* the disk with all steps that are captured at a create */
	STEP = 1 << 4 /* not a layer: the first step */
};
#define DISK 3
#define LAYERS 4

/* A file with every key, a line for each key of the root. */
static const char *const base_file[] = {
	"version: 1\n",
	"name: a\n",
	"image: i\n",
	"cpus: 2\n",
	"memory: 2GiB\n",
	"disk: 20GiB\n",
	"packages: [a, b]\n",
	"tools: {node: 22, git: latest}\n",
	"env: {A: b}\n",
	"pass_env: [X]\n",
	"workspace: {mode: rw, private: [a, b]}\n",
	"mounts: [{from: a, to: /a, mode: ro}, {from: /d, to: /b}]\n",
	"volumes: {a: /va, b: {at: /vb, size: 1GiB}}\n",
	"ports: [3000, {guest: 80, host: 8080, label: x}]\n",
	"network: {egress: allowlist, allow: [a.b]}\n",
	("provision: [{run: a, name: n, as: user}, x.sh, "
	 "{run: s, when: start}, {run: c, when: change, watch: [w]}]\n"),
	"ready: {tcp: 1, timeout: 5s}\n",
	"commands: {guest: [a]}\n",
	"git: {identity: none}\n",
	"agents: {codex: {state: none}}\n",
	"idle: {stop: 5m}\n",
};
static const char base_config[] =
    "images:\n  i: {path: /p, kernel: /k, initrd: /i, cmdline: c}\n"
    "  j: {path: /p, kernel: /k, initrd: /i, cmdline: c}\n"
    "  k: {path: /other, kernel: /k, initrd: /i, cmdline: c}\n";

#define URL(url, digit, arch)                                                \
	"image: {url: \"https://" url "\", digest: \"sha256:" digit          \
	"123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"," \
	" arch: " arch "}\n"
#define REST                             \
	", x.sh, {run: s, when: start}," \
	" {run: c, when: change, watch: [w]}]\n"
#define FIRST "provision: [{run: a, name: n, as: user}"

/*
 * Each key: the lines of the file that are others then (the base's own if
 * NULL), and what is different.
 */
static const struct {
	enum machinefile_key key;
	const char *from, *to;
	int changes;
} keys[] = {
	{ MF_VERSION, NULL, "", 0 },
	{ MF_NAME, NULL, "name: b\n", 0 },
	{ MF_IMAGE, NULL, "image: k\n", B | G | D },
	{ MF_IMAGE_URL, URL("a", "0", "x86_64"), URL("b", "0", "x86_64"),
	    B | G | D },
	{ MF_IMAGE_DIGEST, URL("a", "0", "x86_64"), URL("a", "1", "x86_64"),
	    B | G | D },
	{ MF_IMAGE_ARCH, URL("a", "0", "x86_64"), URL("a", "0", "aarch64"),
	    B | G | D },
	{ MF_CPUS, NULL, "cpus: 3\n", S },
	{ MF_MEMORY, NULL, "memory: 3GiB\n", S },
	{ MF_DISK, NULL, "disk: 21GiB\n", G | D },
	{ MF_PACKAGES, NULL, "packages: [a, c]\n", G | D },
	{ MF_TOOLS, NULL, "tools: {node: 23, git: latest}\n", G | D },
	{ MF_ENV, NULL, "env: {A: c, D: e}\n", 0 },
	{ MF_PASS_ENV, NULL, "pass_env: [Y]\n", 0 },
	{ MF_WORKSPACE, NULL, "workspace: {}\n", S },
	{ MF_WORKSPACE_MODE, NULL, "workspace: {mode: ro, private: [a, b]}\n",
	    S },
	{ MF_WORKSPACE_PRIVATE, NULL, "workspace: {private: [a]}\n", S },
	{ MF_MOUNTS, NULL, "mounts: []\n", S },
	{ MF_MOUNTS_FROM, NULL,
	    "mounts: [{from: c, to: /a}, {from: /d, to: /b}]\n", S },
	{ MF_MOUNTS_TO, NULL,
	    "mounts: [{from: a, to: /c}, {from: /d, to: /b}]\n", S },
	{ MF_MOUNTS_MODE, NULL,
	    "mounts: [{from: a, to: /a, mode: rw}, {from: /d, to: /b}]\n", S },
	{ MF_VOLUMES, NULL, "volumes: {c: /va, b: {at: /vb, size: 1GiB}}\n",
	    S },
	{ MF_VOLUMES_AT, NULL, "volumes: {a: /va, b: {at: /c, size: 1GiB}}\n",
	    S },
	{ MF_VOLUMES_SIZE, NULL,
	    "volumes: {a: /va, b: {at: /vb, size: 2GiB}}\n", S },
	{ MF_PORTS, NULL, "ports: [3000]\n", S },
	{ MF_PORTS_GUEST, NULL, "ports: [3000, {guest: 81, host: 8080}]\n", S },
	{ MF_PORTS_HOST, NULL, "ports: [3000, {guest: 80, host: 8081}]\n", S },
	{ MF_PORTS_LABEL, NULL,
	    "ports: [3000, {guest: 80, host: 8080, label: y}]\n", 0 },
	{ MF_NETWORK, NULL, "network: {}\n", S },
	{ MF_NETWORK_EGRESS, NULL, "network: {egress: none}\n", S },
	{ MF_NETWORK_ALLOW, NULL,
	    "network: {egress: allowlist, allow: [c.d]}\n", 0 },
	{ MF_PROVISION, NULL, FIRST ", {run: b}" REST, D },
	{ MF_PROVISION, NULL,
	    FIRST ", {run: s, when: start}, "
		  "{run: c, when: change, watch: [w]}]\n",
	    D },
	{ MF_PROVISION, NULL,
	    FIRST ", y.sh, {run: s, when: start}, "
		  "{run: c, when: change, watch: [w]}]\n",
	    D },
	{ MF_PROVISION_RUN, NULL, "provision: [{run: b}" REST, D | STEP },
	{ MF_PROVISION_NAME, NULL, "provision: [{run: a, name: m}" REST, 0 },
	{ MF_PROVISION_AS, NULL, "provision: [{run: a, as: root}" REST,
	    D | STEP },
	{ MF_PROVISION_WHEN, NULL, "provision: [{run: a, when: start}" REST,
	    D },
	{ MF_PROVISION_WHEN, NULL, FIRST ", x.sh]\n", 0 },
	{ MF_PROVISION_WATCH, NULL,
	    FIRST ", x.sh, {run: c, when: change, watch: [v]}]\n", 0 },
	{ MF_READY, NULL, "", S },
	{ MF_READY_TCP, NULL, "ready: {tcp: 2, timeout: 5s}\n", S },
	{ MF_READY_TIMEOUT, NULL, "ready: {tcp: 1, timeout: 6s}\n", S },
	{ MF_COMMANDS, NULL, "", 0 },
	{ MF_COMMANDS_GUEST, NULL, "commands: {guest: [b]}\n", 0 },
	{ MF_GIT, NULL, "", 0 },
	{ MF_GIT_IDENTITY, NULL, "git: {identity: host}\n", 0 },
	{ MF_AGENTS, NULL, "agents: {claude-code: {state: none}}\n", S },
	{ MF_AGENTS_STATE, NULL, "agents: {codex: {state: volume}}\n", S },
	{ MF_IDLE, NULL, "", 0 },
	{ MF_IDLE_STOP, NULL, "idle: {stop: never}\n", 0 },
	/* spelling: an alias of the same image, the order of sets, comments */
	{ MF_KEYS, NULL, "image: j # c\n", 0 },
	{ MF_KEYS, NULL, "memory: 2048MiB\n", 0 },
	{ MF_KEYS, NULL, "packages: [b, a]\n", 0 },
	{ MF_KEYS, NULL, "tools: {git: latest, node: \"22\"}\n", 0 },
	{ MF_KEYS, NULL, "workspace: {private: [./b, a]}\n", 0 },
	{ MF_KEYS, NULL, "mounts: [{to: /b, from: /d}, {to: /a, from: a}]\n",
	    0 },
	{ MF_KEYS, NULL, "volumes: {b: {at: /vb, size: 1024MiB}, a: /va}\n",
	    0 },
	{ MF_KEYS, NULL, "ports:\n- {host: 8080, guest: 80}\n- 3000\n", 0 },
	{ MF_KEYS, NULL, "provision: [{run: \"a\"}" REST, 0 },
	{ MF_KEYS, NULL, FIRST ", ./x.sh]\n", 0 },
	{ MF_KEYS, NULL, FIRST ", moved.sh]\n", 0 },
	{ MF_KEYS, "ready: {tcp: 1}\n", "ready: {tcp: 1, timeout: 1m}\n", 0 },
	{ MF_KEYS, "tools: [docker]\n", "tools: {docker: rootless}\n", 0 },
};

struct sums {
	char layer[LAYERS][HASH_XXH128_HEX + 1];
	char step[HASH_XXH128_HEX + 1];
};

/* The base with the line of one key in place of its own. */
static void
compose(struct buf *out, const char *line)
{
	size_t n = strcspn(line, ":");

	for (size_t i = 0; i < ARRAY_LEN(base_file); i++)
		if (n == 0 || strncmp(base_file[i], line, n + 1) != 0)
			buf_adds(out, base_file[i]);
	buf_adds(out, line);
}

static bool
sum(struct sums *out, const char *text, const struct config *c)
{
	static const struct file_bytes files[] = { { "x.sh", "x\0x", 3 },
		{ "y.sh", "x\0y", 3 }, { "moved.sh", "x\0x", 3 } };
	struct diags d = { .count = 0 };
	struct image image;
	cleanup(machinefile) struct machinefile *mf = machinefile_parse(
	    text, strlen(text), &limits, &d);
	const struct described what = { .mf = mf,
		.image = &image,
		.files = files,
		.nfiles = ARRAY_LEN(files) };
	struct layer_step steps[8] = { { .watched = "" } };
	cleanup(buf) struct buf disk = BUF_INIT;
	size_t n = 0;

	if (!mf || (!image_from_machinefile(&image, mf) &&
		       !image_from_config(&image, c, mf->image, "x86_64")))
		return false;
	for (int i = 0; i < DISK; i++)
		currency_layer((enum currency)i, &what, out->layer[i]);
	for (size_t i = 0; i < mf->nprovision; i++)
		if (mf->provision[i].when == STEP_CREATE)
			steps[n++].step = &mf->provision[i];
	currency_steps_text(&disk, &what, steps, n);
	hash_xxh128(disk.s, disk.len, out->layer[DISK]);
	steps[0].step = &mf->provision[0];
	currency_step(steps, files, ARRAY_LEN(files), out->step);
	return true;
}

/* The line of a key that is removed, for compose(). */
static const char *
without(enum machinefile_key key, struct buf *out)
{
	size_t n;

	buf_addf(out, "%s:", schema_machinefile(&n)[key].path);
	return out->s;
}

static int
differences(const struct sums *a, const struct sums *b)
{
	int changed = strcmp(a->step, b->step) != 0 ? STEP : 0;

	for (int i = 0; i < LAYERS; i++)
		if (strcmp(a->layer[i], b->layer[i]) != 0)
			changed |= 1 << i;
	return changed;
}

static void
test_keys(const struct config *c)
{
	uint64_t covered = 0;
	size_t n;

	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		cleanup(buf) struct buf old = BUF_INIT, new = BUF_INIT;
		cleanup(buf) struct buf key = BUF_INIT, what = BUF_INIT;
		const bool gone = !*keys[i].to;
		struct sums a, b;

		covered |= UINT64_C(1) << keys[i].key;
		compose(&old, keys[i].from ? keys[i].from : "");
		compose(&new, gone ? without(keys[i].key, &key) : keys[i].to);
		if (gone) /* only the others are left */
			new.s[new.len - key.len] = '\0';
		buf_addf(&what, "%s: %s",
		    keys[i].key == MF_KEYS
			? "spelling"
			: schema_machinefile(&n)[keys[i].key].path,
		    keys[i].to);
		what.s[strcspn(what.s, "\n#")] = '\0';
		tap_report(sum(&a, old.s, c) && sum(&b, new.s, c) &&
			       differences(&a, &b) == keys[i].changes,
		    __FILE__, __LINE__, what.s);
	}
	/* A key that is added to the language is added here. */
	CHECK(covered == (UINT64_C(1) << (MF_KEYS + 1)) - 1);
}

/* No two layers of one file are the same text. */
static void
test_layers(const struct config *c)
{
	cleanup(buf) struct buf text = BUF_INIT;
	struct sums a;

	compose(&text, "");
	CHECK(sum(&a, text.s, c));
	for (int i = 0; i < LAYERS; i++)
		for (int j = 0; j < i; j++)
			CHECK(strcmp(a.layer[i], a.layer[j]) != 0);
}

int
main(void)
{
	struct diags d = { .count = 0 };
	cleanup(config) struct config *c = config_parse(
	    base_config, sizeof(base_config) - 1, &d);

	CHECK(c != NULL);
	if (c) {
		test_keys(c);
		test_layers(c);
	}
	return tap_end();
}
