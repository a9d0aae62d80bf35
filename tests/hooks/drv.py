"""Driver of the hook tests: shells in tmux, the stand-in guest, TAP. See README.

Everything lives under W, a new directory; a file in CANARY is the proof that
something ran on the host, because the guest has another directory there.
"""
import atexit
import glob
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.abspath(os.environ.get('BUILD', TOP + '/build'))
QUICK = bool(os.environ.get('MACHINE_TEST_QUICK'))
LONG = bool(os.environ.get('MACHINE_TEST_LONG'))

W = os.path.realpath(tempfile.mkdtemp(prefix='mh.', dir='/tmp'))
HOME = W + "/it's $a \\ home"       # what is baked into the hooks is quoted
# In memory: the hooks write small files there (HOOKS.md section 14).
RUN = tempfile.mkdtemp(prefix="mh's $x.", dir='/dev/shm' if os.path.isdir(
    '/dev/shm') else W)
CANARY = W + '/canary'
WORK = W + '/work'
HOST = os.uname().nodename
GUEST = 'guestvm'
PLUGINS = [f'/usr/share/zsh-{p}/zsh-{p}.zsh' for p in ('autosuggestions',
                                                       'syntax-highlighting')]
TMUX = ['tmux', '-L', 'machine-hooks-%d' % os.getpid(), '-f', '/dev/null']
PATIENCE = float(os.environ.get('MACHINE_TEST_PATIENCE', 1))   # slow machines

# ---- TAP --------------------------------------------------------------------

count = failed = 0


def check(name, ok, detail=''):
    global count, failed
    count += 1
    failed += not ok
    name = ' '.join(name.split()).replace('#', '_')
    print('%sok %d - %s' % ('' if ok else 'not ', count, name), flush=True)
    if not ok:
        for line in repr(detail)[:1500].replace('\\n', '\n').split('\n'):
            print('# ' + line, flush=True)


def missing(what):
    """A test that cannot run is not one that has passed."""
    check(f'{what} is installed (tools/setup.sh test)', False)


def leaks():
    found = sorted(os.listdir(CANARY))
    for f in found:
        os.unlink(CANARY + '/' + f)
    return found


def noleak(name):
    found = leaks()
    check(name + ': nothing ran on the host', not found, found)


def end():
    print('1..%d' % count)
    sys.exit(failed != 0)


# ---- files, programs, the guest ---------------------------------------------

def tmux(*args, check=True):
    return subprocess.run(TMUX + list(args), capture_output=True, text=True,
                          check=check).stdout


def compile_standin():
    gen = BUILD + '/gen'
    for shell in ('zsh', 'bash', 'fish'):
        if not os.path.exists(f'{gen}/hooks/{shell}.inc'):
            sys.exit(f'Bail out! {gen}/hooks/{shell}.inc is missing: make first')
    sources = [HERE + '/standin.c'] + [f'{TOP}/src/{f}.c' for f in (
        'host/hook', 'core/route', 'base/buf', 'base/base', 'base/quote')]
    subprocess.run([os.environ.get('CC', 'cc'), '-std=c11', '-D_GNU_SOURCE',
                    '-O1', '-w', '-I' + TOP + '/src', '-I' + gen, '-o',
                    HOME + '/machine'] + sources, check=True)


def standin(*args, cwd=None):
    return subprocess.run([HOME + '/machine', *args], cwd=cwd, check=True,
                          env={'MACHINE_HOME': HOME, 'PATH': os.environ['PATH']},
                          capture_output=True).stdout


def make_project(path, allowed=True):
    os.makedirs(path, exist_ok=True)
    with open(path + '/Machinefile', 'w') as f:
        f.write('image: debian\n')
    if allowed:
        standin('allow', cwd=path)


def setup():
    for d in ('home', 'ghome', 'canary', 'gcanary', 'work/other'):
        os.makedirs(f'{W}/{d}')
    os.makedirs(f'{HOME}/ok')
    os.symlink(RUN, HOME + '/run')
    os.chmod(HOME, 0o700)
    compile_standin()
    make_project(WORK + '/proj')
    make_project(WORK + '/second')
    make_project(WORK + '/blocked', allowed=False)
    os.makedirs(WORK + '/proj/sub')
    for shell in ('zsh', 'bash', 'fish'):
        with open(f'{W}/hook.{shell}', 'wb') as f:
            f.write(standin('hook', shell))
    tmux('new-session', '-d', '-s', 'keep', 'cat')
    tmux('set-option', '-g', 'history-limit', '5000')


