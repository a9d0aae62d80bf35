#!/usr/bin/env python3
"""The terminal of a command that runs over an agent, seen from the user's side:
a shell on a terminal with a screen model. TAP. terminal.py CLIENT DIR WORK"""
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from term import Obedient, Shell  # noqa: E402

CLIENT, DIR, TOP = (os.path.abspath(a) for a in sys.argv[1:4])
WORK = TOP # one below for each test
TESTS = []


def test(f):
    TESTS.append(f)
    return f


def shell(**kw):
    return Shell(WORK, {"C": f"{CLIENT} -o run={WORK}/run -o cwd={WORK} -t {DIR} exec",
                        "P": f"{CLIENT} -o run={WORK}/run -o cwd={WORK} {DIR} exec",
                        "L": f"{CLIENT} -o run={WORK}/run -o cwd={WORK} -o result={WORK}/result {DIR} line"}, **kw)


def file(name, text=None):
    path = os.path.join(WORK, name)
    if text is None:
        with open(path, encoding="utf-8") as f:
            return f.read()
    with open(path, "w", encoding="utf-8") as f:
        return f.write(text)


def is_sane(s, before):
    s.wait(lambda: s.settings() == before)
    left = s.obedient.modes & {"1", "47", "1047", "1049", "1000", "1002", "1003", "1006", "2004"}
    assert not left, f"modes are left on: {left}"


def client_pid(s):
    out = subprocess.run(["ps", "--ppid", str(s.pid), "-o", "pid="], capture_output=True, text=True, check=False).stdout
    return int(out.split()[0])


@test
def a_command_has_the_size_of_the_terminal(s):
    assert s.run("$C stty size") == 0
    s.wait("24 80")
    assert s.run("$C tty -s") == 0
    assert s.run("$P tty -s") == 1


@test
def a_resize_arrives(s):
    s.start("""$C sh -c 'trap "stty size" WINCH; echo up; while :; do sleep 0.05; done'""")
    s.wait("\nup")
    s.resize(30, 100)
    s.wait("30 100")
    s.send(b"\x03")
    assert s.end() == 130


@test
def control_c_and_control_backslash(s):
    before = s.settings()
    s.start("$C sh -c 'echo up; exec sleep 100'")
    s.wait("\nup")
    s.send(b"\x03")
    assert s.end() == 130
    s.start("$C sh -c 'echo again; exec sleep 100'")
    s.wait("\nagain")
    s.send(b"\x1c")
    assert s.end() == 131
    s.start("$P sh -c 'echo pipes; exec sleep 100'")
    s.wait("\npipes")
    s.send(b"\x03")
    assert s.end() == 130
    is_sane(s, before)


@test
def control_z_stops_both_and_fg_goes_on(s):
    before = s.settings()
    s.start("$C sh -c 'echo up; read x; echo got:$x'")
    s.wait("\nup")
    s.send(b"\x1a")
    s.end()
    s.wait("Stopped")
    is_sane(s, before)
    s.start("fg")
    s.wait(lambda: s.settings() != before)
    s.send("abc\r")
    s.wait("\ngot:abc")
    assert s.end() == 0
    is_sane(s, before)


@test
def control_z_stops_a_command_on_pipes(s):
    s.start("$P sh -c 'while :; do date +%N >beat; sleep 0.05; done'")
    s.wait(lambda: os.path.exists(f"{WORK}/beat"))
    s.send(b"\x1a")
    s.end()
    s.wait("Stopped")
    time.sleep(0.3)
    beat = file("beat")
    time.sleep(0.3)
    assert beat == file("beat"), "it runs on"
    s.start("fg")
    s.wait(lambda: file("beat") not in ("", beat))
    s.send(b"\x03")
    assert s.end() == 130


@test
def in_the_background_it_neither_reads_nor_stops(s):
    before = s.settings()
    assert s.run("$C sh -c 'sleep 0.2; echo done >bg' & ") == 0
    s.run("echo typed; wait %1")
    s.wait("typed")
    assert file("bg") == "done\n"
    assert s.run("$P sh -c 'sleep 0.2; echo done2 >bg' & wait $!") == 0
    assert file("bg") == "done2\n"
    is_sane(s, before)


@test
def vim_edits_and_leaves_the_screen_as_it_was(s):
    before = s.settings()
    s.run("echo landmark")
    s.start("$C vim -u NONE -N text")
    s.wait("~")
    s.send("ihello w\u00f6rld\x1b")
    s.wait("hello w\u00f6rld")
    seen = len(s.log)
    s.resize(20, 70)
    s.wait(lambda: len(s.log) > seen) # it draws anew
    s.send(":set lines? columns?\r")
    s.wait("lines=20")
    s.send("\r:wq\r")
    assert s.end() == 0
    assert file("text") == "hello w\u00f6rld\n"
    is_sane(s, before)


