#!/bin/sh
# What VMs are made of: each image is made once, whole or not at all, in a VM
# that has nothing of anybody, whoever dies meanwhile; and none is removed that
# a VM stands on. Against the fake limactl and qemu-img, which run nothing of
# what cleans an image or installs into it.
. tests/fake/world.sh

layers=$MACHINE_HOME/data/layers images=$MACHINE_HOME/data/images
vm_is() { is "$(m status | sed -n 's/^vm *//p')" "$1"; }
goes_wrong() { echo "$2" >"$fake/fault.$1.once"; }
kinds() { m image list | sed -n '2,$s/^\([bgp]\)-.*/\1/p' | tr -d '\n'; }
layer() { basename "$(ls -d "$layers/$1"-* 2>/dev/null | grep -v lock | head -n 1)"; }
left() { ls "$lima" "$layers" "$images" 2>/dev/null | grep -e '^b-' -e '\.new$' -e '\.old' | grep -vx "${1-b-[0-9a-f]*}\(\.lock\)\?"; }
log() { cat "$project/log" 2>/dev/null; }
fresh() { m -q destroy --yes; rm -rf "$fake" "$layers" "$project"/*; mkdir "$fake"; }
there() { (cd "$other" && m "$@"); }
next_works() { run m -q run sh -c 'exit 9'; says 9; }
json() { # EXPRESSION: over the list of images, i; by its kind and place
	m image list --json | python3 -c "
import json, sys
j = json.load(sys.stdin)
i = {}
for e in j['images']: i.setdefault(e['kind'], []).append(e)
print($1)"
}
: >Machinefile && allow
id=$(basename "$state"/projects/*)

# --- base, golden, project, session ---------------------------------------------------------------
run m image list
ok 'at first there is none' is "$status $(cat "$tmp/out" | wc -l)" '0 1'
: >"$fake/hold.start.b"
m -q start --background && await test -e "$fake/held.start.b"
config=$(ls "$lima"/b-*/lima.yaml)
ok 'the image is made in a VM of its own' test -e "$config"
ok 'which has no directory of the host' not grep -q -e mounts -e "$project" "$config"
ok 'nor a port' not grep -q portForwards.*guestPort "$config"
ok 'status shows what is going on' is "$(m status | sed -n 's/^stage *//p')" 'first boot of the image debian-13 (slow: no hardware acceleration)'
rm "$fake/hold.start.b" && run m -q start
ok 'then the VM starts' is "$status" 0
ok 'it was cleaned' grep -q machine-id "$fake/baked"
ok 'with Lima once for the image, and not for the VM' is "$(calls create) $(calls create 'm-')" '1 0'
ok 'there is a base' is "$(kinds)" b
ok 'its VM is gone' is "$(ls "$lima")" "m-$id"
ok 'and no file of it can be changed' is "$(stat -c %a "$layers"/b-*/disk.qcow2)" 400
ok 'the list says how it boots' grep -q '^  boots by itself, which takes longer: ' "$(m image list >"$tmp/l"; echo "$tmp/l")"
ok 'for programs, too' is "$(json "j['version'], i['base'][0]['boots_directly'], i['base'][0]['used_by'], i['base'][0]['running']")" "1 False ['$project'] True"
ok 'status has the layer' is "$(m status | sed -n 's/^layer *//p')" "$(layer b)"
ok 'and what a stop discards' grep -Eqx 'session   [0-9.]*[KM]?i?B on disk, discarded at stop' "$(m status >"$tmp/l"; echo "$tmp/l")"
m -q stop
ok 'stopped, its disk is gone' is "$(instance)" ''
ok 'and status says stopped' vm_is stopped
ok 'and no more of a disk' not grep -q '^session' "$(m status >"$tmp/l"; echo "$tmp/l")"

