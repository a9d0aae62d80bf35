#include "base/base.h"

#include "host/volume.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A record of a volume that was read can be used without another look. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup(volume_record) struct volume_record r = { .size = 0 };
	struct err e = ERR_INIT;

	if (volume_record_parse(&r, (const char *)data, size, &e)) {
		if (!e.code || !e.msg[0] || r.root || r.name)
			abort(); /* refused without a reason, or not at all */
		return 0;
	}
	if (r.root[0] != '/' || !r.name[0] || !r.size || r.size > INT64_MAX)
		abort();
	return 0;
}
