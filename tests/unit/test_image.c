#include "core/image.h"

#include "base/buf.h"
#include "tests/tap.h"

#define D64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define SHA256 "sha256:" D64
#define SHA512 "sha512:" D64 D64
#define ENTRY(location, arch, digest)                   \
	"- location: \"" location "\"\n  arch: \"" arch \
	"\"\n  digest: \"" digest "\"\n"
#define ODD(more)                                                       \
	"- {location: https://d.org/2, arch: x86_64, digest: \"" SHA256 \
	"\", " more "}\n"
#define GOOD ENTRY("https://d.org/good.qcow2", "x86_64", SHA512)

/* A template, and the location that is taken from it or the complaint. */
static const struct {
	const char *text, *want;
} rows[] = {
	{ "images:\n" GOOD, "https://d.org/good.qcow2" },
	{ "images:\n" ENTRY("https://d.org/y", "x86_64", SHA256),
	    "https://d.org/y" },
	/* the first that fits; what does not is passed over */
	{ "images:\n" GOOD ENTRY("https://d.org/2", "x86_64", SHA512),
	    "https://d.org/good.qcow2" },
	{ "images:\n" ENTRY("https://d.org/2", "aarch64", SHA512) GOOD,
	    "https://d.org/good.qcow2" },
	{ "images:\n" ENTRY("http://d.org/2", "x86_64", SHA512) GOOD,
	    "https://d.org/good.qcow2" },
	{ "images:\n" ENTRY("/d/2", "x86_64", SHA512) GOOD,
	    "https://d.org/good.qcow2" },
	{ "images:\n" ENTRY("https://", "x86_64", SHA512) GOOD,
	    "https://d.org/good.qcow2" },
	{ "images:\n" ENTRY("https://d.org/{{.Home}}", "x86_64", SHA512) GOOD,
	    "https://d.org/good.qcow2" },
	{ "images:\n" ENTRY("https://d.org/a b", "x86_64", SHA512) GOOD,
	    "https://d.org/good.qcow2" },
	{ "images:\n" ENTRY("https://d.org/2", "x86_64", "sha256:" D64 D64)
		GOOD,
	    "https://d.org/good.qcow2" },
	{ "images:\n" ENTRY("https://d.org/2", "x86_64", "sha512:" D64) GOOD,
	    "https://d.org/good.qcow2" },
	{ "images:\n" ENTRY("https://d.org/2", "x86_64", SHA256 "x") GOOD,
	    "https://d.org/good.qcow2" },
	{ "images:\n" ENTRY("https://d.org/2", "x86_64", "md5:" D64) GOOD,
	    "https://d.org/good.qcow2" },
	{ "images:\n" ENTRY("https://d.org/2", "x86_64",
	      "sha256:G123456789abcdef0123456789abcdef0123456789abcdef0123456"
	      "789abcdef") GOOD,
	    "https://d.org/good.qcow2" },
	{ "images:\n- {location: https://d.org/2, arch: x86_64}\n" GOOD,
	    "https://d.org/good.qcow2" },
	{ "images:\n" ODD("kernel: {location: x}") GOOD,
	    "https://d.org/good.qcow2" },
	{ "images:\n" ODD("initrd: {location: x}") GOOD,
	    "https://d.org/good.qcow2" },
	{ "images:\n" ODD("archVariant: v3") GOOD, "https://d.org/good.qcow2" },
	{ "images:\n- x\n- [y]\n- {arch: [x86_64]}\n" GOOD,
	    "https://d.org/good.qcow2" },
	{ "os: Linux\nfoo: {bar: 1}\nimages:\n" GOOD,
	    "https://d.org/good.qcow2" },

	{ "", "1:1: no list of images" },
	{ "x\n", "1:1: no list of images" },
	{ "images: {}\n", "1:1: no list of images" },
	{ "base: template:_images/x\n", "1:1: no list of images" },
	{ "images: []\n",
	    "1:9: no image for x86_64 with an https location and a digest" },
	{ "images:\n" ENTRY("https://d.org/2", "aarch64", SHA512),
	    "2:1: no image for x86_64 with an https location and a digest" },
	{ "os: Darwin\nimages:\n" GOOD, "1:5: not an image of Linux" },
	{ "os: []\nimages:\n" GOOD, "1:5: not an image of Linux" },
	{ "images: &a []\n", "1:9: anchors (&name) are not supported" },
	{ "images: [\n", "2:1: did not find expected node content" },
};

