# Runs one command of the user in the guest. Started by `limactl shell` as
#
#	sh -c THIS machine DIRECTORY run WORD...
#	sh -c THIS machine DIRECTORY line SHELL TEXT
#	sh -c THIS machine DIRECTORY shell
#
# A shell has to survive the command: ssh reports a death by signal as 255, we
# report it as 128+n. The traps are for Ctrl-C and Ctrl-\, which reach the
# whole process group; a trap (unlike '') is not inherited by the command.
trap : INT QUIT
cd -- "$1" 2>/dev/null || {
	echo 'machine: this directory does not exist in the VM; nothing was run' >&2
	exit 125
}
case $2 in
run)
	shift 2
	(exec "$@") # exec: a program, not a builtin of sh of that name
	;;
line)
	# The shell of the host's kind if the guest has it.
	shell=$(command -v "$3" || command -v bash || echo /bin/sh)
	"$shell" -c "$4"
	;;
shell)
	"${SHELL:-/bin/sh}" -l
	;;
esac
exit $?
