#!/usr/bin/env python3
"""machine-guest as the first half of PID 1, with the real limactl and VM.

The instance is made by hand: what `machine start` makes of a project is for
life.t. Here is what the guest does with a boot configuration.
"""
import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lab import BUILD, check, end, note, read, write  # noqa: E402

IMAGE = BUILD + '/image/debian-13'
HOME = os.path.expanduser('~/.mt-boot')     # short: there are sockets in it
LIMACTL = BUILD + '/lima/bin/limactl'
CMDLINE = 'root=%s rw console=ttyS0 net.ifnames=0 quiet cloud-init=disabled'
UUID = '11111111-2222-3333-4444-555555555555'
QEMU = 'qemu-system-x86_64'
LISTENING = 300     # seconds: emulated, and on a busy machine
kernel = IMAGE + ('.vmlinux' if os.path.exists(IMAGE + '.vmlinux') else
                  '.vmlinuz')


def newc(name, data, mode, inode):
    """One entry of a cpio archive."""
    name = name.encode() + b'\0'
    fields = (inode, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name), 0)
    out = b'070701' + b''.join(b'%08X' % f for f in fields) + name
    out += b'\0' * (-len(out) % 4) + data
    return out + b'\0' * (-len(out) % 4)


def initrd(path, conf):
    with open(IMAGE + '.modules', 'rb') as f:
        out = f.read()
    with open(BUILD + '/machine-guest', 'rb') as f:
        out += newc('init', f.read(), 0o100755, 1)
    out += newc('machine.conf', conf.encode(), 0o100644, 2)
    with open(path, 'wb') as f:
        f.write(out + newc('TRAILER!!!', b'', 0, 0))


def run(*argv, timeout=60, **kw):
    return subprocess.run(argv, env=ENV, cwd='/', stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=timeout, **kw)


def processes():
    for pid in filter(str.isdigit, os.listdir('/proc')):
        try:
            if HOME + '/' in read(f'/proc/{pid}/cmdline'):
                yield int(pid)
        except (OSError, ValueError):   # gone, or its arguments are no text
            pass


def clean():
    for pid in processes():
        try:
            os.kill(pid, signal.SIGKILL)
        except OSError:
            pass
    shutil.rmtree(HOME, ignore_errors=True)


def bare(root, disk):
    """Boot without Lima, an image that cannot be; what the console said."""
    r = run(QEMU, '-machine', 'q35,accel=tcg', '-cpu', 'max', '-m', '512',
            '-display', 'none', '-nodefaults', '-serial', 'stdio', '-kernel',
            kernel, '-initrd', HOME + '/initrd', '-append',
            f'console=ttyS0 quiet {root}', '-drive',
            f'file={disk},if=virtio,format=raw', timeout=LISTENING)
    return [row for row in r.stdout.replace('\r', '').split('\n')
            if row.startswith('machine: ')]


