#include "core/machinefile.h"

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

void
machinefile_slug(const char *path, char slug[MACHINEFILE_NAME_MAX + 1])
{
	static const char upper[] = UPPER, lower[] = LOWER;
	static const char fallback[] = "machine";
	size_t n = 0, len = strlen(path), start;

	while (len && path[len - 1] == '/')
		len--;
	for (start = len; start && path[start - 1] != '/';)
		start--;
	for (size_t i = start; i < len && n < MACHINEFILE_NAME_MAX; i++) {
		const char *big = strchr(upper, path[i]);

		if (big)
			slug[n++] = lower[big - upper];
		else if (strchr(LOWER DIGITS, path[i]))
			slug[n++] = path[i];
		else if (n && slug[n - 1] != '-')
			slug[n++] = '-';
	}
	while (n && slug[n - 1] == '-')
		n--;
	if (n == 0) {
		memcpy(slug, fallback, sizeof(fallback));
		return;
	}
	slug[n] = '\0';
}