static void
test_template(void)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup(arena) struct arena *a = arena_new();
		cleanup(buf) struct buf got = BUF_INIT;
		struct diags d = { .count = 0 };
		struct image image;

		if (image_from_template(&image, a, "debian-13", "x86_64",
			rows[i].text, strlen(rows[i].text), &d))
			buf_adds(&got, image.location);
		for (size_t j = 0; j < d.count; j++)
			buf_addf(&got, "%u:%u: %s", d.at[j].line,
			    d.at[j].column, d.at[j].text);
		CHECK_STR(got.s, rows[i].want);
	}
}

static void
test_template_fields(void)
{
	static const char text[] = "images:\n" ENTRY("https://d.org/arm",
	    "aarch64", SHA256) GOOD "mountTypesUnsupported: [9p]\n";
	cleanup(arena) struct arena *a = arena_new();
	struct diags d = { .count = 0 };
	struct image image = { .alias = NULL };

	CHECK(image_from_template(
	    &image, a, "debian-13", "aarch64", text, sizeof(text) - 1, &d));
	CHECK_STR(image.alias, "debian-13");
	CHECK_STR(image.location, "https://d.org/arm");
	CHECK_STR(image.digest, SHA256);
	CHECK_STR(image.arch, "aarch64");
	CHECK(!image.kernel && !image.initrd && !image.cmdline);
	CHECK(image.no_9p);
	CHECK(image_from_template(&image, a, "x", "x86_64", "images:\n" GOOD,
	    strlen("images:\n" GOOD), &d));
	CHECK(!image.no_9p);
}

static void
test_config(void)
{
	static const char text[] =
	    "images:\n  a: {path: /a}\n  k: {path: /k, kernel: /vmlinuz}\n"
	    "  f: {path: /f, kernel: /v, initrd: /i, cmdline: quiet}\n";
	struct diags d = { .count = 0 };
	cleanup(config) struct config *c = config_parse(
	    text, sizeof(text) - 1, &d);
	struct image image;

	CHECK(c != NULL);
	if (!c)
		return;
	CHECK(!image_from_config(&image, c, "b", "x86_64"));
	CHECK(!image_from_config(&image, c, "", "x86_64"));
	CHECK(image_from_config(&image, c, "a", "x86_64"));
	CHECK_STR(image.alias, "a");
	CHECK_STR(image.location, "/a");
	CHECK_STR(image.arch, "x86_64");
	CHECK(!image.digest && !image.kernel && !image.cmdline);
	CHECK(image_from_config(&image, c, "k", "x86_64"));
	CHECK_STR(image.cmdline,
	    "root=/dev/vda rw console=ttyS0 net.ifnames=0 quiet");
	CHECK(!image.initrd);
	CHECK(image_from_config(&image, c, "k", "aarch64"));
	CHECK_STR(image.cmdline,
	    "root=/dev/vda rw console=ttyAMA0 net.ifnames=0 quiet");
	CHECK(image_from_config(&image, c, "f", "x86_64"));
	CHECK_STR(image.kernel, "/v");
	CHECK_STR(image.initrd, "/i");
	CHECK_STR(image.cmdline, "quiet");
}

/* Of a Machinefile all that it says is taken, and only with a digest. */
static void
test_machinefile(void)
{
	static const struct machinefile alias = { .image = "debian-13" };
	static const struct machinefile url = { .image = "https://d.org/x",
		.image_digest = SHA256,
		.image_arch = "aarch64" };
	struct image image = { .kernel = "/k" };

	CHECK(!image_from_machinefile(&image, &alias));
	CHECK(image_from_machinefile(&image, &url));
	CHECK_STR(image.location, "https://d.org/x");
	CHECK_STR(image.alias, "https://d.org/x");
	CHECK_STR(image.digest, SHA256);
	CHECK_STR(image.arch, "aarch64");
	CHECK(!image.kernel && !image.initrd && !image.no_9p);
}

int
main(void)
{
	test_machinefile();
	test_template();
	test_template_fields();
	test_config();
	return tap_end();
}
