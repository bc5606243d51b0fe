# SPDX-License-Identifier: BSD-2-Clause
"""Commands about the host and its logs: what the command line does itself, what sallyportd is asked for."""
import gzip
import hashlib
import os
import pathlib
import re
import struct
import subprocess
import threading
import time
import xml.etree.ElementTree as ET

import pytest

import control
import screen
from control import LOG_NAMES, Elem, wait

OPER = "root@gw> "
JUNOS = "{http://xml.juniper.net/junos/21.4R1/junos}"


@pytest.fixture
def typist(gw):
    made = []

    def make(**kw):
        made.append(screen.Typist(gw, **kw))
        return made[-1]
    yield make
    for t in made:
        t.close()


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "one").write_text("first\nsecond\n")
    (tmp_path / "two").write_text("first\nthird\n")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "deep").write_text("x")
    os.symlink("one", tmp_path / "link")
    return tmp_path


def xml(gw, line):
    return ET.fromstring(gw.command(line + " | display xml"))[0]


# --- files ---

def test_file_list(gw, folder):
    assert gw.command(f"file list {folder}") == f"{folder}/:\nlink@ -> one\none\nsub/\ntwo\n"
    assert gw.command(f"file list {folder}/o*") == f"{folder}/one\n"
    assert gw.command(f"file list {folder} recursive").endswith(f"two\n\n{folder}/sub/:\ndeep\n")
    assert gw.command(f"file list {folder}/none") == f"{folder}/none: No such file or directory\n"
    detail = gw.command(f"file list {folder} detail").splitlines()
    assert re.fullmatch(r"total blocks: \d+", detail[1]) and detail[-1] == "total files: 4"
    assert re.fullmatch(r"-rw-r--r-- +1 root +root +13 \w{3} [ \d]\d \d\d:\d\d one", detail[3])


def test_file_list_is_what_clients_of_junos_read(gw, folder):
    (folder / 'odd"<name>').write_text("")
    reply = xml(gw, f"file list detail {folder}")
    assert reply.tag == JUNOS + "directory-list" and reply.get("root-path") == f"{folder}/"
    directory = reply[0]
    assert directory.get(JUNOS + "name") == f"{folder}/"
    files = {f.findtext(JUNOS + "file-name"): f for f in directory.findall(JUNOS + "file-information")}
    one = files["one"]
    assert one.findtext(JUNOS + "file-size") == "13" and one.findtext(JUNOS + "file-permissions") == "644"
    assert one.find(JUNOS + "file-permissions").get(JUNOS + "format") == "-rw-r--r--"
    assert int(one.findtext(JUNOS + "file-date")) == int((folder / "one").stat().st_mtime)
    assert files["sub"].find(JUNOS + "file-directory") is not None
    assert files["link"].findtext(JUNOS + "file-symlink-target") == "one"
    assert 'odd"<name>' in files
    assert xml(gw, f"file list {folder}/none")[0].tag == JUNOS + "output"


def test_file_show(gw, folder):
    assert gw.command(f"file show {folder}/one") == "first\nsecond\n"
    assert xml(gw, f"file show {folder}/one").text == "first\nsecond\n"
    assert gw.command(f"file show {folder}/one encoding base64") == "Zmlyc3QKc2Vjb25kCg==\n"
    assert gw.command(f"file show {folder}/none", check=1) == f"error: could not resolve file: {folder}/none\n"
    assert "is not a regular file" in gw.command(f"file show {folder}", check=1)
    assert "is not a regular file" in gw.command("file show /dev/zero", check=1)
    assert gw.command(f"file show {folder}/one | match second | count") == "Count: 1 lines\n"


def test_a_long_file_is_not_kept(gw, tmp_path):
    """100 MB go through, and the command line does not grow with them."""
    long = tmp_path / "long"
    with open(long, "wb") as f:
        for _ in range(100):
            f.write((b"%099d\n" % 7) * 10486)
    p = subprocess.Popen([control.BUILD / "cli/sallyport", "-r", gw.dir, "-c", f"file show {long}"],
                         stdout=subprocess.PIPE)
    n, peak = 0, 0
    while data := p.stdout.read(1 << 20):
        n += len(data)
        size = re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{p.pid}/status").read_text())
        peak = max(peak, int(size[1]) if size else 0)  # it has none when it has ended
    assert p.wait() == 0 and n == long.stat().st_size and peak > 0
    assert peak < 40_000, f"{peak} kB"


