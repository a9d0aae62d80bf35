#ifndef HOST_AGENT_IO_H
#define HOST_AGENT_IO_H

#include "host/agent.h"

/* Between agent.c (the connection) and agent_run.c (a command on it). */

/* Frames on their way to the guest. */
size_t agent_queued(const struct agent_conn *a);
/* Room for this many bytes behind them; agent_queue() says how many it is. */
unsigned char *agent_room(struct agent_conn *a, size_t n) nonnull_ret;
void agent_queue(struct agent_conn *a, size_t n);
void agent_frame(struct agent_conn *a, enum wire_type type, uint32_t stream,
    const void *data, size_t len);
/* Hand over what the kernel takes now. -1: the connection is gone. */
int agent_flush(struct agent_conn *a) must_check;
/* Read what is there. -1: the connection is gone. */
int agent_read(struct agent_conn *a) must_check;

/*
 * A port or the forwarded socket: a->fd, and the lock. `end` is clock_ms().
 */
int agent_connect(struct agent_conn *a, const char *dir, int64_t end,
    struct err *e) must_check;

#endif
