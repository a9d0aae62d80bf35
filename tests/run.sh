#!/bin/sh
# run.sh quick|all: the tests under prove, which prints the summary.
#
#	quick	unit tests, corpora of the fuzz targets, shell tests against a fake
#		limactl, hooks against stand-ins
#	all	those, and tests/e2e with the real limactl and a real VM
#
# limactl refuses root, and a test of permissions means nothing to root. So when
# root runs this, the tree is copied to the home of an ordinary user and the
# tests run there as that user.
set -eu
mode=$1
build=${BUILD:-build}

if [ "$(id -u)" -eq 0 ]; then
	copy=$(tests/as-user.sh --home)/check
	rm -rf "$copy"
	mkdir -p "$copy"
	# The engine and its image are big, and for a real VM only.
	[ "$mode" = all ] || without='--exclude=./build/lima --exclude=./build/image'
	tar -cf - --exclude=./.git --exclude=./build/corpus ${without-} . |
	    tar -xf - -C "$copy"
	chown -R "$(tests/as-user.sh --name):" "$copy"
	cd "$copy"
	AS_USER_KEEP="BUILD PROVEFLAGS MACHINE_TEST_QUICK" BUILD=$build \
	    exec tests/as-user.sh tests/run.sh "$mode"
fi

export BUILD="$PWD/${build#"$PWD/"}"
[ "$mode" = all ] || export MACHINE_TEST_QUICK=1

prove ${PROVEFLAGS-} -j "$(getconf _NPROCESSORS_ONLN)" -e '' \
    "$BUILD"/test_* tests/shell/*.t tests/hooks/*.t
# One at a time: each has a VM, which takes all of the processors.
[ "$mode" = quick ] || prove ${PROVEFLAGS-} -v -e '' tests/e2e/*.t
