#!/bin/sh
# machine-git: what it says of a repository is true, and nothing that a
# repository holds can run, block or mislead it. Where git itself falls for
# something, the control shows that it does.
#
# Permissions mean nothing to root: as root the test runs again as another user
# of a user namespace, with a directory that belongs to a third one.
if [ "$(id -u)" -eq 0 ]; then
	foreign=$(mktemp -d) && chmod 755 "$foreign"
	git init -q "$foreign/repo" && : >"$foreign/repo/Machinefile"
	chown -R 12345 "$foreign/repo/.git"
	export foreign
	unshare --map-user=1000 --map-group=1000 sh "$0"
	status=$?
	rm -rf "$foreign"
	exit $status
fi
. tests/lib.sh

git=$BUILD/machine-git
export GIT_CONFIG_NOSYSTEM=1 GIT_TERMINAL_PROMPT=0
export GIT_AUTHOR_NAME=Ann GIT_AUTHOR_EMAIL=ann@example.org
export GIT_COMMITTER_NAME=Con GIT_COMMITTER_EMAIL=con@example.org
export GIT_AUTHOR_DATE='1700000000 +0130' GIT_COMMITTER_DATE='1700000000 +0130'
git config --global init.defaultBranch main
git config --global advice.detachedHead false

# ask DIR [NAME [COMMITS]]: about the bytes that the file has now. Never longer
# than 2.5 seconds. Through a pipe: machine-git may not write to a file.
ask() {
	f=$1/${2:-Machinefile}
	{ wc -c <"$f" && cat "$f"; } >"$tmp/in"
	{
		timeout 2.5 "$git" provenance "$1" "${2:-Machinefile}" \
		    ${3+"$3"} <"$tmp/in"
		echo $? >"$tmp/status"
	} | grep . >"$tmp/out"
	status=$(cat "$tmp/status")
}
# says TEXT...: the answer has each of these.
says() {
	cat "$tmp/out"
	[ "$status" -eq 0 ] || { echo "status $status" && return 1; }
	for text; do
		grep -qF -- "$text" "$tmp/out" || return 1
	done
}
lacks() { ! grep -F -- "$1" "$tmp/out"; }
# refuses REASON: that and nothing else.
refuses() {
	cat "$tmp/out" && echo "status $status"
	[ "$status" -eq 1 ] &&
	    [ "$(cat "$tmp/out")" = "{\"version\":1,\"error\":\"$1\"}" ]
}
# refused WHAT REASON: the repository $r
refused() {
	ask "$r"
	ok "$1" refuses "$2"
}
# What ran although nobody had asked for it leaves a file.
canary=$tmp/canary
printf '#!/bin/sh\ntouch %s\n' "$canary" >"$tmp/payload"
chmod 755 "$tmp/payload"
silent() { [ ! -e "$canary" ]; }
# sings CMD...: the control. git would have run it.
sings() {
	rm -f "$canary"
	timeout 10 "$@"
	[ -e "$canary" ] && rm "$canary"
}
hangs() {
	timeout 1 "$@"
	[ $? -eq 124 ]
}
commit() { git -C "$1" add -A && git -C "$1" commit -qm "$2"; }
# fresh NAME: a repository with one commit, in $r
fresh() {
	r=$tmp/$1
	git init -q "$r"
	echo 'cpus: 2' >"$r/Machinefile"
	echo text >"$r/other"
	commit "$r" first
}
head_of() { git -C "$1" rev-parse HEAD; }
last() { git -C "$1" log -1 --format=%H -- "${2:-Machinefile}"; }

# --- what it says -----------------------------------------------------------------
mkdir "$tmp/none" && : >"$tmp/none/Machinefile"
ask "$tmp/none"
ok 'no repository' says '{"version":1,"repository":false}'

fresh plain
ask "$r"
ok 'committed as it is' says '{"version":1,"repository":true,"branch":"main"' \
    "\"commit\":\"$(head_of "$r")\"" '"state":"clean"' \
    "\"changed\":{\"commit\":\"$(head_of "$r")\",\"name\":\"Ann\",\"email\":\"ann@example.org\",\"time\":1700000000,\"offset\":90}"
