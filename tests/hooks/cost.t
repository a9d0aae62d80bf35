#!/usr/bin/env python3
"""What the hook costs: medians of 200, in microseconds, measured in the shell.

Fails at ten times what is recorded here (a machine with two cores), so that it
tells a fork from none and not one machine from another; at three times with
MACHINE_TEST_LONG, for a quiet machine. With -v all numbers are printed. The
stand-in's _enter is part of cd-in.
"""
import os
import subprocess
import sys

from drv import HOME, LONG, W, WORK, check, end, setup

TIMES = 3 if LONG else 10

RECORDED = {    # see HOOKS.md section 14
    'zsh': {'idle-outside': 30, 'idle-inside': 30, 'cd-outside': 170,
            'cd-within': 110, 'cd-in': 1400, 'cd-out': 230},
    'bash': {'idle-outside': 50, 'idle-inside': 110, 'cd-outside': 210,
             'cd-within': 260, 'cd-in': 1800, 'cd-out': 380},
    'fish': {'idle-outside': 40, 'idle-inside': 40, 'cd-outside': 1800,
             'cd-within': 1400, 'cd-in-and-out': 3800},
}
MEASURES = '''
cd W/other; PROMPT_NOW
m idle-outside PROMPT_NOW ':'
m cd-outside "cd W; PROMPT_NOW" "cd W/other; PROMPT_NOW"
cd W/proj; PROMPT_NOW
m idle-inside PROMPT_NOW ':'
m cd-within "cd W/proj/sub; PROMPT_NOW" "cd W/proj; PROMPT_NOW"
cd W; PROMPT_NOW
m cd-in "cd W/proj; PROMPT_NOW" "cd W; PROMPT_NOW"
cd W/proj; PROMPT_NOW
m cd-out "cd W; PROMPT_NOW" "cd W/proj; PROMPT_NOW"
'''
SCRIPT = {
    'zsh': r'''
zmodload zsh/datetime zsh/mathfunc
. HOOK
preexec_functions=()
m() { local -a x; local i a b
  for i in {1..200}; do a=$EPOCHREALTIME; eval "$2"; b=$EPOCHREALTIME; x+=($(( int((b-a)*1e6) ))); eval "$3"; done
  x=(${(on)x}); print $1 $x[100] }
PROMPT_NOW() { local f; for f in $precmd_functions; do $f; done; __machine_typed= }
''' + MEASURES,
    'bash': r'''
. HOOK
m() { local x=() i a b
  for ((i=0;i<200;i++)); do a=${EPOCHREALTIME/.}; eval "$2"; b=${EPOCHREALTIME/.}; x+=($((b-a))); eval "$3"; done
  x=($(printf '%s\n' "${x[@]}" | sort -n)); echo "$1 ${x[100]}"; }
PROMPT_NOW() { eval "$PROMPT_COMMAND"; __machine_typing=; }
''' + MEASURES,
    # no clock in fish: 200 rounds by date, the mean
    'fish': r'''
source HOOK
function PROMPT_NOW; __machine_prompt; end
function m; set -l a (date +%s%N); for i in (seq 200); eval $argv[2]; end
  echo $argv[1] (math -s0 "("(date +%s%N)"-$a)/200000"); end
cd W/other; PROMPT_NOW
m idle-outside PROMPT_NOW
m cd-outside "cd W; PROMPT_NOW; cd W/other; PROMPT_NOW"
cd W/proj; PROMPT_NOW
m idle-inside PROMPT_NOW
m cd-within "cd W/proj/sub; PROMPT_NOW; cd W/proj; PROMPT_NOW"
cd W; PROMPT_NOW
m cd-in-and-out "cd W/proj; PROMPT_NOW; cd W; PROMPT_NOW"
''',
}

setup()
with open(HOME + '/roots', 'a') as f:
    f.writelines(f'/nowhere/p{i}\n' for i in range(10))
for shell in SCRIPT:
    script = f'{W}/cost.{shell}'
    with open(script, 'w') as f:
        f.write(SCRIPT[shell].replace('HOOK', f'{W}/hook.{shell}')
                .replace('W/', WORK + '/').replace('cd W;', f'cd {WORK};'))
    command = {'zsh': ['zsh', '-f', '-i', script],
               'bash': ['bash', '--rcfile', script, '-i', '-c', ':'],
               'fish': ['fish', '--no-config', '-i', '-c', 'source ' + script]}[shell]
    done = subprocess.run(command, capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, cwd=W,
                          env={'HOME': W + '/home', 'PATH': os.environ['PATH'],
                               'MACHINE_HOME': HOME, 'TERM': 'xterm'})
    got = dict(line.split() for line in done.stdout.split('\n')
               if len(line.split()) == 2)
    for what, recorded in RECORDED[shell].items():
        value = float(got.get(what, 'inf'))
        if '-v' in sys.argv:
            print(f'# {shell} {what}: {value:.0f} us, recorded {recorded}')
        check(f'{shell}: {what} within {TIMES} times what is recorded',
              value <= TIMES * recorded, f'{value} us, recorded {recorded}\n'
              + done.stderr[-500:])
end()
