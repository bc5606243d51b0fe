# SPDX-License-Identifier: BSD-2-Clause
#
# tree.py - what the checkers share: the files of the tree, C without its comments, the verdict.
#
# Every checker takes the root of the tree as its only argument (default: the tree it stands in),
# prints one line "path:line: what is wrong" for each fault, and exits 0 only if there is none.

import os
import re
import subprocess
import sys


def root():
    """The folder to check: the argument, or the one above tools/."""
    if len(sys.argv) > 1:
        return os.path.abspath(sys.argv[1])
    return os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def files(top, *suffixes):
    """Paths of the tree's files, relative to TOP, sorted. In a git tree: those git would keep."""
    if os.path.exists(os.path.join(top, ".git")):
        out = subprocess.run(
            ["git", "-c", "safe.directory=*", "-C", top, "ls-files", "-z", "--cached", "--others",
             "--exclude-standard"], check=True, stdout=subprocess.PIPE).stdout.decode()
        names = {n for n in out.split("\0") if n and os.path.isfile(os.path.join(top, n))}
    else:
        names = set()
        for folder, subs, leaves in os.walk(top):
            subs[:] = [s for s in subs if not s.startswith((".", "build", "__pycache__"))]
            names |= {os.path.relpath(os.path.join(folder, leaf), top) for leaf in leaves}
    return sorted(n for n in names if not suffixes or n.endswith(suffixes))


def read(top, path):
    with open(os.path.join(top, path), encoding="utf-8", errors="replace") as f:
        return f.read()


# A comment, a string or a character constant, whichever starts first.
TOKEN = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def is_test(path):
    """Tests, fuzz targets and benchmarks may look everywhere."""
    return path.endswith(("_test.c", "_fuzz.c")) or path.startswith(("test/", "bench/", "fuzz/"))


def blank_comments(text):
    """TEXT with each comment replaced by as many newlines as it holds; strings stay."""
    return TOKEN.sub(lambda m: "\n" * m[0].count("\n") if m[0].startswith("/") else m[0], text)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def verdict(faults, n_checked, what):
    """Prints the faults and ends the program. Nothing to check is a fault: it hides a mistake."""
    for fault in faults:
        print(fault)
    name = os.path.basename(sys.argv[0])
    if n_checked == 0:
        print(f"{name}: found no {what} to check")
        sys.exit(1)
    print(f"{name}: {n_checked} {what}, {len(faults)} faults")
    sys.exit(1 if faults else 0)
