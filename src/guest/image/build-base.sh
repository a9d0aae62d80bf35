#!/bin/bash
# build-base.sh OUTDIR: build the Debian 13 base image from Debian's packages.
#
# Result: OUTDIR/debian-13.qcow2    one ext4 file system without partition table (root=/dev/vda)
#         OUTDIR/debian-13.vmlinuz  its kernel      } the host boots these directly: no boot loader, no EFI,
#         OUTDIR/debian-13.initrd   its initrd      } which are seconds under emulation
#         OUTDIR/debian-13.modules  the modules that machine-guest's init loads (boot-files.sh); with them it needs no initrd
#         OUTDIR/debian-13.vmlinux  the kernel unpacked (x86 only, ELF with a PVH entry): saves unpacking at each boot
# No root needed where the kernel allows user namespaces. Skips the work when OUTDIR is up to date.
#
# MACHINE_DEBIAN_MIRROR  archive to use (…/debian; then …/debian-security is used too). Default: the one the host's apt
#                        uses, else mmdebstrap's own default.
# MACHINE_CA=none        do not put the host's locally added CA certificates into the image. They go in because behind a
#                        gateway that ends TLS nothing in the guest could fetch anything otherwise.
# MACHINE_PACKAGES       further packages, separated by commas
set -euo pipefail
export LC_ALL=C PATH="$PATH:/usr/sbin:/sbin" # mke2fs is in sbin, which is not on a user's PATH
umask 022