def test_file_copy_rename_delete(gw, folder):
    gw.command(f"file copy {folder}/one {folder}/copy")
    assert (folder / "copy").read_text() == "first\nsecond\n"
    gw.command(f"file copy {folder}/one {folder}/sub")
    assert (folder / "sub" / "one").exists()
    gw.command(f"file rename {folder}/copy {folder}/moved")
    assert (folder / "moved").exists() and not (folder / "copy").exists()
    gw.command(f"file delete {folder}/moved purge")
    gw.command(f"file delete {folder}/sub/*")
    assert list((folder / "sub").iterdir()) == [] and not (folder / "moved").exists()
    assert gw.command(f"file delete {folder}/none", check=1).endswith("No such file or directory\n")
    assert "could not copy" in gw.command(f"file copy {folder}/one {folder}/one", check=1)
    assert (folder / "one").read_text() == "first\nsecond\n"
    assert "use scp" in gw.command(f"file copy {folder}/one scp://host/one", check=1)


def test_file_compare(gw, folder):
    assert gw.command(f"file compare files {folder}/one {folder}/two") == "2c2\n< second\n---\n> third\n"
    assert "\n-second\n+third\n" in gw.command(f"file compare files {folder}/one {folder}/two unified")
    assert gw.command(f"file compare files {folder}/one {folder}/one") == ""
    assert "could not resolve" in gw.command(f"file compare files {folder}/one {folder}/none", check=1)


@pytest.mark.parametrize("word,name", [("md5", "md5"), ("sha1", "sha1"), ("sha-256", "sha256")])
def test_file_checksum(gw, folder, word, name):
    want = hashlib.new(name, (folder / "one").read_bytes()).hexdigest()
    assert gw.command(f"file checksum {word} {folder}/one") == f"{name.upper()} ({folder}/one) = {want}\n"
    assert xml(gw, f"file checksum {word} {folder}/one").findtext(f".//{JUNOS}checksum") == want


def test_files_are_opened_with_the_rights_of_the_person(gw, folder):
    """mgd has no part in it: what its user may not read is shown to who may."""
    secret = folder / "secret"
    secret.write_text("mine\n")
    secret.chmod(0o600)
    assert gw.command(f"file show {secret}") == "mine\n"


# --- the host ---

def test_show_system_uptime(gw):
    out = gw.command("show system uptime")
    assert re.match(r"Current time: [-\d]+ [:\d]+ UTC\nSystem booted: [-\d]+ [:\d]+ UTC \([\dwd: ]+ ago\)\n", out)
    assert re.search(r"^Last configured: [-\d]+ [:\d]+ UTC \(00:\d\d:\d\d ago\) by root\n", out, re.M)
    assert re.search(r"^\d+:\d\d[AP]M  up .*, \d+ users?, load averages: [\d.]+, [\d.]+, [\d.]+\n\Z", out, re.M)
    booted = xml(gw, "show system uptime").find(f"{JUNOS}system-booted-time/{JUNOS}date-time")
    up = float(pathlib.Path("/proc/uptime").read_text().split()[0])
    now = int(xml(gw, "show system uptime").find(f"{JUNOS}current-time/{JUNOS}date-time").get(JUNOS + "seconds"))
    assert abs(now - int(booted.get(JUNOS + "seconds")) - up) < 5


def test_show_system_processes(gw):
    def own(out):
        return [line for line in out.splitlines() if line.split()[-1:] == ["mgd"]]
    pid = str(gw.mgd.pid)
    plain = gw.command("show system processes")
    assert plain.startswith("  PID  TT  STAT        TIME COMMAND\n")
    assert any(line.split()[0] == pid for line in own(plain))
    extensive = gw.command("show system processes extensive")
    assert re.match(r"last pid: \d+;  load averages: .*\n\d+ processes: \d+ running, \d+ sleeping\nMem: .*\nSwap: .*\n"
                    r"\n  PID USERNAME ", extensive)
    assert any(line.split()[0] == pid for line in own(extensive))
    brief = gw.command("show system processes brief")
    assert brief.count("\n") == 4 and "PID" not in brief
    assert gw.command("show system processes detail").startswith("  PID   UID  PPID ")
    row = next(p for p in xml(gw, "show system processes") if p.findtext(JUNOS + "pid") == pid)
    assert row.findtext(JUNOS + "uid") == str(control.UID)


