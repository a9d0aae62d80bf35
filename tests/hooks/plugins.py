"""Options, plugins, other keys, and attempts to get around the hook."""
import os
import re

from drv import (CANARY, GUEST, HOST, PLUGINS, WORK, Term, check, make_project,
                 next_second, noleak, missing, wait)

TOUCH = 'touch ' + CANARY


def bottom(text):
    return text.split('\n')[-1]


def road(name, shell, rc='', after='', env=None, before=(), up=True):
    """Into a project and out again, with this in the user's own files."""
    t = Term(shell, rc=rc, after=after, env=env)
    for line in before:
        t.line(line)
    t.line('cd proj', timeout=6)
    shown = t.line(f'{TOUCH}/p; uname -n')
    check(f'{name}: runs in the guest', GUEST in shown, t.screen()[-400:])
    t.line('sh -c "exit 5"')
    check(f'{name}: $?', t.status() in (5, None), t.screen()[-200:])
    if shell == 'fish':
        next_second()               # its history is ordered by seconds
    t.paste('echo pasted1\necho pasted2; uname -n')
    t.line('', quiet=.2)
    rows = t.screen().rstrip().split('\n')
    check(f'{name}: a paste of two lines',
          GUEST in [r.strip() for r in rows[-4:-1]] and 'pasted1' in rows and
          'pasted2' in rows, rows[-8:])
    if up:
        t.keys('Up')
        wait(lambda: 'pasted2' in t.last(), 2)
        check(f'{name}: Up', 'pasted2' in t.last(), t.last())
        t.keys('C-c')
        wait(lambda: 'pasted2' not in t.last(), 2)
        t.settle()
    t.line('cd ../blocked')
    t.line(f'{TOUCH}/refused')
    t.line('cd ..')
    shown = t.line('uname -n', quiet=.1)
    check(f'{name}: leaves', HOST in [r.strip() for r in shown.split('\n')] and
          GUEST not in shown, shown)
    noleak(name)
    return t


def roads(shell, table):
    for name, settings in table.items():
        road(f'{shell}: {name}', shell, **settings).close()


def swap(shell, rc):
    """The guest puts a program where AUTO_CD has just seen a directory."""
    project = WORK + '/racy'
    make_project(project)
    os.makedirs(project + '/trap', exist_ok=True)
    with open(project + '/program', 'w') as f:
        f.write(f'#!/bin/sh\n{TOUCH}/swapped\n')
    os.chmod(project + '/program', 0o755)
    t = Term(shell, rc=rc, env={'MACHINE_TEST_SWAP': project + '/program'})
    t.line('cd racy')
    t.line('./trap')
    check(f'{shell}: the program is in place', os.path.isfile(project + '/trap'))
    noleak(f'{shell}: AUTO_CD and a quick guest')
    os.unlink(project + '/trap')
    t.close()


# ---- zsh --------------------------------------------------------------------


def zsh_plugins(shell):
    if not all(map(os.path.exists, PLUGINS)):
        return missing('zsh-autosuggestions, zsh-syntax-highlighting')
    load = ''.join(f'source {p}\n' for p in PLUGINS)
    roads(shell, {
        'autosuggestions, highlighting before the hook': dict(rc=load),
        'autosuggestions, highlighting after the hook': dict(after=load)})


def zsh_options(shell):
    roads(shell, {
        'compinit': dict(rc='autoload -Uz compinit; compinit -u'),
        'vi mode': dict(rc='bindkey -v'),
        'nounset shwordsplit ksharrays':
            dict(rc='setopt nounset shwordsplit ksharrays'),
        'localtraps, no debugbeforecmd':
            dict(rc='setopt localtraps; unsetopt debugbeforecmd'),
        'err_return and other options':
            dict(rc='setopt err_return noclobber globsubst extendedglob '
                 'interactivecomments rcquotes ignorebraces'),
        'share_history':
            dict(rc='setopt sharehistory incappendhistorytime histreduceblanks'),
        'aliases for words of the hook':
            dict(rc='alias local=false read=false print=false kill=true '
                 'trap=true command=false builtin=false eval=false setopt=true '
                 'emulate=true; alias -g on=off', up=False),
        "trap '' INT": dict(rc="trap '' INT", up=False)})


