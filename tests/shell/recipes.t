#!/bin/sh
# The scripts that install tools, as far as they go without a VM: what they
# refuse before anything is installed, and how versions are compared.
. tests/lib.sh

recipes=$PWD/src/guest/tools
is() { [ "$1" = "$2" ] || { echo "got:    $1"; echo "wanted: $2"; return 1; }; }
not() { ! "$@"; }
mkdir "$tmp/bin"
for f in basename cat cut find grep head sed sh; do
	ln -s "$(command -v $f)" "$tmp/bin/$f"
done

# As the program composes them: tools.c.
recipe() { # NAME VERSION
	{ printf "set -- '%s'\n" "$2" && cat "$recipes/lib.sh" "$recipes/$1.sh"; } >"$tmp/script"
	PATH=$tmp/bin sh -e "$tmp/script" 2>&1 </dev/null
}
refuses() { # TEXT NAME VERSION
	text=$1 && shift
	got=$(recipe "$@") && echo 'it went on' && return 1
	is "$(printf '%s\n' "$got" | tail -n 1)" "machine: $text"
}

for file in "$recipes"/*.sh; do
	name=$(basename "$file" .sh)
	ok "$name can be parsed" sh -n "$file"
	[ "$name" = lib ] ||
	    ok 'and does nothing without apt-get' refuses \
	        'tools need a guest with apt-get (Debian, Ubuntu): use packages and provision here' \
	        "$name" ''
done

# --- versions ------------------------------------------------------------------
# Some hosts have none.
mkdir "$tmp/have" && echo '#!/bin/sh' >"$tmp/have/apt-get" && chmod 755 "$tmp/have/apt-get"
PATH=$PATH:$tmp/have
. "$recipes/lib.sh"
while read -r verdict have want; do
	# shellcheck disable=SC2086 # a word or none
	case $verdict in
	yes) ok "$have is ${want:-any}" is_version "$have" $want '' ;;
	no) ok "$have is not $want" not is_version "$have" "$want" ;;
	esac
done <<'EOT'
yes 22.23.3 22
yes 22.23.3 22.23
yes 22.23.3 22.23.3
yes 22.23.3
yes 22.23.3 latest
yes 22.23.3 lts
yes 1.24~2
yes 3.13.5+dfsg1 3.13.5
no 22.23.3 2
no 22.23.3 22.2
no 22.23.3 22.23.30
no 22.23.3 23
no 3.13.5 3.1
no 3x13 3.13
no 1.24 1.24.4
EOT
said() { sh -c '. "$0" && check_version "$@"' "$recipes/lib.sh" "$@" 2>&1; }
ok 'the right version is shown' is "$(said go 1.24.4 1.24)" '-- go 1.24.4'
ok 'the wrong one is an error' is "$(said go 1.23.1 1.24)" \
    'machine: go is 1.23.1 here, and the Machinefile asks for 1.24'
ok 'which ends it' not said go 1.23.1 1.24
ok 'and so is none' is "$(said go '' '')" 'machine: go was installed and does not say its version'

# --- the distribution's ---------------------------------------------------------
cat >"$tmp/bin/apt-get" <<'EOT'
#!/bin/sh
case " $* " in *' install '*) echo installed >>"$0.log" ;; esac
EOT
cat >"$tmp/bin/apt-cache" <<'EOT'
#!/bin/sh
case $* in
*' python3') printf 'Package: python3\nVersion: 3.13.5-1\nVersion: 9\n' ;;
*' rustc') echo 'Version: 1:1.85.1+dfsg1-1' ;;
esac
EOT
printf '#!/bin/sh\nshift 3\nexec "$@"\n' >"$tmp/bin/timeout"
chmod 755 "$tmp"/bin/apt-get "$tmp"/bin/apt-cache "$tmp"/bin/timeout
ok 'another python than there is' refuses \
    'python: the distribution has 3.13.5, and the Machinefile asks for 3.12: take that away, or another image' \
    python 3.12
ok 'another rust, whose version has an epoch' refuses \
    'rust: the distribution has 1.85.1, and the Machinefile asks for 1.90: take that away, or another image' \
    rust 1.90
ok 'no git at all' refuses 'this distribution has no package git, so no git' git ''
ok 'and nothing was installed' test ! -e "$tmp/bin/apt-get.log"

# --- certificates ------------------------------------------------------------------
sed '/^new=/d' src/guest/ca.sh >"$tmp/ca.sh"
. "$tmp/ca.sh"
printf -- '-----B-----\nAAAA\nBBBB\n-----E-----\n-----B-----\nCC\n-----E-----\n' >"$tmp/bundle"
printf -- '-----B-----\nAA\nAABBBB\n-----E-----\n' >"$tmp/in"
printf -- '-----B-----\nAAAABBBC\n-----E-----\n' >"$tmp/out"
ok 'a certificate is known whatever its lines are' known "$tmp/bundle" "$tmp/in"
ok 'another one is not' not known "$tmp/bundle" "$tmp/out"
ok 'nor is any where there is no bundle' not known "$tmp/none" "$tmp/in"
plan
