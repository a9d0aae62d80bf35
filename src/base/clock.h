#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include "base/base.h"

/* Milliseconds that only go forward, for deadlines. Sleep does not count. */
int64_t clock_ms(void);

/* What is left until `end`, for poll(2): at least 0. */
int clock_left(int64_t end);

#endif
