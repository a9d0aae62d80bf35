"""What the hook costs: medians of 200, in microseconds, measured in the shell.

With the stand-ins of tests/hooks, whose _enter is part of cd-in.
"""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                '../hooks'))
from drv import HOME, W, WORK, setup  # noqa: E402

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
print('us, median of 200 in the shell')
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
    for what, value in got.items():
        print(f'{shell:6} {what:16} {float(value):8.0f}')
    if not got:
        sys.exit(f'machine: no numbers from {shell}: {done.stderr[-500:]}')
