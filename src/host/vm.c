#include "host/vm.h"

#include <errno.h>
#include <time.h>

#include "base/fs.h"
#include "base/msg.h"
#include "base/proc.h"
#include "host/vm_work.h"

#define LOCK "lock"
#define TEXT_MAX 4096 /* of the files stage and failure */
#define REDRAW_MS 200
#define FOLLOW_MAX (256u << 10)

int
vm_open(struct vm *vm, const struct paths *paths, const struct config *config,
    const char *self, const char *root, struct err *e)
{
	*vm = (struct vm){ .paths = paths,
		.config = config,
		.self = self,
		.state = STATE_INIT };
	if (lima_init(&vm->lima, paths, e) ||
	    state_open(&vm->state, paths, root, false, e))
		return -1;
	(void)snprintf(
	    vm->instance, sizeof(vm->instance), "m-%s", vm->state.id);
	return vm_refresh(vm, e);
}

int
vm_refresh(struct vm *vm, struct err *e)
{
	vm->now = (struct lima_instance){ .state = VM_ABSENT };
	if (vm->state.fd >= 0)
		lima_look(&vm->lima, vm->instance, &vm->now);
	record_release(&vm->record);
	if (record_load(&vm->record, &vm->state, e))
		return -1;
	/* Its session is over; its layers are there. */
	if (vm->now.state == VM_ABSENT && vm->record.layer)
		vm->now.state = VM_STOPPED;
	return 0;
}

void
vm_release(struct vm *vm)
{
	state_release(&vm->state);
	record_release(&vm->record);
	lima_release(&vm->lima);
}

bool
vm_ready(const struct vm *vm, const struct trusted *t)
{
	return vm->now.state == VM_RUNNING && vm->record.ready[0] &&
	       strcmp(vm->record.ready, vm->now.boot) == 0 &&
	       strcmp(vm->record.applied, trusted_hash(t)) == 0;
}

bool
vm_failed(const struct vm *vm, const struct trusted *t)
{
	return vm->record.failed_step &&
	       strcmp(vm->record.attempted, trusted_hash(t)) == 0;
}

static char *
read_text(const struct vm *vm, const char *name)
{
	char *text = NULL;
	struct err e = ERR_INIT;
	size_t len;

	if (vm->state.fd < 0 ||
	    fs_read(vm->state.fd, name, TEXT_MAX, &text, &len, &e))
		return NULL;
	return text;
}

char *
vm_stage(const struct vm *vm)
{
	/* A worker that was killed left its last words behind. */
	if (vm->state.fd < 0 || !fs_lock_held(vm->state.fd, LOCK))
		return NULL;
	return read_text(vm, VM_STAGE);
}

/* What the worker is to do is a word for cmd_start_worker(), or NULL. */
static int
begin(struct vm *vm, const struct trusted *t, const char *what, struct err *e)
{
	cleanup(fd) int lock = -1;
	cleanup(fd) int log = -1;
	const char *const argv[] = { vm->self, "_start", trusted_root(t), what,
		NULL };
	extern char **environ;
	struct proc p = { .path = vm->self,
		.argv = argv,
		.envp = (const char *const *)environ,
		.in = { .io = PROC_NULL },
		.detach = true,
		.pass_lock = true };
	struct err ignored = ERR_INIT;
	char text[32];
	pid_t pid;

	if (!trusted_current(t))
		return err_set(e, ERR_UNTRUSTED,
		    "%s/%s has changed or is missing, so nothing new is "
		    "started: read it, then type: machine allow",
		    trusted_root(t), trusted_changed(t));
	lock = fs_lock(vm->state.fd, LOCK, LOCK_TRY, e);
	if (lock < 0)
		return e->sys == EWOULDBLOCK ? 0 : -1;
	log = fs_open_log(vm->state.fd, "start.log", true, e);
	if (log < 0 || fs_remove(vm->state.fd, VM_FAILURE, e) ||
	    fs_remove(vm->state.fd, VM_STAGE, e) ||
	    fs_remove(vm->state.fd, "provision.log", e))
		return -1;
	p.out = p.err = (struct proc_stream){ .io = PROC_FD, .fd = log };
	p.lock = lock;
	if (proc_start(&p, &pid, e))
		return -1;
	/* For a message only: that it cannot be written stops nothing. */
	(void)snprintf(text, sizeof(text), "%ld", (long)pid);
	(void)!fs_replace(
	    vm->state.fd, VM_WORKER, text, strlen(text), 0600, &ignored);
	return 0;
}

