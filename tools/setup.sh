#!/bin/sh
# setup.sh SET…: install what is missing, through apt. Asks for nothing, is silent when all is there.
#
#   build   what compiling machine needs
#   engine  what Lima and the base image need: QEMU, ssh, mmdebstrap, Go for building limactl
#   demo    what `make demo` needs besides: a terminal to show it in
#   test    what `make check` needs
#
# As a user it goes through sudo. On a system without apt it says what to install.
set -eu

die() {
	echo "machine: setup: $1" >&2
	exit 1
}

build='gcc libc6-dev make pkg-config libyaml-dev libxxhash-dev libjansson-dev libmd-dev libgit2-dev'
# debian-archive-keyring: the base image is Debian's also where the host is Ubuntu. ca-certificates: the Go module proxy.
engine='qemu-utils openssh-client mmdebstrap fakeroot uidmap e2fsprogs zstd xz-utils debian-archive-keyring ca-certificates'
# llvm: llvm-symbolizer, without which the sanitizers print addresses.
test='zsh zsh-autosuggestions zsh-syntax-highlighting fish tmux vim less clang llvm shellcheck mandoc perl python3 python3-pexpect python3-pyte strace binutils git direnv zoxide fzf liquidprompt zsh-theme-powerlevel9k'
demo='zsh python3 python3-pexpect'

case $(uname -m) in
	x86_64 | amd64) engine="$engine qemu-system-x86" ;;
	aarch64 | arm64) engine="$engine qemu-system-arm qemu-efi-aarch64" ;;
	*) die "this architecture is not supported: $(uname -m)" ;;
esac

[ $# -gt 0 ] || { echo "usage: setup.sh build|engine|demo|test..." >&2; exit 2; }
want='' want_go='' want_clang=''
for set in "$@"; do
	case $set in
		build) want="$want $build" ;;
		engine) want="$want $engine" want_go=1 ;;
		demo) want="$want $demo" ;;
		test) want="$want $test" want_clang=1 ;;
		*) echo "usage: setup.sh build|engine|demo|test..." >&2; exit 2 ;;
	esac
done

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)

# --- Go ------------------------------------------------------------------------------------------------------------
# From 1.21 on the Go command fetches the toolchain that go.mod asks for by itself (build.sh says GOTOOLCHAIN=auto).
go_good() { # go_good GO
	v=$(cd / && GOTOOLCHAIN=local "$1" env GOVERSION 2>/dev/null) || return 1
	v=${v#go}
	case $v in 1.[0-9] | 1.[0-9].* | 1.1[0-9]* | 1.20* | '') return 1 ;; esac
}
fetched=$here/../build/go # where bootstrap_go leaves a toolchain and tools/lima/build.sh looks for it
if [ -n "$want_go" ]; then
	if { command -v go >/dev/null && go_good go; } || go_good "$fetched/bin/go" ||
		[ -x "$here/../build/lima/bin/limactl" ]; then # built already: Go is not needed again
		want_go=
	fi
fi

# Debian 12's own Go (1.19) can neither build limactl nor fetch a newer toolchain by itself. But a toolchain is a module
# like others: the old Go downloads it through the module proxy and checks it against the checksum database.
bootstrap_go() {
	need=$(awk '$1 == "go" { print $2; exit }' "$here/lima/go.mod")
	mod=golang.org/toolchain@v0.0.1-go$need.linux-$(go env GOARCH)
	echo "machine: setup: Go $(go env GOVERSION | sed 's/go//') is too old, fetching Go $need" >&2
	tmp=$(mktemp -d)
	trap 'chmod -R u+w "$tmp"; rm -rf -- "$tmp"' EXIT
	dir=$(cd "$tmp" && GOPATH="$tmp/path" GOFLAGS=-modcacherw go mod download -json "$mod" |
		sed -n 's/^[[:space:]]*"Dir": "\(.*\)",*$/\1/p') || dir=
	[ -x "$dir" ] || die "Go $need could not be fetched; install Go 1.21 or newer and put it on PATH"
	rm -rf -- "$fetched"
	mkdir -p "$(dirname "$fetched")"
	cp -R "$dir" "$fetched"
	# Module archives carry no modes.
	chmod -R a+rX "$fetched"
	chmod a+x "$fetched"/bin/* "$fetched"/pkg/tool/*/*
	go_good "$fetched/bin/go" || die "the Go that was fetched does not run: $fetched/bin/go"
}

# --- packages ----------------------------------------------------------------------------------------------------------
if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
	[ "$(uname -s)" != Darwin ] || die "not a Debian or Ubuntu system; install with Homebrew: make pkg-config libyaml xxhash jansson lima zsh fish tmux mandoc"
	die "not a Debian or Ubuntu system; install what these packages contain:$want${want_go:+ golang (1.21 or newer)}"
fi

installed() { # installed PACKAGE…: print those that are
	# dpkg-query fails when one is unknown, and prints the others all the same.
	dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null | sed -n 's/^installed //p' || :
}
missing() {
	have=" $(installed "$@" | tr '\n' ' ') "
	for p in "$@"; do
		case $have in *" $p "*) ;; *) printf '%s ' "$p" ;; esac
	done
}

# shellcheck disable=SC2086 # lists of words
need=$(missing $want)
# The sanitizers and libFuzzer of clang are a package whose name has clang's version in it from Debian 12 on.
clang_rt() {
	v=$(clang --version 2>/dev/null | sed -n 's/.*version \([0-9]*\)\..*/\1/p;q') || return 0
	[ -z "$v" ] || missing "libclang-rt-$v-dev"
}
[ -z "$want_clang" ] || need="$need$(clang_rt)"
[ -z "$want_go" ] || command -v go >/dev/null || need="${need}golang-go "

if [ -n "$need" ]; then
	sudo=
	if [ "$(id -u)" -ne 0 ]; then
		command -v sudo >/dev/null || die "these packages are missing and there is no sudo; as root: apt-get install $need"
		sudo='sudo'
	fi
	apt() { # one place for what keeps apt quiet and unattended; needrestart would ask on Ubuntu
		$sudo env DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=l apt-get -qq -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=120 "$@" </dev/null
	}
	log=$(mktemp)
	trap 'rm -f "$log"' EXIT
	install() {
		echo "machine: setup: installing $*" >&2
		apt install -y --no-install-recommends "$@" >"$log" 2>&1 || {
			tail -n 20 "$log" >&2
			die "apt-get install failed: $*"
		}
	}
	# A failed update is not yet a failure: the lists that are there may do.
	apt update >"$log" 2>&1 || echo "machine: setup: apt-get update failed, going on with the lists that are there" >&2
	# shellcheck disable=SC2086
	install $need
	# clang's version is known only now.
	if [ -n "$want_clang" ]; then
		need=$(clang_rt)
		# shellcheck disable=SC2086
		[ -z "$need" ] || install $need
	fi
	rm -f "$log"
	trap - EXIT
fi

if [ -n "$want_go" ] && ! { command -v go >/dev/null && go_good go; }; then
	bootstrap_go
fi
