#include "base/base.h"

#include "wire/bootconf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* There is one way to write a configuration: what is accepted comes back. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup(bootconf) struct bootconf c = BOOTCONF_INIT;
	cleanup(buf) struct buf again = BUF_INIT;
	struct err e = ERR_INIT;

	if (bootconf_parse((const char *)data, size, &c, &e)) {
		if (!e.msg[0])
			abort(); /* refused without a reason */
		return 0;
	}
	for (size_t i = 0; i < c.volumes_len; i++)
		if (c.volumes[i].at[0] != '/' ||
		    strstr(c.volumes[i].at, "/../") ||
		    strchr(c.volumes[i].device, '/'))
			abort();
	for (size_t i = 0; i < c.binds_len; i++)
		if (c.binds[i].subdir[0] == '/' ||
		    strstr(c.binds[i].target, "/../") ||
		    (c.binds[i].target[0] != '/' &&
			strncmp(c.binds[i].target, "~/", 2) != 0))
			abort();
	if (bootconf_write(&c, &again, &e) || again.len != size ||
	    (size && memcmp(again.s, data, size) != 0))
		abort();
	return 0;
}