def zsh_traps(shell):
    t = road('zsh: traps of the user', shell, up=False, rc='''
        TRAPINT() { print trapint; return 0 }
        TRAPDEBUG() { : dbg }
        trap 'echo usr1' USR1''')
    shown = t.line('typeset -f TRAPINT TRAPDEBUG; trap')
    check('zsh: traps of the user are kept', all(
        w in shown for w in ('trapint', 'dbg', 'usr1')), shown)
    t.close()
    t = road('zsh: prompt built in precmd', shell, rc='''
        pp() { PROMPT="%1~ [%?] $ " }; precmd_functions+=(pp)
        pe() { T0=$1 }; preexec_functions+=(pe)''')
    shown = bottom(t.line('echo $T0; print -r -- "$T0"'))
    check('zsh: other preexec hooks see the typed line',
          shown.startswith('echo $T0'), shown)
    t.close()
    t = Term(shell)
    for line in ('cd proj', 'true', 'cd ..'):
        t.line(line)
    shown = t.line('trap; [[ -o debugbeforecmd ]] && echo dbc')
    check('zsh: no trap is left behind', shown == 'dbc', shown)
    t.close()


def zsh_keys(shell):
    """Foreign widgets cannot get around preexec."""
    t = Term(shell, rc=f'''
        w() {{ zle .accept-line }}; zle -N w; bindkey '^T' w
        x() {{ BUFFER=" {TOUCH}/w1 | cat"; zle .accept-line }}
        zle -N x; bindkey '^Y' x
        bindkey -s '^G' '{TOUCH}/w2; uname -n\\n\'''')
    t.line('cd proj')
    t.type(f'{TOUCH}/w0; uname -n')
    rows = t.interrupt('C-t').split('\n')
    check('zsh: a foreign widget accepts the line', rows[-2] == GUEST, rows)
    t.interrupt('C-y')
    shown = t.interrupt('C-g').split('touch')[-1]
    check('zsh: bindkey -s', GUEST in shown, shown)
    t.type(f'{TOUCH}/w3; uname -n')
    t.interrupt('Escape', 'a')                  # accept-and-hold
    t.settle(quiet=.1)
    t.keys('C-u')
    t.type(f'{TOUCH}/w4')
    t.keys('Escape', 'q')                       # push-line
    t.line(f'{TOUCH}/w5')
    t.keys('C-u')
    noleak('zsh: widgets')
    t.line('@host preexec_functions=()')
    t.line(f'{TOUCH}/w6; uname -n')
    noleak('zsh: preexec_functions emptied')
    t.close()
    swap(shell, 'setopt autocd')


ZSH = [zsh_plugins, zsh_options, zsh_traps, zsh_keys]

# ---- bash -------------------------------------------------------------------


def bash_options(shell):
    roads(shell, {
        'vi mode': dict(rc='set -o vi'),
        'set -u': dict(rc='set -u'),
        'posix': dict(rc='set -o posix'),
        'noclobber, nullglob, nocasematch':
            dict(rc='set -C; shopt -s nullglob nocasematch'),
        'promptvars off, cmdhist off':
            dict(rc='PS1="\\W [\\$?] $ "; shopt -u cmdhist',
                 before=('shopt -u promptvars',)),
        "trap '' INT": dict(rc="trap '' INT", up=False),
        'aliases for words of the hook':
            dict(rc='alias local=false read=false printf=false kill=true '
                 'trap=true command=false builtin=false eval=false '
                 'history=false shopt=true'),
        'PROMPT_COMMAND array': dict(rc='PROMPT_COMMAND=(true "true x")'),
        'PROMPT_COMMAND ending in ;': dict(rc="PROMPT_COMMAND='true; '"),
        'PROMPT_COMMAND set after the hook':
            dict(after='PROMPT_COMMAND="true;$PROMPT_COMMAND"'),
        'DEBUG trap': dict(rc="trap 'D=$BASH_COMMAND' DEBUG"),
        'extdebug': dict(rc="shopt -s extdebug; trap 'D=$BASH_COMMAND' DEBUG"),
        'full history':
            dict(rc='HISTSIZE=5; for i in 1 2 3 4 5 6 7; do history -s "x $i"; done'),
    })


