#include "base/base.h"

#include "host/decision.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A decision that was read is about an absolute path, and is written the same. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup(str) char *text = xcalloc(size + 1, 1);
	struct decision d = { 0 };
	cleanup(buf) struct buf again = BUF_INIT;
	struct err e = ERR_INIT;

	if (size)
		memcpy(text, data, size);
	if (decision_parse(&d, text, size, &e)) {
		if (!e.code || !e.msg[0])
			abort(); /* refused without a reason */
		return 0;
	}
	if (d.root[0] != '/' || d.allow != !!d.snapshot.n)
		abort();
	if (d.allow) {
		/* What was read is what would be written. */
		snapshot_write(&again, &d.snapshot);
		if (size < again.len ||
		    memcmp(data + size - again.len, again.s, again.len) != 0)
			abort();
	}
	snapshot_release(&d.snapshot);
	return 0;
}
