# rc file of a session's bash (guest side). The agent starts `bash --rcfile session.bash -i` on a pty, one per host shell.
# Lines are evaluated at TOP LEVEL (a string in PROMPT_COMMAND, not a function), so that `declare`, `break` and `local`
# mean what they mean at a prompt.  in:  status:n US cwd US aliases US line NUL    out: D status:n US cwd NUL
export -n MACHINE_SDIR
[ -f ~/.bashrc ] && . ~/.bashrc
unset -v HISTFILE; PS0= PS1= PS2=; shopt -s expand_aliases; bind 'set enable-bracketed-paste off' 2>/dev/null
__m_set() { return "$1"; }
__m_done() { # reports a line, n; also reached after Ctrl-C (130) and Ctrl-Z (148), which end bash's loops. A Ctrl-C in here
             # comes back to here: then the line is reported once more, and the agent knows it by n
  [[ ${__m_busy-} ]] || return 0
  local - f=$MACHINE_SDIR/jobs l p; set +eux
  jobs -nl > "$f"; while read -r l; do p=${l#*[0-9]\]}; read -r _ p _ <<< "_${p# }"; [[ $__m_bg == *$'\n'$p$'\n'* ]] && printf '%s\n' "$l"; done < "$f"
  jobs -p > "$f"; IFS= read -r -d '' __m_bg < "$f"; __m_bg=$'\n'$__m_bg     # only jobs that outlived their line are worth a notice
  printf 'D%s:%s\x1f%s\0' "$1" "$__m_busy" "$PWD" > "$MACHINE_SDIR/out"; __m_busy=
}
__m_next() {
  local - st cwd al l n; set +eux
  while :; do
    IFS= read -r -d '' __m_rec < "$MACHINE_SDIR/in" || continue
    st=${__m_rec%%$'\x1f'*}; __m_rec=${__m_rec#*$'\x1f'}; cwd=${__m_rec%%$'\x1f'*}; __m_rec=${__m_rec#*$'\x1f'}
    al=${__m_rec%%$'\x1f'*}; __m_rec=${__m_rec#*$'\x1f'}; __m_busy=${st#*:} st=${st%:*}
    [[ $PWD == "$cwd" ]] || builtin cd -- "$cwd" && break
    __m_done 1
  done
  while IFS= read -r l; do # host aliases, unless the guest has its own or does not have the program
    n=${l#alias }; n=${n#-- }; n=${n%%=*}
    [[ -z $n || ${BASH_ALIASES[$n]+x} ]] && continue
    eval "$l" && type -t -- "${BASH_ALIASES[$n]%%[[:space:]]*}" >/dev/null || unalias -- "$n"
  done <<< "$al" 2>/dev/null
  return "$st"
}
__m_loop='while :; do __m_next; eval "$__m_rec"; __m_done $?; done; __m_done $?; eval "$__m_loop"'
PROMPT_COMMAND='__m_done $?; eval "$__m_loop"'
