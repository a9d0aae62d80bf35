#include "base/base.h"

#include "base/proc.h"
#include "cmd/cmd.h"
#include "host/qemu.h"

int
main(int argc, char **argv)
{
	const char *slash = argc ? strrchr(argv[0], '/') : NULL;

	/* QEMU keeps the descriptors that Lima gives it. */
	if (slash && strcmp(slash + 1, QEMU_NAME) == 0)
		return qemu_main(argc, argv);
	proc_init();
	return cmd_main(argc, argv);
}