@test
def less_moves_and_quits(s):
    before = s.settings()
    file("long", "".join(f"row {i}\n" for i in range(1, 501)))
    s.start("$C less long")
    s.wait("row 20")
    s.send("G")
    s.wait("row 500")
    s.send("q")
    assert s.end() == 0
    is_sane(s, before)


@test
def python_and_its_interrupt(s):
    s.start("$C /usr/bin/python3 -q")
    s.wait(">>>")
    s.send("print(6*7)\r")
    s.wait("\n42")
    s.send("import time; time.sleep(60)\r")
    time.sleep(0.3)
    s.send(b"\x03")
    s.wait("KeyboardInterrupt")
    s.send("exit(5)\r")
    assert s.end() == 5


@test
def top_draws(s):
    s.start("$C top -d 0.5")
    s.wait("PID")
    s.send("q")
    assert s.end() == 0


@test
def a_secret_is_not_shown(s):
    s.start("$C bash -c 'stty -echo; echo up; read -s x; stty echo; echo got:${#x}'")
    s.wait("\nup")
    s.send("hunter2\r")
    s.wait("\ngot:7")
    assert s.end() == 0
    assert "hunter2" not in s.text()


@test
def utf8_and_colours_pass(s):
    file("colours", "\033[38;5;208m\u00e4\u20ac\u65e5\u672c\033[0m\033[1;31mred\033[m\n")
    assert s.run("$C cat colours") == 0
    s.wait("\u00e4\u20ac\u65e5")
    assert b"\x1b[38;5;208m" in s.log


@test
def a_paste_arrives_in_brackets(s):
    s.start("""$C bash -c 'printf "\\033[?2004h"; stty raw -echo; echo up; head -c 16 | od -An -c | tr -d " \\n"; stty sane; echo'""")
    s.wait("\nup")
    assert "2004" in s.obedient.modes
    s.send(b"\x1b[200~p\nq\x1b[201~x")
    s.wait("033[200~p\\nq033[201~x")
    s.end()
    assert "2004" not in s.obedient.modes


@test
def modes_are_switched_off_after_a_crash(s):
    before = s.settings()
    s.start("""$C sh -c 'printf "\\033[?1049h\\033[?25l\\033[?1000;1006h\\033[?1h\\033=crash"; kill -9 $$'""")
    assert s.end() == 137
    is_sane(s, before)
    assert "25" in s.obedient.modes


@test
def a_client_that_is_killed_leaves_nothing_for_long(s):
    before = s.settings()
    s.start("""$C sh -c 'printf "\\033[?1049h\\033[?1000h\\n"; echo up; exec sleep 100'""")
    s.wait("\nup")
    s.wait(lambda: "1000" in s.obedient.modes)
    os.kill(client_pid(s), signal.SIGKILL)
    assert s.end() == 137
    assert "1000" in s.obedient.modes # nobody could
    s.run("stty raw -echo") # as if the shell had not mended it
    s.start("$C true")
    s.wait(lambda: "1000" not in s.obedient.modes and "1049" not in s.obedient.modes)
    s.end()
    is_sane(s, before)


@test
def signals_from_outside(s):
    for signum, status in ((signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGUSR1, 138)):
        s.start("$P sh -c 'echo up; exec sleep 100'")
        s.wait("\nup")
        os.kill(client_pid(s), signum)
        assert s.end() == status
        s.run("clear")


@test
def answers_do_not_reach_the_shell(s):
    file("asks", "\033[6n\033[c\033]11;?\a\033[5n")
    assert s.run("$C cat asks") == 0
    time.sleep(0.2)
    s.pump()
    assert re.search(r"<0>\d+$", s.text().rstrip()), s.text()


@test
def a_program_gets_the_answer_that_it_asks_for(s):
    s.start("""$C bash -c 'stty raw -echo; printf "\\033[6n"; IFS= read -rd R x; stty sane; echo; printf %q "$x"'""")
    s.wait("E[1;1")
    assert s.end() == 0


@test
def what_was_typed_meanwhile_stays(s):
    s.start("$C sh -c 'sleep 0.3; printf \"\\033[6n\"'")
    s.end()
    s.send("echo kept")
    s.wait("echo kept")
    s.send("\n")
    s.end()
    s.wait("\nkept")


@test
def a_session_keeps_its_state(s):
    assert s.run("$L bash one 'v=42; cd /usr; f() { return 7; }'") == 0
    assert file("result").split("\n")[1] == "/usr"
    assert s.run("$L bash one 'echo v=$v; f'") == 7
    s.wait("\nv=42")
    assert s.run("$L bash two 'echo other=$v.'") == 0
    s.wait("\nother=.")
    assert file("result").split("\n")[3] == "1"
    assert s.run("$L bash one 'printf x'") == 0
    assert file("result").split("\n")[3] == "0"
    s.run("$L bash one 'exit 3'")
    assert file("result").split("\n")[0] == "3"


