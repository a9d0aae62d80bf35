#include "host/initrd.h"
int
initrd_write(int fd, const char *modules, const char *program,
    const struct bootconf *c, struct err *e)
{
	(void)fd;
	(void)modules;
	(void)program;
	(void)c;
	return err_set(e, ERR_SYS, "stub");
}
