"""What users should see, in each of the three shells."""
import glob
import os
import re
import subprocess

from drv import (CANARY, GUEST, HOME, HOST, W, WORK, Term, check, leaks,
                 make_project, next_second, noleak, wait)

SH = ''                             # the shell under test


def pick(zsh, bash=None, fish=None):
    """The same in the words of the shell under test."""
    return {'zsh': zsh, 'bash': zsh if bash is None else bash,
            'fish': zsh if fish is None else fish}[SH]


def eq(name, got, want):
    check(f'{SH}: {name}', got == want, f'got {got!r}\nwanted {want!r}')


def has(name, got, want):
    check(f'{SH}: {name}', want in got, f'got {got!r}\nwanted {want!r}')


def bottom(text):
    """The last line: messages of the shell may stand above it."""
    return text.split('\n')[-1]


def start(shell, **how):
    global SH
    SH = shell
    return Term(shell, **how)


def lines(shell):
    t = start(shell)
    eq('outside: host', t.line('uname -n'), HOST)
    t.line('cd proj')
    eq('cd in: the prompt moves', t.cwd(), 'proj')
    eq('simple command', t.line('uname -n'), GUEST)
    eq('pipeline', t.line('echo hello | tr a-z A-Z'), 'HELLO')
    eq('redirection', t.line('echo r1 > out.txt; cat < out.txt; rm out.txt'), 'r1')
    eq('FOO=1 cmd', t.line("FOO=1 sh -c 'echo $FOO'"), '1')
    t.line('(exit 5)' if shell != 'fish' else 'sh -c "exit 5"')
    eq('status', t.status(), 5)
    t.line('cd sub')
    eq('cd sub: host and guest agree', (t.cwd(), t.line('pwd')),
       ('sub', WORK + '/proj/sub'))
    t.line('cd ..')
    t.line('cd sub && true')
    eq('a cd of the guest is followed', t.cwd(), 'sub')
    t.line('cd "$(dirname $PWD)"' if shell != 'fish' else 'cd (dirname $PWD)')
    eq('a computed cd is followed', (t.cwd(), t.line('pwd')),
       ('proj', WORK + '/proj'))
    t.line('cd /tmp && true')
    eq('cd out && rest is the host\'s', t.cwd().strip('/'), 'tmp')
    t.line(f'cd {WORK}/proj')
    t.line('cd ..')
    eq('leaving: host again', (t.cwd(), t.line('uname -n')), ('work', HOST))
    t.line('cd -')
    eq('cd -', (t.cwd(), bottom(t.line('uname -n'))), ('proj', GUEST))
    eq('cd .. && rest: the rest on the host', t.line('cd .. && uname -n'), HOST)
    t.line('cd proj')
    t.line('cd ../second')
    eq('from project to project', (t.cwd(), t.line('uname -n')), ('second', GUEST))
    noleak(f'{shell}: lines')
    t.close()


def state(shell):
    t = start(shell)
    t.line('cd proj')
    t.line(pick('export X=17', fish='set -gx X 17'))
    eq('export survives', t.line("echo $X; sh -c 'echo $X'"), '17\n17')
    t.line(pick('y=5', fish='set y 5'))
    eq('plain variable survives', t.line('echo "<$y>"'), '<5>')
    t.line(pick('arr=(1 2 3); declare -A h', fish='set arr 1 2 3'))
    eq('array survives', t.line(pick('echo "${#arr[@]}"', fish='count $arr')), '3')
    os.makedirs(WORK + '/proj/venv/bin', exist_ok=True)
    with open(WORK + '/proj/venv/bin/activate', 'w') as f:
        f.write('VIRTUAL_ENV=/v; PATH=/v/bin:$PATH; deact() { echo bye; }\n')
    with open(WORK + '/proj/venv/bin/activate.fish', 'w') as f:
        f.write('set -gx VIRTUAL_ENV /v; set -gx PATH /v/bin $PATH\n'
                'function deact; echo bye; end\n')
    t.line('source venv/bin/activate' + pick('', fish='.fish'))
    eq('source activate', t.line('echo $VIRTUAL_ENV; deact'), '/v\nbye')
    other = Term(shell)
    other.line('cd proj')
    other.line(pick('z=2', fish='set z 2'))
    eq('two shells, two sessions', t.line('echo "<$z>"'), '<>')
    other.close()
    t.line(pick('kill -9 $$', fish='kill -9 $fish_pid'))
    has('a session that died starts again', t.line('uname -n'), GUEST)
    t.close()


