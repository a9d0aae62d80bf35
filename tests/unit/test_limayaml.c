#include "core/limayaml.h"

#include "tests/tap.h"

#define GiB (UINT64_C(1) << 30)

#define END_RULE                                                          \
	"{\"guestIP\":\"0.0.0.0\",\"guestIPMustBeZero\":false,\"proto\":" \
	"\"any\",\"ignore\":true}"
#define TIGHT                                                          \
	"\"containerd\":{\"system\":false,\"user\":false},"            \
	"\"ssh\":{\"loadDotSSHPubKeys\":false,\"forwardAgent\":false," \
	"\"forwardX11\":false},\"propagateProxyEnv\":false,"           \
	"\"mountInotify\":false,"

static void
check_machine(const struct lima_machine *m, const char *want)
{
	cleanup(json) struct json *v = limayaml_make(m);
	cleanup(json) struct json *golden = NULL;
	cleanup(buf) struct buf text = BUF_INIT;
	struct err e = ERR_INIT;

	golden = json_parse("golden", want, strlen(want), &e);
	CHECK_STR(e.msg, "");
	CHECK(golden && json_same(v, golden));
	json_write(&text, v, false);
	if (!golden || !json_same(v, golden))
		CHECK_STR(text.s, want); /* shows both */
	CHECK(!strstr(text.s, "{{"));
}

static void
check(const struct machinefile *mf, const struct image *image, const char *root,
    const char *want)
{
	check_machine(
	    &(struct lima_machine){ mf, image, root, NULL, 0, NULL }, want);
}

/* Everything that there is, as Lima gets it. */
static void
test_golden(void)
{
	static const struct port ports[] = { { 3000, 3000, NULL },
		{ 80, 8080, "web" } };
	static const struct env_var env[] = { { "A", "{{.Home}}" } };
	static const struct step steps[] = {
		{ .name = "n", .run = "{{.Home}}", .as = STEP_ROOT }
	};
	static const struct machinefile full = { .name = "n",
		.image = "i",
		.cpus = 4,
		.memory = 3 * GiB / 2,
		.disk = 20 * GiB,
		.ports = ports,
		.nports = 2,
		.env = env,
		.nenv = 1,
		.provision = steps,
		.nprovision = 1 };
	static const struct machinefile bare = {
		.cpus = 1, .memory = GiB, .disk = 4 * GiB
	};
	static const struct image local = { "i", "/srv/d.qcow2", NULL, "x86_64",
		"/srv/k", "/srv/i", "root=/dev/vda", false };
	static const struct image arm = { "i", "/srv/d.qcow2", NULL, "aarch64",
		"/srv/k", NULL, "quiet", false };
	static const struct image remote = { "i", "https://d.org/x", "sha256:d",
		"aarch64", NULL, NULL, NULL, true };

	check(&full, &local, "/home/u/a b",
	    "{\"minimumLimaVersion\":\"2.2.0\",\"arch\":\"x86_64\","
	    "\"images\":[{\"location\":\"/srv/d.qcow2\",\"arch\":\"x86_64\","
	    "\"kernel\":{\"location\":\"/srv/k\",\"cmdline\":"
	    "\"root=/dev/vda\"},\"initrd\":{\"location\":\"/srv/i\"}}],"
	    "\"cpus\":4,\"memory\":\"1536MiB\",\"disk\":\"20480MiB\","
	    "\"mounts\":[{\"location\":\"/home/u/a b\",\"mountPoint\":"
	    "\"/home/u/a b\",\"writable\":true}],\"mountType\":\"9p\","
	    "\"firmware\":{\"legacyBIOS\":true}," TIGHT
	    "\"portForwards\":[{\"guestPort\":3000,\"hostPort\":3000,"
	    "\"hostIP\":\"127.0.0.1\",\"proto\":\"tcp\"},"
	    "{\"guestPort\":80,\"hostPort\":8080,\"hostIP\":\"127.0.0.1\","
	    "\"proto\":\"tcp\"}," END_RULE "]}");
	check(&bare, &arm, "/p",
	    "{\"minimumLimaVersion\":\"2.2.0\",\"arch\":\"aarch64\","
	    "\"images\":[{\"location\":\"/srv/d.qcow2\",\"arch\":\"aarch64\","
	    "\"kernel\":{\"location\":\"/srv/k\",\"cmdline\":\"quiet\"}}],"
	    "\"cpus\":1,\"memory\":\"1024MiB\",\"disk\":\"4096MiB\","
	    "\"mounts\":[{\"location\":\"/p\",\"mountPoint\":\"/p\","
	    "\"writable\":true}],\"mountType\":\"9p\"," TIGHT
	    "\"portForwards\":[" END_RULE "]}");
	check(&bare, &remote, "/p",
	    "{\"minimumLimaVersion\":\"2.2.0\",\"arch\":\"aarch64\","
	    "\"images\":[{\"location\":\"https://d.org/x\",\"arch\":"
	    "\"aarch64\",\"digest\":\"sha256:d\"}],"
	    "\"cpus\":1,\"memory\":\"1024MiB\",\"disk\":\"4096MiB\","
	    "\"mounts\":[{\"location\":\"/p\",\"mountPoint\":\"/p\","
	    "\"writable\":true}],\"mountTypesUnsupported\":[\"9p\"]," TIGHT
	    "\"portForwards\":[" END_RULE "]}");
}

