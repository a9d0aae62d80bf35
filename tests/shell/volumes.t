#!/bin/sh
# Volumes: there as a whole or not at all, never lost but by a person's word,
# never in two VMs. Private directories: directories, and nowhere else. Against
# the fake limactl, which locks disks as Lima does, and a fake qemu-img.
. tests/fake/world.sh

vm_is() { is "$(m status | sed -n 's/^vm *//p')" "$1"; }
cd "$project" || exit 1
: >Machinefile && allow
id=$(basename "$state"/projects/*)
disks=$lima/_disks
disk() { echo "$disks/v-$id$1"; } # -NAME
# What the header says, in MiB.
size() { echo $((0x$(od -An -tx1 -j 24 -N 8 "$(disk "$1")/datadisk" | tr -d ' \n') / 1048576)); }
names() { m volume list "$@" | sed '1d; s/ .*//' | tr '\n' ' '; }
mode() { stat -c %a "$@" | sort -u | tr '\n' ' '; }
asked() { sed -n 's/.*"name": "\(v-[^"]*\)".*/\1/p' "$lima/m-$id/lima.yaml" | tr '\n' ' '; }
volumes() { printf 'volumes: {data: {at: /data, size: %s}}\n' "$1" | machinefile; }

# --- made at the first start ---------------------------------------------------------------------
ok 'without one there is nothing' is "$(m -q start; ls "$lima")" "m-$id"
ok 'and the list is empty' is "$(names)$(names --all)" ''
machinefile <<'E'
volumes: {z: /srv/z, data: {at: /data, size: 64MiB}}
workspace: {private: [node_modules, a/b]}
agents: {codex: {}}
E
run m -q start
ok 'with some the VM starts' is "$status" 0
ok 'Lima is asked for them, in our order, ours last' is "$(asked)" \
    "v-$id-data v-$id-z v-${id}_private v-${id}_agents "
ok 'and not to format them' is "$(grep -c '"format": false' "$lima/m-$id/lima.yaml")" 4
ok 'each has its size' is "$(size -data) $(size -z) $(size _private) $(size _agents)" '64 10240 16384 2048'
ok 'files are 0600' is "$(mode "$disks"/v-*/datadisk "$disks"/v-*/volume.json)" '600 '
ok 'directories 0700' is "$(mode "$disks" "$disks"/v-*)" '700 '
ok 'the list has them' is "$(names)" 'data z _agents _private '
ok 'nothing else is left there' is "$(ls -A "$disks" | grep -v '^v-')" .lock
ok 'in use while it runs' is "$(m volume list | awk 'NR > 1 { print $6 }' | sort -u)" yes
ok 'status has them' is "$(m status | sed -n 's/^volume *\([a-z_]*\): .*/\1/p' | tr '\n' ' ')" 'data z _agents _private '
ok 'for programs, too' grep -q '"name": "data"' "$(m status --json >"$tmp/j"; echo "$tmp/j")"
ok 'df has them, and the VM' is "$(m df | awk '{ print $1 }' | sort | uniq -c | tr -s ' ' | tr '\n' ',')" \
    ' 1 KIND, 1 layer, 1 total, 1 vm, 4 volume,'
ok 'df for programs adds up' is "$(m df --json | python3 -c '
import json, sys
j = json.load(sys.stdin)
print(j["version"], j["on_disk"] == sum(e["on_disk"] for e in j["entries"]), len(j["entries"]))')" '1 True 6'
ino=$(stat -c %i "$(disk -data)/datadisk")
same_disk() { is "$(stat -c %i "$(disk -data)/datadisk")" "$ino"; }
m -q stop && run m -q start
ok 'the next start takes the same' is "$status" 0
ok 'which is the same file' same_disk
run m -q destroy --yes
ok 'they outlive the VM' same_disk
run m destroy --yes
ok 'and destroy says so' says 0 'machine: there was no VM
machine: its volumes are kept; to see them, type: machine volume list'

# --- the size ------------------------------------------------------------------------------------
volumes 128MiB && run m -q start
ok 'one that is to be larger grows' is "$status $(size -data)" '0 128'
ok 'in place' same_disk
ok 'and its record says so' grep -q '"size": 134217728,' "$(disk -data)/volume.json"
ok 'no other is touched' is "$(size -z)" 10240
volumes 64MiB && run m -q start
ok 'none shrinks' ends 1 "machine: the volume data holds 128MiB and cannot shrink to 64MiB: write that size, or, to give up what is on it, type: machine volume rm data"
ok 'it is as it was' is "$(size -data)" 128
volumes 1TiB && run m -q start
ok 'one that cannot fit is refused' test "$status" = 1
too_large() {
	tail -n 1 "$tmp/err" | grep -Eqx "machine: the volume $1 is to hold 1TiB, and only [0-9.]*[KMGT]iB are free in $disks: write a smaller size, or make room: machine df shows what takes it"
}
ok 'with what is free, and the way out' too_large data
echo 'volumes: {big: {at: /big, size: 1TiB}}' | machinefile && run m -q start
ok 'a new one, too' too_large big
ok 'and none is made' not test -e "$(disk -big)"

# --- a lock of Lima's ----------------------------------------------------------------------------
volumes 128MiB && m -q start
kill -9 "$(cat "$lima/m-$id/qemu.pid")" "$(cat "$lima/m-$id/ha.pid")"
ok 'a crash leaves the lock' test -L "$(disk -data)/in_use_by"
run m -q start
ok 'and it recovers by itself' is "$status" 0
m -q stop
for target in "$lima/m-0000000000000000" "$tmp/elsewhere/m-$id" nonsense; do
	ln -sfn "$target" "$(disk -data)/in_use_by"
	run m -q start
	ok "a lock of a VM that does not live is no obstacle: ${target##*/}" is "$status" 0
	m -q stop
done
# Another VM of ours, which lives.
mkdir "$tmp/work/other" && other=$tmp/work/other
(cd "$other" && : >Machinefile && allow && m -q start)
other_id=$(grep -l "^$other\$" "$state"/projects/*/root | sed 's|/root$||; s|.*/||')
ln -sfn "$lima/m-$other_id" "$(disk -data)/in_use_by"
run m -q start
ok 'one of a VM that lives is an error that names it' ends 1 \
    "machine: the volume data is in use by the VM of $other: there, type: machine stop"
ok 'and the lock stays' test -L "$(disk -data)/in_use_by"
run m volume rm --yes data
ok 'nor is it removed' ends 1 \
    "machine: the volume data is in use by the VM of $other: there, type: machine stop"
(cd "$other" && m -q stop)
run m -q start
ok 'when that has stopped it can be had' is "$status" 0
run m volume rm --yes data
ok 'one of our own VM that runs is not removed either' ends 1 \
    "machine: the volume data is in use by the VM of $project: there, type: machine stop"
m -q stop
# QEMU locks what it opens (with locks that the kernel keeps).
hold_open() { python3 -c '
import fcntl, os, sys
f = open(sys.argv[1], "r+b")
fcntl.lockf(f, fcntl.LOCK_SH | fcntl.LOCK_NB, 1, 100)
print(flush=True)
sys.stdin.read()' "$1"; }
mkfifo "$tmp/in" "$tmp/out.fifo"
hold_open "$(disk -data)/datadisk" <"$tmp/in" >"$tmp/out.fifo" &
exec 8>"$tmp/in" 9<"$tmp/out.fifo" && read -r _ <&9
run m volume rm --yes data
ok 'a process that has the disk open counts, whatever the files say' ends 1 \
    'machine: the volume data is in use: a process has its disk open'
exec 8>&- 9<&- && wait $!

# --- half made, damaged, another's -----------------------------------------------------------------
m -q destroy --yes
echo 'volumes: {new: {at: /new, size: 64MiB}}' | machinefile
echo nospace >"$fake/fault.qemu-img" && run m -q start
ok 'no space while one is made' ends 1 "machine: cannot make the volume new: cannot make the disk: qemu-img ended with status 1: qemu-img: $disks/.new-v-$id-new/datadisk: Could not resize file: No space left on device"
ok 'there is none then' not test -e "$(disk -new)"
echo hold >"$fake/fault.qemu-img"
m -q start --background && await test -e "$fake/held.qemu-img"
kill -9 "$(worker)"
ok 'a death while one is made' not test -e "$(disk -new)"
ok 'leaves half of one' test -e "$disks/.new-v-$id-new"
rm "$fake/fault.qemu-img" && run m -q start
ok 'which the next start clears away' is "$status $(size -new) $(ls -A "$disks" | grep -c '^.new')" '0 64 0'
m -q stop
mkdir -m 700 "$disks/.old-v-1-a" && : >"$disks/.old-v-1-a/datadisk"
run m -q start
ok 'half removed ones, too' not test -e "$disks/.old-v-1-a"
m -q stop
cp -p "$(disk -new)/volume.json" "$tmp/volume.json"
cp -p "$(disk -new)/datadisk" "$tmp/datadisk"
damaged() { # WHY
	run m -q start
	ends 1 "machine: the volume new is damaged: $1: to give up what is on it, type: machine volume rm new" &&
	    cmp "$tmp/datadisk" "$(disk -new)/datadisk"
}
rm "$(disk -new)/volume.json"
ok 'without its record it is not made anew' damaged 'cannot open volume.json: No such file or directory'
echo '{' >"$(disk -new)/volume.json"
ok 'nor with a damaged one' damaged "volume.json: not valid JSON: line 2: string or '}' expected near end of file"
ok 'the list says so' grep -q 'damaged: volume.json' "$(m volume list >"$tmp/l"; echo "$tmp/l")"
sed 's/"new"/"old"/' "$tmp/volume.json" >"$(disk -new)/volume.json"
ok 'nor with that of another' damaged 'volume.json is about another one'
cp -p "$tmp/volume.json" "$(disk -new)/"
sed "s|$project|/somebody/else|" "$tmp/volume.json" >"$(disk -new)/volume.json"
run m -q start
ok 'nor is one of another project taken' ends 1 "machine: the volume new (v-$id-new) is of the project /somebody/else"
cp -p "$tmp/volume.json" "$(disk -new)/"
header() { # OFFSET BYTES
	{ head -c "$1" "$tmp/datadisk"; printf "$2"; tail -c "+$(($1 + 2))" "$tmp/datadisk"; } >"$(disk -new)/datadisk"
	cp -p "$(disk -new)/datadisk" "$tmp/changed"
}
header 15 '\001' && run m -q start
ok 'a disk that rests on another file is refused' ends 1 "machine: the volume new is damaged: datadisk rests on another file, as ours never does: to give up what is on it, type: machine volume rm new"
header 0 X && run m -q start
ok 'and so is what is no disk' ends 1 "machine: the volume new is damaged: datadisk is no qcow2 disk: to give up what is on it, type: machine volume rm new"
ln -sf /etc/passwd "$(disk -new)/datadisk" && run m -q start
ok 'a link is not followed' ends 1 "machine: the volume new is damaged: cannot open datadisk: Too many levels of symbolic links: to give up what is on it, type: machine volume rm new"
chmod 755 "$(disk -new)" && run m -q start
ok 'a directory that others may enter is refused' ends 1 "machine: v-$id-new is open to other users"
chmod 700 "$(disk -new)"

# --- rm --------------------------------------------------------------------------------------------
run m volume rm new
ok 'rm wants a terminal' ends 2 'machine: not removed (in a script: --yes): this needs a terminal to ask for your decision'
ok 'and removes nothing' test -e "$(disk -new)/datadisk"
expect 'no such volume' 1 "machine: $project has no volume nope: type: machine volume list" m volume rm --yes new nope
ok 'then none of them is removed' test -e "$(disk -new)/datadisk"
answer() { PATH=$bin:$tools:/usr/bin:/bin python3 "$fakes/terminal.py" 'on it?' "$1" "$machine" volume rm new >"$tmp/out" 2>&1; }
answer 'n\n'
ok 'no is no' test -e "$(disk -new)/datadisk"
answer 'y\n'
ok 'yes is yes, also for a damaged one' not test -e "$(disk -new)"
run m volume rm --yes _agents
ok 'ours, too' ends 0 'machine: the volume is removed'
ok 'and what that was has been shown' grep -Eqx '  _agents, [0-9.]*[KM]?i?B on disk, last used [-0-9]* [0-9:]*' "$tmp/err"
ok 'it is gone' not test -e "$(disk _agents)"
ok 'and nothing is left of them' is "$(names) $(ls -A "$disks" | grep -c '^.old')" 'data z _private  0'
run m -q start
ok 'what is still named is made anew' is "$status $(size -new)" '0 64'
m -q stop

# Of a project that is not there any more.
mv "$other" "$other.gone"
cd "$tmp/work" || exit 1
expect 'outside of a project' 1 'machine: there is no Machinefile here or above: to write one, type: machine init; or, for the volumes of all projects, machine volume list --all' m volume list
cd "$other.gone" && echo 'volumes: {cache: /cache}' | machinefile && m -q start && m -q stop
cd "$tmp/work" && rm -r "$other.gone"
ok 'all projects are listed' is "$(names --all | tr ' ' '\n' | sed '/^$/d' | sort | tr '\n' ' ')" '_private cache data new z '
expect 'by its path' 2 'machine: --project: x is not an absolute path, as machine volume list --all shows it' m volume rm --yes --project x cache
run m -q volume rm --yes --project "$other.gone" cache
ok 'that of a project that is gone is removed' is "$status $(names --all | tr ' ' '\n' | grep -c cache)" '0 0'

# --- destroy --volumes -----------------------------------------------------------------------------
cd "$project" || exit 1
mkdir -m 700 "$disks/v-ffff-x" # another project's
run m destroy --volumes --yes
ok 'destroy removes them where it is told to' ends 0 'machine: 4 volumes are removed'
ok 'all of them, and no other' is "$(ls "$disks")" v-ffff-x

# --- private directories ---------------------------------------------------------------------------
echo 'workspace: {private: [deps]}' | machinefile
ln -s "$HOME" deps && run m -q start
ok 'a private directory that is a link starts nothing' ends 1 'machine: workspace.private: deps is a symbolic link, and what the VM has there would be elsewhere: remove the link, or take it out of workspace.private'
ok 'nothing was made' vm_is absent
rm deps && : >deps && run m -q start
ok 'nor one that is a file' ends 1 'machine: workspace.private: deps is not a directory: remove it, or take it out of workspace.private'
rm deps && run m -q start
ok 'one that is missing is the VM'"'"'s to make' is "$status" 0
ok 'the host makes nothing' not test -e deps
echo 'volumes: {in: '"$project"'/in}' | machinefile && run m -q start
ok 'a volume in the project is none' ends 1 "machine: volumes: $project/in is, is in or holds the project's directory: for a directory in it use workspace.private"
m -q destroy --yes
# --- what is asked for, for a person ---------------------------------------------------------------
cat >Machinefile <<'E'
volumes: {data: {at: /data, size: 64MiB}}
workspace: {private: [deps]}
agents: {codex: {}}
E
asks() { PATH=$bin:$tools:/usr/bin:/bin python3 "$fakes/terminal.py" '[y/' 'n\n' "$machine" allow 2>&1 | tr -d '\r' | grep -E '^[! ] (volume|private|agent) '; }
ok 'allow shows what outlives the VM' is "$(asks)" '! volume    data, 64MiB, at /data
! private   deps is the VM'"'"'s own
! agent     what codex keeps, its login too, outlives the VM'
allow && sed -i 's/64/65/' Machinefile
ok 'and marks what is wider' is "$(asks)" '! volume    data, 65MiB, at /data
  private   deps is the VM'"'"'s own
  agent     what codex keeps, its login too, outlives the VM'
mkdir "$tmp/work/fresh" && cd "$tmp/work/fresh" || exit 1
private() { m -q init; sed -n 's/^  private: //p' Machinefile; rm Machinefile; }
ok 'init finds none where nothing builds' is "$(private)" ''
: >package.json && : >requirements.txt && : >pyproject.toml && : >Cargo.toml
ok 'otherwise it finds what does' is "$(private)" '[node_modules, .venv, target]'
: >.venv && ln -s / target
ok 'but nothing that cannot be private' is "$(private)" '[node_modules]'
m -q init && m check
ok 'and the file is valid' is "$?" 0

plan
