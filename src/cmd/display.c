#include "cmd/display.h"

#include "base/buf.h"
#include "base/msg.h"
#include "core/reading.h"
#include "core/schema.h"
#include "core/storage.h"
#include "core/tools.h"

static void printf_like(3, 4)
    row(bool wider, const char *what, const char *fmt, ...)
{
	cleanup(buf) struct buf text = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	msg_plain("%s %-9s %s", wider ? "!" : " ", what, text.s);
}

static bool
has_env(const struct machinefile *mf, const struct env_var *v)
{
	for (size_t i = 0; mf && i < mf->nenv; i++)
		if (strcmp(mf->env[i].name, v->name) == 0 &&
		    strcmp(mf->env[i].value, v->value) == 0)
			return true;
	return false;
}

static bool
has_port(const struct machinefile *mf, const struct port *p)
{
	for (size_t i = 0; mf && i < mf->nports; i++)
		if (mf->ports[i].guest == p->guest &&
		    mf->ports[i].host == p->host)
			return true;
	return false;
}

/* A file has its text shown, and marked, by itself. */
static bool
same_step(const struct step *a, const struct step *b)
{
	const char *x = a->path ? a->path : a->run;
	const char *y = b->path ? b->path : b->run;

	return a->as == b->as && a->when == b->when && !a->path == !b->path &&
	       strcmp(x, y) == 0;
}

static bool
has_step(const struct machinefile *mf, const struct step *s)
{
	for (size_t i = 0; mf && i < mf->nprovision; i++)
		if (same_step(&mf->provision[i], s))
			return true;
	return false;
}

static bool
has_word(const char *const *words, size_t n, const char *word)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(words[i], word) == 0)
			return true;
	return false;
}

static bool
has_mount(const struct machinefile *mf, const struct mount *m)
{
	for (size_t i = 0; mf && i < mf->nmounts; i++)
		if (strcmp(mf->mounts[i].from, m->from) == 0 &&
		    strcmp(mf->mounts[i].to, m->to) == 0 &&
		    (mf->mounts[i].mode == m->mode || m->mode == ACCESS_RO))
			return true;
	return false;
}

static bool
has_tool(const struct machinefile *mf, const struct tool *t)
{
	const char *version = t->version ? t->version : "";

	for (size_t i = 0; mf && i < mf->ntools; i++)
		if (strcmp(mf->tools[i].name, t->name) == 0 &&
		    strcmp(mf->tools[i].version ? mf->tools[i].version : "",
			version) == 0)
			return true;
	return false;
}

static void
show_tools(const struct machinefile *mf, const struct machinefile *b)
{
	cleanup(arena) struct arena *arena = arena_new();

	for (size_t i = 0; i < mf->ntools; i++) {
		const struct tool *t = &mf->tools[i];
		struct tool_recipe recipe;

		tools_recipe(t->name, arena, &recipe);
		row(!has_tool(b, t), "tool", "%s%s%s: %s", t->name,
		    t->version ? " " : "", t->version ? t->version : "",
		    recipe.allow);
	}
}

static void
show_files(const struct machinefile *mf, const struct machinefile *b)
{
	bool ro = mf->workspace == ACCESS_RO;

	row(!b || (b->workspace == ACCESS_RO && !ro), "files",
	    "this directory, to read%s%s", ro ? "" : " and write",
	    mf->nmounts ? "" : "; nothing else");
	for (size_t i = 0; i < mf->nmounts; i++) {
		const struct mount *m = &mf->mounts[i];

		row(!has_mount(b, m), "files", "%s%s, to read%s, at %s",
		    m->outside ? "OUTSIDE of the project: " : "", m->from,
		    m->mode == ACCESS_RO ? "" : " and write", m->to);
	}
}

static bool
has_volume(const struct machinefile *mf, const struct volume *v)
{
	for (size_t i = 0; mf && i < mf->nvolumes; i++)
		if (strcmp(mf->volumes[i].name, v->name) == 0 &&
		    strcmp(mf->volumes[i].at, v->at) == 0 &&
		    mf->volumes[i].size >= v->size)
			return true;
	return false;
}

