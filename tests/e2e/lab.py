"""A person at a terminal in front of the real machine, limactl and guest.

Real are all of them: the program in $BUILD, limactl and the image that `make
lima image` put there, the VM, the shell and its pty. TAP on stdout.
"""
import atexit
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

import pexpect

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(os.environ.get('BUILD', TOP + '/build'))
MACHINE = BUILD + '/machine'
LAYERS = BUILD + '/layers'
BOOT = 900      # seconds: emulated, and on a busy machine
LINE = 120

count = failed = 0


def check(name, ok, detail=''):
    global count, failed
    count += 1
    failed += not ok
    print('%sok %d - %s' % ('' if ok else 'not ', count, name), flush=True)
    if not ok:
        for row in str(detail)[-3000:].split('\n'):
            print('# ' + row, flush=True)
    return ok


def note(text):
    print('# ' + text, flush=True)


def end():
    print('1..%d' % count, flush=True)
    sys.exit(failed != 0)


def read(path):
    with open(path) as f:
        return f.read()


def write(path, text):
    with open(path, 'w') as f:
        f.write(text)


class Lab:
    """A home of machine's own, with the image that was built, and a project."""

    def __init__(self, name, home=None, work=None):
        # Short: there are sockets in it.
        self.home = home or os.path.expanduser('~/.mt-' + name)
        self.work = work or os.path.expanduser('~/e2e-' + name)
        self.ours = [self.home] if work else [self.home, self.work]
        self.env = {'HOME': os.environ['HOME'], 'MACHINE_HOME': self.home,
                    'USER': os.environ.get('USER', ''), 'LANG': 'C.UTF-8',
                    'PATH': BUILD + ':' + os.environ['PATH'], 'TERM': 'dumb'}
        self.end_all()          # of a run that was cut short
        atexit.register(self.end_all)
        os.makedirs(self.home + '/config', mode=0o700)
        os.chmod(self.home, 0o700)
        # The base that the first of these tests has made: a stock boot less.
        if os.path.isdir(LAYERS):
            os.makedirs(self.home + '/data', mode=0o700)
            shutil.copytree(LAYERS, self.home + '/data/layers')
        image = BUILD + '/image/debian-13'
        # unpacked, where the architecture can boot it so
        kernel = image + '.vmlinux'
        if not os.path.exists(kernel):
            kernel = image + '.vmlinuz'
        write(self.home + '/config/config.yaml',
              f'images:\n  debian-13:\n    path: {image}.qcow2\n'
              f'    kernel: {kernel}\n    initrd: {image}.initrd\n')

    def keep_base(self):
        """For the tests that come after this one."""
        made = self.home + '/data/layers'
        if os.path.isdir(LAYERS) or not os.path.isdir(made):
            return
        os.makedirs(LAYERS, mode=0o700)
        for name in os.listdir(made):
            if name.startswith('b-') and '.' not in name:
                shutil.copytree(f'{made}/{name}', f'{LAYERS}/{name}')

    def end_all(self):
        """Leave nothing behind, however a run ends."""
        for pid, _ in self.processes():
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass
        self.keep_base()
        for d in self.ours:
            shutil.rmtree(d, ignore_errors=True)

    def project(self, name, text):
        path = f'{self.work}/{name}'
        os.makedirs(path)
        write(path + '/Machinefile', text)
        return path

    def machine(self, *args, cwd, timeout=BOOT, **kw):
        return subprocess.run([MACHINE, *args], cwd=cwd, env=self.env,
                              timeout=timeout, capture_output=True, text=True,
                              stdin=kw.pop('stdin', subprocess.DEVNULL), **kw)

    def status(self, cwd):
        return json.loads(self.machine('status', '--json', cwd=cwd).stdout)

    def processes(self):
        """Those that belong to this home, by their command lines."""
        found = []
        for pid in filter(str.isdigit, os.listdir('/proc')):
            try:
                line = read(f'/proc/{pid}/cmdline').replace('\0', ' ')
            except (OSError, ValueError):   # gone, or no text
                continue
            if self.home + '/data' in line:
                found.append((int(pid), line))
        return found


RC = {
    'zsh': ('.zshrc', "PS1='%%1~ [%%?] $ '\neval \"$(machine hook zsh)\"\n"),
    'bash': ('.bashrc', "PS1='\\W [$?] $ '\neval \"$(machine hook bash)\"\n"),
    'fish': ('.config/fish/config.fish', '''function fish_greeting; end
function fish_right_prompt; end
function fish_prompt; set -l s $status; echo -n (path basename $PWD)" [$s] \\$ "; end
machine hook fish | source
'''),
}
# What a shell switches on after its prompt (bracketed paste) follows it.
PROMPT = r'([^\r\n]*) \[(\d+)\] \$ (?:\x1b\[[?0-9;]*[a-zA-Z]|\x1b[=>])*$'
ESCAPES = re.compile(r'\x1b(\[[0-9;?>=]*[A-Za-z]|[()][A-Z0-9]|[=>]|\][^\x07]*\x07)')


class Shell:
    """zsh, bash or fish in a pty, with the hook in its startup file."""

    def __init__(self, lab, shell='zsh', cwd=None):
        home = f'{lab.home}/{shell}'
        name, text = RC[shell]
        os.makedirs(os.path.dirname(f'{home}/{name}'), exist_ok=True)
        write(f'{home}/{name}', text.replace('%%', '%'))
        env = dict(lab.env, ZDOTDIR=home, XDG_CONFIG_HOME=home + '/.config')
        args = {'zsh': ['-d', '-i'], 'bash': ['--rcfile', f'{home}/{name}', '-i'],
                'fish': ['-i']}[shell]
        self.p = pexpect.spawn(shell, args, cwd=cwd or lab.work, env=env,
                               encoding='utf-8', codec_errors='replace',
                               dimensions=(50, 200))
        self.log = ''
        self.place = self.status = None
        self.prompt(60)

    def prompt(self, timeout):
        self.p.expect(PROMPT, timeout=timeout)
        # A prompt is one only if nothing follows it.
        text = self.p.before
        self.place, self.status = self.p.match.group(1), int(self.p.match.group(2))
        text = ESCAPES.sub('', text).replace('\r\n', '\n')
        # a progress line that was written over is not on the screen any more
        text = re.sub(r'[^\n]*\r', '', text)
        self.log += text
        return text

    def line(self, text, timeout=LINE):
        """Type it; -> what it printed, without the echo of the line."""
        self.p.send(text + '\r')
        out = self.prompt(timeout)
        echo = out.find('\n')
        return out[echo + 1:] if echo >= 0 else ''

    def see(self, text, pattern, timeout=LINE):
        """Type it and wait until this is on the terminal."""
        self.p.send(text + '\r')
        found = self.p.expect([pattern, pexpect.TIMEOUT, pexpect.EOF],
                              timeout=timeout) == 0
        self.log += str(self.p.before) + str(self.p.after)
        return found

    def close(self):
        self.p.close(force=True)


def wait(condition, timeout):
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True
