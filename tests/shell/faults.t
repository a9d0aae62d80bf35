#!/bin/sh
# What can go wrong below machine, with a fake limactl: each fault gives one
# clear message, leaves nothing half done, and the next attempt works.
. tests/fake/world.sh

retry='look with `machine shell`, try again with `machine start`'
vm_is() { is "$(m status | sed -n 's/^vm *//p')" "$1"; }
goes_wrong() { echo "$2" >"$fake/fault.$1.once"; }
layers=$MACHINE_HOME/data/layers
fresh() { m -q destroy --yes; rm -rf "$fake"; mkdir "$fake"; }
unbaked() { fresh; rm -rf "$layers"; } # the image is made anew, too
left() { ls "$lima" "$layers" | grep -v -e '^$' -e ':$' -e '\.lock$'; }
end_process() { # FILE...: of the VM, without a word to anybody
	for file; do read -r pid <"$lima/m-$id/$file" && kill -9 "$pid" && await gone "$pid"; done
}
next_works() {
	m run sh -c 'exit 9' 2>"$tmp/e"
	is "$? $(grep -v 'project: ' "$tmp/e")" '9 '
}
log() { cat "$project/log" 2>/dev/null; }

# --- what machine needs ---------------------------------------------------------------
allow
id=$(basename "$state"/projects/*)
without() { # PROGRAM...: on a PATH that lacks it
	rm -rf "$tmp/less" && cp -R "$bin" "$tmp/less" && cd "$tmp/less" && rm -f "$@"
	cd "$project" || exit 1
}
less() { PATH=$tmp/less:$tools "$machine" "$@"; }
no_limactl='machine: limactl is not installed: machine needs Lima 2.2.0 or later: see https://lima-vm.io/docs/installation, or type `make lima` in machine'\''s source'
without limactl
expect 'no limactl: start' 1 "$no_limactl" less start
expect 'no limactl: run' 125 "$no_limactl" less run true
expect 'no limactl: stop' 1 "$no_limactl" less stop
expect 'no limactl: allow and status need none' 0 '' less -q allow --hash "$(hash_now)"
mkdir "$tmp/less/limactl"
expect 'a directory of that name is no limactl' 1 "$no_limactl" less start
rmdir "$tmp/less/limactl" && : >"$tmp/less/limactl"
expect 'nor is what cannot be run' 1 "$no_limactl" less start
arch=$(uname -m) && case $arch in aarch64) package=qemu-system-arm ;; *) package=qemu-system-x86 ;; esac
without "qemu-system-$arch"
expect 'no QEMU' 1 "machine: qemu-system-$arch is not installed: Lima runs VMs with QEMU; on Debian and Ubuntu type: sudo apt-get install $package qemu-utils" less start
without qemu-img
expect 'no qemu-img' 125 "machine: qemu-img is not installed: Lima runs VMs with QEMU; on Debian and Ubuntu type: sudo apt-get install $package qemu-utils" less run true
without ssh
expect 'no ssh' 1 'machine: ssh is not installed: on Debian and Ubuntu type: sudo apt-get install openssh-client' less -q start
fresh
# geteuid() is 0 in a user namespace of one's own, and under fakeroot.
as_root() {
	if unshare -r true 2>/dev/null; then unshare -r "$@"; else fakeroot "$@"; fi
}
run as_root env HOME="${project%/*}" PATH="$bin:$tools" "$machine" start
ok 'root' says 1 'machine: Lima refuses to run as root: use an ordinary account'
ok 'nothing was asked of Lima' test ! -e "$fake/calls"

# A limactl of the project, by PATH entries that a project can fill.
printf '#!/bin/sh\n: >%s/evil\n' "$tmp" >limactl && chmod +x limactl
mkdir -p bin && cp limactl bin/
without limactl
for path in . '' bin ./bin ../project; do
	relative() { PATH=$path:$tmp/less:$tools:$path "$machine" "$@"; }
	expect "PATH entry '$path' finds no limactl" 1 "$no_limactl" relative start
done
ok 'it did not run' test ! -e "$tmp/evil"
# direnv's PATH_add and its like put an absolute one there.
relative() { PATH=$1:$tmp/less:$tools "$machine" start; }
for path in "$project" "$project/bin"; do
	expect "PATH entry '${path#"$tmp/work/"}' of a project finds no limactl" 1 "$no_limactl" relative "$path"
done
ok 'it did not run' test ! -e "$tmp/evil"
mkdir "$tmp/elsewhere" && cp limactl "$tmp/elsewhere/"
run relative "$tmp/elsewhere"
ok '(the test of that would see it)' test -e "$tmp/evil"
# The worker is started by our own name: not by one that the project can take.
sed 's/evil/worker/' limactl >machine && chmod +x machine
run env PATH="$bin:$tools" bash -c 'exec -a machine "$1" -q start' sh "$machine"
ok 'called as "machine" by no PATH: nothing of the project runs' test ! -e "$tmp/worker"
rm -rf limactl machine bin evil
fresh

# --- the version ---------------------------------------------------------------------------
old() { # VERSION
	goes_wrong version "$1"
	expect "Lima $1" 1 "machine: $bin/limactl is version $1: machine needs Lima 2.2.0 or later (older ones do not protect the host): update Lima, or type \`make lima\` in machine's source and take the old one off your PATH" m -q start
}
old 2.1.9
old 1.2.3
old 0.23.2
goes_wrong version garbage
expect 'garbage for a version' 1 "machine: $bin/limactl does not work: \`limactl --version\` ended with status 3: Segmentation \x1b[31mfault" m -q start
goes_wrong version flood
expect 'a version without end' 1 "machine: $bin/limactl printed more than it should" soon -q start
ok 'nothing was made' is "$(calls create)$(instance)" 0
for v in 2.2.0-beta.1 2.2.1 2.10.0 3.0.0; do
	goes_wrong version $v
	expect "Lima $v will do" 0 '' m -q start
	m -q stop
done
fresh
# One that does not come back: the waiting can be ended, and status tells.
goes_wrong version hang
PATH=$bin:$tools timeout -s INT -k 5 60 "$machine" -q start >"$tmp/out" 2>"$tmp/err" & waiter=$!
ok 'limactl hangs' await test -s "$fake/hung"
ok 'status does not' is "$(m status --json | sed -n 's/.*"vm": "\(.*\)".*/\1/p')" absent
kill -INT "$(ps -eo pid=,ppid= | awk -v p="$waiter" '$2 == p { print $1 }')"
wait "$waiter"
ok 'Control-C ends the waiting' is "$?" 130
kill "$(cat "$fake/hung")"
ok 'the next attempt works' next_works
fresh

# --- what Lima makes of the configuration --------------------------------------------
goes_wrong validate 'field \`images\` is bad'
expect 'Lima refuses the configuration' 1 "machine: cannot use the configuration: limactl ended with status 1: failed to load YAML file \"$state/projects/$id/lima.json\": field \`images\` is bad" m -q start
ok 'before anything is made' is "$(calls create)" 0
ok 'the next attempt works' next_works
understood() { # FAULT MESSAGE MESSAGE-OF-THE-IMAGE
	unbaked
	goes_wrong list "$1"
	expect "Lima's answer about the image: $1" 1 "machine: ${3-$2}" m -q start
	ok "Lima's answer about the image: $1: it was not started" is "$(calls start)$(left)" 0
	ok "Lima's answer about the image: $1: the next attempt works" next_works
	fresh
	goes_wrong list "$1"
	expect "Lima's answer: $1" 1 "machine: $2" m -q start
	ok "Lima's answer: $1: it was not started" is "$(calls start)" 0
	ok "Lima's answer: $1: the next attempt works" next_works
}
meant='Lima has not understood the configuration as it was meant:'
mount="{\"location\":\"$project\",\"mountPoint\":\"$project\",\"writable\":true}"
root='{"location":"/","mountPoint":"/","writable":true}'
understood mount "$meant mounts is [$root,$mount] instead of [$mount]" \
    "$meant mounts is set, which nobody asked for"
understood script "$meant provision is set, which nobody asked for"
understood fails '`limactl list` ended with status 1'
goes_wrong list garbage && m -q destroy --yes
run m -q start
ok "Lima's answer: garbage" is "$status $(wc -l <"$tmp/err")" '1 1'
ok "Lima's answer: garbage: the next attempt works" next_works
fresh

# --- the image -----------------------------------------------------------------------------------
creating() { # FAULT MESSAGE
	unbaked
	goes_wrong create "$1"
	run m -q start
	ok "create: $1" says 1 "machine: cannot create the VM: limactl ended with status ${3-1}: $(echo "$2" | sed "s/BAKER/$(sed -n 's/^create //p' "$fake/calls")/")"
	ok "create: $1: nothing is left" is "$(left)" ''
	ok "create: $1: status" vm_is absent
	ok "create: $1: the next attempt works" next_works
	unbaked
	goes_wrong create "$1"
	run m -q run true
	ok "create: $1: a line is refused" is "$status" 125
}
creating nospace "failed to write \"$lima/BAKER/disk\": no space left on device"
creating half 'it gave no reason' 137
creating silent 'it gave no reason'
creating rude '\x1b]0;owned\x07\x1b[2J\u{9B} and a second line'
for status_ in start run; do
	unbaked
	goes_wrong create rude
	case $status_ in run) run m run true ;; *) run m start ;; esac
	ok "$status_: limactl does not drive the terminal" not grep -q "$(printf '[\033\007]')" "$tmp/err"
