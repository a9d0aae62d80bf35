#include "core/machinefile_read.h"

static void
read_version(struct reading *r, const struct ynode *n)
{
	uint64_t v;

	if (reading_number(r, n, 0, UINT64_MAX, &v) && v != 1)
		reading_refuse(r, n, "\"%s\" is not supported, only 1",
		    text_show(n->str).s);
}

static void
read_name(struct reading *r, const struct ynode *n)
{
	(void)reading_word(r, n, row(r)->word, &target(r)->mf->name);
}

static void
read_cpus(struct reading *r, const struct ynode *n)
{
	const unsigned limit = target(r)->limits.cpus;
	uint64_t v;

	if (!reading_number(r, n, row(r)->min, UINT64_MAX, &v))
		return;
	if (v > limit)
		reading_refuse(r, n,
		    "\"%s\" is more than %u, the limit of this host or of "
		    "your config.yaml",
		    text_show(n->str).s, limit);
	else
		target(r)->mf->cpus = (unsigned)v;
}

static void
read_memory(struct reading *r, const struct ynode *n)
{
	const uint64_t limit = target(r)->limits.memory;
	uint64_t v;

	if (!reading_size(r, n, MACHINEFILE_MEMORY_MIN, &v))
		return;
	if (v > limit)
		reading_refuse(r, n,
		    "\"%s\" is more than %s, the limit of this host or of "
		    "your config.yaml",
		    text_show(n->str).s, size_show(limit).s);
	else
		target(r)->mf->memory = v;
}

static void
read_disk(struct reading *r, const struct ynode *n)
{
	uint64_t v;

	if (!reading_size(r, n, MACHINEFILE_DISK_MIN, &v))
		return;
	if (v > MACHINEFILE_DISK_MAX)
		reading_refuse(r, n, "\"%s\" is more than %s",
		    text_show(n->str).s, size_show(MACHINEFILE_DISK_MAX).s);
	else
		target(r)->mf->disk = v;
}

static reading_fn *const readers[MF_KEYS] = {
	[MF_VERSION] = read_version,
	[MF_NAME] = read_name,
	[MF_IMAGE] = read_image,
	[MF_IMAGE_URL] = read_url,
	[MF_IMAGE_DIGEST] = read_digest,
	[MF_IMAGE_ARCH] = read_arch,
	[MF_CPUS] = read_cpus,
	[MF_MEMORY] = read_memory,
	[MF_DISK] = read_disk,
	[MF_PACKAGES] = read_packages,
	[MF_TOOLS] = read_tools,
	[MF_ENV] = read_env,
	[MF_PASS_ENV] = read_pass_env,
	[MF_WORKSPACE] = read_workspace,
	[MF_WORKSPACE_MODE] = read_workspace_mode,
	[MF_WORKSPACE_PRIVATE] = read_private,
	[MF_MOUNTS] = read_mounts,
	[MF_MOUNTS_FROM] = read_mount_from,
	[MF_MOUNTS_TO] = read_mount_to,
	[MF_MOUNTS_MODE] = read_mount_mode,
	[MF_VOLUMES] = read_volumes,
	[MF_VOLUMES_AT] = read_volume_at,
	[MF_VOLUMES_SIZE] = read_volume_size,
	[MF_PORTS] = read_ports,
	[MF_PORTS_GUEST] = read_guest_port,
	[MF_PORTS_HOST] = read_host_port,
	[MF_PORTS_LABEL] = read_label,
	[MF_NETWORK] = read_network,
	[MF_NETWORK_EGRESS] = read_egress,
	[MF_NETWORK_ALLOW] = read_allow,
	[MF_PROVISION] = read_provision,
	[MF_PROVISION_RUN] = read_run,
	[MF_PROVISION_NAME] = read_step_name,
	[MF_PROVISION_AS] = read_as,
	[MF_PROVISION_WHEN] = read_when,
	[MF_PROVISION_WATCH] = read_watch,
	[MF_READY] = read_ready,
	[MF_READY_TCP] = read_ready_tcp,
	[MF_READY_TIMEOUT] = read_timeout,
	[MF_COMMANDS] = read_commands,
	[MF_COMMANDS_GUEST] = read_guest_commands,
	[MF_GIT] = read_git,
	[MF_GIT_IDENTITY] = read_identity,
	[MF_AGENTS] = read_agents,
	[MF_AGENTS_STATE] = read_state,
	[MF_IDLE] = read_idle,
	[MF_IDLE_STOP] = read_idle_stop,
};

static struct machinefile *
defaults(struct arena *arena, const struct limits *limits)
{
	struct machinefile *mf = arena_zalloc(arena, 1, sizeof(*mf));

	mf->arena = arena;
	mf->image = "debian-13";
	mf->cpus = limits->cpus < 2 ? limits->cpus : 2;
	mf->memory = limits->memory < 2 * GiB ? limits->memory : 2 * GiB;
	mf->disk = 20 * GiB;
	mf->ready_timeout = 60;
	mf->files = arena_zalloc(arena, 1, sizeof(*mf->files));
	return mf;
}

static struct limits
usable(const struct limits *given)
{
	struct limits l = *given;

	if (l.cpus < 1)
		l.cpus = 1;
	if (l.memory < MACHINEFILE_MEMORY_MIN)
		l.memory = MACHINEFILE_MEMORY_MIN;
	l.memory -= l.memory % MiB;
	return l;
}

const struct ynode *
value_of(const struct ynode *root, const char *key)
{
	for (const struct ynode *v = root->first; v; v = v->next)
		if (strcmp(v->key->str, key) == 0)
			return v;
	return root;
}

struct machinefile *
machinefile_parse(
    const char *text, size_t len, const struct limits *limits, struct diags *d)
{
	cleanup(arena) struct arena *arena = arena_new();
	struct target t = { .limits = usable(limits) };
	struct reading r = { arena, d, .readers = readers, .to = &t };
	struct ynode *root = yaml_parse(arena, text, len, d);

	r.keys = schema_machinefile(&r.nkeys);
	t.mf = defaults(arena, &t.limits);
	if (root && reading_expect(&r, root, Y_MAP)) {
		(void)reading_map(&r, root, "");
		check_env(&r, root);
		check_places(&r, root);
		check_network(&r, root);
	}
	if (d->count)
		return NULL;
	t.mf->stated = r.stated;
	(void)STEAL(arena); /* now owned by mf, which it contains */
	return t.mf;
}

void
machinefile_free(struct machinefile *mf)
{
	if (mf)
		arena_free(mf->arena);
}

size_t
machinefile_files(const struct machinefile *mf, const char *const **paths)
{
	*paths = mf->files;
	return mf->nfiles;
}
