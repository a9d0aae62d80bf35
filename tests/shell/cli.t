#!/bin/sh
# The command line: wrong usage, what goes to which stream, streams that are
# full or closed. Every message exactly.
. tests/fake/world.sh

nothing_here='machine: there is no Machinefile here or above: to write one, type: machine init'
mkdir "$tmp/work/none"

# --- usage: status 2, one line -------------------------------------------------
cd "$project" && allow
# Ports and the like are of no interest here; the words are those of the table.
while IFS='|' read -r words usage; do
	# shellcheck disable=SC2086 # words
	expect "machine $words" 2 "machine: usage: machine $usage" m $words
done <<'EOT'
allow x|allow [--hash HASH]
allow --hash|allow [--hash HASH]
allow --yes|allow [--hash HASH]
allow --hash x y|allow [--hash HASH]
check a b|check [--json] [FILE]|--schema
deny x|deny
destroy x|destroy [--volumes] [--yes]
destroy --yes x|destroy [--volumes] [--yes]
destroy --yes --yes|destroy [--volumes] [--yes]
df x|df [--json]
df --json x|df [--json]
help a b|help [COMMAND|machinefile|config]
hook|hook bash|fish|zsh
hook tcsh|hook bash|fish|zsh
hook zsh x|hook bash|fish|zsh
image|image build|import [--digest DIGEST] [--initrd FILE] [--kernel FILE] [--yes] ALIAS FILE|list [--json]|prune [--all] [--yes]
image x|image build|import [--digest DIGEST] [--initrd FILE] [--kernel FILE] [--yes] ALIAS FILE|list [--json]|prune [--all] [--yes]
image build x|image build|import [--digest DIGEST] [--initrd FILE] [--kernel FILE] [--yes] ALIAS FILE|list [--json]|prune [--all] [--yes]
image import|image build|import [--digest DIGEST] [--initrd FILE] [--kernel FILE] [--yes] ALIAS FILE|list [--json]|prune [--all] [--yes]
image import a|image build|import [--digest DIGEST] [--initrd FILE] [--kernel FILE] [--yes] ALIAS FILE|list [--json]|prune [--all] [--yes]
image import a b c|image build|import [--digest DIGEST] [--initrd FILE] [--kernel FILE] [--yes] ALIAS FILE|list [--json]|prune [--all] [--yes]
image import --digest|image build|import [--digest DIGEST] [--initrd FILE] [--kernel FILE] [--yes] ALIAS FILE|list [--json]|prune [--all] [--yes]
image import --kernel k --kernel k a b|image build|import [--digest DIGEST] [--initrd FILE] [--kernel FILE] [--yes] ALIAS FILE|list [--json]|prune [--all] [--yes]
image import -x a b|image build|import [--digest DIGEST] [--initrd FILE] [--kernel FILE] [--yes] ALIAS FILE|list [--json]|prune [--all] [--yes]
image list x|image build|import [--digest DIGEST] [--initrd FILE] [--kernel FILE] [--yes] ALIAS FILE|list [--json]|prune [--all] [--yes]
image list --json x|image build|import [--digest DIGEST] [--initrd FILE] [--kernel FILE] [--yes] ALIAS FILE|list [--json]|prune [--all] [--yes]
image prune x|image build|import [--digest DIGEST] [--initrd FILE] [--kernel FILE] [--yes] ALIAS FILE|list [--json]|prune [--all] [--yes]
image prune --all --all|image build|import [--digest DIGEST] [--initrd FILE] [--kernel FILE] [--yes] ALIAS FILE|list [--json]|prune [--all] [--yes]
init x|init
logs x|logs [engine|provision|start]
logs engine x|logs [engine|provision|start]
rebuild x|rebuild [--all] [--yes]
rebuild --all --all|rebuild [--all] [--yes]
reset x|reset [--yes]
reset --yes --yes|reset [--yes]
run|run [-t|-T] [--] COMMAND [ARG...]
run --|run [-t|-T] [--] COMMAND [ARG...]
run -x true|run [-t|-T] [--] COMMAND [ARG...]
shell x|shell
start x|start [--background]
start --background x|start [--background]
up x|start [--background]
status x|status [--json]
status --json x|status [--json]
stop x|stop
version x|version
--version x|version
volume|volume list [--all] [--json]|rm [--yes] [--project PATH] NAME...
volume x|volume list [--all] [--json]|rm [--yes] [--project PATH] NAME...
volume list x|volume list [--all] [--json]|rm [--yes] [--project PATH] NAME...
volume list --all --all|volume list [--all] [--json]|rm [--yes] [--project PATH] NAME...
volume list --json x|volume list [--all] [--json]|rm [--yes] [--project PATH] NAME...
volume rm|volume list [--all] [--json]|rm [--yes] [--project PATH] NAME...
volume rm --yes|volume list [--all] [--json]|rm [--yes] [--project PATH] NAME...
volume rm --project|volume list [--all] [--json]|rm [--yes] [--project PATH] NAME...
volume rm --project /x|volume list [--all] [--json]|rm [--yes] [--project PATH] NAME...
volume rm --all|volume list [--all] [--json]|rm [--yes] [--project PATH] NAME...
volume rm -x a|volume list [--all] [--json]|rm [--yes] [--project PATH] NAME...
_enter|_enter SHELL ROOT
_enter tcsh /|_enter SHELL ROOT
_line|_line
_line x|_line
_route|_route
_start|_start ROOT [images]
_start a b|_start ROOT [images]
EOT
not_command() {
	expect "$1" 2 "machine: \"$2\" is not a command: type: machine help" m "$3"
}
not_command 'an unknown command' frobnicate frobnicate
not_command 'no command by its beginning' stat stat
not_command 'the empty word' '' ''
not_command 'a flag that is none' --frobnicate --frobnicate
expect '-q only once' 2 'machine: "-q" is not a command: type: machine help' m -q -q
not_command 'control characters are not obeyed' '\x1b[31m\u{9B}2J\u{202E}' \
    "$(printf '\033[31m\302\2332J\342\200\256')"
