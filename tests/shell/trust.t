#!/bin/sh
# Nothing of a project takes effect before a person has approved it: through the
# command line, with everything that a hostile project can put in the way.
. tests/fake/world.sh

mf=$project/Machinefile
not_yet="machine: $mf is not allowed yet: read it, then type: machine allow"
changed="machine: $mf has changed or is missing, so nothing new is started: read it, then type: machine allow"
pty() { PATH=$bin:$tools:/usr/bin python3 "$fakes/terminal.py" "$@"; }
trust_is() { is "$(m status | sed -n 's/^trust *//p')" "$1"; }
untouched() { [ ! -e "$fake/calls" ] && [ ! -e "$lima" ]; }

# --- before the decision ----------------------------------------------------------
printf 'provision:\n  - run: touch %s/ran\n' "$tmp" >Machinefile
for words in 'run true' 'run -- true' shell; do
	# shellcheck disable=SC2086 # words
	expect "$words is refused" 125 "$not_yet" soon $words
done
for words in start 'start --background'; do
	# shellcheck disable=SC2086 # words
	expect "$words is refused" 1 "$not_yet" soon $words
done
expect 'the worker refuses it too' 1 "$not_yet" soon _start "$project"
run soon status
ok 'status says so' is "$status $(sed -n 's/^trust *//p' "$tmp/out")" \
    '4 is not allowed yet: read it, then type: machine allow'
ok 'no state was made, Lima was not asked' test ! -e "$state/projects"
ok 'and nothing of it ran' untouched

# --- what a script can do -------------------------------------------------------------
# setsid: without a terminal there is nobody to ask.
no_tty() { PATH=$bin:$tools:/usr/bin setsid -w "$machine" "$@" </dev/null; }
no_allow='machine: not allowed (in a script: --hash): this needs a terminal to ask for your decision'
run no_tty allow
ok 'without a terminal nothing is allowed' ends 2 "$no_allow"
run eval 'yes | PATH=$bin:$tools:/usr/bin setsid -w "$machine" allow'
ok 'y on stdin is no answer' ends 2 "$no_allow"
ok 'none of these decided anything' trust_is 'is not allowed yet: read it, then type: machine allow'
hash=$(hash_now)
digits='machine: --hash takes 32 to 64 hexadecimal digits, as `machine status` shows them'
wrong="machine: $mf is not the one with this hash: nothing is allowed"
expect '--hash of nothing' 2 "$digits" m allow --hash ''
expect '--hash too short' 2 "$digits" m allow --hash "${hash%?}"
expect '--hash too long' 2 "$digits" m allow --hash "$hash${hash}0"
expect '--hash of something else' 1 "$wrong" m allow --hash "$(printf '%032d' 0)"
expect 'a wrong last digit' 1 "$wrong" m allow --hash "${hash%?}$(echo "$hash" | sed 's/.*\(.\)$/\1/' | tr 0-9a-f 1-9a-f0)"
ok 'none of these decided anything' trust_is 'is not allowed yet: read it, then type: machine allow'
expect 'the hash that status shows is right' 0 "machine: $mf is allowed" \
    m allow --hash "$hash"
ok '(status knows)' trust_is allowed

# --- deny is sticky ------------------------------------------------------------------------
denied="machine: $mf is denied: to change that, type: machine allow"
expect 'deny' 0 "machine: $project is denied: its lines do not run; a VM that runs is stopped by: machine stop" m deny
expect 'lines do not run' 125 "$denied" m run true
echo '# other bytes' >>Machinefile
expect 'also with other bytes' 125 "$denied" m run true
rm Machinefile
expect 'without a Machinefile it is no project' 125 \
    'machine: there is no Machinefile here or above: to write one, type: machine init' m run true
: >Machinefile
expect 'an empty one is denied as well' 125 "$denied" m run true
expect 'until allow' 0 "machine: $mf is allowed" m allow --hash "$(hash_now)"
ok 'still nothing ran' untouched

# --- a person at a terminal -------------------------------------------------------------------
m -q deny
cat >Machinefile <<'EOT'
env: {GREETING: hello}
ports: [3000]
provision:
  - {name: tools, as: root, run: apt-get install -y x}
EOT
answer() { # ANSWER TRUST
	run pty '(eny)] ' "$1" "$machine" allow
	trust_is "$2"
}
no='is denied: to change that, type: machine allow'
for a in 'n\n' '\n' '\x04' 'no\n' ' y\n' 'Ja\n' 'maybe y\n'; do
	ok "the answer '${a%?n}' is no" answer "$a" "$no"
	ok 'and said' is "$status $(tail -n 1 "$tmp/out" | tr -d '\r' | sed 's/.*(eny)\] //')" \
	    '1 machine: not allowed'
