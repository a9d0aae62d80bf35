#ifndef CORE_TERMFILTER_H
#define CORE_TERMFILTER_H

#include "base/base.h"

/*
 * What a guest prints on its way to the user's terminal. A terminal is a
 * program that obeys: it can be told to type (answers to questions go into its
 * input, where the host's shell reads them next), to write the clipboard, to
 * open files of the host, to print. So what is passed is what is known to be
 * harmless, not what is not known to be bad.
 *
 *  1. A byte that is not plain text, one of C0's harmless controls, well-formed
 *     UTF-8 or part of a whole sequence of the list MUST NOT pass. A sequence
 *     passes at its end or not at all, so that filter and terminal never
 *     disagree about where one begins. C1 controls (8 bit) never pass.
 *  2. Never: the clipboard (OSC 52), whatever is answered with text that the
 *     guest has chosen (title reports, DECRQSS, XTGETTCAP, answer-back), window
 *     operations, keys that the terminal remembers (DECUDK), notifications,
 *     marks of shell integration, directories (OSC 7), kitty's and iTerm2's
 *     files, printing, other character encodings.
 *  3. A question whose answer the terminal alone makes, and which holds no
 *     control character but ESC (cursor position, device attributes, modes,
 *     colours, version, kitty's keyboard), is what vim, less, neovim and fish
 *     live on. It passes only while its answer goes to the guest (`answers`),
 *     a few at a time; termfilter_asked() then says that the terminal's input
 *     is to be settled before the host's shell reads it.
 *  4. A mode that was switched on is remembered; termfilter_reset() makes what
 *     switches it off.
 *
 * Nothing is allocated; text is passed as slices of the caller's own bytes.
 */
#define TERMFILTER_HOLD 4096 /* longest sequence, an OSC 8 with its address */
#define TERMFILTER_ASK_MAX 64 /* questions until something is read */
#define TERMFILTER_RESET_MAX 512

/* What was switched on; a bit each, the order is that of resets[]. */
enum term_mode {
	MODE_ALT_47,
	MODE_ALT_1047,
	MODE_ALT_1049,
	MODE_CURSOR_KEYS,
	MODE_REVERSE,
	MODE_ORIGIN,
	MODE_NO_WRAP,
	MODE_MOUSE_9,
	MODE_MOUSE_1000,
	MODE_MOUSE_1002,
	MODE_MOUSE_1003,
	MODE_FOCUS,
	MODE_MOUSE_1005,
	MODE_MOUSE_1006,
	MODE_MOUSE_1015,
	MODE_MOUSE_1016,
	MODE_HIDDEN,
	MODE_PASTE,
	MODE_SYNC,
	MODE_GRAPHEME,
	MODE_KEYPAD_66,
	MODE_MARGINS,
	/* not DEC's private ones */
	MODE_INSERT,
	MODE_NEWLINE,
	MODE_KEYPAD,
	MODE_MODIFY_KEYS,
	MODE_KITTY_SET,
	MODE_CURSOR_SHAPE,
	MODE_CHARSET,
	MODE_SHIFT_OUT,
	MODE_REGION,
	MODE_SGR,
	MODE_LINK,
	MODE_PALETTE,
	MODE_FOREGROUND,
	MODE_BACKGROUND,
	MODE_CURSOR_COLOUR,
	MODE_COUNT
};

struct termfilter {
	bool answers; /* the caller's to change, for instance in the background
		       */
	/* private from here on */
	uint64_t modes;
	unsigned kitty[2]; /* pushed on the main and the alternate screen */
	unsigned asked; /* since something was read */
	bool unsettled;
	bool line_start;
	unsigned char state, string;
	unsigned char utf8[4], nutf8;
	bool overflow;
	size_t nhold;
	char hold[TERMFILTER_HOLD];
};

typedef void termfilter_out(void *arg, const char *p, size_t n);

void termfilter_init(struct termfilter *f, bool answers);

/* Give `out` what of these bytes, and of what was held back, may pass. */
void termfilter_feed(struct termfilter *f, const char *data, size_t len,
    termfilter_out *out, void *arg);

/* The terminal's input has been read: more may be asked. */
void termfilter_answered(struct termfilter *f);

/* Has a question passed since the last call of this? */
bool termfilter_asked(struct termfilter *f);

/* Is the cursor at the beginning of an empty line, as far as can be told? */
bool termfilter_line_start(const struct termfilter *f);

/* Is a mode on in which the terminal talks by itself (mouse, focus)? */
bool termfilter_reports(const struct termfilter *f);

/*
 * The end: what was held back is forgotten. Writes what switches off the modes
 * that are on, and returns its length, 0 if there are none.
 */
size_t termfilter_reset(
    struct termfilter *f, char out[TERMFILTER_RESET_MAX]) must_check;

#endif