def entering(shell):
    """In the middle of a line: the rest does not run on the host."""
    t = start(shell)
    for name, line in (('cd P && cmd', 'cd proj && uname -n'),
                       ('cd P; cmd', 'cd proj; uname -n')):
        eq(name + ' from outside runs in the VM', (t.line(line), t.cwd()),
           (GUEST, 'proj'))
        t.line('cd ..')
    t.line('cd proj && sh -c "exit 7"')
    eq('cd P && cmd: status', t.status(), pick(7, 7, 130))
    t.line('cd ..')
    touch = 'touch ' + CANARY
    for name, line in (
            ('(cd P; cmd)', pick(f'(cd proj; {touch}/1)',
                                 fish=f'begin; cd proj; {touch}/1; end')),
            ('loop', pick(f'for d in proj; do cd $d; {touch}/2; done',
                          fish=f'for d in proj; cd $d; {touch}/2; end')),
            ('function', pick(f'pj() {{ cd {WORK}/proj; {touch}/3; }}; pj',
                              fish=f'function pj; cd {WORK}/proj; {touch}/3; end; pj')),
            ('pushd', f'pushd proj >/dev/null; {touch}/4'),
            ('if cd', pick(f'if cd proj; then {touch}/5; fi',
                           fish=f'if cd proj; {touch}/5; end'))):
        has(name + ': message', t.line(line), 'was not run')
        noleak(f'{shell}: {name}')
        t.line(f'cd {WORK}')
    if shell == 'zsh':              # calls no chpwd
        for name, line in (('cd -q', f'cd -q proj; {touch}/8'),
                           ('(cd -q)', f'(cd -q proj; {touch}/8)'),
                           ('cd -q in a function',
                            f'qf() {{ cd -q proj; {touch}/8 }}; qf; {touch}/8')):
            has(name + ': message', t.line(line), 'was not run')
            noleak(f'zsh: {name}')
            t.line(f'cd {WORK}')
        t.line('cd -q other; cd ..')
        eq('cd -q elsewhere: no trap is left', t.line('trap'), '')
    t.paste(f'cd proj\n{touch}/6')
    t.interrupt('Enter')
    noleak(f'{shell}: a paste of cd P and a command')
    t.line(f'cd {WORK}')
    t.line(f'@host cd proj; {touch}/7') if shell != 'fish' else \
        open(CANARY + '/7', 'w').close()
    eq('@host means it', leaks(), ['7'])
    t.close()


def between(shell):
    """Lines that leave a project and come into one, or fail to leave."""
    t = start(shell)
    here = WORK + '/proj'
    if not os.path.lexists(WORK + '/alias'):
        os.symlink('proj', WORK + '/alias')
    t.line('cd proj')
    for name, line in (
            ('into another project', 'cd ../second && uname -n'),
            ('into another project, ;', 'cd ../second; uname -n')):
        eq(name + ': runs in its VM', t.line(line).strip(), GUEST)
        eq(name + ': is there', t.cwd(), 'second')
        t.line(f'cd {here}')
    for name, line in (
            ('into another project', 'cd ../second && touch %s/1'),
            ('into a blocked project', 'cd ../blocked && touch %s/1'),
            ('through a link to this project', 'cd ../alias && touch %s/1'),
            ('nowhere', 'cd ../nowhere; touch %s/1'),
            ('nowhere, &&', 'cd ../nowhere && true; touch %s/1'),
            ('out and in', 'cd .. && cd proj && touch %s/1'),
            ('out and in again', 'cd ..; cd second; touch %s/1'),
            ('out and in, deeper', 'cd .. && cd proj/sub && touch %s/1'),
            ('a directory that looks like an option', 'cd -/../..; touch %s/1'),
            ('cd - without a last directory', 'cd -; touch %s/1')):
        os.makedirs(here + '/-', exist_ok=True)
        t.line(line % CANARY)
        noleak(f'{shell}: from a project {name}')
        t.line(f'cd {here}')
    t.line(f'cd {WORK}/alias')
    eq('a link to a project', t.line('uname -n'), GUEST)
    t.line(f'cd sub; touch {CANARY}/1')
    t.line(f'cd {WORK}/alias/sub')
    t.line(f'cd ..; touch {CANARY}/1')
    noleak(f'{shell}: cd within a link to a project')
    t.line(f'cd {WORK}/alias')
    eq('cd .. && rest from a link', t.line('cd .. && uname -n'), HOST)
    t.close()