echo '# more' >>"$r/Machinefile"
ask "$r"
ok 'modified' says '"state":"modified"' "\"commit\":\"$(last "$r")\""
git -C "$r" add Machinefile
ask "$r"
ok 'staged is not committed' says '"state":"modified"'
printf 'cpus: 2\r\n' >"$r/Machinefile"
git -C "$r" config core.autocrlf true
ask "$r"
ok 'other line ends are other bytes' says '"state":"modified"'
git -C "$r" config --unset core.autocrlf
printf '\0' >"$r/new"
ask "$r" new
ok 'untracked' says '"state":"untracked"'
ok 'and so without a last commit' lacks '"changed"'
: >"$r/empty" && mkdir "$r/dir" && : >"$r/dir/x"
ln -s empty "$r/link"
commit "$r" second
ask "$r" empty
ok 'an empty file' says '"state":"clean"'
rm -rf "$r/dir" "$r/link" && : >"$r/dir" && cp "$r/empty" "$r/link"
ask "$r" dir
ok 'a directory there before' says '"state":"modified"'
printf empty >"$r/link"
ask "$r" link
ok 'a link with the same text is no file' says '"state":"modified"'
ask "$r" other
ok 'the last commit is the one that changed the file' says \
    "\"changed\":{\"commit\":\"$(last "$r" other)\""

git -C "$r" checkout -qf --detach HEAD^
ask "$r"
ok 'a detached HEAD has no branch' says '"state":"clean"' "\"commit\":\"$(head_of "$r")\""
ok '(none at all)' lacks '"branch"'
git -C "$r" checkout -qfb topic/a/b
ask "$r"
ok 'a branch with slashes' says '"branch":"topic/a/b"'
git -C "$r" pack-refs --all && mkdir -p "$r/.git/refs/heads/topic/a/b"
ask "$r"
ok 'packed, with an empty directory left' says '"branch":"topic/a/b"' '"state":"clean"'
git -C "$r" gc -q --aggressive --prune=now
ask "$r"
ok 'after gc' says '"state":"clean"' "\"changed\":{\"commit\":\"$(last "$r")\""
git -C "$r" symbolic-ref refs/heads/alias refs/heads/topic/a/b
git -C "$r" symbolic-ref HEAD refs/heads/alias
ask "$r"
ok 'a branch that is another one' says '"branch":"topic/a/b"' '"state":"clean"'

mkdir -p "$r/sub/dir" && echo 'cpus: 4' >"$r/sub/dir/Machinefile"
ask "$r/sub/dir"
ok 'a project further down: untracked' says '"state":"untracked"'
commit "$r" down
ask "$r/sub/dir"
ok 'a project further down: clean' says '"state":"clean"' "\"changed\":{\"commit\":\"$(head_of "$r")\""
ask "$r" sub/dir/Machinefile
ok 'a file further down' says '"state":"clean"'
ask "$r"
ok 'the one above has its own history' says "\"changed\":{\"commit\":\"$(last "$r")\""

git init -q "$tmp/unborn" && : >"$tmp/unborn/Machinefile"
ask "$tmp/unborn"
ok 'no commit yet' says '{"version":1,"repository":true,"branch":"main","state":"untracked"}'
git init -q --bare "$tmp/bare" && : >"$tmp/bare/Machinefile"
ask "$tmp/bare"
ok 'a bare repository is a directory like others' says '"repository":false'

# History as git log has it: a merge, the same change on both sides, a revert.
fresh merged
git -C "$r" checkout -qb side
GIT_AUTHOR_NAME=Bob
echo a >>"$r/Machinefile" && commit "$r" side
side=$(head_of "$r")
git -C "$r" checkout -q main
GIT_AUTHOR_NAME=Cyd
echo b >>"$r/other" && commit "$r" other
git -C "$r" merge -q --no-edit side
GIT_AUTHOR_NAME=Ann
ask "$r"
ok 'through a merge' says "\"changed\":{\"commit\":\"$side\",\"name\":\"Bob\""
git -C "$r" rm -q Machinefile && commit "$r" gone
git -C "$r" checkout -q side -- Machinefile && commit "$r" back
ask "$r"
ok 'removed and put back' says "\"changed\":{\"commit\":\"$(head_of "$r")\""
agrees() { # with git log, at every commit
	for c in $(git -C "$r" rev-list --all); do
		git -C "$r" checkout -qf "$c" || return 1
		[ -e "$r/Machinefile" ] || continue
		ask "$r"
		says "\"changed\":{\"commit\":\"$(last "$r")\"" || return 1
	done
}
ok 'as git log says, at every commit' agrees

