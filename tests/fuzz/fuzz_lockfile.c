#include "base/base.h"

#include "core/lockfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is accepted can be written again, and then pins what was asked for. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct image image = { .alias = "a",
		.location = "https://h/i",
		.digest = "sha256:aa",
		.arch = "x86_64" };
	cleanup(buf) struct buf again = BUF_INIT;
	struct err e = ERR_INIT;

	(void)!lockfile_check((const char *)data, size, &image, &e);
	if (lockfile_write(&again, (const char *)data, size, &image, &e)) {
		if (!e.msg[0])
			abort(); /* refused without a reason */
		return 0;
	}
	if (lockfile_check(again.s, again.len, &image, &e))
		abort();
	return 0;
}
