"""The acceptance list, as far as it is not elsewhere: see ACCEPTANCE."""
import os
import re
import shutil

import behave
from behave import bottom, eq, pick, start
from drv import (CANARY, GUEST, HOME, HOST, W, WORK, Term, check, make_project,
                 noleak, tmux, wait)

TOUCH = 'touch ' + CANARY
ST = {'zsh': '$?', 'bash': '$?', 'fish': '$status'}


def words(text):
    return text.split()


# ---- A: to install it -------------------------------------------------------

def a_install(shell):
    t = start(shell, env={'TERM': 'dumb'})
    rows = t.screen().split('\n')
    eq('A11: a dumb terminal: no word at start', rows, rows[-1:])
    t.close()
    # Something else takes our place in the lists while we run.
    t = start(shell)
    t.line('cd proj')
    t.line('@host ' + pick('precmd_functions=(${(u)precmd_functions})',
                           'PROMPT_COMMAND="true;$PROMPT_COMMAND"',
                           'functions -c fish_prompt other_prompt'))
    eq('A6: lists rewritten inside', bottom(t.line('uname -n')), GUEST)
    t.close()


# ---- B: nobody notices it ---------------------------------------------------

def b_status(shell):
    t = start(shell)
    for n in (0, 1, 126, 127, 130, 255):
        t.line(f'sh -c "exit {n}"')
        t.line('', quiet=.05)
        eq(f'B1: $? {n} outside, after an empty line', t.status(), n)
        t.line(f'sh -c "exit {n}"')
        eq(f'B1: $? {n} outside, in the next line', t.line('echo ' + ST[shell]),
           str(n))
    show = pick('echo $pipestatus', 'echo ${PIPESTATUS[@]}', 'echo $pipestatus')
    line = 'sh -c "exit 3" | sh -c "exit 4" | true'
    t.line(line)
    eq('B2: PIPESTATUS outside', t.line(show), '3 4 0')
    if shell != 'bash':                 # whose session in the guest has lost it
        t.line('cd proj')
        t.line(line)
        eq('B2: PIPESTATUS in a project', t.line(show), '3 4 0')
    t.close()


def b_traps(shell):
    if shell == 'fish':
        t = start(shell, rc='''
            trap 'echo usr1' USR1; function w --on-signal WINCH; set -g X w; end''')
        show = 'trap; functions w'
        want = ['USR1', 'WINCH']
    else:
        t = start(shell, rc='''
            trap 'echo int' INT; trap 'echo exit' EXIT; trap ': err' ERR
            trap 'echo usr1' USR1; trap ': winch' WINCH; trap ': dbg' DEBUG''')
        show = 'trap'
        want = ['INT', 'EXIT', 'ERR', 'USR1',
                'WINCH', 'DEBUG']
    before = t.line(show)
    for line in ('cd proj', 'true', 'sh -c "exit 3"', 'cd sub', 'cd ../..'):
        t.line(line)
    after = t.line(show)
    eq('B4: traps are the user\'s again outside', after, before)
    check(f'{shell}: B4: (they were there)', all(w in after for w in want), after)
    t.close()


SNAP = {
    'zsh': '@host typeset -p | sed "s/=.*//; s/.* //" | sort -u > {}',
    'bash': '@host compgen -v | sort -u > {}; alias >> {}; shopt >> {}; '
            'set -o >> {}; declare -F >> {}',
    'fish': '@host set -n > {}',
}
# What shells change by themselves at any line.
OWN = set('''_ OLDPWD BASH_ARGC BASH_ARGV BASH_LINENO BASH_SOURCE BASH_REMATCH
    COLUMNS LINES PIPESTATUS __fish_cd_direction MACHINE_PROJECT dirprev dirnext __fish_last_bind_mode
    FUNCNAME RANDOM SECONDS status history'''.split())


