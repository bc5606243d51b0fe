# SPDX-License-Identifier: BSD-2-Clause
#
# test_checkers.py - each checker accepts a good tree and refuses each fault put into it.
#
# A tree of a few files is built in a temporary folder, one thing is broken, and the checker must
# name it. The checkers run as programs, the way the suite runs them.

import os
import subprocess

import pytest

TOOLS = os.path.join(os.path.dirname(__file__), "../../tools")
SPDX = "/* SPDX-License-Identifier: BSD-2-Clause\n *\n * %s - part of a test.\n */\n"
GOOD = {
    ".clang-format": "BasedOnStyle: LLVM\nIndentWidth: 8\nUseTab: Always\nSortIncludes: Never\n"
                     "BreakBeforeBraces: Linux\nAlwaysBreakAfterReturnType: TopLevelDefinitions\n",
    "LAYERS": "lib/low\nlib/mid lib/side\ndaemon/one! cli!\n\nlib uv.h in lib/mid\n",
    "lib/low/a.h": SPDX % "a.h" + "#ifndef A_H\n#define A_H\n\nint a_get(void);\n\n#endif\n",
    "lib/low/a.c": SPDX % "a.c" + '#include "lib/low/a.h"\n\nint\na_get(void)\n{\n\treturn 1;\n}\n',
    "lib/mid/m.c": SPDX % "m.c" + '#include "lib/low/a.h"\n#include <stdio.h>\n#include <uv.h>\n',
    "lib/side/s.h": SPDX % "s.h" + "#ifndef S_H\n#define S_H\n\n#endif\n",
    "lib/low/a_fuzz.c": SPDX % "a_fuzz.c" + '#include "daemon/one/d.h"\n',
    "lib/low/meson.build": "executable('a_fuzz', 'a_fuzz.c')\n",
    "daemon/one/d.h": SPDX % "d.h" + "#ifndef D_H\n#define D_H\n\n#endif\n",
    "fuzz/corpus/a/one": "x",
    "ARCHITECTURE.md": "A call goes through `lib/low/a.c:a_get`.\n",
}


