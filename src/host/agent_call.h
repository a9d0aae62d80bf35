#ifndef HOST_AGENT_CALL_H
#define HOST_AGENT_CALL_H

#include "host/agent_io.h"
#include "host/agent_sink.h"

/* One command while it runs: agent_run.c is the loop, agent_call.c the rest. */

#define LINUX_SIGINT 2u
#define LINUX_SIGPIPE 13u
#define CALL_END_MS 5000 /* after CLOSE */
#define CALL_RECENT 4096u /* bytes of input that are remembered */

struct call {
	struct agent_conn *a;
	const struct agent_io *io;
	struct agent_result *result;
	uint32_t stream;
	/* The request, until it is queued. */
	enum wire_type type;
	struct wire_pack request;
	size_t request_off;
	bool requested;
	uint64_t request_end; /* compare with a->out.handed */
	struct sink out[2];
	struct termfilter filter[2];
	/* The input. */
	uint32_t in_credit, in_sent;
	bool in_done;
	char recent[CALL_RECENT]; /* what was sent last, in a circle */
	int64_t interrupts[3]; /* when Control-C was sent last */
	int ninterrupts;
	bool exited, enough;
	int signalled; /* to be told to our caller by the status */
	int64_t began, ticked, pinged, ending;
};

extern const int call_caught[];

int call_run(struct call *c, struct err *e) must_check;

/* Put the reason into the result. Always -1. */
int call_lost(struct call *c, const char *why);
/* Before and after; the terminal. */
void call_begin(struct call *c);
void call_finish(struct call *c);
/* It is to end: CLOSE, once. */
void call_end(struct call *c);
/* Linux's number. */
void call_signal(struct call *c, uint32_t number);
/* The signals that we have caught. -1: leave at once. */
int call_signals(struct call *c) must_check;
/* The command was stopped: so are we. */
int call_stopped(struct call *c) must_check;
/* Has the terminal become ours, or is it so no more? */
void call_terminal(struct call *c);
bool call_in_background(const struct call *c);
bool call_wants_input(const struct call *c);
/* -1: leave at once. */
int call_input(struct call *c) must_check;
/* So many bytes were read over there; the others are the user's again. */
void call_unread(struct call *c, uint32_t taken);

#endif
