#include "host/vm_work.h"

#include "base/fs.h"
#include "base/net.h"
#include "base/os.h"

#define POWER_OFF_MS (120 * 1000)
#define ASK_MS 60000 /* by ssh, of a busy guest */
#define AGENT_MS 5000 /* to greet, and to answer */
#define AGENT_END_MS (30 * 1000)

/*
 * Until systemd runs, which is behind the first lines, it cannot be asked: then
 * the kernel powers off by itself, once all is on the disks.
 */
#define POWER_OFF "systemctl poweroff || systemctl poweroff -ff"

/* Over the agent. Its answer may not come any more: that is success, too. */
static bool
ask_agent(const struct vm *vm)
{
	cleanup(agent) struct agent_conn a = AGENT_INIT;
	cleanup(str) char *dir = vm_run_directory(vm);
	const char *argv[] = { "/bin/sh", "-c", POWER_OFF, NULL };
	const char *env[] = { NULL };
	const struct wire_exec x = {
		.flags = WIRE_EXEC_ROOT, .cwd = "/", .argv = argv, .env = env
	};
	cleanup(buf) struct buf out = BUF_INIT;
	struct err ignored = ERR_INIT;
	int status;

	a.vm = vm->now.driver;
	/* Over another way the agent runs nothing as root. */
	if (agent_way(dir) != AGENT_PORT ||
	    agent_open(&a, dir, AGENT_MS, &ignored) || !a.port)
		return false;
	(void)!agent_capture(&a, &x, 4096, AGENT_MS, &out, &status, &ignored);
	return true;
}

/*
 * Not `limactl stop`: it presses the power button once, which a guest in the
 * first half minute of its boot does not notice.
 */
static bool
ask_guest(const struct vm *vm)
{
	struct err ignored = ERR_INIT;
	int status;

	if (ask_agent(vm))
		return true;
	if (lima_probe(&vm->lima, vm->instance, "sudo -n sh -c '" POWER_OFF "'",
		ASK_MS, &status, &ignored))
		return false;
	/* The connection may end before the answer comes. */
	return status == 0 || status == SSH_UNREACHABLE;
}

int
vm_power_off(struct vm *vm, struct err *e)
{
	cleanup(fd) int log = fs_open_log(vm->state.fd, "engine.log", false, e);

	if (log < 0)
		return -1;
	vm_stage_set(vm, "stopping");
	lima_look(&vm->lima, vm->instance, &vm->now);
	if (vm->now.state == VM_RUNNING && ask_guest(vm) &&
	    os_wait_gone(vm->now.driver, POWER_OFF_MS))
		(void)os_wait_gone(vm->now.agent, AGENT_END_MS);
	return lima_clear(&vm->lima, vm->instance, log, e);
}

int
vm_end_session(struct vm *vm, struct err *e)
{
	return vm_power_off(vm, e) || lima_discard(&vm->lima, vm->instance, e)
		   ? -1
		   : 0;
}

int
vm_boot(struct work *w, struct err *e)
{
	struct vm *vm = w->vm;
	cleanup(str) char *run = vm_run_directory(vm);
	cleanup(fd) int dir = -1;

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
	dir = fs_private_dir(run, e);
	/* What leads to the agent of an earlier boot leads astray. */
	if (dir < 0 || fs_remove(dir, "fwd.sock", e))
		return -1;
	return lima_start(&vm->lima, vm->instance, run, w->log, &w->starter, e);
}
