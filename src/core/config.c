#include "core/config.h"

#include "core/reading.h"
#include "core/text.h"

#define ALNUM                        \
	"abcdefghijklmnopqrstuvwxyz" \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZ" \
	"0123456789"

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

static void
read_limit_cpus(struct reading *r, const struct ynode *n)
{
	uint64_t v;

	if (reading_number(r, n, 1, 4096, &v))
		target(r)->c->limit_cpus = (unsigned)v;
}

static void
read_limit_memory(struct reading *r, const struct ynode *n)
{
	(void)reading_size(r, n, 512 * MiB, &target(r)->c->limit_memory);
}

static void
read_autostart(struct reading *r, const struct ynode *n)
{
	static const char *const when[] = {
		[AUTOSTART_CD] = "cd",
		[AUTOSTART_COMMAND] = "command",
		[AUTOSTART_NEVER] = "never",
		NULL,
	};
	size_t i;

	if (reading_choice(r, n, when, &i))
		target(r)->c->autostart = (enum autostart)i;
}

static void
read_host_commands(struct reading *r, const struct ynode *n)
{
	static const struct word command = { ALNUM "_", ALNUM "._+-", 64,
		"a command: use letters, digits, dot, _, + and -" };
	const char **words;
	size_t count;

	if (!reading_expect(r, n, Y_SEQ) ||
	    !reading_count(r, n, CONFIG_COMMANDS_MAX, &count))
		return;
	words = arena_zalloc(r->arena, count + 1, sizeof(*words));
	count = 0;
	for (const struct ynode *c = n->first; c; c = c->next)
		if (reading_word(r, c, &command, &words[count]))
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

	if (!reading_text(r, n, CONFIG_CMDLINE_MAX, &s))
		return;
	target(r)->image->cmdline = s;
	if (strstr(s, "{{"))
		reading_refuse(r, n, "{{ is not supported");
}

static void
read_image(struct reading *r, const struct ynode *n)
{
	const uint64_t path = UINT64_C(1) << CF_IMAGES_PATH;
	const uint64_t kernel = UINT64_C(1) << CF_IMAGES_KERNEL;
	const uint64_t initrd = UINT64_C(1) << CF_IMAGES_INITRD;
	const uint64_t cmdline = UINT64_C(1) << CF_IMAGES_CMDLINE;
	uint64_t seen;

	if (!word_ok(&word_alias, n->key->str))
		reading_refuse(r, n->key, "\"%s\" is not %s",
		    text_show(n->key->str).s, word_alias.is);
	target(r)->image->alias = n->key->str;
	seen = reading_map(r, n, "images.ALIAS");
	if (!(seen & path))
		reading_refuse(r, n, "missing key \"path\"");
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

	if (!reading_expect(r, n, Y_MAP) ||
	    !reading_count(r, n, CONFIG_IMAGES_MAX, &count))
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
read_engine(struct reading *r, const struct ynode *n)
{
	(void)reading_map(r, n, "engine");
}

static void
read_accelerator(struct reading *r, const struct ynode *n)
{
	static const char *const names[] = { "auto", "kvm", "hvf", "tcg",
		NULL };
	static const enum accelerator means[] = { ACCEL_AUTO, ACCEL_HARDWARE,
		ACCEL_HARDWARE, ACCEL_TCG };
	size_t i;

	if (reading_choice(r, n, names, &i))
		target(r)->c->accelerator = means[i];
}

static reading_fn *const readers[CF_KEYS] = {
	[CF_LIMITS] = read_limits,
	[CF_LIMITS_CPUS] = read_limit_cpus,
	[CF_LIMITS_MEMORY] = read_limit_memory,
	[CF_AUTOSTART] = read_autostart,
	[CF_HOST_COMMANDS] = read_host_commands,
	[CF_IMAGES] = read_images,
	[CF_IMAGES_PATH] = read_image_path,
	[CF_IMAGES_KERNEL] = read_kernel,
	[CF_IMAGES_INITRD] = read_initrd,
	[CF_IMAGES_CMDLINE] = read_cmdline,
	[CF_ENGINE] = read_engine,
	[CF_ENGINE_ACCELERATOR] = read_accelerator,
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
