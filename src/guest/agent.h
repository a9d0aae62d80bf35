#ifndef GUEST_AGENT_H
#define GUEST_AGENT_H

#include <sys/types.h>

#include "base/err.h"
#include "guest/guest.h"
#include "wire/wire.h"

/*
 * `machine-guest agent`: one process, one epoll loop, no threads. It serves
 * every port and socket connection, and forks only for commands. Linux only.
 *
 * Ownership: a conn owns its buffers, a stream its descriptors, a session its
 * shell's. What is closed in the middle of a round of events stays in memory
 * until the end of the round (agent_bury), because an event for it may follow.
 */

#define CONNS_MAX 256
#define STREAMS_MAX 1024 /* of one connection */
#define SESSIONS_MAX 256
#define HELD_MAX 64 /* commands that ended with their output still held */

/* --- the loop (agent_loop.c) --------------------------------------------- */

/* First member of what waits for a descriptor; -1: closed. */
struct watch {
	int fd;
	uint32_t events; /* what epoll knows; 0: not registered */
	void (*ready)(struct watch *w, uint32_t events);
};

/* 0: unregister, which also keeps hang-ups from coming again and again. */
void watch_set(struct watch *w, uint32_t events);
/* Unregister and close; harmless when closed already. */
void watch_close(struct watch *w);

struct timer {
	uint64_t at; /* 0: not set */
	void (*fire)(struct timer *t);
	struct timer *next;
};
void timer_set(struct timer *t, unsigned ms, void (*fire)(struct timer *t));
void timer_clear(struct timer *t);

/* free() it after this round. */
void agent_bury(void *p);
uint64_t agent_now(void); /* monotonic ms, as of this round */
/* A loop that ends when agent.stop is due. */
int agent_loop(void);

/* --- what there is ------------------------------------------------------- */

struct conn;
struct session;

/* Data to the host; one of a command's outputs, or a session's terminal. */
struct flow {
	struct watch w;
	struct stream *stream; /* NULL: spill it */
	void (*spill)(struct flow *f, const unsigned char *p, size_t n);
	enum wire_type type;
	uint32_t credit;
	size_t must; /* bytes still to be read before EXIT may be said */
	bool paused;
};

/* Data from the host to a command. */
struct sink {
	struct watch w;
	unsigned char *buf; /* at most WIRE_WINDOW */
	size_t start, len, cap;
	uint32_t window; /* what the host may still send */
	uint32_t owed; /* credit not yet said */
	uint32_t taken;
	bool end; /* close when empty */
};

struct stream {
	struct stream *next;
	struct conn
	    *conn; /* NULL: the host has gone, only the end is awaited */
	uint32_t id;
	struct session *session; /* LINE */
	bool pty;
	pid_t pid; /* our child; 0: none (any more) */
	pid_t group; /* the command's process group; 0: none (any more) */
	struct watch keeper; /* reports of the terminal's keeper */
	char name[256], cwd[256]; /* for what the keeper may report */
	struct flow out[2];
	struct sink in;
	struct timer timer;
	bool ended, lingered, closing, said_eof, freed;
	uint32_t stopped; /* signal to report */
	char *notice; /* to report */
	struct wire_exit exit; /* text and cwd are owned */
};

struct agent {
	const char *user; /* guest user, or NULL: whoever we are */
	const char *dir; /* /run/machine */
	const char *port_prefix; /* or NULL */
	const char *socket; /* or NULL */
	bool root;
	int epoll;
	struct conn *conns;
	struct stream *orphans; /* whose host has gone, oldest first */
	struct session *sessions;
	uint64_t stop; /* when to end; 0: never */
	uint64_t last_active, commands, lines, lost;
};
extern struct agent agent;

/* --- connections (agent_conn.c) ------------------------------------------ */

struct conn {
	struct watch w;
	struct conn *next;
	bool port; /* nothing but data counts */
	bool again; /* more input may be there */
	bool blocked; /* output waits for the host */
	bool starved; /* a flow was paused for want of room */
	bool hello, stats; /* to be said */
	int pong; /* length, or -1 */
	unsigned char ping[WIRE_PING_MAX];
	struct stream *streams;
	struct wire_reader in;
	unsigned char *out;
	size_t out_start, out_end;
	unsigned nstreams;
};

/* Takes fd. */
void conn_new(int fd, bool port);
/* Room for one frame, or NULL: then the flow is to pause. */
unsigned char *conn_room(struct conn *c);
/* A frame of n bytes has been put there. */
void conn_added(struct conn *c, size_t n);
/* End of a round: say what is to be said, write what can be written. true if
 * there is more to do at once. */
bool conn_pump(struct conn *c);

/* --- ports and the socket (agent_port.c) --------------------------------- */

int agent_listen(const char *path, struct err *e) must_check;
void agent_find_ports(void);

/* --- commands (agent_stream.c, agent_exec.c, agent_io.c) ----------------- */

