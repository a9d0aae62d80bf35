#include "core/image.h"

#include "core/word.h"
#include "core/yaml.h"

/* As src/guest/image/ makes it. */
const char *
image_default_cmdline(const char *arch)
{
	if (strcmp(arch, "aarch64") == 0)
		return "root=/dev/vda rw console=ttyAMA0 net.ifnames=0 quiet";
	return "root=/dev/vda rw console=ttyS0 net.ifnames=0 quiet";
}

bool
image_from_config(struct image *out, const struct config *c, const char *alias,
    const char *arch)
{
	for (size_t i = 0; i < c->nimages; i++) {
		const struct config_image *ci = &c->images[i];

		if (strcmp(ci->alias, alias) != 0)
			continue;
		*out = (struct image){ .alias = ci->alias,
			.location = ci->path,
			.arch = arch,
			.kernel = ci->kernel,
			.initrd = ci->initrd,
			.cmdline = ci->cmdline };
		if (out->kernel && !out->cmdline)
			out->cmdline = image_default_cmdline(arch);
		return true;
	}
	return false;
}

bool
image_from_machinefile(struct image *out, const struct machinefile *mf)
{
	if (!mf->image_digest)
		return false;
	*out = (struct image){ .alias = mf->image,
		.location = mf->image,
		.digest = mf->image_digest,
		.arch = mf->image_arch };
	return true;
}

static const struct ynode *
get(const struct ynode *map, const char *key)
{
	if (!map || map->kind != Y_MAP)
		return NULL;
	for (const struct ynode *v = map->first; v; v = v->next)
		if (strcmp(v->key->str, key) == 0)
			return v;
	return NULL;
}

static const char *
get_str(const struct ynode *map, const char *key)
{
	const struct ynode *v = get(map, key);

	return v && v->kind == Y_SCALAR ? v->str : "";
}

static bool
is_usable(const struct ynode *entry, const char *arch)
{
	return entry->kind == Y_MAP &&
	       strcmp(get_str(entry, "arch"), arch) == 0 &&
	       word_is_url(get_str(entry, "location")) &&
	       word_is_digest(get_str(entry, "digest")) &&
	       !get(entry, "kernel") && !get(entry, "initrd") &&
	       !get(entry, "archVariant");
}

static bool
lists(const struct ynode *list, const char *word)
{
	if (!list || list->kind != Y_SEQ)
		return false;
	for (const struct ynode *c = list->first; c; c = c->next)
		if (c->kind == Y_SCALAR && strcmp(c->str, word) == 0)
			return true;
	return false;
}

bool
image_from_template(struct image *out, struct arena *a, const char *alias,
    const char *arch, const char *text, size_t len, struct diags *d)
{
	const size_t before = d->count;
	const struct ynode *root = yaml_parse(a, text, len, d), *images, *os;

	if (d->count != before)
		return false;
	os = get(root, "os");
	if (os && strcmp(get_str(root, "os"), "Linux") != 0) {
		diag_add(d, os->line, os->column, "not an image of Linux");
		return false;
	}
	images = get(root, "images");
	if (!images || images->kind != Y_SEQ) {
		diag_add(d, root->line, root->column, "no list of images");
		return false;
	}
	for (const struct ynode *n = images->first; n; n = n->next) {
		if (!is_usable(n, arch))
			continue;
		*out = (struct image){
			.alias = arena_strndup(a, alias, strlen(alias)),
			.location = get_str(n, "location"),
			.digest = get_str(n, "digest"),
			.arch = arena_strndup(a, arch, strlen(arch)),
			.no_9p = lists(
			    get(root, "mountTypesUnsupported"), "9p"),
		};
		return true;
	}
	diag_add(d, images->line, images->column,
	    "no image for %s with an https location and a digest", arch);
	return false;
}
