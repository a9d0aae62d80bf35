# For tests/shell/*.t that need machine with a fake Lima under it, in place of
# tests/lib.sh. Prepares a world in $tmp: a home, a project, a PATH on which
# machine finds the fakes and nothing of the host's Lima or QEMU.
#
# limactl refuses root, and permissions mean nothing to root: as root the test
# runs again as another user of a user namespace.
if [ "$(id -u)" -eq 0 ]; then
	exec unshare --map-user=1000 --map-group=1000 sh "$0" ||
	    { echo 'not ok 1 - root cannot become somebody else' && exit 1; }
fi
. tests/lib.sh

fakes=$PWD/tests/fake
fake=$HOME/fake project=$tmp/work/project bin=$tmp/bin tools=$tmp/tools
# A copy: beside the real one there may be the limactl that `make lima` built.
machine=$tmp/machine
export MACHINE_HOME="$tmp/m"
lima=$MACHINE_HOME/data/lima state=$MACHINE_HOME/state
mkdir -p "$fake" "$project" "$bin" "$tools" "$MACHINE_HOME/config"
cp "$BUILD/machine" "$machine"
cp "$BUILD/machine-git" "${machine%/*}/"
ln -s machine "$tmp/machine-qemu"
for f in limactl ssh qemu-img qemu-system-x86_64 qemu-system-aarch64 guest; do
	ln -s "$fakes/$f" "$bin/$f"
done
for f in bash cat chmod cp env false grep head id kill ln mkdir mktemp mv printf \
    pwd readlink rm rmdir sed setsid sh sleep seq sort stat sync tail timeout touch true uname yes; do
	p=$(command -v "$f") || continue
	case $p in /*) ;; *) p=/usr/bin/$f ;; esac
	ln -s "$p" "$tools/$f"
done
: >"$tmp/disk.img"
cat >"$MACHINE_HOME/config/config.yaml" <<-EOT
	images: {debian-13: {path: $tmp/disk.img}}
	engine: {accelerator: tcg}
EOT
: >"$project/Machinefile"
chmod -R go-w "$tmp"
umask 022
cd "$project" || exit 1

# machine as a user calls it, but without a terminal, with the world's PATH.
m() { PATH=$bin:$tools "$machine" "$@"; }
# Likewise, and it must come back: a second for each, and some for a busy host.
soon() { PATH=$bin:$tools timeout "${within:-3}" "$machine" "$@"; }

# run CMD...: its streams are in $tmp/out and $tmp/err, its status in $status.
run() {
	"$@" >"$tmp/out" 2>"$tmp/err" </dev/null
	status=$?
}
show() {
	echo "status $status, stdout:" && cat "$tmp/out"
	echo 'stderr:' && cat "$tmp/err"
}
# says STATUS TEXT: the last run ended so and said exactly this to the person.
says() {
	printf '%s\n' "${2-}" | sed '/^$/d' >"$tmp/want"
	if [ "$status" -ne "$1" ] || ! sed '/^$/d' "$tmp/err" |
	    cmp -s - "$tmp/want"; then
		show
		echo "wanted: status $1, stderr:" && cat "$tmp/want"
		return 1
	fi
}
# expect WHAT STATUS TEXT CMD...: one check, the last line of stderr is TEXT.
expect() {
	what=$1 status_=$2 text=$3 && shift 3
	run "$@"
	ok "$what" says "$status_" "$text"
}
# The same, of the last line: what went before is progress.
ends() {
	if [ "$status" -ne "$1" ] || [ "$(tail -n 1 "$tmp/err")" != "$2" ]; then
		show
		echo "wanted: status $1, at the end: $2"
		return 1
	fi
}
is() { [ "$1" = "$2" ] || { echo "got:    $1"; echo "wanted: $2"; return 1; }; }
not() { ! "$@"; }

# await CMD...: until it succeeds; what is waited for has one deadline.
await() {
	deadline=$(($(date +%s) + 15))
	until "$@" >/dev/null 2>&1; do
		if [ "$(date +%s)" -ge "$deadline" ]; then
			echo "waited in vain for: $*"
			return 1
		fi
	done
}

hash_now() { m status | sed -n 's/^hash *//p'; }
allow() { m -q allow --hash "$(hash_now)"; }
machinefile() { cat >Machinefile && allow; }
instance() { # the one of $project; "" before there is one
	for d in "$lima"/m-*; do [ -d "$d" ] && echo "$d"; done
}
calls() { # SUB [NAME]: how often was limactl asked for this?
	grep -c "^$1 ${2-}" "$fake/calls" 2>/dev/null || :
}
lives() { kill -0 "$1" 2>/dev/null && [ "$(ps -o stat= -p "$1" | cut -c 1)" != Z ]; }
gone() { ! lives "$1"; }
worker() { # the pid of the process behind vm_begin()
	ps -eo pid=,args= | awk -v m="$machine" -v p="$project" \
	    '$2 == m && $3 == "_start" && $4 == p { print $1; exit }'
}
working() { [ -n "$(worker)" ]; }
idle() { [ -z "$(worker)" ]; }

# Whatever was left running ends with the test, each by its own number.
end_world() {
	rm -f "$fake"/hold.* "$fake"/fault.*
	for pid in $(worker) $(cat "$HOME/pids" 2>/dev/null); do
		case $(ps -o args= -p "$pid") in
		sleep* | "$machine"*) kill -9 "$pid" ;;
		esac
	done 2>/dev/null
	await idle
	chmod -R u+rwX "$tmp" 2>/dev/null
	rm -rf "$tmp"
}
trap end_world EXIT
trap 'exit 1' INT TERM
