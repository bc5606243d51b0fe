# SPDX-License-Identifier: BSD-2-Clause
#
# test_unix_users.py - users and groups of the host that change while the gateway runs.
#
# useradd, usermod and their like never write /etc/passwd: they put another file in its place. The gateway runs with a copy of
# /etc of its own, in which the test does the same.

import os
import shutil

import pytest
from lab.gateway import Gateway, program
from lab.netlab import PATIENCE_S

CONFIG = "system { login { user late { class read-only; } } }\n"


class CopiedEtc(Gateway):
    """A gateway that sees the folder self.etc as /etc."""

    def __init__(self, ns, config):
        self.etc = os.path.join(ns.lab.folder, "etc")
        shutil.copytree("/etc", self.etc, symlinks=True, ignore=shutil.ignore_patterns("ssl", "fonts", "alternatives"))
        super().__init__(ns, config)

    def _in_etc(self, command):
        return ["sh", "-c", 'mount --bind "$0" /etc && exec "$@"', self.etc, *command]

    def start(self, timeout_s=PATIENCE_S):
        self.process = self.ns.spawn(self._in_etc([program("sallyportd"), "-r", self.run_dir, "-c", self.config_path]))
        self.process.wait_line(r"^ready$", timeout_s)

    def replace(self, name, line):
        """Adds LINE to the file NAME of /etc as useradd does."""
        path = os.path.join(self.etc, name)
        shutil.copy(path, path + "+")
        with open(path + "+", "a", encoding="utf-8") as f:
            f.write(line + "\n")
        os.rename(path + "+", path)

    def says(self, uid, command):
        """What the user UID is answered."""
        run = self.ns.run(["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", program("sallyport"), "-r", self.run_dir,
                           "-c", command], check=False)
        return run.stdout + run.stderr


@pytest.fixture
def gw(lab):
    os.chmod(lab.folder, 0o755)
    return CopiedEtc(lab.ns("gw"), CONFIG)


def test_a_user_made_while_the_gateway_runs_has_his_class(gw):
    assert gw.says(31007, "show cli authorization") == "error: permission denied\n"
    gw.replace("passwd", "late:x:31007:31007::/:/bin/sh")
    assert "class 'read-only'" in gw.says(31007, "show cli authorization")


def test_a_group_made_while_the_gateway_runs_counts(gw):
    gw.replace("group", "sallyport:x:31008:")
    assert "class 'super-user'" in gw.says(31008, "show cli authorization")
