#include "core/currency.h"

#include "core/config.h"
#include "core/schema.h"
#include "tests/tap.h"

static const struct limits limits = { .cpus = 8, .memory = UINT64_C(8) << 30 };

enum { G = 1 << LAYER_GOLDEN, P = 1 << LAYER_PROJECT, S = 1 << LAYER_SESSION };

/* What most rows leave as it is. */
#define IMAGE "image: i\n"
#define PORTS "ports: [3000, {guest: 80, host: 8080}]\n"
#define STEPS "provision: [{run: a}]\n"

static const char base_file[] =
    "name: a\nimage: i\ncpus: 2\nmemory: 2GiB\ndisk: 20GiB\n"
    "env: {A: b}\nports: [3000, {guest: 80, host: 8080, label: x}]\n"
    "provision: [{run: a, name: n, as: user}]\n";
static const char base_config[] =
    "images:\n  i: {path: /p, kernel: /k, initrd: /i, cmdline: c}\n"
    "  j: {path: /p, kernel: /k, initrd: /i, cmdline: c}\n"
    "  k: {path: /other, kernel: /k, initrd: /i, cmdline: c}\n";

/* Each key: the changed file, the layers that change, and if the step does. */
static const struct {
	enum machinefile_key key;
	const char *text;
	int layers;
	bool step;
} keys[] = {
	{ MF_VERSION, "version: 1\nname: a\n" IMAGE PORTS STEPS, 0, false },
	{ MF_NAME, "name: b\n" IMAGE PORTS STEPS, 0, false },
	{ MF_IMAGE, "image: k\n" PORTS STEPS, G | P, false },
	{ MF_CPUS, "cpus: 3\n" IMAGE PORTS STEPS, S, false },
	{ MF_MEMORY, "memory: 3GiB\n" IMAGE PORTS STEPS, S, false },
	{ MF_DISK, "disk: 21GiB\n" IMAGE PORTS STEPS, P, false },
	{ MF_ENV, "env: {A: c, D: e}\n" IMAGE PORTS STEPS, 0, false },
	{ MF_PORTS, "ports: [3000]\n" IMAGE STEPS, S, false },
	{ MF_PORTS_GUEST,
	    "ports: [3000, {guest: 81, host: 8080}]\n" IMAGE STEPS, S, false },
	{ MF_PORTS_HOST, "ports: [3000, {guest: 80, host: 8081}]\n" IMAGE STEPS,
	    S, false },
	{ MF_PORTS_LABEL,
	    "ports: [3000, {guest: 80, host: 8080, label: y}]\n" IMAGE STEPS, 0,
	    false },
	{ MF_PROVISION, IMAGE PORTS "provision: [{run: a}, {run: b}]\n", 0,
	    false },
	{ MF_PROVISION_RUN, IMAGE PORTS "provision: [{run: b}]\n", 0, true },
	{ MF_PROVISION_NAME, IMAGE PORTS "provision: [{run: a, name: m}]\n", 0,
	    false },
	{ MF_PROVISION_AS, IMAGE PORTS "provision: [{run: a, as: root}]\n", 0,
	    true },
	/* spelling: an alias of the same image, the order of a set, comments */
	{ MF_KEYS,
	    "# c\nimage: j\nmemory: 2048MiB\nports:\n"
	    "- {host: 8080, guest: 80}\n- 3000\nprovision:\n- run: \"a\"\n",
	    0, false },
};

struct sums {
	char layer[3][HASH_XXH128_HEX + 1];
	char step[HASH_XXH128_HEX + 1];
};

static bool
sum(struct sums *out, const char *text, const struct config *c)
{
	struct diags d = { .count = 0 };
	struct image image;
	cleanup(machinefile) struct machinefile *mf = machinefile_parse(
	    text, strlen(text), &limits, &d);

	if (!mf || !image_from_config(&image, c, mf->image, "x86_64"))
		return false;
	for (int i = LAYER_GOLDEN; i <= LAYER_SESSION; i++)
		currency((enum layer)i, mf, &image, out->layer[i]);
	currency_step(&mf->provision[0], out->step);
	return true;
}

static void
test_keys(const struct config *c)
{
	uint64_t covered = 0;
	struct sums old, new;

	CHECK(sum(&old, base_file, c));
	CHECK(strcmp(old.layer[LAYER_GOLDEN], old.layer[LAYER_PROJECT]) != 0);
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		int changed = 0;

		covered |= UINT64_C(1) << keys[i].key;
		if (!sum(&new, keys[i].text, c)) {
			tap_report(0, __FILE__, __LINE__, keys[i].text);
			continue;
		}
		for (int j = LAYER_GOLDEN; j <= LAYER_SESSION; j++)
			if (strcmp(old.layer[j], new.layer[j]) != 0)
				changed |= 1 << j;
		tap_report(changed == keys[i].layers, __FILE__, __LINE__,
		    keys[i].key == MF_KEYS
			? "spelling"
			: schema_machinefile(&(size_t){ 0 })[keys[i].key].path);
		CHECK((strcmp(old.step, new.step) != 0) == keys[i].step);
	}
	/* A key that is added to the language is added here. */
	CHECK(covered == (UINT64_C(1) << (MF_KEYS + 1)) - 1);
}