self=$(realpath "$0")
here=${self%/*}

suite=trixie
name=debian-13
size=2G # virtual; the guest grows its file system to the size of the VM's disk

die() {
	echo "machine: build base image: $1" >&2
	[ $# -lt 2 ] || printf '         %s\n' "${@:2}" >&2
	exit 1
}

# What Lima needs in a guest (systemd, sshd, sudo, iptables, rsync; lima-init stands in for cloud-init), and:
#   libnss-myhostname  else every sudo asks the DNS for the guest's own name, seconds each time
#   busybox-static     the initrd's
#   curl               the first thing provisioning wants; 24 s to install under emulation, nothing here
#   e2fsprogs          a new volume is made, and a damaged one repaired, in the guest
packages=(
	systemd-sysv dbus dbus-user-session udev libpam-systemd systemd-resolved kmod procps
	openssh-server sudo iproute2 rsync iptables tzdata
	ca-certificates libnss-myhostname busybox-static curl e2fsprogs
)
# Not the cloud flavour of the kernel: that one lacks 9p.
case $(dpkg --print-architecture 2>/dev/null) in
	amd64) packages+=(linux-image-amd64) ;;
	arm64) packages+=(linux-image-arm64) ;;
	*) die "no image for this architecture" "amd64 and arm64 are known; dpkg says: $(dpkg --print-architecture 2>&1 || :)" ;;
esac

# Never read in a VM: documentation, and drivers of hardware that no VM has.
exclude=('/usr/share/man/*' '/usr/share/doc/*' '/usr/share/locale/*')
for d in gpu media infiniband staging net/wireless net/ethernet net/can iio hwmon mtd 'scsi/*' usb bluetooth input/touchscreen; do
	exclude+=("/usr/lib/modules/*/kernel/drivers/$d/*")
done
for d in sound net/bluetooth net/wireless net/mac80211; do exclude+=("/usr/lib/modules/*/kernel/$d/*"); done

# --- the guest's configuration -------------------------------------------------------------------------------------

# Runs in the unpacked tree, as (fake) root, before the file system is made of it.
configure() {
	local d=$1 u

	# The initrd has mounted the root file system as it is to be; a line here would only have it remounted. It grows to the
	# disk's size behind everything else.
	: >"$d/etc/fstab"
	mkdir -p "$d/etc/systemd/system/multi-user.target.wants"
	ln -sf /usr/lib/systemd/system/systemd-growfs-root.service "$d/etc/systemd/system/multi-user.target.wants/"
	echo localhost >"$d/etc/hostname"
	ln -sf ../run/systemd/resolve/stub-resolv.conf "$d/etc/resolv.conf"
	# Identity is made at the first boot. "uninitialized" would mean systemd's first-boot mode, which presets all units.
	rm -f "$d"/etc/ssh/ssh_host_* "$d"/var/lib/dbus/machine-id
	: >"$d/etc/machine-id"

	# lima-init in place of cloud-init.
	install -D -m 755 "$here/lima-init" "$d/usr/lib/machine/lima-init"
	cat >"$d/etc/systemd/system/lima-init.service" <<-'U'
		[Unit]
		Description=Lima's user, key and mounts
		DefaultDependencies=no
		Before=ssh.service systemd-user-sessions.service shutdown.target
		Conflicts=shutdown.target
		[Service]
		Type=oneshot
		RemainAfterExit=yes
		ExecStart=/usr/lib/machine/lima-init user
		StandardOutput=journal+console
		[Install]
		WantedBy=sysinit.target
	U
	# Type=exec: boot.sh starts units itself and must not be a job that others wait for.
	cat >"$d/etc/systemd/system/lima-boot.service" <<-'U'
		[Unit]
		Description=Lima's boot scripts
		Wants=lima-init.service
		After=lima-init.service ssh.service systemd-logind.service systemd-resolved.service
		[Service]
		Type=exec
		RemainAfterExit=yes
		ExecStart=/usr/lib/machine/lima-init boot
		[Install]
		WantedBy=multi-user.target
	U
	mkdir -p "$d/etc/systemd/system/sysinit.target.wants" "$d/etc/systemd/system/multi-user.target.wants" "$d/etc/systemd/network"
	ln -sf ../lima-init.service "$d/etc/systemd/system/sysinit.target.wants/"
	ln -sf ../lima-boot.service "$d/etc/systemd/system/multi-user.target.wants/"
	# Physical interfaces only: docker's are not ours. By type, not by address: a copied VM gets another one.
	printf '[Match]\nType=ether\nKind=!*\n\n[Network]\nDHCP=ipv4\nLinkLocalAddressing=no\nKeepConfiguration=static\n\n[DHCPv4]\nClientIdentifier=mac\n' \
		>"$d/etc/systemd/network/80-machine.network"
	# At once instead of when udev comes to it: the power button, without which `limactl stop` waits for three minutes.
	printf '%s\n' button evdev >"$d/etc/modules-load.d/machine.conf"

	# Many commands share one connection (MaxSessions), and many may start at once (MaxStartups).
	cat >"$d/etc/ssh/sshd_config.d/10-machine.conf" <<-'C'
		UseDNS no
		MaxSessions 1000
		MaxStartups 100:30:200
		AcceptEnv MACHINE_*
		PrintMotd no
	C

	# sshd at once: behind lima-init, which makes the user, and not behind the network's service (lima-init sets the
	# address). No `sshd -t` before it: half of sshd's start, and it says nothing that sshd would not say.
	mkdir -p "$d/etc/tmpfiles.d"
	sed -e 's/^After=.*/DefaultDependencies=no\nAfter=lima-init.service dbus.socket\nConflicts=shutdown.target\nBefore=shutdown.target/' \
		-e 's/^\[Service\]/&\nTasksMax=infinity\nOOMPolicy=continue/' -e '/^ExecStartPre=/d' "$d/usr/lib/systemd/system/ssh.service" >"$d/etc/systemd/system/ssh.service"
	# A session of ssh is no session of logind: making one, and the wait for the user's service manager, are seconds under
	# emulation, and boot.sh may end logind's sessions in the middle of a command. The manager runs all the same (boot.sh
	# lets it linger), lima-init writes where it is (XDG_RUNTIME_DIR). Commands are therefore in sshd's cgroup, hence no
	# limit of tasks above, and one that runs out of memory does not take sshd with it.
	sed -i 's,^@include common-session$,session optional pam_umask.so\nsession required pam_unix.so\nsession optional pam_env.so envfile=/etc/default/machine-session,' \
		"$d/etc/pam.d/sshd"
	: >"$d/etc/default/machine-session"
	touch "$d/etc/default/locale" # pam_env complains in the journal at every login otherwise
	# Logins are open from the start: pam_nologin would close them for some seconds in the middle of the boot.
	ln -sf /dev/null "$d/etc/tmpfiles.d/systemd-nologin.conf"

	# What Lima's boot scripts would write at the first boot; being there already, they are left alone, which saves two
	# restarts of systemd-resolved, one of sshd and a run of sysctl. They recognize their lines in the user's files by the
	# words "# Lima BEGIN".
	echo 'AcceptEnv COLORTERM' >"$d/etc/ssh/sshd_config.d/10-acceptenv-colorterm.conf"
	for u in .profile .bashrc .zshrc; do
		# shellcheck disable=SC2016 # not ours
		printf '# Lima BEGIN\nPATH="$PATH:/usr/sbin:/sbin"\nexport PATH\n# Lima END\n' >>"$d/etc/skel/$u"
	done
	mkdir -p "$d/etc/systemd/resolved.conf.d" "$d/etc/systemd/system/user@.service.d" "$d/etc/sysctl.d"
	printf '[Resolve]\nMulticastDNS=yes\n\n' >"$d/etc/systemd/resolved.conf.d/00-lima-enable-mdns.conf"
	printf '[Service]\nDelegate=yes\n' >"$d/etc/systemd/system/user@.service.d/lima.conf"
	printf 'net.ipv4.ping_group_range = 0 2147483647\nnet.ipv4.ip_unprivileged_port_start=0\n' >"$d/etc/sysctl.d/99-lima.conf"

	# Units that a VM does not need, or that wait for what nobody waits for.
	for u in systemd-networkd systemd-resolved; do
		mkdir -p "$d/etc/systemd/system/multi-user.target.wants"
		ln -sf "/usr/lib/systemd/system/$u.service" "$d/etc/systemd/system/multi-user.target.wants/$u.service"
	done
	for u in systemd-networkd-wait-online.service apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer \
		e2scrub_reap.service fstrim.timer dpkg-db-backup.timer systemd-binfmt.service systemd-firstboot.service \
		systemd-pstore.service systemd-hwdb-update.service systemd-journal-catalog-update.service ldconfig.service \
		systemd-update-done.service systemd-sysusers.service systemd-tpm2-setup.service systemd-tpm2-setup-early.service \
		modprobe@drm.service modprobe@efi_pstore.service modprobe@configfs.service modprobe@fuse.service \
		dev-hugepages.mount dev-mqueue.mount sys-kernel-debug.mount sys-kernel-tracing.mount \
		console-getty.service getty@tty1.service; do
		ln -sf /dev/null "$d/etc/systemd/system/$u"
	done
	# What ignores SIGTERM holds up a stop this long, instead of 90 s. (Docker and the like set their own.)
	mkdir -p "$d/etc/systemd/system.conf.d"
	printf '[Manager]\nDefaultTimeoutStopSec=15s\n' >"$d/etc/systemd/system.conf.d/machine.conf"
	# Generators run one process each, at boot and at every daemon-reload. fstab's is the one that a VM needs.
	mkdir -p "$d/etc/systemd/system-generators"
	for u in "$d"/usr/lib/systemd/system-generators/*; do
		case ${u##*/} in
			systemd-fstab-generator | systemd-debug-generator | systemd-run-generator) ;;
			*) ln -sf /dev/null "$d/etc/systemd/system-generators/${u##*/}" ;;
		esac
	done
	# udev's first round: without some hundred devices that need no rule.
	mkdir -p "$d/etc/systemd/system/systemd-udev-trigger.service.d"
	cat >"$d/etc/systemd/system/systemd-udev-trigger.service.d/machine.conf" <<-'U'
		[Service]
		ExecStart=
		ExecStart=-udevadm trigger --type=all --action=add --prioritized-subsystem=module,block,net,virtio --subsystem-nomatch=tty --subsystem-nomatch=vc --subsystem-nomatch=mem --subsystem-nomatch=memory --subsystem-nomatch=cpu --subsystem-nomatch=workqueue --subsystem-nomatch=bdi --subsystem-nomatch=clocksource --subsystem-nomatch=clockevents --subsystem-nomatch=event_source
	U

	rm -rf "$d"/var/cache/apt/*.bin "$d"/var/lib/apt/lists/* "$d"/var/log/* "$d"/boot/initrd.img-*
	mkdir -p "$d/var/log/journal"
}

# --- unpack_kernel VMLINUZ OUT --------------------------------------------------------------------------------------
# The ELF kernel inside a bzImage. QEMU enters it through PVH at once; the bzImage would unpack itself, slow if emulated.
unpack_kernel() {
	local magic tool at
	for magic in '\x28\xb5\x2f\xfd zstd' '\xfd7zXZ\x00 xz' '\x1f\x8b\x08 gzip'; do
		tool=${magic#* } magic=${magic% *}
		command -v "$tool" >/dev/null || continue
		while IFS=: read -r at _; do
			# What follows the compressed kernel is an error to the program, but it has written it all by then.
			tail -c +$((at + 1)) "$1" | "$tool" -dc >"$2" 2>/dev/null || :
			[ "$(head -c 4 "$2" | tail -c 3)" != ELF ] || return 0
		done < <(grep -aobP -m 4 "$magic" "$1")
	done
	rm -f "$2"
	return 1
}

# --- second half, under fakeroot or root: rootfs.tar -> disk ----------------------------------------------------------
if [ "${1-}" = --disk ]; then
	tmp=$2
	mkdir "$tmp/root"
	tar -xpf "$tmp/rootfs.tar" -C "$tmp/root" --numeric-owner --exclude='./dev/*'
	rm "$tmp/rootfs.tar"
	cp "$tmp"/root/boot/vmlinuz-* "$tmp/vmlinuz"
	mv "$tmp/root/boot/machine-initrd" "$tmp/initrd"
	mv "$tmp/root/boot/machine-modules" "$tmp/modules"
	configure "$tmp/root"
	truncate -s "$size" "$tmp/disk.raw"
	# lazy_*: the tables are zero already in a fresh file. The journal small: the image is copied for every VM.
	mke2fs -q -F -t ext4 -L machine-root -m 0 -J size=32 -E lazy_itable_init=1,lazy_journal_init=1,root_owner=0:0 \
		-d "$tmp/root" "$tmp/disk.raw"
	rm -rf "$tmp/root"
	qemu-img convert -f raw -O qcow2 "$tmp/disk.raw" "$tmp/qcow2"
	rm "$tmp/disk.raw"
	exit 0
fi

# --- main -------------------------------------------------------------------------------------------------------------
[ $# -eq 1 ] || { echo "usage: build-base.sh OUTDIR" >&2; exit 2; }
mkdir -p -- "$1"
out=$(realpath "$1")
[ -w "$out" ] || die "$out is not writable"

for p in mmdebstrap:mmdebstrap qemu-img:qemu-utils mke2fs:e2fsprogs fakeroot:fakeroot; do
	command -v "${p%:*}" >/dev/null || die "${p%:*} is not installed" "apt-get install ${p#*:}, or run: tools/setup.sh engine"
done

# The host's own certificates, in the form in which Debian's update-ca-certificates takes them.
certs=()
if [ "${MACHINE_CA-}" != none ]; then
	for f in /usr/local/share/ca-certificates/*.crt; do [ ! -r "$f" ] || certs+=("$f"); done
fi

stamp=$out/.$name.stamp
digest=$({ cat "$self" "$here/lima-init" "$here/mkinitrd" "$here/boot-files.sh"; printf '%s\n' "${MACHINE_DEBIAN_MIRROR-}" "${MACHINE_PACKAGES-}"; [ ${#certs[@]} -eq 0 ] || cat "${certs[@]}"; } | sha256sum | cut -d' ' -f1)
if [ -f "$out/$name.qcow2" ] && [ -f "$out/$name.vmlinuz" ] && [ -f "$out/$name.initrd" ] && [ -f "$out/$name.modules" ] &&
	[ "$(cat "$stamp" 2>/dev/null)" = "$digest" ]; then
	exit 0
fi

# Sources: the given mirror, or the one the host uses itself (it is the one that is reachable), or mmdebstrap's default.
mirror=${MACHINE_DEBIAN_MIRROR-}
security=
if [ -n "$mirror" ]; then
	mirror=${mirror%/}
	case $mirror in */debian) security=$mirror-security ;; esac
