# SPDX-License-Identifier: BSD-2-Clause
#
# test_url.py - files of other hosts, by http and ftp, against servers that we did not write.

import fcntl
import http.server
import os
import pty
import select
import socket
import subprocess
import termios
import threading
import time

import pytest
from lab.gateway import Gateway, program
from lab.ssh import PORT, SshServer
from ncclient import manager
from ncclient.operations import RPCError
from ncclient.xml_ import to_ele
from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler
from pyftpdlib.servers import FTPServer

CONFIG = """
system { host-name gw; }
interfaces { sp-1/2/0 { unit 0 { family inet; } unit 1 { family inet; service-domain inside; } } }
"""
ADDRESS = "192.0.2.1"


class Handler(http.server.SimpleHTTPRequestHandler):
    """Files of a folder, which may be put there too, redirections and answers that never end."""

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.server.asked.append((self.path, self.headers.get("Authorization")))
        to = {"/to-new": "/new.conf", "/to-file": "file:///etc/passwd", "/to-itself": "/to-itself"}.get(self.path)
        if to is not None:
            self.send_response(302)
            self.send_header("Location", to)
            self.end_headers()
        elif self.path in ("/slow", "/endless"):
            self.send_response(200)
            self.end_headers()
            try:
                while self.path == "/endless":
                    self.wfile.write(b"/* */\n" * 100000)
                self.server.stop.wait(60)
            except OSError:
                pass
        else:
            super().do_GET()

    def do_PUT(self):
        data = self.rfile.read(int(self.headers["Content-Length"]))
        status = 403 if self.path == "/forbidden" else 201
        if status == 201:
            with open(self.translate_path(self.path), "wb") as f:
                f.write(data)
        self.send_response(status)
        self.end_headers()


@pytest.fixture
def folder(lab):
    path = os.path.join(lab.folder, "served")
    os.makedirs(path)
    with open(os.path.join(path, "new.conf"), "w", encoding="utf-8") as f:
        f.write("system { host-name fetched; domain-name fetched.example; }\n")
    with open(os.path.join(path, "wrong.conf"), "w", encoding="utf-8") as f:
        f.write("system {\n    nonsense 1;\n}\n")
    return path


@pytest.fixture
def server(lab):
    ns = lab.ns("gw")
    ns.ip("link set lo up")
    ns.addr("lo", ADDRESS + "/32")
    yield SshServer(Gateway(ns, CONFIG), ADDRESS)


@pytest.fixture
def web(server, folder):
    """http on port 8000 of the gateway's namespace."""
    with server.gateway.ns.inside():
        s = http.server.ThreadingHTTPServer(
            (ADDRESS, 8000), lambda *a: Handler(*a, directory=folder))
    s.asked, s.stop, s.daemon_threads = [], threading.Event(), True
    thread = threading.Thread(target=s.serve_forever)
    thread.start()
    yield s
    s.stop.set()
    s.shutdown()
    thread.join()
    s.server_close()


@pytest.fixture
def ftp(server, folder):
    """ftp on port 2121: everybody may read, user `rob` with password `secret` may write."""
    users = DummyAuthorizer()
    users.add_anonymous(folder)
    users.add_user("rob", "secret", folder, perm="elradfmw")

    class Ftp(FTPHandler):
        authorizer = users

    with server.gateway.ns.inside():
        listener = socket.create_server((ADDRESS, 2121))

    def serve():
        # data connections are made in this thread's namespace
        with server.gateway.ns.inside():
            s = FTPServer(listener, Ftp)
            while not stop.is_set():
                s.serve_forever(timeout=0.1, blocking=False)
            s.close_all()

    stop = threading.Event()
    thread = threading.Thread(target=serve)
    thread.start()
    yield
    stop.set()
    thread.join()


@pytest.fixture
def m(server):
    with server.gateway.ns.inside():
        session = manager.connect(host=ADDRESS, port=PORT, username="root", key_filename=server.key, hostkey_verify=False,
                                  allow_agent=False, look_for_keys=False, device_params={"name": "junos"}, timeout=60)
    with session:
        yield session


