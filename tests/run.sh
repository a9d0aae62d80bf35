#!/bin/sh
# run.sh quick|all: the tests under prove, which prints the summary.
#
#	quick	unit tests, corpora of the fuzz targets, shell tests against a fake
#		limactl, hooks against stand-ins
#	all	those, the C code under sanitizers, and tests/e2e with the real
#		limactl and a real VM
set -eu
mode=$1
# Relative to the tree, which is copied when root runs this.
BUILD=${BUILD:-build}
BUILD=${BUILD#"$PWD"/}
export BUILD

if [ "$(id -u)" -eq 0 ]; then
	# The engine and its image are big, and for a real VM only.
	[ "$mode" = all ] || export IN_COPY_WITHOUT='build/lima build/image'
	exec tests/in-copy.sh check tests/run.sh "$mode"
fi

export BUILD="$PWD/$BUILD"
[ "$mode" = all ] || export MACHINE_TEST_QUICK=1

# shellcheck disable=SC2086 # PROVEFLAGS are words
prove ${PROVEFLAGS-} -j "$(getconf _NPROCESSORS_ONLN)" -e '' \
    "$BUILD"/test_* tests/shell/*.t \
    $(for t in tests/hooks/*.t; do
	    # takes minutes
	    case $mode:$t in quick:*/shapes.t | quick:*/fuzz.t) ;; *) echo "$t" ;; esac; done)
[ "$mode" = all ] || exit 0
# The C code once more, watched.
# shellcheck disable=SC2086
BUILD=$BUILD/sanitize prove ${PROVEFLAGS-} -j "$(getconf _NPROCESSORS_ONLN)" \
    -e '' "$BUILD"/sanitize/test_* tests/shell/corpus.t
# One at a time: each has a VM, which takes all of the processors.
# shellcheck disable=SC2086
prove ${PROVEFLAGS-} -v -e '' tests/e2e/*.t
