# SPDX-License-Identifier: BSD-2-Clause
"""What users with few rights, and programs that do not behave, try at the running mgd and the command line."""
import os
import pathlib
import pwd
import re
import select
import signal
import socket
import struct
import subprocess
import time
from xml.etree import ElementTree

import pytest
import screen

import classes
import control
from classes import conf
from test_classes import netconf
from test_commit import Shell


@pytest.fixture
def users(gw):
    return classes.users(gw)


class Program:
    """A NETCONF session that stays open."""

    def __init__(self, users, user="root"):
        self.p = subprocess.Popen([*users.command(user), "netconf"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, cwd="/")
        self.read()
        self.write("<hello xmlns='urn:ietf:params:xml:ns:netconf:base:1.0'><capabilities/></hello>")

    def write(self, text):
        self.p.stdin.write(text.encode() + b"]]>]]>\n")
        self.p.stdin.flush()

    def read(self):
        out = b""
        while not out.endswith(b"]]>]]>\n"):
            c = self.p.stdout.read(1)
            assert c, out
            out += c
        return out[:-7].decode()

    def ask(self, request):
        self.write(f"<rpc>{request}</rpc>")
        return self.read()

    def close(self):
        self.p.stdin.close()
        self.p.wait(control.PATIENCE)
        self.p.stdout.close()


def edit(text):
    return ("<edit-config><target><candidate/></target><config><configuration>" + text +
            "</configuration></config></edit-config>")


HOST_EVIL = "<system><host-name>evil</host-name></system>"


# --- locks ---

def test_a_program_does_not_edit_what_another_has_locked(users):
    program = Program(users)
    assert "<ok/>" in program.ask(edit("<system><host-name>one</host-name></system>"))
    assert "<ok/>" in program.ask("<commit/>")
    holder = Shell(users.gw, "configure exclusive")
    said = program.ask(edit(HOST_EVIL))
    assert "locked" in said and "<ok/>" not in said, said
    assert "evil" not in holder.say("show system host-name")
    holder.close()
    program.close()


def test_input_that_comes_late_does_not_edit_what_another_has_locked(users):
    early = Shell(users.gw, "configure")
    early.p.stdin.write("load set terminal\nset system host-name evil\n")
    early.p.stdin.flush()
    control.wait(lambda: "'load set terminal'" in users.gw.log())
    holder = Shell(users.gw, "configure exclusive")
    early.p.stdin.write("\x04\n")
    early.p.stdin.flush()
    said = early.say("status")
    assert "locked" in said, said
    assert "evil" not in holder.say("show system host-name")
    holder.close()
    early.close()


@pytest.mark.parametrize("line", ["delete", "wildcard delete system host.*"])
def test_answers_that_come_late_do_not_edit_what_another_has_locked(gw, line):
    early = screen.Typist(gw)
    early.paste("configure\n", "# ")
    early.paste(line + "\n", "(no) ")
    holder = Shell(gw, "configure exclusive")
    said = early.paste("yes\n", "# ")
    assert "locked" in said, said
    assert "host-name gw" in holder.say("show system")
    holder.close()
    early.p.terminate()


# --- rights ---

DENIED = """system { login {
    class narrow {
        permissions [ configure interface interface-control view view-configuration rollback ];
        deny-configuration "interfaces ge-0/0/0";
        deny-commands "show configuration|rollback|load";
    }
    user daemon { class narrow; }
} }
"""


def narrow(users):
    users.gw.cli("configure", f"load merge {conf(users.gw, DENIED)}", "commit", "exit", "exit", check=0)


def test_a_wildcard_in_a_group_does_not_reach_what_is_denied(users):
    narrow(users)
    users.run("daemon", "configure", "set groups g interfaces <*> description evil", "set interfaces apply-groups g",
              "set groups g interfaces <ge-*> description evil", "commit")
    assert "evil" not in users.gw.command("show configuration interfaces ge-0/0/0 | display inheritance")


def test_commands_that_are_denied_are_denied_to_programs(users):
    narrow(users)
    for ask in ("<get-config><source><running/></source></get-config>", "<get-configuration/>",
                "<get-configuration compare='rollback' rollback='1'/>",
                edit("<interfaces><interface><name>ge-0/0/9</name></interface></interfaces>"),
                "<load-configuration rollback='1'/>"):
        said = netconf(users, "daemon", ask)[0]
        assert "permission denied" in said or "unknown command" in said, said
        assert "ge-0/0/1" not in said


def test_what_programs_ask_for_is_in_the_log(users):
    netconf(users, "games", "<get-config><source><running/></source></get-config>", "<get-software-information/>",
            edit(HOST_EVIL))
    lines = [line for line in users.gw.log().splitlines() if " UI_NETCONF_CMD: " in line]
    assert [line[line.index("User"):] for line in lines] == [
        f"User 'games' via netconf call '{c}'" for c in ("get", "rpc get-software-information", "load")]


def test_a_private_commit_is_judged_by_the_rights_of_that_moment(users):
    s = subprocess.Popen(users.command("mail"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                         text=True, cwd="/")
    s.stdin.write("configure private\nset system host-name evil\nshow system host-name\n")
    s.stdin.flush()
    while "host-name evil" not in s.stdout.readline():
        pass
    users.gw.cli("configure private", "set system login user mail class net-admin", "commit", "exit", "exit", check=0)
    s.stdin.write("commit\ncommit\nexit\nexit\n")
    s.stdin.close()
    said = s.stdout.read()
    s.wait(control.PATIENCE)
    assert users.gw.command("show configuration system host-name") == "host-name gw;\n", said


def test_a_secret_cannot_be_guessed(users):
    """Who may not see a secret is not told whether a guess is right."""
    key = next(line for line in users.gw.command("show configuration | display set").splitlines() if "ascii-text" in line)
    said = []
    place = key[:key.index("ascii-text")].removeprefix("set ")
    users.gw.cli("configure", f"set {place} ascii-text right-guess-123-4567", "commit", "exit", "exit", check=0)
    for guess in ("right-guess-123-4567", "wrong-guess-123-4567"):
        path = conf(users.gw, f"set {place} ascii-text {guess}\n", "guess.conf")
        said.append(users.run("games", "configure", f"load set {path}", "rollback", "exit"))
    assert said[0] == said[1], said


# --- many at once ---

CROWD = ("import os, socket, sys\nos.setgroups([]); os.setgid(int(sys.argv[2])); os.setuid(int(sys.argv[2]))\nkept = []\n"
         "for _ in range(1000):\n s = socket.socket(socket.AF_UNIX)\n"
         " try: s.connect(sys.argv[1]); s.setblocking(False); kept.append(s); s.send(b'\\0\\0\\xff')\n"
         " except OSError: pass\n"
         "print(flush=True); sys.stdin.read()")


def test_one_user_cannot_keep_others_out(users):
    uid = pwd.getpwnam("sync").pw_uid
    with subprocess.Popen(["/usr/bin/python3", "-c", CROWD, f"{users.gw.dir}/mgd.sock", str(uid)],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as p:
        p.stdout.readline()
        assert "host-name" in users.gw.command("show configuration system")
        assert "Hostname" in users.run("man", "show version")
        p.stdin.close()


def test_the_input_of_one_user_is_bounded(users):
    """Sessions that send and send, as one of class read-only may for `| compare FILE`."""
    script = ("import os, sys\n" "f = os.open(sys.argv[1], os.O_WRONLY)\n" "b = b'x' * (1 << 20)\n"
              "for _ in range(400): os.write(f, b)\n" "sys.stdin.read()\n")
    crowd = []
    for i in range(3):
        fifo = users.gw.dir / f"fifo{i}"
        os.mkfifo(fifo)
        fifo.chmod(0o666)
        crowd.append(subprocess.Popen([*users.command("sys"), "-c", f"show configuration | compare {fifo}"],
                                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        crowd.append(subprocess.Popen(["/usr/bin/python3", "-c", script, fifo], stdin=subprocess.PIPE,
                                      stderr=subprocess.DEVNULL))
    control.wait(lambda: sum(p.poll() is not None for p in crowd) >= 2)
    assert "Hostname" in users.gw.command("show version")
    for p in crowd:
        p.kill()
        p.wait()
        if p.stdin:
            p.stdin.close()


# --- what reaches a terminal ---

ESCAPES = "\x1b]0;evil\x07 \x9b31m \u009b31m"


def no_controls(seen):
    assert "\x1b]0" not in seen and "\x07" not in seen and "\u009b" not in seen, seen
    assert not re.search(r"\x1b(?!\[[0-9;?]*[A-Za-z])", seen), seen


def test_nothing_but_text_reaches_the_terminal_of_others(users, tmp_path):
    gw = users.gw
    log = gw.log_dir / "messages"
    log.write_bytes("one \x1b]0;evil\x07 \u009b31m two\n".encode() + b"three \x9b31m\n")
    evil = tmp_path / "evil"
    evil.write_bytes("one \x1b]0;evil\x07 \u009b31m two\n".encode())
    gw.cli("configure", 'commit comment "\u009b31mevil"', "exit", "exit")
    t = screen.Typist(gw)
    got = ""
    for line in ("show log messages | no-more\n", "show log messages\n", f"file show {evil}\n", "show system commit\n"):
        got += t.paste(line, "> ")
    os.write(t.master, b"")
    gw.command('request message all message "\u009b31mevil \x1b]0;evil\x07"', check=None)
    time.sleep(0.5)
    got += t.paste("show cli\n", "> ")
    t.p.terminate()
    assert "three" in got and "two" in got and "evil" in got
    no_controls(got)


# --- framing and replies ---

def test_a_reply_cannot_be_forged_by_a_value(users):
    users.gw.cli("configure", 'set interfaces ge-0/0/0 description "]]>]]><rpc-reply>&\'<![CDATA["', "commit", "exit", "exit",
                 check=0)
    for ask in ("<get-config><source><running/></source></get-config>", "<get-configuration format='text'/>",
                "<get-configuration format='json'/>", "<get-configuration format='set'/>",
                "<command>show configuration</command>", "<command>show configuration | display set</command>",
                "<command>show configuration | display xml</command>", "<command format='text'>show configuration</command>"):
        said = netconf(users, "root", ask)
        assert len(said) == 2, (ask, said)
        for one in said:
            ElementTree.fromstring(one)


def test_attributes_of_a_request_come_back_well_formed(users):
    p = subprocess.run([*users.command("root"), "netconf"], input=
                       "<hello/>]]>]]><rpc message-id='\"&lt;&gt;&amp;&#10;&quot; evil=&quot;1' xmlns:a='u' a:b=\"'\">"
                       "<get-software-information/></rpc>]]>]]><rpc message-id='2'><a>]]>]]><rpc><b><![CDATA[]]>]]>]]></b></rpc>]]>]]>"
                       "<rpc message-id='4'><close-session/></rpc>]]>]]>", text=True, capture_output=True, timeout=control.PATIENCE)
    for one in p.stdout.split("]]>]]>")[:-1]:
        ElementTree.fromstring(one.strip().encode())


def chunked(users, *frames):
    return subprocess.run([*users.command("root"), "netconf", "base-1.1"], input=
                          b"<hello><capabilities><capability>urn:ietf:params:netconf:base:1.1</capability></capabilities>"
                          b"</hello>]]>]]>" + b"".join(frames), capture_output=True, timeout=control.PATIENCE)


@pytest.mark.parametrize("bad", [b"\n#-1\n<a/>", b"\n#4294967296\n<a/>", b"\n#99999999999\n", b"\n#0\n", b"\n##\n", b"#3\n<a>",
                                 b"\n#3\nab", b"\n# 3\n<a>", b"\n#4294967295\n<rpc"])
def test_bad_chunks_end_the_session(users, bad):
    p = chunked(users, bad)
    assert b"Sanitizer" not in p.stderr
    assert p.returncode in (0, 1)
    assert "Hostname" in users.gw.command("show version")


def test_bombs_are_refused(users):
    bomb = ("<!DOCTYPE a [<!ENTITY a '" + "x" * 1000 + "'>" +
            "".join(f"<!ENTITY a{i} '{'&a;' * 1000}'>" for i in range(3)) + "]><rpc><get-software-information>&a1;"
            "</get-software-information></rpc>")
    deep = "<rpc>" + "<a>" * 100000 + "</a>" * 100000 + "</rpc>"
    deep_load = "<rpc>" + edit("<a>" * 100000 + "</a>" * 100000) + "</rpc>"
    p = subprocess.run([*users.command("root"), "netconf"], input="<hello/>]]>]]>" + "]]>]]>".join([bomb, deep, deep_load, ""]),
                       text=True, capture_output=True, timeout=control.PATIENCE)
    said = p.stdout.split("]]>]]>")[1:-1]
    assert len(said) == 3 and all("rpc-error" in s for s in said), p


def test_a_token_without_end_is_not_kept(users):
    p = subprocess.Popen([*users.command("root"), "netconf"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    p.stdin.write(b"<hello/>]]>]]><rpc a='")
    for _ in range(200):
        p.stdin.write(b"a" * (1 << 20))
    p.stdin.flush()
    time.sleep(1)
    status = pathlib.Path(f"/proc/{p.pid}/status").read_text()
    assert int(re.search(r"VmHWM:\s+(\d+)", status).group(1)) < 100_000
    p.stdin.close()
    p.wait(control.PATIENCE)


# --- the login shell ---

@pytest.mark.parametrize("line", ["scp -t /tmp; touch {}", "scp -t $(touch {})", "scp -t `touch {}`", "scp -f x && touch {}",
                                  "start shell sh", "sh -c 'touch {}'", "scp -t | touch {}", "-c touch {}",
                                  "start shell; touch {}", "sftp-server -d $(touch {})"])
def test_the_login_shell_runs_no_other_program(users, tmp_path, line):
    mark = users.gw.dir / "mark"
    p = subprocess.run([*users.command("games"), "-c", line.format(mark)], stdin=subprocess.DEVNULL, capture_output=True,
                       timeout=control.PATIENCE, cwd="/tmp")
    assert not mark.exists(), p


def test_programs_of_the_host_are_not_found_by_path(gw, tmp_path):
    for name in ("diff", "ping", "traceroute"):
        own = tmp_path / name
        own.write_text(f"#!/bin/sh\ntouch {tmp_path}/mark\n")
        own.chmod(0o755)
    (tmp_path / "a").write_text("1\n")
    (tmp_path / "b").write_text("2\n")
    for line in (f"file compare files {tmp_path}/a {tmp_path}/b", "ping 127.0.0.1 count 1"):
        subprocess.run([control.BUILD / "cli/sallyport", "-r", gw.dir, "-c", line], capture_output=True, timeout=control.PATIENCE,
                       env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"})
    assert not (tmp_path / "mark").exists()


# --- the end of a terminal ---

@pytest.fixture
def silence():
    """A namespace in which 192.0.2.0/24 takes every packet and answers none."""
    name = f"sec-{os.getpid()}"
    steps = ("link set lo up", "tuntap add t0 mode tun", "address add 192.0.2.1/24 dev t0", "link set t0 up")
    if os.geteuid() != 0 or subprocess.run(["ip", "netns", "add", name], capture_output=True).returncode != 0:
        pytest.skip("needs root and network namespaces")
    try:
        for step in steps:
            subprocess.run(["ip", "-n", name, *step.split()], check=True)
        yield name
    finally:
        subprocess.run(["ip", "netns", "delete", name])


@pytest.mark.parametrize("how", ["terminal", signal.SIGTERM])
def test_a_ping_ends_with_its_terminal(gw, silence, how):
    gw.shell = ["ip", "netns", "exec", silence, control.BUILD / "cli/sallyport", "-r", gw.dir]
    t = screen.Typist(gw)

    def pings():
        return subprocess.run(["ip", "netns", "pids", silence], capture_output=True, text=True).stdout.split()
    os.write(t.master, b"ping 192.0.2.254 interval 1\n")
    control.wait(lambda: len(pings()) == 2)
    if how == "terminal":
        os.close(t.master)
    else:
        t.p.send_signal(how)
    assert t.p.wait(control.PATIENCE) in (-signal.SIGHUP, -signal.SIGTERM)
    control.wait(lambda: not pings())


def test_the_end_of_a_terminal_may_be_seen_before_its_signal(gw, silence):
    """The kernel hangs a terminal up, and sends SIGHUP then; here it is nobody's controlling terminal, and none is sent."""
    gw.shell = ["ip", "netns", "exec", silence, control.BUILD / "cli/sallyport", "-r", gw.dir]
    t = screen.Typist(gw, controlling=False)

    def pings():
        return subprocess.run(["ip", "netns", "pids", silence], capture_output=True, text=True).stdout.split()
    os.write(t.master, b"ping 192.0.2.254 count 1 wait 1\n")
    control.wait(lambda: len(pings()) == 2)
    os.close(t.master)
    assert t.p.wait(control.PATIENCE) == -signal.SIGHUP
    control.wait(lambda: not pings())


# --- commits whose session is gone ---

MTU = "set interfaces ge-0/0/0 mtu 1400"
OTHER = "set interfaces ge-0/0/0 description other"


@pytest.mark.parametrize("kind", ["exclusive", "private", ""])
def test_a_commit_outlives_its_session(gw, kind):
    """Who edits next starts from what the commit has made, and does not undo it."""
    netd = gw.daemons["netd"]
    netd.refuse_apply = lambda conf: time.sleep(1)
    netd.log.clear()
    s = Shell(gw, f"configure {kind}", MTU)
    s.p.stdin.write("commit\n")
    s.p.stdin.flush()
    control.wait(lambda: any(k == "apply" for k, _, _ in netd.log))
    s.p.kill()
    s.p.wait()
    control.wait(lambda: gw.in_force[-1] == 2)
    netd.refuse_apply = None
    assert gw.cli("configure", "show | compare", check=0)[1] == "Entering configuration mode\n"
    gw.cli("configure", OTHER, "commit", check=0)
    shown = gw.command("show configuration interfaces ge-0/0/0")
    assert "mtu 1400" in shown and "description other" in shown


def test_a_private_commit_is_not_undone_by_the_shared_candidate(gw):
    private = Shell(gw, "configure private", MTU)
    shared = Shell(gw, "configure", OTHER)
    assert "commit complete" in private.say("commit")
    assert "1400" not in shared.say("show | compare")
    assert "commit complete" in shared.say("commit")
    shown = gw.command("show configuration interfaces ge-0/0/0")
    assert "mtu 1400" in shown and "description other" in shown
    for s in (private, shared):
        s.close()
