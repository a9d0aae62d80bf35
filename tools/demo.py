#!/usr/bin/env python3
"""The demo: types into a zsh, shows what the zsh shows, and says who did it.

Everything of machine's lies in a home of its own (~/.cache/machine-demo), so
that the demo leaves the user's machines, decisions and startup files alone.
"""
import os
import re
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, TOP + '/tests/e2e')
from lab import BOOT, Lab, Shell, read  # noqa: E402

HELLO = TOP + '/examples/hello'
started = last = time.monotonic()
times = []


def lap(what):
    global last
    now = time.monotonic()
    times.append((now - last, what))
    last = now


def show(prompt, text, out=''):
    print(f'{prompt} $ {text}')
    if out:
        print(out.rstrip('\n'))
    sys.stdout.flush()


def say(text):
    print(f'\x1b[2m# {text}\x1b[0m' if sys.stdout.isatty() else f'# {text}',
          flush=True)


def main():
    lab = Lab('demo', os.path.expanduser('~/.cache/machine-demo'), HELLO)
    sh = Shell(lab, cwd=TOP)
    host = {'name': os.uname().nodename, 'kernel': os.uname().release,
            'boot id': read('/proc/sys/kernel/random/boot_id').strip()}
    guest = {}

    def line(text, timeout=BOOT):
        prompt = f'{sh.place} [{sh.status}]'
        out = sh.line(text, timeout)
        show(prompt, text, out)
        return out

    def where():
        """Who runs a line just now: asked by a line, not assumed."""
        out = sh.line('uname -n; uname -r; cat /proc/sys/kernel/random/boot_id')
        return dict(zip(host, out.split('\n')))

    def guest_line(text):
        """With the mark of who ran it; last, so that its status is seen."""
        nonlocal guest
        guest = where()
        line(text)
        mark = (guest['name'].startswith('lima-m-') and
                re.fullmatch('[0-9a-f-]{36}', guest.get('boot id', '')) and
                all(guest[k] != host[k] for k in host))
        say(f'in the VM: {guest["name"]}, kernel {guest["kernel"]}, boot id '
            f'{guest["boot id"]}' if mark else 'ON THE HOST')
        return bool(mark)

    say('zsh, with `eval "$(machine hook zsh)"` in its .zshrc')
    line('uname -n')
    line('cd examples/hello')
    prompt = f'{sh.place} [{sh.status}]'
    sh.p.send('machine allow\r')
    sh.p.expect(r'\[y/N/e\(dit\)/d\(eny\)\] ')
    question = sh.p.after
    shown = re.sub(r'^[^\n]*\n', '', sh.p.before.replace('\r', ''))
    sh.p.send('y\r')
    show(prompt, 'machine allow', f'{shown}{question}y{sh.prompt(60)[1:]}')
    lap('reading and allowing')
    say('the first line waits for the VM; this one is made from nothing')
    line('true')
    lap('from nothing to the first output of the VM')
    ok = all([guest_line(text) for text in (
        'uname -a', 'cat /etc/os-release', 'echo $GREETING; cat /etc/hello',
        'sort words.txt | uniq -c > counted; cat counted', "sh -c 'exit 7'")])
    lap('five lines in the VM, each after one that asked who runs it')
    line('cd ..')
    line('uname -n')
    check = where()
    lap('and out again')

    print()
    ok = ok and check == host
    for key in host:
        say(f'{key:8} in the project {guest.get(key)}, outside {check.get(key)}')
    counted = HELLO + '/counted'
    ok = ok and os.path.exists(counted) and read(counted).split() == '2 one project 1 one virtual machine'.split()
    if ok:
        say(f'{counted} was written in the VM and is here')
        os.unlink(counted)
    print()
    for seconds, what in times:
        say(f'{seconds:7.1f} s  {what}')
    sh.close()
    lab.machine('destroy', '--yes', cwd=HELLO)
    say('the VM is removed again; in a project of yours: machine init')
    if not ok:
        sys.exit('machine: the demo did not do what it shows')


main()
