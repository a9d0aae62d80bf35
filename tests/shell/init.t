#!/bin/sh
# `machine init` fits the Machinefile to what is there, by names alone.
. tests/fake/world.sh

# An empty directory with these files in it (DIR/: a directory).
here() {
	cd "$tmp/work" || exit 1
	rm -rf "$tmp/work/x" && mkdir "$tmp/work/x" && cd "$tmp/work/x" || exit 1
	for f; do
		case $f in
		*/) mkdir "$f" ;;
		*) printf '\0\033[31m' >"$f" ;;
		esac
	done
}
line() { sed -n "s/^ *\($1: \[.*\]\)\$/\1/p" Machinefile; }
# wrote FILES TOOLS PRIVATE: it did, it is valid, and this is in it.
wrote() {
	m -q init && m -q check &&
	    is "$(line tools)" "${2:+tools: [$2]}" &&
	    is "$(line private)" "${3:+private: [$3]}" &&
	    is "$(sed -n 's/^# Because of \(.*\)\.$/\1/p' Machinefile)" "$1"
}
fits() { # FILES TOOLS PRIVATE
	# shellcheck disable=SC2046 # words
	here $(echo "$1" | tr -d ,)
	ok "$1" wrote "$1" "$2" "$3"
}
fits '' '' ''
fits package.json node node_modules
fits 'package.json, pnpm-lock.yaml' node node_modules
fits pyproject.toml python .venv
fits requirements.txt python .venv
fits go.mod go ''
fits Cargo.toml rust target
fits compose.yaml docker ''
fits Dockerfile docker ''
fits 'package.json, requirements.txt, go.mod, Cargo.toml, docker-compose.yml, Dockerfile' \
    'node, python, go, rust, docker' 'node_modules, .venv, target'

# Everything that it suggests in a comment is valid as well.
here
m -q init
sed -n 's/^# \([a-z]*: *.*\)$/\1/; s/^#   /  /; /^#/!p' Machinefile >all
ok 'what stands in comments is valid' m -q check all
ok '(and it is more than the file)' sh -c '[ "$(grep -c "^[a-z]" all)" -gt 7 ]'

# --- by names alone ------------------------------------------------------------
here
mkdir package.json && mkfifo go.mod && ln -s /etc/passwd Cargo.toml
ok 'what is no file says nothing' wrote '' '' ''
here package.json
chmod 0 package.json
ok 'nothing is opened' wrote package.json node node_modules
here package.json
echo >node_modules
ok 'a file is not made private' wrote package.json node ''
here package.json
ln -s /tmp node_modules
ok 'nor a link' wrote package.json node ''
here package.json node_modules/
ok 'a directory is' wrote package.json node node_modules
here 'a package.json'
ok 'another name is another name' wrote '' '' ''

# --- devcontainer ----------------------------------------------------------------
here
m -q init
ok 'no word of what is not there' not grep -q devcontainer Machinefile
for name in .devcontainer/ .devcontainer.json; do
	here "$name"
	m -q init
	ok "$name is noted" grep -q '^# There is a .devcontainer here' Machinefile
	ok 'and the file is valid' m -q check
done
plan
