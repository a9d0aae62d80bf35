#!/bin/sh
# in-copy.sh NAME COMMAND [ARG...]: run a command of this tree as an ordinary
# user. limactl refuses root, and a test of permissions means nothing to root.
#
# Not root: the command runs here, as it is. Root: the tree is copied to
# ~/NAME of the user that as-user.sh makes, since that user need not be able to
# read or write this one, and the command runs there as that user.
set -eu
name=$1
shift
[ "$(id -u)" -eq 0 ] || exec "$@"

home=$(tests/as-user.sh --home)
# One at a time: the copy and the VMs are at the same places each time. The lock
# is held until the command ends, which inherits it.
exec 9>"$home/.in-copy.lock"
flock -n 9 || { echo "machine: waiting for another run in $home" >&2; flock -w 3600 9; }
copy=$home/$name
rm -rf "$copy"
mkdir -p "$copy"
# IN_COPY_WITHOUT: what is big and not needed.
tar -cf - --exclude=./.git --exclude=./build/corpus \
    $(for x in ${IN_COPY_WITHOUT-}; do echo "--exclude=./$x"; done) . |
    tar -xf - -C "$copy"
chown -R "$(tests/as-user.sh --name):" "$copy"
cd "$copy"
export AS_USER_KEEP="BUILD PROVEFLAGS MACHINE_TEST_QUICK COLUMNS CASES ROUNDS SEED ${AS_USER_KEEP-}"
exec tests/as-user.sh "$@"
