#include "base/base.h"

#include "wire/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is accepted says the same when it is written again. */
static void
payload(const struct wire_frame *f)
{
	cleanup(wire_pack) struct wire_pack k = { 0 };
	struct wire_exec exec = { 0 };
	struct wire_line line = { 0 };
	struct wire_greeting greeting;
	struct wire_exit end;
	struct wire_stats stats;
	bool good = false;

	switch ((unsigned)f->type) {
	case WIRE_EXEC:
		good = wire_exec_read(&exec, f->data, f->len) == 0;
		if (good)
			wire_exec_pack(&k, &exec);
		wire_exec_release(&exec);
		break;
	case WIRE_LINE:
		good = wire_line_read(&line, f->data, f->len) == 0;
		if (good)
			wire_line_pack(&k, &line);
		wire_line_release(&line);
		break;
	case WIRE_HELLO:
		good = wire_greeting_read(&greeting, f->data, f->len) == 0 &&
		       greeting.version == WIRE_VERSION;
		if (good)
			wire_greeting_pack(&k, &greeting);
		break;
	case WIRE_EXIT:
		good = wire_exit_read(&end, f->data, f->len) == 0;
		if (good)
			wire_exit_pack(&k, &end);
		break;
	case WIRE_STATED:
		good = wire_stats_read(&stats, f->data, f->len) == 0;
		if (good)
			wire_stats_pack(&k, &stats);
		break;
	}
	if (good && (k.len != f->len || memcmp(k.p, f->data, k.len) != 0))
		abort();
}

/* All frames of a reader, fed `step` bytes at a time: a digest of them. */
static uint64_t
run(enum wire_role role, const uint8_t *data, size_t size, size_t step)
{
	static const unsigned char nonce[WIRE_NONCE_SIZE] = "0123456789abcdef";
	struct wire_reader r;
	struct wire_frame f;
	uint64_t digest = 14695981039346656037u;
	bool over = false;

	wire_reader_init(&r, role, nonce);
	while (size && !over) {
		size_t n, k = step;
		unsigned char *at = wire_reader_space(&r, &n);
		enum wire_event event;

		if (!n)
			abort(); /* full without a frame */
		if (k > n)
			k = n;
		if (k > size)
			k = size;
		memcpy(at, data, k);
		wire_reader_added(&r, k);
		data += k;
		size -= k;
		while ((event = wire_reader_next(&r, &f)) != WIRE_NEED) {
			digest = (digest ^ event) * 1099511628211u;
			if (event == WIRE_LOST && role == WIRE_HOST) {
				over = true;
				break;
			}
			if (event != WIRE_FRAME_IN)
				continue;
			if (f.len > WIRE_REQUEST_MAX)
				abort();
			digest = (digest ^ f.type ^ f.len) * 1099511628211u;
			for (size_t i = 0; i < f.len; i++)
				digest = (digest ^ f.data[i]) * 1099511628211u;
			payload(&f);
		}
	}
	wire_reader_release(&r);
	return digest;
}

/* Both ends; how the bytes are cut makes no difference. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (int role = WIRE_HOST; role <= WIRE_GUEST; role++)
		if (run((enum wire_role)role, data, size, 7) !=
		    run((enum wire_role)role, data, size, 100000))
			abort();
	return 0;
}
