#include "core/image.h"

#include "base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
promise(bool kept)
{
	if (!kept)
		abort(); /* image.h says otherwise */
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup(arena) struct arena *a = arena_new();
	struct diags d = { .count = 0 };
	struct image image;

	if (!image_from_template(&image, a, "debian-13", "x86_64",
		(const char *)data, size, &d)) {
		promise(d.count);
		for (size_t i = 0; i < d.count && i < DIAG_MAX; i++)
			promise(utf8_valid(d.at[i].text, strlen(d.at[i].text)));
		return 0;
	}
	promise(!d.count);
	promise(strcmp(image.alias, "debian-13") == 0);
	promise(strcmp(image.arch, "x86_64") == 0);
	promise(strncmp(image.location, "https://", 8) == 0);
	promise(!strpbrk(image.location, " \"{}\\\n"));
	promise(image.digest && !image.kernel && !image.initrd);
	promise(!image.cmdline);
	promise((strncmp(image.digest, "sha256:", 7) == 0 &&
		    strlen(image.digest) == 7 + 64) ||
		(strncmp(image.digest, "sha512:", 7) == 0 &&
		    strlen(image.digest) == 7 + 128));
	return 0;
}