done
run m logs
ok 'nor do the logs' not grep -q "$(printf '[\033\007]')" "$tmp/out"
ok '(they have it)' grep -q "$(printf '\033')" "$state/projects/$id/engine.log"
run m start
mkdir -m 700 -p "$lima" && m -q destroy --yes && mkdir "$lima/m-$id"
ok 'a directory that an earlier one left is' vm_is broken
ok 'made anew' next_works
m -q destroy --yes && mkdir "$lima/m-$id"
expect 'or removed' 0 '' m -q destroy --yes
ok 'wholly' is "$(instance)" ''
fresh

# --- starting -----------------------------------------------------------------------------------
said() { # STATUS FIRST-LINE: and then lines of a log
	if [ "$status" -ne "$1" ] || [ "$(sed 1q "$tmp/err")" != "$2" ]; then
		show
		echo "wanted: status $1, first: $2"
		return 1
	fi
}
starting() { # WHAT MESSAGE VM
	ok "$1" said 1 "machine: the VM did not start: $2; the end of engine.log:"
	ok "$1: status" vm_is "$3"
	ok "$1: no process is left" sh -c "cat $lima/*/*.pid 2>/dev/null | while read -r p; do ! kill -0 \$p || exit 1; done"
	ok "$1: the next attempt works" next_works
}
goes_wrong start fails
run m -q start
ok 'the reason is there' grep -q 'failed to start: exit status 1 (hint: see serial.log)' "$tmp/err"
starting 'limactl start fails' 'limactl failed' stopped
m -q stop
goes_wrong start nothing
run m -q start
starting 'limactl start does nothing' 'limactl failed' stopped
m -q stop
: >"$fake/fault.ssh" && goes_wrong start dies
run m -q start
rm "$fake/fault.ssh"
starting 'the host agent dies in the boot' "Lima's host agent ended" stopped
m -q stop
: >"$fake/fault.ssh"
(m -q start >"$tmp/o" 2>&1; echo $? >>"$tmp/o") &
ok 'ssh does not answer: it is' await vm_is busy
stage() { m status | sed -n 's/^stage *//p'; }
await eval '[ -n "$(stage)" ]'
ok 'which status shows' is "$(stage)" 'booting (slow: no hardware acceleration)'
run m status
ok 'with its own status' is "$status" 3
rm "$fake/fault.ssh" && wait $!
ok 'until it does' is "$(cat "$tmp/o")" 0
fresh