/* What outlives the VM. */
static void
show_volumes(const struct machinefile *mf, const struct machinefile *b)
{
	for (size_t i = 0; i < mf->nvolumes; i++) {
		const struct volume *v = &mf->volumes[i];

		row(!has_volume(b, v), "volume", "%s, %s, at %s", v->name,
		    size_show(v->size).s, v->at);
	}
	for (size_t i = 0; i < mf->nprivate_dirs; i++)
		row(!has_word(b ? b->private_dirs : NULL,
			b ? b->nprivate_dirs : 0, mf->private_dirs[i]),
		    "private", "%s is the VM's own", mf->private_dirs[i]);
	for (const char *const *a = schema_agents; *a; a++)
		if (storage_keeps(mf, *a))
			row(!b || !storage_keeps(b, *a), "agent",
			    "what %s keeps, its login too, outlives the VM",
			    *a);
}

static const char *
line_count(const char *text, char count[32])
{
	size_t n = 0;

	for (const char *p = text; *p; p += *p == '\n') {
		p += strcspn(p, "\n");
		n++;
	}
	(void)snprintf(count, 32, n == 1 ? "1 line" : "%zu lines", n);
	return count;
}

void
display_capabilities(
    const struct machinefile *mf, const struct machinefile *before)
{
	const struct machinefile *b = before;
	cleanup(buf) struct buf unbuilt = BUF_INIT;

	row(!b || strcmp(b->image, mf->image) != 0, "image", "%s%s%s",
	    mf->image, mf->image_digest ? ", " : "",
	    mf->image_digest ? mf->image_digest : "");
	row(!b || mf->cpus > b->cpus || mf->memory > b->memory ||
		mf->disk > b->disk,
	    "resources", "%u cpus, %llu MiB of memory, %llu MiB of disk",
	    mf->cpus, (unsigned long long)(mf->memory / MiB),
	    (unsigned long long)(mf->disk / MiB));
	show_files(mf, b);
	show_volumes(mf, b);
	row(!b, "network",
	    "open: the internet, your network, servers on this host");
	for (size_t i = 0; i < mf->nports; i++) {
		const struct port *p = &mf->ports[i];

		row(!has_port(b, p), "port", "127.0.0.1:%u to %u in the VM%s%s",
		    p->host, p->guest, p->label ? ": " : "",
		    p->label ? p->label : "");
	}
	for (size_t i = 0; i < mf->npass_env; i++)
		row(!has_word(b ? b->pass_env : NULL, b ? b->npass_env : 0,
			mf->pass_env[i]),
		    "passed", "your variable %s", mf->pass_env[i]);
	for (size_t i = 0; i < mf->nenv; i++)
		row(!has_env(b, &mf->env[i]), "env", "%s=%s", mf->env[i].name,
		    mf->env[i].value);
	for (size_t i = 0; i < mf->npackages; i++)
		row(!has_word(b ? b->packages : NULL, b ? b->npackages : 0,
			mf->packages[i]),
		    "package", "%s", mf->packages[i]);
	show_tools(mf, b);
	for (size_t i = 0; i < mf->nguest_commands; i++)
		row(!has_word(b ? b->guest_commands : NULL,
			b ? b->nguest_commands : 0, mf->guest_commands[i]),
		    "command", "%s runs in the VM", mf->guest_commands[i]);
	for (size_t i = 0; i < mf->nprovision; i++) {
		const struct step *s = &mf->provision[i];
		char count[32];

		row(!has_step(b, s), "script",
		    "step %zu%s%s, %s%s%s, run in the VM as %s", i + 1,
		    s->name ? " " : "", s->name ? s->name : "",
		    s->path ? "the file " : line_count(s->run, count),
		    s->path ? s->path : "",
		    s->when == STEP_CREATE  ? ""
		    : s->when == STEP_START ? ", at each boot"
					    : ", on a change",
		    s->as == STEP_ROOT ? "root" : "you");
	}
	if (machinefile_unbuilt(mf, &unbuilt))
		row(true, "but", "no VM starts: %s cannot be done yet",
		    unbuilt.s);
}
