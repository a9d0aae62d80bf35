#include "core/machinefile.h"

#include "core/place.h"
#include "tests/tap.h"

static const struct limits limits = { .cpus = 8, .memory = UINT64_C(12) << 30 };

/* Each refused file, and all that is said about it. */
static const struct {
	const char *text, *want;
} refused[] = {
	{ "workspace: ro\n", "1:12: workspace: expected a mapping" },
	{ "workspace: {mode: w}\n",
	    "1:19: workspace.mode: \"w\" is not rw or ro" },
	{ "workspace: {mode: clone}\n",
	    "1:19: workspace.mode: \"clone\" is not yet supported" },
	{ "workspace: {hide: [a]}\n",
	    "1:13: \"workspace.hide\" is not yet supported" },
	{ "workspace: {private: a}\n",
	    "1:22: workspace.private: expected a list" },
	{ "workspace: {private: [/a]}\n",
	    "1:23: workspace.private: \"/a\" is absolute: write it from the project's directory" },
	{ "workspace: {private: [../a]}\n",
	    "1:23: workspace.private: \"../a\" may not have \"..\" in it" },
	{ "workspace: {private: [a/../b]}\n",
	    "1:23: workspace.private: \"a/../b\" may not have \"..\" in it" },
	{ "workspace: {private: [a//b]}\n",
	    "1:23: workspace.private: \"a//b\" has an empty component: write no // and no / at the end" },
	{ "workspace: {private: [a/]}\n",
	    "1:23: workspace.private: \"a/\" has an empty component: write no // and no / at the end" },
	{ "workspace: {private: [a/./b]}\n",
	    "1:23: workspace.private: \"a/./b\" may not have \".\" in it" },
	{ "workspace: {private: [.]}\n",
	    "1:23: workspace.private: \".\" is the project's directory itself" },
	{ "workspace: {private: [./]}\n",
	    "1:23: workspace.private: \"./\" is the project's directory itself" },
	{ "workspace: {private: [~/a]}\n",
	    "1:23: workspace.private: \"~/a\" is not in the project: ~ means nothing here" },
	{ "workspace: {private: [\"\"]}\n",
	    "1:23: workspace.private: \"\" is the project's directory itself" },
	{ "workspace: {private: [\"{{.Home}}\"]}\n",
	    "1:23: workspace.private: \"{{.Home}}\" has one of {}[],\"\\" },
	{ "workspace: {private: [\"a: b\"]}\n",
	    "1:23: workspace.private: \"a: b\" has a colon or # beside a space, or ends in a colon, space or slash" },
	{ "workspace: {private: [\"a\\nb\"]}\n",
	    "1:23: workspace.private: must be one line, without tabs" },
	{ "workspace: {private: [a, ./a]}\n",
	    "1:26: workspace.private: \"a\" is there twice" },
	{ "workspace: {private: [~]}\n",
	    "1:23: workspace.private: expected text; \"\" is the empty one" },
	{ "mounts: {}\n", "1:9: mounts: expected a list" },
	{ "mounts: [a]\n", "1:10: mounts: expected a mapping" },
	{ "mounts: [{}]\n", "1:10: mounts: missing key \"from\"\n"
			    "1:10: mounts: missing key \"to\"" },
	{ "mounts: [{from: a}]\n", "1:10: mounts: missing key \"to\"" },
	{ "mounts: [{from: a, to: b}]\n",
	    "1:24: mounts[].to: \"b\" is not an absolute path of the guest" },
	{ "mounts: [{from: a, to: /b, mode: rx}]\n",
	    "1:34: mounts[].mode: \"rx\" is not rw or ro" },
	{ "mounts: [{from: a, to: /b, writable: true}]\n",
	    "1:28: unknown key \"writable\"" },
	{ "mounts: [{from: ~, to: /b}]\n",
	    "1:17: mounts[].from: expected text; \"\" is the empty one" },
	{ "mounts: [{from: \"~\", to: /b}]\n",
	    "1:17: mounts[].from: \"~\" is your home directory or holds it: that is never shared" },
	{ "mounts: [{from: ~/, to: /b}]\n",
	    "1:17: mounts[].from: \"~/\" has an empty component: write no // and no / at the end" },
	{ "mounts: [{from: ~/.ssh, to: /b}]\n",
	    "1:17: mounts[].from: \"~/.ssh\" is or holds what logs in as you: that is never shared" },
	{ "mounts: [{from: ~/.ssh/id, to: /b}]\n",
	    "1:17: mounts[].from: \"~/.ssh/id\" is or holds what logs in as you: that is never shared" },
	{ "mounts: [{from: ~/.config, to: /b}]\n",
	    "1:17: mounts[].from: \"~/.config\" is or holds what logs in as you: that is never shared" },
	{ "mounts: [{from: /, to: /b}]\n",
	    "1:17: mounts[].from: \"/\" is a directory of the host's system: that is never shared" },
	{ "mounts: [{from: ../x, to: /b}]\n",
	    "1:17: mounts[].from: \"../x\" may not have \"..\" in it" },
	{ "mounts: [{from: /home/u/../x, to: /b}]\n",
	    "1:17: mounts[].from: \"/home/u/../x\" may not have \"..\" in it" },
	{ "mounts: [{from: /var/run/docker.sock, to: /b}]\n",
	    "1:17: mounts[].from: \"/var/run/docker.sock\" is a directory of the host's system: that is never shared" },
	{ "mounts: [{from: /run/user/1000, to: /b}]\n",
	    "1:17: mounts[].from: \"/run/user/1000\" is a directory of the host's system: that is never shared" },
	{ "mounts: [{from: /etc/ssl, to: /b}]\n",
	    "1:17: mounts[].from: \"/etc/ssl\" is a directory of the host's system: that is never shared" },
	{ "mounts: [{from: /home, to: /b}]\n",
	    "1:17: mounts[].from: \"/home\" is a directory of the host's system: that is never shared" },
	{ "mounts: [{from: ~u/x, to: /b}]\n",
	    "1:17: mounts[].from: \"~u/x\" is not an absolute path" },
	{ "mounts: [{from: ., to: /b}]\n",
	    "1:17: mounts[].from: \".\" is the project's directory itself" },
	{ "mounts: [{from: \"/x/{{.Dir}}\", to: /b}]\n",
	    "1:17: mounts[].from: \"/x/{{.Dir}}\" has one of {}[],\"\\" },
	{ "mounts: [{from: $HOME/x/.., to: /b}]\n",
	    "1:17: mounts[].from: \"$HOME/x/..\" may not have \"..\" in it" },
	{ "mounts: [{from: a, to: /}]\n",
	    "1:24: mounts[].to: \"/\" is a directory of the guest's system" },
	{ "mounts: [{from: a, to: /bin}]\n",
	    "1:24: mounts[].to: \"/bin\" is a directory of the guest's system" },
	{ "mounts: [{from: a, to: /dev}]\n",
	    "1:24: mounts[].to: \"/dev\" is a directory of the guest's system" },
	{ "mounts: [{from: a, to: /etc}]\n",
	    "1:24: mounts[].to: \"/etc\" is a directory of the guest's system" },
	{ "mounts: [{from: a, to: /home}]\n",
	    "1:24: mounts[].to: \"/home\" is a directory of the guest's system" },
	{ "mounts: [{from: a, to: /opt}]\n",
	    "1:24: mounts[].to: \"/opt\" is a directory of the guest's system" },
	{ "mounts: [{from: a, to: /sbin}]\n",
	    "1:24: mounts[].to: \"/sbin\" is a directory of the guest's system" },
	{ "mounts: [{from: a, to: /tmp}]\n",
	    "1:24: mounts[].to: \"/tmp\" is a directory of the guest's system" },
	{ "mounts: [{from: a, to: /usr}]\n",
	    "1:24: mounts[].to: \"/usr\" is a directory of the guest's system" },
	{ "mounts: [{from: a, to: /var}]\n",
	    "1:24: mounts[].to: \"/var\" is a directory of the guest's system" },
	{ "mounts: [{from: a, to: /home/u}]\n",
	    "1:24: mounts[].to: \"/home/u\" is a home directory of the guest: name one in it" },
	{ "mounts: [{from: a, to: /root/x}]\n",
	    "1:24: mounts[].to: \"/root/x\" is a directory of the guest's system" },
	{ "mounts: [{from: a, to: /usr/bin}]\n",
	    "1:24: mounts[].to: \"/usr/bin\" is a directory of the guest's system" },
	{ "mounts: [{from: a, to: /etc/ssh}]\n",
	    "1:24: mounts[].to: \"/etc/ssh\" is a directory of the guest's system" },
	{ "mounts: [{from: a, to: /run/x}]\n",
	    "1:24: mounts[].to: \"/run/x\" is a directory of the guest's system" },
	{ "mounts: [{from: a, to: /proc/1}]\n",
	    "1:24: mounts[].to: \"/proc/1\" is a directory of the guest's system" },
	{ "mounts: [{from: a, to: /a/../b}]\n",
	    "1:24: mounts[].to: \"/a/../b\" may not have \"..\" in it" },
	{ "mounts: [{from: a, to: /a//b}]\n",
	    "1:24: mounts[].to: \"/a//b\" has an empty component: write no // and no / at the end" },
	{ "mounts: [{from: a, to: /a/}]\n",
	    "1:24: mounts[].to: \"/a/\" has an empty component: write no // and no / at the end" },
	{ "mounts: [{from: a, to: ~/x}]\n",
	    "1:24: mounts[].to: \"~/x\" is not an absolute path of the guest" },
	{ "mounts: [{from: a, to: \"/a{{b\"}]\n",
	    "1:24: mounts[].to: \"/a{{b\" has one of {}[],\"\\" },
	{ "mounts: [{from: a, to: \"/a, b\"}]\n",
	    "1:24: mounts[].to: \"/a, b\" has one of {}[],\"\\" },
	{ "mounts: [{from: a, to: \"/a b \"}]\n",
	    "1:24: mounts[].to: \"/a b \" has a colon or # beside a space, or ends in a colon, space or slash" },
	{ "mounts: [{from: a, to: /b}, {from: c, to: /b}]\n",
	    "1:29: mounts: \"/b\" overlaps \"/b\"" },
	{ "mounts: [{from: a, to: /b}, {from: c, to: /b/c}]\n",
	    "1:29: mounts: \"/b/c\" overlaps \"/b\"" },
	{ "mounts: [{from: a, to: /b}]\nvolumes: {c: /b/x}\n",
	    "2:14: volumes: \"/b/x\" overlaps \"/b\"" },
	{ "volumes: []\n", "1:10: volumes: expected a mapping" },
	{ "volumes: {A: /a}\n",
	    "1:11: volumes: \"A\" is not the name of a volume: use a-z, 0-9 and - between them, at most 32" },
	{ "volumes: {a--b: /a}\n",
	    "1:11: volumes: \"a--b\" is not the name of a volume: use a-z, 0-9 and - between them, at most 32" },
	{ "volumes: {a-: /a}\n",
	    "1:11: volumes: \"a-\" is not the name of a volume: use a-z, 0-9 and - between them, at most 32" },
	{ "volumes: {a: /var/lib/machine/volumes/private}\n",
	    "1:14: volumes: \"/var/lib/machine/volumes/private\" is a directory of the guest's system" },
	{ "workspace: {private: [.git]}\n",
	    "1:23: workspace.private: \".git\" is git's own directory, or in one" },
	{ "workspace: {private: [a/.GIT/hooks]}\n",
	    "1:23: workspace.private: \"a/.GIT/hooks\" is git's own directory, or in one" },
	{ "volumes: {a: b}\n",
	    "1:14: volumes: \"b\" is not an absolute path of the guest" },
	{ "volumes: {a: }\n",
	    "1:14: volumes: expected text; \"\" is the empty one" },
	{ "volumes: {a: {}}\n", "1:14: volumes: missing key \"at\"" },
	{ "volumes: {a: {at: /a, size: 1MiB}}\n",
	    "1:29: volumes.NAME.size: \"1MiB\" is less than 64MiB" },
	{ "volumes: {a: {at: /a, size: 2TiB}}\n",
	    "1:29: volumes.NAME.size: \"2TiB\" is more than 1TiB" },
	{ "volumes: {a: {at: /a, size: 10}}\n",
	    "1:29: volumes.NAME.size: \"10\" needs a unit: MiB, GiB or TiB" },
	{ "volumes: {a: {to: /a}}\n", "1:14: volumes: missing key \"at\"\n"
				      "1:15: unknown key \"to\"" },
	{ "volumes: {a: [x]}\n", "1:14: volumes: expected a single value" },
	{ "volumes: {a: /a, b: /a}\n",
	    "1:21: volumes: \"/a\" overlaps \"/a\"" },
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

/* What the host asks with what a path leads to. */
static void
test_host_paths(void)
{
	static const char *const no[] = { "/", "/home", "/home/u",
		"/home/u/.ssh", "/home/u/.ssh/x", "/home/u/.gnupg",
		"/home/u/.config", "/home/u/.config/gh/x", "/home/u/.local",
		"/home/u/.local/share", "/home/u/.local/state/machine/x",
		"/var", "/var/run", "/var/run/docker.sock", "/run", "/etc/ssl",
		"/dev/null", "/proc/1", "/sys", "/usr/share", "/root", "/tmp",
		"/a/../b", "/a//b", "/a/", "a", "", "~u", "/a{{b", "/a\nb",
		"/a, b" };
	static const char *const yes[] = { "/home/u/data",
		"/home/u/.config/nvim", "/home/u/.sshx", "/home/u2",
		"/srv/data", "/tmp/x", "/opt/x", "/mnt/a b", "/var/lib/x",
		"/etcetera" };
	char longest[PLACE_MAX + 2];

	for (size_t i = 0; i < ARRAY_LEN(no); i++)
		tap_report(place_host_refused(no[i], "/home/u") != NULL,
		    __FILE__, __LINE__, no[i]);
	for (size_t i = 0; i < ARRAY_LEN(yes); i++)
		CHECK_STR(place_host_refused(yes[i], "/home/u"), NULL);
	memset(longest, 'a', sizeof(longest));
	longest[0] = '/';
	longest[PLACE_MAX + 1] = '\0';
	CHECK(place_host_refused(longest, "/home/u") != NULL);
	CHECK(place_guest_refused(longest) != NULL);
	longest[PLACE_MAX] = '\0';
	CHECK(!place_host_refused(longest, "/home/u"));
	CHECK(!place_guest_refused(longest));
}

static void
test_inside(void)
{
	static const struct {
		const char *path, *want;
	} rows[] = {
		{ "a", "a" },
		{ "./a", "a" },
		{ "././a/b c", "a/b c" },
		{ "...", "..." },
		{ ".a/..b", ".a/..b" },
		{ "$(x)/`y`;z", "$(x)/`y`;z" },
		{ "caf\303\251", "caf\303\251" },
		{ "..", NULL },
		{ "a/..", NULL },
		{ ".//a", NULL },
		{ "./", NULL },
		{ "", NULL },
	};
	cleanup(arena) struct arena *a = arena_new();
	char longest[PLACE_MAX + 2];
	const char *out;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		out = NULL;
		CHECK(!place_inside(a, rows[i].path, &out) == !!rows[i].want);
		CHECK_STR(out, rows[i].want);
	}
	memset(longest, 'a', sizeof(longest));
	longest[PLACE_MAX + 1] = '\0';
	CHECK(place_inside(a, longest, &out) != NULL);
	longest[PLACE_MAX] = '\0';
	CHECK(!place_inside(a, longest, &out));
}

