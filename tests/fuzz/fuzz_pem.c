#include "core/pem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
promise(bool kept)
{
	if (!kept)
		abort(); /* pem.h says otherwise */
}

/* What comes out is one certificate, and comes out of itself unchanged. */
static void
check(const struct buf *one)
{
	cleanup(buf) struct buf again = BUF_INIT;
	const char *at = one->s, *end = one->s + one->len;

	promise(strlen(one->s) == one->len && !strstr(one->s, "KEY--"));
	promise(pem_next(&at, end, &again) == PEM_CERTIFICATE);
	promise(strcmp(again.s, one->s) == 0);
	promise(pem_next(&at, end, &again) == PEM_END && at == end);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup(buf) struct buf one = BUF_INIT;
	const char *at = (const char *)data, *end = at + size;
	enum pem what;

	do {
		const char *before = at;

		what = pem_next(&at, end, &one);
		promise(at >= before && at <= end);
		promise(what == PEM_END || at > before);
		if (what == PEM_CERTIFICATE)
			check(&one);
		else
			promise(!one.len);
	} while (what != PEM_END);
	return 0;
}
