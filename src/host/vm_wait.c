#include "host/vm_work.h"

#include <fcntl.h>
#include <time.h>

#include "base/fs.h"
#include "base/msg.h"
#include "base/os.h"
#include "base/proc.h"
#include "base/quote.h"
#include "host/forward.h"

/* Under emulation a guest is 10 to 20 times slower. */
#define BOOT_SECONDS_MAX (15 * 60)
#define PROBE_PAUSE_MS 300
#define GREETING_MS 1000 /* then look whether the VM still lives */
#define ASK_SECONDS 60
#define SERIAL_MAX (64u << 10)
#define ROOM_MIN (64u << 20) /* QEMU stops a VM that cannot write */

/* What our init says when it gives up (src/guest/init.h). */
static const char cannot[] = "machine: cannot boot this image directly: ";

/*
 * Has our init given up, and why? In a line of its own: what others say there
 * may quote it.
 */
static bool
has_given_up(const struct work *w, struct buf *why)
{
	cleanup(str) char *path = lima_file(
	    &w->vm->lima, w->vm->instance, "serial.log");
	cleanup(str) char *text = NULL;
	struct err ignored = ERR_INIT;
	const char *found;
	size_t len;

	/* An agent that has greeted was started by an init that had not. */
	if (!w->base.record.cmdline || vm_connected(w) ||
	    fs_tail(AT_FDCWD, path, SERIAL_MAX, &text, &len, &ignored))
		return false;
	for (found = text; (found = strstr(found, cannot)); found++)
		if (found == text || found[-1] == '\n')
			break;
	if (!found)
		return false;
	found += strlen(cannot);
	msg_scrub(why, found, strcspn(found, "\r\n"), false);
	return true;
}

/*
 * The image boots by itself from now on, and the caller starts again. Not on
 * the word of a disk in which steps have run: the base is not theirs alone.
 */
static bool
was_refused(struct work *w, const char *why)
{
	struct err ignored = ERR_INIT;

	if (layer_kind_of(w->top.name) == KIND_PROJECT ||
	    layer_demote(&w->base, why, &ignored))
		return false;
	msg_note(
	    "this image boots by itself from now on, which is slower: %s", why);
	return true;
}

int
vm_blame_room(const struct vm *vm, struct err *e)
{
	struct err ignored = ERR_INIT;
	uint64_t room;

	if (fs_room(vm->paths->data, &room, &ignored) || room >= ROOM_MIN)
		return -1;
	return err_wrap(e,
	    "%s has only %llu MiB left: make room, or type: machine image "
	    "prune; without, a VM stands still",
	    vm->paths->data, (unsigned long long)(room >> 20));
}

static int
boot_failed(struct work *w, const char *what, struct err *e)
{
	cleanup(str) char *lines = vm_log_tail(w->vm, "engine.log");
	cleanup(buf) struct buf why = BUF_INIT;
	const bool gave_up = has_given_up(w, &why);
	struct err more = ERR_INIT;

	w->again = gave_up && was_refused(w, why.s);
	/* Half of it may still run. */
	if (lima_clear(&w->vm->lima, w->vm->instance, w->log, &more))
		msg_error("%s", more.msg);
	if (gave_up)
		return err_set(e, ERR_BACKEND,
		    "the VM did not start: %s: to run the steps anew, type: "
		    "machine rebuild",
		    why.s);
	err_set(e, ERR_BACKEND,
	    "the VM did not start: %s; the end of engine.log:\n%s", what,
	    lines);
	return vm_blame_room(w->vm, e);
}

