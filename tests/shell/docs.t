#!/bin/sh
# The manuals and completions say what the program does: the same commands,
# options and keys, compared both ways.
. tests/lib.sh
: "${tmp:?}" # made by lib.sh

docs=. # the tree whose documentation is looked at
zsh=$(command -v zsh)

machine() { "$BUILD/machine" "$@"; }

# Print nothing and succeed if two lists are the same; $1 and $2 say whose.
same() { # WHOSE WHOSE FILE FILE
	[ -s "$3" ] || { echo "$1: nothing found"; return 1; }
	diff "$3" "$4" >"$tmp/diff" && return
	sed -n "s/^</only $1:/p; s/^>/only $2:/p" "$tmp/diff"
	return 1
}

# --- commands ----------------------------------------------------------------

commands() { machine help | sed -n 's/^  \([a-z][a-z]*\) .*/\1/p'; }

# One line each, as `machine help COMMAND` has it: NAME ARGUMENTS.
usages() {
	for c in $(commands); do
		machine help "$c" | sed -n '1s/^usage: machine //p'
	done | tr '[:upper:]' '[:lower:]'
}

# The same from the .It lines of the manual: its macros become characters.
manual_usages() {
	awk '
	/^\.S[hs] / { here = $2 == "COMMANDS" }
	here && /^\.It Ic / {
		line = end = ""; glue = 1
		for (i = 3; i <= NF; i++) {
			w = $i
			if (w ~ /^(Ar|Cm|Ic|No)$/)
				continue
			if (w == "Op" || w == "Oo") {
				line = line (glue ? "" : " ") "["
				end = w == "Op" ? end "]" : end
				glue = 1
			} else if (w == "Oc")
				line = line "]"
			else if (w == "Fl") {
				line = line (glue ? "" : " ") "-"
				glue = 1
			} else if (w == "|" || w == "...") {
				line = line w
				glue = w == "|"
			} else {
				line = line (glue ? "" : " ") w
				glue = 0
			}
		}
		print line end
	}' "$docs/man/machine.1"
}

help_is_sorted() {
	commands >"$tmp/program"
	[ -s "$tmp/program" ] && sort -c "$tmp/program"
}
manual_has_commands() {
	usages >"$tmp/program" && manual_usages | tr '[:upper:]' '[:lower:]' >"$tmp/manual"
	same program manual "$tmp/program" "$tmp/manual"
}

# `machine off` and `on` act in the hooks.
hooks_have_on_off() {
	for shell in bash fish zsh; do
		for word in off on; do
			grep -Eq "(^ *(case )?|;; )\(?$word( *\)|\$)" \
			    "hooks/machine.$shell" || {
				echo "machine.$shell has no $word"
				return 1
			}
		done
	done
}

# --- completions -------------------------------------------------------------

# Lines `COMMAND WORD` of what may follow a command, `machine WORD` of those.
words() {
	commands | sed 's/^/machine /'
	commands | sed 's/^/help /'
	for c in $(commands); do
		machine help "$c" | sed -n '1s/^usage: machine [a-z]* *//p' |
		    tr '][| ' '\n\n\n\n' | sed '/^[A-Z.]*$/d' | sed "s/^/$c /"
	done
}

# Complete after each, with nothing and with a hyphen.
complete_bash() {
	# shellcheck disable=SC2016
	bash --norc -c '. "$1" || exit
	for c in machine $2; do
		[ "$c" = machine ] && before=machine || before="machine $c"
		for typed in "" -; do
			COMP_WORDS=($before "$typed")
			COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
			_machine
			for w in "${COMPREPLY[@]}"; do echo "$c $w"; done
		done
	done' bash "$docs/completions/machine.bash" "$(commands)"
}

complete_fish() {
	commands=$(commands)
	# shellcheck disable=SC2016,SC2086 # fish's own variables; words
	fish --no-config -c 'source $argv[1]; or exit
	set commands $argv[2..]
	set dir (mktemp -d); and cd $dir # no files are offered there
	for c in machine $commands
		test $c = machine; and set -l before; or set -l before $c" "
		complete -C "machine $before" | string replace -r "\t.*" "" | string replace -r "^" "$c "
		complete -C "machine $before-" | string replace -r "\t.*" "" | string replace -r "^" "$c "
	end
	rmdir $dir' "$docs/completions/machine.fish" $commands
}