# A port that is taken: Lima would start without it.
mkfifo "$tmp/end"
python3 -c '
import socket, sys
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(); print(s.getsockname()[1], flush=True)
sys.stdin.read()' >"$tmp/port" <"$tmp/end" & listener=$!
exec 8>"$tmp/end"
await test -s "$tmp/port"
port=$(cat "$tmp/port")
echo "ports: [$port]" >Machinefile && allow
expect 'a port that is taken' 1 "machine: port $port of 127.0.0.1 is taken by another program: end it, or change \`host\` under \`ports\` in the Machinefile" m -q start
exec 8>&- && wait "$listener"
ok 'and free again' next_works
: >Machinefile && allow
fresh

# Control-C ends the waiting, not the boot; here by the key, on a terminal.
: >"$fake/fault.ssh"
run env PATH="$bin:$tools:/usr/bin" python3 "$fakes/terminal.py" booting '\x03' "$machine" start
ok 'Control-C while it boots' is "$status" 130
ok 'the boot goes on' vm_is busy
rm "$fake/fault.ssh"
ok 'to its end' await vm_is running
ok 'and was one' is "$(calls start)" 1

# --- a VM that goes away -----------------------------------------------------------------------------
goes_wrong shell 255
expect 'a 255 of the command itself' 255 '' m run true
goes_wrong shell gone
expect 'the VM goes away in a command' 125 'machine: the VM has gone away while the command ran: it may have done some of its work' m run true
ok 'it is' vm_is stopped
ok 'the next line brings it back' next_works
end_process ha.pid
ok 'the host agent killed: it is' vm_is broken
ok 'the next line brings it back' next_works
end_process qemu.pid
ok 'QEMU killed: the next line brings it back' next_works
end_process ha.pid qemu.pid && rm -rf "$lima/m-$id"
ok 'deleted behind our back: it is' vm_is stopped
ok 'and made anew by the next line' next_works
end_process ha.pid qemu.pid && rm -rf "$lima"
expect 'LIMA_HOME deleted: stop has nothing to do' 0 'machine: the VM was not running' m stop
ok 'the next line makes it anew' next_works
chmod 500 "$lima/m-$id"
run m -q destroy --yes
ok 'what cannot be removed' is "$status" 1
ok 'is not called so' test -d "$lima/m-$id"
chmod 700 "$lima/m-$id"
expect 'and then it can' 0 '' m -q destroy --yes
ok 'wholly' is "$(instance)" ''
fresh