HTTP = f"http://{ADDRESS}:8000"
FTP = f"ftp://{ADDRESS}:2121"


def host_name(m):
    return m.rpc("<get-configuration format='set'/>").xpath("//configuration-set")[0].text.split("host-name ")[1].split()[0]


def load(m, url, **attributes):
    return m.rpc(to_ele(f'<load-configuration url="{url}" ' + " ".join(f'{k}="{v}"' for k, v in attributes.items()) + "/>"))


def test_load_configuration_by_url(m, web, ftp):
    assert any("url:1.0?scheme=" in c and "http" in c and "ftp" in c for c in m.server_capabilities)
    for url in (f"{HTTP}/new.conf", f"{HTTP}/to-new", f"{FTP}/new.conf", f"ftp://rob:secret@{ADDRESS}:2121/new.conf"):
        load(m, url, format="text")
        assert host_name(m) == "fetched", url
        m.discard_changes()
        assert host_name(m) == "gw"


@pytest.mark.parametrize("path, why", [
    ("/none", "Not Found"), ("/to-file", "file-fetch failed"), ("/to-itself", "redirects")])
def test_what_cannot_be_loaded(m, web, path, why):
    with pytest.raises(RPCError) as e:
        load(m, HTTP + path, format="text")
    assert why in e.value.message and host_name(m) == "gw"


def test_other_failures(m, web, ftp):
    for url, why in ((f"{FTP}/none", "File unavailable"), (f"http://{ADDRESS}:1/x", "file-fetch failed"),
                     ("scp://192.0.2.1/x", "unsupported kind of URL"), ("file://elsewhere/etc/passwd", "unsupported")):
        with pytest.raises(RPCError) as e:
            load(m, url, format="text")
        assert why in e.value.message, url
    with pytest.raises(RPCError) as e:
        load(m, f"{HTTP}/wrong.conf", format="text")
    assert "wrong.conf" not in e.value.message and host_name(m) == "gw"


def test_the_operations_of_the_standard(m, web, ftp, folder):
    base = 'xmlns="urn:ietf:params:xml:ns:netconf:base:1.0"'

    def copy(source, target):
        return m.rpc(to_ele(f"<copy-config {base}><target>{target}</target><source>{source}</source></copy-config>"))

    m.rpc(to_ele(f"<edit-config {base}><target><candidate/></target><url>{HTTP}/new.conf</url></edit-config>"))
    assert host_name(m) == "fetched"
    for url in (f"file://{folder}/file.xml", f"{HTTP}/http.xml", f"ftp://rob:secret@{ADDRESS}:2121/ftp.xml"):
        copy("<candidate/>", f"<url>{url}</url>")
    m.discard_changes()
    for name in ("file.xml", "http.xml", "ftp.xml"):
        text = open(os.path.join(folder, name), encoding="utf-8").read()
        assert to_ele(text).tag == "{urn:ietf:params:xml:ns:netconf:base:1.0}config" and "fetched.example" in text
        copy(f"<url>{HTTP}/{name}</url>", "<candidate/>")
        assert host_name(m) == "fetched"
        m.rpc(to_ele(f"<validate {base}><source><url>file://{folder}/{name}</url></source></validate>"))
        m.discard_changes()
    assert os.stat(os.path.join(folder, "file.xml")).st_mode & 0o777 == 0o600
    for target in (f"{HTTP}/forbidden", f"{FTP}/anonymous.xml", "file:///nowhere/at/all.xml", "sftp://x/y"):
        with pytest.raises(RPCError) as e:
            copy("<running/>", f"<url>{target}</url>")
        assert "<bad-element>url" in e.value.info
    assert not os.path.exists(os.path.join(folder, "anonymous.xml"))


