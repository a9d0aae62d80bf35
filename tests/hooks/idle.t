#!/usr/bin/env python3
"""An idle prompt starts no process, outside and in a project: strace counts.
Nor does it look at a file of the project, whose file system may hang.

In bash a prompt that shows $? costs a fork (no exec); this one does not.
"""
import re
import shutil
import sys

from drv import COMMAND, W, WORK, Guest, Term, check, end, setup, missing

if not shutil.which('strace'):
    missing('strace')
    end()

CALLS = re.compile(r'\b(clone3?|v?fork|execve)\(')
setup()
Guest()
for shell in ('zsh', 'bash', 'fish'):
    log = f'{W}/strace.{shell}'
    COMMAND[shell] = (f'strace -f -qq -o {log} -e trace=clone,clone3,fork,vfork,'
                      f'execve,%file {COMMAND[shell]}')
    t = Term(shell, rc="PS1='\\W [0] $ '" if shell == 'bash' else '')

    def touched():
        with open(log) as f:
            return [c for c in f if WORK in c]

    def started():
        with open(log) as f:        # a thread is no process
            return [c for c in f if CALLS.search(c) and 'CLONE_THREAD' not in c]

    for place, enter in (('outside', f'cd {WORK}/other'),
                         ('in a project', f'cd {WORK}/proj')):
        t.line(enter)
        t.line('')                      # whatever the cd has left to do
        t.settle(quiet=.3)
        before, looked = len(started()), len(touched())
        for _ in range(5):
            t.line('', quiet=.05)
        new, looks = started()[before:], touched()[looked:]
        check(f'{shell}: five idle prompts {place} start nothing', not new, new)
        check(f'{shell}: five idle prompts {place} look at no file there',
              not looks, looks)
    before, looked = len(started()), len(touched())
    t.line('uname -n')
    check(f'{shell}: (a line does)', len(touched()) > looked)
    new = re.findall(r'execve\(".*?([^/"]+)",', ''.join(started()[before:]))
    want = {'fish': ['machine', 'date', 'machine']}.get(shell, ['machine'])
    check(f'{shell}: a line in a project executes {want}', new == want or
          shell == 'fish' and new == ['machine'] * 2, new)    # fish 4
    before = len(started())
    t.line('cd ..')
    t.line('', quiet=.05)
    new = [c for c in started()[before:] if 'execve(' in c]
    check(f'{shell}: so does a cd in a project', len(new) == 1, new)
    before = len(started())
    t.line(f'cd {WORK}/other')
    t.line('', quiet=.05)
    new = started()[before:]
    check(f'{shell}: a cd outside starts nothing', not new, new)
    t.close()
end()
