# shellcheck shell=bash
# Completion of machine(1) for bash. It looks at nothing but the command line: no
# file of a project is read, and nothing is run.

_machine() {
	local cur=${COMP_WORDS[COMP_CWORD]} at=1 words='' word
	local commands='allow check deny destroy df help hook image init lock logs off on prompt rebuild reset restart run shell
		start status stop trust version volume'

	(( COMP_CWORD > 1 )) && case ${COMP_WORDS[1]} in -q | --quiet) at=2 ;; esac
	if (( COMP_CWORD == at )); then
		words=$commands
		[[ $cur == -* ]] && words='--help --quiet --version'
	elif (( COMP_CWORD == at + 1 )); then
		case ${COMP_WORDS[at]} in
		allow) words=--hash ;;
		check) [[ $cur == -* ]] && words='--json --schema' ;;
		destroy) words='--volumes --yes' ;;
		df) words=--json ;;
		help) words="$commands machinefile config" ;;
		hook) words='bash fish zsh' ;;
		image) words='build import list prune --all --digest --initrd --json --kernel --yes' ;;
		logs) words='engine provision start' ;;
		rebuild) words='--all --yes' ;;
		reset) words=--yes ;;
		run) [[ $cur == -* ]] && words='-t -T --' ;;
		start | up) words=--background ;;
		status) words=--json ;;
		trust) words='list prune revoke --all' ;;
		volume) words='list rm --all --json --yes --project' ;;
		esac
	fi
	# Files; what the VM has for commands is not known here.
	(( COMP_CWORD > at )) && case ${COMP_WORDS[at]} in
	check | image | run) [[ $words ]] || compopt -o default 2>/dev/null ;;
	esac
	COMPREPLY=()
	for word in $words; do
		[[ $word == "$cur"* ]] && COMPREPLY+=("$word")
	done
}
complete -F _machine machine