fresh long
{
	for i in $(seq 300); do
		printf 'commit refs/heads/main\ncommitter C <c@d> %d +0000\ndata 1\nx' "$i"
		[ "$i" -gt 1 ] || printf '\nfrom refs/heads/main^0'
		printf '\nM 100644 inline n\ndata %d\n%d\n' "${#i}" "$i"
	done
} | git -C "$r" fast-import --quiet
ask "$r"
ok 'behind 300 commits' says '"state":"clean"' "\"changed\":{\"commit\":\"$(last "$r")\""
ask "$r" Machinefile 301
ok 'a bound that is just enough' says "\"changed\":{\"commit\":\"$(last "$r")\""
ask "$r" Machinefile 300
ok 'behind the bound it is not known' says '"state":"clean"' "\"commit\":\"$(head_of "$r")\""
ok '(and not made up)' lacks '"changed"'
git clone -q --depth 2 "file://$r" "$tmp/shallow"
ask "$tmp/shallow"
ok 'nor behind the end of a shallow clone' says '"state":"clean"'
ok '(and not made up)' lacks '"changed"'

# --- what it refuses to look at --------------------------------------------------------
fresh trusted && trusted=$r
mkdir "$tmp/forged"
echo "gitdir: $trusted/.git" >"$tmp/forged/.git"
cp "$trusted/Machinefile" "$tmp/forged"
r=$tmp/forged
ok '(control: git takes it for the other one)' \
    test "$(head_of "$r")" = "$(head_of "$trusted")"
elsewhere='.git is a file that points to a repository elsewhere'
refused 'a pointer to a trusted repository' "$elsewhere"
git -C "$trusted" worktree add -q "$tmp/worktree"
r=$tmp/worktree
refused 'a worktree, alike' "$elsewhere"
mkdir -p "$tmp/linked/sub" && ln -s "$trusted/.git" "$tmp/linked/.git"
: >"$tmp/linked/sub/Machinefile"
r=$tmp/linked/sub
refused 'a link to it, one level up' '.git is a symbolic link, not a directory'
for kind in fifo socket; do
	mkdir "$tmp/$kind" && : >"$tmp/$kind/Machinefile"
	r=$tmp/$kind
	case $kind in
		fifo) mkfifo "$r/.git" ;;
		*) python3 -c 'import socket, sys, os; os.chdir(sys.argv[1]); socket.socket(socket.AF_UNIX).bind(".git")' "$r" ;;
	esac
done
r=$tmp/fifo
refused 'a FIFO' '.git is a FIFO, not a directory'
r=$tmp/socket
refused 'a socket' '.git is a socket, not a directory'
mkdir -p "$trusted/empty/.git" && : >"$trusted/empty/Machinefile"
r=$trusted/empty
refused 'an empty .git hides what is above' '.git/HEAD: No such file or directory'

# with PART REPLACEMENT REASON: this part of a repository is a FIFO, a link...
with() {
	fresh "part-$count"
	git -C "$r" pack-refs --all
	: >"$r/.git/config.worktree"
	p=$r/.git/$1
	mv "$p" "$tmp/moved" 2>/dev/null
	case $2 in
		fifo) mkfifo "$p" ;;
		link) ln -s "$tmp/moved" "$p" ;;
		device) ln -s /dev/zero "$p" ;;
		dir) mkdir "$p" ;;
		file) echo x >"$p" ;;
		gone) ;;
	esac
	refused "$1: $2" "$3"
	[ "$2" != fifo ] || case $1 in
		config | HEAD)
			ok '(control: git hangs)' hangs git -C "$r" status ;;
	esac
	rm -rf "$tmp/moved"
}
for part in config HEAD packed-refs config.worktree; do
	with $part fifo ".git/$part is a FIFO, not a regular file"
	with $part link ".git/$part is a symbolic link, not a regular file"
	with $part device ".git/$part is a symbolic link, not a regular file"
	with $part dir ".git/$part is a directory, not a regular file"
done
with HEAD gone '.git/HEAD: No such file or directory'
with HEAD file 'a reference is neither a SHA-1 nor a name'
for part in objects refs objects/pack objects/info; do
	with $part link ".git/$part is a symbolic link, not a directory"
	with $part fifo ".git/$part is a FIFO, not a directory"
