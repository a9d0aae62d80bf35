#include "core/storage.h"

#include "base/hash.h"
#include "core/place.h"
#include "core/schema.h"

#define GiB (UINT64_C(1) << 30)
#define COMPONENT_MAX 255 /* bytes of a file's name */

/* Sparse: they cost what is in them, and mkfs takes longer for more. */
#define PRIVATE_SIZE (16 * GiB)
#define AGENTS_SIZE (2 * GiB)

static const struct storage_agent agents[] = {
	/* Without the variable its login is in ~/.claude.json. */
	{ "claude-code", "~/.claude", "CLAUDE_CONFIG_DIR" },
	{ "codex", "~/.codex", NULL },
};

const struct storage_agent *
storage_agent(const char *tool)
{
	for (size_t i = 0; i < ARRAY_LEN(agents); i++)
		if (strcmp(agents[i].tool, tool) == 0)
			return &agents[i];
	return NULL;
}

bool
storage_keeps(const struct machinefile *mf, const char *tool)
{
	for (size_t i = 0; i < mf->nagents; i++)
		if (strcmp(mf->agents[i].tool, tool) == 0)
			return mf->agents[i].state == AGENT_VOLUME;
	for (size_t i = 0; i < mf->ntools; i++)
		if (strcmp(mf->tools[i].name, tool) == 0)
			return true;
	return false;
}

void
storage_disk(char disk[STORAGE_DISK_MAX + 1], const char *id, const char *name)
{
	int n = snprintf(disk, STORAGE_DISK_MAX + 1, "v-%s%s%s", id,
	    name[0] == '_' ? "" : "-", name);

	if (n < 0 || n > STORAGE_DISK_MAX)
		abort(); /* the sum of the two limits is less */
}

const char *
storage_name(const char *disk, const char *id)
{
	const size_t n = strlen(id);

	if (strncmp(disk, "v-", 2) != 0 || strncmp(disk + 2, id, n) != 0)
		return NULL;
	disk += 2 + n;
	if (disk[0] == '-' && word_ok(&word_volume, disk + 1))
		return disk + 1;
	if (strcmp(disk, STORAGE_PRIVATE) == 0 ||
	    strcmp(disk, STORAGE_AGENTS) == 0)
		return disk;
	return NULL;
}