#define MACHINE(more, mounts)                                             \
	"{\"minimumLimaVersion\":\"2.2.0\"," more "\"arch\":\"aarch64\"," \
	"\"images\":[{\"location\":\"https://d.org/x\",\"arch\":"         \
	"\"aarch64\",\"digest\":\"sha256:d\"}],\"cpus\":1,\"memory\":"    \
	"\"1024MiB\",\"disk\":\"4096MiB\",\"mounts\":[" mounts "]," TIGHT \
	"\"portForwards\":[" END_RULE "]}"

#define ROOT "{\"location\":\"/p\",\"mountPoint\":\"/p\",\"writable\":true}"

/* What is mounted is what the host has resolved, at the guest's place. */
static void
test_mounts(void)
{
	static const struct mount mounts[] = { { "~/{{.Dir}}", "/srv/a b",
						   ACCESS_RO, true },
		{ "data", "/data", ACCESS_RW, false } };
	static const char *const resolved[] = { "/home/u/maps",
		"/home/u/p/data" };
	static const struct machinefile mf = { .image = "https://d.org/x",
		.image_digest = "sha256:d",
		.image_arch = "aarch64",
		.cpus = 1,
		.memory = GiB,
		.disk = 4 * GiB,
		.workspace = ACCESS_RO,
		.mounts = mounts,
		.nmounts = 2 };
	struct image image;
	struct lima_machine m = { .mf = &mf,
		.image = &image,
		.root = "/home/u/p",
		.mounts = resolved };

	CHECK(image_from_machinefile(&image, &mf));
	check_machine(&m,
	    MACHINE("",
		"{\"location\":\"/home/u/p\",\"mountPoint\":\"/home/u/p\","
		"\"writable\":false},"
		"{\"location\":\"/home/u/maps\",\"mountPoint\":\"/srv/a b\","
		"\"writable\":false},"
		"{\"location\":\"/home/u/p/data\",\"mountPoint\":\"/data\","
		"\"writable\":true}"));
}

/* Volumes, in the order that storage_make() gives them. */
static void
test_disks(void)
{
	static const struct machinefile mf = {
		.cpus = 1, .memory = GiB, .disk = 4 * GiB
	};
	static const struct image image = { .location = "https://d.org/x",
		.digest = "sha256:d",
		.arch = "aarch64" };
	struct storage_volume volumes[] = { { .disk = "v-1-a" },
		{ .disk = "v-1_agents" } };
	struct storage s = { .volumes = volumes, .nvolumes = 0 };
	struct lima_machine m = {
		.mf = &mf, .image = &image, .root = "/p", .storage = &s
	};

	check_machine(&m, MACHINE("", ROOT));
	s.nvolumes = 2;
	check_machine(&m,
	    MACHINE(
		"\"additionalDisks\":[{\"name\":\"v-1-a\",\"format\":false},"
		"{\"name\":\"v-1_agents\",\"format\":false}],",
		ROOT));
}

