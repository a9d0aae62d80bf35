#!/usr/bin/env python3
"""Golden images in a real VM: tools, what they share, what outlives a session."""
import json
import os
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lab import *  # noqa: E402,F403

TOOLS = 'tools: [git, node, claude-code, codex, docker]\n'
lab = Lab('tools')
project = lab.project('one', 'memory: 2GiB\n' + TOOLS + '''
volumes: {data: {at: /srv/data, size: 1GiB}}
workspace: {private: [node_modules]}
''')


def allow(where):
    r = lab.machine('allow', '--hash', lab.status(where)['hash'], cwd=where)
    return r.returncode == 0 or r


def guest(script, where=project):
    r = lab.machine('run', 'sh', '-c', script, cwd=where)
    return r.stdout if r.returncode == 0 else f'{r.returncode} {r.stdout}{r.stderr}'


def layers(kind):
    return sorted(n for n in os.listdir(lab.home + '/data/layers')
                  if n.startswith(kind + '-') and '.' not in n)


# ---- a bake that fails ------------------------------------------------------

broken = lab.project('broken', 'packages: [no-such-package-anywhere]\n')
allow(broken)
r = lab.machine('start', cwd=broken)
check('a package that does not exist: which, and what was said', r.returncode == 1 and
      'packages cannot be installed' in r.stderr and
      'no-such-package-anywhere' in r.stderr, r)
check('no layer of it is there', not layers('g') and
      not [n for n in os.listdir(lab.home + '/data/layers') if n.endswith('.new')])
# The VM was ended by force, and the master of Lima's connection ends by itself when it sees that.
wait(lambda: not lab.processes(), LINE)
left = [n for n in os.listdir(lab.home + '/data/lima') if n[0] != '_']
check('nor a VM', not lab.processes() and not left, lab.processes() + left)
check('the base is kept', len(layers('b')) == 1, layers('b'))

# ---- tools ------------------------------------------------------------------

check('allowed', allow(project) is True)
begin = time.monotonic()
r = lab.machine('start', cwd=project)
note('a golden image with five tools: %.0f s' % (time.monotonic() - begin))
check('it starts', r.returncode == 0, r)
for command, begins in (('git --version', 'git version'), ('node --version', 'v'),
                        ('npm --version', ''), ('claude --version', ''),
                        ('codex --version', 'codex')):
    out = guest(command)
    check(f'{command} works', out.startswith(begins) and out[:1] != '1 ' and
          any(c.isdigit() for c in out) and '\n' in out and len(out) < 80, out)
check('a coding agent has its state where it outlives the VM', guest(
    'echo $CLAUDE_CONFIG_DIR; mountpoint -q ~/.claude && echo kept').endswith(
        '/.claude\nkept\n'), guest('echo $CLAUDE_CONFIG_DIR; mount'))

# An image that nothing has to be fetched for: one static program. Docker starts behind the first line.
out = guest('until docker info >/dev/null 2>&1; do sleep 1; done; '
            'tar -C / -c bin/busybox | docker import - small >/dev/null && '
            'docker run --rm small /bin/busybox echo in a container')
check('docker runs an image that was imported', out == 'in a container\n', out)

# ---- what is kept, what is not ----------------------------------------------

check('a volume is at its place, and the user\'s', guest(
    'stat -c %U /srv/data; df -P /srv/data | tail -1 | cut -c 1-5; id -un').split()[0] ==
    guest('id -un').strip())
guest('echo kept >/srv/data/file; echo lost >~/file; sudo sh -c "echo lost >/etc/file"; '
      'echo private >node_modules/file; echo hello >~/.claude/state')
check('a private directory is the guest\'s own', os.listdir(project + '/node_modules') == [],
      os.listdir(project))
status = lab.machine('status', cwd=project).stdout
check('status says what a stop discards', 'discarded' in status, status)
check('stop', lab.machine('stop', cwd=project).returncode == 0)
begin = time.monotonic()
out = guest('cat /srv/data/file node_modules/file ~/.claude/state; '
            'cat ~/file /etc/file 2>&1 | grep -c "No such file"')
note('stopped to output: %.1f s' % (time.monotonic() - begin))
check('the volume, the private directory and the agent\'s state are there, the rest is new',
      out == 'kept\nprivate\nhello\n2\n', out)

# ---- a second project -------------------------------------------------------

before = layers('g')
other = lab.project('two', 'memory: 1GiB\n' + TOOLS)
allow(other)
begin = time.monotonic()
out = guest('node --version', other)
note('a second project, from nothing to output: %.1f s' % (time.monotonic() - begin))
check('a second project has the tools at once', out.startswith('v'), out)
check('from the same image', layers('g') == before and len(before) == 1, layers('g'))
lab.machine('stop', cwd=other)
r = lab.machine('image', 'prune', '--yes', cwd=project)
check('an image that is in use is not pruned', r.returncode == 0 and layers('g') == before, r)
df = json.loads(lab.machine('df', '--json', cwd=project).stdout)
check('df counts it once', sum(1 for e in df['entries'] if e['name'] in before[0] or
                               before[0].startswith(e['name'])) == 1, df)

# ---- a crash of everything --------------------------------------------------

guest('echo more >>/srv/data/file; sync')
for pid, _ in lab.processes():
    try:
        os.kill(pid, signal.SIGKILL)
    except OSError:
        pass
out = guest('cat /srv/data/file')
check('after a power cut the volume is whole, and the next line runs', out == 'kept\nmore\n', out)

# ---- destroy ----------------------------------------------------------------

r = lab.machine('destroy', '--yes', cwd=project)
check('destroy keeps the volumes', r.returncode == 0 and 'data' in lab.machine(
    'volume', 'list', cwd=project).stdout, r)
out = guest('cat /srv/data/file')
check('for the next VM', out == 'kept\nmore\n', out)
r = lab.machine('destroy', '--volumes', '--yes', cwd=project)
check('and removes them when it is told to', r.returncode == 0 and 'data' not in lab.machine(
    'volume', 'list', cwd=project).stdout, r)
lab.machine('destroy', '--yes', cwd=other)
check('no process is left', not lab.processes(), lab.processes())
end()
