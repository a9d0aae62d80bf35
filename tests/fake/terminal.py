#!/usr/bin/env python3
"""terminal.py WAIT SEND CMD...: run CMD on a terminal of its own; when WAIT has
appeared there (at once if it is empty), type SEND (\\n, \\x04 ... are Python's).
Prints all that came to the terminal and ends with the status of CMD."""
import os
import pty
import select
import sys
import time

wait = sys.argv[1].encode()
sends = sys.argv[2].encode().decode("unicode_escape").encode("latin-1").split(b"\x1f")
pid, fd = pty.fork()
if pid == 0:
    os.execvp(sys.argv[3], sys.argv[3:])
seen, sent, end = b"", 0, time.monotonic() + 20
while time.monotonic() < end:
    if sent < len(sends) and (seen.count(wait) if wait else 1) > sent:
        os.write(fd, sends[sent])
        sent += 1
    if select.select([fd], [], [], 0.5)[0]:
        try:
            data = os.read(fd, 65536)
        except OSError:
            data = b""
        if not data:
            break
        seen += data
else:
    os.kill(pid, 9)
    seen += b"\n[terminal.py: the time is up]\n"
sys.stdout.buffer.write(seen)
sys.stdout.flush()
status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
sys.exit(status if status >= 0 else 128 - status)