not_command 'nor what is not UTF-8' '\xff\xfe' "$(printf '\377\376')"
expect 'help of an unknown command' 2 \
    'machine: "frobnicate" is not a command: type: machine help' m help frobnicate
expect 'help of plumbing' 2 \
    'machine: "_line" is not a command: type: machine help' m help _line
ok 'nothing was asked of Lima' test ! -e "$fake/calls"

# --- data goes to stdout ------------------------------------------------------------
prints() { # STATUS TEXT: the last run printed this and said nothing
	says "$1" && is "$(cat "$tmp/out")" "$2"
}
run m version
ok 'version' prints 0 "$(cat "$tmp/out")"
ok 'has the form that a script expects' grep -Eqx 'machine [0-9]+\.[0-9]+\.[0-9]+' "$tmp/out"
version=$(cat "$tmp/out")
for word in --version -V '-q version' '--quiet version'; do
	# shellcheck disable=SC2086 # words
	run m $word
	ok "$word" prints 0 "$version"
done
run m help
ok 'help says nothing on stderr' says 0
help=$(cat "$tmp/out")
for word in '' --help -h -q; do
	# shellcheck disable=SC2086 # words
	run m $word
	ok "machine $word is help" prints 0 "$help"
done
ok 'help shows no plumbing' not grep -q ' _' "$tmp/out"
run m help allow
ok 'help of a command' prints 0 "usage: machine allow [--hash HASH]
approve this project's Machinefile as it is now"
run m allow --help
ok 'the same by --help' prints 0 "$(m help allow)"
run m run --help
ok 'also of one that runs something' prints 0 "$(m help run)"
run m up --help
ok 'an alias has help too' prints 0 "$(m help start)"

# --- outside a project -----------------------------------------------------------------
cd "$tmp/work/none" || exit 1
for word in allow deny destroy logs start status stop; do
	expect "$word outside a project" 1 "$nothing_here" m "$word"
done
for word in 'run true' shell; do
	# shellcheck disable=SC2086 # words
	expect "$word outside a project" 125 "$nothing_here" m $word
done
mkdir gone && cd gone && rmdir ../gone
expect 'in a directory that was removed' 125 \
    'machine: cannot tell the current directory: No such file or directory' m run true
cd "$tmp/work/none" || exit 1

# --- quiet -----------------------------------------------------------------------------------
expect 'init says what it wrote' 0 \
    "machine: wrote $PWD/Machinefile: look at it, then type: machine allow" m init
expect 'init overwrites nothing' 1 \
    'machine: there is a Machinefile here already: look at it, then type: machine allow' m init
