# Runs one provision step in the guest: the script comes on standard input, so
# that its text passes through no quoting. Started by `limactl shell` as
#
#	sh -c THIS machine DIRECTORY USER
#
# As with Docker's RUN and CI systems, a step fails at its first failing command
# (sh -e); one that begins with #! decides that itself.
trap : INT QUIT
script=$(mktemp) && cat >"$script" && chmod 700 "$script" || exit 125
trap 'rm -f "$script"' EXIT
cd -- "$1" || exit 125
export DEBIAN_FRONTEND=noninteractive
as= interpreter='sh -e'
[ "$2" = root ] && as='sudo -n -E'
[ "$(head -c 2 "$script")" = '#!' ] && interpreter=
$as $interpreter "$script" </dev/null
status=$?
sync # the journal on the host must not be ahead of this disk
exit $status
