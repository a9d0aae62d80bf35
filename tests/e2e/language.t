#!/usr/bin/env python3
"""What the keys of a Machinefile do in a real VM."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lab import *  # noqa: E402,F403

lab = Lab('lang')
project = lab.project('p', f'''memory: 1GiB
disk: 4GiB
packages: [jq]
pass_env: [PASSED]
mounts:
  - {{from: data, to: /srv/data, mode: ro}}
  - {{from: {lab.work}/outside, to: /srv/outside, mode: rw}}
ready: {{tcp: 8080, timeout: 5m}}
provision:
  - scripts/setup.sh
  - run: |
      cat >~/odd <<'EOF'
      {{{{.Names}}}} {{{{range}}}} $(touch ~/pwned) `x` "'\\ %s
      EOF
  - name: server
    when: start
    as: root
    run: systemd-run --quiet --unit=web systemd-socket-activate -l 8080 /bin/cat
  - name: dependencies
    when: change
    watch: [deps.txt]
    run: cat deps.txt >>~/seen
''')
for d in ('data', 'scripts', '../outside'):
    os.mkdir(f'{project}/{d}')
write(project + '/data/in', 'data\n')
write(project + '/deps.txt', 'one\n')
write(project + '/scripts/setup.sh', '#!/bin/bash\n[[ x ]] && echo $BASH_VERSION >~/setup\n')
lab.env['PASSED'] = 'sesame'


def allow():
    return lab.machine('allow', '--hash', lab.status(project)['hash'], cwd=project)


def guest(script):
    r = lab.machine('run', 'sh', '-c', script, cwd=project)
    return r.stdout if r.returncode == 0 else f'{r.returncode} {r.stdout}{r.stderr}'


r = allow()
check('allowed by its hash', r.returncode == 0, r)
r = lab.machine('start', cwd=project)
check('it starts, and waits for its port', r.returncode == 0, r)
check('packages are installed', guest('jq --version').startswith('jq-'))
check('a script of the project has run, by its #!', guest('cat ~/setup')[0].isdigit())
check('a step arrives byte for byte, templates of Lima and all',
      guest('cat ~/odd; ls ~/pwned 2>&1 | grep -c cannot') ==
      '{{.Names}} {{range}} $(touch ~/pwned) `x` "\'\\ %s\n1\n', guest('cat ~/odd'))
check('so has the step of a start', 'active' in guest('systemctl is-active web || :'))
check('and the one of a change', guest('cat ~/seen') == 'one\n')
check('a variable of the host is passed by name', guest('echo $PASSED') == 'sesame\n')
check('others are not', guest('echo ${HOST_SECRET-none}') == 'none\n')
check('a mount to read', guest('cat /srv/data/in') == 'data\n' and
      'Read-only' in guest('touch /srv/data/x'))
guest('echo hi >/srv/outside/made')
check('a mount to write, outside of the project',
      read(lab.work + '/outside/made') == 'hi\n')

# A change of what is watched is looked at by `start`; nothing else runs again.
write(project + '/deps.txt', 'two\n')
r = lab.machine('start', cwd=project)
check('what watches runs again', guest('cat ~/seen') == 'one\ntwo\n', r)
r = lab.machine('start', cwd=project)
check('once', guest('cat ~/seen') == 'one\ntwo\n', r)

# A script that was approved is not what it says now.
write(project + '/scripts/setup.sh', '#!/bin/bash\necho changed >~/setup\n')
status = lab.status(project)
check('a changed script is a change', status['trust'] == 'changed', status)
check('the VM goes on', guest('cat ~/setup')[0].isdigit())
r = lab.machine('stop', cwd=project)
r = lab.machine('start', cwd=project)
check('nothing starts with it', r.returncode == 1 and
      'scripts/setup.sh has changed' in r.stderr, r)

# What cannot be done is never ignored.
write(project + '/Machinefile', 'network: {egress: none}\n')
allow()
r = lab.machine('start', cwd=project)
check('a key without effect refuses the start', r.returncode == 1 and
      'cannot do yet: network.egress' in r.stderr, r)
write(project + '/Machinefile', 'mounts: [{from: link, to: /srv/l, mode: ro}]\n')
os.symlink(lab.work + '/outside', project + '/link')
allow()
r = lab.machine('start', cwd=project)
check('a mount by a link that leads out is refused', r.returncode == 1 and
      'leads to' in r.stderr, r)

lab.machine('destroy', '--yes', cwd=project)
check('and nothing is left', not lab.processes())
end()
