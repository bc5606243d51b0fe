# SPDX-License-Identifier: BSD-2-Clause
"""A real mgd and the real command line, with this process in the place of sallyportd, netd, kmd, pkid and the picds.

What mgd says to the daemons can then be looked at, and a daemon can be made to refuse, to be slow, to die. The frames
and messages are those of lib/msg/msg.h.
"""
import os
import pathlib
import shutil
import socket
import struct
import subprocess
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("SALLYPORT_BUILD", ROOT / "build"))
WRAP = os.environ.get("SALLYPORT_WRAP", "").split()  # a tracer, for looking into a failure
UID = 58302  # mgd's user where the host has none (daemon/sallyportd/child.c)

PATIENCE = 60  # seconds, for what shall come soon: the machine may be slow and busy

LINK, READY, STOP, PICS, LOAD, LOADED, IN_FORCE = range(1, 8)
CONF_CHECK, CONF_APPLY, CONF_DONE, RPC, ROW, RPC_DONE = range(10, 16)
LOG_ASK, LOG, RESTART, RESTARTED = range(32, 36)
LOG_CONF, LOG_SINK, LOG_NAMES = range(37, 40)


class Elem:
    """An element: a value (str) or children."""

    def __init__(self, name, value=None, children=None):
        self.name, self.value, self.children = name, value, children or []

    def get(self, name):
        return next((c.value for c in self.children if c.name == name), None)

    def all(self, name):
        return [c for c in self.children if c.name == name]


def tree(root, /, **leaves):
    """tree("link", peer="netd"): a container with leaves; _ in names stands for -."""
    return Elem(root, None, [Elem(k.replace("_", "-"), str(v)) for k, v in leaves.items()])


def encode(e):
    name = bytes([len(e.name)]) + e.name.encode()
    if e.value is not None:
        v = e.value.encode()
        return b"\x02" + name + struct.pack(">I", len(v)) + v
    return b"\x01" + name + b"".join(encode(c) for c in e.children) + b"\x04"


def decode(b):
    stack, at = [Elem("")], 0
    while at < len(b):
        kind = b[at]
        if kind == 4:
            done = stack.pop()
            stack[-1].children.append(done)
            at += 1
            continue
        n = b[at + 1]
        name = b[at + 2:at + 2 + n].decode()
        at += 2 + n
        if kind == 1:
            stack.append(Elem(name))
        elif kind == 2:
            (n,) = struct.unpack_from(">I", b, at)
            stack[-1].children.append(Elem(name, b[at + 4:at + 4 + n].decode()))
            at += 4 + n
        else:
            stack[-1].children.append(Elem(name))
    return stack[0].children[0] if stack[0].children else None


class Channel:
    """One end of a channel, read by a thread of its own that calls handler(channel, type, seq, elem, fd)."""

    def __init__(self, sock, handler):
        self.sock, self.handler, self.fds, self.buf = sock, handler, [], b""
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def send(self, kind, seq=0, elem=None, fd=None):
        payload = encode(elem) if elem else b""
        frame = struct.pack(">IHHI", len(payload), kind, 1 if fd is not None else 0, seq) + payload
        if fd is not None:
            socket.send_fds(self.sock, [frame], [fd])
        else:
            self.sock.sendall(frame)

    def run(self):
        while True:
            try:
                data, fds, _, _ = socket.recv_fds(self.sock, 65536, 8)
            except OSError:
                return
            if not data:
                return
            self.fds += fds
            self.buf += data
            while len(self.buf) >= 12:
                n, kind, flags, seq = struct.unpack_from(">IHHI", self.buf)
                if len(self.buf) < 12 + n:
                    break
                body = self.buf[12:12 + n]
                self.buf = self.buf[12 + n:]
                fd = self.fds.pop(0) if flags & 1 else None
                try:
                    self.handler(self, kind, seq, decode(body) if body else None, fd)
                except OSError:
                    return  # the other end was killed
                if fd is not None:
                    os.close(fd)

    def close(self):
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.sock.close()


