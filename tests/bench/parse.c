/*
 * What a Machinefile costs: parse and the currency of all layers, medians of
 * 1,000, for the file that is named (tests/fuzz/corpus/machinefile/every has
 * every key).
 */
#include "base/base.h"

#include <fcntl.h>
#include <time.h>

#include "base/fs.h"
#include "core/currency.h"

#define ROUNDS 1000

static double
now_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int
by_value(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void
once(const char *text, size_t len)
{
	const struct limits limits = { .cpus = 64,
		.memory = UINT64_C(64) << 30 };
	const struct image image = {
		.alias = "a", .location = "/a", .arch = "x86_64"
	};
	struct diags d = { .count = 0 };
	cleanup(machinefile) struct machinefile *mf = machinefile_parse(
	    text, len, &limits, &d);
	struct file_bytes files[MACHINEFILE_STEPS_MAX] = { 0 };
	struct described all = { .mf = mf, .image = &image, .files = files };
	const char *const *paths;
	char hex[HASH_XXH128_HEX + 1];

	if (!mf) {
		(void)fprintf(stderr, "%u:%u: %s\n", d.at[0].line,
		    d.at[0].column, d.at[0].text);
		exit(1);
	}
	all.nfiles = machinefile_files(mf, &paths);
	for (size_t i = 0; i < all.nfiles; i++)
		files[i] = (struct file_bytes){
			.path = paths[i], .data = "x", .len = 1
		};
	for (enum currency l = LAYER_BASE; l <= LAYER_SESSION; l++)
		currency_layer(l, &all, hex);
}

int
main(int argc, char **argv)
{
	static double us[ROUNDS];
	cleanup(str) char *text = NULL;
	struct err e = ERR_INIT;
	size_t len;

	if (argc != 2 ||
	    fs_read_shared(AT_FDCWD, argv[1], 1u << 20, &text, &len, &e)) {
		(void)fprintf(stderr, "%s\n", argc == 2 ? e.msg : "a file");
		return 1;
	}
	for (size_t i = 0; i < ROUNDS; i++) {
		us[i] = now_us();
		once(text, len);
		us[i] = now_us() - us[i];
	}
	qsort(us, ROUNDS, sizeof(us[0]), by_value);
	(void)printf("%-32s %7.3f %7.3f %7.3f\n",
	    "parse and currency, every key", us[0] / 1e3, us[ROUNDS / 2] / 1e3,
	    us[ROUNDS * 95 / 100] / 1e3);
	return 0;
}
