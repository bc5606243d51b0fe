# SPDX-License-Identifier: BSD-2-Clause
#
# transfer.py - a file through a TCP connection, with its checksum.
#
# usage: transfer.py receive PORT              prints "ready", and "OCTETS SHA256" of what came over one connection
#        transfer.py send ADDRESS PORT FILE    ends when the other side has everything
# Both run in namespaces of a test; carry() starts them.
import hashlib
import os
import socket
import sys

CHUNK = 1 << 18


def receive(port):
    family = socket.AF_INET6 if socket.has_dualstack_ipv6() else socket.AF_INET
    with socket.create_server(("", port), family=family, dualstack_ipv6=family == socket.AF_INET6) as server:
        print("ready", flush=True)
        connection, _ = server.accept()
    digest, octets = hashlib.sha256(), 0
    with connection:
        while data := connection.recv(CHUNK):
            digest.update(data)
            octets += len(data)
        connection.sendall(b"x")        # the sender may go
    print(octets, digest.hexdigest(), flush=True)


def send(address, port, path):
    with socket.create_connection((address, port), timeout=60) as connection, open(path, "rb") as f:
        connection.settimeout(None)
        connection.sendfile(f)
        connection.shutdown(socket.SHUT_WR)
        connection.recv(1)


class Carry:
    """A transfer of a file of random MEGABYTES from the namespace SOURCE to ADDRESS in TARGET; it has begun."""

    PROGRAM = ["/usr/bin/python3", os.path.abspath(__file__)]

    def __init__(self, source, target, address, port, megabytes):
        self.path = os.path.join(source.lab.folder, f"file-{source.name}-{port}")
        digest, self.octets = hashlib.sha256(), megabytes << 20
        with open(self.path, "wb") as f:
            for _ in range(megabytes):
                data = os.urandom(1 << 20)
                digest.update(data)
                f.write(data)
        self.digest = digest.hexdigest()
        self.receiver = target.spawn([*self.PROGRAM, "receive", port])
        self.receiver.wait_line("ready")
        self.sender = source.spawn([*self.PROGRAM, "send", address, port, self.path])

    def is_done(self):
        return not self.receiver.is_alive()

    def check(self, timeout_s):
        """Waits for the end: everything came, and is what was sent."""
        m = self.receiver.wait_line(r"^(\d+) ([0-9a-f]{64})$", timeout_s)
        assert int(m[1]) == self.octets
        assert m[2] == self.digest, "what came is not what was sent"
        assert self.sender.wait(timeout_s) == 0, self.sender.err
        assert self.receiver.wait(timeout_s) == 0, self.receiver.err
        os.unlink(self.path)


if __name__ == "__main__":
    if sys.argv[1] == "receive":
        receive(int(sys.argv[2]))
    else:
        send(sys.argv[2], int(sys.argv[3]), sys.argv[4])