rm "$fake/baked"
machinefile <<'E'
packages: [tree, git]
provision: [{run: 'echo setup >>log'}]
E
run m -q start
ok 'packages make a golden image, steps a layer of the project' is "$status $(kinds)" '0 bgp'
ok 'on the same base' is "$(calls create)" 1
ok 'they are installed there' grep -q "git.*tree" "$fake/baked"
ok 'each stands on the one below' is "$(json "i['project'][0]['parent'] == i['golden'][0]['name'], i['golden'][0]['parent'] == i['base'][0]['name']")" 'True True'
ok 'by a name that does not depend on where they are' grep -q "^convert .* -B ../$(layer b)/disk.qcow2 " "$fake/qemu-img"
ok 'the step has run' is "$(log)" setup
m -q stop && run m -q start
ok 'and does not run again, on a new disk' is "$status $(log)" '0 setup'
ok 'which stands on what it has made' is "$(m status | sed -n 's/^layer *//p')" "$(layer p)"
ok 'nothing is left of the making' is "$(left "$(layer b)")" ''

# --- another project with the same ------------------------------------------------------------------
other=$tmp/work/other && mkdir "$other"
baked=$(wc -l <"$fake/baked")
(cd "$other" && echo 'packages: [git, tree]' | machinefile && m -q start)
ok 'a second project with the same makes nothing' is "$(kinds) $(wc -l <"$fake/baked") $(calls create)" "bgp $baked 1"
ok 'both use it' is "$(json "i['golden'][0]['used_by']")" "['$other', '$project']"
ok 'df says how many stand on each' is "$(m df --json | python3 -c '
import json, sys
j = json.load(sys.stdin)
print([e["shared_by"] for e in j["entries"] if e["kind"] == "layer"], j["on_disk"] == sum(e["on_disk"] for e in j["entries"]))')" '[1, 2, 1] True'

# --- prune ---------------------------------------------------------------------------------------------
m -q stop
run m image prune --all --yes
ok 'prune --all removes what no running VM stands on' is "$status $(kinds)" '0 bg'
ok 'and says what' grep -Eqx '  p-[0-9a-f]{12} project, .* on disk, last used .*' "$tmp/err"
(cd "$other" && next_works) || echo "# the other VM"
run m image prune --yes
ok 'prune leaves what a project uses' says 0 'machine: there is nothing to remove'
run m -q start
ok 'what was removed is made again' is "$status $(kinds) $(log | tr '\n' ' ')" '0 bgp setup setup '
(cd "$other" && m -q stop && m -q destroy --yes)
m -q stop
: >Machinefile && allow && m -q start && m -q stop
run m image prune
ok 'it asks, on a terminal' ends 2 'machine: not removed (in a script: --yes): this needs a terminal to ask for your decision'
ok 'and removes nothing then' is "$(kinds)" bgp
answer() { PATH=$bin:$tools:/usr/bin:/bin python3 "$fakes/terminal.py" 'made again' "$1" "$machine" image prune >"$tmp/out" 2>&1; }
answer 'n\n'
ok 'no is no' is "$(kinds)" bgp
answer 'y\n'
ok 'yes removes what no project uses' is "$(kinds)" b
echo hold >"$fake/fault.qemu-img-create"
m -q start --background && await test -e "$fake/held.qemu-img-create"
run m image prune --all --yes
ok 'not while a VM is being made' ends 1 "machine: something is being done to the VM of $project: try again when that is over"
rm "$fake/fault.qemu-img-create" && run m -q start
ok 'which then is' is "$status" 0
echo '{' >"$state/projects/$id/record.json.new" && cp "$state/projects/$id/record.json" "$tmp/record" && mv "$state/projects/$id/record.json.new" "$state/projects/$id/record.json"
run m image prune --yes
ok 'nor where a record cannot be read' ends 1 "machine: what the VM of $project is made of cannot be read: there, type: machine destroy"
run m image prune --all --yes
ok 'and even then not below a VM that runs' says 0 'machine: there is nothing to remove'
ok '(it is there)' is "$(kinds)" b
mv "$tmp/record" "$state/projects/$id/record.json"
m -q stop
echo '{' >"$layers/$(layer b)/record.json"
run m -q start
ok 'a damaged one is not used' ends 1 "machine: an image is damaged: to remove it, type: machine image prune: $layers/$(layer b)/record.json: not valid JSON: line 2: string or '}' expected near end of file" 
ok 'the list says so' grep -q '^  damaged: to remove it, type: machine image prune' "$(m image list >"$tmp/l"; echo "$tmp/l")"
run m image prune --yes
ok 'prune removes it' is "$status $(kinds)" '0 '
ok 'and it is made anew' next_works
mkdir -m 700 "$layers/p-0123456789abcdef0123456789abcdef.new"
run m image prune --yes
ok 'what a builder that died has left goes, too' is "$(left "$(layer b)")" ''
mv "$project" "$project.gone"
m -q image prune --yes >"$tmp/l" 2>&1
ok 'a project that is gone, whose VM runs, keeps it' test -e "$layers/$(layer b)/disk.qcow2"
mv "$project.gone" "$project" && m -q stop && mv "$project" "$project.gone"
(cd "$tmp/work" && m -q image prune --yes >"$tmp/l" 2>&1)
ok 'one whose VM does not run does not' is "$(ls "$layers" | grep -v lock)" ''
mv "$project.gone" "$project" && cd "$project" || exit 1
fresh

