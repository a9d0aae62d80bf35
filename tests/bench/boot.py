#!/usr/bin/env python3
"""How long until a line runs, and what a VM costs, beside stock Lima in the same run.

Everything is real: limactl, VMs, the images in build/image. Medians of RUNS (5). Emulated, a stock boot takes minutes:
all of it is an hour; ONLY=boot,memory,layer,df,npm chooses.
"""
import json
import os
import shutil
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'e2e'))
import lab                                                            # noqa: E402

RUNS = int(os.environ.get('RUNS', '5'))
ONLY = os.environ.get('ONLY', 'boot,memory,layer,df,npm').split(',')
LIMACTL = lab.BUILD + '/lima/bin/limactl'
STOCK = lab.BUILD + '/image/stock'
MEMORY = '1GiB'
TOOLS = os.environ.get('TOOLS', '[]')
FILE = f'memory: {MEMORY}\ntools: {TOOLS}\n'


def timed(run, *args, **kw):
    begin = time.monotonic()
    r = run(*args, **kw)
    took = time.monotonic() - begin
    if r.returncode:
        sys.exit(f'{args}: status {r.returncode}\n{r.stdout}{r.stderr}')
    return took


def row(name, values, unit='s', budget=''):
    print(f'{name:52} {statistics.median(values):9.3f} {unit:4} '
          f'[{min(values):.3f} .. {max(values):.3f}] n={len(values)} load {os.getloadavg()[0]:.1f} {budget}', flush=True)
    return statistics.median(values)


class Stock:
    """Lima as it is: its own way to boot, its own QEMU arguments but for the accelerator, which does not work here."""

    def __init__(self, home):
        self.env = dict(os.environ, LIMA_HOME=home, PATH=os.path.dirname(LIMACTL) + ':' + os.environ['PATH'],
                        QEMU_SYSTEM_X86_64='qemu-system-x86_64 -machine q35,accel=tcg -cpu max')
        shutil.rmtree(home, ignore_errors=True)     # of a run that was cut short
        os.makedirs(home, mode=0o700)
        self.home = home
        lab.write(home + '/stock.yaml', json.dumps({
            'images': [{'location': STOCK + '.qcow2', 'arch': 'x86_64', 'kernel': {
                'location': STOCK + '.vmlinuz', 'cmdline': 'root=/dev/vda rw console=ttyS0 net.ifnames=0 quiet'},
                'initrd': {'location': STOCK + '.initrd'}}],
            'cpus': 2, 'memory': MEMORY, 'disk': '20GiB', 'mountType': '9p', 'mounts': [],
            'containerd': {'system': False, 'user': False}, 'firmware': {'legacyBIOS': True},
            'ssh': {'loadDotSSHPubKeys': False}}))
        self.run('create', '--name=stock', home + '/stock.yaml')

    def run(self, *args, check=True):
        return subprocess.run([LIMACTL, '--tty=false', *args], env=self.env, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, check=check, timeout=1800)

    def first_output(self):
        begin = time.monotonic()
        self.run('start', '--timeout=10m', 'stock', check=False)
        self.run('shell', '--workdir=/', 'stock', 'true')
        return time.monotonic() - begin

    def pids(self):
        return [int(lab.read(f'{self.home}/stock/{f}.pid')) for f in ('qemu', 'ha')]


def rss(pids):
    total = 0
    for pid in pids:
        for line in lab.read(f'/proc/{pid}/status').splitlines():
            if line.startswith('VmRSS:'):
                total += int(line.split()[1])
    return total / 1024


def instance(world, project):
    name = world.status(project)['instance']
    return [int(lab.read(f'{world.home}/data/lima/{name}/{f}.pid')) for f in ('qemu', 'ha')]


def boot(world, stock):
    project = ready(world, 'one')
    ours, first, theirs = [], [], []
    stock.first_output()        # cloud-init's first boot is slower still; not counted
    for i in range(RUNS):
        stock.run('stop', 'stock', check=False)
        theirs.append(stock.first_output())
        stock.run('stop', '-f', 'stock', check=False)
        world.machine('stop', cwd=project)
        ours.append(timed(world.machine, 'run', 'true', cwd=project))
        world.machine('stop', cwd=project)
        other = world.project(f'other{i}', FILE)
        allow(world, other)
        first.append(timed(world.machine, 'run', 'true', cwd=other))
        world.machine('stop', cwd=other)
    s = row('stock: stopped to output', theirs)
    m = row('machine: stopped to output', ours)
    n = row('machine: second project, from nothing to output', first)
    print(f'{"stock / machine":52} {s / m:9.1f} x    budget 18', flush=True)
    print(f'{"second project / stopped":52} {n / m:9.2f} x    budget 1.3', flush=True)