def multi(shell):
    t = start(shell)
    t.line('cd proj')

    def typed(*text):
        for part in text[:-1]:
            t.type(part)
            t.keys('Enter')
            t.see(re.escape(part[-12:]))
        t.line(text[-1])
        return t.screen().split('\n')[:-1]

    rows = typed('for i in 1 2',
                 pick('do echo "n$i $(uname -n)"', fish='echo "n$i" (uname -n)'),
                 pick('done', fish='end'))
    eq('for loop over several lines', rows[-2:], ['n1 ' + GUEST, 'n2 ' + GUEST])
    if shell != 'fish':
        rows = typed('cat <<EOF | tr a-z A-Z', "it's $(uname -n) # no comment",
                     'EOF')
        eq('here-document', rows[-1], "IT'S GUESTVM # NO COMMENT")
    eq('unclosed quote', typed('echo "a', 'b"')[-2:], ['a', 'b'])
    eq('backslash-newline', typed('echo x \\', ' y')[-1], 'x y')
    eq('trailing pipe', typed('echo a |', 'tr a b')[-1], 'b')
    if shell == 'fish':
        t.enter('end', 'fish: .*end')
        t.interrupt('C-c')
        t.settle(quiet=.3)          # fish draws its prompt more than once
    else:
        t.line('fi')
    eq('after a syntax error', bottom(t.line('uname -n')), GUEST)
    t.type('echo "abc')
    t.see('"abc$')
    row = t.row()
    t.keys('Enter')
    wait(lambda: t.row() > row)
    t.interrupt('C-c')
    t.settle(quiet=.3)
    if t.status() is None:          # fish: it may hit the binding of Enter
        t.interrupt('C-c')
    eq('Ctrl-C at PS2', bottom(t.line('uname -n')), GUEST)
    t.paste('echo p1\necho p2; uname -n')
    t.line('', quiet=.2)
    eq('bracketed paste of two lines', t.screen().split('\n')[-4:-1],
       ['p1', 'p2', GUEST])
    t.paste('echo q1\ncd sub\nuname -n\n', bracket=False)
    t.see(r'sub \[0\] [$>] uname -n\n' + GUEST + r'\nsub', timeout=6)
    rows = t.settle()
    check(f'{shell}: paste without brackets', rows.count('q1') >= 2 and
          GUEST in rows.split('q1')[-1] and t.cwd() == 'sub', rows[-400:])
    noleak(f'{shell}: multi')
    t.close()


def history(shell):
    t = start(shell, rc={
        'zsh': 'setopt histignorespace histignoredups',
        'bash': 'HISTCONTROL=ignoreboth HISTIGNORE="hidden*"',
        'fish': ''}[shell])
    t.line('cd proj')

    for line in ('echo one', 'echo two | cat', 'echo two | cat'):
        if shell == 'fish':         # orders its history by seconds
            next_second()
        t.line(line)
    t.line(' echo secret')
    if shell == 'bash':
        t.line('hidden')

    def up(n, want):
        t.keys(*['Up'] * n)
        wait(lambda: t.last().endswith(want), 2)
        found = re.sub(r'^\S+ \[\d+\] [$>] ?', '', t.last()).strip()
        t.keys('C-c')
        wait(lambda: not t.last().endswith(want), 2)
        t.settle()
        return found

    t.line('true')
    for n, want in ((1, 'true'), (2, 'echo two | cat'), (3, 'echo one')):
        eq(f'Up {n}', up(n, want), want)
    t.line("echo 'q\"1' \\\\ \\$X # c")
    eq('quoting is kept', up(1, '# c'), "echo 'q\"1' \\\\ \\$X # c")
    if shell != 'fish':
        t.line('echo bang')
        has('!!', t.line('!!'), 'bang')
        has('!e:s', t.line('!echo:s/bang/boom/'), 'boom')
        has('no such event', t.line('!nosuch'), 'not found')
    has('history | tail', t.line('history | tail -30'), 'echo one')
    t.line('cd ..')
    listed = [re.sub(r'^\s*\d+\s+', '', line).strip()
              for line in t.line(pick('fc -ln -20', 'history', 'history')).split('\n')]
    eq('in the list once', listed.count('echo two | cat'), 1)
    bad = [x for x in listed if re.search('vm:|__machine|secret|hidden', x)]
    eq('in the list: nothing rewritten or secret', bad, [])
    t.close()