class Instance:
    def __init__(self, name, project, disks):
        self.name = name
        self.dir = f'{HOME}/{name}'
        os.makedirs(self.dir, mode=0o700)
        write(self.dir + '/lima.yaml', json.dumps({
            'minimumLimaVersion': '2.2.0', 'vmType': 'qemu', 'arch': 'x86_64',
            'images': [{'location': IMAGE + '.qcow2', 'arch': 'x86_64'}],
            'cpus': 2, 'memory': '1GiB', 'disk': '4GiB', 'mountType': '9p',
            'mounts': [{'location': project, 'writable': True}],
            'containerd': {'system': False, 'user': False},
            'firmware': {'legacyBIOS': True},
            'ssh': {'loadDotSSHPubKeys': False, 'forwardAgent': False},
            'hostResolver': {'enabled': False}, 'propagateProxyEnv': False,
            'additionalDisks': [{'name': d, 'format': False} for d in disks],
        }))
        write(self.dir + '/lima-version', '2.2.0')
        os.symlink(kernel, self.dir + '/kernel')

    def start(self, conf, more=''):
        """Until ssh listens; the seconds that it took."""
        initrd(self.dir + '/initrd', conf)
        write(self.dir + '/kernel.cmdline', CMDLINE % '/dev/vda' + more)
        for name in ('disk', 'serial.log'):
            if os.path.lexists(f'{self.dir}/{name}'):
                os.unlink(f'{self.dir}/{name}')
        run('qemu-img', 'create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b',
            IMAGE + '.qcow2', self.dir + '/disk', check=True)
        begin = time.monotonic()
        with open(self.dir + '/start.log', 'w') as log:
            self.limactl = subprocess.Popen(
                [LIMACTL, 'start', '--tty=false', '--timeout', '9m', self.name],
                env=ENV, cwd='/', stdin=subprocess.DEVNULL, stdout=log,
                stderr=log)
        while time.monotonic() < begin + LISTENING:
            if 'machine: ssh listening' in self.console():
                break
            time.sleep(0.02)
        return time.monotonic() - begin

    def console(self):
        try:
            return read(self.dir + '/serial.log')
        except (OSError, UnicodeDecodeError):
            return ''

    def ssh(self, line):
        return run('ssh', '-F', self.dir + '/ssh.config', '-o',
                   'ControlMaster=no', '-o', 'ControlPath=none',
                   'lima-' + self.name, line, timeout=LISTENING)

    def out(self, line):
        r = self.ssh(line)
        return r.stdout + r.stderr

    def stop(self):
        r = run(LIMACTL, 'stop', self.name, timeout=120)
        self.limactl.wait(60)
        return r


clean()
os.makedirs(HOME, mode=0o700)
ENV = {'HOME': os.environ['HOME'], 'USER': os.environ.get('USER', ''),
       'LIMA_HOME': HOME, 'PATH': os.environ['PATH'] + ':/usr/sbin:/sbin',
       'QEMU_SYSTEM_X86_64':
       f'{QEMU} -machine q35,accel=tcg,vmport=off -cpu max'}
