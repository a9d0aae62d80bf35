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
check(const struct machinefile *mf, const struct image *image, const char *root,
    const char *want)
{
	cleanup(json) struct json *v = limayaml(mf, image, root);
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

/* Everything that there is, as Lima gets it. */
static void
test_golden(void)
{
	static const struct port ports[] = { { 3000, 3000, NULL },
		{ 80, 8080, "web" } };
	static const struct env_var env[] = { { "A", "{{.Home}}" } };
	static const struct step steps[] = { { "n", "{{.Home}}", STEP_ROOT } };
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
		CHECK(limayaml_root_ok(fine[i]));
	}
	memset(longest, 'a', sizeof(longest));
	longest[0] = '/';
	longest[1025] = '\0';
	CHECK(!limayaml_root_ok(longest));
	longest[1024] = '\0';
	CHECK(limayaml_root_ok(longest));
}

int
main(void)
{
	test_golden();
	test_roots();
	return tap_end();
}