def status(shell):
    t = start(shell)
    t.line('cd proj')
    for n in (0, 1, 5, 126, 127, 130, 255):
        t.line(f'sh -c "exit {n}"')
        eq(f'$? after the line on the host: {n}', t.status(), n)
    t.line('sh -c "exit 9"')
    eq('$? of the previous line in the guest',
       t.line(pick('echo $?', fish='echo $status')), '9')
    if shell != 'fish':
        for line in ('! true', '! false'):
            t.line(line)
            eq('$? of ' + line, t.status(), int(line == '! true'))
    t.line('cd nowhere')
    eq('a host line that failed', t.status(), 1)
    eq('... as seen in the guest', t.line(pick('echo $?', fish='echo $status')), '1')
    t.line('nosuchcmd')
    eq('command not found', t.status(), 127)
    t.line("sh -c 'kill -9 $$'")
    eq('killed', t.status(), 137)
    t.line('', quiet=.1)
    eq('an empty line keeps $?', t.status(), 137)
    t.close()
    if shell == 'bash':
        for form in ('PROMPT_COMMAND="pcf"', 'PROMPT_COMMAND=(pcf pcf2)'):
            t = start(shell, rc='pcf() { S1=$?; }; pcf2() { S2=$?; }; PS1='
                      "'\\[\\e]2;$((++N))\\a\\]\\W [$((S1))] $ '; " + form)
            t.line('cd proj')
            t.line('(exit 5)')
            eq('$? in ' + form, t.status(), 5)
            t.line('cd sub')
            eq('$? of a host line in ' + form, t.status(), 0)
            t.line('cd ../..')
            t.line('(exit 4)')
            eq('$? outside in ' + form, t.status(), 4)
            t.close()
    if shell == 'zsh':
        t = start(shell, rc='mp() { local s=$?; PROMPT="%1~ [$s] $ " }; '
                  'precmd_functions+=(mp)')
        t.line('cd proj')
        t.line('(exit 5)')
        eq('$? in a precmd that builds PROMPT', t.status(), 5)
        t.line('cd sub && (exit 6)')
        eq('... and the directory', (t.status(), t.cwd()), (6, 'sub'))
        t.close()


def jobs(shell):
    t = start(shell)
    t.line('cd proj')
    t.enter('sh -c "echo be""gun; exec sleep 20"', '^begun$')
    t.interrupt('C-c')
    eq('Ctrl-C', t.status(), 130)
    eq('... the shell goes on', bottom(t.line('uname -n')), GUEST)
    slow = 'sh -c "echo it""er; exec sleep 5"'
    t.enter(pick(f'for i in 1 2 3; do {slow}; done; echo no',
                 fish=f'for i in 1 2 3; {slow}; end; echo no'), '^iter$')
    rows = t.interrupt('C-c')
    check(f'{shell}: Ctrl-C ends a loop', t.status() == 130 and
          rows.rstrip().split('\n')[-2] != 'no', rows[-200:])
    t.enter('sh -c "echo bb""egun; exec sleep 60"', '^bbegun$')
    t.interrupt('C-z')
    check(f'{shell}: Ctrl-Z gives the prompt back', t.status() is not None,
          t.screen()[-200:])
    has('jobs', t.line('jobs'), 'sleep 60')
    t.type('fg')
    since = t.prompts()
    t.keys('Enter')
    wait(lambda: not t.last().endswith('fg'), 2)
    wait(lambda: t.prompts() > since, .3)       # fish shows nothing
    t.interrupt('C-c')
    check(f'{shell}: fg, Ctrl-C', t.status() == 130 or shell == 'fish',
          t.screen()[-300:])
    t.line('sleep 30 &')
    has('a background job is listed', t.line('jobs'), 'sleep 30')
    t.line('kill %1')
    t.line('')
    check(f'{shell}: output of a background job', bottom(t.line(
        'sh -c "sleep .2; echo late" & sleep .5; echo now')) != '')
    since = t.prompts()
    t.enter('echo go""es; sleep 1; echo slept', '^goes$')
    # What comes in the first 50 ms stays with the shell: be later.
    wait(lambda: False, .1)
    t.type('echo ahead')
    t.see('^slept$')
    wait(lambda: t.prompts() > since)
    if shell == 'zsh':
        wait(lambda: t.last().endswith('echo ahead'))
    check(f'{shell}: type-ahead is not run', t.screen().count('\nahead') == 0)
    check(f'{shell}: type-ahead is ' +
          pick('offered in the edit buffer', 'dropped', 'dropped'),
          t.last().endswith('echo ahead') == (shell == 'zsh'), t.screen()[-300:])
    t.keys('C-c')
    t.settle()
    t.line('cd ..')
    t.enter('sh -c "echo on""host; exec sleep 77"', '^onhost$')
    t.interrupt('C-z')
    t.line('cd proj')
    has('a host job seen from the project', t.line('jobs'), 'sleep 77')
    t.line(f'jobs -x touch {CANARY}/x')
    t.line('kill %1')
    t.line('')
    noleak(f'{shell}: jobs')
    t.close()


