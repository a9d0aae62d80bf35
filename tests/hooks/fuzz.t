#!/usr/bin/env python3
"""Random lines, keys and pastes, typed into each shell.

Each line is typed in a project, where the guest runs it, and into the same kind
of shell without the hook, in a directory that is alike. What it prints, its
status and the directory that it leaves the shell in must be the same. Whatever is typed, no canary may appear on
the host.

LINES: so many per shell, 100 otherwise; 40 with MACHINE_TEST_QUICK. Arguments:
shells, and a seed, which is printed.
"""
import os
import random
import re
import shutil
import sys

from drv import (CANARY, LONG, QUICK, W, WORK, Guest, Term, check, end, leaks,
                 setup, wait)

COUNT = int(os.environ.get('LINES') or (40 if QUICK else 2000 if LONG else 100))

# ---- lines --------------------------------------------------------------------

WORDS = ['a', 'b c', "it's", 'x*y', '$HOME', '#n', '~', 'é', '-q', '\\', '%', '!x',
         '"', '', '{1,2}', '[a]', ';', '&&', '|', '<', '(', '😀', 'a=b', '--']
NAMES = ['one', 'two', 'in', 'r s', 'sub']


def quote(word, shell):
    if shell == 'fish':
        return "'" + word.replace('\\', '\\\\').replace("'", "\\'") + "'"
    return "'" + word.replace("'", "'\\''") + "'"


class Maker:
    """Lines that say something, and mean the same each time."""

    def __init__(self, shell, rng):
        self.shell, self.r, self.n = shell, rng, 0

    def word(self):
        w = self.r.choice(WORDS)
        if self.shell != 'fish' and '!' in w:   # history, not ours to test here
            w = 'h'
        return quote(w, self.shell)

    def simple(self):
        r = self.r
        self.n += 1
        return r.choice([
            lambda: 'printf "<%s>\\n" ' + ' '.join(
                self.word() for _ in range(r.randint(0, 3))),
            lambda: f'echo {self.word()} {self.n}',
            lambda: f'sh -c "exit {r.choice([0, 1, 2, 7, 126, 127, 255])}"',
            lambda: f'touch {CANARY}/{self.n}',
            lambda: 'true', lambda: 'false', lambda: 'pwd',
            lambda: 'cat f1', lambda: 'ls -d s*',
            # (where fish says it differs from time to time)
            lambda: 'sh -c nosuch 2>/dev/null',
            lambda: f'cd {r.choice([".", "sub", "sub/deep", "nowhere", "./"])} 2>/dev/null',
            lambda: self.variable(), lambda: self.show(),
            lambda: f'echo {self.n} > out; cat out; rm out',
            lambda: f'test {r.randint(0, 1)} = 1',
        ])()

    def name(self):
        return self.r.choice(['va', 'vb', 'vc'])

    def variable(self):
        v = self.r.choice(['1', 'x y', '*', "q'q"])
        v = quote(v, self.shell)
        if self.shell == 'fish':
            return f'set -g {self.name()} {v}'
        return self.r.choice(['', 'export ']) + f'{self.name()}={v}'

    def show(self):
        return f'echo "[${self.name()}]"'

    def status(self):
        return 'echo ' + ('$status' if self.shell == 'fish' else '$?')

    def compound(self):
        a, b, c = self.simple(), self.simple(), self.simple()
        fish = self.shell == 'fish'
        return self.r.choice([
            lambda: f'{a}; {b}', lambda: f'{a} && {b}', lambda: f'{a} || {b}',
            lambda: f'{a} | cat', lambda: f'echo {self.n} | tr 0-9 a-j | cat',
            lambda: f'if {a}; {b}; else; {c}; end' if fish else
            f'if {a}; then {b}; else {c}; fi',
            lambda: f'for i in 1 2; {a}; end' if fish else
            f'for i in 1 2; do {a}; done',
            lambda: f'begin; {a}; {b}; end' if fish else f'{{ {a}; {b}; }}',
            lambda: f'echo (echo {self.n})' if fish else f'({a}; {b})',
            lambda: f'echo "$({a.split(";")[0]})"' if not fish else a,
            lambda: f'{a}\n{b}' if not fish else f'{a}; {b}',
            lambda: f'echo {self.n} \\\n {self.n}',
            lambda: f'cat <<E\n{self.n} $va\nE' if not fish else b,
            lambda: f'not {a}' if fish else f'! {a}',
            lambda: f'{a}; {self.status()}',
            lambda: f'cd sub && {b}; cd ..',
            lambda: f'cd sub; {b}; cd ..',
        ])()

    def line(self):
        text = self.r.choice([self.simple, self.simple, self.compound,
                              self.status])()
        return ('  ' if self.r.random() < .05 else '') + text


# Fragments that need not mean anything.
JUNK = ['T', 'T', 'T', ' ', ';', '|', '&', '&&', '||', '(', ')', '{', '}', '$(T)',
        '`T`', '"', "'", '\\', '<', '>', '>@', '<<E\n', '\nE\n', '\n', 'cd ', '..',
        '.', 'proj', '~', '-', 'exit', 'history', 'machine ', '@host', '!', '!!',
        'fg', 'jobs', 'if', 'then', 'fi', 'for i in', 'do', 'done', 'end', 'begin',
        'function f', 'vm: ', '#', '$?', '=', '*', '?', '[', ']', '%1', 'z ',
        'pushd ', 'popd', 'clear', 'not ', 'eval ', 'exec ', 'builtin ', 'command ',
        'x=', 'alias x=', 'trap T ', 'EXIT', 'source ', '/dev/stdin', 'é', '\t',
        'T &', '; T', '&& T', '| T', '\nT']
