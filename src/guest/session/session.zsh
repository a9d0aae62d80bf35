# rc file of a session's zsh (guest side, ZDOTDIR). Lines are executed at the top level through zle: zle-line-init puts the
# line into BUFFER and accepts it, so a line is exactly a line typed at a prompt.
unset ZDOTDIR; typeset +x MACHINE_SDIR
[[ -f ~/.zshrc ]] && . ~/.zshrc
PS1= PS2= RPS1= PROMPT_EOL_MARK=; unset HISTFILE zle_bracketed_paste; unsetopt prompt_sp prompt_cr; setopt interactivecomments; zmodload zsh/parameter
__m_busy=
__m_set() { return $1 }
__m_report() { local x; setopt localoptions localtraps; trap '' INT    # no Ctrl-C takes the report away, or makes it twice
  # waits, so that the prompt is not taken for output
  print -rn -- "D$1"$'\x1f'"$PWD"$'\0' > $MACHINE_SDIR/out; __m_busy=; IFS= read -r -d $'\0' x < $MACHINE_SDIR/ack }
__m_precmd() { local st=$?; [[ -z $__m_busy ]] || __m_report $st }
__m_preexec() { local x; print -rn -- S$'\0' > $MACHINE_SDIR/out; IFS= read -r -d $'\0' x < $MACHINE_SDIR/ack }   # S: output starts here
__m_init() {
  [[ $CONTEXT == cont ]] && { zle .send-break; return }
  [[ -z $__m_busy ]] || __m_report 130 # a Ctrl-C came before precmd could
  local rec st cwd al l n x
  while :; do
    IFS= read -r -d $'\0' rec < $MACHINE_SDIR/in || continue; __m_busy=1
    st=${rec%%$'\x1f'*} rec=${rec#*$'\x1f'}; cwd=${rec%%$'\x1f'*} rec=${rec#*$'\x1f'}; al=${rec%%$'\x1f'*} rec=${rec#*$'\x1f'}
    [[ $PWD == $cwd ]] || builtin cd -- $cwd 2>/dev/null && break
    __m_report 1
  done
  for l in ${(f)al}; do
    n=${${${l#alias }#-[gs] }#-- }; n=${n%%=*}
    [[ -n ${aliases[$n]-}${galiases[$n]-} ]] && continue
    eval "$l"; [[ $l == 'alias -g'* || -z ${aliases[$n]-} ]] || whence -- ${${(Q)aliases[$n]}%%[[:space:]]*} >/dev/null || unalias -- $n
  done 2>/dev/null
  BUFFER=$rec
  (( st )) && BUFFER="__m_set $st"$'\n'$rec
  zle .accept-line
}
precmd_functions=(__m_precmd $precmd_functions); preexec_functions+=(__m_preexec)
zle -N zle-line-init __m_init
