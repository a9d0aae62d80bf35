#include "core/currency.h"

#include "core/schema.h"
#include "core/tools.h"

static void
add_bytes(struct buf *out, const char *key, const void *data, size_t len)
{
	buf_addf(out, "%s %zu:", key, len);
	buf_add(out, data, len);
	buf_adds(out, "\n");
}

static void
add_text(struct buf *out, const char *key, const char *value)
{
	if (value)
		add_bytes(out, key, value, strlen(value));
	else
		buf_addf(out, "%s -\n", key);
}

static void
add_number(struct buf *out, const char *key, uint64_t value)
{
	cleanup(buf) struct buf text = BUF_INIT;

	buf_addf(&text, "%llu", (unsigned long long)value);
	add_text(out, key, text.s);
}

static int
compare(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;

	return strcmp(*x, *y);
}

/* In an order of ours. */
static void
add_set(struct buf *out, const char *list, const char *key,
    const char *const *words, size_t n)
{
	const char **sorted = xcalloc(n + 1, sizeof(*sorted));

	for (size_t i = 0; i < n; i++)
		sorted[i] = words[i];
	qsort(sorted, n, sizeof(*sorted), compare);
	add_number(out, list, n);
	for (size_t i = 0; i < n; i++)
		add_text(out, key, sorted[i]);
	free(sorted);
}

/*
 * The next entry of an array of structs that begin with a name: the one whose
 * name comes first after `last`, which is "" at the beginning.
 */
static const void *
next_by_name(
    const void *entries, size_t n, size_t size, size_t at, const char *last)
{
	const char *base = entries;
	const char *best_name = NULL, *name;
	const void *best = NULL;

	for (size_t i = 0; i < n; i++) {
		memcpy(&name, base + i * size + at, sizeof(name));
		if (strcmp(name, last) <= 0 ||
		    (best && strcmp(name, best_name) >= 0))
			continue;
		best = base + i * size;
		best_name = name;
	}
	if (!best)
		abort(); /* no two have one name */
	return best;
}

static void
add_tools(struct buf *out, const struct machinefile *mf)
{
	const char *last = "";

	add_number(out, "tools", mf->ntools);
	if (mf->ntools)
		add_text(out, "library", tools_library());
	for (size_t i = 0; i < mf->ntools; i++) {
		const struct tool *t = next_by_name(mf->tools, mf->ntools,
		    sizeof(*t), offsetof(struct tool, name), last);

		add_text(out, "tool", t->name);
		add_text(out, "version", t->version);
		add_text(out, "recipe", tools_source(t->name));
		last = t->name;
	}
}

static void
add_base(struct buf *out, const struct described *d)
{
	const struct image *image = d->image;

	add_text(out, "location", image->location);
	add_text(out, "digest", image->digest);
	add_text(out, "arch", image->arch);
	add_text(out, "kernel", image->kernel);
	add_text(out, "initrd", image->initrd);
	add_text(out, "cmdline", image->cmdline);
	add_text(out, "vm_type",
	    d->vm_type == VM_TYPE_AUTO ? NULL : schema_vm_types[d->vm_type]);
	add_text(out, "certificates", d->certificates);
}

static void
add_golden(struct buf *out, const struct described *d)
{
	add_base(out, d);
	add_set(out, "packages", "package", d->mf->packages, d->mf->npackages);
	add_tools(out, d->mf);
	add_number(out, "disk", d->mf->disk);
}

static void
add_script(struct buf *out, const struct step *step,
    const struct file_bytes *files, size_t nfiles)
{
	const struct file_bytes script = currency_bytes(step, files, nfiles);

	add_text(out, "as", schema_users[step->as]);
	add_bytes(out, "run", script.data, script.len);
}

static void
add_step(struct buf *out, const struct layer_step *s,
    const struct file_bytes *files, size_t nfiles)
{
	add_script(out, s->step, files, nfiles);
	add_text(out, "watched", s->watched[0] ? s->watched : NULL);
}

/* In the order of the guest's ports. */
static void
add_ports(struct buf *out, const struct machinefile *mf)
{
	unsigned last = 0;

	add_number(out, "ports", mf->nports);
	for (size_t i = 0; i < mf->nports; i++) {
		const struct port *next = NULL;

		for (size_t j = 0; j < mf->nports; j++) {
			const struct port *p = &mf->ports[j];

			if (p->guest > last &&
			    (!next || p->guest < next->guest))
				next = p;
		}
		if (!next)
			abort(); /* no two have the same guest port */
		add_number(out, "guest", next->guest);
		add_number(out, "host", next->host);
		last = next->guest;
	}
}

