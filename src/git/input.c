#include "git/input.h"

#include <errno.h>

#define HEADER_MAX 64

struct input {
	char piece[INPUT_PIECE];
	size_t have, used; /* of this piece */
};

/* At least one more byte, or -1. */
static int
more(struct input *in, struct err *e)
{
	ssize_t n;

	if (in->have == INPUT_PIECE) {
		in->have = in->used = 0;
		if (write(STDOUT_FILENO, "\n", 1) != 1)
			return err_sys(e, "cannot ask for input");
	}
	do
		n = read(
		    STDIN_FILENO, in->piece + in->have, INPUT_PIECE - in->have);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_sys(e, "cannot read the input");
	if (n == 0)
		return err_set(e, ERR_USAGE, "the input is incomplete");
	in->have += (size_t)n;
	return 0;
}

/* A decimal number and the one character `end` behind it. */
static int
read_length(struct input *in, char end, size_t *len, struct err *e)
{
	*len = 0;
	for (size_t digits = 0; digits < HEADER_MAX; digits++) {
		char c;

		if (in->used == in->have && more(in, e))
			return -1;
		c = in->piece[in->used++];
		if (c == end && digits)
			return 0;
		if (c < '0' || c > '9' || *len > INPUT_MAX)
			break;
		*len = *len * 10 + (size_t)(c - '0');
	}
	return err_set(e, ERR_USAGE, "the input has no readable length");
}

int
input_read(struct buf *texts, size_t n, struct err *e)
{
	struct input in = { .have = 0 };
	size_t want[4];

	if (n > ARRAY_LEN(want))
		abort();
	for (size_t i = 0; i < n; i++) {
		if (read_length(&in, i + 1 < n ? ' ' : '\n', &want[i], e))
			return -1;
		if (want[i] > INPUT_MAX)
			return err_set(e, ERR_USAGE,
			    "the input is larger than %zu KiB",
			    INPUT_MAX >> 10);
	}
	for (size_t i = 0; i < n; i++)
		while (texts[i].len < want[i]) {
			size_t part = want[i] - texts[i].len;

			if (in.used == in.have && more(&in, e))
				return -1;
			if (part > in.have - in.used)
				part = in.have - in.used;
			buf_add(&texts[i], in.piece + in.used, part);
			in.used += part;
		}
	return 0;
}
