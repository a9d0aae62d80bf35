#!/bin/sh
# The architecture: who may include, call and link what.
. tests/lib.sh

ok 'the layers are what CONTRIBUTING.md says' tests/layers.sh

# The test of the test: a violation of each kind is found.
mkdir -p "$tmp/tree/tests"
cp -r src "$tmp/tree/"
cp tests/layers.sh "$tmp/tree/tests/"
cd "$tmp/tree" || exit 1
finds() {
	echo "$2" >>"$1"
	! tests/layers.sh && sed -i.bak '$d' "$1" && rm -f "$1.bak"
}
ok 'an include upwards is found' finds src/base/buf.c '#include "core/plan.h"'
ok 'a library with two owners is found' finds src/host/lima.c '#include <yaml.h>'
ok 'core using base/fs is found' finds src/core/plan.c '#include "base/fs.h"'
ok 'an #ifdef of a system is found' finds src/host/vm.c '#ifdef __APPLE__'
ok 'a second writer of stderr is found' finds src/host/vm.c 'fputs("x", stderr);'
ok 'a second starter of processes is found' finds src/host/vm.c 'fork();'
ok 'and nothing is left' tests/layers.sh
plan