try:
    # ---- what cannot be booted says so and is off ---------------------------
    initrd(HOME + '/initrd', 'machine 1\n')
    blank, other = HOME + '/blank', HOME + '/other'
    for path in (blank, other):
        with open(path, 'wb') as f:
            f.truncate(64 << 20)
    run('mke2fs', '-q', '-F', '-t', 'ext4', '-U', UUID, other, check=True)
    # One partition from the second MiB on.
    table = HOME + '/table'
    with open(table, 'wb') as f:
        f.truncate(64 << 20)
        f.seek(446)
        f.write(struct.pack('<8B2I', 0, 0, 0, 0, 0x83, 0, 0, 0, 2048,
                            (63 << 20) // 512))
        f.seek(510)
        f.write(b'\x55\xaa')
    run('mke2fs', '-q', '-F', '-t', 'ext4', '-U', UUID, '-E', 'offset=1048576',
        table, '63M', check=True)
    why = 'machine: cannot boot this image directly: '
    for root, disk, reason in (
            ('root=/dev/vda', blank, '/dev/vda is not an ext4 file system'),
            ('root=UUID=' + UUID.upper(), other, 'it has no systemd'),
            ('root=UUID=' + UUID, table, 'it has no systemd'),
            ('root=UUID=' + UUID, blank, f'no disk is root=UUID={UUID} '
             '(an ext4 file system)'),
            ('root=PARTUUID=1', other, 'root=PARTUUID=1 is not understood'),
            ('', other, "the kernel's command line has no root=")):
        said = bare(root, disk)
        check(f'{root or "no root="}: off, and the console says why',
              said == [why + reason], said)

    # ---- volumes, private directories, the project --------------------------
    project = HOME + '/project'
    os.makedirs(project + '/a dir')
    write(project + '/file', 'hello\n')
    os.symlink('/etc', project + '/link')
    for d in ('one', 'two', 'bad'):
        os.makedirs(f'{HOME}/_disks/{d}')
        run('qemu-img', 'create', '-q', '-f', 'raw',
            f'{HOME}/_disks/{d}/datadisk', '1G', check=True)
    with open(f'{HOME}/_disks/bad/datadisk', 'r+b') as f:
        f.seek(300000)
        f.write(b'precious')
    i = Instance('b1', project, ['one', 'two', 'bad'])
    place = project.replace(' ', '%20')
    conf = ('machine 1\nvolume vdb /data\nvolume vdc /var/lib/machine/v\n'
            'volume vdd /bad\n'
            f'bind /var/lib/machine/v 1 {place}/node_modules\n'
            f'bind /var/lib/machine/v 2 {place}/a%20dir/x/y\n'
            f'bind /var/lib/machine/v 3 {place}/file\n'
            f'bind /var/lib/machine/v 4 {place}/link/z\n'
            f'bind /bad 5 {place}/lost\n'
            'delay 500\n')
    took = i.start(conf)
    first = time.monotonic()
    out = i.out(f'cat {project}/file')
    note('ssh listens after %.1f s, first command after %.1f s, load %.1f' %
         (took, took + time.monotonic() - first, os.getloadavg()[0]))
    check('the first command sees the project', out == 'hello\n', out)
    out = i.out('cat /run/machine/problems')
    want = ['volume /bad: the disk /dev/vdd holds something that is not ext4',
            f'private directory {project}/file: file is not a directory',
            f'private directory {project}/link/z: link is a symbolic link; '
            'a directory is needed',
            f'private directory {project}/lost: its volume is not there']
    check('what could not be done is said, all of it and nothing else',
          out == '\n'.join(want) + '\n', out)
    out = i.out(f'stat -c %U: /data {project}/node_modules "{project}/a dir/x/y"'
                f' && touch /data/kept {project}/node_modules/kept && id -un')
    user = out.strip().split('\n')[-1]
    check('volumes and private directories are the user\'s',
          out == f'{user}:\n' * 3 + user + '\n', out)
    check('the host does not see what is in a private directory',
          os.listdir(project + '/node_modules') == [] and
          not os.path.exists(project + '/lost'), os.listdir(project))
    with open(f'{HOME}/_disks/bad/datadisk', 'rb') as f:
        f.seek(300000)
        check('a disk with something else on it is not touched',
              f.read(8) == b'precious' and not os.path.exists('/etc/z'))
    out = i.out('cat /etc/hostname; sudo -n id -u; getent hosts '
                'host.lima.internal; stat -c %a ~/.ssh/authorized_keys')
    check('host name, sudo, hosts and the key\'s file are in place',
          out.split() == ['lima-b1', '0', '192.168.5.2', 'host.lima.internal',
                          '600'], out)
    out = i.limactl.wait(600)
    check('limactl start ends with READY', out == 0 and
          'READY' in read(i.dir + '/start.log'), read(i.dir + '/start.log'))
    out = i.out('systemctl --failed --no-legend; systemctl show -p '
                'ConditionResult --value ssh.service lima-boot.service')
    check('no unit has failed, and what was done is not done again',
          out.split() == ['no', 'no'], out)
    out = i.out('df -k --output=size / | tail -1')
    check('the root file system has grown to its disk', int(out) > 3500000, out)
    begin = time.monotonic()
    r = i.stop()
    note('limactl stop took %.1f s' % (time.monotonic() - begin))
    check('limactl stop stops it', r.returncode == 0 and
          'forcibly' not in r.stderr, r.stderr)

    # ---- the second start: volumes are kept, the kernel has no 9p, a volume
    # has met an error, and a stop at once is heard ----
    disks = HOME + '/_disks/%s/datadisk'
    run('debugfs', '-w', '-R', 'set_super_value state 3', disks % 'one',
        check=True)
    i.start(conf, ' module_blacklist=9p')
    out = i.out(f'ls /data {project}/node_modules; sudo dmesg')
    check('volumes are kept', out.count('kept\n') == 2, out)
    check('one that has met an error is looked at by e2fsck first',
          'machine: /dev/vdb: e2fsck -p: ' in out, out)
    out = i.out('cat /run/machine/problems')
    check('a kernel without 9p is said', f'cannot mount {project}: the '
          "image's kernel has no 9p\n" in out, out)
    begin = time.monotonic()
    r = i.stop()
    took = time.monotonic() - begin
    note('limactl stop right after the first command took %.1f s' % took)
    check('the power button is heard before systemd-logind is there',
          'forcibly' not in r.stderr and not list(processes()), r.stderr)
finally:
    clean()
end()
