#include "core/schema.h"

static const struct schema_key machinefile_keys[] = {
	[MF_VERSION] = { "version", "1", "1", "version of this format", "",
	    false },
	[MF_NAME] = { "name", "[a-z0-9][a-z0-9-]{0,39}",
	    "made from the directory's name", "shown in prompts and lists",
	    "at once", false },
	[MF_IMAGE] = { "image", "alias", "debian-13",
	    "base image: an alias of your config.yaml or of Lima's templates",
	    "rebuild", false },
	[MF_CPUS] = { "cpus", "number from 1", "2",
	    "processors, at most the host's", "restart", false },
	[MF_MEMORY] = { "memory", "size from 512MiB", "2GiB",
	    "memory of the VM", "restart", false },
	[MF_DISK] = { "disk", "size from 4GiB to 1TiB", "20GiB",
	    "root disk, sparse", "rebuild", false },
	[MF_ENV] = { "env", "map of NAME: text", "",
	    "variables of every session", "next line", false },
	[MF_PORTS] = { "ports", "list of port or {guest, host, label}", "",
	    "forwarded from 127.0.0.1; nothing else is", "restart", false },
	[MF_PORTS_GUEST] = { "ports[].guest", "number from 1 to 65535", "",
	    "the port that something listens on in the guest", "restart",
	    false },
	[MF_PORTS_HOST] = { "ports[].host", "number from 1024 to 65535",
	    "the guest's", "the port on the host's 127.0.0.1", "restart",
	    false },
	[MF_PORTS_LABEL] = { "ports[].label", "text", "",
	    "what it is, for people", "at once", false },
	[MF_PROVISION] = { "provision", "list of {run, name, as}", "",
	    "steps in the guest, in order, once each", "rebuild", false },
	[MF_PROVISION_RUN] = { "provision[].run", "text, may have lines", "",
	    "a script for sh", "rebuild", false },
	[MF_PROVISION_NAME] = { "provision[].name", "text", "",
	    "shown while it runs", "at once", false },
	[MF_PROVISION_AS] = { "provision[].as", "user or root", "user",
	    "who runs it", "rebuild", false },

	[MF_KEYS] = { .path = "provision[].when", .later = true },
	{ .path = "provision[].watch", .later = true },
	{ .path = "packages", .later = true },
	{ .path = "tools", .later = true },
	{ .path = "pass_env", .later = true },
	{ .path = "workspace", .later = true },
	{ .path = "mounts", .later = true },
	{ .path = "volumes", .later = true },
	{ .path = "network", .later = true },
	{ .path = "ready", .later = true },
	{ .path = "commands", .later = true },
	{ .path = "git", .later = true },
	{ .path = "agents", .later = true },
	{ .path = "idle", .later = true },
	{ .path = "extends", .later = true },
	{ .path = "secrets", .later = true },
	{ .path = "arch", .later = true },
	{ .path = "services", .later = true },
	{ .path = "gpu", .later = true },
	{ .path = "root", .later = true },
};

