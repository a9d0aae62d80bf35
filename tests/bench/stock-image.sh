#!/bin/bash
# stock-image.sh OUTDIR: a Debian 13 image as Lima expects one, with cloud-init and the distribution's initramfs: what the
# numbers of bench-boot are compared with. (Lima's own cloud images have a boot loader and snapd's friends besides; they
# are slower still.) Writes OUTDIR/stock.{qcow2,vmlinuz,initrd}; does nothing when they are there.
set -euo pipefail
export LC_ALL=C PATH="$PATH:/usr/sbin:/sbin"

if [ "${1-}" = --disk ]; then # under (fake) root: the file system
	out=$2
	d=$out/rootfs
	mkdir "$d"
	tar -xpf "$out/rootfs.tar" -C "$d" --numeric-owner --exclude='./dev/*'
	cp "$d"/boot/vmlinuz-* "$out/stock.vmlinuz"
	cp "$d"/boot/initrd.img-* "$out/stock.initrd"
	rm -f "$d"/boot/initrd.img-* "$d"/etc/ssh/ssh_host_* "$d"/var/lib/dbus/machine-id
	: >"$d/etc/machine-id"
	echo '/dev/vda / ext4 noatime 0 0' >"$d/etc/fstab"
	echo localhost >"$d/etc/hostname"
	ln -sf ../run/systemd/resolve/stub-resolv.conf "$d/etc/resolv.conf"
	echo 'datasource_list: [ NoCloud, None ]' >"$d/etc/cloud/cloud.cfg.d/99_bench.cfg"
	for u in systemd-networkd systemd-resolved; do
		ln -sf "/usr/lib/systemd/system/$u.service" "$d/etc/systemd/system/multi-user.target.wants/"
	done
	truncate -s 4G "$out/raw"
	mke2fs -q -F -t ext4 -m 0 -E lazy_itable_init=1,lazy_journal_init=1,root_owner=0:0 -d "$d" "$out/raw"
	exit
fi

out=$1
mkdir -p "$out"
out=$(realpath "$out")
if [ -f "$out/stock.qcow2" ]; then exit 0; fi
tmp=$(mktemp -d "$out/.stock.XXXXXX")
chmod 755 "$tmp"
trap 'rm -rf "$tmp"' EXIT
packages=systemd-sysv,dbus,dbus-user-session,udev,libpam-systemd,systemd-resolved,kmod,procps,linux-image-amd64,cloud-init
packages+=,openssh-server,sudo,iproute2,netplan.io,rsync,iptables,ca-certificates,libnss-myhostname,curl
mirror=$(apt-get indextargets --format '$(SITE)' | sed 's,/$,,' | grep -m1 '/debian$')
mode=unshare wrap=fakeroot
if [ "$(id -u)" = 0 ]; then mode=root wrap=; fi
mmdebstrap --variant=minbase --mode=$mode --format=tar --quiet --include="$packages" \
	--aptopt='APT::Install-Recommends "false"' --dpkgopt='path-exclude=/usr/share/man/*' \
	--dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
	trixie "$tmp/rootfs.tar" "deb $mirror trixie main" </dev/null >&2
$wrap bash "$(realpath "$0")" --disk "$tmp"
qemu-img convert -f raw -O qcow2 "$tmp/raw" "$tmp/stock.qcow2"
mv "$tmp/stock.vmlinuz" "$tmp/stock.initrd" "$tmp/stock.qcow2" "$out/"
