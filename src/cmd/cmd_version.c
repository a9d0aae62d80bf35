#include "cmd/cmd.h"

int
cmd_version(struct ctx *cx, int argc, char **argv, struct err *e)
{
	(void)cx, (void)argv;
	if (argc != 1)
		return usage("version", e);
	(void)printf("machine %s\n", MACHINE_VERSION);
	return 0;
}
