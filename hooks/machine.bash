# shellcheck shell=bash disable=SC2016,SC2128,SC2164,SC2178 # PS0's text; PROMPT_COMMAND is a string or an array
# machine: the bash hook (bash 4.4 and later).    eval "$(machine hook bash)"
#
# bash expands PS0 after it has read and parsed a complete command and before it executes it. While a project
# is active PS0 ends in a command substitution that asks `machine _line`. It answers 10 for the few lines that
# are the host's (cd, exit, ...); then the substitution returns and bash goes on. Any other line has by then been
# run in the project's VM, or refused, and the substitution sends SIGINT to the shell: bash looks for interrupts
# before it executes, and drops the whole line.
#
#   PS0              asks about the line, and takes it away
#   PROMPT_COMMAND   __machine_pre, in front of every entry, sets $?; __machine_prompt, last of all, looks where we are
#   cd, pushd, popd  functions, because bash has no hook for that: they stop a line that enters a project half-way
#
# Readline, PS2, history expansion, completion and keys are bash's own. The rule: whatever fails, the line does not run.
# `machine hook bash` switches the user's aliases off while bash parses this.
if [[ $- == *i* && -z ${MACHINE_GUEST-}${__machine_sid-} ]]; then if (( BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] < 404 )) || [[ ${BLE_VERSION-} ]]; then
  __machine_sid=none; echo "machine: lines run on the host in this shell (it takes bash 4.4 or later, without ble.sh); in a project type 'machine shell'" >&2
else
__machine_bin=@BIN@ __machine_roots=@ROOTS@ __machine_run=@RUN@
__machine_sid=b$$-$RANDOM$RANDOM
# Answers of machine. .n: HISTCMD of the last line (tells lines apart that were pasted together); .l: the host line that
# is running, if it has several parts; .o: see __machine_get.
__machine_res=$__machine_run/b$$.$RANDOM
# Where we are. found: what the walk up has found; root: its real path, from _enter; skip: a project that
# `machine off` has switched off in this shell; host, cd: the user's words, from _enter.
__machine_state=off __machine_found='' __machine_root='' __machine_skip='' __machine_pwd='' __machine_host='' __machine_cd=''
# The line. st: its status in the guest; last: $? before it; hn, from: HISTCMD and $PWD at the last prompt, if
# there was one (typing); pending: a `cd P && REST` whose REST is still to be run.
__machine_st='' __machine_last=0 __machine_hn='' __machine_from='' __machine_typing='' __machine_pending=''
__machine_aliased='' __machine_seen='' __machine_undo='' __machine_hist='' __machine_ps0='$(__machine_line >&2)'

__machine_get() { # what a builtin prints -> REPLY; no fork
  "$@" >|"$__machine_res.o"; set -- $?; IFS='' read -r -d '' REPLY <"$__machine_res.o"; return "$1"
}
# ---- where are we? ----
# The nearest directory at or above $PWD that has a Machinefile or is on the list of approved roots (the guest can
# delete a Machinefile), by name, then physically (links lead in and out).  -> REPLY; no fork
__machine_find() {
  local d p roots=''
  IFS='' read -r -d '' roots <"$__machine_roots" 2>/dev/null || :
  __machine_get builtin pwd -P
  p=${REPLY%$'\n'} roots=$'\n'$roots
  for d in "$PWD" "$p"; do
    while [[ $d == /?* ]]; do
      [[ -e $d/Machinefile || -h $d/Machinefile || $roots == *$'\n'"$d"$'\n'* ]] && { REPLY=$d; return 0; }
      d=${d%/*}
    done
    [[ $p == "$PWD" ]] && break
  done
  return 1
}
__machine_sync() {
  [[ $PWD == "$__machine_pwd" ]] && return 0
  __machine_pwd=$PWD
  local REPLY='' before=$__machine_state
  if ! __machine_find || [[ $REPLY == "$__machine_skip" ]]; then __machine_leave; return 0; fi
  [[ $REPLY == "$__machine_found" ]] && return 0
  # If _enter does not answer it stays "locked", and lines are refused.
  __machine_found=$REPLY __machine_root=$REPLY __machine_state=locked __machine_skip=''
  eval "$(command "$__machine_bin" _enter bash "$REPLY")"
  [[ $__machine_state == off ]] && { __machine_state=$before; __machine_leave; return 0; }
  export MACHINE_PROJECT=${__machine_root##*/}
  [[ $before != off ]] && return 0
  __machine_get trap -p INT QUIT; __machine_undo=$REPLY
  __machine_get shopt -p cmdhist lithist promptvars; __machine_undo+=$REPLY __machine_last=0
}
__machine_leave() {
  __machine_root='' __machine_found=''; [[ $__machine_state == off ]] && return 0
  __machine_state=off PS0=${PS0%"$__machine_ps0"}
  trap - QUIT; eval "$__machine_undo"; __machine_entries; unset -v MACHINE_PROJECT
  for REPLY in PS0 HISTCONTROL HISTIGNORE; do [[ ${!REPLY-} ]] || unset -v "$REPLY"; done
}
# Put $1 (__machine_pre; or nothing) in front of every entry of PROMPT_COMMAND.
__machine_entries() {
  local i v
  for i in "${!PROMPT_COMMAND[@]}"; do
    v=${PROMPT_COMMAND[i]}
    [[ ${1-} && $v == "$1"* ]] && continue
    v=${v//__machine_pre[;$'\n']} v=${1-}${v//__machine_pre}
    if [[ ${PROMPT_COMMAND@a} == *a* ]]; then PROMPT_COMMAND[i]=$v; else PROMPT_COMMAND=$v; fi
  done
}
machine() {
  __machine_pwd='' __machine_seen='' # look again at the next prompt
  case ${1-} in
    off) __machine_skip=$__machine_found ;;
    on) __machine_skip='' ;;
    *) __machine_found=''; command "$__machine_bin" "$@" ;;
  esac
}

