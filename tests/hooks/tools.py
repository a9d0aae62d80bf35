"""Other tools that hook into the shell, loaded before and after ours.

Where Debian has the tool, it is loaded; the others are stand-ins of their
mechanism, written for this test: what they hook into and in which order, not
what they show.
"""
import os

from drv import HOME, PLUGINS, W, Term, check, missing, noleak
from plugins import road

PS1 = r"PS1='\[\e]2;$((++N))\a\]\W [$S] $ '"

# starship: PS0 or preexec takes the time, the prompt is built from $? each time
STARSHIP = {
    'zsh': r'''
ss_pre() { SS_T=$SECONDS }; ss_cmd() { S=$?; SS_T=; PS1=$'%{\e]2;%1v\a%}%1~ ['$S'] $ ' }
preexec_functions+=(ss_pre); precmd_functions=(ss_cmd $precmd_functions)
''',
    'bash': r'''
ss_cmd() { S=$?; %s; }
PS0='${SS_T:$((SS_T=SECONDS,0)):0}'${PS0-}; SS_T=0
PROMPT_COMMAND="ss_cmd${PROMPT_COMMAND:+;$PROMPT_COMMAND}"
''' % PS1,
    'fish': '''
functions -c fish_prompt ss_inner
function fish_prompt; set -l s $status; set -g SS_D $CMD_DURATION; sh -c "exit $s"; ss_inner; end
''',
}
# bash-preexec: at the first prompt it takes itself out of PROMPT_COMMAND, puts
# its own functions around what is there, and listens to the DEBUG trap
PREEXEC = r'''
declare -a precmd_functions preexec_functions
bp_precmd() { local s=$? f; for f in "${precmd_functions[@]}"; do (exit $s); $f; done; return $s; }
bp_on() { bp_interactive=1; }
bp_debug() {
  [[ ${bp_interactive-} && ! ${COMP_LINE-} && ! ${READLINE_POINT-} ]] || return 0
  [[ $BASH_COMMAND == bp_precmd* ]] && { bp_interactive=; return 0; }
  case $'\n'$PROMPT_COMMAND$'\n' in *$'\n'"$BASH_COMMAND"$'\n'*) return 0 ;; esac
  bp_interactive=
  local f; for f in "${preexec_functions[@]}"; do $f "$(HISTTIMEFORMAT= history 1 | sed 's/^ *[0-9]* *//')"; done
}
bp_install() {
  PROMPT_COMMAND=${PROMPT_COMMAND/bp_install}
  PROMPT_COMMAND=$'bp_precmd\n'"$PROMPT_COMMAND"$'\nbp_on'
  trap bp_debug DEBUG
  bp_on
}
PROMPT_COMMAND="${PROMPT_COMMAND:+$PROMPT_COMMAND$'\n'}bp_install"
'''
# atuin: what was typed when a line starts, its status when it has ended
ATUIN = {
    'zsh': '''
at_pre() { print -r -- "start $1" >> ~/atuin }
at_cmd() { local s=$?; print -r -- "end $s" >> ~/atuin }
preexec_functions+=(at_pre); precmd_functions=(at_cmd $precmd_functions)
''',
    'bash': PREEXEC + '''
at_pre() { echo "start $1" >> ~/atuin; }
at_cmd() { local s=$?; echo "end $s" >> ~/atuin; }
preexec_functions+=(at_pre); precmd_functions+=(at_cmd)
''',
    'fish': '''
function at_pre --on-event fish_preexec; echo "start $argv[1]" >> ~/atuin; end
function at_post --on-event fish_postexec; echo "end $status" >> ~/atuin; end
''',
}
# VS Code, iTerm2: marks around the prompt, the old PROMPT_COMMAND is called from
# a function of theirs
VSCODE = {
    'zsh': r'''
vs_cmd() { local s=$?; print -n "\e]633;D;$s\a"; [[ $PS1 == *633* ]] || PS1=$'%{\e]633;A\a%}'$PS1 }
vs_pre() { print -n "\e]633;C\a" }
precmd_functions+=(vs_cmd); preexec_functions=($preexec_functions vs_pre)
''',
    'bash': r'''
vs_old=${PROMPT_COMMAND-}
vs_cmd() { local s=$?; printf '\e]633;D;%s\a' $s; (exit $s); eval "$vs_old"
  [[ $PS1 == *633* ]] || PS1='\[\e]633;A\a\]'$PS1; }
PROMPT_COMMAND=vs_cmd
PS0="${PS0-}"'\[\e]633;C\a\]'
''',
    'fish': r'''
function vs_pre --on-event fish_preexec; printf '\e]633;C\a'; end
function vs_post --on-event fish_postexec; printf '\e]633;D;%s\a' $status; end
''',
}
# mise: a program at each prompt and at each change of directory
MISE = {
    'zsh': '''
mi() { eval "$(echo MI=1)" }
precmd_functions=(mi $precmd_functions); chpwd_functions=(mi $chpwd_functions)
''',
    'bash': '''
mi() { local s=$?; eval "$(echo MI=1)"; return $s; }
PROMPT_COMMAND="mi${PROMPT_COMMAND:+;$PROMPT_COMMAND}"
cd() { builtin cd "$@" && mi; }
''',
    'fish': '''
function mi --on-event fish_prompt; echo 'set -g MI 1' | source; end
function mi_pwd --on-variable PWD; echo 'set -g MI 1' | source; end
''',
}
# oh-my-zsh: its library binds keys, sets options, completion and a theme
OMZ = r'''
autoload -Uz compinit add-zsh-hook; compinit -u
setopt auto_cd auto_pushd pushd_ignore_dups interactivecomments prompt_subst share_history hist_verify extended_history
omz_cmd() { print -Pn "\e]1;%~\a" }; add-zsh-hook precmd omz_cmd
omz_pre() { emulate -L zsh; setopt extended_glob; print -n "\e]1;${(V)1%% *}\a" }; add-zsh-hook preexec omz_pre
omz_start() { echoti smkx 2>/dev/null }; omz_stop() { echoti rmkx 2>/dev/null }
zle -N zle-line-init omz_start; zle -N zle-line-finish omz_stop
alias ..='cd ..' -='cd -' md='mkdir -p'; alias -g ...='../..'
magic() { zle .accept-line }; zle -N accept-line magic
'''


