#include "base/base.h"

#include "guest/cidata.h"
#include "guest/cidata_words.h"
#include "tests/tap.h"

#define ENV                                                         \
	"LIMA_CIDATA_DEBUG=false\nLIMA_CIDATA_IID=iid-1763980000\n" \
	"LIMA_CIDATA_NAME=m-1\nLIMA_CIDATA_USER=ann\n"              \
	"LIMA_CIDATA_UID=1000\nLIMA_CIDATA_COMMENT=Ann O'Nym\n"     \
	"LIMA_CIDATA_HOME=/home/ann.guest\n"                        \
	"LIMA_CIDATA_SHELL=/bin/bash\n"
#define PLACE "LIMA_CIDATA_SLIRP_IP_ADDRESS=192.168.5.15\n"

static const struct {
	const char *text, *why;
} envs[] = {
	{ ENV, "" },
	{ ENV "LIMA_CIDATA_VSOCK_PORT=0\nLIMA_CIDATA_MOUNTS=0\n\n", "" },
	{ "", "lima.env lacks one of IID, USER, UID, HOME and SHELL" },
	{ ENV "LIMA_CIDATA_USER=bob\n", "lima.env:9: USER twice" },
	{ ENV "LIMA_CIDATA_VSOCK_PORT=-1\n",
	    "lima.env:9: VSOCK_PORT has an unusable value" },
	{ ENV "LIMA_CIDATA_SLIRP_DNS=dns\n",
	    "lima.env:9: SLIRP_DNS has an unusable value" },
	{ ENV "LIMA_CIDATA_PASSWORDLESS_SUDO=yes\n",
	    "lima.env:9: PASSWORDLESS_SUDO has an unusable value" },
	{ "LIMA_CIDATA_USER=root\n", "lima.env:1: USER has an unusable value" },
	{ "LIMA_CIDATA_USER=a:0:0\n",
	    "lima.env:1: USER has an unusable value" },
	{ "LIMA_CIDATA_USER=../a\n", "lima.env:1: USER has an unusable value" },
	{ "LIMA_CIDATA_COMMENT=a:b\n",
	    "lima.env:1: COMMENT has an unusable value" },
	{ "LIMA_CIDATA_HOME=home\n", "lima.env:1: HOME has an unusable value" },
	{ "LIMA_CIDATA_HOME=/home/../root\n",
	    "lima.env:1: HOME has an unusable value" },
	{ "LIMA_CIDATA_SHELL=/bin/sh\t-x\n",
	    "lima.env:1: SHELL has an unusable value" },
	{ "LIMA_CIDATA_UID=0x10\n", "lima.env:1: UID has an unusable value" },
	{ "LIMA_CIDATA_UID=4294967296\n",
	    "lima.env:1: UID has an unusable value" },
	{ "LIMA_CIDATA_IID=$(x)\n", "lima.env:1: IID has an unusable value" },
};

static const struct {
	const char *line;
	const char *at; /* NULL: refused */
	const char *options;
} mounts[] = {
	{ "- [lima-0123, /home/ann/p, 9p, \"rw,trans=virtio\", \"0\", \"0\"]",
	    "/home/ann/p", "rw,trans=virtio" },
	{ "- [lima-0, \"/p\", virtiofs, \"ro\", \"0\", \"0\"]", "/p", "ro" },
	{ "- [lima-0, /a, b, c \"d\", 9p, \"ro\", \"0\", \"0\"]",
	    "/a, b, c \"d\"", "ro" },
	{ "- [vz-rosetta, /mnt/lima-rosetta, virtiofs, defaults, \"0\", \"0\"]",
	    "/mnt/lima-rosetta", "defaults" },
	{ "- [lima-0, p, 9p, \"ro\", \"0\", \"0\"]", NULL, NULL },
	{ "- [lima-0, /p/../etc, 9p, \"ro\", \"0\", \"0\"]", NULL, NULL },
	{ "- [lima-0, /p, ext4, \"ro\", \"0\", \"0\"]", NULL, NULL },
	{ "- [/dev/vda, /p, 9p, \"ro\", \"0\", \"0\"]", NULL, NULL },
	{ "- [lima-0, /p, 9p, \"r\"o\", \"0\", \"0\"]", NULL, NULL },
	{ "- [lima-0, /p, 9p, \"ro\"]", NULL, NULL },
	{ "- [lima-0, \"0\", \"0\"]", NULL, NULL },
	{ "- [, , , \"0\", \"0\"]", NULL, NULL },
};

static const char *const bad_keys[] = { "ssh-ed25519 AAAA", "\"\"",
	"\"command=\\\"x\\\" ssh-ed25519 AAAA\"", "\"ssh-ed25519\"",
	"\"ssh-ed25519 AAAA\\n\"", "\"ssh-ed25519 AA\"A\"",
	"\"# ssh-ed25519 AAAA\"", "\"ssh-ed25519 A\x01\"" };

#define USER_DATA                                                       \
	"#cloud-config\n# vim:syntax=yaml\n\ngrowpart:\n  mode: auto\n" \
	"  devices: ['/']\nmounts:\n"                                   \
	"- [lima-1, /home/ann/p, 9p, \"rw,nofail\", \"0\", \"0\"]\n"    \
	"- [lima-2, /ro, virtiofs, \"ro\", \"0\", \"0\"]\n"             \
	"timezone: Europe/Vienna\n\nusers:\n  - name: \"ann\"\n"        \
	"    uid: \"1000\"\n    shell: /bin/bash\n"                     \
	"    ssh-authorized-keys:\n"                                    \
	"      - \"ssh-ed25519 AAAA an\\\"n\\\\\"\n"                    \
	"      - \"ecdsa-sha2-nistp256 BBBB\"\n"                        \
	"write_files:\n - content: |\n      #!/bin/sh\n"                \
	"      - \"ssh-rsa no key of ours\"\n"                          \
	"bootcmd:\n- |\n  # Work around\n"                              \
	"- [lima-9, /etc, 9p, \"rw\", \"0\", \"0\"]\n"