def test_what_belongs_to_the_host_is_refused_with_advice(gw):
    for line, word in (("request system reboot", "systemctl reboot"), ("request system halt", "systemctl halt"),
                       ("request system reboot at 10:00", "systemctl reboot"),
                       ("request system software add x.tgz", "package manager"), ("request system zeroize", "delete"),
                       ("set date 200811201000", "timedatectl"), ("set cli logical-system a", "no logical systems")):
        out = gw.command(line, check=1)
        assert out.startswith("error: ") and word in out, line


# --- logs ---

def test_show_log(gw):
    (gw.log_dir / "messages").write_text("Nov 20 10:00:00 gw mgd[1]: UI_COMMIT: a <b> & c\nlast\n")
    (gw.log_dir / "netd").write_text("")
    assert gw.command("show log messages") == "Nov 20 10:00:00 gw mgd[1]: UI_COMMIT: a <b> & c\nlast\n"
    assert gw.command("show log messages | last 1") == "last\n"
    assert xml(gw, "show log messages").text.startswith("Nov 20 10:00:00 gw mgd[1]: UI_COMMIT: a <b> & c\n")
    assert re.fullmatch(r"""total 8
-rw-r-----   1 root     root             53 Jan  1  1970 messages
-rw-r-----   1 root     root              0 Jan  1  1970 netd
""", gw.command("show log")), gw.command("show log")
    listed = xml(gw, "show log")
    assert [f.text for f in listed.iter() if f.tag.endswith("file-name")] == ["messages", "netd"]
    assert gw.command("show log kmd", check=1) == "error: could not resolve file: kmd\n"
    gw.command("clear log messages")
    assert gw.command("show log messages") == ""
    assert gw.command("clear log", check=1).endswith("missing mandatory argument: filename.\n")


def test_a_packed_log(gw):
    text = "".join(f"line {i}\n" for i in range(20000))
    (gw.log_dir / "messages.0.gz").write_bytes(gzip.compress(text.encode()))
    assert gw.command("show log messages.0.gz") == text
    assert gw.command("show log messages.0.gz | last 1") == "line 19999\n"
    packed = bytearray(gzip.compress(text.encode()))
    packed[-6] ^= 1  # of its checksum
    (gw.log_dir / "broken.gz").write_bytes(packed)
    assert "error: broken.gz: the file is damaged\n" in gw.command("show log broken.gz", check=1)
    (gw.log_dir / "plain.gz").write_text("no gzip at all\n")
    assert gw.command("show log plain.gz") == "no gzip at all\n"


def test_names_of_logs_are_offered(gw, typist):
    gw.super.send(LOG_NAMES, 0, Elem("log-names", None, [Elem("name", n) for n in ("commands", "messages", "messages.0.gz")]))
    for command in ("show log", "clear log", "monitor start", "monitor stop"):
        seen = typist().type(f"{command} ?", OPER + f"{command} ")
        assert re.findall(r"^  (commands|messages\S*) *$", seen, re.M) == ["commands", "messages", "messages.0.gz"], seen
    typist().type("show log com\t", "show log commands ")


def test_where_lines_go_is_told(gw):
    before = len(gw.log_confs)
    gw.cli("configure", "set system syslog file all any any", "set system syslog file all archive size 2m files 4",
              "set system syslog user alice authorization warning", "commit")
    wait(lambda: len(gw.log_confs) > before)
    sinks = {(s.get("kind"), s.get("name")): s for s in gw.log_confs[-1].all("sink")}
    assert set(sinks) == {("file", "all"), ("user", "alice"), ("file", "messages")}
    assert sinks["file", "all"].get("size") == str(2 << 20) and sinks["file", "all"].get("files") == "4"
    assert [(c.get("name"), c.get("level")) for c in sinks["user", "alice"].all("contents")] == [("authorization", "warning")]


def test_monitor_with_a_pattern(gw, typist):
    log = gw.log_dir / "messages"
    log.write_text("old\n")
    t = typist()
    t.type("monitor start messages | match UI_ | except LOGOUT\n", OPER)
    with open(log, "a") as f:
        f.write("NETD_X: no\nUI_LOGIN: yes\nUI_LOGOUT: no\n")
    assert "\n*** messages ***\nUI_LOGIN: yes\n" + OPER in t.wait(OPER)
    with open(log, "a") as f:
        f.write("NETD_X: no\n")
    time.sleep(0.6)
    assert "NETD_X" not in t.type("monitor list\n", OPER)
    assert "with match and except only" in t.type("monitor start messages | count\n", OPER)


