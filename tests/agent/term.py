"""A terminal to test with: a pty, pyte's idea of the screen, and a second reader
of the same bytes that obeys everything a real terminal would obey (clipboard,
title reports, answers), written independently of the filter."""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time

import pyte


class Obedient:
    """What a terminal would have done and answered, on seeing these bytes."""

    STRING = re.compile(
        rb"(?:\x1b([\]P_^X])|\xc2([\x9d\x90\x9f\x9e\x98]))"
        rb"((?:[^\x07\x1b\xc2]|\xc2[^\x9c]|\x1b(?=\x1b))*)(?:\x07|\x1b\\|\xc2\x9c)", re.S)
    CSI = re.compile(rb"(?:\x1b\[|\xc2\x9b)([<-?]?)([0-9;:]*)([ -/]*)([@-~])")

    def __init__(self):
        self.title, self.clipboard, self.harm, self.answers = b"", None, [], b""
        self.modes = set()

    def string(self, kind, text):
        kind = {b"\x9d": b"]", b"\x90": b"P", b"\x9f": b"_"}.get(kind, kind)
        if kind == b"]":
            number, _, rest = text.partition(b";")
            if number in (b"0", b"1", b"2"):
                self.title = rest
            elif number.lstrip(b"0") == b"52":
                self.clipboard = rest
                self.harm.append("clipboard")
                if rest.endswith(b"?"):
                    self.answers += b"\x1b]52;c;ZWNobyBoaQ==\x07"
            elif rest.endswith(b"?"):
                self.answers += b"\x1b]" + number + b";rgb:0/0/0\x07"
            elif number in (b"7", b"9", b"50", b"99", b"133", b"633", b"777", b"1337"):
                self.harm.append("osc " + number.decode())
            elif number == b"8" and b";file:" in text:
                self.harm.append("link")
        elif kind == b"P":
            if text.startswith(b"$q"):
                self.answers += b"\x1bP1$r" + text[2:] + b"\x1b\\"
            elif text.startswith(b"+q"):
                self.answers += b"\x1bP1+r" + text[2:] + b"=00\x1b\\"
            elif b"|" in text or b"tmux;" in text:
                self.harm.append("dcs")
        elif kind == b"_":
            self.harm.append("apc")
            self.answers += b"\x1b_Gi=1;OK\x1b\\"

    def csi(self, prefix, params, inter, final):
        if final in b"hl" and prefix == b"?":
            for p in params.split(b";"):
                (self.modes.add if final == b"h" else self.modes.discard)(p.decode())
        if inter == b"" and final == b"c":
            self.answers += b"\x1b[?62;c"
        elif inter == b"" and final == b"n" and prefix != b">":
            self.answers += b"\x1b[0n" if params == b"5" else b"\x1b[1;1R"
        elif inter == b"" and final == b"t":
            op = params.split(b";")[0]
            if op in (b"20", b"21"):
                self.answers += b"\x1b]l" + self.title + b"\x1b\\"
            elif op in (b"11", b"13", b"14", b"15", b"16", b"18", b"19"):
                self.answers += b"\x1b[8;24;80t"
            elif op not in (b"22", b"23"):
                self.harm.append("window")
        elif final == b"p" and b"$" in inter:
            self.answers += b"\x1b[" + prefix + params + b";1$y"
        elif final == b"y" and b"*" in inter:
            self.answers += b"\x1bP1!~0000\x1b\\"
        elif final == b"q" and prefix == b">":
            self.answers += b"\x1bP>|xterm\x1b\\"
        elif final == b"u" and prefix == b"?":
            self.answers += b"\x1b[?0u"
        elif final == b"x" and inter == b"":
            self.answers += b"\x1b[2;1;1;120;120;1;0x"
        elif final == b"i":
            self.harm.append("print")

    def feed(self, data):
        i = 0
        while i < len(data):
            c = data[i:i + 1]
            if c == b"\x05":
                self.answers += b"answerback"
            elif c in (b"\x1b", b"\xc2"):
                for pattern, act in ((self.STRING, self.on_string), (self.CSI, self.on_csi)):
                    m = pattern.match(data, i)
                    if m:
                        act(m)
                        i = m.end() - 1
                        break
                else:
                    if data[i:i + 2] in (b"\x1bZ", b"\xc2\x9a"):
                        self.answers += b"\x1b[?62;c"
            i += 1

    def on_string(self, m):
        self.string(m.group(1) or m.group(2), m.group(3))

    def on_csi(self, m):
        self.csi(*m.groups())

    def take(self):
        answers, self.answers = self.answers, b""
        return answers


