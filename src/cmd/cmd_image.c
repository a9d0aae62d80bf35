#include "cmd/cmd.h"

#include "base/msg.h"
#include "cmd/image.h"
#include "core/reading.h"
#include "core/word.h"
#include "host/image_store.h"
#include "host/layer_use.h"
#include "host/vm.h"

/* --- prune --------------------------------------------------------------- */

/* What is marked: how many, and what they take. */
static unsigned
sum_doomed(const struct layer_uses *u, uint64_t *bytes, bool show)
{
	unsigned n = 0;

	*bytes = 0;
	for (size_t i = 0; i < u->n; i++) {
		const struct layer_use *use = &u->v[i];

		if (!use->doomed)
			continue;
		n++;
		*bytes += use->on_disk;
		if (show)
			msg_plain("  %s %s, %s on disk, last used %s",
			    image_short_name(use->layer.name).s,
			    image_kind(use->layer.name),
			    size_about(use->on_disk).s,
			    time_show(layer_last_use(&use->layer)).s);
	}
	return n;
}

/* What somebody is about to use cannot be seen yet. */
static int
look_idle(struct layer_uses *u, const struct lima *l, bool all, struct err *e)
{
	if (vm_sweep(l, e) || layer_uses_look(u, l, e))
		return -1;
	if (u->busy)
		return err_set(e, ERR_BACKEND,
		    "something is being done to the VM of %s: try again when "
		    "that is over",
		    u->busy);
	if (u->damaged && !all)
		return err_set(e, ERR_CONFIG,
		    "what the VM of %s is made of cannot be read: there, type: "
		    "machine destroy",
		    u->damaged);
	layer_uses_doom(u, all);
	return 0;
}

static int
prune(struct ctx *cx, bool all, bool yes, struct err *e)
{
	cleanup(layer_uses) struct layer_uses u = { .n = 0 };
	cleanup(lima) struct lima lima = { .paths = NULL };
	uint64_t bytes, left;
	unsigned n, stay;

	if (lima_init(&lima, &cx->paths, e) || look_idle(&u, &lima, all, e))
		return -1;
	n = sum_doomed(&u, &bytes, true);
	if (!n) {
		msg_note("there is nothing to remove");
		return 0;
	}
	if (!yes &&
	    ask("remove this? What is wanted again is made again", &yes, e))
		return err_wrap(e, "not removed (in a script: --yes)");
	if (!yes)
		return err_set(e, ERR_CONFIG, "not removed");
	if (layer_uses_remove(&u, &lima, e))
		return -1;
	/* What is marked still has been removed. */
	stay = n - sum_doomed(&u, &left, false);
	msg_note("%u %s removed, %s", n - stay, n - stay == 1 ? "is" : "are",
	    size_about(left).s);
	if (stay)
		msg_note("%u came into use meanwhile", stay);
	return 0;
}

static int
cmd_prune(struct ctx *cx, int argc, char **argv, struct err *e)
{
	bool all = false, yes = false;

	for (int i = 0; i < argc; i++) {
		bool *flag = strcmp(argv[i], "--all") == 0   ? &all
			     : strcmp(argv[i], "--yes") == 0 ? &yes
							     : NULL;

		if (!flag || *flag)
			return usage("image", e);
		*flag = true;
	}
	return prune(cx, all, yes, e);
}

/* --- build -----------------------------------------------------------------
 */

static int
cmd_build(struct ctx *cx, int argc, struct err *e)
{
	if (argc)
		return usage("image", e);
	if (ctx_provide(cx, NEED_PROJECT | NEED_TRUST | NEED_VM, e))
		return -1;
	if (cx->vm.lima.slow)
		msg_note("this is slow: %s", cx->vm.lima.slow);
	if (vm_build_images(&cx->vm, cx->trusted, e))
		return -1;
	msg_note("the images of %s are there", trusted_name(cx->trusted));
	return 0;
}

/* --- import ----------------------------------------------------------------
 */