def test_messages_of_others_are_harmless(gw, typist):
    t = typist()
    gw.command("request message all message \"beware \x9b2J of \x85this\"")
    seen = t.wait(OPER)
    assert "beware" in seen and "\x9b" not in seen and "\x85" not in seen


def test_monitor_shows_new_lines_while_one_types(gw, typist):
    log = gw.log_dir / "messages"
    log.write_text("old\n")
    t = typist()
    assert t.type("monitor start messages\n", OPER) == "monitor start messages\n\n" + OPER
    t.type("show ver", "show ver")
    with open(log, "a") as f:
        f.write("new line\nhalf")
    assert t.wait("show ver") == "\n*** messages ***\nnew line\n" + OPER + "show ver"
    with open(log, "a") as f:
        f.write(" a line\n")
    assert "\n*** messages ***\nhalf a line\n" in t.wait("show ver")
    t.clear()
    assert 'monitor start "messages"' in t.type("monitor list\n", OPER)
    log.write_text("fresh\n")  # it was cleared
    assert "\nfresh\n" in t.wait(OPER)
    t.type("monitor stop\n", OPER)
    assert t.type("monitor list\n", OPER) == "monitor list\n\n" + OPER
    with open(log, "a") as f:
        f.write("unseen\n")
    assert "unseen" not in t.type("show version\n", OPER)


def test_monitor_follows_a_log_that_is_turned_over(gw, typist):
    log = gw.log_dir / "messages"
    log.write_text("old\n")
    t = typist()
    t.type("monitor start messages\n", OPER)
    with open(log, "a") as f:
        f.write("last of the old\n")
    log.rename(gw.log_dir / "messages.0")
    log.write_text("first of the new\n")
    seen = t.wait(OPER)
    while "first of the new" not in seen:
        seen += t.wait(OPER)
    assert seen.index("last of the old") < seen.index("first of the new")


def test_monitor_needs_a_terminal(gw):
    (gw.log_dir / "messages").write_text("")
    assert gw.command("monitor start messages", check=1) == "error: logs are monitored on a terminal\n"


# --- daemons and other users ---

def test_restart(gw):
    assert gw.command("restart adaptive-services") == \
        "Adaptive services process (sp-1-2-0) started, pid 41\nAdaptive services process signalled but still running\n"
    gw.command("restart routing immediately")
    gw.command("restart ipsec-key-management soft")
    gw.command("restart pki-service")
    assert gw.restarts == [("picd", "gracefully"), ("netd", "immediately"), ("kmd", "soft"), ("pkid", "gracefully")]
    assert gw.command("restart routing slowly", check=1).endswith("syntax error.\n")


def test_services_interfaces_are_pics(gw):
    def online(pic):
        return [line.split()[2] for line in gw.command("show chassis fpc pic-status").splitlines()[1:]][pic] == "Online"

    control.wait(lambda: online(0) and online(1))
    assert gw.command("show chassis fpc pic-status") == (
        "Slot 1   Online       Services interfaces\n"
        "  PIC 2  Online       Adaptive Services\n"
        "  PIC 3  Online       Adaptive Services\n")
    gw.daemons["sp-1/3/0"].die()
    control.wait(lambda: not online(1))
    assert online(0) and "  PIC 3  Offline      Adaptive Services\n" in gw.command("show chassis fpc pic-status 1")
    assert gw.command("show chassis fpc pic-status 0") == ""


def test_messages_reach_terminals(gw, typist):
    t = typist()
    t.type("show ver", "show ver")
    gw.command('request message all message "gateway goes down"')
    seen = t.wait("show ver")
    assert re.match(r"\n\nMessage from root@gw on no tty at .*\ngateway goes down\nEOF\nroot@gw> show ver\Z", seen), seen
    assert "no such user" in gw.command('request message user nobody message "x"', check=1)


def test_a_session_is_logged_out(gw, typist):
    t = typist()
    t.type("show ver", "show ver")
    assert "no such session" in gw.command("request system logout pid 1", check=1)
    gw.command(f"request system logout pid {t.p.pid}")
    control.wait(lambda: t.p.poll() is not None)


# --- help ---

def test_help_apropos(gw, typist):
    assert gw.command("help apropos checksum").startswith(
        "file checksum md5\n    Calculate MD5 checksum of file\n")
    out = gw.cli("configure", "help apropos host-name", "edit system", "help apropos host-name", check=0)[1]
    assert out.count("set system host-name <host-name>\n    Name of the gateway\n") == 1
    assert out.count("set host-name <host-name>\n    Name of the gateway\n") == 1
    assert gw.command("help apropos nothingofthekind") == ""


