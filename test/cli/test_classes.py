# SPDX-License-Identifier: BSD-2-Clause
"""Login classes: what users of the host may see and do, by every way to see and to do it."""
import pwd
import shutil
import subprocess

import pytest

import control

KEY = "$9$pyk3OBEXxNw2a8XoJGU.mApuOBElK8NVYEc7-bwg45Qz39A0OREcl.PBEyrLX"
HASH = "$1$saltsalt$qjXMvbEw8oaL.CzflDtaK/"
LOGIN = f"""
system {{
    root-authentication {{
        encrypted-password "{HASH}"; ## SECRET-DATA
    }}
    radius-server {{
        192.0.2.77 secret radius-in-clear;
    }}
    login {{
        class net-admin {{
            permissions [ configure interface interface-control view view-configuration rollback ];
            deny-commands "show version|show interfaces$";
        }}
        class vpn {{
            permissions [ configure view ];
            allow-commands "show version";
            allow-configuration "services ipsec-vpn rule r1";
        }}
        class eyes {{
            permissions [ configure view view-configuration ];
        }}
        user daemon {{
            class net-admin;
        }}
        user bin {{
            class vpn;
        }}
        user sys {{
            class read-only;
        }}
        user sync {{
            class unauthorized;
        }}
        user games {{
            class eyes;
        }}
        user man {{
            class operator;
        }}
        user mail {{
            class super-user;
            authentication {{
                encrypted-password "{HASH}"; ## SECRET-DATA
            }}
        }}
    }}
    accounting {{
        events [ login change-log interactive-commands ];
    }}
}}
"""
SECRETS = [KEY, HASH, "radius-in-clear", KEY[3:], "$9$"]


class Users:
    """The command line as other users of the host."""

    def __init__(self, gw):
        self.gw = gw
        self.program = gw.dir / "sallyport"
        shutil.copy(control.BUILD / "cli/sallyport", self.program)

    def run(self, user, *lines, stdin=None):
        """Types lines; returns what is said (output and errors in their order)."""
        p = subprocess.run(
            ["setpriv", f"--reuid={user}", f"--regid={pwd.getpwnam(user).pw_gid}", "--clear-groups", self.program, "-r", self.gw.dir],
            input="\n".join(lines) + "\n" + (stdin or ""), text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=60, cwd="/")
        return p.stdout


@pytest.fixture
def users(gw):
    status, text, errors = gw.cli("configure", f"load merge {conf(gw, LOGIN)}", "commit", "exit", "exit")
    assert "commit complete" in text, (text, errors)
    return Users(gw)


def conf(gw, text, name="login.conf"):
    path = gw.dir / name
    path.write_text(text)
    path.chmod(0o644)
    return path


def audit(gw, tag):
    return [line for line in gw.log().splitlines() if f" {tag}: " in line]


def test_smoke(users):
    for u in ["bin", "sys", "sync", "games", "man", "nobody"]:
        print("=====", u)
        print(users.run(u, "show version", "show configuration system | display set", "show configuration", "show interfaces", "clear services ipsec-vpn ipsec statistics", "configure", "show system", "show services | match key",
         "set system host-name x", "set services ipsec-vpn rule r1 match-direction input", "set services ipsec-vpn rule r2 match-direction output", "show | compare", "exit", "exit"))
    print(users.gw.log())
    assert 0
