#include "base/base.h"

#include "base/proc.h"
#include "cmd/cmd.h"

int
main(int argc, char **argv)
{
	proc_init();
	return cmd_main(argc, argv);
}
