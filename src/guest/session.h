#ifndef GUEST_SESSION_H
#define GUEST_SESSION_H

#include "guest/agent.h"

/*
 * One persistent shell. session_shell.c starts it and has its scripts;
 * session.c runs lines in it, session_end.c ends it.
 *
 * The shell reads records from the fifo `in` and reports on the fifo `out` of
 * its directory, $MACHINE_SDIR:
 *   in   status US cwd US aliases US text NUL (bash: status:n, n the line's)
 *   ack  "go" NUL after S, and for zsh and fish after D. A fifo of its own,
 *        because fish reads ahead
 *   out  S NUL (zsh, fish: what comes on the terminal now is output)
 *        D status US cwd NUL (the line has ended; bash: status:n, and it may
 *        say so twice)
 */
struct session {
	struct session *next;
	char name[WIRE_SESSION_MAX + 1];
	char place[16]; /* name of its directory, used once */
	const char *kind; /* of the shell that it is: "bash", "sh", ... */
	bool prompts; /* zsh, fish: the terminal shows their prompt's noise */
	bool dead; /* reaped; only its last line is still to be told */
	bool ending; /* hung up */
	pid_t pid;
	struct flow out; /* the terminal */
	struct sink in; /* a duplicate */
	int slave; /* keeps what is unread, and the modes, within reach */
	struct watch reports;
	char report[8192];
	size_t nreport;
	struct watch records;
	int acks;
	char *record; /* not yet written */
	size_t record_at, record_len;
	bool wake; /* fish: press its key when the record is written */
	bool busy;
	bool started; /* S has come */
	uint32_t number; /* of the line */
	struct stream *line; /* NULL while idle, or when its host has gone */
	struct stream *waiting; /* for the end of that line */
	unsigned char
	    *payload; /* of what waits, or of the line until it starts */
	size_t payload_len;
	unsigned char *backlog; /* what bash wrote between lines */
	size_t nbacklog;
	struct timer timer;
	uint64_t last_used;
};

#define BACKLOG_MAX (64u << 10)

/* session.c: the shell says that its line has ended, or has itself. */
void session_line_ended(struct session *ses, struct wire_exit x);
/* It has no line any more: shows its prompt, and begins what waits. */
void session_idle(struct session *ses);
/* The line that waits is run, if there is one; in a new shell if it must. */
void session_begin_waiting(struct session *ses);
/* Out of the list, all closed; the memory stays until the round ends. */
void session_free(struct session *ses);

/* session_io.c, session_shell.c */
void session_write_record(struct watch *w, uint32_t events);
void session_reports(struct watch *w, uint32_t events);
/* After a line: how many bytes of input nobody read, and sane modes. */
uint32_t session_settle(struct session *ses);
/*
 * Start the shell for *x. 0, or -1 with *s refused. Tells *s if it is another
 * shell than was asked for.
 */
int session_open(struct session *ses, struct stream *s,
    const struct wire_line *x) must_check;
/* For sh, which reads its line from a file. -1 with errno. */
int session_put_text(const struct session *ses, const char *text) must_check;
/* Remove its directory. */
void session_forget(const struct session *ses);

#endif
