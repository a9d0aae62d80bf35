#!/bin/sh
# A guest that our own init cannot boot says so, and then its image boots by
# itself from there on. That is the guest's word: it must not do this to an image
# that others use, too. Against the fake limactl, whose guests have no init: one
# that is booted directly never greets.
. tests/fake/world.sh

layers=$MACHINE_HOME/data/layers
gives_up='machine: cannot boot this image directly: '
cp "$BUILD/machine-guest" "$tmp/"
base() { for d in "$layers"/b-*; do [ -d "$d" ] && echo "$d/record.json"; done; }
# As the fake gives no kernel: what the record of an image with one looks like.
make_direct() {
	m -q stop
	python3 - "$(base)" <<-'E'
	import json, sys
	r = json.load(open(sys.argv[1]))
	r.pop('why', None)
	r['cmdline'] = 'root=/dev/vda rw console=ttyS0'
	json.dump(r, open(sys.argv[1], 'w'))
	E
	for f in kernel modules.cpio; do
		printf '070701%0114d' 0 >"$(dirname "$(base)")/$f"
	done
	rm -f "$fake/calls"
}
directly() { grep -q '"cmdline"' "$(base)"; }
tries() { is "$(calls start)" "$1"; }
left() { ls "$lima" "$layers" | grep -e '^b-[0-9a-f]\{16\}$' -e '\.new$'; }

: >Machinefile && allow
run m -q start
ok 'there is an image' is "$status" 0

make_direct
printf '[0.1] x\r\n%sit has \033[2Jno systemd\r\n' "$gives_up" >"$fake/serial"
run soon -q start
ok 'a guest gives up: the VM starts all the same' is "$status" 0
ok 'at the second attempt' tries 2
ok 'from now on the image boots by itself' not directly
ok 'and the list says why' grep -qxF '  boots by itself, which takes longer: it has \x1b[2Jno systemd' "$(m image list >"$tmp/l"; echo "$tmp/l")"
m -q stop && rm "$fake/calls"
run m -q start
ok 'at once' tries 1

make_direct
echo "[0.2] machine: private directory $gives_up: no" >"$fake/serial"
run soon -q start
ok 'a line that quotes it is another failure' is "$status $(grep -c '; the end of engine.log:$' "$tmp/err")" '1 1'
ok 'once' tries 1
ok 'and the image stays as it is' directly
echo "$gives_up" >"$fake/serial"
run soon -q start
ok 'it may give no reason' is "$status" 0

# --- on a disk that is full ------------------------------------------------------------
# For this one command: the file system says so itself, as an ordinary user can mount none.
cat >"$tmp/full.c" <<'EOT'
#include <sys/statvfs.h>
int
statvfs(const char *path, struct statvfs *st)
{
	(void)path;
	*st = (struct statvfs){ .f_frsize = 1 << 20, .f_bavail = 3 };
	return 0;
}
EOT
${CC:-cc} -shared -fPIC -o "$tmp/full.so" "$tmp/full.c"
full() { PATH=$bin:$tools LD_PRELOAD=$tmp/full.so "$machine" -q start; }
m -q stop
echo fails >"$fake/fault.start.once"
run full
ok 'a VM that does not start on a full disk: that comes first' is "$status $(sed -n '1s/ [0-9] MiB/ N MiB/p' "$tmp/err" | sed 's/: the VM did not start:.*//')" \
    "1 machine: $MACHINE_HOME/data has only N MiB left: make room, or type: machine image prune; without, a VM stands still"

# --- while an image is made ---------------------------------------------------------
make_direct
echo 'packages: [git]' | machinefile
echo "${gives_up}no" >"$fake/serial"
run soon -q start
ok 'it gives up while packages are to be installed: the VM starts' is "$status" 0
ok 'after one more attempt' tries 3
ok 'the image boots by itself' not directly
ok 'and nothing is left of the first' is "$(left)" ''

# --- the word of a project's own disk -------------------------------------------------
echo 'provision: [{run: "true"}]' | machinefile
run m -q start
ok 'steps have run' is "$status" 0
make_direct
echo "${gives_up}so say the steps" >"$fake/serial"
run soon -q start
ok 'steps that cannot be booted are an error' ends 1 'machine: the VM did not start: so say the steps: to run the steps anew, type: machine rebuild'
ok 'once' tries 1
ok 'and no reason to boot the image of everybody in another way' directly
plan
