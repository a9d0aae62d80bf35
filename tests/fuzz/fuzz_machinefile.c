#include "core/machinefile.h"

#include "base/utf8.h"
#include "core/place.h"
#include "core/word.h"

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

/* In the project, and the same if it is read again. */
static void
check_inside(const char *s)
{
	cleanup(arena) struct arena *a = arena_new();
	const char *again;

	check_text(s, 1, PLACE_MAX, false);
	promise(s[0] != '/' && s[0] != '~' && !strstr(s, "//"));
	promise(strcmp(s, "..") != 0 && strncmp(s, "../", 3) != 0);
	promise(!strstr(s, "/../") && s[strlen(s) - 1] != '/');
	promise(strlen(s) < 3 || strcmp(s + strlen(s) - 3, "/..") != 0);
	promise(!strpbrk(s, "{}[],\"\\"));
	promise(!place_inside(a, s, &again) && strcmp(s, again) == 0);
}

/* All are fine, and no two are the same. */
static void
check_set(const char *const *all, size_t n, void (*check)(const char *))
{
	for (size_t i = 0; i < n; i++) {
		check(all[i]);
		for (size_t j = 0; j < i; j++)
			promise(strcmp(all[i], all[j]) != 0);
	}
}

static void
check_steps(const struct machinefile *mf)
{
	promise(mf->nprovision <= MACHINEFILE_STEPS_MAX);
	for (size_t i = 0; i < mf->nprovision; i++) {
		const struct step *s = &mf->provision[i];

		promise(!s->run != !s->path);
		if (s->run)
			check_text(s->run, 1, 64u << 10, true);
		else
			check_inside(s->path);
		promise(s->as == STEP_USER || s->as == STEP_ROOT);
		promise(s->when <= STEP_CHANGE);
		promise((s->when == STEP_CHANGE) == (s->nwatch > 0));
		promise(s->nwatch <= MACHINEFILE_WATCH_MAX);
		check_set(s->watch, s->nwatch, check_inside);
		if (s->name)
			check_text(s->name, 0, MACHINEFILE_LABEL_MAX, false);
	}
}

static void
check_files(const struct machinefile *mf)
{
	const char *const *files;
	const size_t n = machinefile_files(mf, &files);
	size_t found = 0;

	check_set(files, n, check_inside);
	promise(!files[n]);
	for (size_t i = 0; i < mf->nprovision; i++)
		for (size_t j = 0; mf->provision[i].path && j < n; j++)
			found += strcmp(files[j], mf->provision[i].path) == 0;
	for (size_t i = 0; i < mf->nprovision; i++)
		found -= mf->provision[i].path != NULL;
	promise(found == 0);
}

/* A path of the guest, apart from all the others. */
static void
check_guest_path(const struct machinefile *mf, const char *s)
{
	size_t same = 0;

	check_text(s, 2, PLACE_MAX, false);
	promise(!place_guest_refused(s));
	promise(!strstr(s, "..") || !strstr(s, "/../"));
	promise(!strpbrk(s, "{}[],\"\\"));
	for (size_t i = 0; i < mf->nmounts; i++)
		same += place_is_within(mf->mounts[i].to, s);
	for (size_t i = 0; i < mf->nvolumes; i++)
		same += place_is_within(mf->volumes[i].at, s);
	promise(same == 1);
}

static void
check_places(const struct machinefile *mf)
{
	promise(mf->workspace <= ACCESS_RO);
	promise(mf->nprivate_dirs <= MACHINEFILE_PRIVATE_MAX);
	check_set(mf->private_dirs, mf->nprivate_dirs, check_inside);
	promise(mf->nmounts <= MACHINEFILE_MOUNTS_MAX);
	for (size_t i = 0; i < mf->nmounts; i++) {
		const struct mount *m = &mf->mounts[i];

		promise(m->mode <= ACCESS_RO);
		if (m->outside)
			promise(!place_host_refused(m->from, "~"));
		else
			check_inside(m->from);
		promise(strncmp(m->from, "~/.ssh", 7) != 0);
		check_guest_path(mf, m->to);
	}
	promise(mf->nvolumes <= MACHINEFILE_VOLUMES_MAX);
	for (size_t i = 0; i < mf->nvolumes; i++) {
		const struct volume *v = &mf->volumes[i];

		promise(word_ok(&word_volume, v->name));
		promise(v->size >= MACHINEFILE_VOLUME_MIN);
		promise(v->size <= MACHINEFILE_DISK_MAX);
		check_guest_path(mf, v->at);
	}
}

