#!/bin/sh
# Commands over an agent that runs here, by both kinds of way: the ports that a
# relay serves as QEMU does, and a socket. CASES: how many random commands.
. tests/lib.sh
: "${tmp:?}" # made by lib.sh
[ -z "${MACHINE_TEST_QUICK-}" ] || : "${CASES:=1000}" "${ROUNDS:=16}"

ports=$tmp/ports socket=$tmp/socket guest=$BUILD/machine-guest
mkdir -m 700 "$ports" "$socket" "$tmp/none"
"$guest" agent --socket "$socket/fwd.sock" --dir "$tmp/run1" &
agent=$!
"$BUILD/agent_relay" "$ports" 4 "$guest" agent --dir "$tmp/run2" >"$tmp/relay" &
relay=$!
trap 'kill "$agent" "$relay" 2>/dev/null; rm -rf "$tmp"' EXIT
until grep -q ready "$tmp/relay" && [ -e "$socket/fwd.sock" ]; do :; done

c() { "$BUILD/agent_client" "$way" exec "$@"; }
opt() { "$BUILD/agent_client" "$@"; }
is() { [ "$1" = "$2" ] || { echo "got:    $1"; echo "wanted: $2"; return 1; }; }
# status WANT CMD...
status() {
	want=$1 && shift
	"$@"
	is $? "$want"
}

