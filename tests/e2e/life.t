#!/usr/bin/env python3
"""The life of a project with a real VM: allow, cd, lines, stop, changes, destroy."""
import os
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lab import *  # noqa: E402,F403

FIRST = '''# comment
memory: 1GiB
disk: 4GiB
ports: [3210]
env: {GREETING: it's $HOME "quoted"}
provision:
  - run: |
      echo one >> /etc/steps
      id -u >> /etc/steps
    as: root
'''
lab = Lab('life')
# A space in the path, because people have them.
project = lab.project('my hello', FIRST)
file = project + '/Machinefile'
host_boot = read('/proc/sys/kernel/random/boot_id').strip()
BOOT_ID = 'cat /proc/sys/kernel/random/boot_id'


def allow(sh):
    sh.p.send('machine allow\r')
    sh.p.expect(r'allow exactly this\? \[y/N/e\(dit\)/d\(eny\)\] ', timeout=30)
    shown = sh.p.before
    sh.p.send('y\r')
    sh.prompt(60)
    return shown


def boot_id():
    return lab.machine('run', 'cat', '/proc/sys/kernel/random/boot_id',
                       cwd=project).stdout.strip()


# ---- allow, cd, line, status ------------------------------------------------

sh = Shell(lab)
out = sh.line("cd 'my hello'")
check('a project that is not allowed says so', 'is not allowed yet' in out, out)
out = sh.line('touch ran')
check('and its lines do not run', sh.status == 125 and
      not os.path.exists(project + '/ran'), out)
shown = allow(sh)
check('allow shows the file and what it asks for',
      'echo one >> /etc/steps' in shown and 'run in the VM as root' in shown and
      '127.0.0.1:3210' in shown, shown)
check('and it is allowed', sh.status == 0, sh.log)

start = time.monotonic()
out = sh.line(f'{BOOT_ID}; uname -n', BOOT)
note('first cd to first output: %.1f s' % (time.monotonic() - start))
first_boot = out.split('\n')[0]
check('the first line waits for the VM and runs in it',
      sh.status == 0 and len(first_boot) == 36 and first_boot != host_boot and
      'lima-m-' in out, out)
out = sh.line('cat /etc/steps')
check('which is provisioned, once, as root', out == 'one\n0\n', out)
check('the host has none of it', not os.path.exists('/etc/steps'))

out = sh.line('pwd')
check('in the same directory', out == project + '\n', out)
out = sh.line('printf "b\\na\\n" | sort > sorted && echo $GREETING')
check('a pipeline with a redirection into the project, and env',
      read(project + '/sorted') == 'a\nb\n' and
      out == 'it\'s $HOME "quoted"\n', out)
check('the file is the user\'s on the host',
      os.stat(project + '/sorted').st_uid == os.getuid())
for text, want in (('(exit 7)', 7), ('false', 1), ('no-such-command', 127),
                   ('sh -c "kill -9 \\$\\$"', 137), ('sh -c "exit 255"', 255),
                   ('true', 0)):
    out = sh.line(text)
    check(f'the status of `{text}` is {want}', sh.status == want, out)
sh.p.send('sleep 1000; echo not-reached\r')
check('the line runs', wait(lambda: lab.machine(
    'run', 'pgrep', '-x', 'sleep', cwd=project).returncode == 0, 60))
sh.p.sendintr()
out = sh.prompt(LINE)
check('Ctrl-C ends it, there', sh.status == 130 and '\nnot-reached' not in out, out)
check('and leaves nothing', lab.machine('run', 'pgrep', '-x', 'sleep',
                                        cwd=project).returncode == 1)
os.mkdir(project + '/sub')
sh.line('cd sub')
out = sh.line('pwd')
check('cd moves the shell, and the next line follows',
      out == project + '/sub\n' and sh.place == 'sub', out)
sh.line('cd ../..')
out = sh.line(BOOT_ID)
check('cd out gives the host back', out.strip() == host_boot, out)

# ---- machine run ------------------------------------------------------------

odd = ['', ' ', "a'b", 'a"b', '$HOME `id` $(id)', 'x=y', '-n', 'a\nb', '\\', '*',
       '; false', 'gr\u00fc\u00df']
r = lab.machine('run', '--', 'printf', '[%s]', *odd, cwd=project)
check('arguments arrive as they are', r.stdout == ''.join(f'[{a}]' for a in odd),
      r)
r = lab.machine('run', 'a=b', 'touch', 'pwned', cwd=project)
check('a first word with = is a command, not an assignment',
      r.returncode == 127 and not os.path.exists(project + '/pwned'), r)
r = subprocess.run([MACHINE, 'run', 'sh', '-c', 'cat; echo err >&2; exit 3'],
                   cwd=project, env=lab.env, input='in\0put\n', timeout=LINE,
                   capture_output=True, text=True)
check('stdin, stdout, stderr and status', (r.stdout, r.stderr, r.returncode) ==
      ('in\0put\n', 'err\n', 3), r)
r = lab.machine('run', 'pwd', cwd=project + '/sub')
check('in the directory it is called in', r.stdout == project + '/sub\n', r)
r = lab.machine('run', '/etc', cwd=project)
check('what cannot be executed is 126', r.returncode == 126, r)

# ---- ports ------------------------------------------------------------------

# systemd starts behind the first line.
lab.machine('run', 'sh', '-c', 'until systemctl list-jobs; do sleep 1; done', cwd=project)
serve = ('sudo systemd-run --quiet --unit=t%d systemd-socket-activate '
         '--accept -l 127.0.0.1:%d --inetd cat')