struct stream *stream_new(struct conn *c, uint32_t id);
struct stream *stream_find(const struct conn *c, uint32_t id);
/* Reads the request and starts it; false if it is none. */
bool stream_exec(struct stream *s, const unsigned char *p, size_t n);
/* "could not": number is 125, 126 or 127. */
void stream_refuse(struct stream *s, unsigned number, const char *fmt, ...)
    printf_like(3, 4);
/* Anything but a request; false if it breaks the rules. */
bool stream_frame(struct stream *s, const struct wire_frame *f) must_check;
/* The command has ended with this wait status. */
void stream_ended(struct stream *s, int status);
/* Say what is to be said; false: no room. May end the stream. */
bool stream_say(struct stream *s);
/* The host has gone: hang up, end when everything has. */
void stream_detach(struct stream *s);
/* A child has ended. */
void stream_reaped(pid_t pid, int status);

void flow_open(struct flow *f, int fd, struct stream *s, enum wire_type type);
void flow_close(struct flow *f);
/* Go on reading after a pause. */
void flow_resume(struct flow *f);
void stream_resume(struct stream *s);
/* The payload of UNREAD; false: it is none. */
bool stream_unread(
    struct stream *s, const unsigned char *p, size_t n) must_check;
/* How much is to be read now that the writer has ended. */
void flow_settle(struct flow *f);
void sink_open(struct sink *k, int fd);
void sink_close(struct sink *k);
/* false: more than the window. */
bool sink_put(struct sink *k, const unsigned char *p, size_t n) must_check;
/* Credit that is to be said now, or 0. */
uint32_t sink_credit(struct sink *k);
/* Output was read or closed: a stream that has lost its host may be over. */
void stream_look(struct stream *s);
/* The command's own, or its session's. */
struct flow *stream_output(struct stream *s);
struct sink *stream_input(struct stream *s);
void stream_winch(int terminal, const unsigned char *p, size_t n);
/* SIGHUP, and SIGCONT because a stopped process notices nothing else. */
void hang_up(pid_t group);
/* There are reports of the terminal's keeper. */
void keeper_ready(struct watch *w, uint32_t events);

/* --- who runs what (agent_user.c) ---------------------------------------- */

struct identity {
	char *name, *home, *shell;
	uid_t uid;
	gid_t gid;
	gid_t groups[256];
	int ngroups;
	char **env; /* ended by NULL */
};
/*
 * The guest user or root, read again when /etc has changed. Without root it is
 * whoever runs the agent. NULL: there is no such user.
 */
const struct identity *identity_get(bool as_root);
/*
 * The user's environment with `extra` over it. malloc'ed vector, strings stay
 * where they are.
 */
char **identity_env(const struct identity *id, const char **extra);
const char *env_get(char **env, const char *name);
/* Absolute path of a program in PATH, malloc'ed, or NULL. */
char *find_program(char **env, const char *name);

/* --- starting (agent_spawn.c) -------------------------------------------- */

struct spawn {
	const struct identity *id;
	const char **argv; /* one free slot in front of it, for /bin/sh */
	char **env;
	const char *cwd;
	int in, out, err; /* the child's 0, 1, 2; stay the caller's */
	bool terminal; /* 0 becomes the controlling terminal */
	bool group; /* a group in the foreground of the caller's session, not
		     * a session of its own: for the keeper */
};
enum spawn_stage { SPAWN_OK, SPAWN_CWD, SPAWN_USER, SPAWN_EXEC };
struct spawn_result {
	pid_t pid;
	enum spawn_stage stage; /* where it failed */
	int err;
};
struct spawn_result spawn(const struct spawn *s);
/* A terminal: *master and *slave, close-on-exec; -1 with errno. */
int open_terminal(int *master, int *slave, uint16_t rows, uint16_t cols);

/*
 * A process that leads the terminal's session and is the command's parent, so
 * that ^Z stops the command (an orphaned group ignores it) and stops of it can
 * be seen. Writes keeper_reports to `report`. Returns its pid or -1.
 */
enum keeper_kind { KEEPER_PID, KEEPER_FAILED, KEEPER_STOPPED, KEEPER_ENDED };
struct keeper_report {
	enum keeper_kind kind;
	int value; /* pid, errno, signal, wait status */
	enum spawn_stage stage;
};
pid_t keeper_start(const struct spawn *s, int report);

/* --- sessions (session.c, session_shell.c) ------------------------------- */

/* As stream_exec(). */
bool session_line(struct stream *s, const unsigned char *p, size_t n);
bool session_stdin(
    struct stream *s, const unsigned char *p, size_t n) must_check;
/* The stream is over: EXIT was said, or the host has gone and what still runs
 * is hung up. */
void session_detach(struct stream *s);
struct flow *session_output(struct session *ses);
struct sink *session_input(struct session *ses);
void session_end(const char *name);
/* true if it was a session's shell. */
bool session_reaped(pid_t pid, int status);
void session_counts(uint32_t *all, uint32_t *with_jobs);

/* --- agent_hello.c ------------------------------------------------------- */

void agent_pack_hello(struct wire_pack *k);
void agent_pack_stats(struct wire_pack *k);

#endif