static void
check_package(const char *s)
{
	promise(word_ok(&word_package, s) && s[0] != '-');
	promise(!strpbrk(s, " =/;$()"));
}

static void
check_passed(const char *s)
{
	promise(word_ok(&word_variable, s) && !machinefile_env_refused(s));
}

static void
check_command(const char *s)
{
	promise(word_ok(&word_command, s) && !strpbrk(s, " /\t'\"$;&|"));
}

static void
check_allowed(const char *s)
{
	check_text(s, 3, WORD_HOST_MAX + 2, false);
	promise(!strpbrk(s, " /@%[]_"));
	promise(strchr(s, '.') || strncmp(s, "preset:", 7) == 0);
	promise(!strchr(s + 1, '*'));
}

static void
check_image(const struct machinefile *mf)
{
	promise(!mf->image_digest == !mf->image_arch);
	if (mf->image_digest) {
		promise(word_is_url(mf->image));
		promise(word_is_digest(mf->image_digest));
		promise(!strpbrk(mf->image, " \"{}\\\n"));
		return;
	}
	check_text(mf->image, 1, 64, false);
	promise(!strpbrk(mf->image, "/: ~{"));
}

static void
check_lists(const struct machinefile *mf)
{
	promise(mf->npackages <= MACHINEFILE_PACKAGES_MAX);
	check_set(mf->packages, mf->npackages, check_package);
	promise(mf->npass_env <= MACHINEFILE_PASS_MAX);
	check_set(mf->pass_env, mf->npass_env, check_passed);
	for (size_t i = 0; i < mf->npass_env; i++)
		for (size_t j = 0; j < mf->nenv; j++)
			promise(strcmp(mf->pass_env[i], mf->env[j].name) != 0);
	promise(mf->ntools <= MACHINEFILE_TOOLS_MAX);
	for (size_t i = 0; i < mf->ntools; i++) {
		promise(mf->tools[i].name != NULL);
		if (mf->tools[i].version)
			promise(!strpbrk(mf->tools[i].version, " /;$&|"));
		for (size_t j = 0; j < i; j++)
			promise(strcmp(mf->tools[i].name, mf->tools[j].name));
	}
	promise(mf->nguest_commands <= MACHINEFILE_COMMANDS_MAX);
	check_set(mf->guest_commands, mf->nguest_commands, check_command);
	promise(mf->nallow <= MACHINEFILE_ALLOW_MAX);
	promise(!mf->nallow || mf->egress == EGRESS_ALLOWLIST);
	check_set(mf->allow, mf->nallow, check_allowed);
}

static void
check_session(const struct machinefile *mf)
{
	cleanup(buf) struct buf names = BUF_INIT;

	promise(mf->egress <= EGRESS_NONE && mf->git_identity <= GIT_NONE);
	promise(mf->ready_timeout >= 1);
	promise(mf->ready_timeout <= MACHINEFILE_READY_MAX);
	promise(!mf->idle_stop || mf->idle_stop >= 60);
	promise(mf->idle_stop <= MACHINEFILE_IDLE_MAX);
	promise(mf->nagents <= MACHINEFILE_AGENTS_MAX);
	for (size_t i = 0; i < mf->nagents; i++)
		promise(
		    mf->agents[i].tool && mf->agents[i].state <= AGENT_NONE);
	/* What would be ignored is named. */
	promise(machinefile_unbuilt(mf, &names) == (names.len > 0));
	promise(names.len ||
		(mf->egress == EGRESS_OPEN && !mf->idle_stop));
	(void)machinefile_secret(mf);
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
	check_image(mf);
	if (mf->name)
		check_name(mf->name);
	check_ports(mf);
	check_env(mf);
	check_steps(mf);
	check_files(mf);
	check_places(mf);
	check_lists(mf);
	check_session(mf);
	return 0;
}
