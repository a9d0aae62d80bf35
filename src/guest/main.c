#include "guest/guest.h"

int
main(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "";

	if (!strcmp(word, "agent"))
		return agent_main(argc - 1, argv + 1);
	(void)dprintf(2, "usage: machine-guest agent [OPTION]...\n");
	return 2;
}
