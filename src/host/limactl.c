#include "host/lima.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>

#include "base/fs.h"
#include "base/os.h"
#include "base/proc.h"
#include "base/quote.h"
#include "host/image_store.h"
#include "host/qemu.h"
#include "host/settings.h"

/*
 * The program: where limactl is, what it may know, whether it will do, and the
 * images that it brings.
 */
#define TEMPLATE_MAX (256u << 10)
#define VERSION_MS 20000 /* 50 ms where nothing else runs */

/* The one that `make lima` builds: beside the program, or installed with it. */
static char *
bundled_limactl(const char *self)
{
	static const char *const places[] = { "lima/bin/limactl",
		"../libexec/machine/lima/bin/limactl" };
	cleanup(str) char *real = realpath(self, NULL);
	char *slash = real ? strrchr(real, '/') : NULL;

	if (!slash)
		return NULL;
	*slash = '\0';
	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		cleanup(str) char *path = path_join(real, places[i]);
		char *limactl = path_runnable(path) ? realpath(path, NULL)
						    : NULL;

		if (limactl)
			return limactl;
	}
	return NULL;
}

/* What a process of Lima may know of our environment. */
static const char *const passed[] = { "HOME", "USER", "LOGNAME", "LANG",
	"LC_ALL", "LC_CTYPE", "TERM", "COLORTERM", "TMPDIR", "XDG_CACHE_HOME",
	"SSL_CERT_FILE", "SSL_CERT_DIR", "http_proxy", "https_proxy",
	"no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY" };

static int
find_qemu(struct lima *l, const char *dirs, struct err *e)
{
	cleanup(buf) struct buf name = BUF_INIT;

	if (strcmp(os_vm_type(), "qemu") != 0)
		return 0;
	buf_addf(&name, "qemu-system-%s", os_arch());
	l->qemu = path_find(dirs, name.s);
	l->qemu_img = path_find(dirs, "qemu-img");
	if (l->qemu && l->qemu_img)
		return 0;
	return err_set(e, ERR_BACKEND,
	    "%s is not installed: Lima runs VMs with QEMU; on Debian and "
	    "Ubuntu type: sudo apt-get install %s qemu-utils",
	    l->qemu ? "qemu-img" : name.s,
	    strcmp(os_arch(), "aarch64") == 0 ? "qemu-system-arm"
					      : "qemu-system-x86");
}

/* NULL if there is acceleration. Otherwise why not, malloc'ed. */
static char *
why_slow(enum accelerator wanted)
{
	cleanup(buf) struct buf why = BUF_INIT;

	switch (wanted) {
	case ACCEL_HARDWARE:
		return NULL;
	case ACCEL_TCG:
		return xstrdup("config.yaml says accelerator: tcg");
	case ACCEL_AUTO:
		break;
	}
	return os_accelerated(&why) ? NULL : buf_detach(&why);
}

/*
 * Put ourselves in front of QEMU (qemu.h). Without acceleration also the
 * arguments that win over Lima's own, which takes the existence of /dev/kvm
 * for its use and then fails.
 */
static int
wrap_qemu(struct lima *l, const char *self, struct err *e)
{
	const bool arm = strcmp(os_arch(), "aarch64") == 0;
	cleanup(str) char *wrapper = path_beside(self, QEMU_NAME);
	cleanup(buf) struct buf command = BUF_INIT;

	if (!l->qemu)
		return 0;
	if (!wrapper)
		return err_set(e, ERR_BACKEND,
		    QEMU_NAME " is not installed: it belongs beside machine, "
			      "or in its libexec directory");
	quote_sh(&command, wrapper);
	if (l->slow)
		buf_adds(&command, arm ? " -machine virt -cpu max"
				       : " -machine q35,vmport=off -cpu max");
	argv_pushf(&l->env, "QEMU_SYSTEM_%s=%s", arm ? "AARCH64" : "X86_64",
	    command.s);
	argv_pushf(&l->env, QEMU_ENV_PROGRAM "=%s", l->qemu);
	if (l->slow)
		argv_push(&l->env, QEMU_ENV_TCG "=1");
	return 0;
}

int
lima_find(
    struct lima *l, const struct config *c, const char *self, struct err *e)
{
	cleanup(str) char *dirs = path_dirs(l->paths);

