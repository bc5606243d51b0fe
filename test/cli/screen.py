# SPDX-License-Identifier: BSD-2-Clause
"""Types lines at the command line in a pseudo-terminal and returns the screen.

A transcript is the exact screen: a line that starts with a prompt holds what was typed behind it. Times are shown as
`2008-11-20 10:00:00 UTC`, the number of the terminal as `pts/0`, secrets as they are.
"""
import os
import pty
import re
import select
import subprocess
import time

import control

PROMPT = re.compile(r"^(\w+(?:@[\w.-]+)?[>#]|Exit with .*?\(yes\)|Delete .*?\(no\)) (.*)$")
READY = re.compile(rb"(?:^|\n)(?:\w+(?:@[\w.-]+)?[>#]|Exit with [^\n]*\(yes\)|Delete [^\n]*\(no\)) $")


def typed(transcript):
    """The lines that a transcript types; an empty last prompt types nothing."""
    lines = [m.group(2) for m in map(PROMPT.match, transcript.splitlines()) if m]
    return lines


def play(c, lines):
    """Plays the lines and returns the screen."""
    master, slave = pty.openpty()
    env = dict(os.environ, TERM="dumb", COLUMNS="200", INPUTRC="/dev/null")
    p = subprocess.Popen([control.BUILD / "cli/sallyport", "-r", c.dir], stdin=slave, stdout=slave, stderr=slave,
                         close_fds=True, env=env, start_new_session=True)
    os.close(slave)
    screen = b""

    def read_to_prompt(start):
        nonlocal screen
        end = time.monotonic() + 30
        while time.monotonic() < end:
            r, _, _ = select.select([master], [], [], 0.2)
            if r:
                try:
                    data = os.read(master, 65536)
                except OSError:
                    return False
                if not data:
                    return False
                screen += data.replace(b"\r", b"")
            elif READY.search(screen[start:]):
                return True
        raise AssertionError("no prompt: " + screen.decode(errors="replace"))

    alive = read_to_prompt(0)
    for line in lines:
        if not alive:
            break
        start = len(screen)
        os.write(master, line.encode() + b"\n")
        alive = read_to_prompt(start + len(line))
    if alive:
        os.write(master, b"\x04")
        read_to_prompt_end(master)
    os.close(master)
    p.wait(10)
    return normal(screen.decode(errors="replace"))


def read_to_prompt_end(master):
    try:
        while os.read(master, 65536):
            pass
    except OSError:
        pass


def normal(screen):
    screen = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", "2008-11-20 10:00:00 UTC", screen)
    screen = re.sub(r"pts/\d+", "pts/0", screen)
    return "\n".join(line.rstrip() for line in screen.splitlines()).rstrip() + "\n"
