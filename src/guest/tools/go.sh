# allow: Go of the distribution, or the toolchain that the Go module proxy has
# channels: latest stable
want golang-go
have=$(go env GOVERSION)
case $1 in
latest | stable | [0-9]*)
	if [ "$1" = latest ] || [ "$1" = stable ] || ! is_version "${have#go}" "$1"; then
		apt-mark auto golang-go >/dev/null
		mkdir -p "$scratch/go" && : >"$scratch/autoremove" && cd "$scratch/go"
		export GOPATH="$scratch/go" GOFLAGS=-modcacherw GO111MODULE=on HOME="$scratch/go"
		say "fetching Go $1"
		# It resolves 1.25 to the last 1.25.x, and verifies what it fetches.
		query=$1
		[ "$1" != stable ] || query=latest
		found=$(limited go list -m "go@$query") || fail "there is no Go $1"
		export GOTOOLCHAIN="go${found#go }"
		limited go version
		root=$(go env GOROOT)
		rm -rf "$lib/go"
		mv "$root" "$lib/go"
		ln -sf "$lib/go/bin/go" "$lib/go/bin/gofmt" "$bin/"
		cd /
		rm -rf "$scratch/go"
		unset GOPATH GOFLAGS GO111MODULE GOTOOLCHAIN
	fi
	;;
esac
hash -r
have=$("$(command -v go)" env GOVERSION)
check_version go "${have#go}" "$1"