def bash_given_back(shell):
    t = road('bash: INT trap of the user', shell, rc="trap 'echo trapped' INT",
             up=False)
    shown = t.line('trap -p INT')
    check('bash: the INT trap is back outside', 'trapped' in shown, shown)
    t.close()
    t = road('bash: PS0 of the user', shell, rc="PS0='<\\t>\\n'")
    shown = t.line('echo "$PS0"')
    check('bash: PS0 is back outside', '<\\t>' in shown and
          '__machine' not in shown, shown)
    t.close()


def bash_keys(shell):
    t = Term(shell, rc='bind \'"\\C-t": accept-line\'; VISUAL=true\n'
             f'fz() {{ READLINE_LINE="{TOUCH}/w1"; }}; bind -x \'"\\C-y": fz\'')
    t.line('cd proj')
    t.type(f'{TOUCH}/w0; uname -n')
    rows = t.interrupt('C-t').split('\n')
    check('bash: another key for accept-line', rows[-2] == GUEST, rows)
    t.interrupt('C-y', 'Enter')
    t.type(f'{TOUCH}/w2; uname -n')
    t.interrupt('C-o')                          # operate-and-get-next
    t.settle(quiet=.1)
    t.keys('C-u')
    t.type(f'{TOUCH}/w3; uname -n')
    shown = t.interrupt('C-x', 'C-e').split('w3')[-1]
    check('bash: C-x C-e runs in the guest', GUEST in shown, shown)
    t.settle(quiet=.1)
    t.keys('C-c')
    noleak('bash: keys')
    t.line('fc -s touch')
    for name, line in (('promptvars', 'shopt -u promptvars'),
                       ('INT', 'trap true INT'), ('PS0', 'PS0='),
                       ('descriptors', 'ulimit -n 6')):
        t.line('@host ' + line)
        t.line(f'{TOUCH}/w4')
        noleak(f'bash: the user changes {name}')
    t.close()
    swap(shell, 'shopt -s autocd')
    t = Term(shell, rc='set +o history')
    t.line('cd proj')
    shown = t.line(f'{TOUCH}/h')
    check('bash: history off: refused, and says why', 'history' in shown, shown)
    noleak('bash: history off')
    t.close()


BASH = [bash_options, bash_given_back, bash_keys]

# ---- fish -------------------------------------------------------------------


def fish_settings(shell):
    roads(shell, {
        'vi mode': dict(rc='fish_vi_key_bindings'),
        'event handlers':
            dict(rc='function pe --on-event fish_preexec; set -g T0 $argv[1]; end\n'
                 'function po --on-event fish_postexec; set -g T1 $argv[1]; end'),
        'private mode': dict(rc='set -g fish_private_mode 1', up=False)})
    t = road('fish: Enter of the user', shell,
             rc='bind \\r "commandline -f execute"')
    shown = t.line('bind --user \\r')
    check('fish: the Enter of the user is back outside', 'execute' in shown, shown)
    t.close()


def fish_keys(shell):
    t = Term(shell, rc='bind \\ct execute')
    t.line('cd proj')
    t.type(f'{TOUCH}/w0; uname -n')
    t.keys('C-t')
    check('fish: another key for execute: refused', t.see('refused'),
          t.screen()[-300:])
    t.settle()
    check('fish: the shell starts again and works',
          bottom(t.line('uname -n')) == GUEST, t.screen()[-300:])
    noleak('fish: keys')
    t.line('@host bind \\r execute')
    t.line(f'{TOUCH}/w1', timeout=3)
    noleak('fish: Enter bound anew inside')
    t.close()
    swap(shell, '')


FISH = [fish_settings, fish_keys]