# --- a worker that is killed ---------------------------------------------------------------------------
: >"$fake/fault.ssh"
m -q start --background
ok 'a worker' await test -e "$fake/ssh"
kill -9 "$(worker)"
ok 'is killed in the boot' await idle
ok 'status does not say "busy" for ever' vm_is stale
rm "$fake/fault.ssh"
ok 'the next line works' next_works
ok 'in the same VM' is "$(calls start)" 1
fresh
: >"$fake/hold.start"
m -q start --background
ok 'a worker' await test -e "$fake/held.start"
kill -9 "$(worker)"
ok 'is killed before the VM runs' await idle
rm "$fake/hold.start"
await test -e "$lima/m-$id/qemu.pid"
ok 'the next line works' next_works
fresh

# --- pid files that name somebody else ------------------------------------------------------------------
# After a reboot a number is another process's. Lima believes it, and would kill.
foreign() { sleep 300 >/dev/null 2>&1 & stranger=$! && echo "$stranger" >>"$HOME/pids"; }
recycled() { # FILE...: says the stranger's number and is older than it
	for file; do echo "$stranger" >"$lima/m-$id/$file" && touch -d '1 hour ago' "$lima/m-$id/$file"; done
}
cut_off() { m -q start && end_process ha.pid qemu.pid; }
for files in ha.pid qemu.pid 'ha.pid qemu.pid'; do
	cut_off && foreign
	# shellcheck disable=SC2086 # words
	recycled $files
	ok "a stale $files: not believed" vm_is stopped
	ok "a stale $files: the next line works" next_works
	ok "a stale $files: whose number it is lives" lives "$stranger"
	cut_off
	# shellcheck disable=SC2086 # words
	recycled $files
	expect "a stale $files: stop" 0 'machine: the VM was not running' m stop
	cut_off
	# shellcheck disable=SC2086 # words
	recycled $files
	echo 'disk: 30GiB' >Machinefile && allow
	ok "a stale $files: a rebuild works" next_works
	ok "a stale $files: whose number it is lives" lives "$stranger"
	cut_off && foreign
	# shellcheck disable=SC2086 # words
	recycled $files
	expect "a stale $files: destroy" 0 '' m -q destroy --yes
	ok "a stale $files: whose number it is lives" lives "$stranger"
	: >Machinefile && allow