static int64_t
now_seconds(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

/* As long as there is somebody to wait for; `seen`: there was. */
static int
check_alive(struct work *w, bool *seen, struct err *e)
{
	struct vm *vm = w->vm;
	int status;

	lima_look(&vm->lima, vm->instance, &vm->now);
	*seen |= vm->now.agent != 0;
	if (w->starter && proc_ended(w->starter, &status))
		w->starter = 0;
	if (vm->now.agent || (!*seen && w->starter))
		return 0;
	return boot_failed(
	    w, *seen ? "Lima's host agent ended" : "limactl failed", e);
}

/* One attempt: 1 if it holds, 0 if not yet. */
static int
try_condition(struct work *w, const char *command, struct err *e)
{
	const struct vm *vm = w->vm;
	int status = 0;

	if (vm_connected(w)) {
		if (vm_ask(w, command, ASK_SECONDS, &status, e))
			return -1;
		return status == 0;
	}
	if (vm->now.state != VM_RUNNING)
		return 0;
	/* Before sshd is up its complaints say nothing. */
	if (lima_probe(&vm->lima, vm->instance, command, 0, &status, e))
		return -1;
	return status == 0;
}

/*
 * Wait until this condition, a command line of ours, holds in the guest. Lima's
 * own READY comes half a minute later (LIMA.md 0.3).
 */
int
vm_wait_for(
    struct work *w, const char *condition, unsigned seconds, struct err *e)
{
	const unsigned limit = seconds ? seconds : BOOT_SECONDS_MAX;
	cleanup(buf) struct buf command = BUF_INIT;
	struct vm *vm = w->vm;
	const int64_t begin = now_seconds();
	bool seen = false;
	int rc;

	/* One connection waits there for a while: fewer logins. */
	buf_addf(&command,
	    "n=0; until %s; do n=$((n+1)); [ $n -gt 20 ] && exit 3; "
	    "sleep 0.3; done",
	    condition);
	for (;;) {
		if (check_alive(w, &seen, e))
			return -1;
		rc = try_condition(w, command.s, e);
		if (rc)
			return rc < 0 ? -1 : 0;
		if (now_seconds() - begin > limit)
			return seconds
				   ? err_set(e, ERR_BACKEND,
					 "not so after %u seconds", seconds)
				   : boot_failed(w, "it does not answer", e);
		/* A pause that the death of whom we wait for cuts short. */
		if (!vm_connected(w))
			(void)os_wait_gone(
			    vm->now.agent ? vm->now.agent : w->starter,
			    PROBE_PAUSE_MS);
	}
}

/* A guest that our init boots has an agent, which greets when it is ready. */
static int
wait_greeting(struct work *w, struct err *e)
{
	const int64_t begin = now_seconds();
	struct err why = ERR_INIT;
	bool seen = false;

	while (vm_connect(w, GREETING_MS, &why)) {
		if (check_alive(w, &seen, e))
			return -1;
		if (now_seconds() - begin > BOOT_SECONDS_MAX)
			return boot_failed(w, why.msg, e);
	}
	lima_look(&w->vm->lima, w->vm->instance, &w->vm->now);
	return 0;
}

/*
 * Without one of these a line would write into a disk that is thrown away, or
 * into the project's directory of the host (src/guest/volume.c, places.c).
 */
static bool
is_fatal(const char *problem)
{
	static const char *const beginnings[] = { "volume ",
		"private directory ", "mount ", "cannot mount " };

	for (size_t i = 0; i < ARRAY_LEN(beginnings); i++)
		if (strncmp(problem, beginnings[i], strlen(beginnings[i])) == 0)
			return true;
	return false;
}

/* What init could not do, each a line. */
static int
judge_problems(const struct work *w, struct err *e)
{
	const char *p = w->agent.problems ? w->agent.problems : "";
	cleanup(buf) struct buf fatal = BUF_INIT;

	for (size_t n; *p; p += n + (p[n] == '\n')) {
		n = strcspn(p, "\n");
		if (is_fatal(p)) {
			buf_adds(&fatal, fatal.len ? "; " : "");
			msg_scrub(&fatal, p, n, false);
		} else if (n) {
			msg_error("in the VM: %.*s", (int)n, p);
		}
	}
	return fatal.len ? err_set(e, ERR_BACKEND,
			       "the VM is not what the Machinefile says: %s: "
			       "look with `machine shell`, try again with "
			       "`machine restart`",
			       fatal.s)
			 : 0;
}

static bool
boots_directly(const struct work *w)
{
	return w->base.record.cmdline && w->vm->lima.qemu;
}

/*
 * A guest that boots by itself has no ports. Lines go through `limactl shell`
 * if this is not to be had.
 */
static void
offer_forward(const struct work *w)
{
	const struct vm *vm = w->vm;
	cleanup(str) char *dir = vm_run_directory(vm);
	cleanup(str) char *program = path_beside(vm->self, "machine-guest");
	struct err why = ERR_INIT;

	if (vm->building || boots_directly(w) || !program)
		return;
	if (forward_make(&vm->lima, vm->instance, dir, program, w->log, &why))
		(void)dprintf(
		    w->log, "machine: no way to the agent: %s\n", why.msg);
}

int
vm_wait_ready(struct work *w, struct err *e)
{
	cleanup(buf) struct buf condition = BUF_INIT;
	struct vm *vm = w->vm;

	/*
	 * Not before this file exists: at a first boot Lima's scripts end the
	 * sessions of the user (LIMA.md 3). And not without the project.
	 */
	buf_adds(&condition, "[ -e /run/lima-ssh-ready ]");
	if (!vm->building) {
		buf_adds(&condition, " && mountpoint -q ");
		quote_sh(&condition, trusted_root(w->trusted));
	}
	lima_look(&vm->lima, vm->instance, &vm->now);
	if (boots_directly(w) && !vm_connected(w)) {
		if (wait_greeting(w, e) || judge_problems(w, e))
			return -1;
	}
	if (!vm->record.ready[0] || strcmp(vm->record.ready, vm->now.boot) != 0)
		if (vm_wait_for(w, condition.s, 0, e))
			return -1;
	offer_forward(w);
	return 0;
}

int
vm_wait_systemd(struct work *w, struct err *e)
{
	if (!vm_connected(w))
		return vm_wait_for(w, "[ -e /run/lima-boot-done ]", 0, e);
	vm_stage_set(w->vm, "waiting for the guest's services");
	return vm_wait_for(w, "systemctl list-jobs >/dev/null 2>&1", 0, e);
}

int
vm_wait_listening(struct work *w, struct err *e)
{
	cleanup(buf) struct buf condition = BUF_INIT;

	if (!w->mf->ready_tcp)
		return 0;
	vm_stage_set(w->vm, "waiting for port %u", w->mf->ready_tcp);
	/* proc(5), net/tcp: local address, remote address, 0A is LISTEN */
	buf_addf(&condition,
	    "cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | grep -q "
	    "':%04X [0-9A-F]*:0000 0A'",
	    w->mf->ready_tcp);
	if (vm_wait_for(w, condition.s, w->mf->ready_timeout, e))
		return err_wrap(e,
		    "the VM is not ready: nothing listens on its port %u, as "
		    "`ready` in the Machinefile wants",
		    w->mf->ready_tcp);
	return 0;
}
