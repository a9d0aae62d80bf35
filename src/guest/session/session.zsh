# rc file of a session's zsh (guest side, ZDOTDIR). Lines are executed at the top level through zle: zle-line-init puts the
# line into BUFFER and accepts it, so a line is exactly a line typed at a prompt.
unset ZDOTDIR; typeset +x MACHINE_SDIR
[[ -f ~/.zshrc ]] && . ~/.zshrc
PS1= PS2= RPS1= PROMPT_EOL_MARK=; unset HISTFILE zle_bracketed_paste; unsetopt prompt_sp prompt_cr; setopt interactivecomments; zmodload zsh/parameter
__m_first=1
__m_set() { return $1 }
__m_precmd() { local st=$? x; setopt localoptions localtraps; trap '' INT # a second Ctrl-C must not take the report away
  # waits, so that the prompt is not taken for output
  if [[ -n $__m_first ]]; then __m_first=; else
    print -rn -- "D$st"$'\x1f'"$PWD"$'\0' > $MACHINE_SDIR/out; IFS= read -r -d $'\0' x < $MACHINE_SDIR/ack
  fi }
__m_preexec() { local x; print -rn -- S$'\0' > $MACHINE_SDIR/out; IFS= read -r -d $'\0' x < $MACHINE_SDIR/ack }   # S: output starts here
__m_init() {
  [[ $CONTEXT == cont ]] && { zle .send-break; return }
  local rec st cwd al l n x
  while :; do
    IFS= read -r -d $'\0' rec < $MACHINE_SDIR/in || continue
    st=${rec%%$'\x1f'*} rec=${rec#*$'\x1f'}; cwd=${rec%%$'\x1f'*} rec=${rec#*$'\x1f'}; al=${rec%%$'\x1f'*} rec=${rec#*$'\x1f'}
    [[ $PWD == $cwd ]] || builtin cd -- $cwd 2>/dev/null && break
    print -rn -- D1$'\x1f'$PWD$'\0' > $MACHINE_SDIR/out; IFS= read -r -d $'\0' x < $MACHINE_SDIR/ack
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