def test_help_reference(gw):
    out = gw.command("help reference services ipsec-vpn rule")
    assert out.startswith("rule\n\n    Syntax\n\n        rule <") and "[edit services ipsec-vpn]" in out
    assert "    match-direction " in out
    assert "host-name <host-name>;" in gw.command("help topic host-name")
    assert "no help about that" in gw.command("help reference nothing of it", check=1)


# --- the shell, and being one ---

def test_start_shell(gw, typist):
    t = typist()
    t.paste("start shell sh\n", "# ")
    assert "\n42\n" in t.paste("echo $((6*7))\n", "# ")
    assert t.paste("exit\n", OPER).endswith(OPER)
    assert "\nHostname: gw\n" in t.type("show version\n", OPER)
    assert gw.command("start shell", check=1) == "error: a shell needs a terminal\n"


def test_only_the_other_end_of_scp_runs_a_program(gw, tmp_path):
    for line in ("scp -S /bin/sh -t x", "scp x y", "scp -oProxyCommand=x -f y"):
        p = subprocess.run([control.BUILD / "cli/sallyport", "-r", gw.dir, "-c", line], capture_output=True, text=True)
        assert p.returncode == 1 and "unknown command" in p.stderr, line
    own = tmp_path / "sftp-server"
    own.write_text("#!/bin/sh\ntouch $0.ran\n")
    own.chmod(0o755)
    for line in (str(own), f"{own} x"):
        subprocess.run([control.BUILD / "cli/sallyport", "-r", gw.dir, "-c", line], stdin=subprocess.DEVNULL,
                       capture_output=True)
    assert not (tmp_path / "sftp-server.ran").exists()


# --- settings ---

def test_settings_of_the_command_line(gw, typist, tmp_path):
    t = typist()
    assert f"\nCurrent directory: {tmp_path}\n" in t.type(f"set cli directory {tmp_path}\n", OPER)
    assert f"\nCurrent directory: {tmp_path}\n" in t.type("show cli directory\n", OPER)
    assert f"error: {tmp_path}/none: No such file" in t.type(f"set cli directory {tmp_path}/none\n", OPER)
    (tmp_path / "here").write_text("found\n")
    assert "\nfound\n" in t.type("file show here\n", OPER)
    assert f"\n{tmp_path}/:\nhere\n" in t.type("file list\n", OPER)
    assert "\nDisabling restart-on-upgrade\n" in t.type("set cli restart-on-upgrade off\n", OPER)
    history = t.type("show cli history\n", OPER)
    assert re.search(r"^  \d\d:\d\d:\d\d -- show cli directory$", history, re.M)
    assert "CLI prompt set to 'me%'\n" in t.type("set cli prompt me%\n", "me% ")


# --- long answers ---

def test_the_pager_stops_a_long_file(gw, typist, tmp_path):
    """Nothing is read ahead of the reader by more than a piece, and what he does not want is not read."""
    long = tmp_path / "long"
    long.write_text("".join(f"line {i}\n" for i in range(2_000_000)))
    t = typist(rows=10)
    first = t.type(f"file show {long}\n", ")---")
    assert "line 8\n" in first and "line 9\n" not in first
    assert "line 17\n" in t.type(" ", ")---")
    size = int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{t.p.pid}/status").read_text())[1])
    assert size < 20_000, f"{size} kB"
    assert t.type("q", OPER).endswith(OPER)
    assert "Hostname: gw" in t.type("show version | no-more\n", OPER)


def test_control_c_ends_a_long_file(gw, typist, tmp_path):
    long = tmp_path / "long"
    long.write_text("x" * 79 + "\n")
    os.truncate(long, 1 << 34)  # a hole that nobody wants to see
    t = typist()
    t.keys(f"file show {long} | count\n")
    os.write(t.master, b"\x03")
    assert t.wait(OPER).endswith(OPER)


# --- who is logged in ---

LOGIN, DEAD = 7, 8


def utmp(kind, pid, line, user, host, seconds):
    """One entry of utmp or wtmp, as utmp(5) has it."""
    return struct.pack("<hxxi32s4s32s256shhiii16s20x", kind, pid, line.encode(), b"ts", user.encode(), host.encode(), 0, 0, 0,
                       seconds, 0, b"")