static void
test_accepted(void)
{
	static const char text[] =
	    "workspace: {mode: ro, private: [node_modules, ./api/.venv]}\n"
	    "mounts:\n- {from: ./data, to: /srv/data}\n"
	    "- {from: ~/maps, to: /home/u.guest/maps, mode: rw}\n"
	    "- {from: /srv/a b, to: /opt/a, mode: ro}\n"
	    "volumes: {db: /var/lib/db, c: {at: /c}, d: {at: /d, size: 64MiB}}\n";
	struct diags d = { .count = 0 };
	cleanup(machinefile) struct machinefile *mf = machinefile_parse(
	    text, sizeof(text) - 1, &limits, &d);

	CHECK(mf && d.count == 0);
	if (!mf)
		return;
	CHECK(mf->workspace == ACCESS_RO && mf->nprivate_dirs == 2);
	CHECK_STR(mf->private_dirs[1], "api/.venv");
	CHECK(mf->nmounts == 3);
	CHECK_STR(mf->mounts[0].from, "data");
	CHECK_STR(mf->mounts[0].to, "/srv/data");
	CHECK(mf->mounts[0].mode == ACCESS_RO && !mf->mounts[0].outside);
	CHECK_STR(mf->mounts[1].from, "~/maps");
	CHECK(mf->mounts[1].mode == ACCESS_RW && mf->mounts[1].outside);
	CHECK(mf->mounts[2].outside);
	CHECK(mf->nvolumes == 3);
	CHECK_STR(mf->volumes[0].name, "db");
	CHECK_STR(mf->volumes[0].at, "/var/lib/db");
	CHECK(mf->volumes[0].size == UINT64_C(10) << 30);
	CHECK(mf->volumes[1].size == UINT64_C(10) << 30);
	CHECK(mf->volumes[2].size == UINT64_C(64) << 20);
}

int
main(void)
{
	test_refused();
	test_host_paths();
	test_inside();
	test_accepted();
	return tap_end();
}
