#include "guest/guest.h"

int
main(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "";

	/* The kernel starts /init with what its command line has for it. */
	if (getpid() == 1)
		return init_main(argc, argv);
	if (!strcmp(word, "agent"))
		return agent_main(argc - 1, argv + 1);
	(void)dprintf(2, "usage: machine-guest agent [OPTION]...\n");
	return 2;
}
