#include "guest/init.h"

#include <sys/ioctl.h>
#include <sys/socket.h>

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <net/route.h>

#include "guest/file.h"
#include "guest/report.h"

/* The address's bytes of a sockaddr that the kernel wants to be IPv4. */
static void
set_address(struct sockaddr *to, const char *text)
{
	struct sockaddr_in in = { .sin_family = AF_INET };

	(void)inet_pton(AF_INET, text, &in.sin_addr);
	memcpy(to, &in, sizeof(in));
}

static void
interface_up(int s, const char *name)
{
	struct ifreq r = { .ifr_flags = 0 };

	memcpy(r.ifr_name, name, strlen(name) + 1);
	if (ioctl(s, SIOCGIFFLAGS, &r) == 0) {
		r.ifr_flags = (short)(r.ifr_flags | IFF_UP);
		if (ioctl(s, SIOCSIFFLAGS, &r) == 0)
			return;
	}
	problem("network %s: %s", name, strerror(errno));
}

/* The first network card: Lima's own comes before those of `networks`. */
static bool
find_card(char name[IFNAMSIZ])
{
	DIR *dir = opendir("/sys/class/net");
	const struct dirent *entry;

	name[0] = '\0';
	while (dir && (entry = readdir(dir))) {
		size_t len = strlen(entry->d_name);

		if (entry->d_name[0] == 'e' && len < IFNAMSIZ &&
		    (!name[0] || strcmp(entry->d_name, name) < 0))
			memcpy(name, entry->d_name, len + 1);
	}
	if (dir)
		(void)closedir(dir);
	return name[0];
}

/* IPv6 of QEMU's user network leads nowhere on most hosts. */
static void
no_advertisements(const char *name)
{
	struct err e = ERR_INIT;
	char path[80];

	(void)snprintf(
	    path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/accept_ra", name);
	(void)!file_write(path, "0\n", 0644, &e);
}

static int
set_static(int s, const char *name, const struct cidata *lima, struct err *e)
{
	struct ifreq r = { .ifr_flags = 0 };
	struct rtentry route = { .rt_flags = RTF_UP | RTF_GATEWAY };

	memcpy(r.ifr_name, name, strlen(name) + 1);
	set_address(&r.ifr_addr, lima->address);
	if (ioctl(s, SIOCSIFADDR, &r))
		return err_sys(e, "address %s", lima->address);
	set_address(&r.ifr_addr, "255.255.255.0");
	if (ioctl(s, SIOCSIFNETMASK, &r))
		return err_sys(e, "netmask");
	no_advertisements(name);
	interface_up(s, name);
	set_address(&route.rt_dst, "0.0.0.0");
	set_address(&route.rt_genmask, "0.0.0.0");
	set_address(&route.rt_gateway, lima->gateway);
	if (ioctl(s, SIOCADDRT, &route) && errno != EEXIST)
		return err_sys(e, "gateway %s", lima->gateway);
	return 0;
}

/* Tell systemd-networkd to leave it as it is. */
static void
keep_static(const char *name, const struct cidata *lima)
{
	cleanup(buf) struct buf mac = BUF_INIT;
	cleanup(buf) struct buf unit = BUF_INIT;
	struct err e = ERR_INIT;
	char path[64];

	(void)snprintf(path, sizeof(path), "/sys/class/net/%s/address", name);
	if (file_read(AT_FDCWD, path, 64, &mac, &e) ||
	    file_make_dirs("/run/systemd/network", &e)) {
		problem("%s", e.msg);
		return;
	}
	/* By address: udev may give it another name. */
	buf_addf(&unit,
	    "[Match]\nMACAddress=%.*s\nType=ether\n\n"
	    "[Network]\nAddress=%s/24\nGateway=%s\nDNS=%s\n"
	    "KeepConfiguration=yes\nIPv6AcceptRA=no\nLinkLocalAddressing=no\n",
	    (int)strcspn(mac.s, "\n"), mac.s, lima->address, lima->gateway,
	    *lima->dns ? lima->dns : lima->gateway);
	file_put("/run/systemd/network/00-machine.network", unit.s, 0644);
}

/* For an image whose own configuration would be written by cloud-init. */
static void
use_dhcp(void)
{
	struct err e = ERR_INIT;

	if (file_make_dirs("/run/systemd/network", &e)) {
		problem("%s", e.msg);
		return;
	}
	file_put("/run/systemd/network/99-machine.network",
	    "[Match]\nType=ether\nKind=!*\n\n"
	    "[Network]\nDHCP=ipv4\nLinkLocalAddressing=no\n\n"
	    "[DHCPv4]\nClientIdentifier=mac\n",
	    0644);
}

void
network_up(const struct cidata *lima)
{
	cleanup(fd) int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct err e = ERR_INIT;
	char name[IFNAMSIZ];

	interface_up(s, "lo");
	if (!*lima->vm_type)
		return;
	/*
	 * QEMU's user network gives everybody the same address; under vz it
	 * comes by DHCP.
	 */
	if (strcmp(lima->vm_type, "qemu") != 0 || !*lima->address ||
	    !*lima->gateway) {
		use_dhcp();
		return;
	}
	if (!find_card(name)) {
		problem("there is no network card");
		return;
	}
	if (set_static(s, name, lima, &e))
		problem("network %s: %s", name, e.msg);
	else
		keep_static(name, lima);
}