def b_leaks(shell):
    t = start(shell, rc=pick('typeset -g vars=1 REPLY=2 i=3 o=4 s=5 d=6 match=7',
                             'vars=1 REPLY=2 i=3 o=4 s=5 d=6 match=7',
                             'set -g vars 1; set -g REPLY 2; set -g i 3; '
                             'set -g o 4; set -g s 5; set -g d 6; set -g match 7'))
    files = [f'{t.home}/{n}' for n in '12']
    rest = {'bash': '', 'zsh': '', 'fish': ''}[shell]
    t.line('true')
    if shell == 'fish':
        t.line(f'set -n > {files[0]}{rest}')
    else:
        t.line(SNAP[shell].format(*[files[0]] * 5)[6:])
    for line in ('cd proj', 'true', 'sh -c "exit 3"', 'cd sub', 'cd ../..',
                 'cd proj && true', 'cd ..', 'cd second; true', 'cd ..'):
        t.line(line)
    if shell == 'fish':
        t.line(f'set -n > {files[1]}')
    else:
        t.line(SNAP[shell].format(*[files[1]] * 5)[6:])
    before, after = [set(open(f).read().split('\n')) for f in files]
    new = {x for x in after ^ before if '__machine' not in x} - OWN
    eq('B5: no variable, option, alias or function is left', new, set())
    eq('B5: the user\'s variables', t.line(
        'echo $vars $REPLY $i $o $s $d $match'), '1 2 3 4 5 6 7')
    t.close()


def b_trace(shell):
    if shell == 'fish':
        t = start(shell, env={'fish_trace': '', 'X': '1'})
        t.line('cd proj')
        t.line('@host set -g fish_trace 1')
    else:
        t = start(shell)
        t.line('cd proj')
        t.line('@host set -x')
    t.line('', quiet=.2)
    row = len(t.screen().split('\n'))
    t.line('', quiet=.2)
    n = len(t.screen().split('\n')) - row
    check(f'{shell}: B6: set -x at an idle prompt: {n} lines', 0 < n <= 25,
          t.screen()[-2000:])
    t.close()


def b_place(shell):
    t = start(shell)
    t.line('umask 027')
    t.line('cd other')
    for line in ('cd ../proj', 'true', 'cd sub', 'true', 'cd ../../other'):
        t.line(line)
    eq('B8: umask', t.line('umask').lstrip('0'), '27')
    if shell == 'fish':
        eq('B8: dirprev', t.line('echo $dirprev[-1]'), WORK + '/proj/sub')
    else:
        eq('B8: OLDPWD', t.line('echo $OLDPWD'), WORK + '/proj/sub')
        t.line('cd ../proj')
        t.line('cd sub && true')        # the guest's, which we follow
        t.line('cd -')
        eq('B8: cd - after a cd of the guest', t.cwd(), 'proj')
        t.line('cd ../other')
        t.line('pushd ../proj')
        t.line('true')
        t.line('popd')
        eq('B8: the directory stack', (t.cwd(), len(words(t.line('dirs')))),
           ('other', 1))
    t.close()


def b_prompt(shell):
    show = pick('print -r -- "$PS1|$PS2|$RPROMPT|$RPS1"',
                'echo "$PS0|$PS1|$PS2|$PROMPT_COMMAND"',
                'functions fish_prompt fish_right_prompt')
    rc = pick("PS2='2> '; RPROMPT=", "PS0=; PS2='2> '", '')
    t = start(shell, rc=rc)
    before = t.line(show)
    for line in ('cd proj', 'true', 'sh -c "exit 3"', 'cd ..'):
        t.line(line)
    eq('B9: prompts are the user\'s again outside', t.line(show), before)
    for place in ('other', '../proj'):
        t.line('cd ' + place)
        rows = len(t.screen().split('\n'))
        for _ in range(3):
            t.line('', quiet=.05)
        new = t.screen().split('\n')[rows:]
        check(f'{shell}: B10: nothing is printed when nothing has changed: {place}',
              len(new) == 3 and all(re.match(r'\S+ \[0\]', r) for r in new), new)
    t.close()


class Gate:
    """Calls of machine that wait until they are let through."""

    def __init__(self, name):
        self.base = f'{W}/gate{Term.made}'
        self.log = self.base + '.log'
        self.env = {'MACHINE_TEST_GATE': self.base, 'MACHINE_TEST_LOG': self.log}
        open(self.log, 'w').close()
        self.close(name)

    def close(self, name):
        self.fifo = f'{self.base}.{name}'
        os.mkfifo(self.fifo)

    def waits(self):
        return wait(lambda: 'waits' in open(self.log).read())

    def open(self):
        fifo, self.fifo = self.fifo, None
        gone = fifo + '.open'
        os.rename(fifo, gone)
        try:
            os.close(os.open(gone, os.O_WRONLY | os.O_NONBLOCK))
        except OSError:
            pass                        # it has been killed: nobody waits

    def calls(self):
        return words(open(self.log).read())