streams_are_apart() {
	c sh -c 'echo out; echo err >&2; exit 7' >"$tmp/out" 2>"$tmp/err"
	is "$?:$(cat "$tmp/out"):$(cat "$tmp/err")" '7:out:err'
}
# shellcheck disable=SC2094 # cmp only reads it
binary_both_ways() {
	head -c 3000000 "$BUILD/machine" >"$tmp/binary"
	c cat <"$tmp/binary" | cmp - "$tmp/binary"
}
without_reader() { # bash has PIPESTATUS
	export way BUILD
	# shellcheck disable=SC2016
	is "$(timeout 30 bash -c '"$BUILD/agent_client" "$way" exec yes | head -n 1
		echo "${PIPESTATUS[0]}"')" "$(printf 'y\n141')"
}
writer_alone() { # others of the command go on
	is "$(c sh -c 'yes; echo $? >&2; exit 3' 2>"$tmp/err" | head -n 1)" y &&
	    is "$(cat "$tmp/err")" 141 &&
	    is "$({ c sh -c 'yes >&2; echo $?'; echo "$?"; } 2>&1 >"$tmp/out" | head -n 1)" y &&
	    is "$(cat "$tmp/out")" "$(printf '141\n0')"
}
half_closed() { # the command goes on after its input has ended
	is "$(printf 'a\n' | c sh -c 'cat; echo end')" "$(printf 'a\nend')"
}
# shellcheck disable=SC2016 # the guest's
long_arguments() {
	word=$(head -c 131000 /dev/zero | tr '\0' x)
	is "$(c sh -c 'echo "${#1} $#"' sh "$word" "$word" "$word")" '131000 3'
}
without_terminal() { # as cron starts it, and with nothing open
	is "$(setsid "$BUILD/agent_client" "$way" exec echo hi </dev/null)" hi &&
	    is "$(c echo hi <&-)" hi && status 0 c sh -c 'echo x' >&- 2>&-
}
many_at_once() {
	for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do
		for j in 1 2 3 4; do
			(c sh -c "echo $i.$j; exit $((i + j))" >"$tmp/many.$i.$j"
			echo $? >>"$tmp/many.$i.$j") &
			pids="${pids-} $!"
		done
	done
	# shellcheck disable=SC2086 # words
	wait $pids
	for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do
		for j in 1 2 3 4; do
			is "$(cat "$tmp/many.$i.$j")" \
			    "$(printf '%s\n' "$i.$j" $((i + j)))" || return 1
		done
	done
}
pipeline() {
	is "$(seq 20000 | c cat | c grep 7 | c sort -n | c wc -l)" \
	    "$(seq 20000 | grep -c 7)"
}
memory() { # a gibibyte, a reader that stops for a while
	# shellcheck disable=SC2016
	sh -c 'echo $$ >"$0"; exec "$@"' "$tmp/pid" "$BUILD/agent_client" "$way" \
	    exec head -c 1073741824 /dev/zero | {
		head -c 536870912 >/dev/null
		sed -n 's/VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$(cat "$tmp/pid")/status" >"$tmp/rss"
		wc -c
	} >"$tmp/rest"
	echo "# $(cat "$tmp/rss") KiB" >&2
	is "$(cat "$tmp/rest")" 536870912 && [ "$(cat "$tmp/rss")" -le "${RSS:-8192}" ]
}
one_process() {
	strace -f -qq -e trace=process -o "$tmp/trace" "$BUILD/agent_client" \
	    "$way" exec true &&
	    is "$(grep -c 'execve(' "$tmp/trace")" 1 &&
	    ! grep -E 'fork\(|clone3?\(' "$tmp/trace"
}

for way in "$ports" "$socket"; do
	by=${way##*/}
	ok "by $by: three streams, a status" streams_are_apart
	ok "by $by: statuses of what cannot be run" eval '
		status 127 c no-such-command && status 126 c /etc/passwd &&
		status 126 c / && status 137 c sh -c "kill -9 \$\$"'
	ok "by $by: every byte" binary_both_ways
	ok "by $by: an input that ends" half_closed
	ok "by $by: an output that nobody reads" without_reader
	ok "by $by: of which only its writer learns" writer_alone
	ok "by $by: arguments as long as the kernel takes" long_arguments
	ok "by $by: without a terminal" without_terminal
	ok "by $by: 64 at once" many_at_once
	ok "by $by: in a pipeline" pipeline
	ok "by $by: one process" one_process
	ok "by $by: 1 GiB in 8 MiB" memory
done

# --- random commands -------------------------------------------------------------

cases=${CASES:-10000} jobs=$(getconf _NPROCESSORS_ONLN) first=${SEED:-1}
random_commands() {
	for j in $(seq "$jobs"); do
		"$BUILD/agent_property" $((cases / jobs)) $((first + (j - 1) * (cases / jobs))) \
		    "$ports" "$socket" >"$tmp/property.$j" &
		pids="${pids-} $!"
	done
	# shellcheck disable=SC2086
	wait $pids
	cat "$tmp"/property.*
	is "$(grep -c '^ok' "$tmp"/property.* | grep -c ':1$')" "$jobs"
}
pids=
ok "$cases random commands do what they do here" random_commands

# --- a guest that is lost ----------------------------------------------------------

says() { # STATUS TEXT CMD...
	want=$1 text=$2 && shift 2
	"$@" 2>"$tmp/err"
	is "$?" "$want" && { grep -q "$text" "$tmp/err" || { cat "$tmp/err"; return 1; }; }
}
killed_agent() {
	mkdir -m 700 "$tmp/lost" && "$guest" agent --socket "$tmp/lost/fwd.sock" --dir "$tmp/run3" &
	pid=$!
	(way=$tmp/lost; "$BUILD/agent_client" "$way" exec sh -c 'echo up; sleep 60'; echo $? >"$tmp/st") \
	    >"$tmp/up" 2>"$tmp/err" &
	waits=$!
	until grep -q up "$tmp/up"; do :; done
	start=$(date +%s)
	kill -9 "$pid"
	wait "$waits"
	is "$(cat "$tmp/st")" 125 && grep -q 'may have run' "$tmp/err" &&
	    [ $(($(date +%s) - start)) -le 3 ]
}
restarted_agent() {
	"$BUILD/agent_client" "$ports" exec sh -c 'echo up; sleep 60' >"$tmp/up" 2>"$tmp/err" &
	waits=$!
	until grep -q up "$tmp/up"; do :; done
	kill -USR1 "$relay"
	wait "$waits"
	is $? 125 && grep -q 'may have run' "$tmp/err" && way=$ports && is "$(c echo again)" again
}
dead_vm() { # the way stays open, as a forwarded socket does
	sleep 1000 &
	vm=$!
	(opt -o pid=$vm "$socket" exec sh -c 'echo up; sleep 60' >"$tmp/up" 2>"$tmp/err"; echo $? >"$tmp/st") &
	waits=$!
	until grep -q up "$tmp/up"; do :; done
	start=$(date +%s)
	kill -9 $vm
	wait $waits
	is "$(cat "$tmp/st")" 125 && grep -q 'the VM has gone away' "$tmp/err" &&
	    [ $(($(date +%s) - start)) -le 3 ]
}
frozen() {
	(opt -o ping=200 -o frozen=1000 "$socket" exec sh -c 'echo up; sleep 60' >"$tmp/up" 2>"$tmp/err"; echo $? >"$tmp/st") &
	waits=$!
	until grep -q up "$tmp/up"; do :; done
	kill -STOP "$agent"
	wait $waits
	kill -CONT "$agent"
	is "$(cat "$tmp/st")" 125 && grep -q 'not answered' "$tmp/err"
}
busy() { # a pause that is no death
	(opt -o ping=100 -o frozen=60000 "$socket" exec sh -c 'echo up; sleep 0.5; exit 5' >"$tmp/up"; echo $? >"$tmp/st") &
	waits=$!
	until grep -q up "$tmp/up"; do :; done
	kill -STOP "$agent"
	sleep 3
	kill -CONT "$agent"
	wait $waits
	is "$(cat "$tmp/st")" 5
}
appears() {
	opt -o wait=20000 "$tmp/later" exec echo here >"$tmp/up" &
	waits=$!
	mkdir -m 700 "$tmp/later"
	ln -s "$socket/fwd.sock" "$tmp/later/fwd.sock"
	wait $waits && is "$(cat "$tmp/up")" here
}
silent_port() { # as one is whose name the guest has not been told
	mkdir -m 700 "$tmp/deaf"
	"$BUILD/agent_relay" "$tmp/deaf" 2 "$guest" agent --dir "$tmp/run4" >"$tmp/deaf.log" &
	other=$!
	until grep -q ready "$tmp/deaf.log"; do :; done
	rm "$tmp/deaf/p1.sock"
	python3 -c 'import signal, socket, sys
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1])
s.listen()
signal.pause()' "$tmp/deaf/p1.sock" &
	deaf=$!
	until [ -S "$tmp/deaf/p1.sock" ]; do :; done
	is "$(opt -o wait=20000 "$tmp/deaf" exec echo hi)" hi
	rc=$?
	kill $other $deaf
	return $rc
}
ok 'a port that says nothing is left for another' silent_port
ok 'an agent that is killed is noticed' killed_agent
ok 'one that is started anew, too' restarted_agent
ok 'a VM that is gone, too' dead_vm
ok 'one that is frozen, too' frozen
ok 'one that is busy is waited for' busy
ok 'without a way nothing is run' says 125 'nothing was run' opt -o wait=0 "$tmp/none" exec true
ok 'a way that appears is taken' appears
chmod 755 "$tmp/none"
ok 'a directory that others can enter is not' says 125 'not a private directory' opt -o wait=0 "$tmp/none" exec true

# --- deaths, and the terminal ---------------------------------------------------------

mkdir -m 700 "$tmp/death" "$tmp/terminal"
kill "$relay"
tap() { # the tests of a program that prints TAP, as ours
	"$@" >"$tmp/tap" 2>&1
	while IFS= read -r line; do
		case $line in
		ok\ *) count=$((count + 1)) && echo "ok $count -${line#*-}" ;;
		not\ *) count=$((count + 1)) && echo "not ok $count -${line#*-}" ;;
		[0-9]*..*) ;;
		*) echo "# $line" ;;
		esac
	done <"$tmp/tap"
	ok "${1##*/} $2 came to its end" grep -q '^1\.\.' "$tmp/tap"
}
tap python3 tests/agent/terminal.py "$BUILD/agent_client" "$socket" "$tmp/terminal"
tap python3 tests/agent/death.py "$BUILD/agent_client" "$BUILD/agent_relay" "$guest" "$tmp/death" "${ROUNDS:-60}"
plan
