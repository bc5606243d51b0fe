# SPDX-License-Identifier: BSD-2-Clause
"""mgd towards the daemons, the disk and several users."""
import json
import os
import pathlib
import random
import subprocess
import time
import xml.etree.ElementTree as ElementTree

from control import BUILD, PATIENCE, Elem, tree, wait

SET_T2 = [
    "set services ipsec-vpn rule r1 term t2 from destination-address 10.9.0.0/24",
    "set services ipsec-vpn rule r1 term t2 then remote-gateway 192.0.2.9",
    "set services ipsec-vpn rule r1 term t2 then manual direction bidirectional protocol ah",
    "set services ipsec-vpn rule r1 term t2 then manual direction bidirectional spi 502",
    "set services ipsec-vpn rule r1 term t2 then manual direction bidirectional authentication algorithm hmac-sha1-96",
    "set services ipsec-vpn rule r1 term t2 then manual direction bidirectional authentication key ascii-text "
    "12345678901234567890",
]


def packed(gw):
    """Waits until the rollbacks are packed, which is done after the answer."""
    wait(lambda: not list(gw.config.glob("juniper.conf.[0-9]")))


def sent(gw, name):
    return [(kind, commit) for kind, commit, _ in gw.daemons[name].log]


def test_only_daemons_whose_part_changes_hear_of_a_commit(gw):
    for d in gw.daemons.values():
        d.log.clear()
    gw.cli("configure", "set services ipsec-vpn rule r1 term t1 then tunnel-mtu 1400", "commit", check=0)
    assert sent(gw, "sp-1/2/0") == [("check", 2), ("apply", 2)]
    assert sent(gw, "sp-1/3/0") == []
    wait(lambda: gw.in_force[-1] == 2)


def test_a_new_spi_is_told_to_those_who_share_the_local_gateway(gw):
    gw.daemons["sp-1/3/0"].log.clear()
    gw.cli("configure", *SET_T2, "commit", check=0)
    ((_, _, checked), (_, _, applied)) = gw.daemons["sp-1/3/0"].log
    assert checked == applied and b"ah 502 192.0.2.1" in applied


def test_keys_go_to_the_picd_that_needs_them_and_to_nobody_else(gw):
    gw.cli("configure", *SET_T2, "commit", check=0)
    key = b"12345678901234567890"
    assert any(key in conf for _, _, conf in gw.daemons["sp-1/2/0"].log)
    assert not any(key in conf for _, _, conf in gw.daemons["sp-1/3/0"].log)
    assert not any(key in conf for _, _, conf in gw.daemons["netd"].log)
    assert key.decode() not in gw.command("show configuration")
    assert key.decode() not in gw.log()
    packed(gw)
    for f in gw.config.iterdir():
        assert key not in f.read_bytes()
        assert f.stat().st_mode & 0o777 == 0o600


def test_a_daemon_that_refuses_at_check_stops_the_commit(gw):
    before = (gw.config / "juniper.conf").read_bytes()
    gw.daemons["sp-1/2/0"].refuse = "[edit interfaces sp-1/2/0]\n  no more rings"
    for d in gw.daemons.values():
        d.log.clear()
    _, _, err = gw.cli("configure", *SET_T2, "commit", check=1)
    assert err == ("[edit interfaces sp-1/2/0]\n  no more rings\n"
                   "error: picd sp-1/2/0: configuration check-out failed\nerror: configuration check-out failed\n")
    assert [k for d in gw.daemons.values() for k, _, _ in d.log if k == "apply"] == []
    assert (gw.config / "juniper.conf").read_bytes() == before
    gw.daemons["sp-1/2/0"].refuse = None
    gw.cli("configure", "commit", check=0)  # the candidate was kept


