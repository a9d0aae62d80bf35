# shellcheck shell=bash disable=SC2154 # the hook's variables
# machine: TAB in a project offers the guest's commands.
#
# Their names are in a file, one a line (src/host/names.h), which is read here at each TAB: nothing is run and
# the guest is not asked. A name is the guest's word, so that only plain ones are taken, and a file of another size is
# none of ours. No file, another word than the first, or no name that fits: then bash completes as ever. bash 5 and later;
# a completion for first words that the user has already is left alone.
if [[ $- == *i* && ${__machine_bin-} && ${BASH_VERSINFO[0]} -ge 5 ]] && ! complete -p -I &>/dev/null; then
__machine_complete() {
  local - name names=(); set +eux
  COMPREPLY=()
  [[ $__machine_state == on && $2 && $2 != *[!A-Za-z0-9_.+-]* && -f ${__machine_names-} && -r $__machine_names ]] || return 0
  mapfile -t -n 20000 names <"$__machine_names"
  for name in "${names[@]}"; do
    [[ $name == "$2"* && $name != *[!A-Za-z0-9_.+-]* && ${#name} -le 64 ]] && COMPREPLY+=("$name")
  done
  [[ ${COMPREPLY-} ]] || return 0
  mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -abk -A function -- "$2")
}
complete -I -o bashdefault -o default -F __machine_complete
fi
