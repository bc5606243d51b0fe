# SPDX-License-Identifier: BSD-2-Clause
"""Types lines at the command line in a pseudo-terminal and returns the screen.

A transcript is the exact screen: a line that starts with a prompt holds what was typed behind it. Times are shown as
`2008-11-20 10:00:00 UTC`, the number of the terminal as `pts/0`, that of a process as 1234, secrets as they are.
The text that is typed behind `[Type ^D at a new line to end input]` ends where the answer begins. The command line runs in a
folder with a copy of test/cli/files.
"""
import contextlib
import fcntl
import os
import pathlib
import pty
import re
import select
import shutil
import struct
import subprocess
import termios
import time

import control

PROMPT = re.compile(r"^(\w+(?:@[\w.-]+)?[>#]|Exit with .*?\(yes\)|Delete .*?\(no\)) (.*)$")
READY = re.compile(rb"(?:^|\n)(?:\w+(?:@[\w.-]+)?[>#]|Exit with [^\n]*\(yes\)|Delete [^\n]*\(no\)) $")


INPUT = "[Type ^D at a new line to end input]"
ANSWER = re.compile(r"^(terminal:|warning: |load complete)")


def typed(transcript):
    """The lines that a transcript types, each with the text that follows it (None: it asks for none); an empty last prompt
    types nothing."""
    lines = []
    is_input = False
    for line in transcript.splitlines():
        m = PROMPT.match(line)
        is_input = is_input and not ANSWER.match(line)
        if is_input:
            lines[-1][1].append(line)
        elif line == INPUT:
            lines[-1] = (lines[-1][0], [])
            is_input = True
        elif m:
            lines.append((m.group(2), None))
    return lines


def home(c):
    """The folder that a command line runs in."""
    path = pathlib.Path(c.dir) / "home"
    if not path.exists():
        shutil.copytree(pathlib.Path(__file__).parent / "files", path)
    return path


def spawn(c, rows, columns, term="dumb", controlling=True):
    """Starts a command line on a terminal of that size; returns the process and the other end of the terminal."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    env = {k: v for k, v in os.environ.items() if k not in ("LINES", "COLUMNS")}
    env.update(TERM=term, INPUTRC="/dev/null", TZ="UTC")
    p = subprocess.Popen(getattr(c, "shell", None) or [control.BUILD / "cli/sallyport", "-r", c.dir], stdin=slave, stdout=slave, stderr=slave,
                         close_fds=True, env=env, start_new_session=True, cwd=home(c),
                         preexec_fn=(lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0)) if controlling else None)
    os.close(slave)
    return p, master


def play(c, lines):
    """Plays the lines and returns the screen."""
    p, master = spawn(c, 100, 200)
    screen = b""

    def read_to_prompt(start, ready=READY):
        nonlocal screen
        end = time.monotonic() + control.PATIENCE
        while time.monotonic() < end:
            r, _, _ = select.select([master], [], [], 0.05)
            if r:
                try:
                    data = os.read(master, 65536)
                except OSError:
                    return False
                if not data:
                    return False
                screen += data.replace(b"\r", b"")
            elif ready.search(screen[start:]):
                return True
        raise AssertionError("no prompt: " + screen.decode(errors="replace"))

    alive = read_to_prompt(0)
    for line, text in lines:
        if not alive:
            break
        start = len(screen)
        os.write(master, line.encode() + b"\n")
        if text is not None:
            read_to_prompt(start, re.compile(rb"end input\]\n$"))
            os.write(master, "".join(t + "\n" for t in text).encode() + b"\x04")
            start += len("".join(text))
        alive = read_to_prompt(start + len(line))
    os.close(master)
    p.wait(control.PATIENCE)
    return normal(screen.decode(errors="replace"))


def normal(screen):
    screen = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", "2008-11-20 10:00:00 UTC", screen)
    screen = re.sub(r"pts/\d+", "pts/0", screen)
    screen = re.sub(r"\(pid \d+\)", "(pid 1234)", screen)
    screen = re.sub(r"\(no tty\) at \d\d:\d\d UTC", "(no tty) at 10:00 UTC", screen)
    return "\n".join(line.rstrip() for line in screen.splitlines()).rstrip() + "\n"


class Typist:
    """Types key by key, as a person does, and looks at what each key shows."""

    def __init__(self, c, rows=24, columns=100, term="dumb", controlling=True):
        self.p, self.master = spawn(c, rows, columns, term, controlling)
        self.early = b""  # read while keys were typed
        self.seen = self.wait("> ")

    def wait(self, *ends, seconds=control.PATIENCE):
        """Reads until the screen ends with one of ENDS; returns what came."""
        got, self.early = self.early, b""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if select.select([self.master], [], [], 0.05)[0]:
                try:
                    got += os.read(self.master, 65536)
                except OSError:
                    break
            elif got.endswith(tuple(e.encode() for e in ends)):
                break
        else:
            raise AssertionError(f"{ends} do not come: " + got.decode(errors="replace"))
        return got.decode(errors="replace").replace("\r\n", "\n")

    def keys(self, text):
        """Each key but the first after the echo of the one before: what comes faster is taken for pasted."""
        for c in text:
            os.write(self.master, c.encode())
            if select.select([self.master], [], [], 1)[0]:
                with contextlib.suppress(OSError):  # it has ended
                    self.early += os.read(self.master, 65536)

    def type(self, text, *ends):
        """Types TEXT; returns the screen from there until it ends with one of ENDS."""
        self.keys(text)
        return self.wait(*ends)

    def clear(self):
        """Gives up the line that is being typed."""
        self.type("\x03", "> ", "# ")

    def paste(self, text, end):
        os.write(self.master, text.encode())
        return self.wait(end)

    def resize(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def close(self):
        os.close(self.master)
        self.p.wait(control.PATIENCE)
