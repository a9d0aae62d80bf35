#!/bin/sh
# machine prompt: what a theme shows.
. tests/lib.sh

machine=$BUILD/machine
project=$tmp/shop
mkdir -p "$project" "$tmp/config/machine"
chmod 700 "$tmp/config/machine"
export XDG_CONFIG_HOME="$tmp/config" XDG_RUNTIME_DIR="$tmp"
echo 'autostart: never' >"$tmp/config/machine/config.yaml"
echo 'image: debian-13' >"$project/Machinefile"
cd "$project" || exit 1

prints() { # WANT: what it prints, on either output, and status 0
	got=$("$machine" prompt 2>&1) || echo "status $?"
	echo "$got"
	test "$got" = "$1"
}
unset MACHINE_PROJECT
ok 'outside, or without a hook: nothing' prints ''
export MACHINE_PROJECT=shop
ok 'not allowed: lines are refused' prints 'shop!'
hash=$("$machine" status | sed -n 's/^hash *//p')
"$machine" allow --hash "$hash" >"$tmp/out" 2>&1
ok 'allowed, no VM yet: lines wait' prints 'shop...'
echo '# changed' >>Machinefile
ok 'changed, no VM: lines wait' prints 'shop...'
rm Machinefile
ok 'the Machinefile is gone: lines are refused' prints 'shop!'
cd / || exit 1
ok 'elsewhere: what one was told is not known here' prints 'shop!'
MACHINE_PROJECT='a%~$(x)`\b'"$(printf '\033[31m\nc')" "$machine" prompt >"$tmp/out"
ok 'nothing that a prompt or a terminal would act on' sh -c \
    "! grep -q '[%~\$()\`\\\\[]' $tmp/out && test \$(wc -l <$tmp/out) = 1"
ok 'too many words' sh -c "\"$machine\" prompt x 2>/dev/null; test \$? = 2"
plan