# --- reset, rebuild, destroy -----------------------------------------------------------------------------
steps() { printf 'packages: [git]\nprovision: [{run: "echo setup >>log"}]\n' | machinefile; }
steps && m -q start
disk=$(stat -c %i "$lima/m-$id/disk")
run m reset
ok 'reset asks while it runs' ends 2 'machine: nothing is done (in a script: --yes): this needs a terminal to ask for your decision'
ok 'and does nothing then' vm_is running
run m reset --yes
ok 'with --yes it does not' ends 0 'machine: the session disk is discarded; the next line starts anew'
ok 'the disk is gone' is "$(instance)" ''
ok 'the VM was not asked to power off' not grep -q poweroff "$fake/ssh"
ok 'but to write out' grep -qx 'timeout 20 sync' "$fake/ssh"
ok 'status' vm_is stopped
run m reset
ok 'stopped, there is nothing to ask' says 0 'machine: the VM was not running'
ok 'the next line starts anew' next_works
ok 'and no step runs again' is "$(log)" setup
printf 'volumes: {data: /data}\n' | machinefile && m -q start
run m reset --yes
ok 'with a volume it is shut down in order' grep -q poweroff "$fake/ssh"
ok 'and the volume stays' test -e "$lima/_disks/v-$id-data/datadisk"
rm -f log && steps && m -q start
baked=$(wc -l <"$fake/baked")
run m -q rebuild --yes
ok 'rebuild removes what the steps have made' is "$status $(kinds)" '0 bg'
run m -q start
ok 'so that they run again' is "$status $(log | tr '\n' ' ')" '0 setup '
ok 'packages are not installed again' is "$(wc -l <"$fake/baked")" "$baked"
run m -q rebuild --all --yes
ok 'with --all they are' is "$status $(kinds)" '0 b'
m -q start && mkdir -p "$other" && (cd "$other" && steps && m -q start)
ok 'the same steps in another project are run there' grep -qx setup "$other/log"
ok 'and what they make is its own' is "$(kinds)" bgpp
run m rebuild --yes
ok 'it stays where this one is rebuilt' is "$status $(kinds) $(json "i['project'][0]['used_by']")" "0 bgp ['$other']"
m -q start
run m rebuild --all --yes
ok 'packages that another project uses are kept' is "$status $(kinds) $(grep -c 'are kept: another project' "$tmp/err")" '0 bgp 1'
m -q start
run m -q destroy --yes
ok 'destroy takes its own' is "$(kinds)" bgp
(cd "$other" && m -q destroy --yes)
ok 'and so does the other' is "$(kinds)" bg
rm -rf "$other"
fresh

