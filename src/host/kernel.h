#ifndef HOST_KERNEL_H
#define HOST_KERNEL_H

#include "host/lima.h"

/*
 * Linux kernels as files. A PC's /boot/vmlinuz unpacks itself when it starts,
 * which under emulation takes seconds; QEMU also boots what is in it, an ELF
 * file with a PVH entry (Linux, Documentation/arch/x86/boot.rst,
 * payload_offset; Xen's docs/misc/pvh.pandoc).
 */

/*
 * Copy the kernel `from` to the new file `to`, unpacked if that can be done:
 * zstd(1) or xz(1), whichever it wants, is on the host. Otherwise as it is.
 */
int kernel_copy(const struct lima *l, const char *from, const char *to,
    struct err *e) must_check;

#endif