def allow(world, project):
    world.machine('allow', '--hash', world.status(project)['hash'], cwd=project)


def ready(world, name):
    project = f'{world.work}/{name}'
    if not os.path.isdir(project):
        world.project(name, FILE)
        allow(world, project)
    timed(world.machine, 'run', 'true', cwd=project)
    return project


def settled(read, seconds):
    """What it has come down to within so long."""
    end = time.monotonic() + seconds
    least = read()
    while time.monotonic() < end:
        time.sleep(0.5)         # what is measured is a span of time
        least = min(least, read())
    return least


def memory(world, stock):
    use = 'dd if=/dev/zero of=/dev/shm/x bs=1M count=400 2>/dev/null; rm /dev/shm/x'
    stock.first_output()
    theirs = stock.pids()
    t_idle = settled(lambda: rss(theirs), 20)
    stock.run('shell', '--workdir=/', 'stock', 'sh', '-c', use)
    t_after = settled(lambda: rss(theirs), 10)
    stock.run('stop', '-f', 'stock', check=False)
    project = ready(world, 'one')
    world.machine('stop', cwd=project)
    timed(world.machine, 'run', 'true', cwd=project)
    ours = instance(world, project)
    o_idle = settled(lambda: rss(ours), 60)     # systemd starts behind the first line
    timed(world.machine, 'run', 'sh', '-c', use, cwd=project)
    o_after = settled(lambda: rss(ours), 10)
    print(f'RSS of QEMU and host agent, idle: stock {t_idle:.0f} MiB, machine {o_idle:.0f} MiB: '
          f'{o_idle / t_idle:.2f} (budget 0.33)')
    print(f'after 400 MB used and freed: stock {t_after:.0f} MiB, machine {o_after:.0f} MiB: '
          f'{o_after / t_after:.2f} (budget 0.25)', flush=True)


def layer(world, stock):
    project = ready(world, 'one')
    layers = sorted(os.listdir(world.home + '/data/layers'))
    disk = next(f'{world.home}/data/layers/{x}/disk.qcow2' for x in layers if '.' not in x)
    took = []
    for i in range(max(RUNS, 20)):
        path = f'{world.work}/overlay{i}'
        took.append(1000 * timed(subprocess.run, ['qemu-img', 'create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', disk,
                                                  path, '20G'], capture_output=True, text=True))
    row('a session disk (qemu-img create)', took, 'ms', 'budget 100')
    del project


def df(world, stock):
    """Ten projects with one tool set, each of which has run; the first still does."""
    def total():
        return json.loads(world.machine('df', '--json', cwd=world.work).stdout)

    def ours(j):
        return sum(e['on_disk'] for e in j['entries'] if e['kind'] != 'cache')

    ready(world, 'one')
    one = ours(total())
    for i in range(9):
        other = ready(world, f'ten{i}')
        world.machine('stop', cwd=other)
    ten = ours(total())
    print(f'disk of one project {one / 2**20:.0f} MiB, of ten with the same tools {ten / 2**20:.0f} MiB: '
          f'{ten / one:.3f} x (budget 1.2)', flush=True)


def npm(world, stock):
    project = world.project('npm', f'memory: 2GiB\ntools: [node]\nworkspace: {{private: [node_modules]}}\n')
    lab.write(project + '/package.json', '{"name":"x","version":"1.0.0","dependencies":{"express":"4.21.2"}}')
    allow(world, project)
    timed(world.machine, 'run', 'true', cwd=project)
    install = 'npm install --no-audit --no-fund --prefer-offline >/dev/null 2>&1'
    timed(world.machine, 'run', 'sh', '-c',             # for the cache, and both have a lock file then
          f'{install} && mkdir -p ~/x && cp package.json ~/x && cd ~/x && {install}', cwd=project)
    private, root = [], []
    for _ in range(RUNS):
        private.append(timed(world.machine, 'run', 'sh', '-c',
                             f'find node_modules -mindepth 1 -delete && sync && {install} && sync', cwd=project))
        root.append(timed(world.machine, 'run', 'sh', '-c',
                          f'cd ~/x && rm -rf node_modules && sync && {install} && sync', cwd=project))
    world.machine('stop', cwd=project)
    p = row('npm install express, private directory', private)
    r = row('npm install express, root disk of the guest', root)
    print(f'{"private / root":52} {p / r:9.2f} x    budget 1.15', flush=True)


def main():
    world = lab.Lab('bench')
    stock = Stock(os.path.expanduser('~/.mt-stock')) if set(ONLY) & {'boot', 'memory'} else None
    try:
        for name in ONLY:
            globals()[name](world, stock)
    finally:
        if stock:
            stock.run('delete', '-f', 'stock', check=False)
            subprocess.run(['rm', '-rf', stock.home], check=False)


if __name__ == '__main__':
    main()