def test_the_command_line(server, web, ftp, folder):
    gateway = server.gateway
    out = gateway.type("configure", f"load merge {HTTP}/new.conf", "show | compare", "rollback 0",
                       f"load set {HTTP}/none", f"load override {HTTP}/wrong.conf", "rollback 0", check=False)
    assert "load complete\n" in out.stdout and "+  domain-name fetched.example;" in out.stdout
    assert "error: cannot open" in out.stderr and "Not Found" in out.stderr
    assert f"{HTTP}/wrong.conf:2:(5) syntax error" in out.stderr
    for url in (HTTP, FTP):
        gateway.cli(f"file copy {url}/new.conf {folder}/copy.conf")
        assert open(os.path.join(folder, "copy.conf"), encoding="utf-8").read().startswith("system { host-name fetched")
        os.unlink(os.path.join(folder, "copy.conf"))
    gateway.cli(f"file copy {folder}/new.conf {HTTP}/put.conf")
    assert os.path.getsize(os.path.join(folder, "put.conf")) == os.path.getsize(os.path.join(folder, "new.conf"))
    failed = gateway.cli(f"file copy {HTTP}/none {folder}/none", check=False)
    assert failed.returncode == 1 and "file-fetch failed: Not Found" in failed.stderr
    assert sorted(os.listdir(folder)) == ["new.conf", "put.conf", "wrong.conf"]


def test_no_password_of_a_file_and_no_proxy_are_used(server, web, folder, monkeypatch):
    monkeypatch.setenv("HOME", folder)
    monkeypatch.setenv("http_proxy", "http://192.0.2.99:1")
    with open(os.path.join(folder, ".netrc"), "w", encoding="utf-8") as f:
        f.write(f"machine {ADDRESS} login who password what\n")
    server.gateway.cli(f"file copy {HTTP}/new.conf {folder}/copy.conf")
    assert web.asked == [("/new.conf", None)]


def test_libcurl_is_loaded_for_a_url_only(server, web, folder, monkeypatch):
    """It brings many libraries along, which would cost each command more than what it does."""
    needed = subprocess.run(["ldd", program("sallyport")], check=True, stdout=subprocess.PIPE, text=True).stdout
    assert "libyang" in needed and "curl" not in needed
    with open(os.path.join(folder, "libcurl.so.4"), "wb"):
        pass
    monkeypatch.setenv("LD_LIBRARY_PATH", folder)
    server.gateway.cli("show version")
    failed = server.gateway.cli(f"file copy {HTTP}/new.conf {folder}/copy.conf", check=False)
    assert failed.returncode == 1 and "file-fetch failed: libcurl cannot be used" in failed.stderr
    assert not os.path.exists(os.path.join(folder, "copy.conf")) and web.asked == []


def test_control_c_ends_a_load(server, web):
    gateway = server.gateway
    master, slave = pty.openpty()
    env = dict(os.environ, TERM="dumb", INPUTRC="/dev/null")
    with gateway.ns.inside():
        process = subprocess.Popen([program("sallyport"), "-r", gateway.run_dir], stdin=slave, stdout=slave, stderr=slave,
                                   env=env, start_new_session=True,
                                   preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
    os.close(slave)

    def read_until(text):
        screen, end = b"", time.monotonic() + 10
        while text not in screen:
            assert select.select([master], [], [], end - time.monotonic() if end > time.monotonic() else 0)[0], screen
            screen += os.read(master, 65536)
        return screen

    read_until(b"> ")
    os.write(master, b"configure\n")
    read_until(b"# ")
    for path in ("/slow", "/endless"):
        os.write(master, f"load merge {HTTP}{path}\n".encode())
        while not web.asked or web.asked[-1] != (path, None):
            time.sleep(0.02)
        os.write(master, b"\x03")
        read_until(b"# ")
    os.write(master, b"show | compare | count\n")
    read_until(b"Count: 0 lines")
    os.write(master, b"exit\nexit\n")
    process.wait(timeout=10)
    os.close(master)
