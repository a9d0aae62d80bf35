#include "host/vm_work.h"

#include <errno.h>
#include <time.h>

#include "base/fs.h"
#include "base/msg.h"
#include "base/os.h"
#include "base/proc.h"
#include "base/quote.h"
#include "core/currency.h"
#include "core/limayaml.h"
#include "host/guest.h"

/* Under emulation a guest is 10 to 20 times slower. */
#define BOOT_SECONDS_MAX (15 * 60)
#define PROBE_PAUSE_MS 300
#define POWER_OFF_MS (120 * 1000)
#define AGENT_END_MS (30 * 1000)
#define TAIL_MAX 1500 /* bytes of a log in a message */
#define TAIL_LINES 20

/* One run of the worker. */
struct work {
	struct vm *vm;
	const struct trusted *trusted;
	const struct machinefile *mf;
	struct arena *arena; /* of the image */
	struct image image;
	char project[HASH_XXH128_HEX + 1], session[HASH_XXH128_HEX + 1];
	pid_t starter; /* the `limactl start` of this run, or 0 */
	int log;
};

/* For those who wait. That a stage cannot be shown is no reason to stop. */
static void printf_like(2, 3) stage(const struct vm *vm, const char *fmt, ...)
{
	cleanup(buf) struct buf text = BUF_INIT;
	struct err ignored = ERR_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	if (fs_replace(
		vm->state.fd, VM_STAGE, text.s, text.len, 0600, &ignored))
		msg_error("%s", ignored.msg);
	msg_note("%s", text.s);
}

/* The end of a log, made safe, as lines of a message. */
static char *
tail(const struct vm *vm, const char *name)
{
	cleanup(str) char *text = NULL;
	struct buf out = BUF_INIT;
	struct err ignored = ERR_INIT;
	size_t len;
	const char *p;

	if (fs_tail(vm->state.fd, name, TAIL_MAX, &text, &len, &ignored))
		return buf_detach(&out);
	while (len && text[len - 1] == '\n')
		text[--len] = '\0';
	p = text + len;
	for (int lines = 0; p > text && lines < TAIL_LINES; lines += *p == '\n')
		p--;
	p += *p == '\n';
	msg_scrub(&out, p, strlen(p), true);
	return buf_detach(&out);
}

static bool
steps_are_prefix(const struct record *r, const struct machinefile *mf)
{
	char hex[HASH_XXH128_HEX + 1];

	if (r->nsteps > mf->nprovision)
		return false;
	for (size_t i = 0; i < r->nsteps; i++) {
		currency_step(&mf->provision[i], hex);
		if (strcmp(hex, r->steps[i]) != 0)
			return false;
	}
	return true;
}

static struct facts
facts(const struct work *w)
{
	const struct record *r = &w->vm->record;

	return (struct facts){
		.vm = w->vm->now.state,
		.project_current = strcmp(r->project, w->project) == 0,
		.session_current = strcmp(r->session, w->session) == 0,
		.steps_current = steps_are_prefix(r, w->mf),
		.steps_left = r->nsteps < w->mf->nprovision,
	};
}

static int
save(const struct vm *vm, struct err *e)
{
	return record_save(&vm->record, &vm->state, e);
}

int
vm_power_off(struct vm *vm, struct err *e)
{
	cleanup(fd) int log = fs_open_log(vm->state.fd, "engine.log", false, e);
	int status = SSH_UNREACHABLE;

	if (log < 0)
		return -1;
	stage(vm, "stopping");
	lima_look(&vm->lima, vm->instance, &vm->now);
	if (vm->now.state == VM_RUNNING) {
		struct err ignored = ERR_INIT;

		/*
		 * Not `limactl stop`: it presses the power button once, which a
		 * guest in the first half minute of its boot does not notice.
		 */
		if (lima_probe(&vm->lima, vm->instance,
			"sudo -n systemctl poweroff", log, &status, &ignored))
			status = SSH_UNREACHABLE;
		/* The connection may end before the answer comes. */
		if ((status == 0 || status == SSH_UNREACHABLE) &&
		    os_wait_gone(vm->now.driver, POWER_OFF_MS))
			(void)os_wait_gone(vm->now.agent, AGENT_END_MS);
	}
	return lima_clear(&vm->lima, vm->instance, log, e);
}

int
vm_remove(struct vm *vm, struct err *e)
{
	cleanup(fd) int log = fs_open_log(vm->state.fd, "engine.log", false, e);
	static const char *const ours[] = { "record.json", "lima.json",
		VM_STAGE, VM_FAILURE, "start.log", "provision.log",
		"engine.log", "lock" };

	if (log < 0)
		return -1;
	lima_look(&vm->lima, vm->instance, &vm->now);
	if (vm->now.state != VM_ABSENT) {
		/* Its disk goes: there is nothing to shut down in order for. */
		stage(vm, "removing");
		if (lima_clear(&vm->lima, vm->instance, log, e) ||
		    lima_delete(&vm->lima, vm->instance, log, e))
			return -1;
	}
	for (size_t i = 0; i < ARRAY_LEN(ours); i++)
		if (fs_remove(vm->state.fd, ours[i], e))
			return -1;
	return 0;
}

