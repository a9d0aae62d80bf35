#include "git/text.h"

#include "base/utf8.h"

bool
text_add(struct buf *out, const char *s, size_t len, size_t max)
{
	size_t n, used = 0;

	for (; len; s += n, len -= n) {
		bool plain = utf8_next(s, len, &n) > 0;
		size_t need = plain ? n : strlen("\\xNN");

		if (need > max - used)
			return false;
		if (plain)
			buf_add(out, s, n);
		else
			buf_addf(out, "\\x%02x", (unsigned char)*s);
		used += need;
	}
	return true;
}