# ---- a line ----
__machine_line() { # in the subshell of PS0; stdin and stderr are the terminal
  set +eux; trap - DEBUG ERR RETURN
  local REPLY n=$__machine_hn up=1 before=${PS0%"$__machine_ps0"}
  # No prompt since the previous line?
  [[ -s $__machine_res.n ]] && { read -r n <"$__machine_res.n"; [[ -s $__machine_res ]] && read -r __machine_last <"$__machine_res"; }
  echo "$HISTCMD" >|"$__machine_res.n"
  if (( HISTCMD == n + 1 )) && __machine_newest; then
    [[ $before && ${before@P} || ${TERM-dumb} == dumb ]] && up=''
    if __machine_ask "$REPLY" '' '' "$up"; then # the only way a line runs here
      [[ $REPLY == *[$'\n;|&']* ]] || REPLY=''
      printf %s "${REPLY#"${REPLY%%[![:space:]]*}"}" >|"$__machine_res.l"; return
    fi
  else
    echo 125 >|"$__machine_res"
    echo 'machine: bash did not record this line in its history, so it cannot be sent to the VM; nothing was run' >&2
  fi
  kill -INT $$
}
__machine_newest() { # the newest history entry -> REPLY; no fork
  HISTTIMEFORMAT='' __machine_get history 1; REPLY=${REPLY#"${REPLY%%[! ]*}"} REPLY=${REPLY%$'\n'}
  [[ $REPLY == [0-9]*[\ *]\ * ]] && REPLY=${REPLY#*[ *] } # "  12  LINE" or "  12* LINE"
}
# Run line $1 in the guest (return 1; the result file has its status), or learn that it is a host line (return 0).
# $2: the line began there, outside; $3: no line for the host; $4: machine may move the cursor up at the end.
__machine_ask() {
  local w l=$1 i aliases='' autocd='' seen=' ' j REPLY
  : >|"$__machine_res" || return 1
  __machine_get jobs -p; j=$REPLY
  for (( i = 0; i < 8; i++ )); do # aliases, for the decision only
    l=${l#"${l%%[![:space:]]*}"} w=${l%%[[:space:]]*}
    [[ $w && $w != @host && $seen != *" $w "* && ${BASH_ALIASES[$w]+x} ]] || break
    seen+="$w " l=${BASH_ALIASES[$w]}${l:${#w}}
    [[ ${BASH_ALIASES[$w]} == *[[:blank:]] ]] && l+=';' # the next word is one, too: call it a compound line
  done
  [[ $__machine_aliased == "$__machine_root" ]] || { __machine_get alias -p; aliases=$REPLY; }
  shopt -q autocd && [[ $l != *[[:space:]]* && -d ${l/#\~/$HOME} ]] && ! type -t -- "$l" >/dev/null && autocd=1
  MACHINE_SHELL=bash MACHINE_SID=$__machine_sid MACHINE_ROOT=$__machine_root MACHINE_RESULT=$__machine_res \
    MACHINE_STATUS=${__machine_last:-0} MACHINE_LINE=$1 MACHINE_EXPANDED=$l MACHINE_AUTOCD=$autocd \
    MACHINE_JOBS=${j:+1} MACHINE_HOST=$__machine_host MACHINE_ALIASES=${aliases/"alias @host=' '"} \
    MACHINE_FROM=$2 MACHINE_FORCE=$3 MACHINE_UP=${4-} command "$__machine_bin" _line
  case $? in
    0) return 1 ;;
    10) # (the guest may replace a directory by a program: do not let bash look again)
      [[ $autocd ]] || return 0
      printf '0\n%s\n\n' "${l/#\~/$HOME}" >|"$__machine_res"; return 1 ;;
    12[67]) [[ ! $3 && $l =~ ^(cd|exit)( [A-Za-z0-9_./~-]+)?$ ]] && return 0 ;; # program gone: one can still leave
  esac
  echo 125 >|"$__machine_res"; return 1
}
fc() { # edit-and-execute-command (C-x C-e, v in vi) runs `fc -e EDITOR`, without PS0
  if [[ $__machine_state == off || ${1-} != -e ]]; then builtin fc "$@"; return; fi
  local __machine_text='' __machine_editor=$2
  builtin fc -e __machine_edit # executes what __machine_edit leaves, which is nothing
  [[ $__machine_text ]] || return
  history -s -- "$__machine_text"; printf '%s\n' "$__machine_text" >&2
  __machine_ask "$__machine_text" '' 1
  __machine_st=''; __machine_pre; set -- $?
  __machine_st='' __machine_hn=$HISTCMD; return "$1"
}
__machine_edit() { eval "$__machine_editor \"\$1\"" && __machine_text=$(<"$1"); : >|"$1"; }
# ---- the next prompt ----
__machine_pre() { # in front of every entry
  local st=$?
  if [[ -s $__machine_res || -s $__machine_res.l ]]; then __machine_take
  elif [[ -z $__machine_st ]] && (( HISTCMD == __machine_hn )); then st=$__machine_last; fi # an empty line
  __machine_last=${__machine_st:-$st}
  return "$__machine_last"
}
__machine_take() {
  local r d f REPLY; : >|"$__machine_res.l"
  [[ -s $__machine_res ]] || return 0 # the last line did run here
  { read -r r; IFS='' read -r d; } <"$__machine_res"; : >|"$__machine_res"; __machine_aliased=$__machine_root
  case $r in [0-9] | [0-9][0-9] | [12][0-9][0-9]) __machine_st=$r ;; *) __machine_st=125 ;; esac
  [[ $d ]] && builtin cd -- "$d" 2>/dev/null
  [[ ${preexec_functions+x} ]] && __machine_newest && for f in "${preexec_functions[@]}"; do "$f" "$REPLY"; done
}
# All that an idle prompt costs is to see that everything is as we have left it.
__machine_prompt() {
  local st=$? # (in [[ ]] each character would be a sight under set -x)
  if [ "$__machine_st$PWD,$HISTCMD,${HISTCONTROL-}${HISTIGNORE-},${PS0-},$PS1,${PROMPT_COMMAND[*]},$BASHOPTS" = "$__machine_seen" ]; then
    [[ $__machine_state == off ]] || { trap - INT; trap '' QUIT; }; return $st
  fi
  __machine_prompt1; __machine_seen=$PWD,$HISTCMD,${HISTCONTROL-}${HISTIGNORE-},${PS0-},$PS1,${PROMPT_COMMAND[*]},$BASHOPTS; return $st
}
__machine_prompt1() {
  local - line=$__machine_pending; set +eux; __machine_pending=''; __machine_filter_history
  declare -F __zoxide_cd >/dev/null && __machine_wrap __zoxide_cd # it goes around our cd, and may come after us
  __machine_sync
  [[ $line && $__machine_state != off ]] && { __machine_ask "$line" "$__machine_from" ''; __machine_pre; __machine_sync; }
  [[ $PS1 == '$(exit '* ]] && PS1=${PS1#'$(exit '*')'}
  if [[ $__machine_state != off ]]; then
    __machine_arm
    (( HISTCMD == __machine_hn )) && : "${__machine_st:=$__machine_last}"
    # $? in PS1. It costs a fork, so only where PS1 might look at it.
    [[ $__machine_st && $PS1 == *['`?(']* ]] && PS1="\$(exit $__machine_st)$PS1"
  fi
  __machine_st='' __machine_typing=1 __machine_hn=$HISTCMD __machine_from=$PWD
}
__machine_arm() { # at every prompt again, because the user and other tools change these
  [[ ${PS0-} == *"$__machine_ps0" ]] || PS0=${PS0/"$__machine_ps0"}$__machine_ps0 # the user's first: it may set variables
  [[ -s $__machine_res.n ]] && : >|"$__machine_res.n"
  trap - INT; trap '' QUIT # the user's would swallow the signal; Ctrl-\ would end PS0's subshell before it is sent
  shopt -s promptvars cmdhist lithist
  __machine_entries '__machine_pre;'
  __machine_hist=1 __machine_hc=${HISTCONTROL-} __machine_hi=${HISTIGNORE-} HISTCONTROL='' HISTIGNORE=''
}
__machine_filter_history() { # in a project every line is recorded; now the user's wishes are applied
  [[ $__machine_hist ]] || return 0
  local REPLY
  HISTCONTROL=$__machine_hc HISTIGNORE=$__machine_hi __machine_hist=''
  [[ $HISTCONTROL$HISTIGNORE && $HISTCMD != "$__machine_hn" ]] && __machine_newest && history -d $(( HISTCMD - 1 )) && history -s -- "$REPLY"
}

# ---- a line that changes into a project ----
# After a cd, $1 being its status. `cd P` alone is welcome; of `cd P && REST` the REST is run from the next prompt;
# anything else is stopped.
__machine_chpwd() {
  local - REPLY t=';'; set +eux
  # A key (bind -x): PS0 as it was at the prompt is what bash will use.
  [[ ${READLINE_LINE+x} ]] && { __machine_find && [[ $REPLY != "$__machine_skip" && $REPLY != "$__machine_found" ]] &&
    builtin cd -- "$OLDPWD" && echo 'machine: in bash a key cannot go into a project: type cd' >&2; return "$1"; }
  [[ $__machine_typing && ! ${COMP_LINE+x} ]] || return "$1"
  if [[ $__machine_state != off ]]; then
    [[ -s $__machine_res.l ]] || return "$1"
    IFS='' read -r -d '' t <"$__machine_res.l"
  elif (( HISTCMD == __machine_hn )) && __machine_newest; then
    t=${REPLY#"${REPLY%%[![:space:]]*}"}
  fi
  [[ $t != @host* ]] && __machine_find && [[ $REPLY != "$__machine_skip" ]] || return "$1"
  if [[ $BASH_SUBSHELL == 0 && $t != *[$'\n;|&<>`(){}']* && (" cd pushd popd z zi j $__machine_cd " == *" ${t%%[[:space:]]*} "* || ${BASH_ALIASES[${t%%[[:space:]]*}]-}) ]]; then
    __machine_sync
    # More lines of a paste may follow before the next prompt.
    [[ $__machine_state != off ]] && { __machine_arm; echo $(( HISTCMD + 1 )) >|"$__machine_res.n"; }
    return "$1"
  fi
  if [[ $BASH_SUBSHELL == 0 && $t =~ ^cd[[:space:]][^\;\&\|\<\>\`\(\)\{\}]*(&&|\;) ]]; then __machine_pending=$t
  else echo "machine: this line entered the project ${REPLY##*/}; the rest of it was not run. Type it again to run it in the VM." >&2; fi
  (( BASH_SUBSHELL )) && exit 125
  [[ ${TERM-dumb} == dumb ]] || printf '\e[A' >&2 # bash will print a newline
  trap - INT; kill -INT $$
}
__machine_wrap() { # a builtin, or a function of the user's, that changes directory
  local b="builtin $1" REPLY
  if __machine_get declare -f "$1"; then
    [[ $REPLY == *' __machine_chpwd '* ]] && return
    eval "__machine_user_$REPLY"; b=__machine_user_$1
  fi
  eval "$1() { $b \"\$@\"; __machine_chpwd \$?; }"
}
__machine_wrap cd; __machine_wrap pushd; __machine_wrap popd
unset -v MACHINE_PROJECT # a parent shell's
\alias @host=' ' # `@host LINE`: run it here
# To the text of the last entry: bash-preexec takes what comes after it for the user's.
if [[ $(declare -p PROMPT_COMMAND 2>/dev/null) == 'declare -a'* ]]; then
  PROMPT_COMMAND[${#PROMPT_COMMAND[@]}-1]+=$'\n__machine_prompt'
else PROMPT_COMMAND="${PROMPT_COMMAND:+$PROMPT_COMMAND$'\n'}__machine_prompt"; fi
fi; fi
