#ifndef HOST_INITRD_H
#define HOST_INITRD_H

#include "base/err.h"
#include "wire/bootconf.h"

/*
 * The initrd of a start: the archive of the image's own kernel modules, which
 * was made when the image was baked (src/guest/image/boot-files.sh), and behind
 * it one with machine-guest as /init and the boot configuration. Two archives
 * because the first is the image's and the second this program's: an image
 * never has an old agent in it. Not compressed, which under emulation is
 * faster.
 */
#define INITRD_MODULES_MAX ((size_t)64 * 1024 * 1024)
#define INITRD_PROGRAM_MAX ((size_t)16 * 1024 * 1024)

/*
 * Write it to fd, from where that stands. modules and program are paths;
 * modules must be a cpio archive ("newc") that belongs to the user.
 */
int initrd_write(int fd, const char *modules, const char *program,
    const struct bootconf *conf, struct err *e) must_check;

#endif
