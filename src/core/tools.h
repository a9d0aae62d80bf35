#ifndef CORE_TOOLS_H
#define CORE_TOOLS_H

#include "base/arena.h"
#include "core/machinefile.h"

/*
 * The recipes of `tools`, one file each in src/guest/tools/, which are built
 * into the program. A name is one of schema_tools[]; another one aborts. What
 * a recipe says of itself is in its first lines: lib.sh there describes them.
 */
struct tool_recipe {
	const char *allow; /* what `machine allow` says of it */
	/*
	 * The directory that an agent has its conversations and login in,
	 * relative to the home of the guest's user; or NULL.
	 */
	const char *state;
	/* For every session; a value that begins with ~/ is in that home. */
	const struct env_var *env;
	size_t nenv;
};

/* All of it belongs to the arena. */
void tools_recipe(const char *tool, struct arena *a, struct tool_recipe *out);

/* Is this word (latest, lts, stable) one that the tool has a version for? */
bool tools_has_channel(const char *tool, const char *word);

/* The words that it has, as "latest or lts"; in the arena. */
const char *tools_channels(const char *tool, struct arena *a) nonnull_ret;

/* The texts that decide what is installed: that of the tool, that of all. */
const char *tools_source(const char *tool) nonnull_ret;
const char *tools_library(void) nonnull_ret;

/*
 * What a bake runs, as root, in this order: one script for each tool, with
 * `name` for people ("node 22"). They find the user of the guest by
 * MACHINE_USER, SUDO_USER or the home that Lima makes, and take tools_host_env.
 * In the arena; *n is the number.
 */
const struct step *tools_steps(
    const struct machinefile *mf, struct arena *a, size_t *n) nonnull_ret;

/*
 * Variables of the host that a bake gets where they are set, NULL-terminated:
 * the registries that the user's own clients use. What they are does not
 * decide what is installed, so no layer is named by them.
 */
extern const char *const tools_host_env[];

#endif
