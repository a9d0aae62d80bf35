#ifndef WIRE_BOOTCONF_H
#define WIRE_BOOTCONF_H

#include "base/buf.h"
#include "base/err.h"

/*
 * The boot configuration: what the host tells `machine-guest init` and what
 * Lima's own cidata does not carry. The host writes it into the initrd as
 * /machine.conf at every start; the same code reads it in the guest.
 *
 * Text of at most BOOTCONF_MAX bytes, one directive a line, in this order:
 *
 *	machine 1
 *	volume DEVICE DIRECTORY		any number, e.g. `volume vdb /data`
 *	bind VOLUME SUBDIRECTORY TARGET	any number; VOLUME is the directory of
 *					a volume above
 *	ports N				1-30 virtio-serial ports of the agent
 *	delay MS			before systemd is started; 1-60000
 *
 * Words are separated by one space; in a word the bytes up to 0x20, '%' and
 * 0x7f are written as %XX. There is one way to write a configuration: what is
 * parsed and written again is the same text.
 */
#define BOOTCONF_MAX ((size_t)64 * 1024)
#define BOOTCONF_PATH_MAX 1024 /* bytes of a directory */
#define BOOTCONF_VOLUMES_MAX 18 /* 16 of a Machinefile, two of ours */
#define BOOTCONF_BINDS_MAX 128
#define BOOTCONF_PORTS_MAX 30
#define BOOTCONF_DELAY_MAX 60000

/* A disk with one ext4 file system: vdb to vdz, mounted at this directory. */
struct bootconf_volume {
	char *device;
	char *at; /* absolute, without "//", "." and "..", not "/" */
};

/* at, seen at target. Both belong to the guest's user. */
struct bootconf_bind {
	char *volume; /* the `at` of a volume */
	char *subdir; /* relative, without "//", "." and ".." */
	/* As at, or "~/" and a path in the user's home; all are different. */
	char *target;
};

struct bootconf {
	struct bootconf_volume *volumes;
	size_t volumes_len;
	struct bootconf_bind *binds;
	size_t binds_len;
	unsigned ports; /* 0: the agent gets no ports */
	unsigned delay_ms;
};
#define BOOTCONF_INIT        \
	{                    \
		.ports = 0u, \
	}

void bootconf_release(struct bootconf *c);
CLEANUP_DEFINE(bootconf, struct bootconf, bootconf_release(p));

/* Append; the texts are copied. They are judged when it is written. */
void bootconf_add_volume(
    struct bootconf *c, const char *device, const char *at);
void bootconf_add_bind(struct bootconf *c, const char *volume,
    const char *subdir, const char *target);

/* Append the text to *out; -1 if a value is not one that can be parsed. */
int bootconf_write(
    const struct bootconf *c, struct buf *out, struct err *e) must_check;

/*
 * Read text into *c, which the caller has set to BOOTCONF_INIT and releases in
 * any case. An error names the line.
 */
int bootconf_parse(
    const char *text, size_t len, struct bootconf *c, struct err *e) must_check;

#endif