done
ok 'Control-C is no' answer '\x03' "$no"
ok 'and ends it' is "$status" 130
ok 'the answer y is yes' answer 'y\n' allowed
ok 'and said' is "$status $(tail -n 1 "$tmp/out" | tr -d '\r')" "0 machine: $mf is allowed"
tr -d '\r' <"$tmp/out" | sed '/(eny)\]/,$d' >"$tmp/shown"
ok 'the display is exactly this' is "$(cat "$tmp/shown")" "$mf:
  not in a git repository
  | env: {GREETING: hello}
  | ports: [3000]
  | provision:
  |   - {name: tools, as: root, run: apt-get install -y x}
It asks for:
! image     debian-13
! resources 2 cpus, 2048 MiB of memory, 20480 MiB of disk
! files     this directory, to read and write; nothing else
! network   open: the internet, your network, servers on this host
! port      127.0.0.1:3000 to 3000 in the VM
! env       GREETING=hello
! script    step 1 tools, 1 line, run in the VM as root"
sed -i 's/hello/bye/; s/3000/3000, 8080/' Machinefile
run pty '(eny)] ' 'y\n' "$machine" allow
ok 'a second time what is new is marked' is "$(tr -d '\r' <"$tmp/out" | grep '^!')" \
    '! port      127.0.0.1:8080 to 8080 in the VM
! env       GREETING=bye'
ok 'and only that' grep -q '^  port      127.0.0.1:3000' "$tmp/out"
ok 'what has changed is shown, not the whole' is \
    "$(tr -d '\r' <"$tmp/out" | sed -n 's/^  | \([-+].*\)/\1/p')" \
    '-env: {GREETING: hello}
-ports: [3000]
+env: {GREETING: bye}
+ports: [3000, 8080]'
ok 'the answer d denies' answer 'd\n' "$no"
# An editor in between: what it has written is shown and asked about.
printf '#!/bin/sh\n[ "$1" = -w ] && sed -i s/bye/edited/ "$2"\n' >"$tmp/editor"
chmod +x "$tmp/editor"
run env EDITOR="$tmp/editor -w" "$fakes/terminal.py" '(eny)] ' 'e\n\x1fy\n' "$machine" allow
ok 'the answer e edits, and asks again' trust_is allowed
ok 'about what was edited' grep -q 'GREETING: edited' "$tmp/out"

# What a Machinefile can hold of these is in comments and text: ESC [ ... , OSC 52,
# C1, CR, backspace, right-to-left override, zero width, tag characters, BOM inside.
printf '# \033[2J\033]52;c;ZXZpbA==\a \302\2332J \r\b\b x \342\200\256txt \342\200\213 \363\240\201\201 \357\273\277y\n' >odd
printable() { # all that came is text, tab and newline (CR LF on a terminal)
	! tr -d '\r' <"$tmp/out" | LC_ALL=C grep -q "$(printf '[\001-\010\013-\037\177]')" &&
	    ! LC_ALL=C grep -Eq "$(printf '\302[\200-\237]|\342\200[\213\256]|\363\240|\357\273\277')" "$tmp/out"
}
for where in comment value; do
	case $where in
	comment) cp odd Machinefile ;;
	value) printf 'env: {A: "%s"}\n' "$(sed 's/^# //' odd)" >Machinefile ;;
	esac
	run pty '(eny)] ' 'n\n' "$machine" allow
	ok "nothing in a $where drives the terminal" printable
	ok 'and the file is refused' grep -Eq "^machine: $mf:1:[0-9]+: character U.001B is not allowed" "$tmp/out"
	run pty '' '' "$machine" check
	ok "nor in what check says of it" printable
done
run cat odd
ok '(the test of that would see it)' not printable
printf '"\\e]52;c;x\\a": 1\nenv: {A: "\\u202e\\x9b"}\n' >Machinefile
run pty '' '' "$machine" check
ok 'nor does what YAML escapes hide' printable
ok 'and such a file is refused' is "$status" 1
mkdir "$tmp/work/$(printf 'a\033[2Jb')" && cd "$tmp/work/$(printf 'a\033[2Jb')" && : >Machinefile
run pty '' '' "$machine" run true
ok 'nor the name of a directory' printable
ok 'which cannot be a project' grep -q "a.x1b\[2Jb cannot be a project: its path has characters that cannot be shown" "$tmp/out"
cd "$project" || exit 1

