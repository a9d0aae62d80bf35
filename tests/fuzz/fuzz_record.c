#include "base/base.h"

#include "host/state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A record that was read can be used without another look. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup(record) struct record r = { 0 };
	struct err e = ERR_INIT;

	if (record_parse(&r, (const char *)data, size, &e)) {
		if (!e.code || !e.msg[0])
			abort(); /* refused without a reason */
		return 0;
	}
	if (r.failed_step < 0 || r.failed_status < 0 || r.failed_status > 255)
		abort();
	for (size_t i = 0; i < r.nsteps; i++)
		if (strlen(r.steps[i]) != HASH_XXH128_HEX)
			abort();
	for (size_t i = 0; i < r.nchanges; i++)
		if (strlen(r.changes[i]) != HASH_XXH128_HEX)
			abort();
	if (r.applied[0] && strlen(r.applied) != HASH_SHA256_HEX)
		abort();
	return 0;
}
