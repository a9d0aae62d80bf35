#ifndef HOST_TTY_H
#define HOST_TTY_H

#include "base/buf.h"
#include "core/termfilter.h"
#include "host/paths.h"

/*
 * The user's terminal while a command of the guest has it.
 *
 *  1. However the command and we end, the terminal MUST be as it was: what was
 *     changed is in run/tty.DEVICE (locked while we live) before it is changed,
 *     and whoever of us comes next to that terminal undoes it (tty_recover()).
 *  2. In the background we MUST neither read it nor change it.
 *  3. What a terminal has answered MUST not be left to the host's shell
 *     (tty_settle()).
 */
struct tty {
	int fd; /* stdin, if it is a terminal; -1: there is none */
	int out; /* the same for writing */
	bool raw;
	struct tty_left *left; /* shared with the file */
	int lock; /* of the file */
	char *file;
};
#define TTY_NONE                                 \
	{                                        \
		.fd = -1, .out = -1, .lock = -1, \
	}

/*
 * Undo what one of us that was killed has done to this terminal. Costs next to
 * nothing where there is nothing to do. Call it before tty_open().
 */
void tty_recover(const struct paths *paths);

/* Stdin, if it is a terminal. Changes nothing yet. */
void tty_open(struct tty *t, const struct paths *paths);
/* As it was before. */
void tty_release(struct tty *t);

CLEANUP_DEFINE(tty, struct tty, tty_release(p));

/* Is our process group the one that the terminal is for? */
bool tty_foreground(const struct tty *t);

/* Every byte to us and to the screen as it is; not in the background. */
void tty_raw(struct tty *t);
/* Switch off the modes that are on. Not raw: nothing. */
void tty_reset(struct tty *t, struct termfilter *f);
/* As it was. Not raw: nothing. */
void tty_restore(struct tty *t);
/* Remember which modes are on, in case we are killed. */
void tty_note(struct tty *t, const struct termfilter *f);

/* 24 by 80 if it does not say. */
void tty_size(const struct tty *t, uint16_t *rows, uint16_t *cols);

/*
 * The terminal, which is raw, owes answers: ask it for one more and throw away
 * what comes until then. Characters that somebody typed meanwhile are appended
 * to *typed. Gives up after TTY_SETTLE_MS.
 */
#define TTY_SETTLE_MS 500
void tty_settle(struct tty *t, struct buf *typed);

#endif
