#include "core/pem.h"

#define LINE 64
static const char begins[] = "-----BEGIN CERTIFICATE-----";
static const char ends[] = "-----END CERTIFICATE-----";

/* Like strstr(), in what may contain NULs. */
static const char *
find(const char *from, const char *end, const char *what)
{
	const size_t n = strlen(what);

	for (; (size_t)(end - from) >= n; from++) {
		from = memchr(from, what[0], (size_t)(end - from));
		if (!from || (size_t)(end - from) < n)
			return NULL;
		if (memcmp(from, what, n) == 0)
			return from;
	}
	return NULL;
}

static int
digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* The base64 alone; false if anything else is there. */
static bool
take_base64(const char *from, const char *end, struct buf *out)
{
	size_t padding = 0;

	for (; from < end; from++) {
		if (strchr(" \t\r\n", *from) && *from)
			continue;
		if (*from == '=')
			padding++;
		else if (padding || digit(*from) < 0)
			return false;
		if (out->len == PEM_MAX)
			return false;
		buf_add(out, from, 1);
	}
	return out->len >= 8 && out->len % 4 == 0 && padding <= 2;
}

/* Its first bytes say that it is one sequence, as long as all of it. */
static bool
is_sequence(const struct buf *base64)
{
	unsigned char first[6];
	const char *p = base64->s + base64->len;
	const size_t padding = (size_t)(p[-1] == '=') + (p[-2] == '=');
	const size_t total = base64->len / 4 * 3 - padding;
	size_t head = 2, len;

	for (size_t i = 0; i < 2; i++) {
		unsigned v = 0;

		for (size_t j = 0; j < 4; j++) {
			const int d = digit(base64->s[4 * i + j]);

			v = v << 6 | (unsigned)(d < 0 ? 0 : d);
		}
		first[3 * i] = (unsigned char)(v >> 16);
		first[3 * i + 1] = (unsigned char)(v >> 8);
		first[3 * i + 2] = (unsigned char)v;
	}
	if (first[0] != 0x30)
		return false;
	len = first[1];
	if (first[1] & 0x80) {
		const size_t bytes = first[1] & 0x7f;

		if (bytes < 1 || bytes > 3)
			return false;
		len = 0;
		for (size_t i = 0; i < bytes; i++)
			len = len << 8 | first[2 + i];
		head += bytes;
	}
	return head + len == total;
}

enum pem
pem_next(const char **at, const char *end, struct buf *out)
{
	cleanup(buf) struct buf base64 = BUF_INIT;
	const char *from = find(*at, end, begins), *to;

	buf_release(out);
	*out = (struct buf)BUF_INIT;
	if (!from) {
		*at = end;
		return PEM_END;
	}
	from += sizeof(begins) - 1;
	*at = from;
	to = find(from, end, ends);
	if (!to || !take_base64(from, to, &base64) || !is_sequence(&base64))
		return PEM_BAD;
	*at = to + sizeof(ends) - 1;
	buf_addf(out, "%s\n", begins);
	for (size_t i = 0; i < base64.len; i += LINE) {
		const size_t left = base64.len - i;

		buf_add(out, base64.s + i, left < LINE ? left : LINE);
		buf_adds(out, "\n");
	}
	buf_addf(out, "%s\n", ends);
	return PEM_CERTIFICATE;
}