def b_keys(shell):
    """Keys while the hook is at work."""
    g = Gate('_enter')
    t = start(shell, env=g.env)
    t.type('cd proj')
    since = t.prompts()
    t.keys('Enter')
    check(f'{shell}: B13: (_enter waits)', g.waits())
    t.type('uname -n')
    t.keys('Enter')
    g.open()
    wait(lambda: t.prompts() >= since + 2)
    rows = t.settle().split('\n')
    check(f'{shell}: B13: a line typed meanwhile runs once, in the guest',
          rows.count(GUEST) == 1 and HOST not in rows, rows)
    t.close()
    for key in ('C-c', 'C-z', 'C-\\'):
        g = Gate('_enter')
        t = start(shell, env=g.env)
        t.type('cd proj')
        t.keys('Enter')
        g.waits()
        t.keys(key)
        wait(lambda: t.status() is not None, 1)
        g.open()
        check(f'{shell}: B14: {key} in _enter: a prompt',
              wait(lambda: t.status() is not None), t.screen())
        t.settle(quiet=.3)
        t.line(f'{TOUCH}/b14; uname -n')
        noleak(f'{shell}: B14: {key} in _enter')
        t.line('cd ..')
        eq(f'B14: {key} in _enter: one can leave', bottom(t.line('uname -n')),
           HOST)
        eq(f'B14: {key} in _enter: no loop', g.calls().count('_enter') <= 2, True)
        t.close()
    for key in ('C-c', 'C-\\'):
        g = Gate('_line')
        t = start(shell, env=g.env)
        t.line('cd proj')
        t.type(f'{TOUCH}/b14; echo a-line')
        t.keys('Enter')
        g.waits()
        t.keys(key)
        wait(lambda: t.status() is not None, 1)
        g.open()
        t.settle(quiet=.3)
        noleak(f'{shell}: B14: {key} while a line waits')
        eq(f'B14: {key} while a line waits: the next line runs',
           bottom(t.line('uname -n')), GUEST)
        t.close()


def b_hangup(shell):
    g = Gate('_enter')
    t = start(shell, env=g.env)
    t.type('cd proj')
    t.keys('Enter')
    g.waits()

    def ours():
        found = []
        for pid in filter(str.isdigit, os.listdir('/proc')):
            try:
                e = open(f'/proc/{pid}/environ', 'rb').read()
            except OSError:
                continue
            if f'MACHINE_TEST_GATE={g.base}'.encode() in e.split(b'\0'):
                found.append(int(pid))
        return found
    check(f'{shell}: B15: (there are processes)', len(ours()) >= 2, ours())
    t.close()
    if shell == 'fish':                 # waits for what it has started
        g.open()
    check(f'{shell}: B15: the terminal closes: nobody stays behind',
          wait(lambda: not ours()), ours())
    if shell != 'fish':
        g.open()


# ---- C: where one is --------------------------------------------------------

