#ifndef CORE_CONFIG_H
#define CORE_CONFIG_H

#include "base/base.h"
#include "core/diag.h"

/*
 * The user's own config.yaml, checked: read by the same reader and with the
 * same strictness as a Machinefile, but never from a project. Immutable, one
 * object, ended by config_free(). The defaults are those of no file at all.
 * The keys are in core/schema.c.
 *
 * Paths are absolute and free of what Lima would take for something else
 * ("://", "{{"); `~` is not expanded.
 */
#define CONFIG_MAX (256u << 10) /* bytes */
#define CONFIG_PATH_MAX 4095 /* bytes */
#define CONFIG_CMDLINE_MAX 2047 /* bytes; what kernels take */
#define CONFIG_IMAGES_MAX 64
#define CONFIG_COMMANDS_MAX 256

struct config_image {
	const char *alias;
	const char *path; /* absolute */
	const char *kernel; /* absolute, or NULL */
	const char *initrd; /* absolute, or NULL; only with a kernel */
	const char
	    *cmdline; /* or NULL: image.c's default; only with a kernel */
};

enum autostart { AUTOSTART_CD, AUTOSTART_COMMAND, AUTOSTART_NEVER };
enum accelerator { ACCEL_AUTO, ACCEL_HARDWARE, ACCEL_TCG };

struct config {
	struct arena *arena; /* private */
	unsigned limit_cpus; /* 0: the host's number */
	uint64_t limit_memory; /* bytes; 0: the host's memory */
	enum autostart autostart;
	const char *const *host_commands; /* NULL-terminated, never NULL */
	const struct config_image *images;
	size_t nimages;
	enum accelerator
	    accelerator; /* engine: {accelerator: auto|kvm|hvf|tcg} */
};

/* NULL if there is a complaint; NULL or empty text gives the defaults. */
struct config *config_parse(
    const char *text, size_t len, struct diags *d) must_check;
void config_free(struct config *c);

CLEANUP_DEFINE(config, struct config *, config_free(*p));

#endif