def test_kmd_is_asked_only_about_what_it_has_to_know(gw):
    kmd = gw.daemons["kmd"]
    kmd.log.clear()
    gw.cli("configure", "set interfaces ge-0/0/0 description x", "commit", check=0)
    assert kmd.log == []
    kmd.refuse = "no"
    dynamic = ("set services ipsec-vpn ike policy new pre-shared-key ascii-text swordfish",
               "set services ipsec-vpn rule r1 term new from destination-address 10.77.0.0/24",
               "set services ipsec-vpn rule r1 term new then remote-gateway 192.0.2.77 dynamic ike-policy new")
    status, _, err = gw.cli("configure", *dynamic, "commit")
    assert status == 1 and "error: kmd: configuration check-out failed\n" in err, err
    kmd.refuse = None
    gw.cli("configure", "commit", check=0)
    assert [k for k, _, _ in kmd.log] == ["check", "check", "apply"]
    assert b"pre-shared-key" in kmd.log[-1][2]
    for name, daemon in gw.daemons.items():
        assert name == "kmd" or not any(b"pre-shared-key" in conf for _, _, conf in daemon.log), name


def test_netd_applies_before_the_picds(gw):
    order = []
    for name, d in gw.daemons.items():
        original = d.on_message

        def note(channel, kind, seq, elem, fd, name=name, original=original):
            order.append((name, kind))
            original(channel, kind, seq, elem, fd)
        d.channel.handler = note
    gw.cli("configure", *SET_T2, "set interfaces ge-0/0/0 unit 0 family inet address 192.0.2.77/24", "commit", check=0)
    applies = [name for name, kind in order if kind == 11]
    assert applies[0] == "netd" and "sp-1/2/0" in applies


def test_a_daemon_that_comes_back_gets_what_is_in_force(gw):
    d = gw.daemons["sp-1/2/0"]
    d.die()
    d.log.clear()
    gw.cli("configure", *SET_T2, "commit check", check=0)
    d.link()
    wait(lambda: d.log)
    assert sent(gw, "sp-1/2/0") == [("apply", 1)]
    gw.cli("configure", "commit", check=0)
    assert sent(gw, "sp-1/2/0")[-1] == ("apply", 2)


def test_a_commit_while_a_daemon_is_down_waits_for_it(gw):
    d = gw.daemons["sp-1/2/0"]
    d.die()
    d.log.clear()
    p = subprocess.Popen([BUILD / "cli/sallyport", "-r", gw.dir], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    p.stdin.write("\n".join(["configure", *SET_T2, "commit"]) + "\n")
    p.stdin.close()
    time.sleep(0.5)
    d.link()
    assert p.wait(PATIENCE) == 0
    assert "commit complete" in p.stdout.read()
    p.stdout.close()
    assert sent(gw, "sp-1/2/0")[-1] == ("apply", 2)


def test_a_file_with_errors_is_refused_whole_with_every_error(mgd):
    status, text = mgd.load("system {\n    host-name;\n    frobnicate 3;\n}\nsecurity {\n    bogus 3;\n")
    assert status == "error"
    assert text.count("test.conf:") >= 3
    assert not (mgd.config / "juniper.conf").exists()
    status, text = mgd.load("services { service-set s { ipsec-vpn-rules none; } }")
    assert status == "error" and "Referenced IPSec VPN rule must be defined" in text


def test_killed_mgd_comes_back_with_configuration_and_daemons(gw):
    gw.cli("configure", *SET_T2, "commit", check=0)
    text = gw.command("show configuration")
    for d in gw.daemons.values():
        d.log.clear()
    gw.kill()
    gw.start()
    for name in ("netd", "sp-1/2/0"):
        wait(lambda name=name: sent(gw, name) == [("apply", 2)])
    assert gw.command("show configuration") == text


def test_killed_at_any_time_of_a_commit_leaves_old_or_new(gw):
    random.seed(2)
    for i in range(25):
        name = f"h{i}"
        before = gw.command("show configuration system").strip()
        p = subprocess.Popen([BUILD / "cli/sallyport", "-r", gw.dir], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL, text=True)
        p.stdin.write(f"configure\nset system host-name {name}\ncommit\n")
        p.stdin.close()
        time.sleep(random.random() * 0.03)
        gw.kill()
        gw.start()
        p.wait(PATIENCE)  # one that had only been queued is answered by the new mgd
        after = gw.command("show configuration system").strip()
        assert after in (before, f"host-name {name};")
        assert sum(1 for f in gw.config.iterdir() if f.name == "juniper.conf") == 1


def test_strangers_are_not_let_in(gw):
    exe = gw.dir / "sallyport"
    exe.write_bytes((BUILD / "cli/sallyport").read_bytes())
    exe.chmod(0o755)
    p = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", exe, "-r", gw.dir, "-c",
                        "show version"], capture_output=True, text=True)
    assert (p.returncode, p.stdout, p.stderr) == (1, "", "error: permission denied\n")