int
vm_begin(struct vm *vm, const struct trusted *t, struct err *e)
{
	return begin(vm, t, NULL, e);
}

static unsigned
seconds_since(const struct timespec *begin)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (unsigned)(now.tv_sec - begin->tv_sec);
}

/* The output of steps as it comes, for those who have asked for a start. */
struct follow {
	bool on;
	off_t at; /* in the log */
	struct buf rest; /* the beginning of a line */
};

static void
follow(const struct vm *vm, struct follow *f)
{
	struct err ignored = ERR_INIT;
	struct buf left = BUF_INIT;
	size_t n;

	if (!f->on || msg_is_quiet() ||
	    fs_read_new(vm->state.fd, "provision.log", &f->at, FOLLOW_MAX,
		&f->rest, &ignored))
		return;
	for (n = f->rest.len; n && f->rest.s[n - 1] != '\n';)
		n--;
	/* What is no line in so many bytes is shown as it comes. */
	if (!n && f->rest.len >= FOLLOW_MAX)
		n = f->rest.len;
	if (!n)
		return;
	buf_add(&left, f->rest.s + n, f->rest.len - n);
	f->rest.s[n - (f->rest.s[n - 1] == '\n')] = '\0';
	msg_plain("%s", f->rest.s);
	buf_release(&f->rest);
	f->rest = left;
}

/* Until nobody has the lock. */
static int
wait_with_progress(struct vm *vm, const char *name, struct follow *f,
    const struct timespec *begin, struct err *e)
{
	int rc;

	while (
	    (rc = fs_lock_wait_free(vm->state.fd, LOCK, REDRAW_MS, e)) == 1) {
		cleanup(str) char *stage = vm_stage(vm);

		follow(vm, f);
		msg_progress(seconds_since(begin), "%s: %s", name,
		    stage ? stage : "starting");
	}
	follow(vm, f);
	buf_release(&f->rest);
	msg_done();
	return rc;
}

/* Steps that run on a change are looked at when somebody says `start`. */
static bool
has_watched(const struct trusted *t)
{
	const struct machinefile *mf = trusted_machinefile(t);

	for (size_t i = 0; i < mf->nprovision; i++)
		if (mf->provision[i].when == STEP_CHANGE)
			return true;
	return false;
}

int
vm_ensure(struct vm *vm, const struct trusted *t, bool retry, struct err *e)
{
	struct follow f = { .on = retry, .rest = BUF_INIT };
	struct timespec begin;

	(void)clock_gettime(CLOCK_MONOTONIC, &begin);
	/* Twice: what we waited for first may have been somebody's `stop`. */
	for (int tries = 0; tries < 2; tries++) {
		cleanup(str) char *failure = NULL;

		if (wait_with_progress(vm, trusted_name(t), &f, &begin, e) ||
		    vm_refresh(vm, e))
			return -1;
		if (vm_ready(vm, t) &&
		    !(retry && trusted_current(t) && has_watched(t)))
			return 0;
		if (vm_failed(vm, t) && !retry)
			break;
		if (vm_begin(vm, t, e) ||
		    wait_with_progress(vm, trusted_name(t), &f, &begin, e) ||
		    vm_refresh(vm, e))
			return -1;
		/* First: a VM that was ready can have failed to change. */
		if ((failure = read_text(vm, VM_FAILURE)))
			return err_set(e, ERR_BACKEND, "%s", failure);
		if (vm_ready(vm, t))
			return 0;
	}
	if (vm_failed(vm, t))
		return err_set(e, ERR_BACKEND,
		    "provision step %d has failed with status %d: look with "
		    "`machine shell`, try again with `machine start`",
		    vm->record.failed_step, vm->record.failed_status);
	return err_set(e, ERR_BACKEND,
	    "the start was cut short: try again with `machine start`");
}