# --- image build ---------------------------------------------------------------------------------------------
steps
run m image build
ok 'build makes base and golden' is "$status $(kinds)" '0 bg'
ok 'and says so' ends 0 'machine: the images of project are there'
ok 'and nothing else' is "$(ls "$lima" | grep -v _disks)$(log)$(calls start 'm-')" 0
vm_is absent >/dev/null || echo '# the VM is there'
run m -q image build
ok 'again, it has nothing to do' is "$status $(calls create)" '0 1'
goes_wrong bake 3
fresh && steps && goes_wrong bake 3
run m -q image build
ok 'its failure is one' is "$status" 1
m -q deny
run m image build
ok 'not without approval' ends 1 "machine: $project/Machinefile is denied: to change that, type: machine allow"
steps && fresh

# --- a bake that fails -----------------------------------------------------------------------------------------
printf 'packages: [git]\n' | machinefile
m -q start && m -q destroy --yes && rm -rf "$layers"/g-*
goes_wrong bake 100
run m -q start
ok 'packages that cannot be installed: the reason' is "$(sed -n '1,2p' "$tmp/err")" 'machine: packages cannot be installed: status 100:
the bake says 100'
ok 'and what to do' ends 1 'nothing of it is kept; try again with `machine start`'
ok 'nothing is left' is "$(left "$(layer b)")$(kinds)" b
ok 'the next attempt works' next_works
: >Machinefile && allow && fresh
: >Machinefile && allow
goes_wrong bake 4
run m -q start
ok 'an image that cannot be cleaned is none' ends 1 'machine: the image cannot be cleaned: status 4, see machine logs provision'
ok 'nothing is left of that' is "$(left)$(kinds)" ''
ok 'and the next attempt works' next_works
fresh && : >Machinefile && allow
goes_wrong qemu-img-convert nospace
run m -q start
ok 'no space while it is stored' ends 1 "machine: cannot store the VM's disk: qemu-img ended with status 1: qemu-img: $layers/$(sed -n 's|.*/\(b-[0-9a-f]*\)\.new/.*|\1|p' "$tmp/err").new/disk.qcow2: Could not resize file: No space left on device"
ok 'nothing is left of that, either' is "$(left)$(kinds)" ''
ok 'and with space it works' next_works
goes_wrong qemu-img-create nospace && m -q stop
run m -q start
ok 'no space for the disk of the session' is "$status $(grep -c "cannot make the VM's disk" "$tmp/err")" '1 1'
ok 'and with space for that it works' next_works
fresh && : >Machinefile && allow

# --- two at once, and deaths -----------------------------------------------------------------------------------
mkdir "$other" && (cd "$other" && : >Machinefile && allow)
: >"$fake/hold.start.b"
m -q start --background && await test -e "$fake/held.start.b"
(cd "$other" && m -q start --background)
waits() { (cd "$other" && m status | grep -qx 'stage     waiting for another project that makes the same image'); }
ok 'a second project waits for the first that makes its image' await waits
rm "$fake/hold.start.b"
(cd "$other" && m -q start) && run m -q start
ok 'both start' is "$status $(calls start 'm-')" '0 2'
ok 'and it was made once' is "$(calls create)" 1
(cd "$other" && m -q stop)
fresh && : >Machinefile && allow
: >"$fake/hold.start.b"
m -q start --background && await test -e "$fake/held.start.b"
(cd "$other" && m -q start --background) && await waits
kill -9 "$(worker)" && rm "$fake/hold.start.b"
run there -q start
ok 'if the first dies, the second makes it' is "$status $(kinds)" '0 b'
ok 'with nothing left of that' is "$(left "$(layer b)")" ''
(cd "$other" && m -q stop)
: >"$fake/hold.bake" && printf 'packages: [curl]\n' | machinefile
m -q start --background && await test -e "$fake/held.bake"
kill -9 "$(worker)" && rm "$fake/hold.bake" && await idle
ok '(a VM with packages that its maker has left)' is "$(left "$(layer b)" | wc -l)" 2
: >Machinefile && allow
run m -q start
ok 'the next start of anything takes it away' is "$status $(left "$(layer b)")$(ls "$MACHINE_HOME/run" | grep ^b-)" '0 '
(cd "$other" && m -q stop && m -q destroy --yes) && rm -rf "$other"

