#!/bin/sh
# boot-files.sh modules [KERNEL] | kernel | root: what the host needs to boot this image directly; run as root in the
# booted guest (modules also where the image is made, for the kernel that is named).
#
#   modules  on stdout a cpio archive ("newc") with the kernel modules that `machine-guest init` loads, and the lists
#            /order (for the root file system), /order2 (for the rest of a session), /order3 (nobody waits for these)
#   kernel   on stdout the kernel that is running, as the image has it (the host unpacks it if it can)
#   root     on stdout the value for root= on its command line
#
# Status 3: this image cannot be booted directly; the reason is on stderr. The host then uses its own boot loader.
#
# Needs only what any distribution has: sh, kmod or busybox's modprobe, cat, wc. No cpio: the archive's headers are text.
set -eu
export LC_ALL=C PATH="$PATH:/usr/sbin:/sbin"
kernel=${2-$(uname -r)}

cannot() { echo "machine: cannot boot this image directly: $*" >&2; exit 3; }

# --- modules ---------------------------------------------------------------------------------------------------------

# crc32c: ext4 asks for it by name at run time, no dependency says so. What is built in, or of another architecture, is
# not there and not missed.
# shellcheck disable=SC2034 # they are read by name
order="virtio_pci virtio_blk crc32c_generic crc32c_intel crc32c crc32c-cryptoapi ext4"
# shellcheck disable=SC2034
order2="virtio_scsi sr_mod isofs 9pnet_virtio 9p virtiofs virtio_console virtio_net"
# shellcheck disable=SC2034
order3="evdev button virtio_rng virtio_balloon"

# The files that a module needs, itself last. modprobe of busybox has no --show-depends but modules.dep is the same.
files_of() {
	name=$(printf '%s' "$1" | sed 's/[-_]/[-_]/g')
	line=$(grep -m 1 "/$name\.ko[.a-z0-9]*:" "$dir/modules.dep") || return 0
	self=${line%%:*} deps=${line#*:}
	# In modules.dep what is to be loaded first stands last.
	reversed=
	for d in $deps; do reversed="$d $reversed"; done
	# shellcheck disable=SC2086 # words
	printf '%s\n' $reversed "$self"
}

unpacked() { # FILE: its content, unpacked
	case $1 in
		*.ko) cat "$1" ;;
		*.xz) xz -dc "$1" 2>/dev/null || busybox xz -dc "$1" 2>/dev/null || python3 -c 'import lzma,sys
sys.stdout.buffer.write(lzma.open(sys.argv[1]).read())' "$1" ;;
		*.zst) zstd -dcq "$1" ;;
		*.gz) gzip -dc "$1" ;;
		*) return 1 ;;
	esac
}

size=0 # of the archive so far
count=0
zeros() { # N: so many NULs
	case $1 in 1) printf '\0' ;; 2) printf '\0\0' ;; 3) printf '\0\0\0' ;; esac
}
padded() { # the archive's size becomes a multiple of four
	zeros $(((4 - size % 4) % 4))
	size=$(((size + 3) / 4 * 4))
}
entry() { # NAME FILE MODE: one entry of the archive
	bytes=$(($(wc -c <"$2")))
	count=$((count + 1))
	printf '070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%s\0' \
		"$count" "$3" 0 0 1 0 "$bytes" 0 0 0 0 $((${#1} + 1)) 0 "$1"
	size=$((size + 110 + ${#1} + 1))
	padded
	cat "$2"
	size=$((size + bytes))
	padded
}

modules() {
	dir=/lib/modules/$kernel
	[ -r "$dir/modules.dep" ] || cannot "no modules of the kernel $kernel (was it upgraded? then boot it once more)"
	tmp=$(mktemp -d)
	trap 'rm -rf "$tmp"' EXIT
	: >"$tmp/empty"
	: >"$tmp/seen"
	entry lib "$tmp/empty" 16877 # a directory, 0755
	entry dev "$tmp/empty" 16877
	for list in order order2 order3; do
		: >"$tmp/$list"
		wanted=
		eval "wanted=\$$list"
		for m in $wanted; do
			files_of "$m"
		done >"$tmp/files"
		while read -r f; do
			! grep -qxF "$f" "$tmp/seen" || continue
			echo "$f" >>"$tmp/seen"
			base=${f##*/} base=${base%%.ko*}.ko
			unpacked "$dir/$f" >"$tmp/module" || cannot "cannot unpack $f (xz, zstd or python3 is needed)"
			[ -s "$tmp/module" ] || cannot "cannot unpack $f"
			entry "lib/$base" "$tmp/module" 33188 # a file, 0644
			echo "$base" >>"$tmp/$list"
		done <"$tmp/files"
		entry "$list" "$tmp/$list" 33188
	done
	entry 'TRAILER!!!' "$tmp/empty" 0
}

# --- kernel, root ----------------------------------------------------------------------------------------------------

kernel_file() {
	for f in "/boot/vmlinuz-$kernel" "/boot/vmlinux-$kernel" "/lib/modules/$kernel/vmlinuz" /boot/vmlinuz; do
		[ ! -r "$f" ] || { echo "$f"; return; }
	done
	cannot "no file of the running kernel $kernel in /boot"
}

# A disk without partitions has its name in every VM; a partition is found by what is in it.
root() {
	[ -x /usr/lib/systemd/systemd ] || [ -x /lib/systemd/systemd ] || cannot "it has no systemd"
	source='' type=''
	while read -r s at t _; do
		[ "$at" != / ] || { source=$s type=$t; }
	done </proc/mounts
	[ "$type" = ext4 ] || cannot "its root file system is $type, not ext4"
	if [ "$source" = /dev/root ]; then
		source=$(findmnt -no SOURCE / 2>/dev/null) || source=/dev/root
	fi
	case $source in
		/dev/vda) echo /dev/vda ;;
		/dev/*)
			uuid=$(blkid -s UUID -o value "$source" 2>/dev/null) || uuid=
			# busybox's blkid has no options
			[ -n "$uuid" ] || uuid=$(blkid "$source" | sed -n 's/.* UUID="\([^"]*\)".*/\1/p')
			[ -n "$uuid" ] || cannot "no UUID of $source"
			echo "UUID=$uuid"
			;;
		*) cannot "its root file system is on $source" ;;
	esac
}

case ${1-} in
	modules) modules ;;
	kernel) f=$(kernel_file) && cat "$f" ;;
	root) root ;;
	*) echo "usage: boot-files.sh modules|kernel|root" >&2; exit 2 ;;
esac
