#include "base/utf8.h"

int32_t
utf8_next(const char *text, size_t n, size_t *len)
{
	const unsigned char *s = (const unsigned char *)text;
	static const int32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	int32_t cp;
	size_t want;

	*len = 1;
	if (n == 0)
		return -1;
	if (s[0] < 0x80)
		return s[0];
	if (s[0] >= 0xc2 && s[0] < 0xe0)
		want = 2, cp = s[0] & 0x1f;
	else if (s[0] >= 0xe0 && s[0] < 0xf0)
		want = 3, cp = s[0] & 0x0f;
	else if (s[0] >= 0xf0 && s[0] < 0xf5)
		want = 4, cp = s[0] & 0x07;
	else
		return -1;
	if (n < want)
		return -1;
	for (size_t i = 1; i < want; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return -1;
		cp = (int32_t)((uint32_t)cp << 6 | (s[i] & 0x3f));
	}
	if (cp < least[want] || cp > 0x10ffff || (cp >= 0xd800 && cp < 0xe000))
		return -1;
	*len = want;
	return cp;
}

bool
utf8_valid(const char *s, size_t n)
{
	size_t len;

	for (; n; s += len, n -= len)
		if (utf8_next(s, n, &len) < 0)
			return false;
	return true;
}

bool
utf8_printable(int32_t cp)
{
	static const struct {
		int32_t first, last;
	} refused[] = {
		{ 0x0000, 0x001f }, /* C0 */
		{ 0x007f, 0x009f }, /* DEL, C1 */
		{ 0x00ad, 0x00ad }, /* soft hyphen */
		{ 0x061c, 0x061c }, /* Arabic letter mark */
		{ 0x115f, 0x1160 }, /* Hangul fillers */
		{ 0x17b4, 0x17b5 }, /* Khmer vowels that are not shown */
		{ 0x180e, 0x180e }, /* Mongolian vowel separator */
		{ 0x200b, 0x200f }, /* zero width, LRM, RLM */
		{ 0x2028, 0x202e }, /* line separators, bidi overrides */
		{ 0x2060, 0x206f }, /* invisible operators, bidi isolates */
		{ 0x3164, 0x3164 }, /* Hangul filler */
		{ 0xfe00, 0xfe0f }, /* variation selectors */
		{ 0xfeff, 0xfeff }, /* byte order mark */
		{ 0xffa0, 0xffa0 }, /* Hangul filler */
		{ 0xfff9, 0xfffb }, /* interlinear annotation */
		{ 0xe0000, 0xe0fff }, /* tags, more variation selectors */
	};

	if (cp < 0)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(refused); i++)
		if (cp >= refused[i].first && cp <= refused[i].last)
			return false;
	return true;
}