static int
do_delete(struct work *w, struct err *e)
{
	struct vm *vm = w->vm;

	/* First the record: what it describes is about to go. */
	record_release(&vm->record);
	if (save(vm, e))
		return -1;
	stage(vm, "removing what is out of date");
	return lima_delete(&vm->lima, vm->instance, w->log, e);
}

/* The configuration that Lima is given, as text. */
static void
configuration(struct buf *out, const struct work *w)
{
	cleanup(json) struct json *j = limayaml(
	    w->mf, &w->image, trusted_root(w->trusted));

	json_write(out, j, true);
}

static int
do_create(struct work *w, struct err *e)
{
	cleanup(buf) struct buf text = BUF_INIT;
	cleanup(buf) struct buf path = BUF_INIT;
	struct vm *vm = w->vm;
	struct record *r = &vm->record;

	stage(vm, "creating from %s", w->image.alias);
	configuration(&text, w);
	if (fs_replace(vm->state.fd, "lima.json", text.s, text.len, 0600, e))
		return -1;
	buf_addf(
	    &path, "%s/projects/%s/lima.json", vm->paths->state, vm->state.id);
	if (lima_create(&vm->lima, vm->instance, path.s, w->log, e)) {
		struct err ignored = ERR_INIT;

		/* Half a VM would look like one at the next attempt. */
		if (lima_delete(&vm->lima, vm->instance, w->log, &ignored))
			msg_error("%s", ignored.msg);
		return -1;
	}
	record_release(r);
	r->image = xstrdup(w->image.location);
	r->digest = w->image.digest ? xstrdup(w->image.digest) : NULL;
	memcpy(r->project, w->project, sizeof(r->project));
	memcpy(r->session, w->session, sizeof(r->session));
	return save(vm, e);
}

static int
do_configure(struct work *w, struct err *e)
{
	cleanup(buf) struct buf text = BUF_INIT;
	struct vm *vm = w->vm;

	configuration(&text, w);
	if (lima_configure(&vm->lima, vm->instance, text.s, text.len, e))
		return -1;
	memcpy(vm->record.session, w->session, sizeof(w->session));
	return save(vm, e);
}

static int
do_start(struct work *w, struct err *e)
{
	struct vm *vm = w->vm;

	vm->record.ready[0] = '\0';
	if (save(vm, e))
		return -1;
	stage(vm, vm->lima.slow ? "booting (slow: no hardware acceleration)"
				: "booting");
	return lima_start(&vm->lima, vm->instance, w->log, &w->starter, e);
}

static int
boot_failed(struct work *w, const char *what, struct err *e)
{
	cleanup(str) char *lines = tail(w->vm, "engine.log");

	return err_set(e, ERR_BACKEND,
	    "the VM did not start: %s; the end of engine.log:\n%s", what,
	    lines);
}

/*
 * Wait until this condition, a command line of ours, holds in the guest. Lima's
 * own READY comes half a minute later (LIMA.md 0.3).
 */
static int
wait_for_guest(struct work *w, const char *condition, struct err *e)
{
	cleanup(buf) struct buf command = BUF_INIT;
	struct vm *vm = w->vm;
	struct timespec begin, now;
	bool seen = false;
	int status;

	/* One connection waits there for a while: fewer logins. */
	buf_addf(&command,
	    "n=0; until %s; do n=$((n+1)); [ $n -gt 60 ] && exit 3; "
	    "sleep 0.3; done",
	    condition);
	(void)clock_gettime(CLOCK_MONOTONIC, &begin);
	for (;;) {
		lima_look(&vm->lima, vm->instance, &vm->now);
		seen |= vm->now.agent != 0;
		if (seen && !vm->now.agent)
			return boot_failed(w, "Lima's host agent ended", e);
		if (w->starter && proc_ended(w->starter, &status)) {
			w->starter = 0;
			if (!vm->now.agent)
				return boot_failed(w, "limactl failed", e);
		}
		if (vm->now.state == VM_RUNNING) {
			if (lima_probe(&vm->lima, vm->instance, command.s,
				w->log, &status, e))
				return -1;
			if (status == 0)
				return 0;
		}
		(void)clock_gettime(CLOCK_MONOTONIC, &now);
		if (now.tv_sec - begin.tv_sec > BOOT_SECONDS_MAX)
			return boot_failed(w, "it does not answer", e);
		/* A pause that the death of whom we wait for cuts short. */
		if (vm->now.agent || w->starter)
			(void)os_wait_gone(
			    vm->now.agent ? vm->now.agent : w->starter,
			    PROBE_PAUSE_MS);
	}
}