def c_ways(shell):
    """Ways to come into a project."""
    rc = pick('setopt autocd; cdw() { cd proj; zle reset-prompt }; zle -N cdw; '
              "bindkey '^T' cdw", 'shopt -s autocd; bind -x \'"\\C-t": cd proj\'',
              'bind \\ct "cd proj; commandline -f repaint"')
    t = start(shell, rc=rc + f'\n{pick("CDPATH=", "CDPATH=", "set -g CDPATH . ")}{W}')
    eq('C1: (outside)', t.line('uname -n'), HOST)
    ways = ['builtin cd proj', 'pushd proj', 'cd work/proj',
            pick('proj', fish='./proj')]
    if shell != 'fish':
        ways += ['\\cd proj']
    for way in ways:
        t.line(way)
        eq(f'C1: {way}', bottom(t.line('uname -n')), GUEST)
        t.line(f'cd {WORK}')
    t.line('pushd proj')
    t.line('pushd ../other')
    t.line('popd')
    eq('C1: popd', bottom(t.line('uname -n')), GUEST)
    t.line(f'cd {WORK}')
    t.keys('C-t')
    if shell == 'bash':
        check('bash: C1: a key that changes directory cannot go into a project',
              t.see('a key cannot'))
        eq('C1: and has not gone', bottom(t.line('pwd')), WORK)
    else:
        wait(lambda: t.cwd() == 'proj')
        t.line(f'{TOUCH}/c1')
        noleak(f'{shell}: C1: a key that changes directory')
    t.line(f'cd {WORK}')
    if shell == 'fish':
        t.line('cd proj')
        t.line('cd ../other')
        t.keys('M-Left')
        wait(lambda: t.cwd() == 'proj')
        t.line(f'{TOUCH}/c1')
        noleak('fish: C1: Alt-Left')
        t.keys('M-Right')
        wait(lambda: t.cwd() == 'other')
        eq('C1: Alt-Right', t.line('uname -n'), HOST)
        t.line(f'cd {WORK}')
    t.line('cd proj | cat')
    eq('C2: cd P | cat', (t.cwd(), bottom(t.line('uname -n'))), pick(
        ('work', HOST), fish=('proj', GUEST)))  # fish has no subshells
    t.line(f'cd {WORK}; for d in proj second; '
           + pick('do', fish='') + f' cd {WORK}/$d; {TOUCH}/c2; '
           + pick('done', fish='end'))
    noleak(f'{shell}: C2: a loop over several projects')
    t.close()


def c_completion(shell):
    """A completion that looks into a project is no visit."""
    log = f'{W}/complete.{shell}'
    rc = {'zsh': 'autoload -Uz compinit; compinit -u; '
                 '_q() { compadd $(cd proj; echo found) }; compdef _q q',
          'bash': '_q() { COMPREPLY=($(cd proj; echo found)); }; complete -F _q q',
          'fish': 'complete -c q -f -a "(begin; cd proj; echo found; end)"'}[shell]
    t = start(shell, rc='q() { :; }\n' * (shell != 'fish') + rc,
              env={'MACHINE_TEST_LOG': log})
    t.line('true')
    rows = t.screen()
    t.type('q f')
    t.keys('Tab')
    check(f'{shell}: C3: completes', t.see('q found'), t.screen())
    t.keys('C-c')
    t.settle(quiet=.2)
    check(f'{shell}: C3: and prints nothing', 'machine' not in
          t.screen()[len(rows):], t.screen())
    eq('C3: and calls nothing', os.path.exists(log), False)
    t.close()


def c_nested(shell):
    make_project(WORK + '/proj/inner', allowed=False)
    t = start(shell)
    t.line('cd proj')
    t.line('cd inner')
    t.line(f'{TOUCH}/c5')
    eq('C5: a nested project that is not allowed', t.status(), 125)
    t.line('cd ..')
    eq('C5: and out of it again', bottom(t.line('uname -n')), GUEST)
    noleak(f'{shell}: C5')
    t.close()
    shutil.rmtree(WORK + '/proj/inner')


def c_gone(shell):
    """The project goes away under the shell."""
    for how in ('deleted', 'renamed', 'unreadable'):
        p = WORK + '/goes'
        make_project(p)
        os.makedirs(p + '/sub')
        t = start(shell)
        t.line('cd goes/sub')
        eq(f'C6: {how}: (in it)', t.line('uname -n'), GUEST)
        if how == 'deleted':
            shutil.rmtree(p)
        elif how == 'renamed':
            os.rename(p, p + '2')
        else:
            os.chmod(p, 0)
        t.line('', quiet=.1)
        t.line(f'{TOUCH}/c6')
        t.line(f'cd {WORK}')
        eq(f'C6: {how}: one can leave', bottom(t.line('uname -n')), HOST)
        noleak(f'{shell}: C6: {how}')
        t.close()
        for d in (p, p + '2'):
            if os.path.exists(d):
                os.chmod(d, 0o755)
                shutil.rmtree(d)