static void
test_vm_type(void)
{
	static const struct machinefile mf = {
		.cpus = 1, .memory = GiB, .disk = 4 * GiB
	};
	static const struct image image = { .location = "https://d.org/x",
		.digest = "sha256:d",
		.arch = "aarch64" };
	struct lima_machine m = { .mf = &mf, .image = &image, .root = "/p" };
	check_machine(&m, MACHINE("", ROOT));
	m.vm_type = VM_TYPE_QEMU;
	check_machine(&m, MACHINE("\"vmType\":\"qemu\",", ROOT));
	m.vm_type = VM_TYPE_VZ;
	check_machine(&m, MACHINE("\"vmType\":\"vz\",", ROOT));
}

/* All that Lima is ever told, as PATH of the key. */
static const char *const allowed[] = { "minimumLimaVersion", "vmType", "arch",
	"images", "images[].location", "images[].arch", "images[].digest",
	"images[].kernel", "images[].kernel.location",
	"images[].kernel.cmdline", "images[].initrd",
	"images[].initrd.location", "cpus", "memory", "disk", "mounts",
	"mounts[].location", "mounts[].mountPoint", "mounts[].writable",
	"mountType", "mountTypesUnsupported", "firmware", "firmware.legacyBIOS",
	"containerd", "containerd.system", "containerd.user", "ssh",
	"ssh.loadDotSSHPubKeys", "ssh.forwardAgent", "ssh.forwardX11",
	"propagateProxyEnv", "mountInotify", "portForwards",
	"portForwards[].guestPort", "portForwards[].hostPort",
	"portForwards[].hostIP", "portForwards[].proto",
	"portForwards[].guestIP", "portForwards[].guestIPMustBeZero",
	"portForwards[].ignore", "additionalDisks", "additionalDisks[].name",
	"additionalDisks[].format" };

struct seen {
	const char *parent;
	bool *keys; /* of allowed */
};

static bool allowed_below(const struct json *v, const struct seen *s);

static bool
allowed_key(const char *key, const struct json *v, void *arg)
{
	const struct seen *s = arg;
	cleanup(buf) struct buf path = BUF_INIT;
	const bool list = json_kind(v) == JSON_IS_ARRAY;

	buf_addf(&path, "%s%s%s", s->parent, *s->parent ? "." : "", key);
	for (size_t i = 0; i < ARRAY_LEN(allowed); i++) {
		if (strcmp(allowed[i], path.s) != 0)
			continue;
		s->keys[i] = true;
		buf_adds(&path, list ? "[]" : "");
		return allowed_below(v, &(struct seen){ path.s, s->keys });
	}
	tap_report(0, __FILE__, __LINE__, path.s);
	return false;
}

static bool
allowed_below(const struct json *v, const struct seen *s)
{
	struct seen copy = *s;

	if (json_kind(v) == JSON_IS_OBJECT)
		return json_every(v, allowed_key, &copy);
	for (size_t i = 0; i < json_len(v); i++)
		if (!allowed_below(json_at(v, i), s))
			return false;
	return true;
}

/* Every key of a Machinefile at once, and still no other key of Lima's. */
static void
test_allowed_keys(void)
{
	static const char text[] =
	    "name: a\npackages: [a]\ntools: [git]\nenv: {A: b}\npass_env: [B]\n"
	    "workspace: {mode: ro, private: [a]}\n"
	    "mounts: [{from: a, to: /a}]\nvolumes: {a: /va}\n"
	    "ports: [3000]\nnetwork: {egress: allowlist, allow: [a.b]}\n"
	    "provision: [x.sh, {run: y}]\nready: {tcp: 1}\n"
	    "commands: {guest: [git]}\ngit: {identity: host}\n"
	    "agents: {codex: {}}\nidle: {stop: 5m}\n";
	static const struct limits limits = { .cpus = 2, .memory = 2 * GiB };
	static const char *const resolved[] = { "/p/a" };
	static const struct image images[] = {
		{ "i", "/d", NULL, "x86_64", "/k", "/i", "c", false },
		{ "i", "https://d", "sha256:d", "aarch64", NULL, NULL, NULL,
		    true },
	};
	bool keys[ARRAY_LEN(allowed)] = { false };
	cleanup(arena) struct arena *arena = arena_new();
	struct storage s = { .nvolumes = 0 };
	struct err e = ERR_INIT;
	struct diags d = { .count = 0 };
	cleanup(machinefile) struct machinefile *mf = machinefile_parse(
	    text, sizeof(text) - 1, &limits, &d);

	CHECK(mf && !storage_make(&s, mf, "/p", "id", arena, &e));
	for (size_t i = 0; mf && i < ARRAY_LEN(images); i++) {
		cleanup(json) struct json *v = limayaml_make(
		    &(struct lima_machine){
			mf, &images[i], "/p", resolved, VM_TYPE_QEMU, &s });

		CHECK(allowed_below(v, &(struct seen){ "", keys }));
	}
	for (size_t i = 0; i < ARRAY_LEN(allowed); i++)
		tap_report(keys[i], __FILE__, __LINE__, allowed[i]);
}

