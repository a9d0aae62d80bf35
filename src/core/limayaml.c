#include "core/limayaml.h"

#include "core/place.h"
#include "core/schema.h"

/* As a Lima path: what is mounted, and where. */
static const char *
path_refused(const char *path)
{
	if (path[0] != '/' || strlen(path) > PLACE_MAX)
		return "not an absolute path, or too long";
	return place_text_refused(path);
}

const char *
limayaml_root_refused(const char *root)
{
	const char *why = path_refused(root);

	if (why)
		return why;
	if (place_is_system(root))
		return "a directory of the system is no project";
	return NULL;
}

const char *
limayaml_mount_refused(
    const char *from, const char *to, const char *root, const char *home)
{
	const char *why = path_refused(from);

	if (why || (why = place_guest_refused(to)))
		return why;
	if (home && place_is_within(home, to))
		return "is the home directory of the guest";
	if (place_is_within(to, root) || place_is_within(root, to))
		return "is, is in or holds the project's directory";
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
mount(const char *from, const char *to, enum access mode)
{
	struct json *o = located(from);

	json_set_str(o, "mountPoint", to);
	json_set_bool(o, "writable", mode == ACCESS_RW);
	return o;
}

static struct json *
mounts(const struct lima_machine *m)
{
	struct json *list = json_new_array();

	json_add(list, mount(m->root, m->root, m->mf->workspace));
	for (size_t i = 0; i < m->mf->nmounts; i++) {
		const struct mount *one = &m->mf->mounts[i];

		if (!m->mounts || limayaml_mount_refused(
				      m->mounts[i], one->to, m->root, NULL))
			abort(); /* the caller resolves, and asks first */
		json_add(list, mount(m->mounts[i], one->to, one->mode));
	}
	return list;
}

/* In the order of their devices; what is on them is the guest's business. */
static struct json *
disks(const struct storage *s)
{
	struct json *list = json_new_array(), *o;

	for (size_t i = 0; i < s->nvolumes; i++) {
		o = json_new_object();
		json_set_str(o, "name", s->volumes[i].disk);
		json_set_bool(o, "format", false);
		json_add(list, o);
	}
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
limayaml_make(const struct lima_machine *m)
{
	const struct machinefile *mf = m->mf;
	const struct image *image = m->image;
	struct json *o = json_new_object();

	if (m->root && limayaml_root_refused(m->root))
		abort(); /* the caller asks first */
	json_set_str(o, "minimumLimaVersion", "2.2.0");
	if (m->vm_type != VM_TYPE_AUTO)
		json_set_str(o, "vmType", schema_vm_types[m->vm_type]);
	json_set_str(o, "arch", image->arch);
	json_set(o, "images", images(image));
	json_set_int(o, "cpus", mf->cpus);
	set_size(o, "memory", mf->memory);
	set_size(o, "disk", mf->disk);
	if (m->storage && m->storage->nvolumes)
		json_set(o, "additionalDisks", disks(m->storage));
	if (m->root)
		json_set(o, "mounts", mounts(m));
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