/* Each field of an image makes it another one; where it came from does not. */
static void
test_image(void)
{
	static const struct image base = { "a", "https://l", "sha256:d",
		"x86_64", "/k", "/i", "c", false };
	static const struct image others[] = {
		{ "a", "https://m", "sha256:d", "x86_64", "/k", "/i", "c",
		    false },
		{ "a", "https://l", "sha256:e", "x86_64", "/k", "/i", "c",
		    false },
		{ "a", "https://l", NULL, "x86_64", "/k", "/i", "c", false },
		{ "a", "https://l", "sha256:d", "aarch64", "/k", "/i", "c",
		    false },
		{ "a", "https://l", "sha256:d", "x86_64", "/l", "/i", "c",
		    false },
		{ "a", "https://l", "sha256:d", "x86_64", "/k", NULL, "c",
		    false },
		{ "a", "https://l", "sha256:d", "x86_64", "/k", "/i", "d",
		    false },
		{ "a", "https://l", "sha256:d", "x86_64", "/i", "/k", "c",
		    false },
		{ "a", "https://l", "sha256:d", "x86_64", NULL, NULL, NULL,
		    false },
	};
	static const struct image same = { "b", "https://l", "sha256:d",
		"x86_64", "/k", "/i", "c", true };
	const struct machinefile mf = { .disk = 1 };
	char old[HASH_XXH128_HEX + 1], new[HASH_XXH128_HEX + 1];

	currency(LAYER_GOLDEN, &mf, &base, old);
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		currency(LAYER_GOLDEN, &mf, &others[i], new);
		CHECK(strcmp(old, new) != 0);
	}
	currency(LAYER_GOLDEN, &mf, &same, new);
	CHECK_STR(new, old);
}

/* The format itself: a change of it rebuilds every machine of every user. */
static void
test_text(void)
{
	static const struct port ports[] = { { 3000, 3001, NULL },
		{ 80, 8080, "web" } };
	static const struct machinefile mf = { .cpus = 2,
		.memory = 1024,
		.disk = 4096,
		.ports = ports,
		.nports = 2 };
	static const struct image image = { .location = "/a\nb 1:c",
		.arch = "x86_64" };
	static const char *const want[] = {
		[LAYER_GOLDEN] = "machine-currency 1\nlayer 6:golden\n"
				 "location 8:/a\nb 1:c\ndigest -\n"
				 "arch 6:x86_64\nkernel -\ninitrd -\n"
				 "cmdline -\n",
		[LAYER_PROJECT] = "machine-currency 1\nlayer 7:project\n"
				  "location 8:/a\nb 1:c\ndigest -\n"
				  "arch 6:x86_64\nkernel -\ninitrd -\n"
				  "cmdline -\ndisk 4:4096\n",
		[LAYER_SESSION] = "machine-currency 1\nlayer 7:session\n"
				  "cpus 1:2\nmemory 4:1024\nports 1:2\n"
				  "guest 2:80\nhost 4:8080\n"
				  "guest 4:3000\nhost 4:3001\n",
	};
	static const struct step step = { "n", "a\n", STEP_ROOT };
	static const char step_text[] =
	    "machine-step 1\nas 4:root\nrun 2:a\n\n";
	char got[HASH_XXH128_HEX + 1], expected[HASH_XXH128_HEX + 1];

	for (int i = LAYER_GOLDEN; i <= LAYER_SESSION; i++) {
		cleanup(buf) struct buf text = BUF_INIT;

		currency_text(&text, (enum layer)i, &mf, &image);
		CHECK_STR(text.s, want[i]);
		currency((enum layer)i, &mf, &image, got);
		hash_xxh128(text.s, text.len, expected);
		CHECK_STR(got, expected);
	}
	currency_step(&step, got);
	hash_xxh128(step_text, sizeof(step_text) - 1, expected);
	CHECK_STR(got, expected);
}

int
main(void)
{
	struct diags d = { .count = 0 };
	cleanup(config) struct config *c = config_parse(
	    base_config, sizeof(base_config) - 1, &d);

	CHECK(c != NULL);
	if (c)
		test_keys(c);
	test_image();
	test_text();
	return tap_end();
}