def cleanup():
    tmux('kill-server', check=False)
    if Guest.process:
        Guest.process.kill()
        Guest.process.wait()
    for d in (W, RUN):              # shells that end may still write there
        wait(lambda: shutil.rmtree(d, ignore_errors=True) or not os.path.exists(d))


atexit.register(cleanup)


class Guest:
    """guestd.py in its own mount and UTS namespace, as any user."""
    process = None

    def __init__(self):
        flags = '-mu' if os.getuid() == 0 else '-rmu'
        script = ('mount --make-rprivate / && mount --bind "$1" "$2" && '
                  'hostname %s && exec "$3" "$4"' % GUEST)
        Guest.process = subprocess.Popen(
            ['unshare', flags, 'sh', '-c', script, 'sh', W + '/gcanary',
             CANARY, sys.executable, HERE + '/guestd.py'],
            env={'PATH': os.environ['PATH'], 'HOME': W + '/ghome',
                 'MACHINE_HOME': HOME, 'LANG': 'C.UTF-8'},
            stderr=open(W + '/guestd.log', 'w'), start_new_session=True)
        if not wait(lambda: os.path.exists(HOME + '/exec.sock'), 10):
            print(open(W + '/guestd.log').read(), file=sys.stderr)
            sys.exit('Bail out! the stand-in guest does not start')


def wait(condition, timeout=4.0, step=0.01):
    """Until condition() is true; returns its value."""
    deadline = time.monotonic() + timeout * PATIENCE
    while True:
        value = condition()
        if value or time.monotonic() > deadline:
            return value
        time.sleep(step)


def next_second():
    now = int(time.time())
    wait(lambda: int(time.time()) > now, 2)


# ---- a shell in a terminal --------------------------------------------------

# DIRECTORY [STATUS] $. The title of the terminal counts prompts: when it has
# grown and the last line is a prompt, the line before it is over.
PROMPT = re.compile(r'^(?:\[\w\] )?\S* ?\[(\d+)\] [$>] ?$')
RC = {
    'zsh': '''
__count() { psvar=($(( psvar[1] + 1 ))) }; precmd_functions+=(__count)
PS1=$'%{\\e]2;%1v\\a%}%1~ [%?] $ '; HISTFILE=~/.zhist; HISTSIZE=1000; SAVEHIST=1000
''',
    'bash': '''
N=0; PS1='\\[\\e]2;$((++N))\\a\\]\\W [$?] $ '; HISTFILE=~/.bhist
''',
    'fish': '''
set -g N 0
function fish_greeting; end
function fish_title; echo $N; end
function fish_right_prompt; end
function fish_prompt
    set -l s $status
    set -g N (math $N + 1)
    printf '\\e]2;%s\\a' $N
    echo -n (path basename $PWD)" [$s] > "
end
''',
}
RC_FILE = {'zsh': '.zshrc', 'bash': '.bashrc', 'fish': '.config/fish/config.fish'}
COMMAND = {'zsh': 'zsh -d -i', 'bash': 'bash --rcfile {rc} -i', 'fish': 'fish -i'}


