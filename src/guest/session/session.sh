# The program of a session's sh (guest side), where there is no bash. The line is in a file, because sh reads no NUL:
#   in: status SPACE cwd NEWLINE      out: D status US cwd NUL
# It is read by `.`, so that it is at top level. A syntax error ends a session of sh.
set -m
while :; do
	IFS=' ' read -r __m_st __m_cwd <"$MACHINE_SDIR/in" || continue
	if cd -- "$__m_cwd"; then
		(exit "$__m_st")
		. "$MACHINE_SDIR/line"
	else
		(exit 1)
	fi
	printf 'D%s\037%s\0' "$?" "$PWD" >"$MACHINE_SDIR/out"
done