# --- a file that is none --------------------------------------------------------------------
# With a VM running, which has to be left alone.
: >Machinefile && allow
run m -q start
ok 'a VM runs' says 0
grep -v shell "$fake/calls" >"$tmp/calls"
agent=$(cat "$(instance)/ha.pid" || echo 0)
alone() { lives "$agent" && grep -v shell "$fake/calls" | cmp -s "$tmp/calls" -; }
no_file() { # WHAT MESSAGE: Machinefile is something else now
	expect "$1: a line is refused" 125 "machine: $project: $2" soon run true
	expect "$1: start is refused" 1 "machine: $project: $2" soon start
	expect "$1: allow" 1 "machine: $project: $2" soon allow
	expect "$1: check" 1 "machine: $2" soon check
	run soon status
	ok "$1: status" is "$status" 4
	m -q deny
	m -q deny && rm -r "$state"/projects/*/trust
	expect "$1: and without a decision" 125 "machine: $project: $2" soon run true
	ok "$1: the VM was left alone" alone
	rm -rf Machinefile && : >Machinefile && allow
}
rm Machinefile && mkfifo Machinefile
no_file 'a FIFO' 'Machinefile is a FIFO, not a regular file'
rm Machinefile && mkdir Machinefile
no_file 'a directory' 'Machinefile is a directory, not a regular file'
for to in /dev/zero /dev/tty / nowhere "$tmp/disk.img"; do
	rm -rf Machinefile && ln -s "$to" Machinefile
	no_file "a link to $to" 'Machinefile is a symbolic link, not a regular file'
done
rm Machinefile && truncate -s 3G Machinefile
no_file '3 GB' 'Machinefile is larger than 256 KiB'
rm Machinefile && python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("Machinefile")'
no_file 'a socket' 'Machinefile is a socket, not a regular file'
: >Machinefile && chmod 000 Machinefile
no_file 'unreadable' 'cannot open Machinefile: Permission denied'
expect 'back again, the line runs' 0 '' m run true
echo 'cpus: many' >Machinefile
expect 'an invalid one: the VM goes on as allowed' 0 '' m run true
expect 'allow says what is wrong' 1 "machine: $mf:1:7: cpus: \"many\" is not a whole number" soon allow
printf 'a: &a [*a]\n' >Machinefile
run soon allow
ok 'a YAML bomb is refused' is "$status" 1
ok 'the VM was left alone' alone
m -q stop
expect 'and with it stopped nothing new starts' 125 "$changed" m run true
expect 'nor by start' 1 "$changed" m -q start
: >Machinefile
expect 'until it is as it was' 0 '' m -q run true

# --- places that are no project -----------------------------------------------------------------
place() { # DIR MESSAGE
	: >"$1/Machinefile"
	expect "no project in $2" 125 "machine: $3" env -C "$1" PATH="$bin:$tools" "$machine" run true
	rm -f "$1/Machinefile"
}
place "$HOME" 'the home directory' "$HOME cannot be a project: it holds your home directory, all of which the VM could then write"
place "$tmp" 'what holds it' "$tmp cannot be a project: it holds your home directory, all of which the VM could then write"
place "$state" 'our state' "$state cannot be a project: it would give the VM $state"
place "$MACHINE_HOME" 'what holds our files' "$MACHINE_HOME cannot be a project: it would give the VM $MACHINE_HOME/config"
mkdir -m 700 "$HOME/.ssh"
place "$HOME/.ssh" 'the keys' "$HOME/.ssh cannot be a project: it would give the VM $HOME/.ssh"
mkdir -p "$tmp/work/open/in" && chmod o+w "$tmp/work/open"
place "$tmp/work/open" 'what all can write' "$tmp/work/open can be written by every user: type: chmod o-w $tmp/work/open"
place "$tmp/work/open/in" 'what is below that' "$tmp/work/open can be written by every user: type: chmod o-w $tmp/work/open"

# --- the state directory -----------------------------------------------------------------------------
p=$(echo "$state"/projects/*)
open_to() { # DIR: as others see it
	hash=$(hash_now) && chmod 755 "$1"
	expect "open to others: ${1#"$MACHINE_HOME/"}" 125 "machine: $2 is open to other users: type: chmod 700 $2" m run true
	run m allow --hash "$hash"
	ok 'and allow does not write there' ends 1 "machine: cannot record the decision: $2 is open to other users: type: chmod 700 $2"
	chmod 700 "$1"
}
open_to "$state/projects" "$state/projects"
open_to "$p" "$p"
broken='machine: the record of your decision is damaged: type: machine allow'
cp "$p/trust" "$tmp/trust"
refused() { expect "a record $1" 125 "${2-$broken}" m run true; cp "$tmp/trust" "$p/trust"; }
: >"$p/trust" && refused 'that is empty'
head -c 20 "$tmp/trust" >"$p/trust" && refused 'that is cut off'
sed 's/^machine-trust 1/machine-trust 2/' "$tmp/trust" >"$p/trust" && refused 'of another version'
sed "s|^$project\$|/elsewhere|" "$tmp/trust" >"$p/trust" && refused 'about another directory'
(cat "$tmp/trust" && printf '#') >"$p/trust" && refused 'with more in it than was written'
rm "$p/trust" && ln -s "$tmp/trust" "$p/trust"
expect 'a record that is a link' 125 'machine: trust is a symbolic link, not a regular file' m run true
rm "$p/trust" && mkfifo "$p/trust"
expect 'a record that is a FIFO' 125 'machine: trust is a FIFO, not a regular file' soon run true
rm "$p/trust" && cp "$tmp/trust" "$p/trust"
expect 'the true one, again' 0 '' m -q run true
# The key is the path as well as the bytes.
cp -r "$project" "$tmp/work/copy" && cd "$tmp/work/copy" || exit 1
expect 'a copy elsewhere is not allowed' 125 \
    "machine: $PWD/Machinefile is not allowed yet: read it, then type: machine allow" m run true
cd "$project" || exit 1
mv "$project" "$tmp/work/old" && mkdir "$project" && cd "$project" && echo 'cpus: 1' >Machinefile
expect 'another one in its place is not either' 0 \
    "$(echo "machine: $mf has changed: the VM goes on as you allowed it, until you type: machine allow" | sed d)" m run true
cd "$tmp" && rm -r "$project" && mv work/old "$project" && cd "$project" || exit 1

# --- a disk that is full or read-only -------------------------------------------------------------------
: >Machinefile && allow && cp "$p/trust" "$tmp/trust"
echo 'cpus: 1' >Machinefile
chmod 500 "$p"
expect 'read-only: allow says so' 1 \
    "machine: cannot record the decision: cannot create .trust.PID.tmp: Permission denied" \
    eval 'm allow --hash "$(hash_now)" 2>"$tmp/e"; r=$?; sed "s/\.[0-9]*\.tmp/.PID.tmp/" "$tmp/e" >&2; (exit $r)'
chmod 700 "$p"
ok 'read-only: the old decision holds' cmp "$p/trust" "$tmp/trust"
hash=$(hash_now)
limited() {
	(trap '' XFSZ && ulimit -f 0 && m allow --hash "$hash" 2>&1) | cat
}
ok 'no file may grow: allow says so' is "$(limited)" \
    'machine: cannot record the decision: cannot write trust: File too large'
ok 'no file may grow: the old decision holds' cmp "$p/trust" "$tmp/trust"
ok 'and nothing is left behind' is "$(ls -A "$p" | grep '\.tmp$')" ''
# A real full disk, where the kernel lets us have one.
mkdir "$tmp/full"
if unshare -rm true 2>/dev/null; then
	run unshare -rm sh -c '
		mount -t tmpfs -o size=512k,mode=700 full "$1" && cp -r "$2/." "$1/" &&
		chmod -R go-rwx "$1" && { yes >"$1/filler" 2>/dev/null
		export MACHINE_HOME="$1" HOME="${PWD%/*}" # this root knows no owner of /tmp
		"$3" allow --hash "$4"; s=$?; cmp "$1"/state/projects/*/trust "$5" >&2
		find "$1" -name "*.tmp" >&2; exit $s; }' sh "$tmp/full" "$MACHINE_HOME" "$machine" "$(hash_now)" "$tmp/trust"
	ok 'a full disk: allow says so, the old decision holds, nothing is left' ends 1 \
	    'machine: cannot record the decision: cannot write trust: No space left on device'