KEYS = ['Left', 'Right', 'Home', 'End', 'Up', 'Down', 'BSpace', 'DC', 'C-a', 'C-e',
        'C-k', 'C-u', 'C-w', 'C-y', 'C-t', 'C-l', 'C-r', 'C-g', 'M-b', 'M-f', 'M-d',
        'M-.', 'Tab', 'C-v', 'C-n', 'C-p', 'Escape', 'C-c', 'C-o', 'C-j', 'C-m',
        'C-_', 'M-c', 'M-u', 'M-t', 'M-#', 'M-Left', 'M-Right', 'M-Enter']


def harmless(text):
    """What may end or leave the shell, or means the host, is for shapes.t."""
    return not re.search(r'@host|\bexit|\bexec|\.\.|~|cd\s+-|popd|pushd|machine',
                         text)


# ---- typing -------------------------------------------------------------------


class Pair:
    """A shell in the project, and one without the hook in a copy of it."""

    def __init__(self, shell):
        self.shell = shell
        self.ours = Term(shell, cwd=WORK + '/proj', width=200)
        self.ours.line('')
        self.plain = Term(shell, cwd=f'{W}/plain/proj', width=200,
                          env={'MACHINE_GUEST': '1'})

    def close(self):
        self.ours.close()
        self.plain.close()

    def type(self, t, text, how):
        row = len(t.screen().split('\n'))
        since = t.prompts()
        if how == 'paste' or '\n' in text:
            t.paste(text)
        else:
            t.type(text)
        t.keys('Enter')
        if not wait(lambda: t.prompts() > since, 6):
            return None
        rows = t.settle(since=since, timeout=1, quiet=.04 if '\n' in text
                        else None).split('\n')
        return rows[row - 1 + text.count('\n') + 1:-1], t.status(), t.cwd()

    def both(self, text, how):
        ours = self.type(self.ours, text, how)
        plain = self.type(self.plain, text.replace(CANARY, f'{W}/plain'), how)
        return ours, plain


def clean(result, t):
    """Without what must differ: names of directories, echoes of the line."""
    if result is None:
        return None
    rows, status, cwd = result
    rows = [r.replace(f'{W}/plain', WORK).replace(t.home, 'HOME').rstrip()
            for r in rows]
    rows = [r for r in rows if r and not r.startswith(('> ', 'machine:'))
            and 'gcanary' not in r and not re.match(r'^\S+ \[\d+\] [$>] ', r)]
    return rows, status, cwd


def run(shell, seed):
    rng = random.Random(seed)
    maker = Maker(shell, rng)
    pair = Pair(shell)
    bad, leaked, junk_leaks, compared = [], [], [], 0
    for n in range(COUNT):
        if n % 3 == 2:                  # noise, in our shell only
            text = ''.join(rng.choice(JUNK) for _ in range(rng.randint(1, 7)))
            text = text.replace('T', f'touch {CANARY}/j{n} ').replace(
                '@host', '\1').replace('@', f'{CANARY}/k{n}').replace('\1', '@host')
            if not harmless(text):
                continue
            since = pair.ours.prompts()
            if rng.random() < .5:
                pair.ours.paste(text, bracket=rng.random() < .7)
            else:
                pair.ours.type(text)
            for _ in range(rng.randint(0, 3)):
                pair.ours.keys(rng.choice(KEYS))
            pair.ours.keys('Enter')
            wait(lambda: pair.ours.prompts() > since, .4)
            pair.ours.keys('C-g', 'C-c')
            pair.ours.keys('C-u', 'Enter')
            pair.ours.settle(.4)
            found = leaks()
            if found:
                junk_leaks.append((text, found))
            if rng.random() < .3 or pair.ours.cwd() != 'proj':
                pair.close()
                pair = Pair(shell)
                maker = Maker(shell, rng)
            continue
        if pair.ours.status() is None or pair.plain.status() is None or \
           pair.ours.status() != pair.plain.status() or n % 3 == 0 and n % 2:
            pair.close()                # noise has left something behind
            pair = Pair(shell)
        text = maker.line()
        ours, plain = pair.both(text, rng.choice(['type', 'paste']))
        found = leaks()
        compared += 1
        a, b = clean(ours, pair.ours), clean(plain, pair.plain)
        if a != b:
            bad.append((text, a, b))
        if found:
            leaked.append((text, found))
    pair.close()
    check(f'{shell}: {compared} lines (seed {seed}) do what they do locally',
          compared and not bad, bad[:8])
    check(f'{shell}: nothing of them ran on the host', not leaked, leaked)
    check(f'{shell}: nothing of the noise between them did', not junk_leaks,
          junk_leaks)


setup()
for d in (WORK, f'{W}/plain'):
    os.makedirs(d + '/proj/sub/deep', exist_ok=True)
    with open(d + '/proj/f1', 'w') as f:
        f.write('file one\n')
shutil.copy(WORK + '/proj/Machinefile', f'{W}/plain/proj/')
Guest()
args = sys.argv[1:]
seed = ([int(a) for a in args if a.isdigit()] or [7])[0]
for shell in [a for a in args if not a.isdigit()] or ['zsh', 'bash', 'fish']:
    run(shell, seed)
end()