static int
wait_ready(struct work *w, struct err *e)
{
	cleanup(buf) struct buf condition = BUF_INIT;
	struct vm *vm = w->vm;

	/*
	 * Not before this file exists: at a first boot Lima's scripts end the
	 * sessions of the user (LIMA.md 3). And not without the project.
	 */
	buf_adds(&condition, "[ -e /run/lima-ssh-ready ] && mountpoint -q ");
	quote_sh(&condition, trusted_root(w->trusted));
	lima_look(&vm->lima, vm->instance, &vm->now);
	if (vm->record.ready[0] && strcmp(vm->record.ready, vm->now.boot) == 0)
		return 0;
	if (wait_for_guest(w, condition.s, e))
		return -1;
	memcpy(vm->record.ready, vm->now.boot, sizeof(vm->now.boot));
	return save(vm, e);
}

static int
step_failed(struct work *w, size_t i, int status, struct err *e)
{
	cleanup(str) char *lines = tail(w->vm, "provision.log");
	struct record *r = &w->vm->record;
	const char *name = w->mf->provision[i].name;

	r->failed_step = (int)i + 1;
	r->failed_status = status;
	memcpy(r->attempted, trusted_hash(w->trusted), sizeof(r->attempted));
	if (save(w->vm, e))
		return -1;
	return err_set(e, ERR_BACKEND,
	    "provision step %zu%s%s%s ended with status %d:\n%s\nlook with "
	    "`machine shell`, try again with `machine start`",
	    i + 1, name ? " (" : "", name ? name : "", name ? ")" : "", status,
	    lines);
}

static int
do_provision(struct work *w, struct err *e)
{
	struct vm *vm = w->vm;
	struct record *r = &vm->record;
	cleanup(fd) int log = -1;

	if (r->nsteps == w->mf->nprovision)
		return 0;
	/* Lima's own scripts may be using the package manager. */
	stage(vm, "finishing the first boot");
	if (wait_for_guest(w, "[ -e /run/lima-boot-done ]", e))
		return -1;
	log = fs_open_log(vm->state.fd, "provision.log", r->nsteps == 0, e);
	if (log < 0)
		return -1;
	for (size_t i = r->nsteps; i < w->mf->nprovision; i++) {
		const struct step *step = &w->mf->provision[i];
		int status;

		stage(vm, "provisioning, step %zu of %zu%s%s", i + 1,
		    w->mf->nprovision, step->name ? ": " : "",
		    step->name ? step->name : "");
		if (guest_step(vm, w->trusted, step, log, &status, e))
			return -1;
		if (status)
			return step_failed(w, i, status, e);
		r->steps = xreallocarray(r->steps, i + 1, sizeof(*r->steps));
		currency_step(step, r->steps[i]);
		r->nsteps = i + 1;
		if (save(vm, e))
			return -1;
	}
	return 0;
}

static int
carry_out(struct work *w, unsigned steps, struct err *e)
{
	struct vm *vm = w->vm;

	if ((steps & PLAN_STOP && vm_power_off(vm, e)) ||
	    (steps & PLAN_KILL &&
		lima_clear(&vm->lima, vm->instance, w->log, e)) ||
	    (steps & PLAN_DELETE && do_delete(w, e)) ||
	    (steps & PLAN_CREATE && do_create(w, e)) ||
	    (steps & PLAN_CONFIGURE && do_configure(w, e)) ||
	    (steps & PLAN_START && do_start(w, e)) || wait_ready(w, e) ||
	    (steps & PLAN_PROVISION && do_provision(w, e)))
		return -1;
	vm->record.failed_step = vm->record.failed_status = 0;
	memcpy(vm->record.applied, trusted_hash(w->trusted),
	    sizeof(vm->record.applied));
	return save(vm, e);
}

int
vm_make_ready(struct vm *vm, const struct trusted *t, struct err *e)
{
	cleanup(arena) struct arena *arena = arena_new();
	struct work w = { .vm = vm,
		.trusted = t,
		.mf = trusted_machinefile(t),
		.arena = arena };
	cleanup(fd) int log = -1;
	struct facts f;

	if (lima_find(&vm->lima, vm->config, vm->self, e) ||
	    lima_check_version(&vm->lima, e) ||
	    lima_image(&vm->lima, vm->config, w.mf->image, arena, &w.image, e))
		return -1;
	log = fs_open_log(vm->state.fd, "engine.log", true, e);
	if (log < 0)
		return -1;
	w.log = log;
	currency(LAYER_PROJECT, w.mf, &w.image, w.project);
	currency(LAYER_SESSION, w.mf, &w.image, w.session);
	f = facts(&w);
	return carry_out(&w, plan(&f), e);
}
