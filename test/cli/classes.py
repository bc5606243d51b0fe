# SPDX-License-Identifier: BSD-2-Clause
"""Users of the host with login classes of all kinds, and the command line as one of them."""
import pwd
import shutil
import subprocess

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
SECRETS = ["$9$", "$1$", "radius-in-clear", KEY[3:], HASH[3:]]


class Users:
    """The command line as other users of the host."""

    def __init__(self, gw):
        self.gw = gw
        self.program = gw.dir / "sallyport"
        shutil.copy(control.BUILD / "cli/sallyport", self.program)

    def command(self, user):
        return ["setpriv", f"--reuid={user}", f"--regid={pwd.getpwnam(user).pw_gid}", "--clear-groups", self.program,
                "-r", self.gw.dir]

    def run(self, user, *lines):
        """Types lines; returns what is said (output and errors in their order)."""
        return subprocess.run(self.command(user), input="\n".join(lines) + "\n", text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=control.PATIENCE, cwd="/").stdout

    def shell(self, user):
        """From now on a terminal (screen.py) is that user's."""
        self.gw.shell = self.command(user)
        return self.gw


def conf(gw, text, name="login.conf"):
    path = gw.dir / name
    path.write_text(text)
    path.chmod(0o644)
    return path


def users(gw):
    _, text, errors = gw.cli("configure", f"load merge {conf(gw, LOGIN)}", "commit", "exit", "exit")
    assert "commit complete" in text, (text, errors)
    return Users(gw)