dies_at() { # PLACE: a hold of limactl's, or of qemu-img's
	fresh && steps
	case $1 in
	qemu-img-*) echo hold >"$fake/fault.$1" && held=$fake/held.$1 release=$fake/fault.$1 ;;
	*) : >"$fake/hold.$1" && held=$fake/held.$1 release=$fake/hold.$1 ;;
	esac
	m -q start --background && await test -e "$held" && kill -9 "$(worker)"
	was=$?
	rm -f "$release" && await idle
	run m -q start
	ok "killed at $1: the next start works" is "$was $status $(kinds)" '0 0 bgp'
	ok "killed at $1: the step has run" grep -qx setup log
	ok "killed at $1: nothing is left" is "$(ls "$lima" "$layers" | grep -e '\.new$')$(ls "$lima" | grep -v _disks)" "m-$id"
}
for place in create start.b bake qemu-img-convert qemu-img-create start.m; do dies_at $place; done
fresh && : >Machinefile && allow

# --- an image that goes on for ever ------------------------------------------------------------------------------
m -q destroy --yes && rm -rf "$layers" && : >"$fake/flood"
run soon -q start
ok 'an image that prints for ever boots by itself' is "$status" 0
ok 'and the list says why' grep -qx '  boots by itself, which takes longer: its root would be larger than 4 KiB' "$(m image list >"$tmp/l"; echo "$tmp/l")"
ok 'nothing of it is kept' is "$(ls "$layers/$(layer b)" | tr '\n' ' ')" 'disk.qcow2 record.json text '
rm "$fake/flood"

# --- the image of the user's own ---------------------------------------------------------------------------------
m -q start && m -q stop
first=$(layer b)
echo more >>"$tmp/disk.img"
run m -q start
ok 'an image file that has changed is another image' is "$status $(calls create) $(kinds)" '0 2 bb'
m -q stop && m -q image prune --yes 2>/dev/null
ok 'the old one can be removed' test ! -e "$layers/$first" -a "$(kinds)" = b
qcow2() { # FILE [BACKING]
	if [ "${2-}" ]; then : >"$2" && PATH=$tools:/usr/bin:/bin "$bin/qemu-img" create -q -fqcow2 -Fqcow2 -b "$2" "$1" 1048576
	else PATH=$tools:/usr/bin:/bin "$bin/qemu-img" create -q -f qcow2 "$1" 1048576; fi
}
mv "$tmp/disk.img" "$tmp/kept.img"
qcow2 "$tmp/disk.img" "$tmp/secret"
run m -q start
ok 'one with a backing file is refused' ends 1 "machine: the image $tmp/disk.img leads to another file of this host, which a VM must not get: make it one file, with qemu-img convert"
ok 'before Lima sees it' is "$(calls create)" 2
mv "$tmp/kept.img" "$tmp/disk.img"

