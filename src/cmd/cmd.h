#ifndef CMD_CMD_H
#define CMD_CMD_H

#include "host/vm.h"

/*
 * One subcommand per file, each a row of the table in cmd.c.
 *
 * To add one: write cmd_foo.c with cmd_foo(), declare it below, add its row,
 * a section in man/machine.1, the completions and a test; `make check` names
 * what is missing.
 */

/* What a subcommand may rely on; the dispatcher provides it. */
enum {
	NEED_CONFIG = 1 << 0, /* ctx.config and ctx.limits */
	NEED_PROJECT = 1 << 1, /* ctx.project, found from the directory */
	NEED_TRUST = 1 << 2, /* ctx.trusted: approved and not gone */
	NEED_VM = 1 << 3, /* ctx.vm; and limactl is found */
	RUNS_GUEST = 1 << 4, /* when we fail it is 125, as with env(1) */
	IS_PLUMBING = 1 << 5 /* for the hooks; not shown by `machine help` */
};

struct ctx {
	char *self; /* our own absolute path, as we were called */
	struct paths paths;
	struct config *config;
	struct limits limits;
	struct project project;
	enum trust_state trust;
	struct trusted *trusted;
	struct vm vm;
};

struct cmd {
	const char *name;
	int (*run)(struct ctx *cx, int argc, char **argv, struct err *e);
	unsigned flags;
	const char *args;
	const char *summary;
};

/* argv[0] is the program; returns the exit status and reports failures. */
int cmd_main(int argc, char **argv);

/* The table, for help. */
const struct cmd *cmd_table(size_t *n) nonnull_ret;
const struct cmd *cmd_find(const char *name);

/* Fill in what these flags name; for commands that find out what they need. */
int ctx_provide(struct ctx *cx, unsigned flags, struct err *e) must_check;
/* ctx.project is set already: the decision about it, and its VM. */
int ctx_trust(struct ctx *cx, struct err *e) must_check;
int ctx_vm(struct ctx *cx, struct err *e) must_check;

/*
 * The user's host words without those that the approved Machinefile wants in
 * the guest (`commands.guest`; the other direction does not exist). The vector
 * is the caller's, NULL-terminated.
 */
const char **host_words(const struct ctx *cx) must_check nonnull_ret;

/* For a command that is about to run there: make the VM ready if it may. */
int ctx_ensure(struct ctx *cx, struct err *e) must_check;

/* `usage: machine NAME ARGS` from the table. */
int usage(const char *name, struct err *e);

/* Is argv[1] this word, and the only one? For commands with one flag. */
bool only_flag(int argc, char **argv, const char *flag);

/*
 * One of these letters, in either case, on the terminal and never on stdin;
 * anything else is '\0'. No terminal is an error.
 */
int ask_letter(const char *question, const char *letters, char *answer,
    struct err *e) must_check;
/* The same for y or n. */
int ask(const char *question, bool *yes, struct err *e) must_check;

/* Let the user change the project's Machinefile with an editor of the host. */
int edit_machinefile(const struct ctx *cx, struct err *e) must_check;

/* The directory of the guest that the user is in. */
int guest_directory(
    const struct ctx *cx, struct buf *dir, struct err *e) must_check;

/* Return the exit status, or -1 with *e filled in. */
#define CMD(name) int name(struct ctx *cx, int argc, char **argv, struct err *e)
CMD(cmd_allow);
CMD(cmd_check);
CMD(cmd_deny);
CMD(cmd_destroy);
CMD(cmd_df);
CMD(cmd_enter);
CMD(cmd_help);
CMD(cmd_hook);
CMD(cmd_image);
CMD(cmd_init);
CMD(cmd_line);
CMD(cmd_lock);
CMD(cmd_logs);
CMD(cmd_names);
CMD(cmd_off_on);
CMD(cmd_prompt);
CMD(cmd_rebuild);
CMD(cmd_reset);
CMD(cmd_restart);
CMD(cmd_route);
CMD(cmd_run);
CMD(cmd_shell);
CMD(cmd_start);
CMD(cmd_start_worker);
CMD(cmd_status);
CMD(cmd_stop);
CMD(cmd_trust);
CMD(cmd_version);
CMD(cmd_volume);
#undef CMD

#endif
