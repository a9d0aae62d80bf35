#ifndef HOST_AGENT_H
#define HOST_AGENT_H

#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"
#include "host/tty.h"
#include "wire/wire.h"

/*
 * The host's end of the guest's agent (wire.h): one connection, one command at
 * a time, no process.
 *
 * The directory belongs to one VM, is 0700 and holds the ways to its agent:
 *
 * p1.sock to pN.sock: virtio-serial ports. QEMU serves one client each, so
 * whoever has flock(2) on pN.lock has the port.
 * fwd.sock: the agent's own socket, forwarded (forward.h); any number.
 *
 *  1. A command MUST be sent at most once. What fails before its last byte has
 *     been handed over has not run (-1); what fails later may have (`lost`).
 *  2. Whatever happens, agent_*() MUST come back: every answer has a deadline.
 *     When the process or the connection behind the agent is gone that takes a
 *     second; a guest that is only busy is waited for, and given up when a ping
 *     has gone unanswered for AGENT_FROZEN_MS (a guest that is emulated on a
 *     busy host may well take seconds to answer one).
 *  3. What the guest prints to a terminal MUST have passed the filter.
 *  4. Memory is bounded by the protocol's windows, however much passes.
 */
#define AGENT_PORTS_MAX 64
#define AGENT_PING_MS 5000 /* so long without a word, then ask */
#define AGENT_FROZEN_MS 60000

struct agent_conn {
	int fd; /* -1: not connected */
	int lock, bell; /* of the port, or -1 */
	int port; /* 0: forwarded */
	int silent; /* the port that gave no answer last, or 0 */
	/* The caller's: the guest is gone when this process is. 0: unknown. */
	pid_t vm;
	int ping_ms, frozen_ms;
	/* What the agent has said of itself: untrusted text. */
	char version[32], boot[48];
	char *problems; /* lines */
	/* private */
	struct wire_reader reader;
	uint64_t session;
	uint32_t stream;
	unsigned restarts; /* while we connected */
	struct {
		unsigned char *p;
		size_t start, end, cap;
		uint64_t handed; /* bytes that the kernel has taken */
	} out;
	int64_t heard; /* when something came last */
};
#define AGENT_INIT                                                          \
	{                                                                   \
		.fd = -1, .lock = -1, .bell = -1, .ping_ms = AGENT_PING_MS, \
		.frozen_ms = AGENT_FROZEN_MS                                \
	}

/*
 * Connect to the agent: waits until there is a way to it and one is free, and
 * for its greeting, at most deadline_ms in all. The directory need not exist
 * yet. Initialise *a with AGENT_INIT; set a->vm before, if it is known. An
 * agent that speaks another version of the protocol is an error.
 */
int agent_open(struct agent_conn *a, const char *dir, int deadline_ms,
    struct err *e) must_check;
void agent_close(struct agent_conn *a);

CLEANUP_DEFINE(agent, struct agent_conn, agent_close(p));

/* Which way agent_open() would go first. Does not connect. */
enum agent_way { AGENT_NO_WAY, AGENT_PORT, AGENT_FORWARDED };
enum agent_way agent_way(const char *dir);

/* Where a command's streams go. */
struct agent_io {
	int in; /* -1: it gets none */
	int out, err; /* -1: thrown away */
	/* Instead of out and err; false: that is enough, end the command. */
	bool (*sink)(void *arg, const char *data, size_t len);
	void *arg;
	/* With a terminal in the guest: the user's, perhaps with no fd. */
	struct tty *tty;
	int leave_ms; /* the terminal's input is left alone for so long */
	int timeout_ms; /* then the command is ended; 0: never */
};
#define AGENT_IO_NONE                          \
	{                                      \
		.in = -1, .out = -1, .err = -1 \
	}

struct agent_result {
	int status; /* as a shell says it; 125 to 127 also if it did not run */
	bool lost; /* 125: the guest is gone; it may have run, see `why` */
	bool not_run; /* 125-127, see `why` */
	bool interrupted; /* 130: by SIGINT */
	bool timeout; /* 125: it was ended */
	bool ended; /* the session's shell is gone */
	bool line_start; /* the terminal's cursor is on an empty line */
	struct buf why; /* for people, from the guest */
	struct buf cwd; /* after a line, from the guest */
	struct buf typed; /* by the user and read by nobody; from the host */
	struct buf notices; /* for people, from the guest; lines */
};
#define AGENT_RESULT_INIT                                        \
	{                                                        \
		.status = 125, .why = BUF_INIT, .cwd = BUF_INIT, \
		.typed = BUF_INIT, .notices = BUF_INIT           \
	}
void agent_result_release(struct agent_result *r);

CLEANUP_DEFINE(agent_result, struct agent_result, agent_result_release(p));

/*
 * Run a command, or a line in a session, to its end. -1: it has certainly not
 * run. WIRE_EXEC_PTY and WIRE_EXEC_NO_STDIN and the size of the window are
 * filled in from `io`. The connection is good for another one unless lost.
 */
int agent_exec(struct agent_conn *a, const struct wire_exec *x,
    const struct agent_io *io, struct agent_result *r,
    struct err *e) must_check;
int agent_line(struct agent_conn *a, const struct wire_line *x,
    const struct agent_io *io, struct agent_result *r,
    struct err *e) must_check;

/*
 * For ourselves: what a command prints on both streams, at most `max` bytes,
 * appended to *out. That it did not run, was lost, took longer or printed more
 * is -1; *status is then undefined.
 */
int agent_capture(struct agent_conn *a, const struct wire_exec *x, size_t max,
    int timeout_ms, struct buf *out, int *status, struct err *e) must_check;

#endif
