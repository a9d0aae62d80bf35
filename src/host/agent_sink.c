#include "host/agent_sink.h"

#include <sys/stat.h>

#include <errno.h>
#include <poll.h>

/* A pipe that is ready takes so much without blocking (PIPE_BUF). */
#define CHUNK 4096u

void
sink_init(struct sink *s, int fd, struct termfilter *filter)
{
	struct stat st;

	*s = (struct sink){ .fd = fd };
	if (fd < 0)
		return;
	s->whole = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
	if (isatty(fd))
		s->filter = filter;
}

void
sink_release(struct sink *s)
{
	free(STEAL(s->kept));
}

static void
keep(struct sink *s, const void *data, size_t len)
{
	if (s->start == s->end)
		s->start = s->end = 0;
	if (s->end + len > s->cap && s->start) {
		memmove(s->kept, s->kept + s->start, s->end - s->start);
		s->end -= s->start;
		s->start = 0;
	}
	if (s->end + len > s->cap) {
		s->cap = s->end + len + WIRE_FRAME;
		s->kept = xreallocarray(s->kept, s->cap, 1);
	}
	memcpy(s->kept + s->end, data, len);
	s->end += len;
}

static void
filtered(void *arg, const char *p, size_t n)
{
	keep(arg, p, n);
}

/*
 * The descriptor is shared with others, so it stays as it is: in blocking mode,
 * probably. What is ready takes a chunk.
 */
static size_t
write_some(struct sink *s, const unsigned char *p, size_t n)
{
	size_t done = 0;

	while (done < n && !s->broken) {
		struct pollfd ready = { .fd = s->fd, .events = POLLOUT };
		size_t chunk = n - done;
		ssize_t k;

		if (!s->whole) {
			if (poll(&ready, 1, 0) != 1)
				break;
			chunk = chunk < CHUNK ? chunk : CHUNK;
		}
		k = write(s->fd, p + done, chunk);
		if (k >= 0)
			done += (size_t)k;
		else if (errno == EAGAIN || errno == EWOULDBLOCK)
			break;
		else if (errno != EINTR)
			s->broken = true;
	}
	return done;
}

bool
sink_flush(struct sink *s)
{
	if (s->broken)
		return true;
	s->start += write_some(s, s->kept + s->start, s->end - s->start);
	if (s->broken)
		s->start = s->end;
	return !s->broken;
}

bool
sink_put(struct sink *s, const unsigned char *data, size_t len)
{
	s->owed += (uint32_t)len;
	if (s->broken || s->fd < 0)
		return true;
	if (s->filter) {
		termfilter_feed(
		    s->filter, (const char *)data, len, filtered, s);
		return sink_flush(s);
	}
	if (s->start == s->end) {
		size_t done = write_some(s, data, len);

		data += done;
		len -= done;
		if (s->broken)
			return false;
	}
	if (len)
		keep(s, data, len);
	return true;
}

bool
sink_waits(const struct sink *s)
{
	return s->start != s->end;
}

uint32_t
sink_credit(struct sink *s)
{
	uint32_t due = s->owed;

	/* In large steps, and not before it has really gone. */
	if (s->start != s->end || due < WIRE_WINDOW / 4)
		return 0;
	s->owed = 0;
	return due;
}
