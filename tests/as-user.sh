#!/bin/sh
# as-user.sh CMD [ARG…]: run CMD as a user whom limactl accepts. limactl refuses root.
# as-user.sh --home: print that user's home (a place the user can write; the checkout may not be).
# as-user.sh --name: print that user's name.
#
# Not root: CMD is run as it is. Root: as the user machine-test, made at the first use, with nothing of root's
# environment but PATH, TERM and the variables named in AS_USER_KEEP (a list of names separated by blanks).
# The user is in no group of its own choice, kvm in particular: where /dev/kvm exists and cannot be opened Lima fails
# in the way a user would see it, and where it must work the user's administrator says so.
set -eu

user=machine-test
usage() { echo "usage: as-user.sh --home | --name | CMD [ARG...]" >&2; exit 2; }
[ $# -gt 0 ] || usage

if [ "$(id -u)" -ne 0 ]; then
	case $1 in
		--home) printf '%s\n' "${HOME:?}" ;;
		--name) id -un ;;
		-*) usage ;;
		*) exec "$@" ;;
	esac
	exit
fi

[ "${AS_USER_QUIET-}" ] || case $1 in
	-*) ;;
	*) echo "machine: running as root: limactl refuses root, using the user $user" >&2 ;;
esac
if ! id "$user" >/dev/null 2>&1; then
	useradd -m -s /bin/sh -c 'tests of machine' "$user"
fi
# unshare mode of mmdebstrap maps a range of ids. useradd writes the lines, but not on every system, and not for a user
# that is there already.
for kind in u g; do
	grep -q "^$user:" "/etc/sub${kind}id" 2>/dev/null && continue
	# after the last range in use
	first=$(awk -F: 'BEGIN { m = 100000 } $2 + $3 > m { m = $2 + $3 } END { print m }' "/etc/sub${kind}id" 2>/dev/null || echo 100000)
	usermod "--add-sub${kind}ids" "$first-$((first + 65535))" "$user"
done
home=$(getent passwd "$user" | cut -d: -f6)

case $1 in
	--home) printf '%s\n' "$home"; exit ;;
	--name) printf '%s\n' "$user"; exit ;;
	-*) usage ;;
esac

# The kept variables go in front of the command, as words: their values may hold anything.
for v in TERM ${AS_USER_KEEP-}; do
	case $v in '' | [!A-Za-z_]* | *[!A-Za-z0-9_]*) echo "as-user.sh: AS_USER_KEEP: not a name: $v" >&2; exit 2 ;; esac
	eval "set -- \${$v+\"$v=\$$v\"} \"\$@\""
done
# PATH is root's, so that what root's shell finds (a Go in /usr/local, say) is found; its own directories come last.
exec setpriv --reuid "$user" --regid "$(id -g "$user")" --init-groups -- \
	env -i HOME="$home" USER="$user" LOGNAME="$user" SHELL=/bin/sh LANG=C.UTF-8 \
	PATH="${PATH:-/usr/local/bin:/usr/bin:/bin}:/usr/sbin:/sbin" AS_USER_QUIET=1 "$@"
