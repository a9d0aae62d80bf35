#!/usr/bin/env python3
"""What a command costs in a VM that runs: machine beside ssh over Lima's own connection and limactl, in one run.

Everything is real. Medians of RUNS (200; those of limactl of a tenth of it), all ways in turn, ten at a time: what sshd and the login
of one leave behind in the guest is not what the next one costs.
"""
import os
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'e2e'))
import lab                                                            # noqa: E402

RUNS = int(os.environ.get('RUNS', '200'))
BULK = int(os.environ.get('BULK', '1024'))      # MiB
LIMACTL = lab.BUILD + '/lima/bin/limactl'
world = lab.Lab('bench')
project = world.project('run', 'memory: 1GiB\n')
world.machine('allow', '--hash', world.status(project)['hash'], cwd=project)
r = world.machine('start', cwd=project)
if r.returncode:
    sys.exit(r.stderr)
name = world.status(project)['instance']
lima = dict(world.env, LIMA_HOME=world.home + '/data/lima')
ssh = ['ssh', '-F', f'{world.home}/data/lima/{name}/ssh.config', 'lima-' + name]


def ms(argv, env, **kw):
    begin = time.monotonic()
    r = subprocess.run(argv, env=env, cwd=project, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.PIPE, **kw)
    took = 1000 * (time.monotonic() - begin)
    if r.returncode:
        sys.exit(f'{argv}: status {r.returncode}: {r.stderr}')
    return took


result = world.home + '/run/b1.1'
typed = dict(world.env, MACHINE_SHELL='bash', MACHINE_SID='b1-1', MACHINE_ROOT=project, MACHINE_LINE=':',
             MACHINE_EXPANDED=':', MACHINE_STATUS='0', MACHINE_RESULT=result, PWD=project)
ways = {
    'machine run true': lambda: ms([lab.MACHINE, 'run', 'true'], world.env),
    'a typed `:`': lambda: ms([lab.MACHINE, '_line'], typed),
    'ssh over the ControlMaster, true': lambda: ms(ssh + ['true'], lima),
    'limactl shell true': lambda: ms([LIMACTL, '--tty=false', 'shell', '--workdir=/', name, 'true'], lima),
}
# The connection of Lima's own comes half a minute after the first line.
lab.wait(lambda: subprocess.run(ssh + ['true'], env=lima, cwd='/', stdin=subprocess.DEVNULL,
                                capture_output=True).returncode == 0, 600)
# What systemd starts behind the first line is not what is measured here.
world.machine('run', 'systemctl', 'is-system-running', '--wait', cwd=project)
os.makedirs(world.home + '/run', exist_ok=True)
lab.write(result, '')
for way in ways.values():
    way()
took = {name: [] for name in ways}
for _ in range(RUNS // 10):
    for name_, way in ways.items():
        took[name_] += [way() for _ in range(1 if name_.startswith('limactl') else 10)]
# fork and exec in the guest, by a shell there
count = 200
inside = world.machine('run', 'bash', '-c',
                       f't=$EPOCHREALTIME; for ((i = 0; i < {count}; i++)); do /bin/true; done; '
                       'u=$EPOCHREALTIME; echo $(((${u/./} - ${t/./})))', cwd=project).stdout
own = float(inside) / count / 1000
median = {n: statistics.median(t) for n, t in took.items()}
for n, t in took.items():
    t.sort()
    print(f'{n:40} {median[n]:9.2f} ms  p95 {t[int(len(t) * .95)]:9.2f}  n={len(t)}')
print(f'{"fork and exec in the guest itself":40} {own:9.2f} ms  n={count}, load {os.getloadavg()[0]:.1f}')
run, line = median['machine run true'], median['a typed `:`']
mux, lime = median['ssh over the ControlMaster, true'], median['limactl shell true']
print(f'machine run / limactl shell       1/{lime / run:.1f}   (budget 1/10)')
print(f'machine run / ssh                 {run / mux:.2f}   (budget 0.5)')
print(f'what machine run adds / limactl   1/{(lime - own) / max(run - own, 0.01):.1f}   (budget 1/20)')
print(f'a typed `:` / limactl shell       1/{lime / line:.1f}   (budget 1/25)', flush=True)


def bulk(argv, env):
    begin = time.monotonic()
    p = subprocess.Popen(argv, env=env, cwd=project, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    n = rss = 0
    while block := os.read(p.stdout.fileno(), 1 << 20):
        n += len(block)
        # not ru_maxrss, which has what this program had when it forked
        if n >> 20 & 15 == 0:
            rss = max([rss] + [int(x.split()[1]) for x in lab.read(f'/proc/{p.pid}/status').splitlines()
                               if x.startswith('VmHWM')])
    if p.wait() or n != BULK << 20:
        sys.exit(f'{argv}: {n} bytes, status {p.returncode}')
    return BULK / (time.monotonic() - begin), rss / 1024


fast, rss = bulk([lab.MACHINE, 'run', 'head', '-c', f'{BULK}M', '/dev/zero'], world.env)
slow, _ = bulk(ssh + [f'head -c {BULK}M /dev/zero'], lima)
print(f'{BULK} MiB of stdout: machine {fast:.0f} MiB/s, ssh {slow:.0f} MiB/s: {fast / slow:.1f} x (budget 3); '
      f'RSS of the client {rss:.1f} MiB (budget 8)', flush=True)
many = [subprocess.Popen([lab.MACHINE, 'run', 'sh', '-c', f'echo {i}; exit {i}'], env=world.env, cwd=project,
                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) for i in range(64)]
good = sum(p.communicate()[0] == f'{i}\n' and p.returncode == i for i, p in enumerate(many))
print(f'64 commands at once: {good} right')
sys.exit(good != 64)