def check(tool, folder, change):
    """Runs TOOL over the good tree with CHANGE ({path: text or None}); returns (status, output)."""
    for path, text in {**GOOD, **change}.items():
        if text is None:
            continue
        full = os.path.join(folder, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8") as f:
            f.write(text)
    run = subprocess.run([os.path.join(TOOLS, tool), str(folder)], stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, check=False)
    return run.returncode, run.stdout.decode()


CHECKERS = ["check_layers", "check_headers", "check_format", "check_architecture", "check_fuzz", "check_alone",
            "check_style"]


@pytest.mark.parametrize("tool", CHECKERS)
def test_good_tree_passes(tool, tmp_path):
    status, output = check(tool, tmp_path, {})
    assert status == 0, output


@pytest.mark.parametrize("tool", CHECKERS)
def test_empty_tree_is_not_a_pass(tool, tmp_path):
    run = subprocess.run([os.path.join(TOOLS, tool), str(tmp_path)], stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, check=False)
    assert run.returncode != 0


def include(line):
    return {"lib/mid/bad.c": SPDX % "bad.c" + f"#include {line}\n"}


FAULTS = [
    # tool, what is put in, what the checker must say
    ("check_layers", {"lib/low/bad.c": SPDX % "bad.c" + '#include "lib/side/s.h"\n'}, "is below"),
    ("check_layers", include('"lib/side/s.h"'), "strangers"),
    ("check_layers", {"cli/bad.c": SPDX % "bad.c" + '#include "daemon/one/d.h"\n'}, "is a program"),
    ("check_layers", include('"../low/a.h"'), "`../`"),
    ("check_layers", {"test/bad.c": SPDX % "bad.c" + '#include "../lib/low/a.h"\n'}, "`../`"),
    ("check_layers", include('"a.h"'), "does not exist"),
    ("check_layers", {"lib/low/bad.c": SPDX % "bad.c" + "#include <uv.h>\n"}, "may only be included in lib/mid"),
    ("check_layers", include("<curl/curl.h>"), "third party"),
    ("check_layers", {"lib/new/bad.c": SPDX % "bad.c" + '#include "lib/low/a.h"\n'}, "not in LAYERS"),
    ("check_layers", {"LAYERS": GOOD["LAYERS"] + "lib/low\n"}, "named twice"),
    ("check_headers", {"lib/low/b.h": SPDX % "b.h" + "#ifndef B_H\n#define B_H\nint b(size_t n);\n#endif\n"},
     "does not compile alone"),
    ("check_headers", {"lib/low/b.h": SPDX % "b.h" + "#ifndef _B_H\n#define _B_H\n#endif\n"}, "guard must be B_H"),
    ("check_headers", {"lib/low/b.c": "int b;\n"}, "SPDX"),
    ("check_format", {"lib/low/b.c": SPDX % "b.c" + "int  b ;\n"}, "lib/low/b.c:5"),
    ("check_architecture", {"ARCHITECTURE.md": "`lib/low/a.c:a_set`\n"}, "does not define a_set()"),
    ("check_architecture", {"ARCHITECTURE.md": "`lib/low/z.c:a_get`\n"}, "no file lib/low/z.c"),
    ("check_architecture", {"ARCHITECTURE.md": "Nothing.\n"}, "no hops"),
    ("check_fuzz", {"lib/low/b_fuzz.c": SPDX % "b_fuzz.c"}, "fuzz/corpus/b/ holds no file"),
    ("check_fuzz", {"lib/low/meson.build": "\n"}, "does not build it"),
    ("check_fuzz", {"fuzz/corpus/gone/one": "x"}, "there is no gone_fuzz.c"),
    ("check_alone", {"doc/x.md": "see /" + "work/main\n"}, "doc/x.md:1"),
    ("check_alone", {"doc/x.md": "\nsee ../" + "shared/x\n"}, "doc/x.md:2"),
    ("check_style", include("<stdio.h> // why"), "`//` comment"),
    ("check_style", include("<stdio.h>\n#if 0\n#endif"), "#if 0"),
    ("check_style", include("<stdio.h>\ntypedef struct x x;"), "typedef of a struct"),
    ("check_style", include("<stdio.h> /* TO" + "DO */"), "do it or drop it"),
    ("check_style", {"lib/low/long.c": SPDX % "long.c" + "\n" * 800}, "more than 800"),
    ("check_style", {"tools/x": "#!/bin/sh\n"}, "no SPDX"),
]


@pytest.mark.parametrize("tool, change, says", FAULTS, ids=[f"{t}-{s}" for t, _, s in FAULTS])
def test_fault_is_found(tool, change, says, tmp_path):
    status, output = check(tool, tmp_path, change)
    assert status == 1, output
    assert says in output


def test_comment_signs_in_strings_and_block_comments_are_no_fault(tmp_path):
    text = 'const char *u = "http://x";\n/* http://x // y */\nint c = \'/\';\nconst char *e = "\\"//";\n'
    status, output = check("check_style", tmp_path, {"lib/mid/ok.c": SPDX % "ok.c" + text})
    assert status == 0, output


def test_tests_may_include_upper_layers_and_any_library(tmp_path):
    text = '#include "daemon/one/d.h"\n#include <cmocka.h>\n'
    status, output = check("check_layers", tmp_path, {"lib/low/a_test.c": SPDX % "a_test.c" + text})
    assert status == 0, output


def test_packages_are_listed():
    """One name a line and nothing but names: words of the table's last column never get into it."""
    run = subprocess.run([os.path.join(TOOLS, "install-deps"), "--list"], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (0, "")
    names = run.stdout.split()
    assert run.stdout.splitlines() == names and "meson" in names and "ansible" in names
    assert all(n == n.lower() for n in names)
    parts = [subprocess.run([os.path.join(TOOLS, "install-deps"), "--list", part], capture_output=True, text=True,
                            check=True).stdout.split() for part in ("build", "run", "demo", "test")]
    assert all(parts) and sorted(sum(parts, [])) == sorted(names)
    assert "gcc" in parts[0] and "ansible" in parts[3]
    wrong = subprocess.run([os.path.join(TOOLS, "install-deps"), "tests"], capture_output=True, text=True, check=False)
    assert wrong.returncode == 2 and "usage: " in wrong.stderr
