#include "core/machinefile_read.h"
#include "core/tools.h"

void
read_image(struct reading *r, const struct ynode *n)
{
	if (n->kind == Y_MAP)
		(void)reading_map(r, n, "image");
	else
		(void)reading_word(r, n, row(r)->word, &target(r)->mf->image);
}

void
read_url(struct reading *r, const struct ynode *n)
{
	if (!reading_expect(r, n, Y_SCALAR))
		return;
	target(r)->mf->image = n->str;
	if (!word_is_url(n->str))
		reading_refuse(r, n, "\"%s\" is not an https address",
		    text_show(n->str).s);
}

void
read_digest(struct reading *r, const struct ynode *n)
{
	if (!reading_expect(r, n, Y_SCALAR))
		return;
	target(r)->mf->image_digest = n->str;
	if (!word_is_digest(n->str))
		reading_refuse(r, n,
		    "\"%s\" is not a digest: sha256: and 64 digits, or "
		    "sha512: and 128, of 0-9 and a-f",
		    text_show(n->str).s);
}

void
read_arch(struct reading *r, const struct ynode *n)
{
	size_t i;

	if (reading_choice(r, n, row(r)->choices, &i))
		target(r)->mf->image_arch = row(r)->choices[i];
}

static bool
read_package(struct reading *r, const struct ynode *n, const char **out)
{
	return reading_word(r, n, row(r)->word, out);
}

void
read_packages(struct reading *r, const struct ynode *n)
{
	reading_set(r, n, read_package, &target(r)->mf->packages,
	    &target(r)->mf->npackages);
}

static bool
read_tool(struct reading *r, const struct ynode *n, const char **out)
{
	if (!reading_expect(r, n, Y_SCALAR))
		return false;
	*out = n->str;
	return reading_known(r, n, r->key->known);
}

/* docker is a choice, the only one that knows a boolean; the rest are words. */
static void
read_tool_version(struct reading *r, const struct ynode *n, struct tool *t)
{
	static const char *const docker[] = { "rootless", "true", NULL };
	static const char *const channels[] = { "latest", "lts", "stable",
		NULL };
	size_t i;

	if (strcmp(t->name, "docker") == 0) {
		if (reading_choice(r, n, docker, &i))
			t->version = docker[i];
		return;
	}
	for (i = 0; n->kind == Y_SCALAR && channels[i]; i++) {
		if (strcmp(channels[i], n->str) != 0)
			continue;
		t->version = channels[i];
		if (!tools_has_channel(t->name, channels[i]))
			reading_refuse(r, n,
			    "there is no \"%s\" of %s: write a number, %s",
			    channels[i], t->name,
			    tools_channels(t->name, r->arena));
		return;
	}
	(void)reading_word(r, n, row(r)->word, &t->version);
}

void
read_tools(struct reading *r, const struct ynode *n)
{
	struct machinefile *mf = target(r)->mf;
	const char *const *names;
	struct tool *tools;
	size_t count = 0;

	if (n->kind != Y_MAP) {
		reading_set(r, n, read_tool, &names, &count);
		tools = arena_zalloc(r->arena, count + 1, sizeof(*tools));
		for (size_t i = 0; i < count; i++)
			tools[i].name = names[i];
	} else if (reading_entries(r, n, Y_MAP, &count)) {
		tools = arena_zalloc(r->arena, count + 1, sizeof(*tools));
		count = 0;
		for (const struct ynode *v = n->first; v; v = v->next) {
			tools[count].name = v->key->str;
			if (reading_known(r, v->key, r->key->known))
				read_tool_version(r, v, &tools[count++]);
		}
	} else {
		return;
	}
	/* Said or not: what it is without a word is what `rootless` means. */
	for (size_t i = 0; i < count; i++)
		if (!tools[i].version && strcmp(tools[i].name, "docker") == 0)
			tools[i].version = "rootless";
	mf->tools = tools;
	mf->ntools = count;
}
