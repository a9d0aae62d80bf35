#ifndef CORE_CONFIG_H
#define CORE_CONFIG_H

#include "core/machinefile.h"

/*
 * The user's own config.yaml, checked: read by the same reader and with the
 * same strictness as a Machinefile, but never from a project. Immutable, one
 * object, ended by config_free(). The defaults are those of no file at all.
 * The keys are in core/schema_config.c.
 *
 * Paths are absolute and free of what Lima would take for something else
 * ("://", "{{"); `~` is not expanded.
 */
#define CONFIG_MAX (256u << 10) /* bytes */
#define CONFIG_PATH_MAX 4095 /* bytes */
#define CONFIG_CMDLINE_MAX 2047 /* bytes; what kernels take */
#define CONFIG_IMAGES_MAX 64
#define CONFIG_COMMANDS_MAX 256
#define CONFIG_PORTS_MAX 64
#define CONFIG_PROJECTS_MAX 256

struct config_image {
	const char *alias;
	const char *path; /* absolute */
	const char *kernel; /* absolute, or NULL */
	const char *initrd; /* absolute, or NULL; only with a kernel */
	const char
	    *cmdline; /* or NULL: image.c's default; only with a kernel */
};

/* What one project has instead of what its Machinefile says; 0: nothing. */
struct config_project {
	const char *path; /* absolute, or "~/..." */
	unsigned cpus;
	uint64_t memory;
};

enum autostart { AUTOSTART_CD, AUTOSTART_COMMAND, AUTOSTART_NEVER };
enum accelerator { ACCEL_AUTO, ACCEL_HARDWARE, ACCEL_TCG };
enum vm_type { VM_TYPE_AUTO, VM_TYPE_QEMU, VM_TYPE_VZ };

struct config {
	struct arena *arena; /* private */
	unsigned limit_cpus; /* 0: the host's number */
	uint64_t limit_memory; /* bytes; 0: the host's memory */
	unsigned limit_running; /* 0: none */
	const struct port_range *limit_ports; /* of struct limits */
	size_t nlimit_ports; /* 0: all from 1024 */
	enum autostart autostart;
	const char *const *host_commands; /* NULL-terminated, never NULL */
	const struct config_image *images;
	size_t nimages;
	const struct config_project *projects;
	size_t nprojects;
	enum vm_type vm_type;
	enum accelerator accelerator; /* auto|kvm|hvf|tcg */
	bool host_certificates;
};

/* NULL if there is a complaint; NULL or empty text gives the defaults. */
struct config *config_parse(
    const char *text, size_t len, struct diags *d) must_check;
void config_free(struct config *c);

/*
 * Append the keys, with ", " between, that this file uses and that have no
 * effect in this version: nothing may start while one is ignored. false if
 * there are none.
 */
bool config_unbuilt(const struct config *c, struct buf *names);

CLEANUP_DEFINE(config, struct config *, config_free(*p));

#endif
