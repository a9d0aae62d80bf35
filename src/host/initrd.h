#ifndef HOST_INITRD_H
#define HOST_INITRD_H
#include "wire/bootconf.h"
int initrd_write(int fd, const char *modules, const char *program,
    const struct bootconf *c, struct err *e) must_check;
#endif