def test_users_and_their_logins(gw, tmp_path):
    now = int(time.time())
    (tmp_path / "utmp").write_bytes(utmp(LOGIN, os.getpid(), "pts/77", "alice", "192.0.2.7", now - 5) +
                                    utmp(DEAD, 1, "pts/78", "", "", now) + utmp(LOGIN, 999999, "tty9", "bob", "", 1227139200))
    (tmp_path / "wtmp").write_bytes(
        utmp(LOGIN, 11, "pts/1", "alice", "192.0.2.7", 1227139200) + utmp(LOGIN, 12, "tty9", "bob", "", 1227139260) +
        utmp(DEAD, 11, "pts/1", "", "", 1227142800))

    def command(line):
        return subprocess.run(
            ["unshare", "-m", "sh", "-ec", f"mount -t tmpfs none /run; mount -t tmpfs none /var/log; cp {tmp_path}/utmp /run; "
             f"cp {tmp_path}/wtmp /var/log; exec {control.BUILD}/cli/sallyport -r {gw.dir} -c '{line}'"],
            capture_output=True, text=True, check=True).stdout
    users = command("show system users").splitlines()
    assert " 2 users, load averages: " in users[0] and users[1] == "USER     TTY      FROM                              LOGIN@  IDLE WHAT"
    assert re.fullmatch(r"alice    pts/77   192\.0\.2\.7 +\d?\d:\d\d[AP]M +- \S+ *", users[2]), users
    assert re.fullmatch(r"bob      tty9     - +20Nov2008 +\S+ - *", users[3]), users
    assert command("show log user") == (
        "bob      tty9                      Thu Nov 20 00:01   still logged in\n"
        "alice    pts/1    192.0.2.7        Thu Nov 20 00:00 - 01:00  (01:00)\n")
    assert "bob" not in command("show log user alice")
    root = ET.fromstring(command("show system users | display xml"))
    assert [e.text for e in root.iter() if e.tag.endswith("}user")] == ["alice", "bob"]


def test_output_is_sent_to_the_terminals_of_others(gw, typist):
    t, other = typist(), typist()
    t.type('show configuration system | except " \\|x" | request message account root\n', OPER)
    seen = other.wait("> ")
    assert re.search(r"Message from root@gw on /?\S+ at .*\nhost-name gw;\nEOF\n", seen), seen
    # a name that looks like more of the command is a name
    out = t.type('show version | request message account "x\\" terminal \\"y"\n', OPER)
    assert "error: no such user or terminal" in out
    big = gw.dir / "big.txt"
    big.write_text("line\n" * 20000)
    big.chmod(0o644)
    assert "error: too much output for a message" in gw.cli(f"file show {big} | request message all")[2]
    assert t.type("show version | request ?", "request ").split("\n")[2] == (
        "  message              Send output to the terminals of users")
    t.type("me ", "message ")
    assert t.type("?", "message ").split("\n")[2:4] == [
        "  account              Send message to all terminals of this user", "  all                  Send message to all users"]


def test_a_daemon_that_hangs_is_named(gw):
    netd, pic = gw.daemons["netd"], gw.daemons["sp-1/2/0"]
    netd.is_stuck = pic.is_stuck = True
    begin = time.monotonic()
    said = [None, None]

    def ask(i, line):
        said[i] = gw.command(line, check=1)
    other = threading.Thread(target=ask, args=(1, "show services ipsec-vpn ipsec security-associations"))
    other.start()
    ask(0, "show route")
    other.join()
    assert 15 < time.monotonic() - begin < 40
    assert said[0] == "error: timeout communicating with netd daemon\n"
    assert said[1] == "error: timeout communicating with picd daemon: sp-1/2/0\n"  # and the other one was asked
    assert gw.daemons["sp-1/3/0"].requests
    netd.is_stuck = False
    gw.command("show route")


def test_a_text_that_is_too_large_is_refused_whole(gw):
    big = gw.dir / "big.conf"
    with open(big, "wb") as f:
        f.truncate(257 << 20)  # blanks would do; what it holds is not looked at before its size
    os.chmod(big, 0o644)
    _, out, err = gw.cli("configure", f"load merge {big}", "show | compare")
    assert "not a text file" in err and out.endswith("Entering configuration mode\n")
    with open(big, "wb") as f:
        for _ in range(257):
            f.write(b" " * (1 << 20))
    _, out, err = gw.cli("configure", f"load merge {big}", "show | compare")
    assert err == f"error: cannot open '{big}': it is too large\n"