def c_deep(shell):
    deep = WORK + '/proj' + '/d' * 120
    os.makedirs(deep, exist_ok=True)
    t = start(shell)
    t.line('cd ' + deep)
    t.line(f'{TOUCH}/c9')
    noleak(f'{shell}: C9: 120 directories down')
    eq('C9: it is still the project', t.line('uname -n'), GUEST)
    t.close()
    long = WORK + '/proj' + ('/' + 'n' * 200) * 19
    os.makedirs(long, exist_ok=True)
    t = start(shell)
    t.line(pick(f'cd {WORK}/proj'))
    t.line(pick('cd n*/n*/n*/n*/n*/n*/n*/n*/n*/n*/n*/n*/n*/n*/n*/n*/n*/n*/n*'))
    t.line(f'{TOUCH}/c9')
    noleak(f'{shell}: C9: a path as long as PATH_MAX')
    t.close()


def c_names(shell):
    """A project whose own directory has a name that somebody has thought about."""
    for i, name in enumerate((b'q $(touch hr) x', b"q';touch hr;'", b'q"\\`touch hr`',
                              b'q\x1b[31m', b'q\xff', b'q %n $HOME ~', b'q\n;touch hr')):
        if shell == 'fish' and b'\n' in name:
            continue        # no project (machine refuses it) and none to fish
        p = f'{WORK}/names{i}'.encode()
        os.makedirs(p + b'/' + name)
        with open(p + b'/' + name + b'/Machinefile', 'w') as f:
            f.write('image: debian\n')
        t = start(shell)
        t.line(f'cd names{i}')
        t.line('cd q*', quiet=.1)
        t.line(f'{TOUCH}/c7; uname -n')
        noleak(f'{shell}: C7: a project called {name!r}, not allowed')
        t.line('machine allow', quiet=.1)
        t.line(f'{TOUCH}/c7; uname -n', quiet=.1)
        check(f'{shell}: C7: a project called {name!r}', GUEST in t.screen() or
              b'\n' in name, t.screen())
        noleak(f'{shell}: C7: a project called {name!r}, allowed')
        t.line(f'cd {WORK}')
        eq('C7: nothing of the name was run', [d for d in (
            WORK, t.home, p.decode(), os.fsdecode(p + b'/' + name))
            if os.path.exists(d + '/hr')], [])
        t.close()
        shutil.rmtree(p)


# ---- E: state and messages --------------------------------------------------

def e_messages(shell):
    make_project(WORK + '/shut', allowed=False)
    os.makedirs(WORK + '/shut/sub', exist_ok=True)
    t = start(shell)
    message = 'machine allow'
    check(f'{shell}: E1: on coming in', message in t.line('cd shut'))
    shown = t.line('', quiet=.1) + t.line('cd sub') + t.line('cd ..')
    eq('E1: not again while there', message in shown, False)
    t.line('cd ..')
    check(f'{shell}: E1: again on coming back', message in t.line('cd shut'))
    t.close()


def e_inherit(shell):
    t = start(shell, env={'MACHINE_PROJECT': 'old', 'MACHINE_SID': 'x',
                          'MACHINE_ROOT': WORK + '/proj', 'MACHINE_STATE': 'on'})
    eq('E4: a shell outside inherits nothing',
       t.line('echo "<$MACHINE_PROJECT>"; uname -n'), '<>\n' + HOST)
    t.line('cd proj')
    eq('E4: MACHINE_PROJECT in a project',
       t.line('@host sh -c \'echo "$MACHINE_PROJECT"\''), 'proj')
    rc = {'zsh': 'zsh -d -i', 'bash': f'bash --rcfile {t.home}/.bashrc -i',
          'fish': 'fish -i'}[shell]
    for name, line in (('a shell in the shell', rc), ('exec', 'exec ' + rc),
                       ('a login shell', 'exec ' + rc.replace(
                           'fish', 'fish -l').replace('zsh', 'zsh -l').replace(
                           'bash --', 'bash --login --'))):
        if name == 'a login shell' and shell == 'bash':
            with open(t.home + '/.bash_profile', 'w') as f:
                f.write('. ~/.bashrc\n')
        t.line('@host ' + line, quiet=.3)
        eq(f'E4: {name}: the project is seen', bottom(t.line('uname -n')), GUEST)
        t.line('cd ..')
        eq(f'E4: {name}: and left', t.line('uname -n'), HOST)
        t.line('cd proj')
    if shell == 'fish':
        t.line('@host set -gx PATH /mine $PATH')
        t.line('@host set -gx MINE 1')
    else:
        t.line('@host export PATH=/mine:$PATH MINE=1')
    t.line('cd ..')
    eq('E5: what the user has set inside stays', (
        t.line('echo $MINE'), '/mine' in t.line('echo $PATH')), ('1', True))
    t.close()


