# allow: Go of the distribution, or the toolchain that the Go module proxy has
# channels: latest stable
wanted=$1
[ "$wanted" != stable ] || wanted=latest

# A toolchain is a module like others; go resolves 1.25 to the last 1.25.x, and
# verifies what it fetches.
fetch_toolchain() {
	say "fetching Go $wanted"
	rm -rf "$scratch/go"
	mkdir -p "$scratch/go"
	cd "$scratch/go" || exit 1
	export GOPATH="$PWD" HOME="$PWD" GOFLAGS=-modcacherw
	found=$(limited go list -m "go@$wanted") || fail "there is no Go $wanted"
	export GOTOOLCHAIN="go${found#go }"
	root=$(limited go env GOROOT)
	[ "$root" != "$(GOTOOLCHAIN=local go env GOROOT)" ] ||
	    fail "there is no toolchain of Go $wanted"
	rm -rf "$lib/go"
	mv "$root" "$lib/go"
	ln -sf "$lib/go/bin/go" "$lib/go/bin/gofmt" "$bin/"
	cd /
	rm -rf "$scratch/go"
	unset GOTOOLCHAIN
	hash -r
}

had=
if installed golang-go; then had=1; fi
want golang-go
have=$(go env GOVERSION)
if [ "$wanted" = latest ] || ! is_version "${have#go}" "$wanted"; then
	fetch_toolchain
	[ -n "$had" ] || only_for_bake golang-go
	have=$(go env GOVERSION)
fi
check_version go "${have#go}" "$1"