def both(name, shell, text, up=True):
    """Loaded before our hook and after it."""
    for order, how in (('before', 'rc'), ('after', 'after')):
        road(f'{shell}: A6: {name} loaded {order} the hook', shell, up=up,
             **{how: text}).close()


def direnv(shell):
    text = 'direnv hook fish | source' if shell == 'fish' else \
        f'eval "$(direnv hook {shell})"'
    both('direnv', shell, text)


def starship(shell):
    both('starship (stand-in)', shell, STARSHIP[shell])


def atuin(shell):
    both('atuin (stand-in)', shell, ATUIN[shell])
    t = road(f'{shell}: A6: atuin sees the lines', shell, ATUIN[shell], up=False)
    with open(t.home + '/atuin') as f:
        seen = f.read()
    check(f'{shell}: A6: atuin has the status of a line of the guest',
          'end 5' in seen, seen)
    check(f'{shell}: A6: atuin has the line as it was typed',
          'start sh -c "exit 5"' in seen or shell == 'fish' and
          ' vm: # sh -c "exit 5"' in seen, seen)
    t.close()


def preexec(shell):
    both('bash-preexec (stand-in)', shell, PREEXEC)
    road('bash: A5: bash-preexec with an array', shell,
         rc='PROMPT_COMMAND=("true")\n' + PREEXEC).close()


def vscode(shell):
    both('VS Code, iTerm2 (stand-in)', shell, VSCODE[shell])


def mise(shell):
    both('mise (stand-in)', shell, MISE[shell])


def ohmyzsh(shell):
    both('oh-my-zsh (stand-in)', shell, OMZ)


