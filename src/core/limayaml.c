#include "core/limayaml.h"

#include "core/text.h"

#define ROOT_MAX 1024 /* bytes; macOS's PATH_MAX */

/* Directories that Lima mounts nothing on (limayaml/validate.go). */
static const char *const not_mounted_on[] = { "/", "/bin", "/dev", "/etc",
	"/home", "/opt", "/sbin", "/tmp", "/usr", "/var" };

const char *
limayaml_root_refused(const char *root)
{
	const size_t len = strlen(root);

	if (root[0] != '/' || len > ROOT_MAX)
		return "not an absolute path, or too long";
	for (size_t i = 0; i < ARRAY_LEN(not_mounted_on); i++)
		if (strcmp(root, not_mounted_on[i]) == 0)
			return "a directory of the system is no project";
	if (!text_one_line(root) || text_refused(root, len) >= 0)
		return "its path has characters that cannot be shown";
	if (root[strcspn(root, "{}[],\"\\")])
		return "its path has one of {}[],\"\\";
	if (strstr(root, ": ") || strstr(root, " #") || root[len - 1] == ':' ||
	    root[len - 1] == ' ' || root[len - 1] == '/')
		return "its path has a colon or # beside a space, or ends in "
		       "a colon, space or slash";
	return NULL;
}

static struct json *
located(const char *location)
{
	struct json *o = json_new_object();

	json_set_str(o, "location", location);
	return o;
}

static struct json *
images(const struct image *image)
{
	struct json *list = json_new_array(), *o = located(image->location);

	json_set_str(o, "arch", image->arch);
	if (image->digest)
		json_set_str(o, "digest", image->digest);
	if (image->kernel) {
		struct json *kernel = located(image->kernel);

		json_set_str(kernel, "cmdline", image->cmdline);
		json_set(o, "kernel", kernel);
	}
	if (image->initrd)
		json_set(o, "initrd", located(image->initrd));
	json_add(list, o);
	return list;
}

static struct json *
mounts(const char *root)
{
	struct json *list = json_new_array(), *o = located(root);

	json_set_str(o, "mountPoint", root);
	json_set_bool(o, "writable", true);
	json_add(list, o);
	return list;
}

/*
 * What is declared, then a rule that ends Lima's list: without it every port
 * of the guest would appear on the host. The first rule that matches wins,
 * and only with guestIPMustBeZero false does this one match all addresses.
 */
static struct json *
port_forwards(const struct machinefile *mf)
{
	struct json *list = json_new_array(), *o;

	for (size_t i = 0; i < mf->nports; i++) {
		o = json_new_object();
		json_set_int(o, "guestPort", mf->ports[i].guest);
		json_set_int(o, "hostPort", mf->ports[i].host);
		json_set_str(o, "hostIP", "127.0.0.1");
		json_set_str(o, "proto", "tcp");
		json_add(list, o);
	}
	o = json_new_object();
	json_set_str(o, "guestIP", "0.0.0.0");
	json_set_bool(o, "guestIPMustBeZero", false);
	json_set_str(o, "proto", "any");
	json_set_bool(o, "ignore", true);
	json_add(list, o);
	return list;
}

/* An object whose keys are all false. */
static struct json *
all_false(const char *const *keys, size_t n)
{
	struct json *o = json_new_object();

	for (size_t i = 0; i < n; i++)
		json_set_bool(o, keys[i], false);
	return o;
}

/* What the guest has no use for, or could turn against the host. */
static void
set_tight(struct json *o)
{
	static const char *const containerd[] = { "system", "user" };
	static const char *const ssh[] = { "loadDotSSHPubKeys", "forwardAgent",
		"forwardX11" };

	json_set(o, "containerd", all_false(containerd, ARRAY_LEN(containerd)));
	json_set(o, "ssh", all_false(ssh, ARRAY_LEN(ssh)));
	json_set_bool(o, "propagateProxyEnv", false);
	json_set_bool(o, "mountInotify", false);
}

static void
set_size(struct json *o, const char *key, uint64_t bytes)
{
	cleanup(buf) struct buf text = BUF_INIT;

	buf_addf(&text, "%lluMiB", (unsigned long long)(bytes >> 20));
	json_set_str(o, key, text.s);
}

struct json *
limayaml(
    const struct machinefile *mf, const struct image *image, const char *root)
{
	struct json *o = json_new_object();

	if (limayaml_root_refused(root))
		abort(); /* the caller asks first */
	json_set_str(o, "minimumLimaVersion", "2.2.0");
	json_set_str(o, "arch", image->arch);
	json_set(o, "images", images(image));
	json_set_int(o, "cpus", mf->cpus);
	set_size(o, "memory", mf->memory);
	set_size(o, "disk", mf->disk);
	json_set(o, "mounts", mounts(root));
	if (image->no_9p) {
		struct json *list = json_new_array();

		json_add_str(list, "9p");
		json_set(o, "mountTypesUnsupported", list);
	} else if (image->kernel) {
		json_set_str(o, "mountType", "9p");
	}
	/* Beside a kernel of its own, UEFI firmware only takes time. */
	if (image->kernel && strcmp(image->arch, "x86_64") == 0) {
		struct json *firmware = json_new_object();

		json_set_bool(firmware, "legacyBIOS", true);
		json_set(o, "firmware", firmware);
	}
	set_tight(o);
	json_set(o, "portForwards", port_forwards(mf));
	return o;
}