/* One that is replaced is another one: its VMs are made anew. */
static int
may_replace(const struct ctx *cx, const char *alias, bool yes, struct err *e)
{
	cleanup(buf) struct buf question = BUF_INIT;

	if (yes || !image_store_has(&cx->paths, alias))
		return 0;
	buf_addf(&question, "there is an image %s: replace it?", alias);
	if (ask(question.s, &yes, e))
		return err_wrap(e,
		    "the image %s exists, and is not replaced (in a script: "
		    "--yes)",
		    alias);
	return yes ? 0 : err_set(e, ERR_CONFIG, "not imported");
}

static int
resolve(const char **path, char **real, struct err *e)
{
	if (!*path)
		return 0;
	*real = realpath(*path, NULL);
	if (!*real)
		return err_sys(e, "cannot read %s", *path);
	*path = *real;
	return 0;
}

static int
import(struct ctx *cx, struct image_import *i, bool yes, struct err *e)
{
	cleanup(str) char *file = NULL;
	cleanup(str) char *kernel = NULL;
	cleanup(str) char *initrd = NULL;
	cleanup(lima) struct lima lima = { .paths = NULL };

	if (!word_ok(&word_alias, i->alias))
		return err_set(
		    e, ERR_USAGE, "\"%s\" is not %s", i->alias, word_alias.is);
	if (i->digest && (strncmp(i->digest, "sha256:", 7) != 0 ||
			     !word_is_digest(i->digest)))
		return err_set(e, ERR_USAGE,
		    "--digest: write sha256: and 64 hexadecimal digits");
	if (i->initrd && !i->kernel)
		return err_set(e, ERR_USAGE, "--initrd is for --kernel");
	if (resolve(&i->file, &file, e) || resolve(&i->kernel, &kernel, e) ||
	    resolve(&i->initrd, &initrd, e) ||
	    lima_init(&lima, &cx->paths, e) ||
	    lima_find(&lima, cx->config, cx->self, e) ||
	    may_replace(cx, i->alias, yes, e) ||
	    image_store_import(&lima, i, e))
		return -1;
	for (size_t n = 0; n < cx->config->nimages; n++)
		if (strcmp(cx->config->images[n].alias, i->alias) == 0)
			msg_note("config.yaml has an image %s, too, and that "
				 "is the one that is used",
			    i->alias);
	msg_note("imported: in a Machinefile, write image: %s", i->alias);
	return 0;
}

static int
cmd_import(struct ctx *cx, int argc, char **argv, struct err *e)
{
	struct image_import in = { .alias = NULL };
	bool yes = false;

	for (int i = 0; i < argc; i++) {
		const char **value = strcmp(argv[i], "--kernel") == 0
					 ? &in.kernel
				     : strcmp(argv[i], "--initrd") == 0
					 ? &in.initrd
				     : strcmp(argv[i], "--digest") == 0
					 ? &in.digest
					 : NULL;

		if (strcmp(argv[i], "--yes") == 0)
			yes = true;
		else if (value && !*value && i + 1 < argc)
			*value = argv[++i];
		else if (argv[i][0] == '-' || value || in.file)
			return usage("image", e);
		else
			*(in.alias ? &in.file : &in.alias) = argv[i];
	}
	return in.file ? import(cx, &in, yes, e) : usage("image", e);
}

int
cmd_image(struct ctx *cx, int argc, char **argv, struct err *e)
{
	const char *verb = argc > 1 ? argv[1] : "";

	if (strcmp(verb, "build") == 0)
		return cmd_build(cx, argc - 2, e);
	if (strcmp(verb, "import") == 0)
		return cmd_import(cx, argc - 2, argv + 2, e);
	if (strcmp(verb, "list") == 0)
		return image_list(cx, argc - 2, argv + 2, e);
	if (strcmp(verb, "prune") == 0)
		return cmd_prune(cx, argc - 2, argv + 2, e);
	return usage("image", e);
}