done
with objects gone '.git/objects: No such file or directory'
with refs/heads link '.git: heads is not a directory'
with commondir file 'the repository has .git/commondir, which is part of another repository'
with commondir fifo 'the repository has .git/commondir, which is part of another repository'
with reftable dir 'the repository has .git/reftable, a form of references that is not known here'
with objects/info/alternates file 'the repository has .git/objects/info/alternates, whose objects are elsewhere'
with objects/info/alternates fifo 'the repository has .git/objects/info/alternates, whose objects are elsewhere'
with objects/pack/pack-x.idx fifo '.git/objects/pack/pack-x.idx is a FIFO'
with objects/pack/multi-pack-index link '.git/objects/pack/multi-pack-index is a symbolic link'
with objects/ab link '.git/objects/ab is a symbolic link'

# Its objects, each under the name of HEAD's commit.
fresh object
c=$(head_of "$r")
o=$(echo "$c" | sed 's/../&\//')
object=$r/.git/objects/$o
mv "$object" "$tmp/moved" && mkfifo "$object"
refused 'an object that is a FIFO' ".git/objects/$o is not a regular file"
ok '(control: git hangs)' hangs git -C "$r" cat-file -p "$c"
rm "$object" && ln -s "$tmp/moved" "$object"
refused 'a link' ".git/objects/$o is not a regular file"
rm "$object" && truncate -s 10G "$object"
refused 'a huge one' ".git/objects/$o is larger than 64 MiB"
rm "$object"
refused 'none' 'the repository lacks an object: No such file or directory'
echo x >"$object"
ask "$r"
ok 'garbage' test "$status" -eq 1
rm "$object"
GIT_AUTHOR_NAME=Eve
t=$(git -C "$trusted" rev-parse 'HEAD^{tree}')
x=$(echo x | git -C "$trusted" commit-tree "$t" | sed 's/../&\//')
GIT_AUTHOR_NAME=Ann
cp "$trusted/.git/objects/$x" "$object"
ask "$r"
ok "another one under this one's name" test "$status" -eq 1
ok '(that is why)' grep -q 'hash mismatch' "$tmp/out"
fresh small
echo 1 >"$r/.git/refs/heads/main"
refused 'a reference that is none' 'a reference is neither a SHA-1 nor a name'
echo 'ref: ../../../trusted/.git/refs/heads/main' >"$r/.git/HEAD"
refused 'a reference out of the repository' 'HEAD names what is no reference'
echo 'ref: refs/../../../trusted/.git/refs/heads/main' >"$r/.git/HEAD"
refused 'likewise' 'HEAD names what is no reference'
echo 'ref: refs/heads/main' >"$r/.git/HEAD"
echo 'ref: refs/heads/main' >"$r/.git/refs/heads/main"
refused 'a reference to itself' 'HEAD is a chain of references'
rm "$r/.git/refs/heads/main" && ln -s "$trusted/.git/refs/heads/main" "$r/.git/refs/heads/main"
refused 'a reference that is a link' \
    '.git: main is a symbolic link, not a regular file'
rm "$r/.git/refs/heads/main" && mkfifo "$r/.git/refs/heads/main"
refused 'or a FIFO' '.git: main is a FIFO, not a regular file'
git init -q --object-format=sha256 "$tmp/sha256" && r=$tmp/sha256
: >"$r/Machinefile" && commit "$r" first
refused 'SHA-256' 'a reference is neither a SHA-1 nor a name'
fresh writable && chmod o+w "$r/.git"
refused 'one that others can write' '.git can be written by every user'

# Of another user: made before by root, or now with a range of other ids.
if [ -z "${foreign-}" ]; then
	foreign=$tmp/foreign && mkdir "$foreign" && git init -q "$foreign/repo"
	: >"$foreign/repo/Machinefile"
	unshare --map-root-user --map-auto chown -R 1 "$foreign/repo/.git" \
	    2>/dev/null || foreign=
