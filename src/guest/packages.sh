# Installs the packages of the Machinefile with the distribution's own package
# manager; run as root, by provisioning, in front of the project's own steps.
# The names are its arguments: set by machine, which has checked them.
if command -v apt-get >/dev/null; then
	apt-get update -q
	apt-get install -q -y --no-install-recommends -- "$@"
elif command -v dnf >/dev/null; then
	dnf install -y -- "$@"
elif command -v apk >/dev/null; then
	apk add -- "$@"
elif command -v zypper >/dev/null; then
	zypper --non-interactive install -- "$@"
elif command -v pacman >/dev/null; then
	pacman -Sy --noconfirm -- "$@"
else
	echo 'no package manager that machine knows: apt-get, dnf, apk, zypper, pacman' >&2
	exit 1
fi
