#!/bin/sh
# Power cuts: every process of ours gets a SIGKILL at any moment of a life with
# an image, packages, provision steps and a volume. Then the next start works,
# what layers there are are whole, and nothing is left that needs a person.
# Against the fake limactl and qemu-img.
#
#	SEED=N ROUNDS=N tests/shell/cuts.t	what went wrong, once more
. tests/fake/world.sh

SEED=${SEED:-$(od -An -N3 -tu4 /dev/urandom | tr -d ' ')}
ROUNDS=${ROUNDS:-$([ "${MACHINE_TEST_QUICK-}" ] && echo 20 || echo 100)}
echo "# SEED=$SEED ROUNDS=$ROUNDS"
layers=$MACHINE_HOME/data/layers
random() { # N: 0 to N - 1 is in $r
	SEED=$(((SEED * 1103515245 + 12345) % 2147483648))
	r=$((SEED / 8 % $1))
}

# All that have our HOME, which is nobody else's. Not the shell that this is,
# whose own came later than the environment that the kernel shows.
power_cut() {
	while :; do
		found=$(env -u HOME grep -lzxF "HOME=$HOME" /proc/[0-9]*/environ 2>/dev/null)
		[ "$found" ] || return 0
		pids=
		for p in $found; do p=${p#/proc/} && pids="$pids ${p%/*}"; done
		kill -9 $pids 2>/dev/null
	done
}

# Steps of which everybody can see how far they came: in the project's log, and
# by what the layer's text says.
want() { # WHAT IS NEW, of base, golden and project
	case $1 in base) echo "$round" >>"$tmp/disk.img" ;; esac
	case $1 in base | golden) packages=p$round ;; esac
	steps=$round
	machinefile <<-E
	packages: [$packages]
	volumes: {data: {at: /data, size: 64MiB}}
	provision:
	- run: 'echo begin $steps.1 >>log; cat /dev/null; echo end $steps.1 >>log'
	- {run: 'echo end $steps.2 >>log', when: change, watch: [w]}
	E
}

cat >"$tmp/whole.py" <<'E'
import glob, json, os, re, struct, sys
layers, log, record, volume = sys.argv[1:]
ended = set(re.findall(r'^end (\S+)$', open(log).read() if os.path.exists(log) else '', re.M))
def wrong(*what):
    print(*what)
    sys.exit(1)
for name in sorted(os.listdir(layers) if os.path.isdir(layers) else []):
    if name.endswith(('.new', '.lock')):
        continue
    d = os.path.join(layers, name)
    # With a suffix: the text of another was not what its name says.
    if not re.fullmatch('[bgp]-[0-9a-f]{32}', name):
        wrong('not the name of a whole layer:', name)
    try:
        r = json.load(open(d + '/record.json'))
        text = open(d + '/text').read()
        disk = open(d + '/disk.qcow2', 'rb').read()
    except (OSError, ValueError) as e:
        wrong('a part is missing or torn:', e)
    if r['version'] != 1 or r['made'] <= 0 or not text:
        wrong(name, 'has no whole record')
    parent = r.get('parent', '')
    at, size = struct.unpack('>QI', disk[8:20])
    backing = disk[at:at + size].decode() if at else ''
    if disk[:4] != b'QFI\xfb' or len(disk) < 113 or disk[-1:] != b'\n' or \
       backing != (f'../{parent}/disk.qcow2' if parent else ''):
        wrong(name, 'has a torn disk, on', repr(backing))
    if (name[0] == 'b') == bool(parent) or parent and not os.path.isdir(f'{layers}/{parent}'):
        wrong(name, 'stands on', repr(parent))
    said = set(re.findall(r'echo end (\d+\.\d)', text))
    if (name[0] == 'p') != bool(said) or said - ended:
        wrong(name, 'has steps that did not end:', said - ended)
if os.path.exists(record):
    r = json.load(open(record))
    last = max((e.split('.')[0] for e in ended), key=int, default='')
    if len(r['steps']) + len(r['changes']) > len(ended):
        wrong('the record has steps that did not end:', r, ended)
if os.path.isdir(volume):
    r = json.load(open(volume + '/volume.json'))
    if r['size'] != 64 << 20 or os.path.getsize(volume + '/datadisk') < 113:
        wrong('a torn volume', r)