fi
if [ "$foreign" ]; then
	r=$foreign/repo
	ask "$r"
	ok "another user's" grep -q '"error":".git belongs to another user (uid ' "$tmp/out"
	case $foreign in "$tmp"/*)
		unshare --map-root-user --map-auto chown -R 0 "$foreign" ;;
	esac
else
	# A test that cannot run is not one that has passed.
	ok "another user's can be made (package uidmap, a line in /etc/subuid)" false
fi

# --- what it must not do -----------------------------------------------------------------
# config KEY VALUE: git runs the payload at once, machine-git does not.
config() {
	fresh "config-$count"
	git -C "$r" config filter.evil.clean "$tmp/payload"
	git -C "$r" config filter.evil.smudge "$tmp/payload"
	git -C "$r" config "$1" "$2" # last: git, too, may hang from now on
	mkdir -p "$r/.git/hooks"
	cp "$tmp/payload" "$r/.git/hooks/post-checkout"
	cp "$tmp/payload" "$r/.git/hooks/post-index-change"
	rm -f "$canary"
	ask "$r"
	ok "$1" says '"state":"clean"'
	ok '(nothing ran)' silent
}
controlled() { ok '(control: git runs it)' sings "$@"; }
hookless() { rm "$r/.git/hooks/"*; }
config core.fsmonitor "$tmp/payload"
hookless && controlled git -C "$r" status
config core.hooksPath "$tmp/hooks"
mkdir "$tmp/hooks" && cp "$tmp/payload" "$tmp/hooks/post-index-change"
hookless
touch "$r/Machinefile" && controlled git -C "$r" status
config core.attributesFile "$tmp/attributes"
echo '* filter=evil' >"$tmp/attributes"
hookless
ok '(still nothing)' eval 'ask "$r" && says "\"state\":\"clean\"" && silent'
touch -d '2001-01-01' "$r/Machinefile" && controlled git -C "$r" status
config include.path "$tmp/included"
git config -f "$tmp/included" core.fsmonitor "$tmp/payload"
hookless && controlled git -C "$r" status
config core.worktree /etc
hookless
ok '(control: git is misled)' test "$(git -C "$r" rev-parse --show-toplevel)" = /etc
config core.sshCommand "$tmp/payload"
mkfifo "$tmp/blocks"
config include.path "$tmp/blocks"
ok '(control: git hangs)' hangs git -C "$r" status
fresh garbage-config && head -c 100000 /dev/zero >"$r/.git/config"
ask "$r"
ok 'a configuration of zeros' says '"state":"clean"'
fresh big-config && truncate -s 20G "$r/.git/config"
ask "$r"
ok 'a huge configuration' says '"state":"clean"'
fresh traced
git -C "$r" replace HEAD "$(echo x | GIT_AUTHOR_NAME=Eve git -C "$r" commit-tree 'HEAD^{tree}')"
ask "$r"
ok 'replaced objects do not count' says '"name":"Ann"'
mkdir "$r/.git/info" 2>/dev/null
echo "* filter=evil ident text" >"$r/.git/info/attributes"
git -C "$r" config core.fsmonitor "$tmp/payload"
git -C "$r" config filter.evil.process "$tmp/payload"
git -C "$r" config remote.origin.url "ext::$tmp/payload"
git -C "$r" config extensions.partialClone origin
{ wc -c <"$r/Machinefile" && cat "$r/Machinefile"; } >"$tmp/in"
# (The leak check of a sanitized build is a process, and no tracee.)
ASAN_OPTIONS=detect_leaks=0 strace -f -o "$tmp/trace" "$git" provenance "$r" Machinefile <"$tmp/in" |
    grep -q '"state":"clean"'
ok 'traced, it gives the same answer' grep -q '+++ exited with 0' "$tmp/trace"
calls() { grep -E "^([0-9]+ +)?($1)\(" "$tmp/trace"; }
ok 'it starts nothing' test "$(calls 'execve|execveat|fork|vfork|clone|clone3' | wc -l)" -eq 1
ok 'it knows no network' test "$(calls 'socket|socketpair|connect|bind|sendto' | wc -l)" -eq 0
writes() { calls 'open|openat|creat|unlink|unlinkat|rename|renameat2?|mkdir|mkdirat|truncate|ftruncate|link|symlink|chmod' | grep -vE 'O_RDONLY'; }
ok 'it writes nothing' test "$(writes | wc -l)" -eq 0
opened() { calls 'open|openat' | grep -vE '"(/etc/ld|/lib|/usr/lib|/proc|/sys|/dev|/etc/ssl|/usr/share|/usr/local/lib)'; }
ok 'it opens no configuration' test "$(opened | grep -cE 'config|attributes|alternates|commondir|replace|hooks|passwd')" -eq 0
ok 'nor anything of the home' test "$(opened | grep -c "$HOME")" -eq 0
ok 'nothing ran' silent

# It waits for input that does not come, and does not wait for ever.
exec 3<>"$tmp/blocks"
"$git" diff <&3 >/dev/null &
pid=$!
limit() { grep -qE "^Max $1 +$2 +${3-$2} " "/proc/$pid/limits"; }
until limit 'open files' 256 || [ ! -e /proc/$pid ]; do :; done
ok 'its processor time' limit 'cpu time' 2 3
ok 'it cannot write a file' limit 'file size' 0
ok 'nor its core' limit 'core file size' 0
ok 'nor open many' limit 'open files' 256
case $BUILD in
	*sanitize*) ;; # it needs both
	*)
		ok 'its memory is bounded' limit 'address space' 1073741824
		ok 'it cannot start a process' limit 'processes' 0 ;;
esac
wait $pid 2>"$tmp/log"
ok 'it ends by itself' test $? -eq 142
exec 3>&-

# --- what others have written ------------------------------------------------------------
# author BYTES: HEAD is a commit with this line of an author
author() {
	t=$(git -C "$r" rev-parse "$first^{tree}")
	printf 'tree %s\n%b\ncommitter C <c@d> 1 +0000\n\nx\n' "$t" "$1" >"$tmp/commit"
	c=$(git -C "$r" hash-object -t commit -w --literally --stdin <"$tmp/commit") &&
	    echo "$c" >"$r/.git/refs/heads/main"
	ask "$r"
}
fresh author && first=$(head_of "$r")
author 'author A\033]52;c;eA==\007\rB <a\033[2J\302\233b> 1 +0000'
ok 'control characters survive as text' says '"A\u001B]52;c;eA==\u0007\rB"' '"email":"a\u001B[2J'
author 'author A\342\200\256B <a@b> 1 +0000'
ok 'bidirectional ones, too' says "$(printf '"name":"A\342\200\256B"')"
author 'author \377A\300\200 <\355\240\200> 1 +0000'
ok 'what is not UTF-8 is made visible' says '"name":"\\xffA\\xc0\\x80"' '"email":"\\xed\\xa0\\x80"'
long=$(printf '%01000d' 0)
author "author ${long}A <$long> 1 +0000"
ok 'what is too long is cut' says "\"name\":\"$(printf '%0200d' 0)...\""
author 'author A <a@b> 99999999999999 +0000'
ok 'a year that nobody has' says '"time":0,"offset":0'
author 'author A <a@b> -5 +9999'
ok 'nor such a zone' says '"time":0,"offset":0'
author 'author nobody'
ok 'no readable author is none' says '"state":"clean"'
ok '(none at all)' lacks '"changed"'
author 'parent x\nauthor A <a@b> 1 +0000'
ok 'a malformed commit' refuses 'a commit is malformed'
git -C "$r" update-ref -d refs/heads/main && git -C "$r" reset -q --hard "$first"
b=$(printf 'a\342\200\256\357\273\277b')
git -C "$r" branch "$b" && git -C "$r" symbolic-ref HEAD "refs/heads/$b"
ask "$r"
ok 'a branch with a name to hide' says "\"branch\":\"$b\"" '"state":"clean"'

# --- how it is called -------------------------------------------------------------------------
call() { # INPUT ARG...: with exactly this answer
	want=$1 input=$2 && shift 2
	printf '%b' "$input" | "$git" "$@" | grep . >"$tmp/out"
	cat "$tmp/out"
	[ "$(cat "$tmp/out")" = "{\"version\":1,$want}" ]
}
usage='"error":"usage: machine-git provenance ROOT NAME | machine-git diff"'
ok 'without words' call "$usage" ''
ok 'with others' call "$usage" '' status
ok 'with too few' call "$usage" '' provenance /
ok 'without input' call '"error":"the input is incomplete"' '' diff
ok 'with too little' call '"error":"the input is incomplete"' '1 1\na' diff
for header in 'a' '\n' ' 1\n' '1\n' '-1 1\n' '1  1\n' '99999999999999999999 1\n'; do
	ok "with a header of $header" call '"error":"the input has no readable length"' "$header" diff
done
ok 'with too much' call '"error":"the input is larger than 1024 KiB"' '1048577 0\n' diff
ok 'a difference' call '"lines":["@@ -1,1 +1,1 @@","-a","+b","\\ No newline at end of file"],"truncated":false' '2 1\na\nb' diff
for bad in '.. M' 'relative M' '/a/../b M' '// M' '/ ../M' '/ /M' '/ .' '/ a/' '/a/ M'; do
	ok "with a path of $bad" call '"error":"not a canonical path"' '0\n' provenance "${bad% *}" "${bad#* }"
done
ok 'in a directory that is none' call \
    '"error":"cannot open the project: No such file or directory"' '0\n' provenance /nonexistent M
plan
