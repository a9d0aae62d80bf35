#ifndef CMD_COLUMNS_H
#define CMD_COLUMNS_H

#include "base/buf.h"

/*
 * Lists for people on stdout, whose texts others have chosen: made safe, and
 * the next column begins in its place unless this one is too long.
 */
void columns_put(const char *text, int width);
/* The last one of a row: without blanks at the end of the line. */
void columns_end(const char *text);

/* The host's time, to the minute; "-" for 0. */
struct time_text {
	char s[32];
};
struct time_text time_show(int64_t seconds);

#endif
