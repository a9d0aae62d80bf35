#include "core/currency.h"

#include "core/tools.h"
#include "tests/tap.h"

#define LAYERS 3

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
	struct described what = { .mf = &mf, .image = &base };
	char old[HASH_XXH128_HEX + 1], new[HASH_XXH128_HEX + 1];

	currency_layer(LAYER_GOLDEN, &what, old);
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		what.image = &others[i];
		currency_layer(LAYER_GOLDEN, &what, new);
		CHECK(strcmp(old, new) != 0);
	}
	what.image = &same;
	currency_layer(LAYER_GOLDEN, &what, new);
	CHECK_STR(new, old);
}

#define BASE                                                        \
	"location 8:/a\nb 1:c\ndigest -\narch 6:x86_64\nkernel -\n" \
	"initrd -\ncmdline -\nvm_type 2:vz\ncertificates 3:c\nd\n"
#define GOLDEN                                              \
	BASE "packages 1:2\npackage 1:a\npackage 1:b\n"     \
	     "tools 1:2\n@library\ntool 3:git\nversion -\n" \
	     "@git\ntool 4:node\nversion 2:22\n@node\n"     \
	     "disk 4:4096\n"

static const struct port ports[] = { { 3000, 3001, NULL },
	{ 80, 8080, "web" } };
static const char *const packages[] = { "b", "a" };
static const char *const dirs[] = { "d" };
static const struct tool tools[] = { { "node", "22" }, { "git", NULL } };
static const struct mount mounts[] = { { "f", "/t", ACCESS_RO, false },
	{ "~/g", "/s", ACCESS_RW, true } };
static const struct volume volumes[] = { { "v", "/v", 7 } };
static const struct agent agents[] = { { "codex", AGENT_VOLUME } };
static const char *const watch[] = { "w", "gone" };
static const struct step steps[] = {
	{ .name = "n", .run = "a\n", .as = STEP_ROOT },
	{ .run = "s", .when = STEP_START },
	{ .path = "x.sh" },
	{ .run = "c", .when = STEP_CHANGE, .watch = watch, .nwatch = 2 },
};
static const struct machinefile every = { .cpus = 2,
	.memory = 1024,
	.disk = 4096,
	.packages = packages,
	.npackages = 2,
	.tools = tools,
	.ntools = 2,
	.private_dirs = dirs,
	.nprivate_dirs = 1,
	.mounts = mounts,
	.nmounts = 2,
	.volumes = volumes,
	.nvolumes = 1,
	.ports = ports,
	.nports = 2,
	.provision = steps,
	.nprovision = 4,
	.ready_tcp = 8080,
	.ready_timeout = 60,
	.agents = agents,
	.nagents = 1 };
static const struct file_bytes script[] = { { "x.sh", "x\ny", 3 } };

/* Every line @NAME becomes that recipe, which is longer than it is of interest.
 */
static void
add_recipes(struct buf *out, const char *text)
{
	for (const char *line = text; *line;) {
		const size_t len = strcspn(line, "\n");
		char name[32];

		if (*line == '@') {
			const char *source;

			(void)snprintf(
			    name, sizeof(name), "%.*s", (int)len - 1, line + 1);
			if (strcmp(name, "library") == 0)
				buf_addf(out, "library %zu:%s\n",
				    strlen(tools_library()), tools_library());
			else if ((source = tools_source(name)))
				buf_addf(out, "recipe %zu:%s\n", strlen(source),
				    source);
		} else {
			buf_add(out, line, len);
			buf_adds(out, "\n");
		}
		line += len + (line[len] == '\n');
	}
}

