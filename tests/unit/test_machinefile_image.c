#include "core/machinefile.h"

#include "tests/tap.h"

static const struct limits limits = { .cpus = 8, .memory = UINT64_C(12) << 30 };

/* Each refused file, and all that is said about it. */
static const struct {
	const char *text, *want;
} refused[] = {
	{ "image: {}\n", "1:8: image: missing key \"url\"\n"
			 "1:8: image: missing key \"digest\"\n"
			 "1:8: image: missing key \"arch\"" },
	{ "image: []\n", "1:8: image: expected a single value" },
	{ "image: {url: http://d.org/x, digest: \"sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\", arch: x86_64}\n",
	    "1:14: image.url: \"http://d.org/x\" is not an https address" },
	{ "image: {url: \"https://d.org/{{.Home}}\", digest: \"sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\", arch: x86_64}\n",
	    "1:14: image.url: \"https://d.org/{{.Home}}\" is not an https address" },
	{ "image: {url: /srv/x, digest: md5:1, arch: arm}\n",
	    "1:14: image.url: \"/srv/x\" is not an https address\n"
	    "1:30: image.digest: \"md5:1\" is not a digest: sha256: and 64 digits, or sha512: and 128, of 0-9 and a-f\n"
	    "1:43: image.arch: \"arm\" is not x86_64 or aarch64" },
	{ "image: {url: https://d.org/x, digest: \"sha512:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\", arch: x86_64}\n",
	    "1:39: image.digest: \"sha512:0123456789abcdef0123456789abcdef012345678...\" is not a digest: sha256: and 64 digits, or sha512: and 128, of 0-9 and a-f" },
	{ "image: {url: https://d.org/x, digest: \"sha256:0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF\", arch: x86_64}\n",
	    "1:39: image.digest: \"sha256:0123456789ABCDEF0123456789ABCDEF012345678...\" is not a digest: sha256: and 64 digits, or sha512: and 128, of 0-9 and a-f" },
	{ "image: {url: https://d.org/x, digest: \"sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"}\n",
	    "1:8: image: missing key \"arch\"" },
	{ "image: {url: [x], digest: {}, arch: []}\n",
	    "1:14: image.url: expected a single value\n"
	    "1:27: image.digest: expected a single value\n"
	    "1:37: image.arch: expected a single value" },
	{ "image: {path: /x}\n", "1:8: image: missing key \"url\"\n"
				 "1:8: image: missing key \"digest\"\n"
				 "1:8: image: missing key \"arch\"\n"
				 "1:9: unknown key \"path\"" },
	{ "packages: git\n", "1:11: packages: expected a list" },
	{ "packages: [foo; rm -rf /]\n",
	    "1:12: packages: \"foo; rm -rf /\" is not the name of a package: use a-z, 0-9, +, dot and -" },
	{ "packages: [--option, $(x), Git, \"\", -y, a b, git=1.0, git/sid]\n",
	    "1:12: packages: \"--option\" is not the name of a package: use a-z, 0-9, +, dot and -\n"
	    "1:22: packages: \"$(x)\" is not the name of a package: use a-z, 0-9, +, dot and -\n"
	    "1:28: packages: \"Git\" is not the name of a package: use a-z, 0-9, +, dot and -\n"
	    "1:33: packages: \"\" is not the name of a package: use a-z, 0-9, +, dot and -\n"
	    "1:37: packages: \"-y\" is not the name of a package: use a-z, 0-9, +, dot and -\n"
	    "1:41: packages: \"a b\" is not the name of a package: use a-z, 0-9, +, dot and -\n"
	    "1:46: packages: \"git=1.0\" is not the name of a package: use a-z, 0-9, +, dot and -\n"
	    "1:55: packages: \"git/sid\" is not the name of a package: use a-z, 0-9, +, dot and -" },
	{ "packages: [git, g++, git]\n",
	    "1:22: packages: \"git\" is there twice" },
	{ "packages: [[git]]\n", "1:12: packages: expected a single value" },
	{ "packages: [aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa]\n",
	    "1:12: packages: \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...\" is not the name of a package: use a-z, 0-9, +, dot and -" },
	{ "tools: git\n", "1:8: tools: expected a list" },
	{ "tools: [perl]\n",
	    "1:9: tools: \"perl\" is not git, node, python, go, rust, docker, claude-code, codex or containerd" },
	{ "tools: [nodee]\n",
	    "1:9: tools: \"nodee\" is not known; did you mean \"node\"?" },
	{ "tools: [git, git]\n", "1:14: tools: \"git\" is there twice" },
	{ "tools: {rust: true}\n",
	    "1:15: tools: \"true\" is not a version: 22, 3.12 and the like, or latest, lts or stable" },
	{ "tools: {node: yes}\n",
	    "1:15: tools: \"yes\" is not a version: 22, 3.12 and the like, or latest, lts or stable" },
	{ "tools: {node: }\n",
	    "1:15: tools: \"\" is not a version: 22, 3.12 and the like, or latest, lts or stable" },
	{ "tools: {node: ~}\n",
	    "1:15: tools: \"~\" is not a version: 22, 3.12 and the like, or latest, lts or stable" },
	{ "tools: {node: \">=22\"}\n",
	    "1:15: tools: \">=22\" is not a version: 22, 3.12 and the like, or latest, lts or stable" },
	{ "tools: {node: 22 && x}\n",
	    "1:15: tools: \"22 && x\" is not a version: 22, 3.12 and the like, or latest, lts or stable" },
	{ "tools: {node: V22}\n",
	    "1:15: tools: \"V22\" is not a version: 22, 3.12 and the like, or latest, lts or stable" },
	{ "tools: {go: lts}\n",
	    "1:13: tools: there is no \"lts\" of go: write a number, latest or stable" },
	{ "tools: {node: stable}\n",
	    "1:15: tools: there is no \"stable\" of node: write a number, latest or lts" },
	{ "tools: {docker: 27}\n",
	    "1:17: tools: \"27\" is not rootless or true" },
	{ "tools: {docker: yes}\n",
	    "1:17: tools: \"yes\" is not rootless or true" },
	{ "tools: {docker: false}\n",
	    "1:17: tools: \"false\" is not rootless or true" },
	{ "tools: {nod: 1}\n",
	    "1:9: tools: \"nod\" is not known; did you mean \"node\"?" },
	{ "tools: {git: [1]}\n", "1:14: tools: expected a single value" },
	{ "tools: [{git: 1}]\n", "1:9: tools: expected a single value" },
	{ "pass_env: HOME\n", "1:11: pass_env: expected a list" },
	{ "pass_env: [HOME]\n",
	    "1:12: pass_env: \"HOME\" may not cross: the session sets it itself" },
	{ "pass_env: [PATH, LD_PRELOAD]\n",
	    "1:12: pass_env: \"PATH\" may not cross: it would change which code every command runs\n"
	    "1:18: pass_env: \"LD_PRELOAD\" may not cross: it would change which code every command runs" },
	{ "pass_env: [A=B, \"\", 1A, A-B]\n",
	    "1:12: pass_env: \"A=B\" is not the name of a variable\n"
	    "1:17: pass_env: \"\" is not the name of a variable\n"
	    "1:21: pass_env: \"1A\" is not the name of a variable\n"
	    "1:25: pass_env: \"A-B\" is not the name of a variable" },
	{ "pass_env: [A, A]\n", "1:15: pass_env: \"A\" is there twice" },
	{ "pass_env: [A]\nenv: {A: b}\n",
	    "1:12: pass_env: \"A\" is in env, too" },
	{ "pass_env: {A: b}\n", "1:11: pass_env: expected a list" },
};