static int
compare_volumes(const void *a, const void *b)
{
	const struct storage_volume *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static int
compare_binds(const void *a, const void *b)
{
	const struct storage_bind *x = a, *y = b;

	return strcmp(x->target, y->target);
}

static struct storage_volume *
add_volume(struct storage *s, const char *name, const char *at, uint64_t size)
{
	struct storage_volume *v = &s->volumes[s->nvolumes++];

	*v = (struct storage_volume){ .name = name, .at = at, .size = size };
	return v;
}

static const char *
add_ours(struct storage *s, const char *name, uint64_t size, struct arena *a)
{
	cleanup(buf) struct buf at = BUF_INIT;
	struct storage_volume *v;

	buf_addf(&at, "%s/%s", STORAGE_PLACE, name + 1);
	v = add_volume(s, name, arena_strndup(a, at.s, at.len), size);
	v->ours = true;
	return v->at;
}

/*
 * The path of a private directory as one component, for a volume on which
 * nothing is ever looked up through a directory of somebody else: a comma
 * stands for a slash, since place_text_refused() keeps it out of every path.
 * What is too long for a name begins with one, as no path does.
 */
static const char *
flat(const char *path, struct arena *a)
{
	char hex[HASH_XXH128_HEX + 1], name[HASH_XXH128_HEX + 2];
	char *copy;

	if (strlen(path) > COMPONENT_MAX) {
		hash_xxh128(path, strlen(path), hex);
		(void)snprintf(name, sizeof(name), ",%s", hex);
		return arena_strndup(a, name, strlen(name));
	}
	copy = arena_strndup(a, path, strlen(path));
	for (char *p = copy; *p; p++)
		if (*p == '/')
			*p = ',';
	return copy;
}

/* As a directory of the guest, which has limits of its own. */
static int
check_length(const char *key, const char *path, struct err *e)
{
	if (strlen(path) > PLACE_MAX)
		return err_set(e, ERR_CONFIG,
		    "%s: %s is longer than 1024 bytes", key, path);
	for (const char *p = path; *p; p += *p == '/') {
		if (strcspn(p, "/") > COMPONENT_MAX)
			return err_set(e, ERR_CONFIG,
			    "%s: %s has a name of more than 255 bytes in it",
			    key, path);
		p += strcspn(p, "/");
	}
	return 0;
}

/* One that is in another one is private already. */
static bool
is_in_another(const struct machinefile *mf, size_t i)
{
	for (size_t j = 0; j < mf->nprivate_dirs; j++)
		if (j != i &&
		    place_is_within(mf->private_dirs[i], mf->private_dirs[j]))
			return true;
	return false;
}

static int
add_private(struct storage *s, const struct machinefile *mf, const char *root,
    struct arena *a, struct err *e)
{
	struct storage_bind *first = s->binds + s->nbinds;
	const char *at;

	if (!mf->nprivate_dirs)
		return 0;
	at = add_ours(s, STORAGE_PRIVATE, PRIVATE_SIZE, a);
	for (size_t i = 0; i < mf->nprivate_dirs; i++) {
		const char *dir = mf->private_dirs[i];
		cleanup(buf) struct buf path = BUF_INIT;

		if (is_in_another(mf, i))
			continue;
		buf_addf(&path, "%s/%s", root, dir);
		if (check_length("workspace.private", path.s, e))
			return -1;
		s->binds[s->nbinds++] = (struct storage_bind){ .at = at,
			.subdir = flat(dir, a),
			.target = arena_strndup(a, path.s, path.len) };
	}
	qsort(first, (size_t)(s->binds + s->nbinds - first), sizeof(*first),
	    compare_binds);
	return 0;
}

static void
add_agents(struct storage *s, const struct machinefile *mf, struct arena *a)
{
	const char *at = NULL;

	for (size_t i = 0; i < ARRAY_LEN(agents); i++) {
		if (!storage_keeps(mf, agents[i].tool))
			continue;
		if (!at)
			at = add_ours(s, STORAGE_AGENTS, AGENTS_SIZE, a);
		s->binds[s->nbinds++] = (struct storage_bind){ .at = at,
			.subdir = agents[i].tool,
			.target = agents[i].target };
	}
}

/* Their own first, by name; then ours. */
static void
name_disks(struct storage *s, const char *id, struct arena *a)
{
	for (size_t i = 0; i < s->nvolumes; i++) {
		struct storage_volume *v = &s->volumes[i];
		char disk[STORAGE_DISK_MAX + 1];

		storage_disk(disk, id, v->name);
		v->disk = arena_strndup(a, disk, strlen(disk));
		(void)snprintf(v->device, sizeof(v->device), "vd%c",
		    (char)('b' + i)); /* at most 18 */
	}
}

int
storage_make(struct storage *out, const struct machinefile *mf,
    const char *root, const char *id, struct arena *a, struct err *e)
{
	struct storage *s = out;

	*s = (struct storage){ .volumes = arena_zalloc(
				   a, mf->nvolumes + 2, sizeof(*s->volumes)),
		.binds = arena_zalloc(a, mf->nprivate_dirs + ARRAY_LEN(agents),
		    sizeof(*s->binds)) };
	for (size_t i = 0; i < mf->nvolumes; i++) {
		const struct volume *v = &mf->volumes[i];

		if (place_is_within(v->at, root) ||
		    place_is_within(root, v->at))
			return err_set(e, ERR_CONFIG,
			    "volumes: %s is, is in or holds the project's "
			    "directory: for a directory in it use "
			    "workspace.private",
			    v->at);
		if (check_length("volumes", v->at, e))
			return -1;
		(void)add_volume(s, v->name, v->at, v->size);
	}
	qsort(s->volumes, s->nvolumes, sizeof(*s->volumes), compare_volumes);
	if (add_private(s, mf, root, a, e))
		return -1;
	add_agents(s, mf, a);
	name_disks(s, id, a);
	return 0;
}
