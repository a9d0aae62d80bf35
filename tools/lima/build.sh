#!/bin/sh
# build.sh PREFIX: build the pinned limactl and its guest agent into PREFIX.
#
# limactl looks for the rest of itself beside its own binary, so the lay-out under PREFIX is Lima's, not ours:
#   bin/limactl
#   share/lima/lima-guestagent.Linux-<arch>   needed by every create and start of a Linux guest
#   share/lima/templates/                     needed by `limactl info` and by template: aliases
# go.mod and go.sum beside this script pin every byte that goes in; the Go command verifies them.
# With nothing to do it returns without starting Go.
set -eu

die() {
	echo "machine: build limactl: $1" >&2
	[ $# -lt 2 ] || printf '%s\n' "$2" | sed 's/^/         /' >&2
	exit 1
}

[ $# -eq 1 ] || { echo "usage: build.sh PREFIX" >&2; exit 2; }
[ "$(uname -s)" = Linux ] || die "this script is for Linux" "on macOS install Lima with its own package: brew install lima"

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
mkdir -p -- "$1" || die "cannot create $1"
prefix=$(CDPATH='' cd -- "$1" && pwd)
pkg=github.com/lima-vm/lima/v2
stamp=$prefix/share/lima/.machine-stamp

case $(uname -m) in # Lima's names of the architectures, which are the kernel's except on some 32 bit systems
	x86_64 | amd64) arch=x86_64 ;;
	aarch64 | arm64) arch=aarch64 ;;
	*) arch=$(uname -m) ;;
esac
agent=lima-guestagent.Linux-$arch

# The digest covers what decides the result; the Go version does not (the result works the same).
digest=$(cat "$here/go.mod" "$here/go.sum" "$here/build.sh" | sha256sum | cut -d' ' -f1)-$arch
if [ -x "$prefix/bin/limactl" ] && [ -f "$prefix/share/lima/$agent" ] && [ -d "$prefix/share/lima/templates" ] &&
	[ "$(cat "$stamp" 2>/dev/null)" = "$digest" ]; then
	exit 0
fi

# A Go of the user's own configuration must not change the result: no work space, no flags, no cross build, and the
# modules as pinned. Toolchain: `auto`, so that a Go from 1.21 on fetches the one go.mod asks for; Debian's default, `local`, would refuse.
unset GOOS GOARCH GOARM GOAMD64 GOTOOLDIR GOROOT
export GOWORK=off GOFLAGS=-mod=readonly GOTOOLCHAIN=auto GO111MODULE=on
# Caches: where Go has them already. Without a writable home (a service account, a container) beside PREFIX.
if [ -z "${HOME-}" ] || [ ! -w "$HOME" ]; then
	export GOPATH="$prefix.go" GOCACHE="$prefix.go/cache"
fi

need=$(awk '$1 == "go" { print $2; exit }' "$here/go.mod")
hint="install Go $need or newer (Go 1.21 or newer is enough, it fetches the rest), or run: tools/setup.sh engine
or put a limactl of at least 2.2.0 on PATH"
older() { [ "$1" != "$2" ] && [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]; }
go='' have=''
for g in "$(command -v go || :)" "$here/../../build/go/bin/go"; do # the latter is what setup.sh leaves
	if [ ! -x "$g" ]; then continue; fi
	# Asked outside the module: an old Go fails on a go.mod of a newer language before it says its version.
	have=$(cd / && GOTOOLCHAIN=local "$g" env GOVERSION) || have='go0 (does not run)'
	have=${have#go}
	if older "$have" 1.21; then
		have="$g is version $have, too old"
	else
		go=$g
		break
	fi
done
[ -n "$go" ] || die "${have:-no Go toolchain}" "$hint"

tmp=$prefix/.new.$$
trap 'rm -rf -- "$tmp"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
rm -rf -- "$tmp"
mkdir "$tmp"

cd "$here"
# -trimpath: no path of the building machine in the binary. -s -w: the agent is copied into an ISO image at every start
# of a VM and 30 MB of debug information would go along. limactl keeps cgo when a C compiler is there (the system's resolver).
# The version is set because outside its own repository limactl calls itself "<unknown>".
version=$(awk -v m="$pkg" '{ for (i = 1; i < NF; i++) if ($i == m) { sub(/^v/, "", $(i + 1)); print $(i + 1); exit } }' go.mod)
"$go" build -trimpath -ldflags "-s -w -X $pkg/pkg/version.Version=$version" -o "$tmp/limactl" "$pkg/cmd/limactl" ||
	die "go build failed" "the messages above are Go's; the modules come through GOPROXY=$("$go" env GOPROXY)"
CGO_ENABLED=0 "$go" build -trimpath -ldflags '-s -w' -o "$tmp/$agent" "$pkg/cmd/lima-guestagent" ||
	die "go build of the guest agent failed"
src=$("$go" list -m -f '{{.Dir}}' "$pkg") || die "go list failed"
cp -R -- "$src/templates" "$tmp/templates"
chmod -R u+w,a+rX "$tmp" # the module cache is read-only
chmod 755 "$tmp/limactl"

# The stamp goes first and comes last: an interrupted installation is repeated, not believed.
mkdir -p "$prefix/bin" "$prefix/share/lima"
rm -rf -- "$stamp" "$prefix/share/lima/templates"
mv -f -- "$tmp/limactl" "$prefix/bin/limactl"
mv -f -- "$tmp/$agent" "$prefix/share/lima/$agent"
mv -- "$tmp/templates" "$prefix/share/lima/templates"
printf '%s\n' "$digest" >"$stamp"