E
whole() {
	python3 "$tmp/whole.py" "$layers" "$project/log" "$state/projects/$id/record.json" "$volume" || return 1
	is=$(stat -c %i "$volume/datadisk" 2>/dev/null) || return 0
	[ "${inode=$is}" = "$is" ] || { echo 'the volume is another one'; return 1; }
}
left() { ls "$lima" "$layers" "$MACHINE_HOME/run" | grep -e '^b-[0-9a-f]\{16\}$' -e '\.new$'; }

# The next start, by nobody who knows what has happened.
recovers() {
	run soon -q start
	[ "$status" -eq 0 ] || { show && return 1; }
	is "$(m status | sed -n 's/^vm *//p')" running && whole && is "$(left)" '' &&
	    grep -qx "end $steps.1" log && grep -qx "end $steps.2" log &&
	    run soon run sh -c 'exit 9' && is "$status" 9
}

milliseconds() { # CMD...: how long it takes is in $took
	began=$(date +%s%3N)
	"$@" && took=$(($(date +%s%3N) - began))
}
# A command, and the end of everything, at a moment of its life.
cut() { # MILLISECONDS CMD...
	random "$1" && after=$r && shift
	"$@" >"$tmp/cut" 2>&1 &
	sleep "$(printf '%d.%03d' $((after / 1000)) $((after % 1000)))"
	power_cut
	wait
}

within=60 packages=p round=0
: >Machinefile && allow && : >w
id=$(basename "$state"/projects/*) volume=$lima/_disks/v-$id-data
# How long it takes if nothing happens, for each.
for new in base golden project; do
	round=$((round + 1))
	want $new
	ok "nothing is cut: $new" milliseconds recovers
	eval "long_$new=\$took"
done
milliseconds m -q stop && long=$took
ok 'nothing is cut: stopped' whole

one_cut() {
	random 10
	case $r in
	0 | 1 | 2) new=base ;;
	3 | 4) new=golden ;;
	5) new=project ;;
	6) act=stop && cut "$long" m -q stop ;;
	7) act=reset && cut "$long" m -q reset --yes ;;
	8) act='rebuild --all' && cut $((long * 2)) m -q rebuild --all --yes ;;
	9) act='image prune --all' && m -q stop && cut "$long" m -q image prune --all --yes ;;
	esac
	[ "$new" ] || return 0
	act="start, anew from the $new"
	want "$new"
	eval "cut \$long_$new m -q start"
	# Nobody may ever ask for that again.
	random 3
	[ "$r" != 0 ] || { packages=p2 && want project && act="$act, and then another one"; }
}
while [ "$round" -lt $((ROUNDS + 3)) ]; do
	round=$((round + 1)) new=''
	one_cut
	ok "cut $after ms into $act: what there is is whole" whole
	ok "cut $after ms into $act: the next start works" recovers
done

# --- the test of the test --------------------------------------------------------
m -q stop
first() { for d in "$layers/$1"-*; do [ -d "$d" ] && echo "$d" && return; done; }
torn=$layers/$(m status | sed -n 's/^layer *//p')
mkdir -m 700 "$layers/p-0123456789abcdef0123456789abcdef"
ok '(an empty directory is not whole)' not whole
rmdir "$layers/p-0123456789abcdef0123456789abcdef"
sed "/^end $steps\\./d" log >"$tmp/less" && mv log "$tmp/kept" && cp "$tmp/less" log
ok '(a step that did not end is found)' not whole
mv "$tmp/kept" log
disk=$(first b)/disk.qcow2
chmod u+w "$disk" && cp "$disk" "$tmp/disk" && head -c 60 "$tmp/disk" >"$disk"
ok '(half a disk is found)' not whole
cp "$tmp/disk" "$disk"
ok '(and it was that)' whole

# Torn by hand, and not to be used.
head -c 100 "$torn/text" >"$tmp/half" && mv "$torn" "$torn.new" && cp "$tmp/half" "$torn.new/text"
lines=$(wc -l <log)
ok 'half a layer that was not finished is made anew' recovers
ok 'by its steps' is "$(($(wc -l <log) - lines))" 3
m -q stop && chmod u+w "$torn/text" && cp "$tmp/half" "$torn/text"
run soon -q start
ok 'one whose text is torn is not used' is "$status $(m status | sed -n 's/^layer *//p')" "0 $(basename "$torn")-1"
ok 'and its steps run' is "$(($(wc -l <log) - lines))" 6
plan