def ttys(shell):
    t = start(shell, height=30)
    t.line('cd proj')
    t.enter('vim -u NONE -N -n', '^~$')
    t.type('ihello')
    check(f'{shell}: vim', t.see('^hello$'), t.screen(False))
    t.resize(90, 25)
    for _ in range(4):              # vim learns of it in its own time
        t.keys('Escape')
        t.type(':set columns? lines?')
        t.keys('Enter')
        follows = t.see(r'columns=90(?s:.*)lines=25', 1)
        t.keys('Enter')
        if follows:
            break
    check(f'{shell}: the size of the window follows', follows, t.screen(False))
    t.type(':q!')
    t.interrupt('Enter')
    eq('back from vim', t.cwd(), 'proj')
    t.enter('python3 -q', '^>>> *$', 10)
    check(f'{shell}: python REPL', t.enter('print(6*7)', '^42$'))
    t.interrupt('C-d')
    check(f'{shell}: less', t.enter('seq 1 200 | less', r'\A *1\n *2$'),
          t.screen(False))
    t.interrupt('q')
    eq('stty size', t.line('stty size'), '25 90')
    t.enter('echo re""ady; read x; echo "got $x"', '^ready$')
    t.type('bob')
    since = t.prompts()
    t.keys('Enter')
    t.settle(since=since)
    has('read from the terminal', t.screen(), 'got bob')
    eq('still the guest', bottom(t.line('uname -n')), GUEST)
    eq('the terminal is sane', t.line("stty -a | grep -o ' .\\?icanon'").strip(),
       'icanon')
    t.line('clear')
    t.line('printf noeol', quiet=.1)
    has('output without a final newline survives', t.screen(), 'noeol')
    t.close()


def aliases(shell):
    t = start(shell, rc={
        'zsh': "alias ll='ls -d' ..='cd ..' gone='nosuchprogram -x'\n"
               "alias -g UP='| tr a-z A-Z'; setopt autocd; hf() { echo hostfn }",
        'bash': "alias ll='ls -d' ..='cd ..' gone='nosuchprogram -x' go='cd ' "
                f"to='sub; touch {CANARY}/al'\n"
                "shopt -s autocd; hf() { echo hostfn; }",
        'fish': "alias ll='ls -d'; alias ..='cd ..'\n"
                "abbr -a -g gs 'echo abbr; uname -n'; function hf; echo hostfn; end",
    }[shell])
    t.line('cd proj')
    if shell != 'fish':
        eq('alias', t.line('ll sub'), 'sub')
    t.line('cd sub')
    t.line('..')
    eq('alias for cd', t.cwd(), 'proj')
    t.line('sub/' if shell == 'fish' else 'sub')
    eq('AUTO_CD', t.cwd(), 'sub')
    t.line('..')
    t.line('./sub')
    eq('AUTO_CD with a path', t.cwd(), 'sub')
    t.line('..')
    t.line('..')
    eq('an alias leaves the project', (t.cwd(), t.line('uname -n')), ('work', HOST))
    t.line('cd proj')
    if shell == 'zsh':
        eq('global alias', t.line('echo up UP'), 'UP')
    if shell == 'bash':
        t.line('go to')
        noleak('bash: an alias that expands the next word')
        t.line(f'cd {WORK}/proj')
    if shell == 'fish':
        t.type('gs')
        t.keys('Enter')
        t.see('echo abbr; uname -n')
        has('abbreviation: expanded by Enter, run by the next', t.line(''), GUEST)
    t.line('hf')
    eq('a function of the host is not run', t.status(), 127)
    t.type('ls su')
    t.keys('Tab')
    t.see('ls sub')
    t.line('')
    has('TAB completes a file name', t.screen(), pick('ls sub', 'ls sub/', 'ls sub/'))
    eq('@host', t.line('@host uname -n | cat'), HOST)
    t.line('machine off')
    eq('machine off', t.line('uname -n'), HOST)
    t.line('machine on')
    eq('machine on', t.line('uname -n'), GUEST)
    t.close()


