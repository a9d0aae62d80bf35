#ifndef GUEST_REPORT_H
#define GUEST_REPORT_H

#include "base/base.h"

/*
 * What init has to tell. Lines for the kernel's log, for the host, and the
 * problems that the agent's greeting carries: a problem never stops the boot.
 */
#define PROBLEMS_FILE "/run/machine/problems"

/* Open the kernel's log; what is said before is lost. */
void report_open(void);

/* A line of the kernel's log. */
void say(const char *fmt, ...) printf_like(1, 2);

/*
 * What is not as it should be: a line of the kernel's log and of
 * PROBLEMS_FILE. Control characters become \xNN, so that it is one line.
 */
void problem(const char *fmt, ...) printf_like(1, 2);

/* /run/machine is there: write the problems that were met before. */
void report_flush(void);

/* A line on the console, which the host reads. */
void report_host(const char *line);

/*
 * The image cannot be booted in this way. The host finds this line on the
 * console and boots it with the distribution's own init.
 */
_Noreturn void give_up(const char *fmt, ...) printf_like(1, 2);

#endif
