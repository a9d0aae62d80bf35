#include "core/config.h"

#include "core/reading.h"
#include "core/text.h"

/*
 * Words whose line stays on the host without `host_commands`: git and gh,
 * because signing keys and logins are there; editors, because they are
 * windows of the host or configured there. schema.c and config(5) show it.
 */
static const char *const default_commands[] = { "git", "gh", "code", "cursor",
	"vim", "nvim", "emacs", NULL };

/* What the readers below fill in. */
struct target {
	struct config *c;
	struct config_image *image; /* the entry being read */
	struct config_project *project;
};

static struct target *
target(struct reading *r)
{
	return r->to;
}

static void
read_limits(struct reading *r, const struct ynode *n)
{
	(void)reading_map(r, n, "limits");
}

static const struct schema_value *
row(const struct reading *r)
{
	return &r->key->value;
}

static void
read_count(struct reading *r, const struct ynode *n, unsigned *out)
{
	uint64_t v;

	if (reading_number(r, n, row(r)->min, row(r)->max, &v))
		*out = (unsigned)v;
}

static void
read_limit_cpus(struct reading *r, const struct ynode *n)
{
	read_count(r, n, &target(r)->c->limit_cpus);
}

static void
read_limit_memory(struct reading *r, const struct ynode *n)
{
	(void)reading_size(
	    r, n, MACHINEFILE_MEMORY_MIN, &target(r)->c->limit_memory);
}

static void
read_limit_running(struct reading *r, const struct ynode *n)
{
	read_count(r, n, &target(r)->c->limit_running);
}

/* Digits and what follows them; 0 is no port. */
static const char *
port(const char *s, uint16_t *out)
{
	uint32_t v = 0;

	if (*s == '0')
		return NULL;
	for (; *s >= '0' && *s <= '9' && v <= UINT16_MAX; s++)
		v = v * 10 + (uint32_t)(*s - '0');
	*out = (uint16_t)v;
	return v >= 1 && v <= UINT16_MAX ? s : NULL;
}

static void
read_range(struct reading *r, const struct ynode *n, struct port_range *range)
{
	const char *end;

	if (!reading_expect(r, n, Y_SCALAR))
		return;
	end = port(n->str, &range->from);
	range->to = range->from;
	if (end && *end == '-')
		end = port(end + 1, &range->to);
	if (!end || *end || range->to < range->from)
		reading_refuse(r, n,
		    "\"%s\" is not a port or a range such as 3000-3999",
		    text_show(n->str).s);
	else if (range->from < 1024)
		reading_refuse(r, n,
		    "\"%s\": what is below 1024 is never forwarded",
		    text_show(n->str).s);
}

static void
read_limit_ports(struct reading *r, const struct ynode *n)
{
	struct port_range *ranges;
	size_t count;

	if (!reading_entries(r, n, Y_SEQ, &count))
		return;
	if (count == 0)
		reading_refuse(r, n, "expected at least one port");
	ranges = arena_zalloc(r->arena, count + 1, sizeof(*ranges));
	count = 0;
	for (const struct ynode *c = n->first; c; c = c->next)
		read_range(r, c, &ranges[count++]);
	target(r)->c->limit_ports = ranges;
	target(r)->c->nlimit_ports = count;
}

static void
read_autostart(struct reading *r, const struct ynode *n)
{
	size_t i;

	if (reading_choice(r, n, row(r)->choices, &i))
		target(r)->c->autostart = (enum autostart)i;
}

static void
read_host_commands(struct reading *r, const struct ynode *n)
{
	const char **words;
	size_t count;

	if (!reading_entries(r, n, Y_SEQ, &count))
		return;
	words = arena_zalloc(r->arena, count + 1, sizeof(*words));
	count = 0;
	for (const struct ynode *c = n->first; c; c = c->next)
		if (reading_word(r, c, row(r)->word, &words[count]))
			count++;
	target(r)->c->host_commands = words;
}

static void
read_path(struct reading *r, const struct ynode *n, const char **out)
{
	const char *s;

	if (!reading_text(r, n, CONFIG_PATH_MAX, &s))
		return;
	*out = s;
	if (s[0] == '~')
		reading_refuse(r, n,
		    "\"%s\": ~ is not expanded here, write the whole path",
		    text_show(s).s);
	else if (s[0] != '/')
		reading_refuse(
		    r, n, "\"%s\" is not an absolute path", text_show(s).s);
	/* Lima would download the one and expand the other. */
	else if (strstr(s, "://") || strstr(s, "{{"))
		reading_refuse(r, n, "\"%s\": :// and {{ are not supported",
		    text_show(s).s);
}

static void
read_image_path(struct reading *r, const struct ynode *n)
{
	read_path(r, n, &target(r)->image->path);
}

static void
read_kernel(struct reading *r, const struct ynode *n)
{
	read_path(r, n, &target(r)->image->kernel);
}

static void
read_initrd(struct reading *r, const struct ynode *n)
{
	read_path(r, n, &target(r)->image->initrd);
}

static void
read_cmdline(struct reading *r, const struct ynode *n)
{
	const char *s;

	if (!reading_text(r, n, row(r)->max, &s))
		return;
	target(r)->image->cmdline = s;
	if (strstr(s, "{{"))
		reading_refuse(r, n, "{{ is not supported");
}

