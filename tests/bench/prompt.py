"""Milliseconds of one process each: an empty program, machine's calls, direnv.

RECORDS=10000 adds as many decisions about other projects. The calls alternate, so that a change in the machine's speed hits all of them.
"""
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MACHINE = os.path.join(os.path.abspath(os.environ.get('BUILD', TOP + '/build')),
                       'machine')
ROUNDS = int(os.environ.get('ROUNDS', 200))
NULL = os.open(os.devnull, os.O_RDWR)

home = tempfile.mkdtemp(prefix='mb.', dir=os.environ['HOME'])
project = home + '/project'
env = {'HOME': home, 'MACHINE_HOME': home + '/m', 'PATH': os.environ['PATH']}


def spawn(argv):
    begin = time.perf_counter()
    pid = os.posix_spawn(argv[0], argv, env, file_actions=[
        (os.POSIX_SPAWN_DUP2, NULL, fd) for fd in (0, 1, 2)])
    os.waitpid(pid, 0)
    return (time.perf_counter() - begin) * 1000


def main():
    os.mkdir(project)
    with open(project + '/Machinefile', 'w') as f:
        f.write('image: debian-13\nports: [3000]\nenv: {A: b}\n')
    # What is measured is an approved project, and no start of a VM.
    os.makedirs(home + '/m/config', mode=0o700)
    os.chmod(home + '/m', 0o700)
    with open(home + '/m/config/config.yaml', 'w') as f:
        f.write('autostart: never\n')
    os.chdir(project)
    status = subprocess.run([MACHINE, 'status'], env=env, capture_output=True,
                            text=True).stdout
    digest = status.split('hash')[1].split()[0]
    subprocess.run([MACHINE, 'allow', '--hash', digest], env=env, check=True,
                   capture_output=True)
    for i in range(int(os.environ.get('RECORDS', 0))):
        d = f'{home}/m/state/projects/{i:016x}'
        os.mkdir(d, 0o700)
        for name, text in (('root', f'/p{i}'), ('trust', f'machine-trust 1\nallow\n/p{i}\nMachinefile 0\n\n')):
            with open(f'{d}/{name}', 'w', opener=lambda p, f: os.open(p, f, 0o600)) as f:
                f.write(text)
    empty = home + '/empty'
    subprocess.run(['cc', '-O2', '-static', '-x', 'c', '-', '-o', empty],
                   input='int main(void){return 0;}', text=True, check=True)
    calls = {
        'an empty static program': [empty],
        'machine version': [MACHINE, 'version'],
        'machine _enter zsh': [MACHINE, '_enter', 'zsh', project],
        'machine status': [MACHINE, 'status'],
    }
    direnv = shutil.which('direnv')
    if direnv:
        with open(project + '/.envrc', 'w') as f:
            f.write('export A=b\n')
        subprocess.run([direnv, 'allow'], env=env, check=True,
                       capture_output=True)
        calls['direnv export zsh (its cd)'] = [direnv, 'export', 'zsh']
    times = {name: [] for name in calls}
    for _ in range(ROUNDS):
        for name, argv in calls.items():
            times[name].append(spawn(argv))
    base = statistics.median(times['an empty static program'])
    print(f'with {os.environ.get("RECORDS", 0)} decisions about other projects')
    print(f'{"ms, median of %d" % ROUNDS:32} {"min":>7} {"median":>7} '
          f'{"p95":>7} {"of empty":>9}')
    for name, t in times.items():
        t.sort()
        m = statistics.median(t)
        print(f'{name:32} {t[0]:7.2f} {m:7.2f} {t[int(len(t) * .95)]:7.2f} '
              f'{m / base:8.1f}x')


try:
    main()
finally:
    shutil.rmtree(home, ignore_errors=True)
