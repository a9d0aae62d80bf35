#!/usr/bin/env python3
"""Random deaths: the connection is cut at any byte, the client or the agent is
killed at any time. Nothing hangs, no status is wrong, "nothing was run" is true,
and the next command works. TAP. death.py CLIENT RELAY GUEST DIR ROUNDS [SEED]"""
import itertools
import os
import random
import select
import signal
import socket
import subprocess
import sys
import time

CLIENT, RELAY, GUEST, TOP = (os.path.abspath(a) for a in sys.argv[1:5])
ROUNDS, SEED = int(sys.argv[5]), int(sys.argv[6]) if len(sys.argv) > 6 else 1
LIMIT = 30 # seconds that a command may take on a busy host; a hang is more
rng, COUNT = random.Random(SEED), itertools.count()
COMMAND = ["sh", "-c", "echo x >>$MARK; cat; echo err >&2; exit 7"]
INPUT = b"input\n" * 50


def directory(name):
    path = f"{TOP}/{name}"
    os.makedirs(path, mode=0o700, exist_ok=True)
    return path


def start(way, **kw):
    # Its own: what an earlier one does late is not this one's.
    kw["env"] = dict(os.environ, MARK=f"{TOP}/mark{next(COUNT)}")
    p = subprocess.Popen([CLIENT, "-o", "wait=20000", way, "exec", *COMMAND], stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, **kw)
    p.mark = kw["env"]["MARK"]
    return p


def check(process, may_die=False):
    """A wrong end is a text."""
    try:
        out, err = process.communicate(INPUT, timeout=LIMIT)
    except subprocess.TimeoutExpired:
        process.kill()
        return "it hangs"
    if may_die and process.returncode == -signal.SIGKILL:
        return None
    if process.returncode == 7:
        return None if out == INPUT and err == b"err\n" else f"7, but it printed {out!r} {err!r}"
    if process.returncode != 125:
        return f"status {process.returncode}, {err!r}"
    if b"nothing was run" in err:
        time.sleep(0.02) # if it runs after all it does so now
        return None if not os.path.exists(process.mark) else "it says that nothing was run, but something was"
    return None if b"may have run" in err else f"125 without a reason: {err!r}"


class Cutter:
    """A way to the agent that ends after some bytes in one of the directions."""

    def __init__(self, path, to):
        self.to, self.listener = to, socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(8)

    def serve(self, process, up, down):
        """One connection; returns what went through."""
        left, passed = {"up": up, "down": down}, {"up": 0, "down": 0}
        while not select.select([self.listener], [], [], 0.05)[0]:
            if process.poll() is not None:
                return passed
        client, agent = self.listener.accept()[0], socket.socket(socket.AF_UNIX)
        agent.connect(self.to)
        while True:
            for s in select.select([client, agent], [], [], LIMIT)[0]:
                way = "up" if s is client else "down"
                try:
                    data = s.recv(65536)[:left[way]]
                    if data:
                        (agent if s is client else client).sendall(data)
                except OSError:
                    data = b""
                left[way] -= len(data)
                passed[way] += len(data)
                if not data or not left[way]:
                    client.close()
                    agent.close()
                    return passed


def cuts(agent_socket):
    way = directory("cut")
    cutter, endless = Cutter(f"{way}/fwd.sock", agent_socket), 1 << 60
    p = start(way)
    p.stdin.write(INPUT)
    p.stdin.close()
    p.stdin = None
    total = cutter.serve(p, endless, endless)
    p.wait()
    for i in range(ROUNDS):
        which = rng.choice(["up", "down"])
        # Most of what goes up is padding.
        first = 0 if which == "down" or rng.random() < 0.1 else 32700
        at = rng.randint(first + 1, total[which])
        p = start(way)
        pid = os.fork()
        if pid == 0:
            cutter.serve(p, at if which == "up" else endless, at if which == "down" else endless)
            os._exit(0)
        wrong = check(p)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        if wrong:
            return f"round {i}, cut at byte {at} of {total[which]} {which}: {wrong}"
    return None


def after(way):
    p = start(way)
    wrong = check(p)
    return wrong or (None if p.returncode == 7 else f"the next command: {p.returncode}")


def kills(way, victim, rounds):
    for i in range(rounds):
        p = start(way)
        time.sleep(rng.random() * 0.03)
        victim(p)
        wrong = check(p, may_die=True) or after(way)
        if wrong:
            return f"round {i}: {wrong}"
    return None


def report(n, what, wrong):
    print(f"{'not ' if wrong else ''}ok {n} - {what}", flush=True)
    if wrong:
        print(f"# seed {SEED}: {wrong}", flush=True)
    return bool(wrong)


def main():
    ways = directory("ports")
    agent = subprocess.Popen([GUEST, "agent", "--socket", f"{TOP}/agent.sock", "--dir", f"{TOP}/run"])
    relay = subprocess.Popen([RELAY, ways, "2", GUEST, "agent", "--dir", f"{TOP}/run2"], stdout=subprocess.PIPE)
    relay.stdout.readline()
    while not os.path.exists(f"{TOP}/agent.sock"):
        time.sleep(0.01)
    os.symlink(f"{TOP}/agent.sock", f"{directory('direct')}/fwd.sock")
    failed = report(1, f"{ROUNDS} connections cut at any byte", cuts(f"{TOP}/agent.sock"))
    failed |= report(2, f"{ROUNDS // 2} clients killed on ports", kills(ways, lambda p: p.kill(), ROUNDS // 2))
    failed |= report(3, f"{ROUNDS // 4} clients killed on sockets",
                     kills(f"{TOP}/direct", lambda p: p.kill(), ROUNDS // 4))
    failed |= report(4, f"{ROUNDS // 4} agents killed",
                     kills(ways, lambda p: relay.send_signal(signal.SIGUSR1), ROUNDS // 4))
    print("1..4")
    alive = agent.poll() is None
    agent.terminate()
    relay.terminate()
    agent.wait()
    relay.wait()
    return failed or not alive


sys.exit(main())
