#!/bin/sh
# What can be said of the hooks without running them: they parse, they are clean,
# short, and explain themselves; and the acceptance list is complete.
. tests/lib.sh

for f in hooks/*; do
	ok "$f has under 250 lines" test "$(wc -l <"$f")" -lt 250
	ok "$f says at its head how it works" sh -c "sed -n 1,25p $f | grep -c '^#' |
	    { read -r n; test \$n -ge 6; }"
done
for f in bash fish zsh; do
	BUILD=${BUILD:-build}
	"$BUILD/machine" hook $f >"$tmp/$f" || echo "Bail out! hook $f"
	"$BUILD/machine" hook $f >"$tmp/$f.again"
	ok "machine hook $f prints the same again" cmp "$tmp/$f" "$tmp/$f.again"
	ok "a reader of it that goes away is no error" sh -c \
	    "\"$BUILD/machine\" hook $f 2>&1 >&3 3>&- | :; exit 0" 3>/dev/null
	said=$({ "$BUILD/machine" hook $f | true; } 2>&1)
	ok "and nothing is said about it" test -z "$said"
done
ok 'bash -n' bash -n "$tmp/bash"
ok 'fish -n' fish --no-execute "$tmp/fish"
for f in hooks/*.zsh; do
	ok "zsh -n $f" zsh -f -n "$f"
done
ok 'zsh -n, as printed' zsh -f -n "$tmp/zsh"
ok 'shellcheck' shellcheck hooks/*.bash
# The checks above can fail.
echo 'if true; )' >"$tmp/bad"
ok '(bash -n finds an error)' sh -c "! bash -n $tmp/bad 2>/dev/null"
ok '(fish -n finds an error)' sh -c "! fish --no-execute $tmp/bad 2>/dev/null"
ok '(zsh -n finds an error)' sh -c "! zsh -f -n $tmp/bad 2>/dev/null"

list=tests/hooks/ACCEPTANCE
want='A1 A2 A5 A6 A7 A8 A9 A10 A11 B1 B2 B4 B5 B6 B8 B9 B10 B11 B12 B13 B14 B15
C1 C2 C3 C4 C5 C6 C7 C9 C10 C11 D1 D2 D3 D4 D5 D7 D8 D10 D11 D12 D13 D14 D15 D16
D17 E1 E2 E3 E4 E5 E6 E7 E8 E9 E10 E12'
# shellcheck disable=SC2086 # words
got=$(sed -n 's/^\([A-E][0-9]*\) .*/\1/p' $list | tr '\n' ' ')
ok 'every case of the acceptance list has its line' test "$got" = "$(echo $want) "
gone=$(sed -n 's/^[A-E][0-9]* //p' $list | sed 's/\(^\| \)- .*//' | tr ' ' '\n' |
    while read -r w; do
	case $w in
	'') ;;
	*/*) test -e "$w" || echo "$w" ;;
	*) grep -q "^def ${w#*:}(" "tests/hooks/${w%:*}.py" || echo "$w" ;;
	esac
    done)
ok 'and names tests that there are' test -z "$gone"
plan