elif command -v apt-get >/dev/null; then
	# shellcheck disable=SC2016 # apt's own variable
	sites=$(apt-get indextargets --format '$(SITE)' 2>/dev/null | sed 's,/$,,' | sort -u) || sites=
	mirror=$(grep -m1 '/debian$' <<<"$sites" || :)
	security=$(grep -m1 '/debian-security$' <<<"$sites" || :)
fi
sources=()
if [ -n "$mirror" ]; then
	sources+=("deb $mirror $suite main" "deb $mirror $suite-updates main")
	[ -z "$security" ] || sources+=("deb $security $suite-security main")
fi

# As root plainly; else in a user namespace, for which newuidmap and a line in /etc/subuid are needed.
if [ "$(id -u)" = 0 ]; then
	mode=root
	wrap=()
else
	mode=unshare
	wrap=(fakeroot)
	command -v newuidmap >/dev/null || die "newuidmap is not installed" "apt-get install uidmap, or run: tools/setup.sh engine"
	grep -qs "^\($(id -un)\|$(id -u)\):" /etc/subuid || die "user $(id -un) has no line in /etc/subuid" \
		"as root: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 $(id -un)"
	unshare --user true 2>/dev/null || die "this kernel does not let users make namespaces" \
		"run this script as root, or allow it (sysctl kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns)"