done
cut_off && foreign && recycled ha.pid
LIMA_HOME=$lima "$bin/limactl" stop -f "m-$id"
ok '(the test of that would see it)' gone "$stranger"
fresh

# --- provisioning -----------------------------------------------------------------------------------------
steps() { # STATUS of the second
	cat >Machinefile <<-EOT
		provision:
		  - run: echo one >>log
		  - {name: two, run: "echo two >>log; echo to stdout; echo to stderr >&2; exit $1"}
		  - {as: root, run: echo three >>log}
	EOT
	allow
}
steps 7
failed='machine: provision step 2 (two) ended with status 7:
to stdout
to stderr
'$retry
expect 'a step fails' 1 "$failed" m -q start
ok 'the one before it ran, the one behind it did not' is "$(log)" 'one
two'
ok 'status' vm_is failed
refused='machine: provision step 2 has failed with status 7: '$retry
expect 'the next line is refused' 125 "$refused" m run true
ok 'and runs no step' is "$(log)" 'one
two'
run eval 'echo "exit 5" | m shell'
ok 'shell lets one look' says 5 'machine: provision step 2 has failed in this VM'
expect 'start tries again' 1 "$failed" m -q start
ok 'the failed step only' is "$(log)" 'one
two
two'
m -q stop
expect 'after a stop, a line is refused as well' 125 "$refused" m run true
steps 0
ok 'mended and allowed: the next line works' next_works
ok 'and all have run, on a new disk' is "$(log)" 'one
two
two
one
two
three'
ok 'status' vm_is running
m -q stop && m -q start
ok 'a step runs once' is "$(log | grep -c three)" 1
# What steps print is seen by who waits for them, without what drives a terminal.
printf 'provision:\n  - run: printf "seen\\\\033[2J\\\\n"; echo and more\n' >Machinefile && allow
run m start
ok 'start shows what a step prints' grep -qx 'seen\\x1b\[2J' "$tmp/err"
ok 'to the end' grep -qx 'and more' "$tmp/err"
fresh && rm -f log
# However much a step prints, and whatever: the last lines and what to do.
cat >Machinefile <<'EOT'
provision:
  - run: |
      i=0; while [ $i -lt 500 ]; do printf '\033[31m\302\233'; i=$((i+1)); done
      echo; echo the last line; exit 3
EOT
allow
run m -q start
ok 'a step that prints a lot: its last line' grep -qx 'the last line' "$tmp/err"
ok 'and what to do' ends 1 "$retry"
ok 'and nothing that drives the terminal' not grep -q "$(printf '\033')" "$tmp/err"
printf 'provision:\n  - run: |\n      printf "\\\\0\\n"; echo the last line; exit 3\n' >Machinefile && allow
run m -q start
ok 'a step that prints NUL: its last line' grep -qx 'the last line' "$tmp/err"
printf 'provision:\n  - run: kill -9 $PPID $$\n' >Machinefile && allow
run m -q start
ok 'a step that is killed fails' ends 1 "$retry"
goes_wrong shell gone
printf 'provision:\n  - run: "true"\n' >Machinefile && allow
run m -q start
ok 'the VM goes away in a step' is "$status" 1
ok 'the next attempt works' eval 'm -q start && next_works'
fresh && : >Machinefile && allow

# --- at once ---------------------------------------------------------------------------------------------------
unbaked
i=0 pids='' bad=''
while [ "$i" -lt 20 ]; do
	i=$((i + 1))
	m -q start >"$tmp/o.$i" 2>&1 & pids="$pids $!"
done
for pid in $pids; do wait "$pid" || bad="$bad $pid"; done
ok '20 starts at once: all succeed' is "$bad$(cat "$tmp"/o.*)" ''
ok 'with one image and one start' is "$(calls create) $(calls start 'm-.*')" '1 1'
i=0 pids='' bad='' others=''
m -q stop
while [ "$i" -lt 10 ]; do
	i=$((i + 1))
	m -q run sh -c 'exit 4' >"$tmp/o.$i" 2>&1 & pids="$pids $!"
	m status >/dev/null & others="$others $!"
	m -q start --background 2>>"$tmp/o.$i" & others="$others $!"
