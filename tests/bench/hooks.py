"""What the hooks cost, with direnv beside them in the same run.

Microseconds in the shell, medians of 200. (fish has no clock: two runs of date
stand around a round and are subtracted, and around ten prompts, since one is too
short.) A cd includes the prompt that follows. The program is the real one, the
project is allowed, and no VM is started. "forks" and "execs" are counted by
strace, for one round.

Budgets: an idle prompt 50 us, starts nothing, 50 times faster than direnv's; a
cd outside projects 300 us (fish: its own cd takes most of it), starts nothing; a
cd into a project 12 times faster than direnv's. Fails at three times a budget
(others use this machine, too), and if anything is started.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MACHINE = os.path.join(os.path.abspath(os.environ.get('BUILD', TOP + '/build')),
                       'machine')
D = tempfile.mkdtemp(prefix='mb.', dir=os.environ['HOME'])
RUN = tempfile.mkdtemp(prefix='mb.', dir='/dev/shm'     # as $XDG_RUNTIME_DIR is
                       if os.path.isdir('/dev/shm') else D)
ENV = {'HOME': D, 'XDG_CONFIG_HOME': D + '/c', 'XDG_STATE_HOME': D + '/s',
       'XDG_RUNTIME_DIR': RUN, 'TERM': 'xterm', 'PATH': os.environ['PATH']}

SCRIPT = {
    'zsh': r'''
zmodload zsh/datetime
PROMPT_NOW() { local f; for f in $precmd_functions; do $f; done; __machine_typed= }
HOOK
preexec_functions=() __machine_typed=
BEGIN
() { local -a x; local i a b
for (( i = 0; i < NUM; i++ )); do a=$EPOCHREALTIME; OP; b=$EPOCHREALTIME
  x+=($(( (b - a) * 1000000 ))); UNDO; done
(( NUM > 1 )) && x=(${(on)x}) && print median ${x[NUM/2]}
}
''',
    'bash': r'''
PROMPT_NOW() { eval "${PROMPT_COMMAND[*]}"; __machine_typing=; }
HOOK
BEGIN
x=()
for ((i = 0; i < NUM; i++)); do a=${EPOCHREALTIME/.}; OP; b=${EPOCHREALTIME/.}
  x+=($((b - a))); UNDO; done
((NUM > 1)) && x=($(printf '%s\n' "${x[@]}" | sort -n)) && echo "median ${x[NUM/2]}"
''',
    'fish': r'''
function PROMPT_NOW; emit fish_prompt; end
HOOK
BEGIN
for i in (string split ' ' ROUNDS)
  test -n "$i"; or continue
  test NUM -gt 1; and set -l a (date +%s%N)
  OP
  for j in FEW; OP; end
  test NUM -gt 1; and set -l b (date +%s%N); and echo time (math $b - $a)
  UNDO
end
''',
}
HOOK = {
    'machine': {'zsh': 'eval "$(MACHINE hook zsh)"',
                'bash': 'eval "$(MACHINE hook bash)"',
                'fish': 'MACHINE hook fish | source'},
    'direnv': {'zsh': 'eval "$(direnv hook zsh)"',
               'bash': 'eval "$(direnv hook bash)"',
               'fish': 'direnv hook fish | source'},
}
OPS = [     # name, begin, what is measured, and back again
    ('idle outside', 'cd O1; PROMPT_NOW', 'PROMPT_NOW', ':'),
    ('idle inside', 'cd P; PROMPT_NOW', 'PROMPT_NOW', ':'),
    ('cd outside', 'cd O1; PROMPT_NOW', 'cd O2; PROMPT_NOW',
     'cd O1; PROMPT_NOW'),
    ('cd in', 'cd O1; PROMPT_NOW', 'cd P; PROMPT_NOW', 'cd O1; PROMPT_NOW'),
]


def run(shell, tool, op, n, strace=None):
    name, begin, what, undo = op
    script = f'{D}/script.{shell}'
    text = SCRIPT[shell]
    idle = undo == ':'                  # fish: ten at once
    for a, b in (('HOOK', HOOK[tool][shell]), ('BEGIN', begin), ('UNDO', undo),
                 ('OP', what), ('ROUNDS', "'%s'" % ' '.join(['1'] * n)),
                 ('FEW', ' '.join(['1'] * 9) if n > 1 and idle else ''),
                 ('MACHINE', MACHINE)):
        text = text.replace(a, b)
    text = text.replace('NUM', str(n))
    for a, b in (('O1', D + '/a/b/c'), ('O2', D + '/a/b/d')):
        text = re.sub(rf'\b{a}\b', b, text)
    text = re.sub(r'cd P\b', f'cd {D}/a/b/p', text)
    with open(script, 'w') as f:
        f.write(text)
    command = {'zsh': ['zsh', '-f', '-i', script],
               'bash': ['bash', '--rcfile', script, '-i', '-c', ':'],
               'fish': ['fish', '--no-config', '-i', '-c', 'source ' + script]}
    trace = ['strace', '-f', '-qq', '-o', strace, '-e',
             'trace=clone,clone3,fork,vfork,execve'] if strace else []
    done = subprocess.run(trace + command[shell], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, cwd=D, env=ENV, timeout=300)
    return done


def median(shell, tool, op):
    done = run(shell, tool, op, 200)
    got = [float(x.split()[1]) for x in done.stdout.split('\n')
           if re.match('(median|time) ', x)]
    if not got:
        sys.exit(f'machine: no numbers from {shell} with {tool}: '
                 f'{done.stderr[-500:]}')
    if shell != 'fish':
        return got[0]
    got.sort()
    ns = got[len(got) // 2]
    if op[0] == 'nothing':
        return ns
    # without the two dates, and an empty loop
    ns -= median(shell, tool, ('nothing', op[1], 'true', op[3]))
    return max(ns / 1000 / (10 if op[3] == ':' else 1), 1)


def started(shell, tool, op):
    """(forks, execs) of one round."""
    counts = []
    for n in (0, 1):
        log = f'{D}/strace'
        run(shell, tool, op, n, log)
        with open(log) as f:
            calls = [c for c in f if 'CLONE_THREAD' not in c]
        counts.append((sum(bool(re.search(r'\b(clone3?|v?fork)\(', c))
                           for c in calls),
                       sum(bool(re.search(r'\bexecve(\(| resumed).*= 0', c))
                           for c in calls)))
    return tuple(b - a for a, b in zip(*counts))


def world():
    for d in ('a/b/c', 'a/b/d', 'a/b/p', 'c/machine'):
        os.makedirs(f'{D}/{d}')
    os.chmod(D + '/c/machine', 0o700)
    with open(D + '/c/machine/config.yaml', 'w') as f:
        f.write('autostart: never\n')
    p = D + '/a/b/p'
    with open(p + '/Machinefile', 'w') as f:
        f.write('image: debian-13\n')
    with open(p + '/.envrc', 'w') as f:
        f.write('export A=b\n')
    status = subprocess.run([MACHINE, 'status'], env=ENV, cwd=p,
                            capture_output=True, text=True).stdout
    subprocess.run([MACHINE, 'allow', '--hash', status.split('hash')[1].split()[0]],
                   env=ENV, cwd=p, check=True, capture_output=True)
    subprocess.run(['direnv', 'allow'], env=ENV, cwd=p, check=True,
                   capture_output=True)
    # Ten projects, as somebody has them.
    with open(next(os.path.join(d, 'roots') for d, _, fs in os.walk(D + '/s')
                   if 'roots' in fs), 'a') as f:
        f.writelines(f'/nowhere/p{i}\n' for i in range(10))


def main():
    world()
    bad = []
    print('%-5s %-13s %9s %9s %7s   %s' % (
        'shell', 'us', 'machine', 'direnv', 'ratio', 'forks, execs'))
    for shell in sys.argv[1:] or SCRIPT:
        for op in OPS:
            name = op[0]
            ours, theirs = (median(shell, t, op) for t in ('machine', 'direnv'))
            calls = started(shell, 'machine', op)
            print('%-5s %-13s %9.0f %9.0f %6.0fx   %d, %d' % (
                shell, name, ours, theirs, theirs / ours, *calls), flush=True)
            want = (1, 1) if name == 'cd in' else (0, 0)
            if calls[1] != want[1] or name != 'cd in' and calls != want:
                bad.append(f'{shell}: {name} starts {calls}')
            limit = {'idle outside': 50, 'idle inside': 50}.get(
                name, 300 if name == 'cd outside' and shell != 'fish' else None)
            if limit and ours > 3 * limit:
                bad.append(f'{shell}: {name} takes {ours:.0f} us of {limit}')
            ratio = {'idle outside': 50, 'idle inside': 50, 'cd in': 12}.get(name)
            if ratio and theirs / ours < ratio / 3:
                bad.append(f'{shell}: {name} is {theirs / ours:.0f} times faster, '
                           f'not {ratio}')
    for b in bad:
        print('machine: over the budget: ' + b, file=sys.stderr)
    sys.exit(bool(bad))


try:
    if not shutil.which('direnv'):
        sys.exit('machine: direnv is not installed: tools/setup.sh test')
    main()
finally:
    shutil.rmtree(D, ignore_errors=True)
    shutil.rmtree(RUN, ignore_errors=True)