fi
allow
ok 'with room it is recorded' trust_is allowed

# --- at once ----------------------------------------------------------------------------------------------
i=0 pids=
while [ "$i" -lt 50 ]; do
	i=$((i + 1)) && mkdir "$tmp/work/p$i" && echo "cpus: 1 # $i" >"$tmp/work/p$i/Machinefile"
done
i=0
while [ "$i" -lt 50 ]; do
	i=$((i + 1)) d=$tmp/work/p$i
	(cd "$d" && m allow --hash "$(hash_now)" >"$tmp/o.$i" 2>&1) &
	pids="$pids $!"
done
failed=
for pid in $pids; do wait "$pid" || failed="$failed $pid"; done
ok '50 at once: none failed' is "$failed" ''
ok '50 at once: each is recorded' is "$(sed "s|$tmp/work/p||" "$state/roots" | grep -x '[0-9]*' | sort -n | tr '\n' ' ')" "$(seq -s ' ' 50) "
i=0 pids=
while [ "$i" -lt 50 ]; do
	i=$((i + 1))
	m -q allow --hash "$(hash_now)" 2>>"$tmp/o" & pids="$pids $!"
done
for pid in $pids; do wait "$pid" || failed="$failed $pid"; done
ok '50 of one project: none failed' is "$failed" ''
ok 'and nothing is left behind' is "$(find "$state" -name '*.tmp')" ''
plan