static const struct schema_key config_keys[] = {
	[CF_LIMITS] = { "limits", "map", "",
	    "a Machinefile can only ask within these", "restart", false },
	[CF_LIMITS_CPUS] = { "limits.cpus", "number from 1", "the host's",
	    "processors of one machine", "restart", false },
	[CF_LIMITS_MEMORY] = { "limits.memory", "size from 512MiB",
	    "the host's", "memory of one machine", "restart", false },
	[CF_AUTOSTART] = { "autostart", "cd, command or never", "cd",
	    "what starts a machine", "at once", false },
	[CF_HOST_COMMANDS] = { "host_commands", "list of words",
	    "git gh code cursor vim nvim emacs",
	    "commands that stay on the host", "next line", false },
	[CF_IMAGES] = { "images", "map of ALIAS: {path, ...}", "",
	    "local base images", "rebuild", false },
	[CF_IMAGES_PATH] = { "images.ALIAS.path", "absolute path", "",
	    "the disk image", "rebuild", false },
	[CF_IMAGES_KERNEL] = { "images.ALIAS.kernel", "absolute path", "",
	    "boot this kernel directly", "rebuild", false },
	[CF_IMAGES_INITRD] = { "images.ALIAS.initrd", "absolute path", "",
	    "with this initial RAM disk", "rebuild", false },
	[CF_IMAGES_CMDLINE] = { "images.ALIAS.cmdline", "text",
	    "root=/dev/vda rw, a serial console", "the kernel's command line",
	    "rebuild", false },
	[CF_ENGINE] = { "engine", "map", "", "how machines are run", "restart",
	    false },
	[CF_ENGINE_ACCELERATOR] = { "engine.accelerator", "auto, kvm, hvf, tcg",
	    "auto", "hardware acceleration, or tcg for none", "restart",
	    false },

	[CF_KEYS] = { .path = "limits.running", .later = true },
	{ .path = "limits.ports", .later = true },
	{ .path = "projects", .later = true },
	{ .path = "engine.vm_type", .later = true },
	{ .path = "ca_certificates", .later = true },
};

const struct schema_key *
schema_machinefile(size_t *n)
{
	*n = ARRAY_LEN(machinefile_keys);
	return machinefile_keys;
}

const struct schema_key *
schema_config(size_t *n)
{
	*n = ARRAY_LEN(config_keys);
	return config_keys;
}

/* The last part of a path, if the rest of it is parent; or NULL. */
static const char *
last_part(const char *path, const char *parent)
{
	size_t len = strlen(parent);

	if (len) {
		if (strncmp(path, parent, len) != 0 || path[len] != '.')
			return NULL;
		path += len + 1;
	}
	return strchr(path, '.') ? NULL : path;
}

const struct schema_key *
schema_find(const struct schema_key *keys, size_t n, const char *parent,
    const char *name)
{
	for (size_t i = 0; i < n; i++) {
		const char *last = last_part(keys[i].path, parent);

		if (last && strcmp(last, name) == 0)
			return &keys[i];
	}
	return NULL;
}

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

#define WORD_MAX 24 /* of ours; what is longer than that is no slip */

static unsigned
min(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Insertions, deletions, replacements, and swaps of neighbours: 1 each. */
static unsigned
distance(const char *a, size_t alen, const char *b, size_t blen)
{
	unsigned row[3][WORD_MAX + 1];
	unsigned *before = row[0], *prev = row[1], *cur = row[2], *oldest;

	for (size_t j = 0; j <= blen; j++)
		prev[j] = (unsigned)j;
	for (size_t i = 1; i <= alen; i++) {
		cur[0] = (unsigned)i;
		for (size_t j = 1; j <= blen; j++) {
			char x = lower(a[i - 1]), y = lower(b[j - 1]);

			cur[j] = min(min(prev[j], cur[j - 1]) + 1,
			    prev[j - 1] + (x != y));
			if (i > 1 && j > 1 && x == lower(b[j - 2]) &&
			    lower(a[i - 2]) == y)
				cur[j] = min(cur[j], before[j - 2] + 1);
		}
		oldest = before;
		before = prev;
		prev = cur;
		cur = oldest;
	}
	return prev[blen];
}

const char *
schema_nearest(const struct schema_key *keys, size_t n, const char *parent,
    const char *name)
{
	size_t namelen = strlen(name);
	const char *nearest = NULL;
	unsigned best = 3;

	if (namelen > WORD_MAX)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		const char *last = last_part(keys[i].path, parent);
		size_t len = last ? strlen(last) : 0;
		unsigned far;

		/* Two slips in a word of three are another word. */
		if (!last || len > WORD_MAX)
			continue;
		far = distance(name, namelen, last, len);
		if (far < best && 2 * far <= len) {
			best = far;
			nearest = last;
		}
	}
	return nearest;
}