done
for pid in $pids; do wait "$pid"; bad="$bad $?"; done
ok '10 lines at once: all run' is "$bad$(cat "$tmp"/o.*)" ' 4 4 4 4 4 4 4 4 4 4'
ok 'after one start' is "$(calls create) $(calls start 'm-.*')" '1 2'
# shellcheck disable=SC2086 # numbers
wait $others
fresh

# All who wait for the same lock begin at the same moment.
lock=$state/projects/$id/lock
: >"$lock" && chmod 600 "$lock" && mkfifo "$tmp/held"
(flock 9 && read -r _ <"$tmp/held") 9<>"$lock" & holder=$!
await not flock -n "$lock" true
i=0 pids='' bad=''
while [ "$i" -lt 20 ]; do
	i=$((i + 1))
	m -q start >"$tmp/o.$i" 2>&1 & pids="$pids $!"
done
[ ! -e /proc/locks ] || await eval '[ "$(grep -c -e "-> FLOCK" /proc/locks)" -ge 15 ]'
echo >"$tmp/held" && wait "$holder"
for pid in $pids; do wait "$pid" || bad="$bad $pid"; done
ok '20 that waited for a stop: all succeed' is "$bad$(cat "$tmp"/o.*)" ''
ok 'with one start' is "$(calls start)" 1
fresh
# Somebody who only looks holds the lock for a moment, too.
: >"$lock" && chmod 600 "$lock"
flock -s "$lock" sleep 0.5 & holder=$!
await not flock -n "$lock" true
run m -q start
wait "$holder"
ok 'a start while another looks succeeds' says 0
fresh

# --- words and environment arrive as they are ---------------------------------------------------------------------
cat >Machinefile <<'EOT'
env:
  PLAIN: value
  EMPTY: ""
  SPACES: "  two  spaces  "
  QUOTES: "it's \"so\" `id` $(id) ${HOME} \\ $"
  SEMI: "X;touch p;Y=1"
  STAR: "* ? [a] ~ # ! & | > <"
  UNICODE: "é 中"
EOT
allow
cat >"$tmp/want.env" <<'EOT'
EMPTY=
MACHINE_GUEST=1
MACHINE_PROJECT=project
PLAIN=value
QUOTES=it's "so" `id` $(id) ${HOME} \ $
SEMI=X;touch p;Y=1
SPACES=  two  spaces  
STAR=* ? [a] ~ # ! & | > <
UNICODE=é 中
EOT
run m -q run env
ok 'the environment arrives' is "$(grep -E "^($(cut -d = -f 1 "$tmp/want.env" | tr '\n' '|'))=" "$tmp/out" | LC_ALL=C sort)" "$(cat "$tmp/want.env")"
set -- '' ' ' 'a b' "it's" '"' '\' '\\n' '$(touch p)' '`touch p`' '${HOME}' 'A=b' 'X;touch p;Y=1' \
    '*' '?' '~' '#' '!' '-' '--' '-e' 'two
