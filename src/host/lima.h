#ifndef HOST_LIMA_H
#define HOST_LIMA_H

#include <sys/types.h>

#include "base/argv.h"
#include "base/json.h"
#include "core/config.h"
#include "core/image.h"
#include "core/plan.h"
#include "host/paths.h"

/*
 * Lima, driven through limactl: the only module that knows that program, its
 * files and its words (limactl.c: the program; lima.c: instances). Contracts:
 * Lima v2.2.0, website docs dev/internals and pkg/limatype/filenames.
 *
 *  1. limactl MUST be an absolute path, found once, and never run as root. Its
 *     argv[0] is that path: it looks for the rest of itself beside it.
 *  2. Its environment MUST be built from nothing, its LIMA_HOME be our own.
 *  3. What it prints MUST be taken for text by somebody else.
 */
#define LIMA_VERSION_MIN "2.2.0"

/* What is known of Lima without running anything. */
struct lima {
	const struct paths *paths; /* the caller's */
	char *home; /* LIMA_HOME */
	char *limactl, *ssh; /* NULL until lima_find() */
	char *qemu, *qemu_img; /* likewise; NULL where Lima does without */
	char *version; /* NULL until lima_check_version() */
	struct argv env; /* likewise: for every process of Lima */
	bool locked; /* we are a worker: PROC_LOCK_FD is the project's lock */
	char *slow; /* likewise: why there is no acceleration; or NULL */
};

int lima_init(struct lima *l, const struct paths *p, struct err *e) must_check;
void lima_release(struct lima *l);

CLEANUP_DEFINE(lima, struct lima, lima_release(p));

/*
 * Find limactl (on PATH, then beside our own program `self`) and what it
 * needs. Cheap enough for every line: nothing is run.
 */
int lima_find(struct lima *l, const struct config *c, const char *self,
    struct err *e) must_check;

/* Refuse a limactl that is too old; runs it. Once before something starts. */
int lima_check_version(struct lima *l, struct err *e) must_check;

/*
 * The base image that a Machinefile means: by address and digest, or by an
 * alias, which is in the user's configuration, or imported (image_store.h), or
 * else one that Lima ships.
 */
int lima_image(const struct lima *l, const struct config *c,
    const struct machinefile *mf, struct arena *a, struct image *out,
    struct err *e) must_check;

/* What is there of an instance, from its pid files. Runs nothing. */
struct lima_instance {
	enum vm_state state;
	pid_t agent, driver; /* living processes, or 0 */
	char boot[48]; /* names this boot; "" unless the agent lives */
};
void lima_look(const struct lima *l, const char *name, struct lima_instance *i);

/* Let limactl look at a configuration before anything is made from it. */
int lima_validate(
    const struct lima *l, const char *yaml, int log, struct err *e) must_check;
/*
 * The instance exists, and Lima has understood what it was asked for
 * (limacheck.h), whatever else it may have merged in.
 */
int lima_verify(const struct lima *l, const char *name,
    const struct json *asked, struct err *e) must_check;

/* Each logs to the descriptor `log` and puts limactl's reason into *e. */
int lima_create(const struct lima *l, const char *name, const char *yaml,
    int log, struct err *e) must_check;
/*
 * After this no process and no pid file of the instance is left. A pid file
 * whose process is somebody else's by now is removed, not believed.
 */
int lima_clear(
    const struct lima *l, const char *name, int log, struct err *e) must_check;
/* Remove what is left of an instance that does not run. */
int lima_discard(
    const struct lima *l, const char *name, struct err *e) must_check;
/*
 * `limactl start`, which goes on by itself until Lima finds the guest READY.
 * `ports` is a directory for the sockets of the agent's ports (qemu.h), or
 * NULL.
 */
int lima_start(const struct lima *l, const char *name, const char *ports,
    int log, pid_t *pid, struct err *e) must_check;

/*
 * One ssh connection of its own (no master) that runs a command line of ours
 * in the guest; its status in *status, SSH_UNREACHABLE if it cannot be reached.
 * What it prints goes nowhere: a guest could go on for ever. That it did not
 * end in time (0: it may take its time) is an error.
 */
#define SSH_UNREACHABLE                                       \
	255 /* ssh(1); also the status of a command's own 255 \
	     */
int lima_probe(const struct lima *l, const char *name, const char *command,
    unsigned timeout_ms, int *status, struct err *e) must_check;
/*
 * The same, with a descriptor for its stdin, one for its stdout and one (or -1)
 * for its stderr, and without an end.
 */
int lima_pipe(const struct lima *l, const char *name, const char *command,
    int in, int out, int log, int *status, struct err *e) must_check;

/*
 * Append the beginning of an argument vector that runs a command in the guest:
 * `limactl shell`, whose command's first word must hold no "=" (Lima quotes
 * only behind it; LIMA.md 1.6).
 */
void lima_shell(const struct lima *l, struct argv *argv, const char *name);

/* A file in the instance's directory, for its last lines; malloc'ed. */
char *lima_file(const struct lima *l, const char *name,
    const char *file) must_check nonnull_ret;

#endif