@test
def typed_ahead_and_read_by_nobody(s):
    s.start("$L bash ahead 'echo up; sleep 0.6'")
    s.wait("\nup")
    time.sleep(0.15)
    s.send("ls -l")
    s.end()
    assert file("result").split("\n")[2] == "ls -l", file("result")


# What must not work, and a part of it that only a terminal that obeys shows.
ATTACKS = {
    "clipboard": b"\x1b]52;c;ZWNobyBwd25lZAo=\x07", "clipboard by ST": b"\x1b]52;c;?\x1b\\",
    "clipboard by C1": b"\xc2\x9d52;c;aGk=\xc2\x9c", "title": b"\x1b]0;touch PWNED\x07\x1b[21t",
    "icon": b"\x1b]1;touch PWNED\x07\x1b[20t", "answer-back": b"\x05", "in a CSI": b"\x1b[\x05m",
    "DECRQSS": b"\x1bP$q\"p\x1b\\", "XTGETTCAP": b"\x1bP+q544e\x1b\\", "keys": b"\x1bP0;1|17/0d\x1b\\",
    "tmux": b"\x1bPtmux;\x1b\x1b]52;c;aGk=\x07\x1b\\", "kitty": b"\x1b_Gi=1,a=q;AAAA\x1b\\",
    "window": b"\x1b[3;0;0t\x1b[8;1;1t", "size": b"\x1b[18t\x1b[14t", "printer": b"\x1b[5i",
    "directory": b"\x1b]7;file://h/etc\x07", "iTerm2": b"\x1b]1337;CopyToClipboard=;\x07",
    "marks": b"\x1b]133;A\x07\x1b]633;E;rm\x07", "link": b"\x1b]8;;file:///etc/passwd\x07x\x1b]8;;\x07",
    "notification": b"\x1b]9;hi\x07\x1b]777;notify;a;b\x07", "checksum": b"\x1b[1;1;1;1;1;1*y",
    "parameters": b"\x1b[x", "DECID": b"\x1bZ", "DECID by C1": b"\xc2\x9a", "font": b"\x1b]50;?\x07",
}
# Harmless while a program takes the answer; never on a terminal that is only printed to.
QUESTIONS = {
    "attributes": b"\x1b[c\x1b[>c", "by C1": b"\xc2\x9b6n", "position": b"\x1b[6n\x1b[?6n",
    "status": b"\x1b[5n", "mode": b"\x1b[?25$p", "colour": b"\x1b]11;?\x07", "kitty's keys": b"\x1b[?u",
    "version": b"\x1b[>q", "palette": b"\x1b]4;1;?\x07",
}


@test
def the_corpus_of_attacks(s):
    s.answers = False
    for name, data in {**ATTACKS, **QUESTIONS}.items():
        with open(f"{WORK}/attack", "wb") as f:
            f.write(b"a" + data + b"b\n")
        # The control: this terminal obeys.
        s.obedient = Obedient()
        s.run("cat attack")
        assert s.obedient.harm or s.obedient.answers, f"{name}: the terminal does not obey"
        for how in ("$P cat attack", "$P cat attack </dev/null", "$P sh -c 'cat attack >&2'") + (
                ("$C cat attack",) if name in ATTACKS else ()):
            s.obedient = Obedient()
            s.run(how)
            assert not s.obedient.harm, f"{name}, {how}: {s.obedient.harm}"
            assert not s.obedient.answers, f"{name}, {how}: {s.obedient.answers}"
        s.run("clear")


def main():
    global WORK
    only, failed = sys.argv[4:], 0
    print(f"1..{len(TESTS)}", flush=True)
    for n, f in enumerate(TESTS, 1):
        if only and f.__name__ not in only:
            print(f"ok {n} - {f.__name__} # not asked for", flush=True)
            continue
        WORK = tempfile.mkdtemp(dir=TOP)
        os.mkdir(f"{WORK}/run", mode=0o700)
        s = shell()
        try:
            f(s)
            print(f"ok {n} - {f.__name__.replace('_', ' ')}", flush=True)
        except (AssertionError, TimeoutError, OSError, IndexError) as e:
            failed = 1
            print(f"not ok {n} - {f.__name__.replace('_', ' ')}", flush=True)
            for line in (repr(e) if not str(e) else str(e)).split("\n") + ["--- screen", *s.text().split("\n")]:
                print(f"# {line}", flush=True)
        finally:
            s.close()
    return failed


sys.exit(main())