static void
user_data(void)
{
	cleanup(cidata) struct cidata c;
	cleanup(cidata) struct cidata d;
	struct err e = ERR_INIT;

	cidata_init(&c);
	cidata_init(&d);
	CHECK(cidata_user_data(&c, USER_DATA, strlen(USER_DATA), &e) == 0);
	CHECK(c.mounts_len == 2 && c.keys_len == 2 && !c.unsupported);
	CHECK_STR(c.mounts[0].tag, "lima-1");
	CHECK_STR(c.mounts[0].at, "/home/ann/p");
	CHECK_STR(c.mounts[1].type, "virtiofs");
	CHECK_STR(c.keys[0], "ssh-ed25519 AAAA an\"n\\");
	CHECK_STR(c.timezone, "Europe/Vienna");
#define BAD "ca_certs:\n  x\ntimezone: ../etc/shadow\n"
	CHECK(cidata_user_data(&d, BAD, strlen(BAD), &e) == -1);
	CHECK_STR(e.msg, "user-data:3: unusable time zone");
	CHECK_STR(d.unsupported, "ca_certs:");

	for (size_t i = 0; i < ARRAY_LEN(mounts); i++) {
		cleanup(cidata) struct cidata m;
		char text[512];
		int n = snprintf(
		    text, sizeof(text), "mounts:\n%s\n", mounts[i].line);
		int rc;

		cidata_init(&m);
		rc = cidata_user_data(&m, text, (size_t)n, &e);
		CHECK(!rc == !!mounts[i].at);
		CHECK(m.mounts_len == (mounts[i].at != NULL));
		if (!m.mounts_len)
			continue;
		CHECK_STR(m.mounts[0].at, mounts[i].at);
		CHECK_STR(m.mounts[0].options, mounts[i].options);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad_keys); i++) {
		cleanup(cidata) struct cidata k;
		char text[512];
		int n = snprintf(text, sizeof(text),
		    "users:\n    ssh-authorized-keys:\n      - %s\n",
		    bad_keys[i]);

		cidata_init(&k);
		CHECK(cidata_user_data(&k, text, (size_t)n, &e) == -1);
		CHECK_STR(e.msg, "user-data:3: unusable ssh key");
	}
}

static void
limits(void)
{
	cleanup(cidata) struct cidata c;
	cleanup(str) char *big = xcalloc(CIDATA_TEXT_MAX + 2, 1);
	cleanup(str) char *many = xcalloc(16384, 1);
	struct err e = ERR_INIT;
	size_t n = 0;

	cidata_init(&c);
	memset(big, 'x', CIDATA_TEXT_MAX + 1);
	CHECK(cidata_env(&c, big, CIDATA_TEXT_MAX + 1, &e) == -1);
	CHECK_STR(e.msg, "lima.env is larger than 262144 bytes");
	CHECK(cidata_meta_data(&c, "a\0b", 3, &e) == -1);
	CHECK_STR(e.msg, "meta-data has a NUL in it");
	n += (size_t)snprintf(many, 16384, "mounts:\n");
	for (int i = 0; i <= CIDATA_MOUNTS_MAX; i++)
		n += (size_t)snprintf(many + n, 16384 - n,
		    "- [lima-%d, /m%d, 9p, \"ro\", \"0\", \"0\"]\n", i, i);
	CHECK(cidata_user_data(&c, many, n, &e) == -1);
	CHECK_STR(e.msg, "user-data:66: more than 64 mounts");
}

int
main(void)
{
	cleanup(cidata) struct cidata c;
	struct err e = ERR_INIT;

	for (size_t i = 0; i < ARRAY_LEN(envs); i++) {
		cleanup(cidata) struct cidata one;
		int rc;

		cidata_init(&one);
		rc = cidata_env(&one, envs[i].text, strlen(envs[i].text), &e);
		CHECK(!rc == !envs[i].why[0]);
		CHECK_STR(rc ? e.msg : "", envs[i].why);
	}
	cidata_init(&c);
	CHECK(
	    cidata_env(&c, ENV PLACE "LIMA_CIDATA_PASSWORDLESS_SUDO=1",
		strlen(ENV PLACE "LIMA_CIDATA_PASSWORDLESS_SUDO=1"), &e) == 0);
	CHECK_STR(c.user, "ann");
	CHECK_STR(c.comment, "Ann O'Nym");
	CHECK_STR(c.address, "192.168.5.15");
	CHECK(c.uid == 1000 && c.sudo);
#define META "instance-id: iid-1\nlocal-hostname: lima-m-1\n"
	CHECK(cidata_meta_data(&c, META, strlen(META), &e) == 0);
	CHECK_STR(c.hostname, "lima-m-1");
	CHECK(cidata_meta_data(&c, "local-hostname: a b", 19, &e) == -1);
	CHECK_STR(e.msg, "meta-data:1: unusable host name");
	user_data();
	limits();
	return tap_end();
}
