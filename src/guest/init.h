#ifndef GUEST_INIT_H
#define GUEST_INIT_H

#include <sys/types.h>

#include "base/err.h"
#include "guest/cidata.h"
#include "wire/bootconf.h"

/*
 * `machine-guest init`: the first half of PID 1. It finds the root file
 * system, does what Lima's cidata asks for, starts sshd and the agent, and then
 * becomes systemd. It starts no program on the way that it can do without:
 * under emulation each is 50 ms.
 *
 * init.c has the order; the other files have one of its steps each. A step that
 * fails says so with problem() and the boot goes on; what cannot be gone on
 * without gives up (report.h).
 */
#define GUEST_DIR "/run/machine"
#define GUEST_PROGRAM GUEST_DIR "/machine-guest"
#define CIDATA_DIR "/mnt/lima-cidata" /* Lima's own checks read files there */

/* Whom the guest is for; from /etc/passwd once the user is in it. */
struct account {
	char name[40];
	uid_t uid;
	gid_t gid;
	char home[1024];
};

/*
 * modules.c. Lists in the initrd: /order is needed for the root file system,
 * /order2 for the rest, /order3 for nothing that anybody waits for.
 */
void modules_load(const char *path);
/* To be loaded after the switch of the root; list is a number for below. */
void modules_open(const char *path, unsigned list);
void modules_load_opened(unsigned list);

/* root.c */
void root_switch(const char *cmdline);

/* lima.c: mount and read the cidata. -1 if there is none. */
int lima_read(struct cidata *lima);

/* identity.c: host name, hosts, environment, time zone, sysctls. */
void identity_apply(const struct cidata *lima);
/* "I am ready", in the files that Lima's host agent looks at. */
void identity_ready(const struct cidata *lima);

/* account.c: make the user if there is none of this name; keys, sudo. */
int account_apply(const struct cidata *lima, struct account *who);

/* network.c */
void network_up(const struct cidata *lima);

/* places.c: mounts, volumes and binds, parents before what is below them. */
void places_mount(const struct cidata *lima, const struct bootconf *conf,
    const struct account *who);

/* volume.c: mount a volume's disk on the directory that fd is. */
int volume_mount(const struct bootconf_volume *v, const struct account *who,
    int fd, struct err *e) must_check;

/* growth.c: let ext4 fill its disk, behind everything else. */
void growth_start(const struct bootconf *conf, unsigned delay_ms);

/* sshd.c */
void sshd_start(void);
void sshd_wait(void); /* until it listens, or is not going to */

/* agent.c of init: the copy in /run and its start */
void agent_copy(int program);
void agent_start(const struct bootconf *conf, const struct account *who);

/* power.c: react to the power button until logind does. */
void power_watch(void);

/* handover.c: units for systemd, and systemd itself. */
void handover_prepare(const struct cidata *lima);
void handover_check(void); /* gives up if the image has no systemd */
_Noreturn void handover(void);

#endif