class Daemon:
    """netd, kmd, pkid or a picd as mgd sees it. `log` holds ("check"|"apply", commit, configuration bytes)."""

    def __init__(self, control, kind, instance=""):
        self.control, self.kind, self.instance = control, kind, instance
        self.log, self.refuse, self.silent, self.rows, self.requests = [], None, False, {}, []
        self.unanswered = []  # checks and applies that came while it was silent
        self.is_stuck = False  # it takes commands and does not answer them
        self.refuse_apply = None  # text; or a function of the configuration that returns one
        self.channel = None

    def link(self):
        ours, theirs = socket.socketpair()
        self.channel = Channel(ours, self.on_message)
        link = tree("link", peer=self.kind)
        if self.instance:
            link.children.append(Elem("instance", self.instance))
        self.control.super.send(LINK, 0, link, theirs.fileno())
        theirs.close()

    def answer(self, text=None):
        """Answers what came while it was silent: with an error if there is a text."""
        for seq, commit in self.unanswered:
            done = tree("conf-done", commit=commit, status="error" if text else "ok", **({"text": text} if text else {}))
            self.channel.send(CONF_DONE, seq, done)
        self.unanswered = []

    def die(self):
        self.channel.close()
        self.channel = None

    def on_message(self, channel, kind, seq, elem, fd):
        if kind in (CONF_CHECK, CONF_APPLY):
            size = os.fstat(fd).st_size
            conf = os.pread(fd, size, 0)
            self.log.append(("check" if kind == CONF_CHECK else "apply", int(elem.get("commit")), conf))
            if self.silent:
                self.unanswered.append((seq, elem.get("commit")))
                return
            done = tree("conf-done", commit=elem.get("commit"), status="ok")
            if self.refuse and kind == CONF_CHECK:
                done = tree("conf-done", commit=elem.get("commit"), status="error", text=self.refuse)
            why = self.refuse_apply(conf) if callable(self.refuse_apply) else self.refuse_apply
            if why and kind == CONF_APPLY:
                done = tree("conf-done", commit=elem.get("commit"), status="error", text=why)
            channel.send(CONF_DONE, seq, done)
        elif kind == RPC:
            self.requests.append(elem)
            if self.is_stuck:
                return
            for row in self.rows.get(elem.name, []):
                channel.send(ROW, seq, row)
            channel.send(RPC_DONE, seq, tree("rpc-done", status="ok"))


