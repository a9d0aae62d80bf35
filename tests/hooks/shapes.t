#!/usr/bin/env python3
"""Lines of all shapes, in random order, in a project: none may leave a file.

T stands for `touch CANARY/n`, @ for a file in CANARY. A fifth of them, or all
with MACHINE_TEST_LONG. Arguments: shells, and a seed.
"""
import os
import random
import sys

from drv import (CANARY, LONG, W, WORK, Guest, Term, check, end, leaks,
                 setup)

SIMPLE = r'''
T; T | cat; cat < <(T); { T; } > @; { T } > @; (T); $(T); echo $(T); echo `T`
T &; ! T; time T; [[ -n $(T) ]]; (( $(T,echo 1) )); f() { T }; FOO=1 T; FOO=$(T)
x=(1 $(T)); > @; true && T; false || T; eval "T"; 'touch' @; \touch @; command T
builtin echo x > @; noglob T; nocorrect T; exec T; - T; env T; cd "$(T)"; cd $(T)
cd `T`; cd sub && T; pushd $(T); z $(T); machine $(T); exit$(T); history | T
history | cat | T; history > @; history | grep x > @; jobs $(T); exec zsh -c "T"
alias x=T; trap T EXIT; T # c; echo {a,$(T)}; echo ${x:-$(T)}; echo "${x:-`T`}"
coproc T; repeat 1 T; =touch @; T >&2; T 2>&1 | tee @; echo @host T; @hostT
vm: T; not T; and T; or T; echo (T); && T; ) T; T ); } T; "T; T`; 'T; ((T; $((T
!touch; !$ T; ^a^T; %1 T; cd ..$(T); cd -$(T); T &|; T &!; () { T }; T <<< x
T < /dev/null; . <(T); source <(T); bash -c "T"; sh <<< "T"; clear & T; clear | T
dirs > @; cd . > @; cd . 2> @; history -w @; cd .&T; cd .&&T; cd .|T; cd .||T
exit 0 & T; cd ./sub/../. && T; cd $PWD && T; T > @ 2>&1 < /dev/null &; jobs -x T
cd ../nowhere || T; cd ../second && T; cd ../alias && T; history | sort -o @
history -a @; kill %1 $(T); popd || T; cd .. && cd proj && T; chdir .. && T
'''
COMPOUND = [
    'if true; then T; fi', 'for i in 1; do T; done', 'for i in $(T); do :; done',
    'while T; do break; done', 'case $(T) in x) T;; esac', 'f() { T; }; f',
    'function f { T; }; f', 'T; T', 'cd nowhere; T', 'cd . ; T', 'history|cat;T',
    '# c\nT', 'echo "\nT\n"', 'cat <<E\n$(T)\nE', 'cat <<E\nx\nE\nT',
    'echo a \\\n T', '__machine_ask; T', 'begin; T; end', 'T; and T', 'if T; end',
    '; T', 'fi; T', 'done; T', '!! ; T', '\tT', '  T', 'T\t', 'é T', 'echo 😀; T',
    'T;', 'T;;', 'clear; T', 'jobs; T', 'fg; T', 'cd\\\n .; T', 'clear\nT',
    'machine x\nT', 'history\nT', 'jobs;T', 'pushd . ; T', 'T ; cd /',
    'cd sub; cd ..; T', 'select x in $(T); do break; done', 'until T; do :; done',
    'for ((i=$(T;echo 0);i<1;i++)); do :; done', '{ T } always { T }',
    'if cd .; then T; fi', 'x() { cd .; T; }; x', 'cd ../nowhere; T',
    'cd ../second; T', 'cd ../alias; T', 'cd -; T', 'pushd; T', 'pushd -; T',
    'cd -/../..; T', 'cd ../nowhere && true; T', 'cd ..; cd proj; T',
    'cd ~nobody/../../..; T', 'cd ..\ncd proj\nT']
SHAPES = [s for row in SIMPLE.strip().split('\n') for s in row.split('; ')]
SHAPES += COMPOUND


def fresh(shell):
    t = Term(shell)
    t.line(f'cd {WORK}/proj')
    return t


def throw(t, shape, n, indent):
    text = shape.replace('T', f'touch {CANARY}/{n}').replace('@host', '\1')
    text = text.replace('@', f'{CANARY}/r{n}').replace('\1', '@host')
    since = t.prompts()
    t.paste((' ' if indent else '') + text)
    t.keys('Enter')
    t.settle(.5, since)
    # out of whatever it may be waiting for
    t.keys('C-c')
    t.keys('C-u', 'Enter')


def run(shell, shapes):
    bad = []
    t = fresh(shell)
    for n, shape in enumerate(shapes):
        throw(t, shape, n, random.random() < .15)
        found = leaks()
        if found:
            bad.append((shape, found))
        if n % 6 == 5 or shape.startswith(('exec', 'exit')) or '\n' in shape:
            t.keys('C-c')
            t.settle(.5)
            t.line(f'cd {WORK}/proj', timeout=1)
            if t.cwd() != 'proj':
                t.close()
                t = fresh(shell)
    t.settle(1)
    found = leaks()
    if found:
        bad.append(('some line', found))
    t.close()
    check(f'{shell}: {len(shapes)} shapes of lines', not bad, bad)
    ran = len(os.listdir(W + '/gcanary'))
    check(f'{shell}: some of them ran in the guest ({ran})', ran > len(shapes) / 4)


setup()
os.symlink('proj', WORK + '/alias')
Guest()
args = sys.argv[1:]
seed = ([int(a) for a in args if a.isdigit()] or [1])[0]
for shell in [a for a in args if not a.isdigit()] or ['zsh', 'bash', 'fish']:
    random.seed(seed)
    order = SHAPES[:]
    random.shuffle(order)
    run(shell, order if LONG or args else order[:len(order) // 5])
    for f in os.listdir(W + '/gcanary'):
        os.unlink(W + '/gcanary/' + f)
end()
