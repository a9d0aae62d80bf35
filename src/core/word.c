#include "core/word.h"

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"
#define URL LOWER UPPER DIGITS "-._~:/?#[]@!$&'()*+,;=%"

const struct word word_name = { LOWER DIGITS, LOWER DIGITS "-", 40,
	"a name: use a-z, 0-9 and -, at most 40", false };
const struct word word_alias = { LOWER DIGITS, LOWER DIGITS "._-", 64,
	"an image alias: use a-z, 0-9, dot, _ and -, at most 64", false };
const struct word word_variable = { UPPER LOWER "_", UPPER LOWER DIGITS "_", 64,
	"the name of a variable", false };
/* Debian's, which begin with a letter or digit and so are never an option. */
const struct word word_package = { LOWER DIGITS, LOWER DIGITS "+.-", 64,
	"the name of a package: use a-z, 0-9, +, dot and -", false };
const struct word word_command = { UPPER LOWER DIGITS "_",
	UPPER LOWER DIGITS "._+-", 64,
	"a command: use letters, digits, dot, _, + and -", false };
const struct word word_version = { DIGITS, LOWER DIGITS ".+-", 32,
	"a version: 22, 3.12 and the like, or latest, lts or stable", false };
/* What Lima takes for a part of a disk's name, and no more. */
const struct word word_volume = { LOWER DIGITS, LOWER DIGITS "-", 32,
	"the name of a volume: use a-z, 0-9 and - between them, at most 32",
	true };
static const struct word preset_name = { LOWER DIGITS, LOWER DIGITS "-", 32, "",
	false };

bool
word_ok(const struct word *w, const char *s)
{
	const size_t n = strlen(s);

	if (!n || n > w->max || !strchr(w->first, s[0]) ||
	    s[strspn(s, w->rest)])
		return false;
	return !w->apart || (s[n - 1] != '-' && !strstr(s, "--"));
}

/* [a-z0-9_-]: neighbours in ASCII become a range, the rest is escaped. */
static void
add_class(struct buf *out, const char *set)
{
	buf_adds(out, "[");
	for (const char *p = set; *p; p++) {
		const char *end = p;

		while (end[1] && end[1] == end[0] + 1)
			end++;
		if (end - p >= 2) {
			buf_addf(out, "%c-%c", *p, *end);
			p = end;
		} else {
			buf_addf(
			    out, "%s%c", strchr("]\\^-", *p) ? "\\" : "", *p);
		}
	}
	buf_adds(out, "]");
}

void
word_pattern(struct buf *out, const struct word *w)
{
	buf_adds(out, w->apart ? "^(?!.*-(-|$))" : "^");
	add_class(out, w->first);
	add_class(out, w->rest);
	buf_addf(out, "{0,%zu}$", w->max - 1);
}

bool
word_is_url(const char *s)
{
	static const char scheme[] = "https://";
	const size_t n = sizeof(scheme) - 1;

	return strncmp(s, scheme, n) == 0 && s[n] &&
	       strlen(s) <= WORD_URL_MAX && s[strspn(s, URL)] == '\0';
}

bool
word_is_digest(const char *s)
{
	static const struct {
		const char *name;
		size_t digits;
	} kinds[] = {
		{ "sha256:", 64 },
		{ "sha512:", 128 },
	};

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		size_t n = strlen(kinds[i].name);

		if (strncmp(s, kinds[i].name, n) == 0)
			return strspn(s + n, DIGITS "abcdef") ==
				   kinds[i].digits &&
			       s[n + kinds[i].digits] == '\0';
	}
	return false;
}

/* At least two labels; the last one is no number, as it is in an address. */
static bool
is_domain(const char *s)
{
	size_t labels = 0, n;
	bool letter = false;

	if (strlen(s) > WORD_HOST_MAX)
		return false;
	for (;; s += n + 1) {
		n = strspn(s, LOWER DIGITS "-");
		if (n < 1 || n > 63 || s[0] == '-' || s[n - 1] == '-')
			return false;
		labels++;
		letter = strcspn(s, LOWER) < n;
		if (s[n] != '.')
			return s[n] == '\0' && labels >= 2 && letter;
	}
}

bool
word_is_host(const char *s)
{
	static const char preset[] = "preset:";

	if (strncmp(s, preset, sizeof(preset) - 1) == 0)
		return word_ok(&preset_name, s + sizeof(preset) - 1);
	return is_domain(s[0] == '*' && s[1] == '.' ? s + 2 : s);
}
