#include "core/machinefile.h"

#include "core/reading.h"
#include "core/text.h"

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

/* What the readers below fill in. */
struct target {
	struct machinefile *mf;
	struct limits limits;
	struct port *port; /* the entry being read */
	struct step *step;
};

static struct target *
target(struct reading *r)
{
	return r->to;
}

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
	static const struct word name = { LOWER DIGITS, LOWER DIGITS "-",
		MACHINEFILE_NAME_MAX,
		"a name: use a-z, 0-9 and -, at most 40" };

	(void)reading_word(r, n, &name, &target(r)->mf->name);
}

static void
read_image(struct reading *r, const struct ynode *n)
{
	if (n->kind == Y_MAP)
		reading_refuse(
		    r, n, "a mapping is not yet supported, only an alias");
	else
		(void)reading_word(r, n, &word_alias, &target(r)->mf->image);
}

static void
read_cpus(struct reading *r, const struct ynode *n)
{
	const unsigned limit = target(r)->limits.cpus;
	uint64_t v;

	if (!reading_number(r, n, 1, UINT64_MAX, &v))
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

static void
read_env(struct reading *r, const struct ynode *n)
{
	static const struct word name = { UPPER LOWER "_",
		UPPER LOWER DIGITS "_", YAML_KEY_MAX, "" };
	struct env_var *env;
	size_t count, kept = 0;

	if (!reading_expect(r, n, Y_MAP) ||
	    !reading_count(r, n, MACHINEFILE_ENV_MAX, &count))
		return;
	env = arena_zalloc(r->arena, count + 1, sizeof(*env));
	for (const struct ynode *v = n->first; v; v = v->next) {
		const char *why = machinefile_env_refused(v->key->str);

		if (!word_ok(&name, v->key->str))
			reading_refuse(r, v->key,
			    "\"%s\" is not the name of a variable",
			    text_show(v->key->str).s);
		else if (why)
			reading_refuse(r, v->key, "\"%s\" may not be set: %s",
			    text_show(v->key->str).s, why);
		env[kept].name = v->key->str;
		if (reading_text(
			r, v, MACHINEFILE_ENV_VALUE_MAX, &env[kept].value))
			kept++;
	}
	target(r)->mf->env = env;
	target(r)->mf->nenv = kept;
}

static void
read_guest_port(struct reading *r, const struct ynode *n)
{
	uint64_t v;

	if (!reading_number(r, n, 1, UINT16_MAX, &v))
		return;
	target(r)->port->guest = (uint16_t)v;
	if (v == 22)
		reading_refuse(
		    r, n, "22 is our own way in and is never forwarded");
}

static void
read_host_port(struct reading *r, const struct ynode *n)
{
	uint64_t v;

	if (!reading_number(r, n, 1, UINT16_MAX, &v))
		return;
	target(r)->port->host = (uint16_t)v;
	if (v < 1024)
		reading_refuse(r, n,
		    "\"%s\" is below 1024, which is for root: choose another "
		    "host port",
		    text_show(n->str).s);
}

static void
read_label(struct reading *r, const struct ynode *n)
{
	(void)reading_text(
	    r, n, MACHINEFILE_LABEL_MAX, &target(r)->port->label);
}

/* false if the entry cannot be compared with others. */
static bool
read_port(struct reading *r, const struct ynode *n, struct port *p)
{
	const uint64_t guest = UINT64_C(1) << MF_PORTS_GUEST;
	const uint64_t host = UINT64_C(1) << MF_PORTS_HOST;
	uint64_t seen, v;

	target(r)->port = p;
	if (n->kind == Y_MAP) {
		seen = reading_map(r, n, "ports[]");
		if (!(seen & guest))
			reading_refuse(r, n, "missing key \"guest\"");
		if (seen & host)
			return p->guest && p->host;
		p->host = p->guest;
	} else {
		if (!reading_number(r, n, 1, UINT16_MAX, &v))
			return false;
		p->guest = p->host = (uint16_t)v;
		if (v == 22)
			read_guest_port(r, n);
	}
	if (p->host && p->host != 22 && p->host < 1024)
		reading_refuse(r, n,
		    "%u is below 1024, which is for root on the host: write "
		    "{guest: %u, host: %u}",
		    p->host, p->guest, p->guest + 8000u);
	return p->guest;
}

static void
refuse_port_twice(struct reading *r, const struct ynode *n,
    const struct port *ports, const unsigned *lines, size_t count)
{
	const struct port *p = &ports[count];

	for (size_t i = 0; i < count; i++) {
		if (ports[i].host == p->host) {
			reading_refuse(r, n,
			    "host port %u is taken; first on line %u", p->host,
			    lines[i]);
			return;
		}
		if (ports[i].guest == p->guest) {
			reading_refuse(r, n,
			    "guest port %u is there twice; first on line %u",
			    p->guest, lines[i]);
			return;
		}
	}
}

static void
read_ports(struct reading *r, const struct ynode *n)
{
	unsigned lines[MACHINEFILE_PORTS_MAX];
	struct port *ports;
	size_t count, kept = 0;

	if (!reading_expect(r, n, Y_SEQ) ||
	    !reading_count(r, n, MACHINEFILE_PORTS_MAX, &count))
		return;
	ports = arena_zalloc(r->arena, count + 1, sizeof(*ports));
	for (const struct ynode *c = n->first; c; c = c->next) {
		lines[kept] = c->line;
		if (!read_port(r, c, &ports[kept]))
			continue;
		refuse_port_twice(r, c, ports, lines, kept++);
	}
	target(r)->mf->ports = ports;
	target(r)->mf->nports = kept;
}

static void
read_run(struct reading *r, const struct ynode *n)
{
	if (!reading_expect(r, n, Y_SCALAR))
		return;
	target(r)->step->run = n->str;
	if (n->str[strspn(n->str, " \t\n")] == '\0')
		reading_refuse(r, n, "there is nothing to run");
}

static void
read_step_name(struct reading *r, const struct ynode *n)
{
	(void)reading_text(r, n, MACHINEFILE_LABEL_MAX, &target(r)->step->name);
}

static void
read_as(struct reading *r, const struct ynode *n)
{
	static const char *const users[] = {
		[STEP_USER] = "user",
		[STEP_ROOT] = "root",
		NULL,
	};
	size_t i;

	if (reading_choice(r, n, users, &i))
		target(r)->step->as = (enum step_user)i;
}

static void
read_provision(struct reading *r, const struct ynode *n)
{
	struct step *steps;
	size_t count, kept = 0;

	if (!reading_expect(r, n, Y_SEQ) ||
	    !reading_count(r, n, MACHINEFILE_STEPS_MAX, &count))
		return;
	steps = arena_zalloc(r->arena, count + 1, sizeof(*steps));
	for (const struct ynode *c = n->first; c; c = c->next) {
		target(r)->step = &steps[kept++];
		if (c->kind == Y_SCALAR)
			reading_refuse(r, c,
			    "a path is not yet supported, only {run: ...}");
		else if (!(reading_map(r, c, "provision[]") >>
				 MF_PROVISION_RUN &
			     1))
			reading_refuse(r, c, "missing key \"run\"");
	}
	target(r)->mf->provision = steps;
	target(r)->mf->nprovision = kept;
}

static reading_fn *const readers[MF_KEYS] = {
	[MF_VERSION] = read_version,
	[MF_NAME] = read_name,
	[MF_IMAGE] = read_image,
	[MF_CPUS] = read_cpus,
	[MF_MEMORY] = read_memory,
	[MF_DISK] = read_disk,
	[MF_ENV] = read_env,
	[MF_PORTS] = read_ports,
	[MF_PORTS_GUEST] = read_guest_port,
	[MF_PORTS_HOST] = read_host_port,
	[MF_PORTS_LABEL] = read_label,
	[MF_PROVISION] = read_provision,
	[MF_PROVISION_RUN] = read_run,
	[MF_PROVISION_NAME] = read_step_name,
	[MF_PROVISION_AS] = read_as,
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
	if (root)
		(void)reading_map(&r, root, "");
	if (d->count)
		return NULL;
	(void)STEAL(arena); /* now owned by mf, which it contains */
	return t.mf;
}

void
machinefile_free(struct machinefile *mf)
{
	if (mf)
		arena_free(mf->arena);
}

void
machinefile_slug(const char *path, char slug[MACHINEFILE_NAME_MAX + 1])
{
	static const char upper[] = UPPER, lower[] = LOWER;
	static const char fallback[] = "machine";
	size_t n = 0, len = strlen(path), start;

	while (len && path[len - 1] == '/')
		len--;
	for (start = len; start && path[start - 1] != '/';)
		start--;
	for (size_t i = start; i < len && n < MACHINEFILE_NAME_MAX; i++) {
		const char *big = strchr(upper, path[i]);

		if (big)
			slug[n++] = lower[big - upper];
		else if (strchr(LOWER DIGITS, path[i]))
			slug[n++] = path[i];
		else if (n && slug[n - 1] != '-')
			slug[n++] = '-';
	}
	while (n && slug[n - 1] == '-')
		n--;
	if (n == 0) {
		memcpy(slug, fallback, sizeof(fallback));
		return;
	}
	slug[n] = '\0';
}
