# machine: the zsh hook.    eval "$(machine hook zsh)"
#
# zsh reads, edits, completes and records a line by itself. When a complete line
# has been parsed, and before any of it is executed, zsh calls preexec. There we
# ask `machine _line`. It answers 10 for the few lines that are the host's (cd,
# exit, ...); then we return and zsh goes on. Any other line has by then been run
# in the project's VM, or refused, and must not run here: a DEBUG trap, which zsh
# calls before the first command of the line, says `return N`. That skips the
# whole line and makes $? the guest's status.
#
#   zshaddhistory  keeps the line as it was typed, with all its PS2 lines
#   preexec        asks, and sets the trap
#   precmd         before each prompt: follows the guest's cd, looks where we are
#   chpwd          stops a line that enters a project half-way
#
# The rule everything here obeys: whatever fails, the line does not run.
#
# `machine hook zsh` prints this as one quoted word for eval, so that it is parsed
# with zsh's default options and without the user's aliases. What runs under the
# user's options is short; everything else says `emulate`.

if [[ -o interactive && -z ${MACHINE_GUEST-}${__machine_sid-} && $ZSH_VERSION == (<0-4>.*|5.<0-2>(|.*)) ]]; then
  typeset -g __machine_sid=none
  print -u2 "machine: lines run on the host in this shell (it takes zsh 5.3 or later); in a project type 'machine shell'"
elif [[ -o interactive && -z ${MACHINE_GUEST-}${__machine_sid-} ]]; then
typeset -g __machine_bin=@BIN@ __machine_roots=@ROOTS@ __machine_run=@RUN@
typeset -g __machine_sid=z$$-$RANDOM$RANDOM
typeset -g __machine_res=$__machine_run/z$$.$RANDOM   # answers; .t: the user's traps
# Where we are. found: what the walk up has found; root: its real path, from
# _enter; skip: a project that `machine off` has switched off in this shell.
typeset -g __machine_state=off __machine_found= __machine_root= __machine_skip= __machine_pwd=
typeset -g __machine_host= __machine_cd=              # the user's words, from _enter
# The line. line: as typed, typed: the same while it runs on the host and may not
# enter a project, rest: what follows the `cd P &&` that has been dealt with.
typeset -g __machine_line= __machine_typed= __machine_rest=
typeset -g __machine_st= __machine_armed= __machine_aliased=

# ---- where are we? ----

# The nearest directory at or above $1 that has a Machinefile or is on the list of
# approved roots (the guest can delete a Machinefile), by name, then physically
# (links lead into projects and out of them).  -> REPLY; starts nothing
__machine_find() {
  emulate -L zsh
  local d p=${1:-$PWD} roots=
  [[ -r $__machine_roots ]] && roots=$'\n'"$(<$__machine_roots)"$'\n'
  for d in $p ${p:A}; do
    while [[ $d == /?* ]]; do
      [[ -e $d/Machinefile || -h $d/Machinefile || $roots == *$'\n'"$d"$'\n'* ]] && { REPLY=$d; return 0 }
      d=${d:h}
    done
  done
  return 1
}

__machine_sync() {
  [[ $PWD == "$__machine_pwd" ]] && return 0          # all that an idle prompt costs
  __machine_pwd=$PWD
  local REPLY=
  __machine_find && [[ $REPLY != "$__machine_skip" ]] || { __machine_leave; return 0 }
  [[ $REPLY == "$__machine_found" ]] && return 0
  # If _enter does not answer it stays "locked", and lines are refused.
  __machine_found=$REPLY __machine_root=$REPLY __machine_state=locked __machine_skip=
  eval "$(command "$__machine_bin" _enter zsh "$REPLY")"
  [[ $__machine_state == off ]] && { __machine_leave; return 0 }
  typeset -gx MACHINE_PROJECT=${__machine_root:t}
}

__machine_leave() {
  [[ $__machine_state == off && -z $__machine_found ]] && return 0
  __machine_state=off __machine_root= __machine_found=
  unset MACHINE_PROJECT
}