static void
check_parse(const char *text, const char *want)
{
	cleanup(buf) struct buf got = BUF_INIT;
	struct diags d = { .count = 0 };
	struct machinefile *mf = machinefile_parse(
	    text, strlen(text), &limits, &d);

	if (mf)
		buf_adds(&got, "(accepted)");
	for (size_t i = 0; i < d.count && i < DIAG_MAX; i++)
		buf_addf(&got, "%s%u:%u: %s", i ? "\n" : "", d.at[i].line,
		    d.at[i].column, d.at[i].text);
	machinefile_free(mf);
	CHECK_STR(got.s, want);
}

static void
test_refused(void)
{
	for (size_t i = 0; i < ARRAY_LEN(refused); i++)
		check_parse(refused[i].text, refused[i].want);
}

static void
test_accepted(void)
{
	static const char text[] =
	    "image: {url: \"https://d.org/x?y=1\", digest: \"sha256:"
	    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	    "\", arch: aarch64}\n"
	    "packages: [git, g++, libc6-dev, 7zip]\n"
	    "tools: {node: 22, python: 3.10, go: \"1.23\", rust: stable, "
	    "docker: true}\npass_env: [TOKEN, _x]\n";
	static const char list[] = "tools: [docker, git]";
	struct diags d = { .count = 0 };
	cleanup(machinefile) struct machinefile *mf = machinefile_parse(
	    text, sizeof(text) - 1, &limits, &d);

	CHECK(mf && d.count == 0);
	if (!mf)
		return;
	CHECK_STR(mf->image, "https://d.org/x?y=1");
	CHECK_STR(mf->image_arch, "aarch64");
	CHECK(strlen(mf->image_digest) == 7 + 64);
	CHECK(mf->npackages == 4);
	CHECK_STR(mf->packages[1], "g++");
	CHECK(mf->ntools == 5);
	CHECK_STR(mf->tools[1].name, "python");
	CHECK_STR(mf->tools[1].version, "3.10");
	CHECK_STR(mf->tools[4].version, "true");
	CHECK(mf->npass_env == 2);
	CHECK_STR(mf->pass_env[1], "_x");
	machinefile_free(mf);
	mf = machinefile_parse(list, sizeof(list) - 1, &limits, &d);
	CHECK(mf && mf->ntools == 2 && !mf->image_digest);
	if (!mf)
		return;
	CHECK_STR(mf->tools[0].version, "rootless");
	CHECK_STR(mf->tools[1].version, NULL);
}

/* What belongs into pass_env is noticed; what only looks like it is not. */
static void
test_secrets(void)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "env: {A: b}", NULL },
		{ "env: {A: sk-short}", NULL },
		{ "env: {A: b, T: ghp_0123456789abcdef0123456789abcdef0123}",
		    "T" },
		{ "env: {K: AKIA0123456789ABCDEF}", "K" },
		{ "env: {K: \"-----BEGIN OPENSSH PRIVATE KEY-----\"}", "K" },
		{ "env: {U: \"https://x.org/sk-0123456789abcdef01234567\"}",
		    NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct diags d = { .count = 0 };
		cleanup(machinefile) struct machinefile *mf = machinefile_parse(
		    rows[i].text, strlen(rows[i].text), &limits, &d);

		CHECK_STR(
		    mf ? machinefile_secret(mf) : "refused", rows[i].want);
	}
}

int
main(void)
{
	test_refused();
	test_accepted();
	test_secrets();
	return tap_end();
}
