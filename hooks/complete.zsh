# machine: TAB in a project offers the guest's commands.
#
# Their names are in a file, one a line (src/host/names.h), which is read
# here at each TAB: nothing is run and the guest is not asked. A name is the
# guest's word, so that only plain ones are taken. They come beside what zsh
# offers as the first word of a command. No file: then nothing is different.

if [[ -o interactive && -n ${__machine_bin-} && -z ${functions[__machine_complete]-} ]]; then

__machine_complete() {
  () {
    emulate -L zsh
    setopt extendedglob
    [[ $__machine_state == on && -f ${__machine_names-} && -r $__machine_names ]] || return 0
    local -a names
    names=(${(f)"$(<$__machine_names)"})
    names=(${(M)names[1,20000]:#[A-Za-z0-9_.+-](#c1,64)})
    (( $#names )) && compadd -a names
  }
  ${=__machine_completer:-_command_names}
}
# compinit may come after us; at the first prompt all is there.
__machine_complete_once() {
  emulate -L zsh
  precmd_functions=(${precmd_functions:#__machine_complete_once})
  (( ${+_comps} )) || return 0
  typeset -g __machine_completer=${_comps[-command-]-}
  _comps[-command-]=__machine_complete
}
precmd_functions+=(__machine_complete_once)

fi
