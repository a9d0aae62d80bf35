#include "core/termfilter_rules.h"

/* What switches a mode off, in this order: the alternate screen first. */
static const char *const resets[MODE_COUNT] = {
	[MODE_ALT_47] = "\033[?47l",
	[MODE_ALT_1047] = "\033[?1047l",
	[MODE_ALT_1049] = "\033[?1049l",
	[MODE_CURSOR_KEYS] = "\033[?1l",
	[MODE_REVERSE] = "\033[?5l",
	[MODE_ORIGIN] = "\0337\033[?6l\0338",
	[MODE_NO_WRAP] = "\033[?7h",
	[MODE_MOUSE_9] = "\033[?9l",
	[MODE_MOUSE_1000] = "\033[?1000l",
	[MODE_MOUSE_1002] = "\033[?1002l",
	[MODE_MOUSE_1003] = "\033[?1003l",
	[MODE_FOCUS] = "\033[?1004l",
	[MODE_MOUSE_1005] = "\033[?1005l",
	[MODE_MOUSE_1006] = "\033[?1006l",
	[MODE_MOUSE_1015] = "\033[?1015l",
	[MODE_MOUSE_1016] = "\033[?1016l",
	[MODE_HIDDEN] = "\033[?25h",
	[MODE_PASTE] = "\033[?2004l",
	[MODE_SYNC] = "\033[?2026l",
	[MODE_GRAPHEME] = "\033[?2027l",
	[MODE_KEYPAD_66] = "\033[?66l",
	[MODE_MARGINS] = "\033[?69l",
	[MODE_INSERT] = "\033[4l",
	[MODE_NEWLINE] = "\033[20l",
	[MODE_KEYPAD] = "\033>",
	[MODE_MODIFY_KEYS] = "\033[>4m",
	[MODE_KITTY_SET] = "\033[=0u",
	[MODE_CURSOR_SHAPE] = "\033[0 q",
	[MODE_CHARSET] = "\033(B",
	[MODE_SHIFT_OUT] = "\017",
	/* It moves the cursor home. */
	[MODE_REGION] = "\0337\033[r\0338",
	[MODE_SGR] = "\033[m",
	[MODE_LINK] = "\033]8;;\033\\",
	[MODE_PALETTE] = "\033]104\033\\",
	[MODE_FOREGROUND] = "\033]110\033\\",
	[MODE_BACKGROUND] = "\033]111\033\\",
	[MODE_CURSOR_COLOUR] = "\033]112\033\\",
};

/* Keys of kitty's that were pushed on one of the two screens. */
static size_t
pop_keys(struct termfilter *f, int screen, char *out, size_t cap)
{
	int n = 0;

	if (f->kitty[screen])
		n = snprintf(out, cap, "\033[<%uu", f->kitty[screen]);
	f->kitty[screen] = 0;
	return (size_t)n;
}

bool
termfilter_reports(const struct termfilter *f)
{
	const uint64_t reports = UINT64_C(1) << MODE_MOUSE_9 |
				 UINT64_C(1) << MODE_MOUSE_1000 |
				 UINT64_C(1) << MODE_MOUSE_1002 |
				 UINT64_C(1) << MODE_MOUSE_1003 |
				 UINT64_C(1) << MODE_FOCUS;

	return f->modes & reports;
}

size_t
termfilter_reset(struct termfilter *f, char out[TERMFILTER_RESET_MAX])
{
	size_t n = 0;

	if (f->state == SIXEL || f->state == SIXEL_ESC) {
		memcpy(out, "\033\\", 2);
		n = 2;
	}
	/* Each screen has its own; the one that is not shown is out of reach.
	 */
	if (termfilter_on_alternate(f))
		n += pop_keys(f, 1, out + n, TERMFILTER_RESET_MAX - n);
	f->kitty[1] = 0;
	for (unsigned m = 0; m < MODE_COUNT; m++) {
		size_t len = strlen(resets[m]);

		if (!(f->modes >> m & 1) || n + len > TERMFILTER_RESET_MAX)
			continue;
		memcpy(out + n, resets[m], len);
		n += len;
	}
	n += pop_keys(f, 0, out + n, TERMFILTER_RESET_MAX - n);
	f->modes = 0;
	f->state = GROUND;
	f->nutf8 = 0;
	return n;
}
