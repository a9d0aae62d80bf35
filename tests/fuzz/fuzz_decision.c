#include "base/base.h"

#include "host/trust.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A decision that was read is about an absolute path, and its bytes are ours. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup(str) char *text = xcalloc(size + 1, 1);
	struct decision d = { 0 };
	struct err e = ERR_INIT;

	if (size)
		memcpy(text, data, size);
	if (decision_parse(&d, text, size, &e)) {
		if (!e.code || !e.msg[0])
			abort(); /* refused without a reason */
		return 0;
	}
	if (d.root[0] != '/' || d.bytes < text || d.bytes + d.len != text + size)
		abort();
	if (!d.allow && d.len)
		abort();
	return 0;
}
