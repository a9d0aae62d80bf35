#include "guest/cidata_words.h"

#include <arpa/inet.h>

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"

static bool
is_of(const char *s, const char *set, size_t max)
{
	size_t n = strlen(s);

	return n > 0 && n <= max && strspn(s, set) == n;
}

static bool
has_control(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return true;
	return false;
}

bool
word_is_plain(const char *s, size_t max)
{
	return is_of(s, LETTERS DIGITS "-_.", max);
}

bool
word_is_user(const char *s)
{
	return word_is_plain(s, 32) && !strchr("-." DIGITS, s[0]) &&
	       strcmp(s, "root") != 0;
}

bool
word_is_field(const char *s)
{
	return strlen(s) <= 1024 && !strchr(s, ':') && !has_control(s);
}

bool
word_is_path(const char *s)
{
	if (s[0] != '/' || strlen(s) > 1024)
		return false;
	while (*s) {
		size_t n = strcspn(++s, "/");

		if (n == 0 || n > 255 || (n == 1 && s[0] == '.') ||
		    (n == 2 && s[0] == '.' && s[1] == '.'))
			return false;
		s += n;
	}
	return true;
}

bool
word_is_address(const char *s)
{
	struct in_addr a;

	return inet_pton(AF_INET, s, &a) == 1;
}

bool
word_is_number(const char *s)
{
	return is_of(s, DIGITS, 10) && strtoull(s, NULL, 10) <= INT32_MAX;
}

bool
word_is_hostname(const char *s)
{
	return is_of(s, LETTERS DIGITS "-.", 64) && s[0] != '-' && s[0] != '.';
}

bool
word_is_zone(const char *s)
{
	return is_of(s, LETTERS DIGITS "-_+/", 64) && s[0] != '/';
}

bool
word_is_key(const char *s)
{
	size_t type = strcspn(s, " ");

	/* ssh-ed25519, ecdsa-sha2-nistp256, sk-ssh-ed25519@openssh.com ... */
	return type > 3 && s[type] == ' ' && strlen(s) <= 16384 &&
	       strspn(s, LETTERS DIGITS "-.@") >= type && !has_control(s) &&
	       (!strncmp(s, "ssh-", 4) || !strncmp(s, "ecdsa-", 6) ||
		   !strncmp(s, "sk-", 3));
}

bool
word_unquote(char *s)
{
	size_t len = strlen(s);
	char *to = s, *from;

	if (len < 2 || s[0] != '"' || s[len - 1] != '"')
		return false;
	s[len - 1] = '\0';
	for (from = s + 1; *from; from++) {
		if (*from == '"')
			return false;
		if (*from == '\\' && *++from != '\\' && *from != '"')
			return false;
		*to++ = *from;
	}
	*to = '\0';
	return true;
}

/* Cut what follows the last separator in s off and return it. */
static char *
cut_last(char *s, const char *separator)
{
	size_t n = strlen(separator);

	for (size_t i = strlen(s); i-- > 0;) {
		if (strncmp(s + i, separator, n) != 0)
			continue;
		s[i] = '\0';
		return s + i + n;
	}
	return NULL;
}

bool
word_split_mount(char *line, char **tag, char **at, char **type, char **options)
{
	static const char head[] = "- [", tail[] = ", \"0\", \"0\"]";
	size_t len = strlen(line);
	char *comma;

	if (len < sizeof(head) + sizeof(tail) ||
	    strncmp(line, head, sizeof(head) - 1) != 0 ||
	    strcmp(line + len - (sizeof(tail) - 1), tail) != 0)
		return false;
	line[len - (sizeof(tail) - 1)] = '\0';
	*tag = line + sizeof(head) - 1;
	*options = cut_last(*tag, ", ");
	if (!*options)
		return false;
	/* Rosetta's has `defaults` without quotes. */
	if (**options == '"' && !word_unquote(*options))
		return false;
	*type = cut_last(*tag, ", ");
	comma = strstr(*tag, ", ");
	if (!*type || !comma)
		return false;
	*comma = '\0';
	*at = comma + 2;
	len = strlen(*at);
	if (len > 1 && **at == '"' && (*at)[len - 1] == '"')
		return word_unquote(*at);
	return true;
}
