#ifndef HOST_AGENT_SINK_H
#define HOST_AGENT_SINK_H

#include "host/agent.h"

/*
 * Where one stream of a command's output goes. Never waits: what the
 * descriptor does not take is kept, at most a window of the protocol (and
 * what the filter has made of it).
 */
struct sink {
	int fd; /* -1: thrown away */
	bool whole; /* a file: takes everything */
	bool broken; /* nobody reads it any more */
	struct termfilter *filter; /* or NULL */
	unsigned char *kept;
	size_t start, end, cap;
	uint32_t owed; /* bytes for which no credit was given yet */
};

/* `filter` is used if the descriptor is a terminal. */
void sink_init(struct sink *s, int fd, struct termfilter *filter);
void sink_release(struct sink *s);

CLEANUP_DEFINE(sink, struct sink, sink_release(p));

/* false: it has just turned out that nobody reads it. */
bool sink_put(struct sink *s, const unsigned char *data, size_t len);
bool sink_flush(struct sink *s);
bool sink_waits(const struct sink *s);
/* How much credit is due now. */
uint32_t sink_credit(struct sink *s);

#endif