for port in (3210, 3211):
    r = lab.machine('run', 'sh', '-c', serve % (port, port), cwd=project)
    check(f'a server on port {port} of the guest', r.returncode == 0, r)


def echoes(port):
    try:
        with socket.create_connection(('127.0.0.1', port), 10) as s:
            s.settimeout(30)
            s.sendall(b'x')
            return s.recv(1) == b'x'
    except OSError:
        return False


check('the declared port is there', wait(lambda: echoes(3210), 180))
check('another one is not', not echoes(3211))

# ---- other shells -----------------------------------------------------------

for other in ('bash', 'fish'):
    # Not line(): fish draws its prompt several times.
    s = Shell(lab, other)
    s.see("cd 'my hello'", r'my hello \[0\]')
    check(f'{other}: a line runs in the VM, with its status', s.see(
        f'{BOOT_ID}; sh -c "exit 9"', first_boot + r'[^$]*my hello \[9\]'), s.log)
    check(f'{other}: and outside on the host', s.see(
        'cd ..', r'\[0\]') and s.see(BOOT_ID, host_boot), s.log)
    s.close()

# ---- a change ---------------------------------------------------------------

second = FIRST + '  - {run: "echo two >> /etc/steps", as: root}\n'
sh.line("cd 'my hello'")
write(file, second)
out = sh.line('cat /etc/steps')
check('after a change the VM goes on as it was approved, and says so',
      'one\n0\n' in out and 'has changed: the VM goes on' in out, out)
out = sh.line('cat /etc/steps')
check('once', out == 'one\n0\n', out)
check('status says so', lab.status(project)['trust'] == 'changed')
shown = allow(sh)
check('allow marks what is new', '! script    step 2' in shown and
      '! script    step 1' not in shown, shown)
out = sh.line('cat /etc/steps', BOOT)
check('the step that is new is run, the old one is not',
      out == 'one\n0\ntwo\n', out)
check('in the same VM', boot_id() == first_boot)

# ---- stop, cd, line ---------------------------------------------------------

r = lab.machine('stop', cwd=project)
check('stop', r.returncode == 0 and lab.status(project)['vm'] == 'stopped', r)
check('leaves no process', not lab.processes(), lab.processes())
write(file, second + '# changed\n')
out = sh.line('touch ran')
check('a changed file starts nothing', sh.status == 125 and
      'so nothing new is started' in out and
      lab.status(project)['vm'] == 'stopped' and
      not os.path.exists(project + '/ran'), out)
write(file, second)
sh.line('cd ..')
start = time.monotonic()
sh.line("cd 'my hello'")
out = sh.line('cat /etc/steps', BOOT)
note('second cd to first output: %.1f s' % (time.monotonic() - start))
check('the same disk, and nothing provisioned again', out == 'one\n0\ntwo\n', out)
second_boot = boot_id()
check('after a boot', len(second_boot) == 36 and second_boot != first_boot)



def names():
    return [read(os.path.join(d, 'commands')).split('\n') for d, _, files in os.walk(lab.home + '/run')
            if 'commands' in files]


wait(lambda: any(len(n) > 100 for n in names()), BOOT)
check('TAB knows the commands of the guest', 'machine-guest' not in sum(names(), []) and
      {'ls', 'apt-get', 'systemctl'} <= set(names()[0]), [len(n) for n in names()])

# ---- a death ----------------------------------------------------------------



def qemu_pid():
    return [pid for pid, line in lab.processes() if 'qemu-system' in line.split()[0]]


check('one QEMU', len(qemu_pid()) == 1, lab.processes())
os.kill(qemu_pid()[0], signal.SIGKILL)
out = sh.line('echo again', BOOT)
check('after the death of the VM the next line finds it running again',
      out.endswith('again\n') and sh.status == 0, out)
check('another boot', boot_id() not in (first_boot, second_boot))

# A kernel that panics, as one does now and then while it boots under emulation, boots anew by itself.
third_boot, running = boot_id(), qemu_pid()
out = sh.line('echo c | sudo tee /proc/sysrq-trigger', BOOT)
check('a kernel that panics: the line says that it may have run', sh.status == 125, out)
out = sh.line('echo anew', BOOT)
check('and the next line runs', out.endswith('anew\n') and sh.status == 0, out)
check('in a boot that nobody had to start', boot_id() not in (second_boot, third_boot) and
      qemu_pid() == running, (qemu_pid(), running))

# ---- a rebuild --------------------------------------------------------------

write(file, FIRST.replace('echo one', 'echo ONE').replace('1GiB', '768MiB'))
allow(sh)
out = sh.line('cat /etc/steps; grep MemTotal /proc/meminfo', BOOT)
check('a step that has run and was changed: the disk is made anew',
      out.startswith('ONE\n0\n') and 'two' not in out, out)
kib = int(out.split('MemTotal:')[1].split()[0]) if 'MemTotal:' in out else 0
check('with the memory that was asked for', 600000 < kib < 790000, out)

# ---- destroy ----------------------------------------------------------------

out = sh.line('cd ..')
sh.close()
r = lab.machine('destroy', '--yes', cwd=project)
check('destroy', r.returncode == 0 and lab.status(project)['vm'] == 'absent', r)
check('leaves no process', not lab.processes(), lab.processes())
left = [n for n in os.listdir(lab.home + '/data/lima') if n[0] != '_']
check('and no instance', not left, left)
check('nor anything but the decision',
      sorted(os.listdir(lab.home + '/state/projects/' + os.listdir(
          lab.home + '/state/projects')[-1])) == ['lock', 'root', 'trust'],
      os.listdir(lab.home + '/state/projects'))
check('the project is untouched', read(project + '/sorted') == 'a\nb\n')
end()
