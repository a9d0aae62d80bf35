#include "core/machinefile_read.h"

#define LOCK_NAME MACHINEFILE_NAME ".lock"

void
read_run(struct reading *r, const struct ynode *n)
{
	if (!reading_expect(r, n, Y_SCALAR))
		return;
	target(r)->step->run = n->str;
	if (n->str[strspn(n->str, " \t\n")] == '\0')
		reading_refuse(r, n, "there is nothing to run");
}

void
read_step_name(struct reading *r, const struct ynode *n)
{
	(void)reading_text(r, n, row(r)->max, &target(r)->step->name);
}

void
read_as(struct reading *r, const struct ynode *n)
{
	size_t i;

	if (reading_choice(r, n, row(r)->choices, &i))
		target(r)->step->as = (enum step_user)i;
}

void
read_when(struct reading *r, const struct ynode *n)
{
	size_t i;

	if (reading_choice(r, n, row(r)->choices, &i))
		target(r)->step->when = (enum step_when)i;
}

void
read_watch(struct reading *r, const struct ynode *n)
{
	reading_set(r, n, reading_inside, &target(r)->step->watch,
	    &target(r)->step->nwatch);
	if (n->kind == Y_SEQ && !n->first)
		reading_refuse(r, n, "expected at least one file");
}

static void
read_step(struct reading *r, const struct ynode *n, struct step *s)
{
	const uint64_t watch = UINT64_C(1) << MF_PROVISION_WATCH;
	uint64_t seen;

	target(r)->step = s;
	if (n->kind == Y_SCALAR) {
		reading_inside(r, n, &s->path);
		if (s->path && (strcmp(s->path, MACHINEFILE_NAME) == 0 ||
				   strcmp(s->path, LOCK_NAME) == 0))
			reading_refuse(r, n, "\"%s\" is no script", s->path);
		return;
	}
	seen = reading_map(r, n, "provision[]");
	if (n->kind != Y_MAP)
		return;
	if (s->when == STEP_CHANGE && !(seen & watch))
		reading_refuse(r, n, "\"when: change\" needs files to watch");
	else if (s->when != STEP_CHANGE && seen & watch)
		reading_refuse(r, n, "\"watch\" needs \"when: change\"");
}

/* Each file once, in the order of the steps. */
static void
list_files(struct reading *r, struct machinefile *mf)
{
	const char **files = arena_zalloc(
	    r->arena, mf->nprovision + 1, sizeof(*files));
	size_t count = 0;

	for (size_t i = 0; i < mf->nprovision; i++) {
		const char *path = mf->provision[i].path;
		size_t j = 0;

		if (!path)
			continue;
		while (j < count && strcmp(files[j], path) != 0)
			j++;
		if (j == count)
			files[count++] = path;
	}
	mf->files = files;
	mf->nfiles = count;
}

void
read_provision(struct reading *r, const struct ynode *n)
{
	struct machinefile *mf = target(r)->mf;
	struct step *steps;
	size_t count;

	if (!reading_entries(r, n, Y_SEQ, &count))
		return;
	steps = arena_zalloc(r->arena, count + 1, sizeof(*steps));
	count = 0;
	for (const struct ynode *c = n->first; c; c = c->next)
		read_step(r, c, &steps[count++]);
	mf->provision = steps;
	mf->nprovision = count;
	list_files(r, mf);
}
