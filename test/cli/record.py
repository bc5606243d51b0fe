#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Makes a transcript anew: record.py FILE plays what FILE types and writes the screen back. Read the difference."""
import pathlib
import sys

import classes
import control
import screen

for name in sys.argv[1:]:
    path = pathlib.Path(name)
    c = control.Control()
    try:
        c.start()
        status, text = c.load((pathlib.Path(__file__).parent / "base.conf").read_text())
        assert status == "ok", text
        if path.parent.name == "users":
            classes.users(c).shell(path.stem)
        path.write_text(screen.play(c, screen.typed(path.read_text())))
    finally:
        c.stop()