def test_strangers_cannot_keep_users_out(gw):
    crowd = ("import os, socket, sys\nos.setgroups([]); os.setgid(65534); os.setuid(65534)\nkept = []\n"
             "for _ in range(200):\n s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); kept.append(s)\n"
             " try: s.send(b'\\0\\0\\xff')\n except OSError: pass\n"
             "print(flush=True); sys.stdin.read()")
    os.chmod(gw.dir, 0o755)
    with subprocess.Popen(["/usr/bin/python3", "-c", crowd, f"{gw.dir}/mgd.sock"], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as p:
        p.stdout.readline()
        assert "host-name" in gw.command("show configuration system")
        p.stdin.close()



def test_load_from_file_and_terminal(gw, tmp_path):
    f = tmp_path / "more.conf"
    f.write_text("system {\n    host-name more;\n}\n")
    _, out, _ = gw.cli("configure", f"load merge {f}", "show system", check=0)
    assert out == "Entering configuration mode\nload complete\nhost-name more;\n"
    _, out, err = gw.cli("configure", "load set terminal", "set system host-name typed", "set system host-name", "\x04",
                         "show system", check=1)
    assert out.endswith("host-name typed;\n")
    assert "terminal:2:(" in err and err.endswith("load complete (1 errors)\n")
    f.write_text("system { host-name; }")
    _, _, err = gw.cli("configure", f"load override {f}", check=1)
    assert err.startswith(f"{f}:1:(")
    _, _, err = gw.cli("configure", "load merge /does/not/exist", "rollback", check=1)
    assert err == "error: cannot open '/does/not/exist': No such file or directory\n"


def test_what_show_prints_loads_back_the_same(gw, tmp_path):
    for form, action in (("", "override"), (" | display set", "set")):
        text = gw.command("show configuration" + form)
        f = tmp_path / "f"
        f.write_text(text)
        _, out, _ = gw.cli("configure", *(["delete services", "delete interfaces", "delete system"]
                                          if action == "set" else []), f"load {action} {f}", "show | compare", check=0)
        assert out.endswith("load complete\n"), out


def test_lines_fail_alone_and_the_status_tells(gw):
    status, out, err = gw.cli("show nothing", "show version", check=1)
    assert "Hostname: gw" in out and "syntax error" in err
    assert gw.command("show nothing", check=1) == "show nothing\n     ^\nsyntax error, expecting <command>.\n"
    gw.cli("show version", "", "# a comment", check=0)


def test_exclusive_locks_others_out_and_private_is_private(gw):
    p = subprocess.Popen([BUILD / "cli/sallyport", "-r", gw.dir], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    p.stdin.write("configure exclusive\nset system host-name mine\n")
    p.stdin.flush()
    wait(lambda: "locked" in gw.cli("configure private")[2])
    for how in ("configure private", "configure exclusive"):
        _, _, err = gw.cli(how, check=1)
        assert err.startswith("error: configuration database locked by:\n  root (pid ")
    # to look is allowed to all
    wait(lambda: "host-name mine;" in gw.cli("configure", "show system", check=0)[1])
    _, out, err = gw.cli("configure", "set system host-name yours", "commit", "rollback", "load override terminal", check=1)
    assert "Users currently editing the configuration:\n  root (pid " in out and "      exclusive [edit]\n" in out
    assert err.count("error: configuration database locked by:\n  root (pid ") == 4, err
    p.stdin.close()
    p.wait(PATIENCE)
    p.stdout.close()
    _, out, _ = gw.cli("configure", "show system", check=0)
    assert out.endswith("host-name gw;\n")  # changes of an exclusive session do not outlive it
    gw.cli("configure private", "set system host-name private", check=0)
    _, out, _ = gw.cli("configure", "show | compare", check=0)
    assert "private" not in out
    gw.cli("configure private", "set system host-name private", "commit", check=0)
    assert gw.command("show configuration system") == "host-name private;\n"


ROW = "services-security-associations-block"
RPC = "get-services-security-associations-information"
COMMAND = "show services ipsec-vpn ipsec security-associations"


def block(name, value="x"):
    return Elem(ROW, None, [Elem("svc-set-name", name), tree("security-associations", sa_direction=value)])


def test_rows_of_all_picds_come_in_the_order_of_the_configuration(gw):
    gw.daemons["sp-1/3/0"].rows[RPC] = [block("three")]
    gw.daemons["sp-1/2/0"].rows[RPC] = [block("one"), block("two")]
    out = gw.command(COMMAND + " | match set:")
    assert out == "Service set: one\nService set: two\nService set: three\n"
    assert gw.daemons["sp-1/2/0"].requests[-1].name == RPC


def test_the_request_carries_the_arguments(gw):
    gw.command(COMMAND + " detail ss-one")
    r = gw.daemons["sp-1/2/0"].requests[-1]
    assert (r.get("level"), r.get("service-set")) == ("detail", "ss-one")


def test_a_missing_picd_is_told_and_the_others_answer(gw):
    gw.daemons["sp-1/3/0"].rows[RPC] = [block("three")]
    gw.daemons["sp-1/2/0"].die()
    p = subprocess.run([BUILD / "cli/sallyport", "-r", gw.dir, "-c", COMMAND], capture_output=True, text=True)
    assert p.returncode == 1 and "Service set: three" in p.stdout
    assert p.stderr == "error: the picd subsystem is not running: sp-1/2/0\n"


NASTY = ["<a & b>", 'quote " and \\', "tab\there", "umlaut \u00fc", "\x01 control \x1f", "]]>", ""]


def test_xml_and_json_are_well_formed_whatever_the_rows_hold(gw):
    gw.daemons["sp-1/2/0"].rows[RPC] = [block(v, v) for v in NASTY]
    root = ElementTree.fromstring(gw.command(COMMAND + " | display xml"))
    blocks = [e for e in root.iter() if e.tag.endswith("}" + ROW)]
    assert len(blocks) == len(NASTY)
    assert blocks[0][0].text == "<a & b>"
    answer = json.loads(gw.command(COMMAND + " | display json"))
    blocks = answer["services-security-associations-information"][0][ROW]
    assert [b["svc-set-name"][0]["data"] for b in blocks] == NASTY
    for command in ("show version", "show system commit", "show configuration", "show interfaces"):
        ElementTree.fromstring(gw.command(command + " | display xml") or "<empty/>")
        json.loads(gw.command(command + " | display json") or "{}")


def is_sanitized():
    return b"__asan_init" in (BUILD / "daemon/mgd/mgd").read_bytes()


def rss_kb(pid):
    return int(next(line for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
                    if line.startswith("VmHWM")).split()[1])


def test_a_long_answer_to_a_slow_reader_stays_bounded(gw):
    n = 60000
    limit_kb = 500000 if is_sanitized() else 8000  # a sanitizer keeps what was freed
    gw.daemons["sp-1/2/0"].rows[RPC] = [block("s" * 400)] * n
    before = rss_kb(gw.mgd.pid)
    # nobody reads from the socket for a while: the command line is stopped
    p = subprocess.Popen([BUILD / "cli/sallyport", "-r", gw.dir, "-c", COMMAND + " | match inbound-not | count"],
                         stdout=subprocess.PIPE, text=True)
    os.kill(p.pid, 19)
    time.sleep(2)
    assert gw.command("show version")  # mgd serves others meanwhile
    assert rss_kb(gw.mgd.pid) - before < limit_kb
    os.kill(p.pid, 18)
    assert p.wait(PATIENCE) == 0
    assert p.stdout.read() == "Count: 0 lines\n"
    p.stdout.close()
    assert rss_kb(gw.mgd.pid) - before < limit_kb
