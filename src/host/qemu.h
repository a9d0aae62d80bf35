#ifndef HOST_QEMU_H
#define HOST_QEMU_H

#include "base/argv.h"
#include "base/err.h"

/*
 * QEMU with what Lima does not give it. Lima starts $QEMU_SYSTEM_<ARCH> with
 * arguments of its own, a documented seam (Lima's docs, config/vmtype/qemu).
 * There we put ourselves, by a name of our own: machine called as machine-qemu
 * adds its arguments and becomes QEMU. Added are
 *
 *  - a balloon that gives free pages of the guest back to the host;
 *  - without hardware acceleration, a translation cache that fits the guest
 *    (QEMU's default is 1 GiB of host memory for each VM), and no threads where
 *    they are not safe;
 *  - the virtio-serial ports of the guest agent.
 *
 * Lima also runs it to ask what it can do; then nothing is added. How: by the
 * environment, which Lima hands on.
 */
#define QEMU_NAME "machine-qemu"
#define QEMU_ENV_PROGRAM "MACHINE_QEMU" /* the real one, absolute */
#define QEMU_ENV_TCG "MACHINE_QEMU_TCG" /* "1": no hardware acceleration */
#define QEMU_ENV_PORTS "MACHINE_QEMU_PORTS" /* the directory of the sockets */

/*
 * At most this many commands at a time; virtio-serial-pci has 30 ports for
 * use (QEMU, hw/virtio/virtio-serial.h).
 */
#define QEMU_PORTS 30
#define QEMU_PORTS_BUS 15 /* of them on one bus; see add_ports() */
/* Their names in the guest: "machine.1" and so on (/sys/class/virtio-ports). */
#define QEMU_PORT_PREFIX "machine."

/*
 * Emulation with a thread for each processor is not safe before QEMU 8.1: what
 * one processor translates while another writes to it may stay as it was (8.1:
 * "accel/tcg: Always lock pages before translation"). Linux patches its code
 * while it runs, so that its kernel died ("Oops: int3") in one of 25 boots on a
 * busy host, and each time that npm ran while systemd started.
 */
enum qemu_accel { QEMU_HARDWARE, QEMU_TCG_SINGLE, QEMU_TCG_MULTI };

/* Given what `--version` says; in doubt it is an old one. */
enum qemu_accel qemu_emulation(const char *version);

/* What QEMU is to be called with, given what Lima called us with. */
void qemu_arguments(struct argv *out, const char *program,
    enum qemu_accel accel, const char *ports, int argc, char *const *argv);

/* Become QEMU, called as a main(); returns, with a status, if that fails. */
int qemu_main(int argc, char *const *argv);

#endif