class Control:
    """mgd with its folder, its command line socket and the daemons that it asks for."""

    def __init__(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="sallyport-cli-"))
        self.dir.chmod(0o755)
        self.config = self.dir / "config"
        self.config.mkdir()
        os.chown(self.config, UID, UID)
        # the build folder may be closed to the user that mgd runs as
        shutil.copy(BUILD / "daemon/mgd/mgd", self.dir / "mgd")
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(self.dir / "mgd.sock"))
        (self.dir / "mgd.sock").chmod(0o666)
        self.listener.listen(64)
        self.daemons, self.in_force, self.loaded, self.mgd = {}, [], [], None
        self.log_dir = self.dir / "log"  # what sallyportd would open
        self.log_dir.mkdir()
        self.restarts = []
        self.log_confs = []  # where lines of the log shall go, each time that mgd has said it
        self.daemons["netd"] = Daemon(self, "netd")
        self.daemons["pkid"] = Daemon(self, "pkid")
        self.daemons["kmd"] = Daemon(self, "kmd")
        self.ready = threading.Event()

    def start(self):
        ours, theirs = socket.socketpair()
        self.ready.clear()
        log = open(self.dir / "mgd.log", "ab")
        fd = theirs.fileno()
        self.mgd = subprocess.Popen(
            ["setpriv", f"--reuid={UID}", f"--regid={UID}", "--clear-groups", "--bounding-set=-all", "--inh-caps=-all",
             *WRAP, "bash", "-c", f'exec "$0" 3<&{fd} {fd}<&-', self.dir / "mgd"],
            cwd=self.config, pass_fds=[fd], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        theirs.close()
        self.super = Channel(ours, self.on_message)
        assert self.ready.wait(PATIENCE), self.log()
        self.super.send(LINK, 0, tree("link", peer="cli"), self.listener.fileno())
        for d in list(self.daemons.values()):
            d.link()

    def on_message(self, channel, kind, seq, elem, fd):
        if kind == READY:
            self.ready.set()
        elif kind == PICS:
            for pic in elem.all("pic"):
                if pic.value not in self.daemons:
                    self.daemons[pic.value] = Daemon(self, "picd", pic.value)
                    self.daemons[pic.value].link()
        elif kind == LOADED:
            self.loaded.append((elem.get("status"), elem.get("text")))
        elif kind == IN_FORCE:
            self.in_force.append(int(elem.get("commit")))
        elif kind == LOG_ASK:
            self.answer_log(channel, seq, elem)
        elif kind == LOG_CONF:
            self.log_confs.append(elem)
        elif kind == RESTART:
            self.restarts.append((elem.get("kind"), elem.get("how")))
            channel.send(RESTARTED, seq, Elem("restarted", None, [
                tree("daemon", name=f"{elem.get('kind')}-sp-1-2-0", pid=41), tree("daemon", name="netd")]))

    def answer_log(self, channel, seq, elem):
        name = elem.get("name")
        if name is None:
            files = [tree("file", name=f.name, size=f.stat().st_size, seconds=0, mode="640", links=1, blocks=8)
                     for f in sorted(self.log_dir.iterdir())]
            channel.send(LOG, seq, Elem("log", None, files))
        elif not (self.log_dir / name).is_file():
            channel.send(LOG, seq, tree("log", error=f"error: could not resolve file: {name}"))
        elif elem.all("clear"):
            (self.log_dir / name).write_text("")
            channel.send(LOG, seq, Elem("log"))
        else:
            with open(self.log_dir / name, "rb") as f:
                channel.send(LOG, seq, Elem("log"), f.fileno())

    def load(self, text):
        """What sallyportd does for -c FILE; returns (status, text)."""
        f = tempfile.TemporaryFile()
        f.write(text.encode())
        f.seek(0)
        n = len(self.loaded)
        self.super.send(LOAD, 1, tree("load", name="test.conf"), f.fileno())
        wait(lambda: len(self.loaded) > n)
        return self.loaded[-1]

    def log(self):
        return (self.dir / "mgd.log").read_text()

    def cli(self, *lines, check=None):
        """Runs lines through standard input; returns (status, output, errors)."""
        p = subprocess.run([BUILD / "cli/sallyport", "-r", self.dir], input="\n".join(lines) + "\n", text=True,
                           capture_output=True, timeout=PATIENCE)
        if check is not None:
            assert p.returncode == check, (p.returncode, p.stdout, p.stderr, self.log())
        return p.returncode, p.stdout, p.stderr

    def command(self, line, check=0):
        p = subprocess.run([BUILD / "cli/sallyport", "-r", self.dir, "-c", line], text=True, capture_output=True,
                           timeout=PATIENCE)
        if check is not None:
            assert p.returncode == check, (p.returncode, p.stdout, p.stderr, self.log())
        return p.stdout if check == 0 else p.stderr

    def kill(self):
        self.mgd.kill()
        self.mgd.wait()
        self.super.close()
        for d in self.daemons.values():
            if d.channel:
                d.die()

    def stop(self):
        if self.mgd and self.mgd.poll() is None:
            self.super.send(STOP)
            try:
                self.mgd.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.kill()
        shutil.rmtree(self.dir)


def wait(condition, seconds=PATIENCE):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "timed out"
        time.sleep(0.01)