def trust(shell):
    blocked = WORK + '/blocked'
    touch = 'touch ' + CANARY
    subprocess.run(['rm', '-rf', blocked])
    for f in glob.glob(HOME + '/ok/*blocked'):
        os.unlink(f)
    make_project(blocked, allowed=False)
    t = start(shell)
    has('blocked: message', t.line('cd blocked'), 'machine allow')
    has('blocked: refused', t.line(f'{touch}/b; uname -n'), 'nothing was run')
    eq('blocked: 125', t.status(), 125)
    t.line('cd ..')
    eq('blocked: cd out works', t.line('uname -n'), HOST)
    t.line('cd blocked')
    has('allow', t.line('machine allow'), 'allowed')
    eq('allowed: the next line runs', t.line('uname -n'), GUEST)
    t.line('echo evil >> Machinefile')
    has('changed by the guest: refused', t.line(f'{touch}/c'), 'changed')
    t.line('cd ..')
    t.line('cd blocked')
    t.line(f'{touch}/d')
    t.line('machine allow')
    t.line('rm Machinefile; mkdir -p deep')
    has('removed by the guest: refused', t.line(f'{touch}/e'), 'gone')
    t.line('cd deep')
    t.line(f'{touch}/f')
    t.line('cd ../..')
    t.line('cd blocked/deep')
    t.line(f'{touch}/g')
    noleak(f'{shell}: Machinefile changed or removed')
    t.close()
    t = start(shell, cwd=WORK + '/proj')
    eq('a shell started in the project', t.line('uname -n'), GUEST)
    t.close()
    t = start(shell)
    os.rename(HOME + '/machine', HOME + '/machine.x')
    try:
        t.line('cd proj')
        t.line(f'{touch}/m')
        check(f'{shell}: machine is gone: refused', t.status() in (125, 126, 127),
              t.screen()[-300:])
        t.line('cd ..')
        eq('... and one can leave', bottom(t.line('uname -n')), HOST)
    finally:
        os.rename(HOME + '/machine.x', HOME + '/machine')
    noleak(f'{shell}: machine is gone')
    t.close()


def names(shell):
    """Links, and names of directories that are meant to be run."""
    proj = WORK + '/proj'
    touch = 'touch ' + CANARY
    if not os.path.lexists(WORK + '/lnk'):
        os.symlink(proj + '/sub', WORK + '/lnk')
    for d in ('e$(touch hr)', 'e;touch hr', "e'q", 'e"q', 'e\\q', '-e', 'e\nq'):
        os.makedirs(f'{proj}/{d}', exist_ok=True)
    t = start(shell)
    t.line('cd lnk')
    t.line(f'{touch}/h')
    eq('a link into the project', t.line('uname -n'), GUEST)
    t.line('cd ..')
    t.line('cd proj')
    t.line('ln -sfn /etc evil-link')
    t.line('cd evil-link')
    t.line(f'{touch}/i')
    t.line(f'cd {proj}')
    t.line("cd './e$(touch hr)' && pwd")
    t.line(f'cd {proj}')
    t.line('cd ./e*touch*')
    has('a hostile name', t.line('uname -n'), GUEST)
    t.line(f'cd {proj}')
    t.line('cd ./e?q')
    t.line(f'{touch}/nl')
    t.line(f'cd {proj}')
    eq('no injection', glob.glob(WORK + '/**/hr', recursive=True) +
       glob.glob(t.home + '/hr'), [])
    noleak(f'{shell}: names')
    t.close()


def misc(shell):
    hook = f'{W}/hook.{shell}'
    t = start(shell, after=f'. {hook}')
    t.line('cd proj')
    eq('the hook loaded twice', t.line('uname -n'), GUEST)
    t.close()
    t = start(shell, env={'MACHINE_GUEST': '1'})
    t.line('cd proj')
    eq('inside a guest: nothing', t.line('uname -n'), HOST)
    t.close()


ALL = [lines, state, entering, between, multi, history, status, jobs, ttys,
       aliases, trust, names, misc]
QUICK = [lines, entering, status]