static void
add_mounts(struct buf *out, const struct machinefile *mf)
{
	const char *last = "";

	add_number(out, "mounts", mf->nmounts);
	for (size_t i = 0; i < mf->nmounts; i++) {
		const struct mount *m = next_by_name(mf->mounts, mf->nmounts,
		    sizeof(*m), offsetof(struct mount, to), last);

		add_text(out, "to", m->to);
		add_text(out, "from", m->from);
		add_text(out, "mode", schema_modes[m->mode]);
		last = m->to;
	}
}

static void
add_volumes(struct buf *out, const struct machinefile *mf)
{
	const char *last = "";

	add_number(out, "volumes", mf->nvolumes);
	for (size_t i = 0; i < mf->nvolumes; i++) {
		const struct volume *v = next_by_name(mf->volumes, mf->nvolumes,
		    sizeof(*v), offsetof(struct volume, name), last);

		add_text(out, "volume", v->name);
		add_text(out, "at", v->at);
		add_number(out, "size", v->size);
		last = v->name;
	}
}

static void
add_agents(struct buf *out, const struct machinefile *mf)
{
	const char *last = "";

	add_number(out, "agents", mf->nagents);
	for (size_t i = 0; i < mf->nagents; i++) {
		const struct agent *a = next_by_name(mf->agents, mf->nagents,
		    sizeof(*a), offsetof(struct agent, tool), last);

		add_text(out, "agent", a->tool);
		add_text(out, "state", schema_states[a->state]);
		last = a->tool;
	}
}

static void
add_session(struct buf *out, const struct machinefile *mf)
{
	add_number(out, "cpus", mf->cpus);
	add_number(out, "memory", mf->memory);
	add_text(out, "workspace", schema_modes[mf->workspace]);
	add_set(out, "private", "dir", mf->private_dirs, mf->nprivate_dirs);
	add_mounts(out, mf);
	add_volumes(out, mf);
	add_ports(out, mf);
	add_text(out, "egress", schema_egress[mf->egress]);
	add_number(out, "ready", mf->ready_tcp);
	/* Without a port there is nothing to wait for. */
	if (mf->ready_tcp)
		add_number(out, "timeout", mf->ready_timeout);
	add_agents(out, mf);
}

void
currency_layer_text(
    struct buf *out, enum currency layer, const struct described *d)
{
	static const char *const names[] = {
		[LAYER_BASE] = "base",
		[LAYER_GOLDEN] = "golden",
		[LAYER_SESSION] = "session",
	};

	buf_adds(out, "machine-currency 3\n");
	add_text(out, "layer", names[layer]);
	switch (layer) {
	case LAYER_BASE:
		add_base(out, d);
		break;
	case LAYER_GOLDEN:
		add_golden(out, d);
		break;
	case LAYER_SESSION:
		add_session(out, d->mf);
		break;
	}
}

void
currency_steps_text(struct buf *out, const struct described *d,
    const struct layer_step *steps, size_t n)
{
	buf_adds(out, "machine-currency 3\n");
	add_text(out, "layer", "project");
	add_golden(out, d);
	for (size_t i = 0; i < n; i++)
		add_step(out, &steps[i], d->files, d->nfiles);
}

void
currency_layer(enum currency layer, const struct described *d,
    char hex[HASH_XXH128_HEX + 1])
{
	cleanup(buf) struct buf text = BUF_INIT;

	currency_layer_text(&text, layer, d);
	hash_xxh128(text.s, text.len, hex);
}

struct file_bytes
currency_bytes(
    const struct step *step, const struct file_bytes *files, size_t nfiles)
{
	if (step->run)
		return (struct file_bytes){ .data = step->run,
			.len = strlen(step->run) };
	for (size_t i = 0; i < nfiles; i++)
		if (strcmp(files[i].path, step->path) == 0)
			return files[i];
	abort(); /* the snapshot has all that is run */
}

void
currency_step(const struct layer_step *step, const struct file_bytes *files,
    size_t nfiles, char hex[HASH_XXH128_HEX + 1])
{
	cleanup(buf) struct buf text = BUF_INIT;

	buf_adds(&text, "machine-step 2\n");
	add_step(&text, step, files, nfiles);
	hash_xxh128(text.s, text.len, hex);
}

void
currency_watched(const struct step *step, const struct file_bytes *files,
    char hex[HASH_SHA256_HEX + 1])
{
	cleanup(buf) struct buf text = BUF_INIT;

	buf_adds(&text, "machine-watch 1\n");
	for (size_t i = 0; i < step->nwatch; i++) {
		add_text(&text, "path", step->watch[i]);
		if (files[i].data)
			add_bytes(&text, "data", files[i].data, files[i].len);
		else
			add_text(&text, "data", NULL);
	}
	hash_sha256(text.s, text.len, hex);
}