class Term:
    made = 0

    def __init__(self, shell, rc='', after='', cwd=None, env=None, height=60,
                 width=110):
        Term.made += 1
        self.name = 's%d' % Term.made
        self.shell = shell
        self.home = f'{W}/home/{self.name}'
        rc_file = f'{self.home}/{RC_FILE[shell]}'
        os.makedirs(self.home + '/.config/fish')
        # If it is not there, fish reads every manual page in the background.
        os.makedirs(self.home + '/.local/share/fish/generated_completions')
        with open(rc_file, 'w') as f:
            f.write(f'{RC[shell]}{rc}\n. {W}/hook.{shell}\n{after}\n')
        e = {'HOME': self.home, 'PATH': os.environ['PATH'],
             'TERM': 'screen-256color', 'LANG': 'C.UTF-8', 'LC_ALL': 'C.UTF-8',
             'MACHINE_HOME': HOME, 'SHELL': shutil.which(shell), **(env or {})}
        command = 'exec env -i ' + ' '.join(
            f'{k}={shlex.quote(v)}' for k, v in e.items())
        tmux('new-session', '-d', '-s', self.name, '-x', str(width), '-y',
             str(height), '-c', cwd or WORK,
             f'{command} {COMMAND[shell].format(rc=rc_file)}',
             ';', 'set-option', 'remain-on-exit', 'on')
        self.counts = True
        self.counts = bool(self.settle(6) is not None and self.prompts())

    # what a person does

    def keys(self, *keys):
        tmux('send-keys', '-t', self.name, *keys)

    def type(self, text):
        tmux('send-keys', '-t', self.name, '-l', '--', text)

    def paste(self, text, bracket=True):
        subprocess.run(TMUX + ['load-buffer', '-'], input=text, text=True,
                       check=True)
        tmux('paste-buffer', '-d', *(['-p'] if bracket else []), '-t', self.name)
        last = text.rstrip('\n').split('\n')[-1]
        if bracket:
            self.see(re.escape(last[-20:]))

    def resize(self, width, height):
        tmux('resize-window', '-t', self.name, '-x', str(width), '-y', str(height))

    def close(self):
        tmux('kill-session', '-t', self.name, check=False)

    # what a person sees

    def screen(self, history=True):
        return tmux('capture-pane', '-p', '-t', self.name,
                    *(['-S', '-3000'] if history else [])).rstrip('\n')

    def row(self):
        return int(tmux('display-message', '-p', '-t', self.name, '#{cursor_y}'))

    def last(self):
        return self.screen().split('\n')[-1]

    def prompts(self):
        title = tmux('display-message', '-p', '-t', self.name, '#{pane_title}')
        return int(title) if title.strip().isdigit() else 0

    def see(self, pattern, timeout=4.0, history=False):
        """Wait until the pattern is on the screen."""
        return wait(lambda: re.search(pattern, self.screen(history), re.M), timeout)

    def settle(self, timeout=4.0, since=None, quiet=None):
        """Wait for a prompt (a new one: more than `since`); -> the screen.

        Without a counter, or if quiet is given: until nothing has changed for
        that long, for what comes after a prompt or instead of one.
        """
        if quiet is None:
            quiet = 0 if self.counts and since is not None else 0.15
        deadline = time.monotonic() + timeout * PATIENCE
        seen, at = None, time.monotonic()
        while time.monotonic() < deadline:
            screen = self.screen()
            if screen != seen:
                seen, at = screen, time.monotonic()
            if PROMPT.match(screen.split('\n')[-1]) and \
               time.monotonic() - at >= quiet and \
               (since is None or not self.counts or self.prompts() > since):
                # the title came first: what is on the screen now is the end
                return self.screen() if since is not None else screen
            time.sleep(0.01)
        return seen

    def line(self, text, timeout=4.0, quiet=None):
        """Type a line and Enter, wait for the prompt; -> what it printed."""
        before, since = self.screen(), self.prompts() if self.counts else 0
        keys = ['send-keys', '-t', self.name, '-l', '--', text, ';'] if text else []
        tmux(*keys, 'send-keys', '-t', self.name, 'Enter')
        if not self.counts:
            wait(lambda: self.screen() != before, 1)
            wait(lambda: not PROMPT.match(self.last()), 0.2)
        rows = self.settle(timeout, since, quiet).split('\n')
        n = len(before.split('\n'))
        return '\n'.join(rows[n:-1] if PROMPT.match(rows[-1]) else rows[n:])

    def enter(self, text, pattern, timeout=4.0):
        """Type a line that shows something and goes on running."""
        self.type(text)
        self.keys('Enter')
        return self.see(pattern, timeout)

    def interrupt(self, *keys, timeout=4.0):
        """Keys that end what is running; -> the screen with the next prompt."""
        since = self.prompts()
        self.keys(*keys)
        return self.settle(timeout, since)

    def status(self):
        m = PROMPT.match(self.last())
        return int(m.group(1)) if m else None

    def cwd(self):
        return self.last().split(' ')[0]


def main(shell, functions, quick):
    """Run the functions (or those named as arguments) for a shell."""
    wanted = sys.argv[1:]
    setup()
    Guest()
    for f in functions:
        if f.__name__ not in wanted if wanted else QUICK and f not in quick:
            continue
        try:
            f(shell)
        except Exception as e:
            traceback.print_exc()
            check(f'{shell}: {f.__name__}: {e!r}', False)
    end()