machine() {
  case ${1-} in
    (off) __machine_skip=$__machine_found __machine_pwd= ;;
    (on)  __machine_skip= __machine_pwd= ;;
    (*)   command "$__machine_bin" "$@"
          set -- $?
          __machine_pwd= __machine_found=             # it may have changed anything
          return $1 ;;
  esac
}

# ---- a line ----

__machine_addhist() {
  __machine_line=${1%$'\n'}
  __machine_sync                                      # a widget may have moved us
  setopt debugbeforecmd                               # the trap comes before commands
  __machine_be_last
  return 0
}
# Other preexec hooks see the line before it runs.
__machine_be_last() {
  emulate -L zsh
  [[ $__machine_state == off || ${preexec_functions[-1]-} == __machine_preexec ]] ||
    preexec_functions=(${preexec_functions:#__machine_preexec} __machine_preexec)
}

__machine_preexec() {
  __machine_st=$? __machine_typed= __machine_rest= __machine_armed=
  local autocd=
  [[ -o autocd ]] && autocd=1
  emulate -L zsh; setopt nolocaltraps noaliases       # no err_return in here
  local rc=125 force= line=${__machine_line:-${1:-$3}} expanded=$3
  if __machine_hop; then
    __machine_sync
    [[ $__machine_state == off ]] && { __machine_say; __machine_cancel; return 0 }
    force=1 line=$__machine_rest expanded=$__machine_rest
    __machine_be_last
  elif [[ $__machine_state == off ]]; then
    __machine_typed=${1:-$3}
    [[ $3 == *(cd|dir|pushd|popd)[[:blank:]]*-*q* ]] || return 0
    # `cd -q` calls no chpwd: a trap before each command of the line looks.
    trap >| $__machine_res.t 2>/dev/null && : >| $__machine_res
    __machine_armed=1
    trap '[[ $PWD == "$__machine_pwd" ]] || { \builtin \trap - DEBUG; __machine_chpwd; }' DEBUG
    return 0
  fi
  [[ -n $autocd ]] && ! __machine_is_dir "$expanded" && autocd=
  # Ctrl-C or an error in here leaves rc at 125.
  {
    __machine_ask "$line" "$expanded" "$autocd" "$force"
    rc=$?
  } always {
    (( TRY_BLOCK_INTERRUPT )) && __machine_st=130
    TRY_BLOCK_ERROR=0 TRY_BLOCK_INTERRUPT=0
  }
  if [[ -z $force ]]; then
    # If the program is gone one can still leave.
    [[ $rc == 12[67] && $expanded =~ '^(cd|exit)( [A-Za-z0-9_./~-]+)?$' ]] && return 0
    if [[ $rc == 10 ]]; then                          # the only way a line runs here
      __machine_typed=$line
      [[ -z $autocd ]] && return 0
      # The guest may replace a directory by a program: do not let zsh look again.
      builtin cd -- "${expanded/#\~/$HOME}"
      __machine_st=$?
    fi
  fi
  [[ $3 == \!\ * ]] && __machine_st=$(( ! __machine_st ))  # the line turns what the trap returns
  trap >| $__machine_res.t 2>/dev/null                # precmd gives them back
  # Inside functions the trap reports that it is in force. At the top level, before
  # the line's first command, its redirections and its substitutions, it removes
  # itself and ends the line.
  trap '[[ -n ${funcstack-} ]] && __machine_armed=1 || { \builtin \trap - DEBUG; \return $__machine_st }' DEBUG
  :                                                   # the trap sees this command ...
  [[ -n $__machine_armed ]] || __machine_cancel       # ... or it is not in force
}

# Run line $1 in the guest, or learn that it is a host line (status 10).
__machine_ask() {
  emulate -L zsh
  local aliases= rc
  : >| $__machine_res || return 125
  [[ $__machine_aliased == "$__machine_root" ]] || aliases=${(F)${(f)"$(alias -L)"}:#*@host=*}
  MACHINE_SHELL=zsh MACHINE_SID=$__machine_sid MACHINE_ROOT=$__machine_root \
    MACHINE_STATUS=$__machine_st MACHINE_RESULT=$__machine_res \
    MACHINE_LINE=$1 MACHINE_EXPANDED=$2 MACHINE_AUTOCD=$3 MACHINE_FORCE=$4 \
    MACHINE_JOBS=${#jobstates} MACHINE_HOST=$__machine_host MACHINE_ALIASES=$aliases \
    command $__machine_bin _line
  rc=$?
  __machine_st=125                                    # unless the file says otherwise
  if (( rc == 0 )); then
    __machine_aliased=$__machine_root
    read -r __machine_st < $__machine_res && [[ $__machine_st == <0-255> ]] || __machine_st=125
  fi
  return $rc
}

__machine_is_dir() {                                  # and nothing that can be run
  emulate -L zsh
  [[ $1 != *[[:space:]]* && -d ${1/#\~/$HOME} ]] && ! whence -- $1 >/dev/null
}

__machine_cancel() {                                  # the hard way: $? is lost
  setopt localoptions nolocaltraps
  trap - INT
  kill -INT $$
}

# ---- a line that changes into a project ----

# `cd DIR && REST` or `cd DIR; REST`, DIR in a project that is not ours yet: go
# there now, so that REST (-> __machine_rest) is a line of that project.
__machine_hop() {
  emulate -L zsh
  local -a match mbegin mend; local MATCH MBEGIN MEND # the user's
  [[ $__machine_line =~ '^[[:space:]]*cd[[:space:]]+([A-Za-z0-9_./~@%,+:-]+)[[:space:]]*(&&|;)[[:space:]]*(.*[^[:space:]].*)$' ]] || return 1
  local REPLY t=$match[1] rest=$match[3]
  [[ $t == '~' ]] && t=$HOME
  t=${t/#\~\//$HOME/}
  [[ $t != [-~+]* && -d $t ]] && __machine_find ${t:a} || return 1
  [[ $REPLY != "$__machine_skip" && $REPLY != "$__machine_found" ]] || return 1
  builtin cd -- $t && __machine_rest=$rest
}

# A host line has changed directory. `cd P` alone is welcome; more is stopped.
__machine_chpwd() {
  local REPLY
  [[ -n $__machine_typed ]] && __machine_midline || return 0
  __machine_say
  (( ZSH_SUBSHELL )) && exit 125; __machine_cancel
}
__machine_midline() {
  emulate -L zsh
  local t=${${__machine_typed##[[:space:]]#}%%[[:space:]]#}
  [[ $t == @host* ]] && return 1
  if [[ $t != *[$'\n;|&<>`(){}']* ]]; then
    [[ $__machine_state != off ]] && return 1          # one of the user's host words
    if (( ! ZSH_SUBSHELL )); then
      [[ " cd chdir pushd popd z zi j $__machine_cd " == *" ${t%%[[:space:]]*} "* ]] && return 1
      [[ -d ${t/#\~/$HOME} || -n ${aliases[$t]-} ]] && return 1
    fi
  fi
  __machine_find && [[ $REPLY != "$__machine_skip" ]]
}
__machine_say() {
  print -ru2 -- "machine: this line entered the project ${${REPLY:-$PWD}:t}; the rest of it was not run. Type it again to run it in the VM."
}

# ---- the next prompt ----

__machine_precmd() {
  __machine_typed= __machine_st= __machine_line=
  [[ -z $__machine_armed ]] || __machine_after        # the last line did not run here
  __machine_sync
}
# The file: status, directory to follow (machine has checked it), type-ahead.
__machine_after() {
  emulate -L zsh; setopt nolocaltraps noaliases
  local -a r; __machine_armed=
  r=("${(@f)$(<$__machine_res)}")
  [[ -n ${r[2]-} ]] && builtin cd -q -- $r[2] 2>/dev/null
  [[ -n ${r[3]-} ]] && print -zr -- $r[3]
  trap - DEBUG
  [[ -s $__machine_res.t ]] && . $__machine_res.t
  return 0
}

unset MACHINE_PROJECT                                 # a parent shell's
alias @host=' '                                       # `@host LINE`: run it here
typeset -ga precmd_functions preexec_functions chpwd_functions zshaddhistory_functions
precmd_functions=(__machine_precmd $precmd_functions)
chpwd_functions=(__machine_chpwd $chpwd_functions)
preexec_functions+=(__machine_preexec)
zshaddhistory_functions+=(__machine_addhist)
fi
