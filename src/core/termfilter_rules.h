#ifndef CORE_TERMFILTER_RULES_H
#define CORE_TERMFILTER_RULES_H

#include "core/termfilter.h"

/* Where in a sequence we are. */
enum term_state {
	GROUND,
	ESCAPE, /* ESC, and intermediates */
	CSI,
	STRING, /* OSC, and what is dropped up to its end */
	STRING_ESC,
	DCS, /* the parameters */
	SIXEL,
	SIXEL_ESC
};

/*
 * Which sequences pass: between termfilter.c, which finds where they begin and
 * end, and termfilter_rules.c. Each judges f->hold (f->nhold bytes, all of them
 * printable ASCII behind the ESC, but for OSC's text), may make it shorter,
 * says whether it passes, and only then remembers what it has switched.
 */
bool termfilter_escape(struct termfilter *f);
bool termfilter_csi(struct termfilter *f);
bool termfilter_osc(struct termfilter *f); /* without its terminator */
/* The beginning of a DCS, up to its final letter: is it a picture (sixel)? */
bool termfilter_is_sixel(const struct termfilter *f);

/* A question whose answer is harmless: is somebody there to take it? */
bool termfilter_ask(struct termfilter *f);

bool termfilter_on_alternate(const struct termfilter *f);
void termfilter_mode(struct termfilter *f, enum term_mode m, bool on);

#endif
