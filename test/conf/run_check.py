#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
#
# run_check.py - runs `sallyport check` over every FILE.conf of a folder and compares what it prints.
#
# usage: run_check.py PROGRAM FOLDER [-u]
# FILE.expected holds the exact output, with the file named by its base name; the exit status must be 0 if it
# ends with "configuration check succeeds", else 1. -u writes the expected files anew: read the difference.

import difflib
import pathlib
import subprocess
import sys


def main():
    program, folder = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2])
    update = "-u" in sys.argv[3:]
    files = sorted(folder.glob("*.conf"))
    bad = 0
    for conf in files:
        run = subprocess.run([program, conf.name], cwd=folder, capture_output=True, text=True, check=False)
        expected = conf.with_suffix(".expected")
        if update:
            expected.write_text(run.stdout)
            continue
        want = expected.read_text()
        want_status = 0 if want.endswith("configuration check succeeds\n") else 1
        if run.stdout != want or run.returncode != want_status or run.stderr:
            bad += 1
            print(f"{conf.name}: exit status {run.returncode}, expected {want_status}")
            sys.stdout.writelines(difflib.unified_diff(
                want.splitlines(True), run.stdout.splitlines(True), "expected", "printed"))
            print(run.stderr)
    print(f"{len(files)} files, {bad} wrong")
    return 1 if bad or not files else 0


sys.exit(main())