static void
read_image(struct reading *r, const struct ynode *n)
{
	const uint64_t kernel = UINT64_C(1) << CF_IMAGES_KERNEL;
	const uint64_t initrd = UINT64_C(1) << CF_IMAGES_INITRD;
	const uint64_t cmdline = UINT64_C(1) << CF_IMAGES_CMDLINE;
	uint64_t seen;

	if (!word_ok(&word_alias, n->key->str))
		reading_refuse(r, n->key, "\"%s\" is not %s",
		    text_show(n->key->str).s, word_alias.is);
	target(r)->image->alias = n->key->str;
	seen = reading_map(r, n, "images.ALIAS");
	if (seen & kernel)
		return;
	if (seen & initrd)
		reading_refuse(r, n, "\"initrd\" needs a \"kernel\"");
	if (seen & cmdline)
		reading_refuse(r, n, "\"cmdline\" needs a \"kernel\"");
}

static void
read_images(struct reading *r, const struct ynode *n)
{
	struct config_image *images;
	size_t count;

	if (!reading_entries(r, n, Y_MAP, &count))
		return;
	images = arena_zalloc(r->arena, count + 1, sizeof(*images));
	count = 0;
	for (const struct ynode *v = n->first; v; v = v->next) {
		target(r)->image = &images[count++];
		read_image(r, v);
	}
	target(r)->c->images = images;
	target(r)->c->nimages = count;
}

static void
read_project_cpus(struct reading *r, const struct ynode *n)
{
	read_count(r, n, &target(r)->project->cpus);
}

static void
read_project_memory(struct reading *r, const struct ynode *n)
{
	(void)reading_size(
	    r, n, MACHINEFILE_MEMORY_MIN, &target(r)->project->memory);
}

static void
read_projects(struct reading *r, const struct ynode *n)
{
	struct config_project *projects;
	size_t count;

	if (!reading_entries(r, n, Y_MAP, &count))
		return;
	projects = arena_zalloc(r->arena, count + 1, sizeof(*projects));
	count = 0;
	for (const struct ynode *v = n->first; v; v = v->next) {
		const char *path = v->key->str;

		if (path[0] != '/' && strncmp(path, "~/", 2) != 0)
			reading_refuse(r, v->key,
			    "\"%s\" is not an absolute path, nor does it "
			    "begin with ~/",
			    text_show(path).s);
		target(r)->project = &projects[count++];
		target(r)->project->path = path;
		(void)reading_map(r, v, "projects.PATH");
	}
	target(r)->c->projects = projects;
	target(r)->c->nprojects = count;
}

static void
read_engine(struct reading *r, const struct ynode *n)
{
	(void)reading_map(r, n, "engine");
}

static void
read_accelerator(struct reading *r, const struct ynode *n)
{
	static const enum accelerator means[] = { ACCEL_AUTO, ACCEL_HARDWARE,
		ACCEL_HARDWARE, ACCEL_TCG };
	size_t i;

	if (reading_choice(r, n, row(r)->choices, &i))
		target(r)->c->accelerator = means[i];
}

static void
read_vm_type(struct reading *r, const struct ynode *n)
{
	size_t i;

	if (reading_choice(r, n, row(r)->choices, &i))
		target(r)->c->vm_type = (enum vm_type)i;
}

static void
read_certificates(struct reading *r, const struct ynode *n)
{
	size_t i;

	if (reading_choice(r, n, row(r)->choices, &i))
		target(r)->c->host_certificates = i == 1;
}

static reading_fn *const readers[CF_KEYS] = {
	[CF_LIMITS] = read_limits,
	[CF_LIMITS_CPUS] = read_limit_cpus,
	[CF_LIMITS_MEMORY] = read_limit_memory,
	[CF_LIMITS_RUNNING] = read_limit_running,
	[CF_LIMITS_PORTS] = read_limit_ports,
	[CF_AUTOSTART] = read_autostart,
	[CF_HOST_COMMANDS] = read_host_commands,
	[CF_IMAGES] = read_images,
	[CF_IMAGES_PATH] = read_image_path,
	[CF_IMAGES_KERNEL] = read_kernel,
	[CF_IMAGES_INITRD] = read_initrd,
	[CF_IMAGES_CMDLINE] = read_cmdline,
	[CF_PROJECTS] = read_projects,
	[CF_PROJECTS_CPUS] = read_project_cpus,
	[CF_PROJECTS_MEMORY] = read_project_memory,
	[CF_ENGINE] = read_engine,
	[CF_ENGINE_VM_TYPE] = read_vm_type,
	[CF_ENGINE_ACCELERATOR] = read_accelerator,
	[CF_CA_CERTIFICATES] = read_certificates,
};

struct config *
config_parse(const char *text, size_t len, struct diags *d)
{
	cleanup(arena) struct arena *arena = arena_new();
	struct config *c = arena_zalloc(arena, 1, sizeof(*c));
	struct target t = { .c = c };
	struct reading r = { arena, d, .readers = readers, .to = &t };
	struct ynode *root;

	c->arena = arena;
	c->host_commands = default_commands;
	r.keys = schema_config(&r.nkeys);
	root = yaml_parse(arena, text ? text : "", text ? len : 0, d);
	if (root)
		(void)reading_map(&r, root, "");
	if (d->count)
		return NULL;
	(void)STEAL(arena); /* now owned by c, which it contains */
	return c;
}

void
config_free(struct config *c)
{
	if (c)
		arena_free(c->arena);
}

bool
config_unbuilt(const struct config *c, struct buf *names)
{
	const struct {
		enum config_key key;
		bool asks;
	} rows[] = {
		{ CF_LIMITS_RUNNING, c->limit_running },
		{ CF_PROJECTS, c->nprojects },
	};
	size_t n;
	const struct schema_key *keys = schema_config(&n);
	bool any = false;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (!rows[i].asks)
			continue;
		buf_addf(
		    names, "%s%s", any ? ", " : "", keys[rows[i].key].path);
		any = true;
	}
	return any;
}
