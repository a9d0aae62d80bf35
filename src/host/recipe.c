#include "host/recipe.h"

#include "base/quote.h"
#include "core/tools.h"
#include "host/ca.h"

static const char packages_script[] = {
#include "guest/packages.inc"
};
static const char clean_script[] = {
#include "guest/clean.inc"
};

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The packages as a step: their names, then the script. */
static const char *
packages_text(struct work *w)
{
	cleanup(buf) struct buf text = BUF_INIT;
	const size_t n = w->mf->npackages;
	const char **names = arena_zalloc(w->arena, n, sizeof(*names));

	/* Their order means nothing, and must not cause a rebuild. */
	memcpy(names, w->mf->packages, n * sizeof(*names));
	qsort(names, n, sizeof(*names), by_name);
	buf_adds(&text, "set --");
	for (size_t i = 0; i < n; i++) {
		buf_adds(&text, " ");
		quote_sh(&text, names[i]);
	}
	buf_adds(&text, "\n");
	buf_adds(&text, packages_script);
	return arena_strndup(w->arena, text.s, text.len);
}

static int
install(struct work *w, size_t number, const char *name, const char *script,
    struct err *e)
{
	const struct step step = {
		.name = name, .run = script, .as = STEP_ROOT
	};
	cleanup(str) char *lines = NULL;
	int status;

	if (vm_run_step(w, number, &step, &status, e))
		return -1;
	if (!status)
		return 0;
	lines = vm_log_tail(w->vm, "provision.log");
	return err_set(e, ERR_BACKEND,
	    "%s cannot be installed: status %d:\n%s\nnothing of it is kept; "
	    "try again with `machine start`",
	    name, status, lines);
}

int
recipe_certificates(struct work *w, struct err *e)
{
	return w->certificates ? install(w, 1, "certificates",
				     ca_step(w->certificates, w->arena)->run, e)
			       : 0;
}

int
recipe_install(struct work *w, struct err *e)
{
	size_t number = 0, n;
	const struct step *tools = tools_steps(w->mf, w->arena, &n);

	if (vm_wait_systemd(w, e))
		return -1;
	if (w->mf->npackages &&
	    install(w, ++number, "packages", packages_text(w), e))
		return -1;
	for (size_t i = 0; i < n; i++)
		if (install(w, ++number, tools[i].name, tools[i].run, e))
			return -1;
	return 0;
}

int
recipe_clean(struct work *w, int *status, struct err *e)
{
	const struct step step = {
		.name = "clean", .run = clean_script, .as = STEP_ROOT
	};

	vm_stage_set(w->vm, "cleaning the image");
	return vm_run_step(w, 0, &step, status, e);
}
