#!/bin/sh
# An agent that is root, as in a VM, and for whom it runs what: in a user
# namespace with a root and a nobody of its own.
if [ "$(id -u)" -ne 0 ]; then
	exec unshare --map-root-user --map-auto sh "$0" ||
	    { echo 'not ok 1 - nobody can be root in a namespace' && exit 1; }
fi
. tests/lib.sh
: "${tmp:?}" # made by lib.sh

guest=$BUILD/machine-guest user=$(id -u nobody) group=$(id -g nobody)
chmod 711 "$tmp" # nobody reads the scripts of its sessions
mkdir -m 700 "$tmp/ports" "$tmp/socket" "$tmp/other"
"$BUILD/agent_relay" "$tmp/ports" 2 "$guest" agent --dir "$tmp/run" \
    --user nobody --socket "$tmp/socket/fwd.sock" >"$tmp/relay" &
relay=$!
"$guest" agent --dir "$tmp/run2" --user no-such-user \
    --socket "$tmp/other/fwd.sock" &
other=$!
trap 'kill "$relay" "$other" 2>/dev/null; rm -rf "$tmp"' EXIT
until grep -qs ready "$tmp/relay" && [ -e "$tmp/socket/fwd.sock" ] &&
    [ -e "$tmp/other/fwd.sock" ]; do :; done

is() { [ "$1" = "$2" ] || { echo "got:    $1"; echo "wanted: $2"; return 1; }; }
client() { "$BUILD/agent_client" "$@"; }
ids='echo $(id -u) $(id -ru) $(id -g) $(id -G)'
as() { # WANT ARG...
	want=$1 && shift
	is "$(client "$@" exec sh -c "$ids" | tr -d '\r')" "$want"
}
refused() { # TEXT ARG...
	want=$1 && shift
	client "$@" exec touch "$tmp/ran" 2>"$tmp/err" </dev/null; rc=$?
	is "$rc:$(grep -c "$want" "$tmp/err")" 125:1 && [ ! -e "$tmp/ran" ]
}
session() {
	TERM=dumb HOME=/ client -o cwd=/ -o "run=$tmp/other" "$1" line bash "s-$$" \
	    "$ids" </dev/null >"$tmp/line" 2>&1
	is "$(tr -d '\r' <"$tmp/line" | tail -n 1)" "$user $user $group $group"
}

for way in ports socket; do
	ok "by $way a command is the user's" as "$user $user $group $group" "$tmp/$way"
	ok "by $way one on a terminal is, too" as "$user $user $group $group" -t "$tmp/$way"
	ok "by $way a session is, too" session "$tmp/$way"
done
ok 'by ports one may be root' as '0 0 0 0' -r "$tmp/ports"
ok 'by the socket none may' refused 'over a socket the guest runs nothing as root' -r "$tmp/socket"
ok 'nor on a terminal' refused 'over a socket the guest runs nothing as root' -r -t "$tmp/socket"
ok 'the socket is the user'"'"'s' is "$(stat -c '%u %a' "$tmp/socket/fwd.sock")" "$user 600"
ok 'without the user nothing is run' refused 'there is no user no-such-user' "$tmp/other"
plan