def e_old(shell):
    """As it would be in an old shell, or in bash under ble.sh."""
    old = f'{W}/old.{shell}'
    with open(f'{W}/hook.{shell}') as f, open(old, 'w') as out:
        text = f.read()
        new = text.replace('$ZSH_VERSION ==', '5.2 ==').replace(
            'contains path (', 'contains nosuch (')
        eq('(it is an old shell)', new != text, shell != 'bash')
        out.write(new)
    t = start(shell, rc=pick(f'. {old}', 'BLE_VERSION=0.4'))
    shown = ''.join(t.screen().split('\n'))
    check(f'{shell}: an old shell: one message says so',
          shown.count('machine shell') == 1, shown)
    t.line('cd proj')
    eq('under ble.sh lines are not touched', t.line('uname -n'), HOST)
    eq('it does not look like a project', t.line('echo "<$MACHINE_PROJECT>"'), '<>')
    t.close()


def f_host_words(shell):
    """A function of the user's that the configuration names is the host's."""
    t = start(shell, rc=pick('hw() { uname -n }', 'hw() { uname -n; }',
                             'function hw; uname -n; end'),
              env={'MACHINE_TEST_HOST': 'hw'})
    t.line('cd proj')
    eq('a host word', t.line('hw'), HOST)
    t.line('hw && true')
    eq('in a longer line it is the guest\'s', t.status(), 127)
    eq('@host for one line', (t.line('@host uname -n'), t.line('uname -n')),
       (HOST, GUEST))
    t.close()


def f_completion(shell):
    """TAB offers the guest's commands, from a file that is not believed."""
    if shell == 'fish':
        return                          # it cannot add names of commands
    names = f'{W}/names.{shell}'
    log = f'{W}/names.log'
    with open(names, 'w') as f:
        f.write('guestonly-x\nguestonly-$(touch hr)\nguest;touch hr\n`touch hr`\n'
                '/etc/guestonly\n' + 'guestonly-' + 'y' * 100 + '\n\x1b[31mguest\n'
                + ''.join(f'zz{i}\n' for i in range(5000)))
    t = start(shell, rc='autoload -Uz compinit; compinit -u' if shell == 'zsh'
              else '', env={'MACHINE_TEST_NAMES': names, 'MACHINE_TEST_LOG': log})
    t.line('cd proj')
    calls = open(log).read()
    t.type('guesto')
    t.keys('Tab')
    check(f'{shell}: F: TAB completes a command of the guest',
          t.see(r'\$ guestonly-x ?$'), t.screen())
    eq('F: and calls nothing', open(log).read(), calls)
    t.keys('C-c')
    t.settle(quiet=.1)
    t.type('ls su')
    t.keys('Tab')
    check(f'{shell}: F: file names as ever', t.see(r'ls sub/$'), t.screen())
    t.keys('C-c')
    t.settle(quiet=.1)
    t.type('unse')
    t.keys('Tab')
    check(f'{shell}: F: words of the shell, too', t.see(r'\$ unset'), t.screen())
    t.keys('C-c')
    t.settle(quiet=.1)
    os.unlink(names)
    t.type('guesto')
    t.keys('Tab')
    t.settle(quiet=.2, timeout=.6)
    check(f'{shell}: F: no file, no names', t.last().endswith('$ guesto'),
          t.screen())
    t.keys('C-c')
    t.settle(quiet=.1)
    t.line('cd ..')
    t.type('unse')
    t.keys('Tab')
    check(f'{shell}: F: outside as ever', t.see(r'\$ unset'), t.screen())
    t.keys('C-c')
    eq('F: nothing of it was run', [os.path.exists(f'{d}/hr') for d in (
        WORK, WORK + '/proj', t.home)], [False] * 3)
    t.close()


ALL = [a_install, b_status, b_traps, b_leaks, b_trace, b_place, b_prompt, b_keys,
       b_hangup, c_ways, c_completion, c_nested, c_gone, c_deep, c_names, e_messages,
       e_inherit, e_old, f_host_words,
       f_completion]