# In a real line editor, whose completion is listened to.
complete_zsh() {
	mkdir -p "$tmp/zsh/empty" && : >"$tmp/zsh/out"
	cat >"$tmp/zsh/inner" <<-'EOT'
	fpath=($completions $fpath)
	autoload -Uz compinit
	compinit -C -d $out.dump # made once, for all copies
	compadd() {
		local -a hits
		if [[ " ${(j: :)@[1,(i)(-|--)]} " != *\ -[OAD]\ * ]]; then
			builtin compadd -O hits "$@"
			(( $#hits )) && print -rl -- ${hits/#/$query } >>$out
		fi
		builtin compadd "$@"
	}
	ask() {
		for query in machine ${=commands}; do
			for typed in "" -; do
				BUFFER="machine ${${query:#machine}:+$query }$typed"
				CURSOR=$#BUFFER
				zle complete-word
			done
		done
		print end >>$out
		BUFFER=exit
		zle accept-line
	}
	zle -N zle-line-init ask
	cd $out:h/empty
	EOT
	cat >"$tmp/zsh/outer" <<-'EOT'
	zmodload zsh/zpty
	zpty inner $1 -fi
	zpty -w inner ". ${(q)2}"
	while zpty -r inner; do :; done >/dev/null
	EOT
	completions=$(cd "$docs/completions" && pwd) out=$tmp/zsh/out \
	    commands=$(commands) \
	    "$zsh" -f "$tmp/zsh/outer" "$zsh" "$tmp/zsh/inner"
	[ "$(tail -n 1 "$tmp/zsh/out")" = end ] || echo 'zsh did not finish'
	sed '$d' "$tmp/zsh/out"
}

completes() { # SHELL
	words | sort -u >"$tmp/program"
	# Those of machine itself, before a command; not in the table.
	"complete_$1" | grep -vE '^machine --?(h|help|q|quiet|V|version)$' |
	    sort -u >"$tmp/completed"
	same program "$1" "$tmp/program" "$tmp/completed"
}

# Where a completion describes a command it has the table's words.
summaries() {
	fish --no-config -c "source $docs/completions/machine.fish
	    complete -C 'machine '" >"$tmp/fish"
	summary=
	for c in $(commands); do
		summary=$(machine help "$c" | sed -n 2p)
		grep -Fqx "$c	$summary" "$tmp/fish" || echo "fish: $c"
		grep -Fq "$c:$summary" "$docs/completions/_machine" ||
			echo "zsh: $c"
	done >"$tmp/wrong"
	cat "$tmp/wrong"
	[ -n "$summary" ] && [ ! -s "$tmp/wrong" ]
}

parses() { # SHELL
	case $1 in
	bash) bash -n "$docs/completions/machine.bash" &&
		shellcheck "$docs/completions/machine.bash" ;;
	fish) fish --no-execute "$docs/completions/machine.fish" ;;
	zsh) "$zsh" -n "$docs/completions/_machine" ;;
	esac
}

# --- keys --------------------------------------------------------------------

# KEY: TYPE|DEFAULT|EFFECT
keys() { # machinefile|config
	machine help "$1" | awk '
	function flush() { if (key) print key "|" def "|" effect }
	/^[a-z]/ { flush(); key = $0; def = effect = "" }
	sub(/^    default: /, "") { def = $0 }
	sub(/^    a change takes effect: /, "") { effect = $0 }
	END { flush() }'
}

manual_keys() { # PAGE
	awk '
	function flush() { if (key) print key "|" def "|" effect; key = "" }
	/^\.S[hs] / { flush(); here = $2 == "KEYS" }
	here && sub(/^\.It Cm /, "") { flush(); key = $0; def = effect = ""
		sub(/ : No /, ": ", key) }
	here && sub(/^Default: /, "") { def = $0; sub(/\.$/, "", def) }
	here && sub(/^Takes effect: /, "") { effect = $0; sub(/\.$/, "", effect) }
	END { flush() }' "$docs/man/$1"
}

machinefile_keys() {
	keys machinefile >"$tmp/program" && manual_keys Machinefile.5 >"$tmp/manual"
	same program manual "$tmp/program" "$tmp/manual"
}

