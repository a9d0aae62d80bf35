#!/bin/sh
# What was withdrawn, interrupted or changed under our hands never takes effect,
# and the record never speaks for a VM that it was not written about. Against
# the fake limactl (tests/fake). Each of these once went wrong.
. tests/fake/world.sh

vm_is() { is "$(m status | sed -n 's/^vm *//p')" "$1"; }
fresh() { m -q destroy --yes; rm -rf "$fake" "$project"/*; mkdir "$fake"; }
log() { cat "$project/log" 2>/dev/null; }
cd "$project" || exit 1
: >Machinefile && allow
id=$(basename "$state"/projects/*)

# --- a configuration that Lima has, and the user has taken back -------------------------------
mkdir b
echo 'cpus: 1' | machinefile
m -q start
machinefile <<'E'
cpus: 1
mounts: [{from: b, to: /srv/b, mode: rw}]
E
echo garbage >"$fake/fault.list.once"
run m -q start
ok 'a configuration that cannot be read back starts nothing' is "$status" 1
echo 'cpus: 1' | machinefile
run m -q start
ok 'back to the first: it starts' is "$status" 0
ok 'and has no mount of the second' not grep -q /srv/b "$lima/m-$id/lima.yaml"
fresh

# --- a mount that the guest replaces at its shutdown -------------------------------------------
mkdir -p "$HOME/.ssh" data
mount_it() { printf 'cpus: %s\nmounts: [{from: data, to: /srv/data, mode: rw}]\n' "$1" | machinefile; }
mount_it 1
run m -q start
ok 'a directory of the project is mounted' is "$status" 0
rm "$bin/guest" && cp -R "$fakes/guest" "$bin/guest"
sed -i "2i rmdir $project/data; ln -s $HOME/.ssh $project/data" "$bin/guest/systemctl"
mount_it 2
run m -q start
ok 'the guest makes it a link to the keys: nothing starts' ends 1 \
    "machine: mounts: $project/data leads to $HOME/.ssh: write that, or take the link away"
ok 'the VM is off' vm_is stopped
rm -r "$bin/guest" data && ln -s "$fakes/guest" "$bin/guest"
fresh

# --- a disk that has gone, and its journal -----------------------------------------------------
machinefile <<E
provision: [{run: 'echo setup >>$project/log'}]
E
echo hold >"$fake/fault.qemu-img-convert" # where its disk becomes a layer
m -q start --background && await test -e "$fake/held.qemu-img-convert"
kill -9 "$(worker)"
rm "$fake/fault.qemu-img-convert" && await idle
ok 'a step has run' is "$(log)" setup
rm log && rm -rf "$(instance)" # a user who empties the directory
echo hold >"$fake/fault.qemu-img-create"
m -q start --background && await test -e "$fake/held.qemu-img-create"
kill -9 "$(worker)"
rm "$fake/fault.qemu-img-create" && await idle
run m -q start
ok 'after a death in the middle of its creation the VM is provisioned' is "$status $(log)" '0 setup'
fresh

# --- a decision while the worker works ----------------------------------------------------------
machinefile <<E
provision: [{run: 'echo ran >>$project/log'}]
E
echo hold >"$fake/fault.qemu-img-create"
m -q start --background && await test -e "$fake/held.qemu-img-create"
m -q deny && rm "$fake/fault.qemu-img-create" && await idle
ok 'what was denied meanwhile does not boot' vm_is stopped
ok 'nothing was asked to start' is "$(calls start)" 0
ok 'and none of its steps runs' is "$(log)" ''
fresh

# --- steps on a change ---------------------------------------------------------------------------
machinefile <<'E'
provision: [{run: 'exit 4', when: change, watch: [w]}]
E
run m -q start
ok 'one that fails at first' is "$status" 1
run m status
ok 'leaves a record that can be read' grep -q '^vm *failed' "$tmp/out"
fresh
machinefile <<'E'
provision: [{run: '! grep bad w', when: change, watch: [w]}]
E
echo good >w
m -q start
echo bad >w
run m -q start
ok 'one that fails later is a failure' is "$status" 1
ok 'also for status' vm_is failed
echo good >w
run m -q start
ok 'and is tried again' is "$status" 0
rm w && mkdir w
run m -q start
ok 'what cannot be watched is said' ends 1 \
    'machine: cannot watch w: w is a directory, not a regular file'
fresh

# --- one at a time, also after a death -----------------------------------------------------------
machinefile <<E
provision: [{run: 'echo begin >>$project/log; while [ -e $project/hold ]; do sleep 0.05; done; echo end >>$project/log'}]
E
: >hold
m -q start --background && await test -e log
kill -9 "$(worker)"
m -q start --background
rm hold
run m -q start
ok 'a step whose worker was killed ends before another begins' is \
    "$(log | tr '\n' ' ')" 'begin end begin end '
fresh

# --- a stop that cannot be told ------------------------------------------------------------------
: >Machinefile && allow && m -q start
chmod 755 "$state/projects"
run m destroy --yes
ok 'what cannot be looked at is not called removed' ends 1 \
    "machine: $state/projects is open to other users: type: chmod 700 $state/projects"
chmod 700 "$state/projects"
ok 'it is still there' vm_is running
echo '{' >"$state/projects/$id/record.json"
run m destroy --yes
ok 'a damaged record is no obstacle' ends 0 \
    "machine: the VM is removed; the project's files are untouched"
ok 'and nothing is left' is "$(instance)" ''

# --- its last words ------------------------------------------------------------------------------
m -q start
rm "$bin/guest" && cp -R "$fakes/guest" "$bin/guest"
sed -i "2i echo without end; echo without end >&2; : >$tmp/asked" "$bin/guest/systemctl"
run m -q stop
ok 'a guest prints something when it is to power off' is "$status $(ls "$tmp/asked")" "0 $tmp/asked"
ok 'that is not kept: it could go on for ever' not grep -rq 'without end' "$state/projects"

plan