expect 'check' 0 'machine: Machinefile is valid' m check
expect 'check -q' 0 '' m -q check
rm Machinefile
expect 'init -q' 0 '' m -q init
ln -sf /nonexistent Machinefile
expect 'init does not follow a link' 1 \
    'machine: there is a Machinefile here already: look at it, then type: machine allow' m -q init
rm Machinefile
expect '-q does not hide errors' 1 "$nothing_here" m -q allow
expect 'check without a file' 1 \
    'machine: cannot open Machinefile: No such file or directory' m check
printf 'cpus: x\nports: [x, y]\nbogus: 1\n' >bad
run m check bad
ok 'check: every complaint is a line that editors understand' is "$status $(cut -d : -f 1-3 <"$tmp/err" | tr '\n' ' ')" \
    '1 bad:1:7 bad:2:9 bad:2:12 bad:3:1 '

# --- streams -------------------------------------------------------------------------------------
cd "$project" || exit 1
to_full() { "$@" >/dev/full; }
for word in help version status 'help machinefile' 'hook zsh' 'status --json'; do
	# shellcheck disable=SC2086 # words
	expect "$word on a full disk" 1 'machine: cannot write to standard output' \
	    to_full m $word
done
m deny 2>/dev/null
# With 0-2 closed a file of ours would get one of these numbers.
closed() { "$@" <&- >&- 2>&-; }
run closed m deny
ok 'all three streams closed: it works' says 0
ok 'and nothing went into the record' is "$(cat "$state"/projects/*/trust)" "machine-trust 1
deny
$project"
allow
run closed m start
ok 'a VM starts with all three closed' says 0
ok 'and no message is in a file of ours' not grep -rq 'is ready' "$MACHINE_HOME"
(m run sh -c 'cat; echo out; echo err >&2; exit 3' <&- >"$tmp/out" 2>"$tmp/err")
ok 'a command with stdin closed reads nothing' is "$? $(cat "$tmp/out" "$tmp/err")" '3 out
err'
(m run sh -c 'echo out; echo err >&2; exit 3' >&- 2>"$tmp/err")
ok 'with stdout closed it has its status' is "$? $(cat "$tmp/err")" '3 err'
run m run sh -c 'cat /dev/stdin; echo out; echo err >&2'
ok 'stdout and stderr stay apart' is "$status $(cat "$tmp/out")-$(cat "$tmp/err")" '0 out-err'
ok 'stdin arrives as it is' is "$(printf 'a\0b\nc' | m run cat | od -An -tx1)" ' 61 00 62 0a 63'
exec 7<"$tmp/disk.img"
run m run sh -c '[ ! -e /dev/fd/7 ] && echo shut'
ok 'no other descriptor of ours reaches limactl' prints 0 shut
run sh -c '[ ! -e /dev/fd/7 ] || echo open'
ok '(the test of that would see it)' prints 0 open
exec 7<&-

# --- where things are ---------------------------------------------------------------------------
rel() { MACHINE_HOME=m XDG_STATE_HOME=state XDG_CONFIG_HOME=. XDG_DATA_HOME=./x m "$@"; }
expect 'relative XDG directories are ignored' 1 \
    "machine: $PWD/Machinefile is not allowed yet: read it, then type: machine allow" rel start
ok 'and not made' is "$(ls)" Machinefile
long=$tmp/$(printf '%0100d' 0)
mkdir -m 700 "$long" && cp -r "$MACHINE_HOME/config" "$long/"
in_long() { MACHINE_HOME=$long m "$@"; }
in_long -q allow --hash "$(hash_now)"
expect 'a directory too long for sockets' 1 \
    "machine: $long/data/lima is too long for the sockets in it (57 characters at most): set MACHINE_HOME to a shorter directory" \
    in_long start
no_home() { env -u HOME MACHINE_HOME=x "$machine" version; }
getent passwd "$(id -u)" >/dev/null || no_home() { HOME=/ "$machine" version; }
run no_home
ok 'HOME unset' prints 0 "$version"
echo 'autostart: sometimes' >"$MACHINE_HOME/config/config.yaml"
config=$MACHINE_HOME/config/config.yaml
expect 'a bad config.yaml' 125 \
    "machine: $config:1:12: autostart: \"sometimes\" is not cd, command or never" m run true
expect 'does not stop deny' 0 "machine: $PWD is denied: its lines do not run; a VM that runs is stopped by: machine stop" m deny
plan
