#include "base/base.h"

#include "guest/cidata.h"
#include "guest/cidata_words.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is accepted cannot add a line to /etc/passwd, nor a mount elsewhere. */
static void
judge(const struct cidata *c)
{
	if (strpbrk(c->user, ":\n/") || strpbrk(c->home, ":\n") ||
	    strpbrk(c->comment, ":\n") || strpbrk(c->shell, ":\n") ||
	    strpbrk(c->iid, "\n/") || strpbrk(c->hostname, "\n /") ||
	    strstr(c->timezone, "..") || strpbrk(c->virtio_port, " \n%"))
		abort();
	for (size_t i = 0; i < c->mounts_len; i++)
		if (c->mounts[i].at[0] != '/' ||
		    strstr(c->mounts[i].at, "/../") ||
		    strchr(c->mounts[i].tag, '/'))
			abort();
	for (size_t i = 0; i < c->keys_len; i++)
		if (strchr(c->keys[i], '\n') || !strchr(c->keys[i], ' '))
			abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int (*const parsers[])(struct cidata *, const char *, size_t,
	    struct err *) = { cidata_env, cidata_meta_data, cidata_user_data };
	cleanup(str) char *text = xcalloc(size + 1, 1);

	memcpy(text, data, size);
	for (size_t i = 0; i < ARRAY_LEN(parsers); i++) {
		cleanup(cidata) struct cidata c;
		struct err e = ERR_INIT;

		cidata_init(&c);
		if (parsers[i](&c, text, size, &e) && !e.msg[0])
			abort(); /* refused without a reason */
		judge(&c);
	}
	return 0;
}
