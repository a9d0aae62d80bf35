#include "guest/init.h"

#include <sys/stat.h>

#include <errno.h>

#include "guest/file.h"
#include "guest/report.h"

#define UNITS "/run/systemd/system/"
/* There while init.c has done the work of the units below. */
#define DONE GUEST_DIR "/booted"

static const char *const systemds[] = { "/usr/lib/systemd/systemd",
	"/lib/systemd/systemd", NULL };

/* What has been done already, in the names that distributions have for it. */
static const char *const done[] = { "ssh.service", "ssh.socket", "sshd.service",
	"sshd.socket", "sshd-keygen.service", "lima-init.service",
	"lima-boot.service", "lima-guestagent.service",
	"systemd-growfs-root.service" };

static const char *
find_systemd(void)
{
	for (size_t i = 0; systemds[i]; i++)
		if (access(systemds[i], X_OK) == 0)
			return systemds[i];
	return NULL;
}

static void
unit_dir(const char *path)
{
	struct err e = ERR_INIT;

	if (file_make_dirs(path, &e))
		problem("%s", e.msg);
}

/*
 * A condition, not a mask: the unit files may be in /etc, which goes first. So
 * would a file there that has the name of ours.
 */
static void
skip(const char *unit)
{
	cleanup(buf) struct buf path = BUF_INIT;

	buf_addf(&path, UNITS "%s.d", unit);
	unit_dir(path.s);
	buf_adds(&path, "/99-machine-init.conf");
	file_put(path.s, "[Unit]\nConditionPathExists=!" DONE "\n", 0644);
}

static void
want(const char *name, const char *text)
{
	cleanup(buf) struct buf path = BUF_INIT;
	cleanup(buf) struct buf link = BUF_INIT;

	buf_addf(&path, UNITS "%s", name);
	file_put(path.s, text, 0644);
	buf_addf(&link, UNITS "multi-user.target.wants/%s", name);
	if (symlink(path.s, link.s))
		problem("%s: %s", link.s, strerror(errno));
}

/* From the cidata itself: nothing is installed, and it is Lima's version. */
static void
lima_guest_agent(const struct cidata *lima)
{
	cleanup(buf) struct buf unit = BUF_INIT;

	if (access(CIDATA_DIR "/lima-guestagent", F_OK))
		return;
	buf_adds(&unit,
	    "[Unit]\nDescription=Lima's guest agent\n[Service]\nExecStart=" CIDATA_DIR
	    "/lima-guestagent daemon");
	if (lima->vsock_port)
		buf_addf(&unit, " --vsock-port %u", lima->vsock_port);
	else if (*lima->virtio_port)
		buf_addf(&unit, " --virtio-port %s", lima->virtio_port);
	else
		buf_addf(&unit, " --socket-owner %u", lima->uid);
	buf_adds(&unit,
	    " --runtime-dir=/run/lima-guestagent\nRestart=on-failure\n"
	    "OOMPolicy=continue\nOOMScoreAdjust=-500\n");
	want("machine-lima-guestagent.service", unit.s);
}

/* cloud-init, which is off, would have netplan start it. */
static void
want_networkd(void)
{
	static const char unit[] =
	    "/usr/lib/systemd/system/systemd-networkd.service";

	if (access("/usr/lib/systemd/system/NetworkManager.service", F_OK) &&
	    access(unit, F_OK) == 0)
		(void)!symlink(unit,
		    UNITS "multi-user.target.wants/systemd-networkd.service");
}

void
handover_prepare(const struct cidata *lima)
{
	unit_dir(UNITS "multi-user.target.wants");
	for (size_t i = 0; i < ARRAY_LEN(done); i++)
		skip(done[i]);
	lima_guest_agent(lima);
	want_networkd();
	/*
	 * What containers want and only root may load; behind everything, and
	 * those that the image does not have are no failure.
	 */
	want("machine-modules.service",
	    "[Unit]\nDescription=Kernel modules for containers\n"
	    "After=multi-user.target\n[Service]\nType=exec\nNice=19\n"
	    "ExecStart=-modprobe -abq fuse tun tap bridge veth ip_tables "
	    "ip6_tables iptable_nat ip6table_nat iptable_filter "
	    "ip6table_filter nf_tables x_tables xt_MASQUERADE xt_addrtype "
	    "xt_comment xt_conntrack xt_mark xt_multiport xt_nat xt_tcpudp "
	    "overlay\n");
	/* Logins are open: nologin would close them in the middle of the boot.
	 */
	unit_dir("/run/tmpfiles.d");
	(void)!symlink("/dev/null", "/run/tmpfiles.d/systemd-nologin.conf");
	/* As Lima's boot scripts do: rootless containers set limits. */
	unit_dir(UNITS "user@.service.d");
	file_put(UNITS "user@.service.d/99-machine-init.conf",
	    "[Service]\nDelegate=yes\n", 0644);
	(void)mkdir("/run/host-services", 0700);
	file_put(DONE, "", 0644);
}

void
handover_check(void)
{
	if (!find_systemd())
		give_up("it has no systemd");
}

_Noreturn void
handover(void)
{
	const char *program = find_systemd();
	char *const argv[] = { xstrdup(program ? program : ""), NULL };

	say("systemd");
	(void)execv(argv[0], argv);
	give_up("cannot start %s: %s", argv[0], strerror(errno));
}
