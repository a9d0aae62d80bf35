#!/bin/sh
# `machine run`, `machine shell` and a typed line over the agent of a VM that is
# a fake, but for the agent, which runs here.
. tests/fake/world.sh
: "${tmp:?}" "${project:?}" "${machine:?}" "${MACHINE_HOME:?}" "${fake:?}" "${lima:?}" # world.sh

guest=$BUILD/machine-guest
machinefile <<-'EOT'
	env: {GREETING: hello}
EOT
run m run true
before=$(calls shell)
ok 'without an agent limactl is asked' test "$status:$before" != 0:0

instance=$(instance)
id=${instance##*/m-}
way=$MACHINE_HOME/run/$id
mkdir -p "$way" && chmod 700 "$MACHINE_HOME/run" "$way"
PATH=/usr/bin:/bin "$guest" agent --socket "$way/fwd.sock" --dir "$tmp/agent" &
agent=$!
echo $agent >>"$HOME/pids"
await test -e "$way/fwd.sock"
finish() { kill "$agent" 2>/dev/null; end_world; }
trap finish EXIT

prints() { # TEXT CMD...
	text=$1 && shift
	run "$@"
	is "$(cat "$tmp/out")" "$text" || { show; return 1; }
}
expect_status() { want=$1 && shift && run "$@" && is "$status" "$want"; }
# shellcheck disable=SC2016 # the guest's
in_guest='echo "$PWD $GREETING $MACHINE_GUEST"'
ok 'words arrive as they are' prints 'a=b|*||' m run printf '%s|' 'a=b' '*' ''
ok 'in the same directory, with its variables' prints "$project hello 1" m run sh -c "$in_guest"
ok 'its status' expect_status 42 m run -- sh -c 'exit 42'
ok 'killed by a signal' expect_status 137 m run sh -c 'kill -9 $$'
dies() { # as a shell sees it; -2 is SIGINT
	PATH=$bin:$tools "${python:?}" -c 'import subprocess, sys; print(subprocess.call(sys.argv[1:]))' \
	    "$machine" run sh -c "$1" >"$tmp/died" 2>&1
	is "$(cat "$tmp/died")" "$2"
}
python=$(command -v python3)
ok 'of SIGINT it dies itself, for loops' dies 'kill -INT $$' -2
ok 'a status of 130 is one' dies 'exit 130' 130
ok 'not found' expect_status 127 m run no-such-program
ok 'and says so' says 127 'machine: no-such-program: command not found'
ok '-T: no terminal' expect_status 1 m run -T tty -s
ok '-t: a terminal all the same' expect_status 0 m run -t tty -s
ok 'an unknown option' expect_status 2 m run -x true
ok 'no limactl took part' is "$(calls shell)" "$before"

one_process() {
	PATH=$bin:$tools strace -f -qq -e trace=process -o "$tmp/trace" "$machine" run true || return 1
	is "$(grep -c 'execve(' "$tmp/trace")" 1 && ! grep -E 'fork\(|clone3?\(' "$tmp/trace"
}
strace=$(command -v strace)
ln -s "${strace:-/usr/bin/strace}" "$tools/strace"
ok 'one process, no exec but its own' one_process

line() { # TEXT: as the bash hook asks, on no terminal
	: >"$MACHINE_HOME/run/b1.1"
	MACHINE_SHELL=bash MACHINE_SID=b1-2 MACHINE_ROOT=$project MACHINE_STATUS=3 \
	    MACHINE_RESULT=$MACHINE_HOME/run/b1.1 MACHINE_LINE=$1 MACHINE_EXPANDED=$1 PWD=$PWD run m _line
}
result() { sed -n "$1p" "$MACHINE_HOME/run/b1.1"; }
# shellcheck disable=SC2016 # the guest's
keeps_state() {
	line 'v=42' && is "$status" 0 && is "$(result 1)" 0 &&
	    line 'echo $v; (exit 9)' && is "$(result 1)" 9 && grep -q 42 "$tmp/out"
}
follows() {
	mkdir -p sub && line 'eval cd sub' && is "$(result 2)" "$project/sub"
}
stays() { line 'eval cd /usr' && is "$(result 1):$(result 2)" 0:; }
lies() { # what looks inside and is not
	ln -sfn /usr link && line 'eval cd link' && is "$(result 2)" ''
}
ok 'a session keeps its state' keeps_state
ok 'the shell follows within the project' follows
ok 'and not out of it' stays
ok 'not by a link either' lies

lost() {
	(m run sh -c 'echo up; sleep 60' >"$tmp/up" 2>"$tmp/err"; echo $? >"$tmp/st") &
	waits=$!
	await grep -q up "$tmp/up"
	kill -9 "$agent"
	wait $waits
	is "$(cat "$tmp/st")" 125 && grep -q 'may have done some of its work' "$tmp/err"
}
ok 'a guest that is lost' lost
expect_limactl() { run m run true && is "$(calls shell)" $((before + 1)); }
ok 'without its agent limactl is asked again' expect_limactl
plan
