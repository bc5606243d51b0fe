# SPDX-License-Identifier: BSD-2-Clause
"""Commits that are refused, confirmed, scheduled, private; what is left when mgd or the disk fails meanwhile."""
import gzip
import os
import re
import subprocess
import time

import pytest

import control
import screen
from control import BUILD, PATIENCE, wait
from test_control import SET_T2, packed, sent

MTU = "set services ipsec-vpn rule r1 term t1 then tunnel-mtu %d"
ADDRESS = "set interfaces ge-0/0/0 unit 0 family inet address 192.0.2.77/24"


def conf(gw, name):
    """The configuration that the daemon has been told to run last."""
    return [c for kind, _, c in gw.daemons[name].log if kind == "apply"][-1]


def history(gw):
    """[(number, how)] of show system commit."""
    lines = gw.command("show system commit").splitlines()
    return [(line.split()[0], line.split(" via ")[1]) for line in lines if " via " in line]


def host(gw):
    return gw.command("show configuration system").strip()


class Shell:
    """A session that stays open: lines are written, the answers are read at the end."""

    def __init__(self, gw, *lines):
        self.p = subprocess.Popen([BUILD / "cli/sallyport", "-r", gw.dir], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.say(*lines)

    def say(self, *lines):
        """Returns what came for them."""
        for line in lines:
            self.p.stdin.write(line + "\n")
        self.p.stdin.write("show cli no-such-thing\n")  # fails visibly: the end of the answer
        self.p.stdin.flush()
        out = ""
        while not out.endswith("^\nsyntax error.\n") and not out.endswith("^\nunknown command.\n"):
            line = self.p.stdout.readline()
            assert line, out
            out += line
        return out[:out.rindex("show cli no-such-thing")]

    def close(self):
        self.p.stdin.close()
        self.p.wait(PATIENCE)
        self.p.stdout.close()


# --- daemons that refuse ---

def refused_everywhere(gw, refuser, *lines):
    """A commit of LINES that REFUSER cannot activate leaves no trace. Returns the errors."""
    before = {name: conf(gw, name) for name in gw.daemons}
    store = {f.name: f.read_bytes() for f in gw.config.iterdir() if f.name.startswith("juniper.conf")}
    shown = gw.command("show configuration")
    old = before[refuser]
    gw.daemons[refuser].refuse_apply = lambda c: None if c == old else "[edit interfaces]\n  the kernel says no"
    _, out, err = gw.cli("configure", *lines, "commit", check=1)
    gw.daemons[refuser].refuse_apply = None
    assert "commit complete" not in out
    wait(lambda: all(conf(gw, name) == c for name, c in before.items()))
    assert {f.name: f.read_bytes() for f in gw.config.iterdir() if f.name.startswith("juniper.conf")} == store
    assert gw.command("show configuration") == shown
    return err


def test_netd_refusing_at_apply_is_rolled_back(gw):
    err = refused_everywhere(gw, "netd", ADDRESS, MTU % 1400)
    assert err == ("[edit interfaces]\n  the kernel says no\nerror: netd: cannot activate the configuration\n"
                   "error: commit failed: the previous configuration is in force\n")
    # the picds had not been asked yet; the candidate was kept and can be committed
    gw.cli("configure", "commit", check=0)
    assert gw.command("show configuration interfaces ge-0/0/0 | match 77") != ""
    wait(lambda: gw.in_force[-1] == 2)


def test_a_picd_refusing_at_apply_is_rolled_back_in_netd_and_the_other_picd(gw):
    for d in gw.daemons.values():
        d.log[:-1] = []
    lines = [ADDRESS, *SET_T2]
    err = refused_everywhere(gw, "sp-1/2/0", *lines)
    assert "error: picd sp-1/2/0: cannot activate the configuration\n" in err
    assert [k for k, _, _ in gw.daemons["netd"].log] == ["apply", "check", "apply", "apply"]
    assert [k for k, _, _ in gw.daemons["sp-1/3/0"].log] == ["apply", "check", "apply", "apply"]
    assert gw.in_force[-1] == 1


def test_a_picd_that_was_new_is_stopped_again(gw):
    wanted = []
    original = gw.super.handler

    def note(channel, kind, seq, elem, fd):
        if kind == control.PICS:
            wanted.append([p.value for p in elem.all("pic")])
        original(channel, kind, seq, elem, fd)
    gw.super.handler = note
    lines = ["set interfaces sp-1/4/0 unit 0 family inet", "set interfaces sp-1/4/0 unit 1 family inet",
             "set interfaces sp-1/4/0 unit 1 service-domain inside", "set interfaces sp-1/4/0 unit 2 family inet",
             "set interfaces sp-1/4/0 unit 2 service-domain outside",
             "set services service-set ss-new next-hop-service inside-service-interface sp-1/4/0.1",
             "set services service-set ss-new next-hop-service outside-service-interface sp-1/4/0.2",
             "set services service-set ss-new ipsec-vpn-options local-gateway 192.0.2.9",
             "set services service-set ss-new ipsec-vpn-rules r1"]
    refused_everywhere(gw, "netd", *lines)
    assert "sp-1/4/0" in wanted[0] and "sp-1/4/0" not in wanted[-1]
    gw.daemons.pop("sp-1/4/0", None)


def test_a_daemon_that_dies_at_apply_gets_the_new_configuration_when_it_is_back(gw):
    d = gw.daemons["sp-1/2/0"]
    d.silent = True
    s = subprocess.Popen([BUILD / "cli/sallyport", "-r", gw.dir], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    d.log.clear()
    s.stdin.write(f"configure\n{MTU % 1400}\ncommit\n")
    s.stdin.close()
    wait(lambda: d.log)
    d.silent = False
    d.die()
    d.log.clear()
    time.sleep(0.2)
    d.link()
    wait(lambda: d.log)
    assert s.wait(PATIENCE) == 0 and "commit complete" in s.stdout.read()
    s.stdout.close()
    assert sent(gw, "sp-1/2/0") == [("apply", 2)]


# --- confirmed ---

def deadline_now(gw):
    """Brings the deadline forward, as if the time had passed while mgd was down."""
    f = gw.config / "commit.confirm"
    f.write_text(re.sub(r"deadline \d+", f"deadline {int(time.time()) - 1}", f.read_text()))


def test_an_unconfirmed_commit_is_rolled_back_after_a_restart(gw):
    _, out, _ = gw.cli("configure", "set system host-name tried", "commit confirmed 3", check=0)
    assert out.endswith("commit confirmed will be automatically rolled back in 3 minutes unless confirmed\n"
                        "commit complete\n")
    assert history(gw)[0] == ("0", "cli commit confirmed, rollback in 3mins")
    gw.kill()
    gw.start()
    assert host(gw) == "host-name tried;"  # the time is not over
    assert history(gw)[0] == ("0", "cli commit confirmed, rollback in 3mins")
    gw.kill()
    deadline_now(gw)
    gw.start()
    wait(lambda: host(gw) == "host-name gw;")
    wait(lambda: gw.in_force[-1] == 3)
    assert history(gw) == [("0", "other"), ("1", "cli commit confirmed, rollback in 3mins"), ("2", "other")]
    assert not (gw.config / "commit.confirm").exists()
    gw.kill()
    gw.start()
    assert host(gw) == "host-name gw;" and len(history(gw)) == 3


def test_everybody_is_told_of_an_automatic_rollback(gw):
    gw.cli("configure", "set system host-name tried", "commit confirmed 3", check=0)
    gw.kill()
    f = gw.config / "commit.confirm"
    f.write_text(re.sub(r"deadline \d+", f"deadline {int(time.time()) + 6}", f.read_text()))
    gw.start()
    # one is typing, one only looks on
    a, b = screen.Typist(gw), screen.Typist(gw)
    a.type("configure\n", "# ")
    a.keys("set system ")
    told = ("\nBroadcast Message from root@gw\n        (no tty) at 10:00 UTC...\n\n"
            "Commit was not confirmed; automatic rollback complete.\n\n")
    seen = screen.normal(a.wait("root@tried# set system "))
    assert seen.endswith(told + "[edit]\nroot@tried# set system\n"), seen
    assert told.strip() in screen.normal(b.wait("> "))
    # the line that was being typed goes on, with the old name at the next prompt
    assert a.type("host-name typed\n", "# ").endswith("\n[edit]\nroot@gw# ")
    a.type("rollback\n", "# ")
    a.close()
    b.close()


def test_commit_and_commit_check_confirm(gw):
    for confirm in ("commit", "commit check"):
        gw.cli("configure", "set system host-name tried", "commit confirmed", check=0)
        assert (gw.config / "commit.confirm").exists()
        gw.cli("configure", confirm, check=0)
        assert not (gw.config / "commit.confirm").exists()
        gw.cli("configure", "set system host-name gw", "commit", check=0)


def test_confirming_again_keeps_what_was_there_before_the_first(gw):
    gw.cli("configure", "set system host-name one", "commit confirmed 5", "set system host-name two", "commit confirmed 5",
           check=0)
    gw.kill()
    deadline_now(gw)
    gw.start()
    wait(lambda: host(gw) == "host-name gw;")


def test_a_failed_commit_leaves_the_deadline_of_the_one_before(gw):
    gw.cli("configure", "set system host-name tried", "commit confirmed 5", check=0)
    gw.daemons["netd"].refuse_apply = "no"
    gw.cli("configure", ADDRESS, "commit confirmed 9", check=1)
    gw.daemons["netd"].refuse_apply = None
    gw.kill()
    deadline_now(gw)
    gw.start()
    wait(lambda: host(gw) == "host-name gw;")


def test_a_promise_of_a_commit_that_never_was_is_forgotten(gw):
    gw.daemons["netd"].refuse_apply = "no"
    gw.cli("configure", ADDRESS, "commit confirmed 9", check=1)
    gw.daemons["netd"].refuse_apply = None
    gw.cli("configure", "set system host-name stays", "commit", check=0)
    gw.kill()
    if (gw.config / "commit.confirm").exists():
        deadline_now(gw)
    gw.start()
    time.sleep(0.5)
    assert host(gw) == "host-name stays;"


def test_words_of_commit(gw):
    for line, message in (("commit confirmed 0", "Value 0 is not within range (1..65535) at '0'"),
                          ("commit confirmed 70000", "Value 70000 is not within range (1..65535) at '70000'"),
                          ("commit check confirmed", "syntax error."),
                          ("commit at", "missing argument."),
                          ("commit at 25:00", "invalid time: use hh:mm[:ss], yyyy-mm-dd hh:mm[:ss] or reboot"),
                          ("commit at \"2001-01-01 10:00\"", "the time must be in the future"),
                          ("commit at \"2099-02-30 10:00\"", "invalid time: there is no such day"),
                          ("commit comment", "missing argument."),
                          ("commit 5", "syntax error."), ("commit force", "syntax error.")):
        _, _, err = gw.cli("configure", line, check=1)
        assert err.splitlines()[-1] == message, line
    _, out, _ = gw.cli("configure", "set system host-name x", 'commit confirmed 5 comment "for now" and-quit', check=0)
    assert out.endswith("minutes unless confirmed\ncommit complete\nExiting configuration mode\n")
    assert "    for now\n" in gw.command("show system commit")
    gw.cli("configure", "commit synchronize", "commit synchronize force", "commit full", check=0)


def test_commit_full_tells_every_daemon(gw):
    for d in gw.daemons.values():
        d.log.clear()
    gw.cli("configure", "commit full", check=0)
    for name in ("netd", "sp-1/2/0", "sp-1/3/0"):
        assert sent(gw, name) == [("check", 2), ("apply", 2)]


def test_commit_shows_its_progress(gw):
    _, out, _ = gw.cli("configure", MTU % 1400, "commit | display detail", check=0)
    steps = [line.split(": ", 1)[1] for line in out.splitlines() if re.match(r"\d{4}-\d\d-\d\d .* UTC: ", line)]
    assert steps == ["applying configuration groups", "checking the configuration", "daemons checking new configuration",
                     "writing the configuration", "notifying netd", "notifying pkid, kmd and picds", "installing juniper.conf"]
    assert out.endswith("commit complete\n")


# --- scheduled ---

def at(seconds):
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(time.time() + seconds))


def test_a_scheduled_commit_is_carried_out(gw):
    when = at(6)  # the lines below must have been answered by then
    _, out, _ = gw.cli("configure", "set system host-name later", f'commit at "{when}" comment soon', check=0)
    assert out.endswith(f"configuration check succeeds\ncommit at will be executed at {when} UTC\n"
                        "Exiting configuration mode\n")
    assert gw.command("show system commit").startswith(f"commit requested by root via cli at {when} UTC\n")
    _, _, err = gw.cli("configure", "commit", check=1)
    assert "another commit is pending" in err
    assert host(gw) == "host-name gw;"
    wait(lambda: host(gw) == "host-name later;")
    assert gw.command("show system commit").splitlines()[1] == "    soon"
    assert not (gw.config / "commit.at").exists()
    _, out, _ = gw.cli("configure", "show | compare", check=0)
    assert out == "Entering configuration mode\n"


def test_a_scheduled_commit_outlives_mgd_and_can_be_cleared(gw):
    gw.cli("configure", "set system host-name later", f'commit at "{at(3600)}"', check=0)
    gw.kill()
    gw.start()
    assert "commit requested by root" in gw.command("show system commit")
    assert gw.command("clear system commit") == "Pending commit cleared.\n"
    assert gw.command("clear system commit") == "No commit scheduled.\n"
    assert "commit requested" not in gw.command("show system commit")
    gw.cli("configure", "set system host-name now", "commit", check=0)


def test_a_commit_at_reboot_waits_for_another_life_of_the_gateway(gw):
    gw.cli("configure", "set system host-name later", "commit at reboot", check=0)
    assert gw.command("show system commit").startswith("commit requested by root via cli at reboot\n")
    gw.kill()
    gw.start()
    time.sleep(0.3)
    assert host(gw) == "host-name gw;"
    gw.kill()
    f = gw.config / "commit.at"
    f.write_text(f.read_text().replace("reboot after ", "reboot after x"))  # another boot of the machine
    gw.start()
    wait(lambda: host(gw) == "host-name later;")
    gw.kill()
    gw.start()
    assert len(history(gw)) == 2


def test_what_the_check_refuses_is_not_scheduled(gw):
    gw.cli("configure", "set services service-set ss-one ipsec-vpn-rules none", "commit at reboot", check=1)
    assert not (gw.config / "commit.at").exists()


# --- rollbacks and rescue ---

def test_rollbacks_are_packed_and_zcat_reads_them(gw):
    for i in range(4):
        gw.cli("configure", f"set system host-name h{i}", "commit", check=0)
    wait(lambda: all((gw.config / f"juniper.conf.{n}.gz").exists() for n in (1, 2, 3, 4)))
    packed(gw)
    for n in (1, 2, 3):
        path = gw.config / f"juniper.conf.{n}.gz"
        text = subprocess.run(["zcat", path], check=True, capture_output=True, text=True).stdout
        assert f"host-name h{3 - n};" in text
        assert path.stat().st_mode & 0o777 == 0o600
    # one of an earlier version
    old = gw.config / "juniper.conf.4.gz"
    text = gzip.decompress(old.read_bytes()).decode().replace("host-name gw", "host-name ancient")
    old.unlink()
    (gw.config / "juniper.conf.4").write_text(text)
    os.chown(gw.config / "juniper.conf.4", control.UID, control.UID)
    _, out, _ = gw.cli("configure", "rollback 4", "show system", check=0)
    assert out.endswith("load complete\nhost-name ancient;\n")


def test_show_system_rollback(gw):
    for i in range(2):
        gw.cli("configure", f"set system host-name h{i}", "commit", check=0)
    assert "host-name gw;" in gw.command("show system rollback 2")
    assert gw.command("show system rollback compare 2 0") == "[edit system]\n-  host-name gw;\n+  host-name h1;\n"
    assert gw.command("show system rollback compare 1 1") == ""
    assert gw.command("show system rollback 9", check=1).startswith("error: could not read rollback configuration 9")
    assert "(0..49)" in gw.command("show system rollback 50", check=1)


def test_a_long_rollback_is_shown_whole(gw):
    gw.cli("configure", *(f"set routing-options static route 10.{i // 250}.{i % 250}.0/24 discard" for i in range(5000)),
           "commit", check=0)
    shown = gw.command("show system rollback 0")
    assert shown == gw.command("show configuration").split("\n", 1)[1]
    assert shown.count("discard;") == 5000


def test_rescue_configuration(gw):
    assert gw.command("show system configuration rescue", check=1) == "error: rescue configuration is not set\n"
    _, _, err = gw.cli("configure", "rollback rescue", check=1)
    assert err == "error: rescue configuration is not set\n"
    gw.command("request system configuration rescue save")
    gw.cli("configure", "set system host-name broken", "commit", check=0)
    assert "host-name gw;" in gw.command("show system configuration rescue")
    assert "rescue " in gw.command("show system commit").splitlines()[-1]
    text = subprocess.run(["zcat", gw.config / "rescue.conf.gz"], check=True, capture_output=True, text=True).stdout
    assert "host-name gw;" in text
    _, out, _ = gw.cli("configure", "rollback rescue", "show | compare", "commit", check=0)
    assert "-  host-name broken;\n+  host-name gw;" in out
    gw.command("request system configuration rescue delete")
    assert "rescue" not in gw.command("show system commit")


def test_compare_with_a_file(gw, tmp_path):
    f = tmp_path / "old.conf"
    f.write_text(gw.command("show configuration").replace("host-name gw", "host-name old"))
    want = "[edit system]\n-  host-name old;\n+  host-name gw;\n"
    assert gw.command(f"show configuration | compare {f}") == want
    _, out, _ = gw.cli("configure", "set system host-name mine", f"show | compare {f}", check=0)
    assert out.endswith("-  host-name old;\n+  host-name mine;\n")
    assert gw.command("show configuration | compare /does/not/exist", check=1) == \
        "error: cannot open '/does/not/exist': No such file or directory\n"


# --- private, exclusive ---

def test_private_changes_are_merged(gw):
    a = Shell(gw, "configure private", "set system host-name alice")
    b = Shell(gw, "configure private", "set routing-options static route 10.77.0.0/16 discard", "edit system")
    listed = Shell(gw, "configure")
    status = listed.say("status")
    assert status.count("      private [edit]\n") == 1 and status.count("      private [edit system]\n") == 1
    listed.close()
    assert a.say("commit").endswith("commit complete\n")
    assert b.say("commit").endswith("commit complete\n")
    assert "host-name alice;" in gw.command("show configuration system")
    assert "10.77.0.0/16" in gw.command("show configuration routing-options")
    # both go on from there
    assert a.say("update") == ""
    assert "10.77" in a.say("show routing-options")
    assert b.say("top delete routing-options static route 10.77.0.0/16", "commit").endswith("commit complete\n")
    a.close()
    b.close()


def test_a_conflict_is_told_once_and_then_decided(gw):
    a = Shell(gw, "configure private", "set system host-name apples")
    b = Shell(gw, "configure private", "set system host-name oranges",
              "set routing-options static route 10.77.0.0/16 discard")
    assert a.say("commit").endswith("commit complete\n")
    said = b.say("commit")
    assert said == ("[edit system]\n  'host-name oranges'\n"
                    "    statement does not match: another value was committed meanwhile\n"
                    "error: conflicts with the committed configuration: commit again to override it\n")
    assert host(gw) == "host-name apples;"
    assert b.say("commit").endswith("commit complete\n")
    assert host(gw) == "host-name oranges;"
    assert "10.77.0.0/16" in gw.command("show configuration routing-options")
    said = a.say("set system host-name pears", "update")
    assert "'host-name pears'" in said and "pears" in a.say("show system")
    a.close()
    b.close()


def test_private_and_exclusive_need_an_unchanged_shared_candidate(gw):
    a = Shell(gw, "configure", "set system host-name half-done")
    _, _, err = gw.cli("configure private", check=1)
    assert err.startswith("error: shared configuration database modified\n")
    _, _, err = gw.cli("configure exclusive", check=1)
    assert err.startswith("error: configuration database modified\nUsers currently editing the configuration:\n")
    _, out, _ = gw.cli("configure", check=0)
    assert "Users currently editing" in out and out.endswith("The configuration has been changed but not committed\n")
    a.say("rollback")
    p = Shell(gw, "configure private", "set system host-name quiet")
    x = Shell(gw, "configure exclusive")
    # who was there before can look, and no more
    assert a.say("set system host-name no").startswith("error: configuration database locked by:\n  root (pid ")
    for line in ("replace pattern gw with no", "wildcard delete system host", "wildcard range set system domain-search d[1-3]",
                 "commit"):
        assert a.say(line).startswith("error: configuration database locked by:\n"), line
    a.say("edit interfaces ge-0/0/77", "top")
    assert x.say("show | compare") == ""
    assert p.say("commit").startswith("error: configuration database locked by:\n")
    x.close()
    assert a.say("show | compare") == ""
    assert p.say("commit").endswith("commit complete\n")
    a.close()
    p.close()


# --- exclusive ---

@pytest.mark.parametrize("command, refused", [("commit", True), ("commit check", True), ("commit check", False), ("commit", False)])
def test_who_dies_during_an_exclusive_commit_leaves_nothing_but_that(gw, command, refused):
    netd = gw.daemons["netd"]
    netd.silent = True
    with subprocess.Popen([BUILD / "cli/sallyport", "-r", gw.dir], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as p:
        p.stdin.write(f"configure exclusive\nset interfaces ge-0/0/0 description half\n{command}\n")
        p.stdin.flush()
        wait(lambda: netd.unanswered)
        p.kill()
    # whoever comes now finds what is running, and may edit it
    wait(lambda: "Entering" in gw.cli("configure private", "exit")[1])
    _, out, _ = gw.cli("configure", "show | compare", "set interfaces ge-0/0/0 unit 0 description mine", check=0)
    assert "half" not in out
    netd.silent = False
    netd.answer("not today" if refused else None)
    is_kept = command == "commit" and not refused
    wait(lambda: ("half" in gw.command("show configuration interfaces")) == is_kept)
    if not is_kept:
        time.sleep(0.3)
    _, out, _ = gw.cli("configure", "show | compare", "show interfaces ge-0/0/0 | match half", "rollback", check=0)
    assert "+  description mine;" in out.replace("+    ", "+  ") and ("description half;\n" in out) == is_kept
    assert "-  description half" not in out