# The keys that are understood and have no effect: a description in the JSON
# Schema ends with what the manual says at the key. Named by their last parts.
unbuilt_keys() {
	machine check --schema | awk '
	/^ *"[a-zA-Z_]*": \{$/ { key[match($0, /"/)] = $1 }
	/"description": .*Not yet built/ {
		at = match($0, /"/) - 2
		gsub(/[":]/, "", key[at])
		print key[at]
	}' | sort >"$tmp/program"
	awk '/^\.It Cm / { key = $3; sub(/.*[.]/, "", key) }
	/^Not yet built: a machine with it does not start/ { print key }
	' "$docs/man/Machinefile.5" | sort >"$tmp/manual"
	same program manual "$tmp/program" "$tmp/manual"
}
# When a change takes effect is said there for groups of keys.
config_keys() {
	keys config | sed 's/|[^|]*$/|/' >"$tmp/program"
	manual_keys machine-config.5 >"$tmp/manual"
	same program manual "$tmp/program" "$tmp/manual"
}

# --- lists that are only in the source ---------------------------------------

# The names that `env` cannot have.
refused_variables() {
	sed -n 's/^	{ "\([A-Z0-9_*]*\)", .*/\1/p' src/core/machinefile_env.c |
	    sort >"$tmp/program"
	sed -n '/^\.Ss Variables that are refused/,/^\.Sh/s/^\.Ev \([^ ]*\).*/\1/p' \
	    "$docs/man/Machinefile.5" | sort >"$tmp/manual"
	same program manual "$tmp/program" "$tmp/manual"
}

# The words that make a line the host's, and what history may be piped into.
host_words() {
	sed -n 's/^	{ "\([a-z]*\)", [ZBF| ]* },$/\1/p' src/core/route.c |
	    sort -u >"$tmp/program"
	awk '/^\.S[hs] / { here = /WHERE A LINE RUNS/ }
	here && sub(/^\.(It )?Ic /, "") {
		for (i = 1; i <= NF && $i !~ /^(Ar|Cm)$/; i++)
			if ($i ~ /^[a-z]+$/)
				print $i
	}' "$docs/man/machine.1" | sort -u >"$tmp/manual"
	same program manual "$tmp/program" "$tmp/manual"
}

json_fields() {
	sed -n 's/.*json_set[a-z_]*(j, "\([a-z_]*\)".*/\1/p' \
	    src/cmd/cmd_status.c | sort -u >"$tmp/program"
	sed -n '/^\.Sh STATUS/,/^\.Sh ENV/s/^\.It Cm //p' "$docs/man/machine.1" |
	    sort >"$tmp/manual"
	same program manual "$tmp/program" "$tmp/manual"
}

environment() {
	sed -n '/^\.Sh ENVIRONMENT/,/^\.Sh FILES/p' "$docs/man/machine.1" |
	    grep -o '[A-Za-z_]*' >"$tmp/manual"
	# Names in quotes; of proxies the manual has one spelling.
	{
		cat src/host/paths.c
		sed -n '/ passed\[\] = {/,/};/p' src/host/*.c
	} | grep -oE '"([A-Z_]{4,}|[a-z]+_proxy)"' | tr -d '"' |
	    grep -v '_PROXY$' | sort -u >"$tmp/program"
	grep -Fxvf "$tmp/manual" "$tmp/program" | sed 's/^/not in the manual: /'
	! grep -qFxvf "$tmp/manual" "$tmp/program"
}

# What a manual shows as an example is valid.
examples() { # PAGE
	rm -rf "$tmp/examples" && mkdir "$tmp/examples"
	awk -v dir="$tmp/examples" '
	/^\.S[hs] / { here = $2 == "EXAMPLES" }
	/^\.Ed/ { inside = 0 }
	inside { print >file }
	here && /^\.Bd -literal/ { inside = 1; file = dir "/" ++n }
	' "$docs/man/$1"
	for example in "$tmp/examples"/*; do
		home=$tmp/examples/home file=$example
		mkdir -p "$home/config"
		# A config.yaml is read by a command that needs one.
		if [ "$1" = machine-config.5 ]; then
			cp "$example" "$home/config/config.yaml"
			file=$tmp/empty && : >"$file"
		fi
		MACHINE_HOME=$home machine check "$file" || return 1
	done
}

# Its complaints go to stdout; on stderr it may miss its database.
lint() { # PAGE
	if mandoc -T lint -W warning "$docs/man/$1" >"$tmp/lint" 2>"$tmp/err" &&
	    [ ! -s "$tmp/lint" ]; then
		return 0
	fi
	cat "$tmp/lint" "$tmp/err"
	return 1
}

# --- the checks --------------------------------------------------------------

ok 'help is sorted' help_is_sorted
ok 'the manual has the commands and how they are used' manual_has_commands
ok 'the hooks have on and off' hooks_have_on_off
for shell in bash fish zsh; do
	ok "the completion for $shell can be parsed" parses "$shell"
	ok "$shell completes each command and its options" completes "$shell"
done
ok 'completions describe commands as help does' summaries
ok 'Machinefile(5) has the keys, defaults and effects' machinefile_keys
ok 'Machinefile(5) says which keys have no effect yet' unbuilt_keys
ok 'machine-config(5) has the keys and defaults' config_keys
ok 'Machinefile(5) has the variables that are refused' refused_variables
ok 'machine(1) has the words of host lines' host_words
ok 'machine(1) has the fields of status --json' json_fields
ok 'machine(1) has the environment' environment
ok 'the examples in Machinefile(5) are valid' examples Machinefile.5
ok 'the examples in machine-config(5) are valid' examples machine-config.5
for page in man/*.[15]; do
	ok "${page#man/} is clean" lint "${page#man/}"
done

# --- the test of the test: each of them can fail -----------------------------

# After this edit of a copy (sed -E) the check complains.
notices() { # FILE SED-SCRIPT CHECK ARG...
	rm -rf "$tmp/copy" && mkdir "$tmp/copy"
	cp -R man completions "$tmp/copy/"
	docs=$tmp/copy
	sed -E "$2" "$1" >"$docs/$1"
	if cmp -s "$1" "$docs/$1"; then
		echo "nothing was edited"
		return 1
	fi
	shift 2
	if "$@"; then docs=.; return 1; fi
	docs=.
}

page=man/machine.1
ok 'a command that is missing is noticed' \
    notices $page '/^.It Ic check/d' manual_has_commands
ok 'one too many is noticed' \
    notices $page '/^.It Ic stop/{p;s/stop/pause/;}' manual_has_commands
ok 'an option that is missing is noticed' \
    notices $page 's/^.It Ic status .*/.It Ic status/' manual_has_commands
ok 'a missing "machine off" is noticed' \
    notices $page '/^.It Ic off/d' manual_has_commands
for c in _machine machine.bash machine.fish; do
	case $c in _machine) shell=zsh ;; *) shell=${c#*.} ;; esac
	file=completions/$c
	ok "$shell: a missing command is noticed" \
	    notices "$file" '/logs.*show|commands=/s/logs//' completes "$shell"
	ok "$shell: one too many is noticed" notices "$file" \
	    "s/'deny:/'pause:/; s/deny destroy/pause &/; s/command deny/command pause/" \
	    completes "$shell"
	ok "$shell: a missing option is noticed" \
	    notices "$file" 's/--json|-l json/--jsn/' completes "$shell"
	# shellcheck disable=SC2016
	ok "$shell: a syntax error is noticed" \
	    notices "$file" '$s/.*/if (/' parses "$shell"
done
ok 'another summary is noticed' \
    notices completions/_machine 's/how the last start/where the last start/' summaries
page=man/Machinefile.5
ok 'a key that is missing is noticed' \
    notices $page '/^.It Cm ports..\.label/d' machinefile_keys
ok 'another type is noticed' \
    notices $page 's/from 512MiB/from 1GiB/' machinefile_keys
ok 'another default is noticed' \
    notices $page 's/^Default: 20GiB/Default: 10GiB/' machinefile_keys
ok 'another effect is noticed' \
    notices $page 's/^Takes effect: next line/Takes effect: at once/' machinefile_keys
ok 'a key whose lack of effect is not told is noticed' \
    notices $page '/^.It Cm idle.stop/,/^.It/s/^Not yet built.*//' unbuilt_keys
ok 'a missing key of config.yaml is noticed' \
    notices man/machine-config.5 '/^.It Cm autostart/d' config_keys
ok 'a missing variable is noticed' \
    notices $page '/^.Ev GCONV/d' refused_variables
page=man/machine.1
ok 'a missing host word is noticed' notices $page 's/ popd ,//' host_words
ok 'a missing field is noticed' notices $page '/^.It Cm stage/d' json_fields
ok 'a missing part of the environment is noticed' \
    notices $page '/XDG_STATE_HOME/d' environment
ok 'a bad example is noticed' \
    notices man/Machinefile.5 's/^memory: 1GiB/memory: 1G/' examples Machinefile.5
ok 'a bad example of config.yaml is noticed' notices man/machine-config.5 \
    's/^  accelerator/  acelerator/' examples machine-config.5
ok 'bad mdoc is noticed' notices $page 's/^.El/.Elk/' lint machine.1
plan
