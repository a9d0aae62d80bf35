#ifndef GUEST_GUEST_H
#define GUEST_GUEST_H

#include "base/base.h"

/* The two programs in machine-guest. argv[0] is "init" or "agent". */
int agent_main(int argc, char **argv);
int init_main(int argc, char **argv); /* PID 1 only; becomes systemd */

#endif