qcow2 "$tmp/mine.qcow2" && digest=$(sha256sum "$tmp/mine.qcow2" | cut -d ' ' -f 1)
expect 'import' 0 'machine: imported: in a Machinefile, write image: mine' m image import --digest "sha256:$digest" mine "$tmp/mine.qcow2"
ok 'copies it' test -f "$images/mine/disk.qcow2"
ok 'privately' is "$(stat -c %a "$images" "$images/mine" | tr '\n' ' ')" '700 700 '
ok 'for what it is' grep -q "^convert -q -fqcow2 -Oqcow2 $tmp/mine.qcow2 " "$fake/qemu-img"
echo 'image: mine' | machinefile
run m -q start
ok 'and a Machinefile can name it' is "$status $(m status --json | sed -n 's/.*"image": "\(.*\)".*/\1/p')" "0 $images/mine/disk.qcow2"
ok 'the list has it' grep -Eq '^mine +imported ' "$(m image list >"$tmp/l"; echo "$tmp/l")"
ok 'df has it' is "$(m df | awk '$1 == "image" { print $6 $7 }' | grep -c mine)" 1
m -q stop
refused() { # WHAT STATUS MESSAGE ARG...
	what=$1 status_=$2 text=$3 && shift 3
	before=$(find "$images" | sort)
	expect "import: $what" "$status_" "machine: $text" m image import "$@"
	ok "import: $what: nothing has changed" is "$(find "$images" | sort)" "$before"
}
zeros=$(printf '%064d' 0)
refused 'another digest' 1 "$tmp/mine.qcow2 is not what it should be: its digest is sha256:$digest, and you asked for sha256:$zeros" --digest "sha256:$zeros" new "$tmp/mine.qcow2"
refused 'no digest' 2 '--digest: write sha256: and 64 hexadecimal digits' --digest 1234 new "$tmp/mine.qcow2"
qcow2 "$tmp/backed.qcow2" "$tmp/secret"
refused 'a backing file' 1 "the image $tmp/backed.qcow2 leads to another file of this host, which a VM must not get: make it one file, with qemu-img convert" new "$tmp/backed.qcow2"
{ head -c 79 "$tmp/mine.qcow2" | head -c 72; printf '\000\000\000\000\000\000\000\004'; tail -c +81 "$tmp/mine.qcow2"; } >"$tmp/outside.qcow2"
refused 'a data file' 1 "the image $tmp/outside.qcow2 leads to another file of this host, which a VM must not get: make it one file, with qemu-img convert" new "$tmp/outside.qcow2"
refused 'no file' 1 "cannot read $tmp/nothing: No such file or directory" new "$tmp/nothing"
mkfifo "$tmp/fifo"
refused 'a FIFO' 1 "$tmp/fifo is no regular file" new "$tmp/fifo"
refused 'a directory' 1 "$tmp is no regular file" new "$tmp"
: >"$tmp/empty"
refused 'an empty file' 1 "$tmp/empty is empty" new "$tmp/empty"
for alias in ../x .new Mine ''; do
	refused "the alias '$alias'" 2 "\"$alias\" is not an image alias: use a-z, 0-9, dot, _ and -, at most 64" "$alias" "$tmp/mine.qcow2"
done
refused 'an initrd alone' 2 '--initrd is for --kernel' --initrd "$tmp/empty" new "$tmp/mine.qcow2"
refused 'an empty kernel' 1 "$tmp/empty is empty" --kernel "$tmp/empty" new "$tmp/mine.qcow2"
goes_wrong qemu-img-convert nospace
run m image import new "$tmp/mine.qcow2"
ok 'import: no space' is "$status $(ls -A "$images" | tr '\n' ' ')" '1 .lock mine '
refused 'one that exists' 2 'the image mine exists, and is not replaced (in a script: --yes): this needs a terminal to ask for your decision' mine "$tmp/mine.qcow2"
printf '# Disk DescriptorFile\nversion=1\ncreateType="monolithicFlat"\nRW 1 FLAT "%s" 0\n' "$tmp/secret" >"$tmp/vmdk.img"
run m -q image import --yes --kernel "$tmp/vmdk.img" --initrd "$tmp/vmdk.img" mine "$tmp/vmdk.img"
ok 'with --yes it is replaced' is "$status $(ls "$images/mine" | tr '\n' ' ')" '0 disk.qcow2 initrd kernel source '
ok 'what is no qcow2 is raw, whatever it looks like' grep -q "^convert -q -fraw -Oqcow2 $tmp/vmdk.img " "$fake/qemu-img"
creates=$(calls create) && run m -q start
ok 'the VM is made anew of it' is "$status $(($(calls create) - creates))" '0 1'
m -q stop
mv "$images/mine" "$images/.old-mine"
ok 'a death in the middle of a replacement loses none' next_works
m -q destroy --yes && rm -rf "$images/mine"
run m -q start
ok 'without it the name means nothing' ends 1 'machine: there is no image "mine": neither under `images:` in config.yaml nor imported nor among Lima'"'"'s templates'

plan