fi

# In OUTDIR, so that the renames at the end are renames. About 2.5 GB for a short time, 1 MB of it sparse.
tmp=$(mktemp -d "$out/.build.XXXXXX")
chmod 755 "$tmp"
trap 'rm -rf -- "$tmp"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

options=(--variant=minbase "--mode=$mode" --format=tar --quiet
	--aptopt='Acquire::Languages "none"' --aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Retries "3"')
for p in "${exclude[@]}"; do options+=("--dpkgopt=path-exclude=$p"); done
options+=(--dpkgopt='path-include=/usr/share/doc/*/copyright' --dpkgopt='path-include=/usr/share/locale/locale.alias')
include=$(IFS=,; echo "${packages[*]}")${MACHINE_PACKAGES:+,$MACHINE_PACKAGES}
options+=("--include=$include")
# The initrd is our own (mkinitrd). The one of initramfs-tools, on which the kernel package insists, is made small so that
# making it is quick; this has to be written before the kernel is installed.
# shellcheck disable=SC2016 # $1 is the hook's
options+=(--essential-hook='mkdir -p "$1/etc/initramfs-tools/conf.d"
	printf "MODULES=list\nBUSYBOX=n\nKEYMAP=n\nCOMPRESS=zstd\nCOMPRESSLEVEL=1\n" >"$1/etc/initramfs-tools/conf.d/machine.conf"'
	--customize-hook="upload $(printf %q "$here/mkinitrd") /tmp/mkinitrd"
	--customize-hook='chroot "$1" sh /tmp/mkinitrd /boot/machine-initrd && rm "$1/tmp/mkinitrd"'
	--customize-hook="upload $(printf %q "$here/boot-files.sh") /tmp/boot-files.sh"
	--customize-hook='chroot "$1" sh /tmp/boot-files.sh modules "$(ls "$1/usr/lib/modules")" >"$1/boot/machine-modules" && rm "$1/tmp/boot-files.sh"')
if [ ${#certs[@]} -gt 0 ]; then
	# shellcheck disable=SC2016
	options+=("--customize-hook=copy-in $(printf '%q ' "${certs[@]}") /usr/local/share/ca-certificates"
		--customize-hook='chroot "$1" update-ca-certificates >/dev/null 2>&1')
fi
# The host keeps booting the kernel saved beside the image; an upgrade in the guest would only cost minutes and disk.
# shellcheck disable=SC2016
options+=(--customize-hook='k=$(echo "$1"/boot/vmlinuz-*); chroot "$1" apt-mark hold "linux-image-${k##*/vmlinuz-}" "linux-image-${k##*-}" >/dev/null')

echo "machine: building the Debian 13 base image (about a minute)" >&2
# stdin: mmdebstrap reads further sources from there if it is not a terminal and none are given.
mmdebstrap "${options[@]}" "$suite" "$tmp/rootfs.tar" "${sources[@]}" </dev/null >"$tmp/log" 2>&1 || {
	tail -n 20 "$tmp/log" >&2
	die "mmdebstrap failed" "its last words are above; mirror: ${mirror:-mmdebstrap\'s default} (MACHINE_DEBIAN_MIRROR chooses another)"
}
"${wrap[@]}" bash "$self" --disk "$tmp" || die "making the disk failed"
rm -f "$out/$name.vmlinux"
case $(uname -m) in
	x86_64) unpack_kernel "$tmp/vmlinuz" "$tmp/vmlinux" || echo "machine: build base image: no ELF kernel found, going without" >&2 ;;
esac

# The stamp goes first and comes last: what is there without it is not believed.
rm -f "$stamp"
for f in qcow2 vmlinuz initrd modules vmlinux; do
	[ ! -f "$tmp/$f" ] || mv -f "$tmp/$f" "$out/$name.$f"
done
chmod 644 "$out/$name".*
echo "$digest" >"$stamp"