lines
' "$(printf '\377\376 \001\033\177')" "$(printf '\303\251')" '%s' '{{.Name}}' '&' '|' '>p' '(' 'é'
printf '%s\0' "$@" >"$tmp/words"
run m run printf '%s\0' "$@"
ok 'words arrive' eval 'says 0 && cmp "$tmp/out" "$tmp/words"'
tail -z -n $# "$fake/argv" >"$tmp/last"
ok 'and are so in what limactl gets' cmp "$tmp/last" "$tmp/words"
run m run "X;touch p;Y=1" true
ok 'a first word with "=" is a program of that name' is "$status" 127
ok 'nothing of a word was run' test ! -e p -a ! -e /p
run env LIMA_HOME="$lima" PATH="$bin:$tools" limactl shell --workdir=/ "m-$id" "X;touch $project/p;Y=1" true
ok '(the test of that would see it)' test -e p
rm -f p
ok 'the first word of ours has no "="' is "$(tr '\0\n' '\n ' <"$fake/argv" | sed -n 1p)" "X;touch $project/p;Y=1"
run m run true
ok 'but env' is "$(tr '\0\n' '\n ' <"$fake/argv" | sed -n 1p)" env
for s in 0 1 2 7 125 126 127 128 254 255; do
	run m run sh -c "exit $s"
	ok "status $s" says "$s"
done
for s in TERM:143 KILL:137 INT:130 HUP:129 SEGV:139; do
	run m run sh -c "kill -${s%:*} \$\$"
	ok "signal ${s%:*} is ${s#*:}" is "$status" "${s#*:}"
done
run m run /nonexistent
ok 'a program that is not there' is "$status" 127
run m run /etc/passwd
ok 'a program that is none' is "$status" 126
mkdir -p "sub dir/it's" && cd "sub dir/it's" || exit 1
run m run pwd
ok 'the directory is the same' is "$(cat "$tmp/out")" "$PWD"
cd "$project" || exit 1
big=$(head -c 100000 /dev/zero | tr '\0' x)
expect 'a command that is too long' 125 'machine: the command is too long: 98 KiB, at most 96 KiB can be sent to the VM; put it into a file' m run echo "$big"
run m run printf %s "$(echo "$big" | cut -c 1-90000)"
ok 'one that is not' is "$status $(wc -c <"$tmp/out")" '0 90000'

# --- the environment of limactl -----------------------------------------------------------------------------------
unbaked
allowed='HOME|USER|LOGNAME|LANG|LC_ALL|LC_CTYPE|TERM|COLORTERM|TMPDIR|XDG_CACHE_HOME|SSL_CERT_FILE|SSL_CERT_DIR|https?_proxy|no_proxy|HTTPS?_PROXY|NO_PROXY|PATH|LIMA_HOME|MACHINE_QEMU(_PORTS|_TCG)?'
shells='PWD|OLDPWD|SHLVL|_' # what a shell sets itself
evil() {
	AWS_SECRET_X=evil SSH_AUTH_SOCK=/evil SSH=/evil LIMA_SHELL=/evil LIMA_HOME=/evil \
	    LIMA_TEMPLATES_PATH=/evil LIMA_DRIVERS_PATH=/evil LIMA_INSTANCE=evil \
	    LIMA_WORKDIR=/evil QEMU_SYSTEM_X86_64=/evil QEMU_SYSTEM_AARCH64=/evil \
	    LD_EVIL=/evil BASH_ENV= ENV=/evil GIT_DIR=/evil MACHINE_EVIL=evil \
	    XDG_CONFIG_HOME=/evil XDG_DATA_HOME=/evil XDG_STATE_HOME=/evil \
	    HTTP_PROXY=http://kept TMPDIR=$tmp PATH=$bin:.:$tools::bin "$@"
}
evil "$machine" -q run true
evil "$machine" -q stop
for sub in --version create start shell; do
	env_of=$fake/env.$sub
	ok "$sub: no value of the caller's" not grep -i evil "$env_of"
	ok "$sub: only names that may" is "$(grep -Ev "^($allowed|$shells|QEMU_SYSTEM_[A-Z0-9_]*)=" "$env_of")" ''
	ok "$sub: LIMA_HOME is ours" grep -qx "LIMA_HOME=$lima" "$env_of"
	ok "$sub: PATH is absolute" grep -qx "PATH=$bin:$tools" "$env_of"
	ok "$sub: a proxy passes" grep -qx HTTP_PROXY=http://kept "$env_of"
done
ok 'we stand before QEMU; with accelerator: tcg it is told so' grep -Eq "^QEMU_SYSTEM_[A-Z0-9_]*='?$tmp/machine-qemu'? -machine [a-z0-9,=]* -cpu max\$" "$fake/env.start"
ok 'by us, too' grep -qx MACHINE_QEMU_TCG=1 "$fake/env.start"
sed -i 's/accelerator: tcg/accelerator: kvm/' "$MACHINE_HOME/config/config.yaml"
evil "$machine" -q start
ok 'with accelerator: kvm not' not grep -q -e _TCG -e -cpu "$fake/env.start"
evil env LIMA_HOME="$lima" "$bin/limactl" --version >/dev/null
ok '(the test of that would see it)' is "$(grep -Ec '^(AWS_SECRET_X|SSH|QEMU_SYSTEM_X86_64)=' "$fake/env.--version")" 3
plan
