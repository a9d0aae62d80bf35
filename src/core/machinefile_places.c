#include "core/machinefile_read.h"

void
read_workspace(struct reading *r, const struct ynode *n)
{
	(void)reading_map(r, n, "workspace");
}

static void
read_mode(struct reading *r, const struct ynode *n, enum access *out)
{
	size_t i;

	if (reading_choice(r, n, row(r)->choices, &i))
		*out = (enum access)i;
}

void
read_workspace_mode(struct reading *r, const struct ynode *n)
{
	if (n->kind == Y_SCALAR && strcmp(n->str, "clone") == 0)
		reading_refuse(r, n, "\"clone\" is not yet supported");
	else
		read_mode(r, n, &target(r)->mf->workspace);
}

static bool
read_private_dir(struct reading *r, const struct ynode *n, const char **out)
{
	const char *why;

	if (!reading_inside(r, n, out))
		return false;
	if ((why = place_private_refused(*out)))
		reading_refuse(r, n, "\"%s\" %s", text_show(*out).s, why);
	return true;
}

void
read_private(struct reading *r, const struct ynode *n)
{
	reading_set(r, n, read_private_dir, &target(r)->mf->private_dirs,
	    &target(r)->mf->nprivate_dirs);
}

void
read_mount_from(struct reading *r, const struct ynode *n)
{
	struct mount *m = target(r)->mount;
	const char *s, *why;

	if (!reading_text(r, n, YAML_SCALAR_MAX, &s))
		return;
	m->from = s;
	m->outside = s[0] == '/' || s[0] == '~';
	if (!m->outside)
		(void)reading_inside(r, n, &m->from);
	else if ((why = place_host_refused(s, "~")))
		reading_refuse(r, n, "\"%s\" %s", text_show(s).s, why);
}

void
read_mount_to(struct reading *r, const struct ynode *n)
{
	(void)reading_guest_path(r, n, &target(r)->mount->to);
}

void
read_mount_mode(struct reading *r, const struct ynode *n)
{
	read_mode(r, n, &target(r)->mount->mode);
}

void
read_mounts(struct reading *r, const struct ynode *n)
{
	struct mount *mounts;
	size_t count;

	if (!reading_entries(r, n, Y_SEQ, &count))
		return;
	mounts = arena_zalloc(r->arena, count + 1, sizeof(*mounts));
	count = 0;
	for (const struct ynode *c = n->first; c; c = c->next) {
		target(r)->mount = &mounts[count++];
		target(r)->mount->mode = ACCESS_RO;
		(void)reading_map(r, c, "mounts[]");
	}
	target(r)->mf->mounts = mounts;
	target(r)->mf->nmounts = count;
}

void
read_volume_at(struct reading *r, const struct ynode *n)
{
	(void)reading_guest_path(r, n, &target(r)->volume->at);
}

void
read_volume_size(struct reading *r, const struct ynode *n)
{
	uint64_t v;

	if (!reading_size(r, n, MACHINEFILE_VOLUME_MIN, &v))
		return;
	if (v > MACHINEFILE_DISK_MAX)
		reading_refuse(r, n, "\"%s\" is more than %s",
		    text_show(n->str).s, size_show(MACHINEFILE_DISK_MAX).s);
	else
		target(r)->volume->size = v;
}

void
read_volumes(struct reading *r, const struct ynode *n)
{
	struct volume *volumes;
	size_t count;

	if (!reading_entries(r, n, Y_MAP, &count))
		return;
	volumes = arena_zalloc(r->arena, count + 1, sizeof(*volumes));
	count = 0;
	for (const struct ynode *v = n->first; v; v = v->next) {
		struct volume *one = &volumes[count++];

		if (!word_ok(r->key->names, v->key->str))
			reading_refuse(r, v->key, "\"%s\" is not %s",
			    text_show(v->key->str).s, r->key->names->is);
		one->name = v->key->str;
		one->size = 10 * GiB;
		target(r)->volume = one;
		if (v->kind == Y_MAP)
			(void)reading_map(r, v, "volumes.NAME");
		else
			read_volume_at(r, v);
	}
	target(r)->mf->volumes = volumes;
	target(r)->mf->nvolumes = count;
}

/* Where the i-th mount, or after them the volume, is; NULL if that is bad. */
static const char *
guest_path(const struct machinefile *mf, size_t i)
{
	return i < mf->nmounts ? mf->mounts[i].to
			       : mf->volumes[i - mf->nmounts].at;
}

/* Every entry has been kept, so that they are the children by number. */
static const struct ynode *
nth(const struct ynode *list, size_t i)
{
	const struct ynode *n = list->first;

	while (i-- && n->next)
		n = n->next;
	return n;
}

/* What is in what would depend on who is mounted first. */
void
check_places(struct reading *r, const struct ynode *root)
{
	const struct machinefile *mf = target(r)->mf;
	const size_t all = mf->nmounts + mf->nvolumes;

	for (size_t i = 0; i < all; i++) {
		const char *key = i < mf->nmounts ? "mounts" : "volumes";
		const struct ynode *at = nth(
		    value_of(root, key), i < mf->nmounts ? i : i - mf->nmounts);
		const char *path = guest_path(mf, i);

		for (size_t j = 0; path && j < i; j++) {
			const char *other = guest_path(mf, j);

			if (!other || (!place_is_within(path, other) &&
					  !place_is_within(other, path)))
				continue;
			diag_add(r->d, at->line, at->column,
			    "%s: \"%s\" overlaps \"%s\"", key,
			    text_show(path).s, text_show(other).s);
		}
	}
}