static void
test_mounts_refused(void)
{
	static const struct {
		const char *from, *to, *want;
	} rows[] = {
		{ "/a", "/b", NULL },
		{ "/home/u/p/data", "/data", NULL },
		{ "/a b", "/home/u.guest/x", NULL },
		{ "a", "/b", "not an absolute path, or too long" },
		{ "~/a", "/b", "not an absolute path, or too long" },
		{ "/a{{b", "/b", "its path has one of {}[],\"\\" },
		{ "/a", "/b{{c", "has one of {}[],\"\\" },
		{ "/a", "b", "is not an absolute path of the guest" },
		{ "/a", "/usr", "is a directory of the guest's system" },
		{ "/a", "/home/u.guest",
		    "is a home directory of the guest: name one in it" },
		{ "/a", "/h", "is the home directory of the guest" },
		{ "/a", "/home/u/p",
		    "is, is in or holds the project's directory" },
		{ "/a", "/home/u/p/x",
		    "is, is in or holds the project's directory" },
		{ "/a", "/home/u/p2", NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		CHECK_STR(limayaml_mount_refused(
			      rows[i].from, rows[i].to, "/home/u/p", "/h/u"),
		    rows[i].want);
}

static void
test_roots(void)
{
	static const char *const hostile[] = { "", "p", "~/p", "./p", "/",
		"/home", "/tmp", "/usr", "/var", "/etc", "/home/u/{{.Home}}",
		"/home/u/{{", "/home/u/{x}", "/home/u/a\nb", "/home/u/a\tb",
		"/home/u/a\rb", "/home/u/\x1b[m", "/home/u/\x7f",
		"/home/u/caf\xe9", "/home/u/\xc0\xaf", "/home/u/\xe2\x80\xaex",
		"/home/u/\xe2\x80\x8b", "/home/u/\xc2\x85", "/home/u/a, 9p",
		"/home/u/a]", "/home/u/[a", "/home/u/a\"b", "/home/u/a\\b",
		"/home/u/a: b", "/home/u/a:", "/home/u/a #b", "/home/u/a ",
		"/home/u/a/" };
	static const char *const fine[] = { "/p", "/home/u/p", "/home/u/a b",
		"/home/u/caf\xc3\xa9", "/home/u/\xe6\x97\xa5", "/home/u/a:b",
		"/home/u/a#b", "/home/u/it's", "/home/u/$(x)", "/home/u/-p",
		"/home/u/a&b", "/home/u/a*b", "/home/u/%s", "/tmp/p" };
	char longest[1026];

	for (size_t i = 0; i < ARRAY_LEN(hostile); i++)
		tap_report(limayaml_root_refused(hostile[i]) != NULL, __FILE__,
		    __LINE__, "a hostile root is refused");
	for (size_t i = 0; i < ARRAY_LEN(fine); i++) {
		CHECK_STR(limayaml_root_refused(fine[i]), NULL);
		CHECK(!limayaml_root_refused(fine[i]));
	}
	memset(longest, 'a', sizeof(longest));
	longest[0] = '/';
	longest[1025] = '\0';
	CHECK(limayaml_root_refused(longest));
	longest[1024] = '\0';
	CHECK(!limayaml_root_refused(longest));
}

int
main(void)
{
	test_golden();
	test_mounts();
	test_disks();
	test_vm_type();
	test_allowed_keys();
	test_mounts_refused();
	test_roots();
	return tap_end();
}
