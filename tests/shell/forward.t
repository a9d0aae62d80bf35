#!/bin/sh
# The agent of a guest that boots by itself: put there by ssh, and reached by a
# socket that ssh forwards. The guest is a fake; its agent is not.
. tests/fake/world.sh
: "${tmp:?}" "${machine:?}" "${MACHINE_HOME:?}" "${fake:?}" "${lima:?}" # world.sh

cp "$BUILD/machine-guest" "${machine%/*}/"
machinefile </dev/null
way() { is "$(m status | sed -n 's/^way *//p')" "$1"; }
limactls() { is "$(calls shell)" "$1"; }
agent_pid() { m run sh -c 'echo $PPID'; }

touch "$fake/fault.master"
run m start
before=$(calls shell)
run m run true
ok 'without a connection of ssh there is limactl' limactls $((before + 1))
ok 'and status says so' way 'limactl shell'

rm "$fake/fault.master"
sock=$MACHINE_HOME/run/$(basename "$(instance)" | sed 's/^m-//')/fwd.sock
anew() { m stop >/dev/null 2>&1; run m start && is "$status" 0; }
ok 'a start makes the way' anew
ok 'which is ours' is "$(stat -c '%F %a' "$sock")" 'socket 600'
ok 'and status names it' way 'agent (ssh)'
json() { m status --json | grep -q '"way": *"agent (ssh)"'; }
ok 'its JSON, too' json
before=$(calls shell)
exact() { run m run printf '%s|' 'a=b' '' '*' && is "$(cat "$tmp/out")" 'a=b||*|'; }
ok 'a command goes over it' exact
status_is() { run m run sh -c "exit $1" && is "$status" "$1" || is "$status" "$1"; }
ok 'with its status' status_is 42
ok 'limactl takes no part' limactls "$before"
agent=$(agent_pid)
# Each has a session of its own, and would stay.
finish() { kill "$agent" 2>/dev/null; end_world; }
trap finish EXIT

# What is left over of a way that leads nowhere.
kill -9 "$agent"
run m run true
ok 'a dead way is passed by' limactls $((before + 1))
ok 'a start makes it anew' anew
ok 'and it works' exact
agent=$(agent_pid)
plan