int
vm_build_images(struct vm *vm, const struct trusted *t, struct err *e)
{
	struct follow f = { .on = true, .rest = BUF_INIT };
	cleanup(str) char *failure = NULL;
	struct timespec begun;

	(void)clock_gettime(CLOCK_MONOTONIC, &begun);
	/* Whoever is at work may be starting, which is not the same. */
	if (wait_with_progress(vm, trusted_name(t), &f, &begun, e) ||
	    begin(vm, t, VM_IMAGES, e) ||
	    wait_with_progress(vm, trusted_name(t), &f, &begun, e))
		return -1;
	failure = read_text(vm, VM_FAILURE);
	return failure ? err_set(e, ERR_BACKEND, "%s", failure) : 0;
}

int
vm_work(struct vm *vm, const struct trusted *t, struct err *e)
{
	cleanup(fd) maybe_unused int lock = PROC_LOCK_FD;
	int rc;

	vm->lima.locked = true;
	rc = vm_make_ready(vm, t, e);
	if (rc) {
		struct err ignored = ERR_INIT;

		/* Not on the disk's mercy: it may be what is full. */
		if (fs_replace(vm->state.fd, VM_FAILURE, e->msg, strlen(e->msg),
			0600, &ignored))
			msg_error("%s", ignored.msg);
	}
	(void)unlinkat(vm->state.fd, VM_STAGE, 0);
	return rc;
}

/* A step can hang; the user must know how to end it. */
static void
say_busy(const struct vm *vm)
{
	cleanup(str) char *worker = read_text(vm, VM_WORKER);
	cleanup(str) char *stage = vm_stage(vm);

	if (worker && stage)
		msg_note("waiting, since the VM is busy: %s; to end that, "
			 "type: kill -- -%s",
		    stage, worker);
}

int
vm_lock(struct vm *vm, const char *root, struct err *e)
{
	const char *name = strrchr(root, '/') + 1;
	struct follow f = { .on = false, .rest = BUF_INIT };
	struct timespec begin;
	int lock;

	(void)clock_gettime(CLOCK_MONOTONIC, &begin);
	while ((lock = fs_lock(vm->state.fd, LOCK, LOCK_TRY, e)) < 0) {
		if (e->sys == EWOULDBLOCK)
			say_busy(vm);
		if (e->sys != EWOULDBLOCK ||
		    wait_with_progress(vm, name, &f, &begin, e) < 0)
			return -1;
	}
	return lock;
}

int
vm_stop(struct vm *vm, const char *root, struct err *e)
{
	cleanup(fd) int lock = -1;
	int rc;

	if (vm->state.fd < 0)
		return 0;
	lock = vm_lock(vm, root, e);
	if (lock < 0 || vm_refresh(vm, e))
		return -1;
	if (vm->now.state == VM_ABSENT || vm->now.state == VM_STOPPED)
		return 0;
	rc = vm_end_session(vm, e) ? -1 : 1;
	(void)unlinkat(vm->state.fd, VM_STAGE, 0);
	return rc;
}

int
vm_destroy(struct vm *vm, const char *root, struct err *e)
{
	cleanup(fd) int lock = -1;
	bool was;

	if (vm->state.fd < 0)
		return 0;
	lock = vm_lock(vm, root, e);
	if (lock < 0)
		return -1;
	/* A damaged record must not stand in the way of getting rid of it. */
	if (vm_refresh(vm, e) && e->code != ERR_CONFIG)
		return -1;
	was = vm->now.state != VM_ABSENT;
	return vm_remove(vm, e) || vm_forget_layers(vm, root, e) ? -1 : was;
}
