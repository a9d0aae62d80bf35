#include "host/vm_work.h"

#include <time.h>

#include "base/fs.h"
#include "base/msg.h"
#include "base/net.h"
#include "base/os.h"
#include "base/proc.h"
#include "base/quote.h"

/* Under emulation a guest is 10 to 20 times slower. */
#define BOOT_SECONDS_MAX (15 * 60)
#define PROBE_PAUSE_MS 300
#define POWER_OFF_MS (120 * 1000)
#define AGENT_END_MS (30 * 1000)

int
vm_power_off(struct vm *vm, struct err *e)
{
	cleanup(fd) int log = fs_open_log(vm->state.fd, "engine.log", false, e);
	int status = SSH_UNREACHABLE;

	if (log < 0)
		return -1;
	vm_stage_set(vm, "stopping");
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
vm_end_session(struct vm *vm, struct err *e)
{
	return vm_power_off(vm, e) || lima_discard(&vm->lima, vm->instance, e)
		   ? -1
		   : 0;
}

/* Where the sockets of this VM are; malloc'ed. */
static char *
make_run_directory(const struct vm *vm, struct err *e)
{
	cleanup(str) char *path = path_join(vm->paths->run, vm->state.id);
	cleanup(fd) int dir = fs_private_dir(path, e);

	return dir < 0 ? NULL : STEAL(path);
}

int
vm_boot(struct work *w, struct err *e)
{
	cleanup(str) char *run = NULL;
	struct vm *vm = w->vm;

	/* Lima would go on without the port and say so in a log. */
	for (size_t i = 0; i < w->mf->nports; i++)
		if (!net_port_free(w->mf->ports[i].host))
			return err_set(e, ERR_CONFIG,
			    "port %u of 127.0.0.1 is taken by another program: "
			    "end it, or change `host` under `ports` in the "
			    "Machinefile",
			    w->mf->ports[i].host);
	if (!trust_stands(w->trusted, w->vm->paths))
		return err_set(e, ERR_UNTRUSTED,
		    "the Machinefile was denied or allowed anew meanwhile: "
		    "nothing more is done");
	/* Again: the guest was alive when it was looked at first. */
	if (vm_resolve_mounts(w, e))
		return -1;
	vm->record.ready[0] = '\0';
	if (vm_save(vm, e))
		return -1;
	vm_stage_set(vm, vm->lima.slow
			     ? "booting (slow: no hardware acceleration)"
			     : "booting");
	if (!vm->building && !(run = make_run_directory(vm, e)))
		return -1;
	return lima_start(&vm->lima, vm->instance, run, w->log, &w->starter, e);
}

static int
boot_failed(struct work *w, const char *what, struct err *e)
{
	cleanup(str) char *lines = vm_log_tail(w->vm, "engine.log");
	struct err more = ERR_INIT;

	/* Half of it may still run. */
	if (lima_clear(&w->vm->lima, w->vm->instance, w->log, &more))
		msg_error("%s", more.msg);
	return err_set(e, ERR_BACKEND,
	    "the VM did not start: %s; the end of engine.log:\n%s", what,
	    lines);
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
	struct timespec begin, now;
	bool seen = false;
	int status;

	/* One connection waits there for a while: fewer logins. */
	buf_addf(&command,
	    "n=0; until %s; do n=$((n+1)); [ $n -gt 20 ] && exit 3; "
	    "sleep 0.3; done",
	    condition);
	(void)clock_gettime(CLOCK_MONOTONIC, &begin);
	for (;;) {
		lima_look(&vm->lima, vm->instance, &vm->now);
		seen |= vm->now.agent != 0;
		if (w->starter && proc_ended(w->starter, &status))
			w->starter = 0;
		if (!vm->now.agent && (seen || !w->starter))
			return boot_failed(w,
			    seen ? "Lima's host agent ended" : "limactl failed",
			    e);
		if (vm->now.state == VM_RUNNING) {
			/* Before sshd is up its complaints say nothing. */
			if (lima_probe(&vm->lima, vm->instance, command.s, -1,
				&status, e))
				return -1;
			if (status == 0)
				return 0;
		}
		(void)clock_gettime(CLOCK_MONOTONIC, &now);
		if (now.tv_sec - begin.tv_sec > limit)
			return seconds
				   ? err_set(e, ERR_BACKEND,
					 "not so after %u seconds", seconds)
				   : boot_failed(w, "it does not answer", e);
		/* A pause that the death of whom we wait for cuts short. */
		(void)os_wait_gone(
		    vm->now.agent ? vm->now.agent : w->starter, PROBE_PAUSE_MS);
	}
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
	if (vm->record.ready[0] && strcmp(vm->record.ready, vm->now.boot) == 0)
		return 0;
	return vm_wait_for(w, condition.s, 0, e);
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
