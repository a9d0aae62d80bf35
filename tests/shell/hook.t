#!/bin/sh
# Every hook, in the shell it is for: it parses, it is clean, it loads under the
# strictest options without a word, and leaves scripts alone.
. tests/lib.sh

top=$PWD
# A name that no shell may take for anything else.
odd="$tmp/it's \"\$(touch hr)\` \\\\ \\' @BIN@
x"
mkdir "$odd"
ln -s "$BUILD/machine" "$odd/machine"
export XDG_RUNTIME_DIR="$tmp"
for sh in bash fish zsh; do
	"$odd/machine" hook "$sh" >"$tmp/hook.$sh" || echo "Bail out! hook $sh"
done
cd "$tmp" || exit 1

# says WANT COMMAND...: prints exactly that, on either output (bash complains
# that it has no terminal when it is told to be interactive).
says() {
	want=$1 && shift
	got=$("$@" 2>&1 </dev/null | grep -v -e 'no job control in this shell' \
	    -e 'cannot set terminal process group')
	echo "$got"
	test "$got" = "$want"
}
strict_bash='. ./hook.bash && echo end'
strict_zsh='
	setopt nounset err_return err_exit noclobber warn_create_global
	setopt warn_nested_var shwordsplit ksharrays rcquotes ignorebraces
	. ./hook.zsh && echo end'

ok 'bash parses it' bash -n hook.bash
ok 'fish parses it' fish --no-execute hook.fish
ok 'zsh parses it' zsh -n hook.zsh
ok 'shellcheck has nothing to say' shellcheck "$top/hooks/machine.bash"

ok 'bash loads it under -euo pipefail' says end \
    bash --norc -i -euo pipefail -c "$strict_bash"
ok 'bash loads it in posix mode' says end \
    bash --norc --posix -i -euo pipefail -c "$strict_bash"
ok 'zsh loads it under strict options' says end zsh -f -i -c "$strict_zsh"
ok 'fish loads it' says end \
    fish --no-config -i -c 'source hook.fish; and echo end'

ok 'bash: nothing in a script' says '' bash --norc -euo pipefail -c '
	before=$(declare -F; trap; shopt; alias; set -o)
	. ./hook.bash
	test "$(declare -F; trap; shopt; alias; set -o)" = "$before" || echo changed
	compgen -v | grep __machine || :'
ok 'zsh: nothing in a script' says '  ' zsh -f -c '
	before=$(setopt)
	. ./hook.zsh
	[[ $(setopt) == $before ]] || echo options
	echo "${(k)parameters[(I)*machine*]} ${(k)functions} $preexec_functions"'
ok 'fish: nothing in a script' says '' fish --no-config -c '
	source hook.fish
	echo (set -n | string match "__machine*") (functions -n -a |
	    string match -r "^(__machine.*|machine|vm:|@host)\$")'

# The second time changes nothing: not the session, not the lists.
ok 'bash: twice is once' says same bash --norc -i -c '
	. ./hook.bash
	a="$__machine_sid $PROMPT_COMMAND $(declare -f)"
	. ./hook.bash
	[[ $a == "$__machine_sid $PROMPT_COMMAND $(declare -f)" ]] && echo same'
ok 'zsh: twice is once' says same zsh -f -i -c '
	. ./hook.zsh
	a="$__machine_sid $precmd_functions $preexec_functions $chpwd_functions"
	. ./hook.zsh
	[[ $a == "$__machine_sid $precmd_functions $preexec_functions $chpwd_functions" ]] &&
	    echo same'
ok 'fish: twice is once' says same fish --no-config -i -c '
	source hook.fish
	set -l a $__machine_sid (functions -n -a)
	source hook.fish
	test "$a" = "$__machine_sid "(functions -n -a | string join " "); and echo same'

# The paths, as the shells read them back.
want="$odd/machine"
ok 'bash reads the odd path back' says "$want" \
    bash --norc -i -c '. ./hook.bash; printf "%s\n" "$__machine_bin"'
ok 'zsh reads the odd path back' says "$want" \
    zsh -f -i -c '. ./hook.zsh; print -r -- "$__machine_bin"'
ok 'zsh does under RC_QUOTES, too' says "$want" zsh -f -i -c \
    'setopt rcquotes; eval "$(<hook.zsh)"; print -r -- "$__machine_bin"'
ok 'fish reads the odd path back' says "$want" \
    fish --no-config -i -c 'source hook.fish; printf "%s\n" $__machine_bin'
ok 'nothing of it was run' test ! -e hr
ok 'an unknown shell is an error' sh -c '! "$BUILD/machine" hook tcsh'
plan