def fzf(shell):
    keys = {'fish': '. {}; fzf_key_bindings'}.get(shell, '. {}').format(
        f'/usr/share/doc/fzf/examples/key-bindings.{shell}')
    both('fzf', shell, keys)
    # Its cd widget; the one thing that is found is chosen.
    t = Term(shell, rc=keys, env={'FZF_DEFAULT_OPTS': '-1 -0',
                                  'FZF_ALT_C_COMMAND': 'echo proj'})
    since = t.prompts()
    t.keys('Escape', 'c')
    t.settle(since=since, quiet=.3)
    shown = t.line(f'touch {W}/canary/fz; uname -n')
    check(f'{shell}: C1: the cd of an fzf widget', 'guestvm' in shown, shown)
    noleak(f'{shell}: C1: fzf')
    t.close()


NEW_ZOXIDE = {
    'zsh': '__zoxide_cd() { \\builtin cd -- "$@" }\nz() { __zoxide_cd "$@" }',
    'bash': '__zoxide_cd() { \\builtin cd -- "$@"; }\nz() { __zoxide_cd "$@"; }',
    'fish': 'function z; builtin cd $argv; end',
}


def zoxide(shell):
    text = 'zoxide init fish | source' if shell == 'fish' else \
        f'eval "$(zoxide init {shell})"'
    both('zoxide', shell, text)
    for name, rc in (('zoxide', text), ('zoxide 0.9 (stand-in)',
                                        NEW_ZOXIDE[shell])):
        for order in ('rc', 'after'):
            t = Term(shell, env={'_ZO_DATA_DIR': HOME}, **{order: rc})
            for line in ('cd second', 'cd ..', 'cd proj', 'cd ..'):
                t.line(line)            # it knows where one has been
            for line in ('z proj && touch {}/z', 'z proj; touch {}/z',
                         '(z proj; touch {}/z)'):
                shown = t.line(line.format(W + '/canary')
                               if shell != 'fish' or line[0] != '(' else
                               f'begin; z proj; touch {W}/canary/z; end')
                check(f'{shell}: C2: {name} {order}: {line[:9]}: message',
                      'was not run' in shown, shown)
                noleak(f'{shell}: C2: {name} {order}: {line[:9]}')
                t.line(f'cd {W}/work')
            t.line('z proj')
            shown = t.line('uname -n')
            check(f'{shell}: C1: {name} {order}: z alone is welcome',
                  'guestvm' in shown, shown)
            t.line(f'z {W}/work')
            t.close()


def themes(shell):
    last = r'%{\e]2;%1v\a%}%1~ [%?] $ '
    if shell == 'zsh':
        both('powerlevel9k', shell, f'''
            POWERLEVEL9K_LEFT_PROMPT_ELEMENTS=(dir vcs status)
            POWERLEVEL9K_RIGHT_PROMPT_ELEMENTS=(time); POWERLEVEL9K_MODE=flat
            POWERLEVEL9K_PROMPT_ON_NEWLINE=true
            POWERLEVEL9K_RPROMPT_ON_NEWLINE=false
            POWERLEVEL9K_MULTILINE_FIRST_PROMPT_PREFIX=
            POWERLEVEL9K_MULTILINE_LAST_PROMPT_PREFIX=$'{last}'
            . /usr/share/powerlevel9k/powerlevel9k.zsh-theme''')
    both('liquidprompt', shell, ('' if shell == 'zsh' else 'lps() { S=$?; }; '
                                 'PROMPT_COMMAND="lps;${PROMPT_COMMAND-}"; '
                                 + PS1) + '''
        LP_ENABLE_BATT=0 LP_ENABLE_LOAD=0 LP_ENABLE_TEMP=0 LP_ENABLE_TITLE=0
        LP_PS1_POSTFIX=$'\\n'${PS1}
        . /usr/share/liquidprompt/liquidprompt''')


NEEDED = ['direnv', 'zoxide', 'fzf', '/usr/share/liquidprompt/liquidprompt',
          '/usr/share/powerlevel9k/powerlevel9k.zsh-theme'] + PLUGINS


def installed(shell):
    import shutil
    gone = [n for n in NEEDED if not (os.path.exists(n) or shutil.which(n))]
    if gone:
        missing(' '.join(gone))


ZSH = [installed, direnv, starship, atuin, vscode, mise, ohmyzsh, fzf, zoxide,
       themes]
BASH = [installed, direnv, starship, atuin, preexec, vscode, mise, fzf, zoxide,
        themes]
FISH = [installed, direnv, starship, atuin, vscode, mise, fzf, zoxide]