class Term:
    def __init__(self, argv, env=None, rows=24, cols=80, answers=True):
        self.screen = pyte.Screen(cols, rows)
        self.stream = pyte.ByteStream(self.screen)
        self.obedient, self.answers = Obedient(), answers
        self.raw, self.log = b"", b""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvpe(argv[0], argv, env or os.environ)
        self.resize(rows, cols)

    def resize(self, rows, cols):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))
        self.screen.resize(rows, cols)

    def send(self, data):
        os.write(self.fd, data if isinstance(data, bytes) else data.encode())

    def pump(self, seconds=0.05):
        if not select.select([self.fd], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            return False
        self.raw += data
        self.log += data
        # A sequence that is still under way waits for its end.
        cut = self.raw.rfind(b"\x1b", max(0, len(self.raw) - 300))
        whole = len(self.raw) if cut < 0 or self.complete(self.raw[cut:]) else cut
        part, self.raw = self.raw[:whole], self.raw[whole:]
        self.obedient.feed(part)
        # pyte stops at what it does not know; the screen wants text and movement.
        self.stream.feed(Obedient.STRING.sub(b"", re.sub(rb"\x1b\[[<-?>=][0-9;:]*[a-gi-km-z]", b"", data)))
        if self.answers:
            reply = self.obedient.take()
            if reply:
                self.send(reply)
        return bool(data)

    @staticmethod
    def complete(tail):
        if len(tail) == 1 or re.fullmatch(rb"\x1b\[[<-?]?[0-9;:]*[ -/]*", tail):
            return len(tail) > 250
        return tail[1:2] not in b"]P_^X" or Obedient.STRING.match(tail) or len(tail) > 250

    def text(self):
        return "\n".join(line.rstrip() for line in self.screen.display).rstrip()

    def wait(self, what, seconds=20):
        """Until a text (or what a function looks for) is on the screen."""
        end = time.monotonic() + seconds
        test = what if callable(what) else lambda: what in self.text()
        while not test():
            if time.monotonic() > end:
                raise TimeoutError(f"waited for {what!r}; the screen:\n{self.text()}\nthe last bytes: {self.log[-400:]!r}")
            self.pump()

    def settings(self):
        return termios.tcgetattr(self.fd)

    def close(self):
        try:
            os.kill(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        os.close(self.fd)
        os.waitpid(self.pid, 0)


class Shell(Term):
    """bash on such a terminal, whose prompt says the last status."""

    def __init__(self, cwd, variables, **kw):
        env = dict(os.environ, TERM="xterm-256color", PS1="", LC_ALL="C.UTF-8", **variables)
        super().__init__(["bash", "--norc", "--noprofile", "-i"], env, **kw)
        self.count = 0
        self.send(f"cd '{cwd}'; bind 'set enable-bracketed-paste off'; PS1='\\n<$?>$((++prompts)) '\n")
        self.wait(lambda: self.prompt(1))
        self.count = 1

    def prompt(self, n):
        m = re.findall(r"<(\d+)>(\d+)(?: |$)", self.text(), re.M)
        return m and int(m[-1][1]) >= n

    def start(self, line):
        self.send(line + "\n")

    def end(self, seconds=20):
        """Until the next prompt; the status before it."""
        self.count += 1
        self.wait(lambda: self.prompt(self.count), seconds)
        found = re.findall(r"<(\d+)>(\d+)(?: |$)", self.text(), re.M)[-1]
        self.count = int(found[1])
        return int(found[0])

    def run(self, line, seconds=20):
        self.start(line)
        return self.end(seconds)
