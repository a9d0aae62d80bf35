#ifndef HOST_BOOT_FILES_H
#define HOST_BOOT_FILES_H

#include "host/vm_work.h"

/*
 * Take out of a running guest what boots its disk directly, into the directory
 * dir: `kernel` and `modules.cpio`. *cmdline is the kernel's command line; NULL
 * if this guest cannot be booted so, with the reason in *why. Both malloc'ed.
 */
int boot_files_take(struct work *w, const char *dir, char **cmdline, char **why,
    struct err *e) must_check;

#endif