/* The format itself: a change of it rebuilds every machine of every user. */
static void
test_text(void)
{
	static const struct image image = { .location = "/a\nb 1:c",
		.arch = "x86_64" };
	static const struct described what = { .mf = &every,
		.image = &image,
		.files = script,
		.nfiles = 1,
		.vm_type = VM_TYPE_VZ,
		.certificates = "c\nd" };
	static const char *const want[] = {
		[LAYER_BASE] = "machine-currency 3\nlayer 4:base\n" BASE,
		[LAYER_GOLDEN] = "machine-currency 3\nlayer 6:golden\n" GOLDEN,
		[LAYER_SESSION] = "machine-currency 3\nlayer 7:session\n"
				  "cpus 1:2\nmemory 4:1024\nworkspace 2:rw\n"
				  "private 1:1\ndir 1:d\nmounts 1:2\n"
				  "to 2:/s\nfrom 3:~/g\nmode 2:rw\n"
				  "to 2:/t\nfrom 1:f\nmode 2:ro\n"
				  "volumes 1:1\nvolume 1:v\nat 2:/v\nsize 1:7\n"
				  "ports 1:2\nguest 2:80\nhost 4:8080\n"
				  "guest 4:3000\nhost 4:3001\n"
				  "egress 4:open\nready 4:8080\ntimeout 2:60\n"
				  "agents 1:1\nagent 5:codex\nstate 6:volume\n",
	};
	static const struct layer_step layered[] = { { &steps[0], "" },
		{ &steps[2], "" }, { &steps[3], "0123" } };
	cleanup(buf) struct buf disk = BUF_INIT, project = BUF_INIT;
	char got[HASH_XXH128_HEX + 1], expected[HASH_XXH128_HEX + 1];

	currency_steps_text(&disk, &what, layered, ARRAY_LEN(layered));
	add_recipes(&project,
	    "machine-currency 3\nlayer 7:project\n" GOLDEN
	    "as 4:root\nrun 2:a\n\nwatched -\nas 4:user\nrun 3:x\ny\n"
	    "watched -\nas 4:user\nrun 1:c\nwatched 4:0123\n");
	CHECK(strcmp(disk.s, project.s) == 0);
	for (int i = 0; i < LAYERS; i++) {
		cleanup(buf) struct buf text = BUF_INIT;
		cleanup(buf) struct buf wanted = BUF_INIT;

		add_recipes(&wanted, want[i]);
		currency_layer_text(&text, (enum currency)i, &what);
		CHECK(strcmp(text.s, wanted.s) == 0);
		currency_layer((enum currency)i, &what, got);
		hash_xxh128(text.s, text.len, expected);
		CHECK_STR(got, expected);
	}
}

static void
check_sum(const char *got, const char *text, size_t len)
{
	char want[HASH_XXH128_HEX + 1];

	hash_xxh128(text, len, want);
	CHECK_STR(got, want);
}

static void
test_steps(void)
{
	static const char inline_text[] =
	    "machine-step 2\nas 4:root\nrun 2:a\n\nwatched -\n";
	static const char file_text[] =
	    "machine-step 2\nas 4:user\nrun 3:x\ny\nwatched 1:s\n";
	static const char watched[] = "machine-watch 1\npath 1:w\n"
				      "data 2:\0\n\npath 4:gone\ndata -\n";
	static const struct layer_step layered[] = { { &steps[0], "" },
		{ &steps[2], "s" } };
	const struct file_bytes files[] = { { "w", "\0\n", 2 },
		{ "gone", NULL, 0 } };
	struct file_bytes bytes;
	char got[HASH_XXH128_HEX + 1];
	char sha[HASH_SHA256_HEX + 1], want[HASH_SHA256_HEX + 1];

	currency_step(&layered[0], NULL, 0, got);
	check_sum(got, inline_text, sizeof(inline_text) - 1);
	currency_step(&layered[1], script, 1, got);
	check_sum(got, file_text, sizeof(file_text) - 1);
	bytes = currency_bytes(&steps[2], script, 1);
	CHECK(bytes.data == script[0].data && bytes.len == 3);
	bytes = currency_bytes(&steps[0], script, 1);
	CHECK(bytes.len == 2);
	currency_watched(&steps[3], files, sha);
	hash_sha256(watched, sizeof(watched) - 1, want);
	CHECK_STR(sha, want);
}

int
main(void)
{
	test_image();
	test_text();
	test_steps();
	return tap_end();
}