	if ((c->vm_type == VM_TYPE_QEMU && strcmp(os_vm_type(), "qemu")) ||
	    (c->vm_type == VM_TYPE_VZ && strcmp(os_vm_type(), "vz")))
		return err_set(e, ERR_CONFIG,
		    "config.yaml: engine.vm_type can only be %s here",
		    os_vm_type());
	if (geteuid() == 0)
		return err_set(e, ERR_BACKEND,
		    "Lima refuses to run as root: use an ordinary account");
	l->limactl = path_find(dirs, "limactl");
	if (!l->limactl)
		l->limactl = bundled_limactl(self);
	if (!l->limactl)
		return err_set(e, ERR_BACKEND,
		    "limactl is not installed: machine needs Lima " LIMA_VERSION_MIN
		    " or later: see https://lima-vm.io/docs/installation, or "
		    "type `make lima` in machine's source");
	if (!(l->ssh = path_find(dirs, "ssh")))
		return err_set(e, ERR_BACKEND,
		    "ssh is not installed: on Debian and Ubuntu type: sudo "
		    "apt-get install openssh-client");
	if (find_qemu(l, dirs, e))
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(passed); i++) {
		const char *v = getenv(passed[i]);

		if (v)
			argv_pushf(&l->env, "%s=%s", passed[i], v);
	}
	argv_pushf(&l->env, "PATH=%s", dirs);
	argv_pushf(&l->env, "LIMA_HOME=%s", l->home);
	l->slow = why_slow(c->accelerator);
	return wrap_qemu(l, self, e);
}

/* Numbers with dots; what follows ("-beta.1") does not count. */
static int
compare_versions(const char *a, const char *b)
{
	while (*a || *b) {
		char *enda, *endb;
		unsigned long x = strtoul(a, &enda, 10);
		unsigned long y = strtoul(b, &endb, 10);

		if (x != y)
			return x < y ? -1 : 1;
		if (*enda != '.' && *endb != '.')
			return 0;
		a = *enda == '.' ? enda + 1 : "";
		b = *endb == '.' ? endb + 1 : "";
	}
	return 0;
}

int
lima_check_version(struct lima *l, struct err *e)
{
	static const char prefix[] = "limactl version ";
	const char *const argv[] = { l->limactl, "--version", NULL };
	struct proc_capture out = { .text = BUF_INIT, .max = 4096 };
	const struct proc p = { .path = l->limactl,
		.argv = argv,
		.envp = argv_const(&l->env),
		.in = { .io = PROC_NULL },
		.out = { .io = PROC_SINK },
		.err = { .io = PROC_NULL },
		.sink = proc_capture,
		.arg = &out,
		.timeout_ms = VERSION_MS };
	int status, rc = 0;

	if (proc_run(&p, &status, e))
		rc = -1;
	else if (status || strncmp(out.text.s, prefix, strlen(prefix)) != 0)
		rc = err_set(e, ERR_BACKEND,
		    "%s does not work: `limactl --version` ended with status "
		    "%d: %s",
		    l->limactl, status, out.text.s);
	else if (compare_versions(
		     out.text.s + strlen(prefix), LIMA_VERSION_MIN) < 0)
		rc = err_set(e, ERR_BACKEND,
		    "%s is version %.*s: machine needs Lima " LIMA_VERSION_MIN
		    " or later (older ones do not protect the host): update "
		    "Lima, or type `make lima` in machine's source and take "
		    "the old one off your PATH",
		    l->limactl,
		    (int)strcspn(out.text.s + strlen(prefix), " \n"),
		    out.text.s + strlen(prefix));
	if (!rc) {
		const char *v = out.text.s + strlen(prefix);

		free(l->version);
		l->version = xstrdup(v);
		l->version[strcspn(v, " \n")] = '\0';
	}
	buf_release(&out.text);
	return rc;
}

int
lima_image(const struct lima *l, const struct config *c,
    const struct machinefile *mf, struct arena *a, struct image *out,
    struct err *e)
{
	cleanup(buf) struct buf path = BUF_INIT;
	cleanup(str) char *real = realpath(l->limactl, NULL);
	cleanup(str) char *text = NULL;
	const char *alias = mf->image;
	struct diags d = { .count = 0 };
	size_t len;
	char *dir;

	if (image_from_machinefile(out, mf)) {
		if (strcmp(out->arch, os_arch()) == 0)
			return 0;
		return err_set(e, ERR_CONFIG,
		    "the image %s is for %s, and this host is %s",
		    out->location, out->arch, os_arch());
	}
	if (image_from_config(out, c, alias, os_arch()))
		return access(out->location, R_OK)
			   ? err_sys(e, "cannot read the image %s (%s)",
				 out->location, alias)
			   : 0;
	if (image_store_find(l->paths, alias, os_arch(), a, out))
		return 0;
	/* <prefix>/bin/limactl has its templates in <prefix>/share/lima. */
	if (!real || !(dir = strrchr(real, '/')))
		return err_sys(e, "cannot find the templates of limactl");
	*dir = '\0';
	buf_addf(
	    &path, "%s/../share/lima/templates/_images/%s.yaml", real, alias);
	if (fs_read_shared(AT_FDCWD, path.s, TEMPLATE_MAX, &text, &len, e)) {
		if (e->sys != ENOENT)
			return -1;
		return err_set(e, ERR_CONFIG,
		    "there is no image \"%s\": neither under `images:` in "
		    "config.yaml nor imported nor among Lima's templates",
		    alias);
	}
	if (!image_from_template(out, a, alias, os_arch(), text, len, &d))
		return settings_complain(e, path.s, &d);
	return 0;
}
