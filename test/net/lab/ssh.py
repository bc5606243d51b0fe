# SPDX-License-Identifier: BSD-2-Clause
#
# ssh.py - a real sshd in a namespace, in front of a gateway.
#
# Its users are all root (uid 0), told apart by their login shell: `root` has the command line, `unix` a plain shell. The
# user database with these two is bound over the host's in sshd's mount namespace only. Logins are by key.

import os
import subprocess

from .gateway import program
from .netlab import LabError, wait_until

PORT = 830
SFTP = "/usr/lib/openssh/sftp-server"


class SshServer:
    """sshd on ADDRESS ports 830 and 22 of the gateway's namespace; .key is the file of the user's private key,
    .home his folder."""

    def __init__(self, gateway, address, netconf=("netconf",)):
        self.gateway, self.address = gateway, address
        ns, folder = gateway.ns, os.path.join(gateway.ns.lab.folder, f"ssh-{gateway.ns.name}")
        os.makedirs(folder)
        self.home = folder
        self.key = os.path.join(folder, "id")
        host_key = os.path.join(folder, "host")
        for path in (self.key, host_key):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
        cli = program("sallyport")
        shell = self._file(folder, "sallyport", f'#!/bin/sh\nexec {cli} -r {gateway.run_dir} "$@"\n', 0o755)
        passwd = self._file(folder, "passwd", f"root:x:0:0:root:{folder}:{shell}\nunix:x:0:0:root:{folder}:/bin/bash\n" + "".join(
            line for line in open("/etc/passwd", encoding="utf-8") if not line.startswith("root:")))
        keys = self._file(folder, "keys", open(self.key + ".pub", encoding="utf-8").read())
        config = self._file(folder, "sshd_config", f"""
Port {PORT}
Port 22
ListenAddress {address}
HostKey {host_key}
AuthorizedKeysFile {keys}
PidFile none
PermitRootLogin yes
PasswordAuthentication no
KbdInteractiveAuthentication no
StrictModes no
UsePAM no
LogLevel ERROR
Subsystem netconf {cli} -r {gateway.run_dir} {' '.join(netconf)}
Subsystem sftp {SFTP}
""")
        os.makedirs("/run/sshd", exist_ok=True)
        self.process = ns.spawn(["sh", "-c", f"mount --bind {passwd} /etc/passwd && exec /usr/sbin/sshd -D -e -f {config}"])
        wait_until(self._is_open, what=f"sshd: {self.process.err}")

    @staticmethod
    def _file(folder, name, text, mode=0o644):
        path = os.path.join(folder, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(path, mode)
        return path

    def _is_open(self):
        if not self.process.is_alive():
            raise LabError("\n".join(self.process.err))
        with self.gateway.ns.inside():
            import socket
            try:
                socket.create_connection((self.address, PORT), timeout=1).close()
                return True
            except OSError:
                return False

    def ssh(self, command, user="root", **kw):
        """Runs COMMAND as ssh's user would; returns the CompletedProcess."""
        return self.gateway.ns.run(
            ["ssh", "-i", self.key, "-p", str(PORT), "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
             "-o", "LogLevel=ERROR", f"{user}@{self.address}", *command], **kw)
