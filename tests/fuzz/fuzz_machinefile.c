#include "core/machinefile.h"

#include "base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct limits limits = { .cpus = 8, .memory = UINT64_C(8) << 30 };

static void
promise(bool kept)
{
	if (!kept)
		abort(); /* machinefile.h says otherwise */
}

/* Text without what utf8_printable() refuses; only scripts have lines. */
static void
check_text(const char *s, size_t min, size_t max, bool lines)
{
	size_t len = strlen(s), step;

	promise(len >= min && len <= max);
	for (size_t i = 0; i < len; i += step) {
		int32_t cp = utf8_next(s + i, len - i, &step);

		promise(utf8_printable(cp) ||
			(lines && (cp == '\n' || cp == '\t')));
	}
}

static void
check_diags(const struct diags *d)
{
	size_t kept = d->count < DIAG_MAX ? d->count : DIAG_MAX;

	for (size_t i = 0; i < kept; i++) {
		const struct diag *one = &d->at[i], *prev = one - (i != 0);

		promise(one->line >= 1 && one->column >= 1);
		promise(
		    prev->line < one->line ||
		    (prev->line == one->line && prev->column <= one->column));
		check_text(one->text, 1, sizeof(one->text) - 1, false);
	}
}

static void
check_ports(const struct machinefile *mf)
{
	promise(mf->nports <= MACHINEFILE_PORTS_MAX);
	for (size_t i = 0; i < mf->nports; i++) {
		const struct port *p = &mf->ports[i];

		promise(p->guest && p->guest != 22 && p->host >= 1024);
		if (p->label)
			check_text(p->label, 0, MACHINEFILE_LABEL_MAX, false);
		for (size_t j = 0; j < i; j++)
			promise(p->guest != mf->ports[j].guest &&
				p->host != mf->ports[j].host);
	}
}

static void
check_env(const struct machinefile *mf)
{
	promise(mf->nenv <= MACHINEFILE_ENV_MAX);
	for (size_t i = 0; i < mf->nenv; i++) {
		const struct env_var *v = &mf->env[i];

		check_text(v->name, 1, 64, false);
		check_text(v->value, 0, MACHINEFILE_ENV_VALUE_MAX, false);
		promise(strncmp(v->name, "LD_", 3) != 0);
		promise(strcmp(v->name, "PATH") != 0);
		promise(!strpbrk(v->name, "= -.$`'\""));
		for (size_t j = 0; j < i; j++)
			promise(strcmp(v->name, mf->env[j].name) != 0);
	}
}

static void
check_steps(const struct machinefile *mf)
{
	promise(mf->nprovision <= MACHINEFILE_STEPS_MAX);
	for (size_t i = 0; i < mf->nprovision; i++) {
		const struct step *s = &mf->provision[i];

		check_text(s->run, 1, 64u << 10, true);
		promise(s->as == STEP_USER || s->as == STEP_ROOT);
		if (s->name)
			check_text(s->name, 0, MACHINEFILE_LABEL_MAX, false);
	}
}

static void
check_name(const char *s)
{
	check_text(s, 1, MACHINEFILE_NAME_MAX, false);
	promise(s[0] != '-');
	promise(!s[strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-")]);
}

/* A directory of any name has a machine with a name. */
static void
check_slug(const uint8_t *data, size_t size)
{
	cleanup(str) char *path = xcalloc(size + 1, 1);
	char slug[MACHINEFILE_NAME_MAX + 1], again[MACHINEFILE_NAME_MAX + 1];

	if (size)
		memcpy(path, data, size);
	machinefile_slug(path, slug);
	check_name(slug);
	machinefile_slug(slug, again);
	promise(strcmp(slug, again) == 0);
}

/* What must hold for every input, not only "it does not crash". */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct diags d = { .count = 0 };
	cleanup(machinefile) struct machinefile *mf = machinefile_parse(
	    (const char *)data, size, &limits, &d);

	check_slug(data, size);
	promise(!mf == !!d.count);
	check_diags(&d);
	if (!mf)
		return 0;
	promise(mf->cpus >= 1 && mf->cpus <= limits.cpus);
	promise(mf->memory >= MACHINEFILE_MEMORY_MIN);
	promise(mf->memory <= limits.memory);
	promise(mf->memory % (1u << 20) == 0 && mf->disk % (1u << 20) == 0);
	promise(mf->disk >= MACHINEFILE_DISK_MIN);
	promise(mf->disk <= MACHINEFILE_DISK_MAX);
	check_text(mf->image, 1, 64, false);
	promise(!strpbrk(mf->image, "/: ~{"));
	if (mf->name)
		check_name(mf->name);
	check_ports(mf);
	check_env(mf);
	check_steps(mf);
	return 0;
}
