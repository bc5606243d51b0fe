# SPDX-License-Identifier: BSD-2-Clause
"""Login classes: what users of the host may see and do, by every way to see and to do it."""
import pathlib
import subprocess

import pytest
import screen

import classes
import control
from classes import HASH, KEY, SECRETS, conf

TRANSCRIPTS = sorted((pathlib.Path(__file__).parent / "transcripts/users").glob("*.txt"))


@pytest.fixture
def users(gw):
    return classes.users(gw)


def audit(gw, tag):
    return [line for line in gw.log().splitlines() if f" {tag}: " in line]



ACCESS = """version /* ACCESS-DENIED */;
system { /* ACCESS-DENIED */ };
interfaces { /* ACCESS-DENIED */ };
services { /* ACCESS-DENIED */ };
"""


# --- who is let in ---

def test_who_is_not_known_is_refused(users):
    assert "permission denied" in users.run("nobody", "show version")
    assert audit(users.gw, "UI_AUTH_REFUSED")


def test_unauthorized_can_only_leave(users):
    assert users.run("sync", "show version", "configure", "quit") == (
        "show version\n     ^\nsyntax error, expecting <command>.\nconfigure\n^\nunknown command.\n")


def test_rights_go_with_the_entry_at_once(users):
    with subprocess.Popen(users.command("man"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, cwd="/", bufsize=1) as p:
        p.stdin.write("show version\n")
        p.stdin.flush()
        assert p.stdout.readline() == "Hostname: gw\n"
        users.gw.cli("configure", "delete system login user man", "commit", "exit", "exit", check=0)
        p.stdin.write("show version\nquit\n")
        p.stdin.close()
        rest = p.stdout.read()
    assert "syntax error, expecting <command>." in rest
    assert "permission denied" in users.run("man", "show version")


# --- commands ---

def test_predefined_classes(users):
    version = "Hostname: gw\nModel: sallyport\n"
    clear = "clear services ipsec-vpn ipsec statistics"
    for user, may_clear in (("sys", False), ("man", True), ("mail", True)):
        said = users.run(user, "show version", clear)
        assert said.startswith(version)
        assert ("unknown command." in said) == (not may_clear), (user, said)
    assert "unknown command." in users.run("sys", "configure")
    assert "unknown command." in users.run("man", "configure")
    assert "Entering configuration mode" in users.run("mail", "configure")


def test_a_shell_prompts_as_that_of_a_user(users):
    t = screen.Typist(users.shell("mail"))
    try:
        t.paste("start shell sh\n", "% ")
        assert "\n42\n" in t.paste("echo $((6*7))\n", "% ")
        t.paste("exit\n", "> ")
    finally:
        t.close()


def test_commands_denied_and_allowed_by_expression(users):
    assert "syntax error, expecting <command>." in users.run("daemon", "show version")
    said = users.run("daemon", "show interfaces", "show interfaces terse")
    assert said.count("permission denied.") == 1
    assert "Hostname" in users.run("bin", "show version")


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda p: p.stem)
def test_screen_of_a_user(users, path):
    want = path.read_text()
    assert screen.play(users.shell(path.stem), screen.typed(want)) == want


def offered(users, user, *typed):
    """What `?` lists behind the last line, after those before it were entered."""
    t = screen.Typist(users.shell(user))
    try:
        for line in typed[:-1]:
            t.type(line + "\n", "# ")
        said = t.type(typed[-1] + "?", typed[-1][-6:])
    finally:
        t.close()
    if "No valid completions" in said:
        return []
    return [line.split()[1 if line[0] in ">+" else 0] for line in said.split("completions:\n")[1].splitlines()[:-1]
            if not line.startswith("[edit")]


def test_what_may_not_be_run_is_not_offered(users):
    assert "version" in offered(users, "sys", "show ")
    assert "version" not in offered(users, "daemon", "show ")
    assert offered(users, "sync", "show ") == ["cli"]
    assert "configure" not in offered(users, "sys", " ")
    assert "configure" in offered(users, "bin", " ")
    assert "clear" in offered(users, "man", " ") and "clear" not in offered(users, "sys", " ")


def test_what_may_not_be_changed_is_not_offered(users):
    assert offered(users, "bin", "configure", "set ") == ["services"]
    assert offered(users, "bin", "configure", "set services ") == ["ipsec-vpn"]
    assert offered(users, "games", "configure", "set ") == []
    assert "system" in offered(users, "games", "configure", "show ")
    assert "system" not in offered(users, "bin", "configure", "show ")
    assert "interfaces" in offered(users, "daemon", "configure", "set ")
    assert "system" not in offered(users, "daemon", "configure", "set ")


def test_names_of_what_is_hidden_are_not_offered(users):
    names = offered(users, "bin", "configure", "show services ipsec-vpn rule ")
    assert "r1" in names and "r2" not in names


# --- what is seen ---

def test_read_only_sees_no_configuration(users):
    said = users.run("sys", "show configuration")
    assert said.split("\n", 1)[1] == ACCESS


def test_a_part_by_expression(users):
    said = users.run("bin", "show configuration")
    assert said.split("\n", 1)[1] == """version /* ACCESS-DENIED */;
system { /* ACCESS-DENIED */ };
interfaces { /* ACCESS-DENIED */ };
services {
    ipsec-vpn {
        rule r1 {
            term t1 {
                from {
                    destination-address {
                        10.2.0.0/24;
                    }
                }
                then {
                    remote-gateway 192.0.2.2;
                    manual {
                        direction bidirectional {
                            protocol ah;
                            spi 500;
                            authentication {
                                algorithm hmac-sha1-96;
                                key ascii-text /* SECRET-DATA */; ## SECRET-DATA
                            }
                        }
                    }
                }
            }
            match-direction input;
        }
    }
}
"""
    assert users.run("bin", "show configuration system login") == (
        "show configuration system login\n                   ^\npermission denied.\n")


OUTPUTS = [
    f"show configuration{path}{pipe}"
    for path in ("", " system", " system login", " system root-authentication", " system radius-server",
                 " services ipsec-vpn rule r1", " services ipsec-vpn rule r2 term t1 then manual", " interfaces")
    for pipe in ("", " | display set", " | display xml", " | display json", " | display inheritance",
                 " | display set relative", " | compare rollback 1", " | match key", " | display inheritance brief")
]
OUTPUTS += ["show system rollback 0", "show system rollback 1 compare 0", "show system rollback compare 1 0",
            "show system configuration rescue", "show system commit", "show log mgd"]
EDITS = [
    "show", "show | display set", "show | compare", "show | compare rollback 1", "show system login | display xml",
    "rollback 1", "show | compare", "rollback 0", "copy services ipsec-vpn rule r2 to rule r3",
    "rename services ipsec-vpn rule r2 to rule r4", "show | compare", "edit services ipsec-vpn rule r2", "show", "top",
    "edit system login", "show", "top", "annotate system \"x\"", "delete system", "delete services", "show | compare",
    "run show configuration", "run show configuration | display json", "save terminal", "show | display detail",
    "show | display changed | display xml", "show services | compare", "wildcard delete .", "wildcard delete system login .",
    "wildcard delete services ipsec-vpn rule .", "replace pattern [a-z0-9]+ with x&", "show | compare", "save terminal",
    "load override terminal", "commit check",
]


@pytest.mark.parametrize("user", ["daemon", "bin", "sys", "sync", "games", "man"])
def test_no_way_of_showing_leaks(users, user):
    """Nobody without `secret` sees one, and nothing shows of a hierarchy that is closed."""
    users.run("mail", "request system configuration rescue save")
    said = users.run(user, *OUTPUTS, "configure", *EDITS, "\x04", "exit", "exit")
    for secret in SECRETS:
        assert secret not in said, secret
    if user in ("bin", "sys", "sync", "man"):
        for sign in ("net-admin", "radius", "next-hop-service", "192.0.2.77", "10.3.0.0", "192.0.2.3", "501"):
            assert sign not in [w.strip(";\"") for line in said.splitlines() if not typed(line)
                                for w in line.split()], sign


def matched(said):
    return [line.split()[1] for line in said.splitlines() if line.startswith("  matched: ")]


def test_only_what_is_seen_can_match(users):
    said = users.run("bin", "configure", "wildcard delete .", "wildcard delete services ipsec-vpn rule .",
                     "wildcard delete system login .", "wildcard delete interfaces .", "exit", "exit")
    assert matched(said) == ["services", "r1"]
    assert said.count("permission denied.") == 2
    said = users.run("games", "configure", "wildcard delete services ipsec-vpn rule .", "exit", "exit")
    assert matched(said) == ["r1", "r2"]


def test_a_file_that_is_saved_holds_what_is_seen(users):
    there = users.gw.dir / "saved"
    there.mkdir()
    there.chmod(0o777)
    users.run("bin", "configure", f"save {there}/bin", "exit", "exit")
    users.run("games", "configure", f"save {there}/games", "exit", "exit")
    users.run("mail", "configure", f"save {there}/mail", "exit", "exit")
    text = {p.name: p.read_text() for p in there.iterdir()}
    assert "system { /* ACCESS-DENIED */ };" in text["bin"] and "rule r1" in text["bin"] and "rule r2" not in text["bin"]
    assert "/* SECRET-DATA */" in text["games"] and "rule r2" in text["games"]
    for name in ("bin", "games"):
        for secret in SECRETS:
            assert secret not in text[name], (name, secret)
    assert KEY in text["mail"] and HASH in text["mail"]


def test_a_file_is_compared_with_what_is_seen(users):
    empty = conf(users.gw, "interfaces { ge-0/0/9 { description nine; } }", "empty.conf")
    for show in ("show configuration", "configure\nshow"):
        said = users.run("bin", f"{show} | compare {empty}", "exit", "exit")
        assert "rule r1" in said and "rule r2" not in said and "system" not in said and "nine" not in said, said
    # nobody finds a secret by comparing it with a guess
    whole = users.run("mail", "show configuration")
    for i, text in enumerate((whole, whole.replace(KEY, "lion"))):
        path = conf(users.gw, text, f"guess{i}.conf")
        assert users.run("games", f"show configuration | compare {path}") == ""


def typed(line):
    """A line of ours that came back with a caret below it."""
    return line in OUTPUTS or line in EDITS


def test_a_hidden_secret_is_marked_in_every_format(users):
    path = "services ipsec-vpn rule r1 term t1 then manual direction bidirectional authentication"
    for pipe in ("", " | display set", " | display xml", " | display json"):
        assert "/* SECRET-DATA */" in users.run("daemon", f"show configuration {path}{pipe}"), pipe


def test_secrets_are_there_for_those_who_may(users):
    said = users.run("mail", "show configuration")
    assert KEY in said and HASH in said
    assert said.count("; ## SECRET-DATA") == 5


# --- what is changed ---

def test_changes_by_permission(users):
    said = users.run("daemon", "configure", "set interfaces ge-0/0/0 description in", "set system host-name out",
                     "set system login user x class super-user", "delete system login", "show | compare", "exit", "exit")
    assert said.count("permission denied.") == 3
    assert "+   description in;" in said.replace("+  description", "+   description")
    assert "host-name" not in said.split("[edit interfaces", 1)[1]


def test_eyes_change_nothing(users):
    path = conf(users.gw, "interfaces { ge-0/0/9 { description evil; } } system { login { user evil { class super-user; } } }",
                "evil.conf")
    said = users.run("games", "configure", "set system host-name out", "delete interfaces", f"load merge {path}",
                     f"load override {path}", f"load replace {path}", f"load update {path}", "rollback 1",
                     "deactivate services", "annotate system \"x\"", "rename services ipsec-vpn rule r1 to rule r9",
                     "copy services ipsec-vpn rule r1 to rule r9", "protect services", "show | compare", "commit", "exit",
                     "exit")
    assert "[edit" not in said.split("protect services")[-1].split("permission denied")[-1]
    assert "commit complete" in said  # of nothing
    shown = users.run("mail", "show configuration | compare rollback 1")
    assert shown == ""


def test_many_changes_by_permission(users):
    said = users.run("bin", "configure", "replace pattern 192.0.2.3 with 192.0.2.9", "show | compare",
                     "replace pattern 192.0.2.2 with 192.0.2.8", "show | compare", "rollback",
                     "replace pattern r1 with r7", "show | compare", "exit", "exit")
    first, second, third = said.split("[edit", 1)[0], said.split("load complete")[0], said.split("load complete")[1]
    assert "192.0.2" not in first
    assert "remote-gateway 192.0.2.8;" in second
    assert "permission denied" in third and "[edit services" not in third.split("permission denied")[-1]
    said = users.run("daemon", "configure", "wildcard range set interfaces ge-0/0/[5-6] description many",
                     "wildcard range set system login user u[1-3] class super-user",
                     "wildcard range delete system login user [daemon,bin]", "show | compare", "rollback", "exit", "exit")
    assert said.count("permission denied.") == 2
    assert said.count("description many;") == 2 and "super-user" not in said.split("[edit interfaces", 1)[1]


def test_who_may_not_change_makes_nothing_by_edit(users):
    said = users.run("games", "configure", "edit system login user new", "top", "edit interfaces ge-0/0/7", "top",
                     "show | compare", "exit", "exit")
    assert "[edit" not in said and "+ " not in said, said


def test_a_wildcard_deletes_what_may_be(users):
    t = screen.Typist(users.shell("daemon"))
    try:
        t.type("configure\n", "# ")
        said = ""
        for line in ("wildcard delete interfaces ge", "wildcard delete system login"):
            said += t.type(line + "\n", "(no) ") + t.type("yes\n", "# ")
        said += t.type("show | compare | no-more\n", "# ")
        t.type("rollback\n", "# ")
    finally:
        t.close()
    assert "matched: ge-0/0/0" in said and "-    ge-0/0/0 {" in said, said
    assert "-    login" not in said and "-    host-name" not in said, said


def test_what_may_be_loaded_of_a_file_is(users):
    path = conf(users.gw, """interfaces { ge-0/0/0 { description mine; } }
system { host-name evil; login { user evil { class super-user; } } }""", "mixed.conf")
    said = users.run("daemon", "configure", f"load merge {path}", "show | compare", "commit", "exit", "exit")
    assert "permission denied" in said and "load complete (2 errors)" in said
    assert "+   description mine;" in said.replace("+  description", "+   description")
    shown = users.run("mail", "show configuration")
    assert "description mine;" in shown and "evil" not in shown and "host-name gw;" in shown


def test_load_override_keeps_what_is_closed(users):
    path = conf(users.gw, "interfaces { ge-0/0/0 { description only; } }", "only.conf")
    before = users.run("mail", "show configuration system")
    users.run("daemon", "configure", f"load override {path}", "exit", "exit")
    said = users.run("mail", "configure", "show system", "show interfaces", "exit", "exit")
    assert before in said
    assert "description only;" in said


@pytest.mark.parametrize("form", ["set", "xml", "json", "patch"])
def test_every_format_is_judged(users, form):
    text = {
        "set": "set system host-name evil\nset interfaces ge-0/0/0 description mine\n",
        "xml": "<configuration><system><host-name>evil</host-name></system><interfaces><interface><name>ge-0/0/0</name>"
               "<description>mine</description></interface></interfaces></configuration>",
        "json": '{"configuration": {"system": {"host-name": "evil"}, "interfaces": {"interface": [{"name": "ge-0/0/0", '
                '"description": "mine"}]}}}',
        "patch": "[edit system]\n-  host-name gw;\n+  host-name evil;\n[edit interfaces ge-0/0/0]\n+   description mine;\n",
    }[form]
    path = conf(users.gw, text, "x")
    verb = {"set": "load set", "xml": "load merge xml", "json": "load merge json", "patch": "load patch"}[form]
    said = users.run("daemon", "configure", f"{verb} {path}", "exit", "exit")
    assert "permission denied" in said
    shown = users.run("mail", "configure", "show system host-name", "show interfaces ge-0/0/0", "rollback 0", "exit", "exit")
    assert "host-name gw;" in shown and "description mine;" in shown


def test_rollback_needs_its_bit(users):
    assert "permission denied." in users.run("games", "configure", "rollback 1", "exit", "exit")
    assert "load complete" in users.run("games", "configure", "rollback", "exit", "exit")


def test_a_placeholder_is_never_taken_for_a_secret(users):
    path = conf(users.gw, users.run("games", "show configuration | display set"), "masked.set")
    users.run("mail", "configure", f"load set {path}", "commit", "exit", "exit")
    assert KEY in users.run("mail", "show configuration")


# --- commit checks ---

def test_classes_are_checked_at_commit(users):
    said = users.run("mail", "configure", "set system login user x class gone", "set system login user y full-name Y",
                     "set system login class z deny-commands \"((\"", "set system login class read-only idle-timeout 5",
                     f"set system login class z allow-configuration \"{'a{200}' * 4}\"", "set system login user root class z",
                     "commit", "rollback", "exit", "exit")
    assert """[edit system login user x]
  'class gone'
    Referenced login class must be defined under [edit system login class]
""" in said
    assert "Missing mandatory statement: 'class'" in said
    assert said.count("invalid regular expression") == 1
    assert said.count("regular expression is too large") == 1
    assert "Predefined login class cannot be changed" in said
    assert "User root is always a super-user" in said
    assert "error: commit failed" in said


# --- accounting ---

def test_accounting(users):
    users.run("mail", "show version", "configure", "set system host-name gw1",
              "set services ipsec-vpn rule r1 term t1 then manual direction bidirectional authentication key asc tiger-in-clear",
              "delete interfaces ge-0/0/0 unit 0 family inet", "edit system", "set domain-name example.net",
              "top set system domain-search a", "set nonsense tiger-in-clear", "show", "exit", "exit", "exit")

    def count(tag):
        return sum("'mail'" in line for line in audit(users.gw, tag))
    control.wait(lambda: count("UI_LOGOUT_EVENT") == count("UI_LOGIN_EVENT"))
    log = users.gw.log()
    assert count("UI_DBASE_LOGIN_EVENT") == count("UI_DBASE_LOGOUT_EVENT")
    assert "UI_LOGIN_EVENT: User 'mail' via cli login, class 'super-user'" in log
    assert "UI_DBASE_LOGIN_EVENT: User 'mail' via cli entering configuration mode" in log
    assert "UI_CMDLINE_READ_LINE: User 'mail' via cli command 'show version'" in log
    assert "UI_CFG_AUDIT_SET: User 'mail' via cli set: [system host-name] gw1" in log
    assert "UI_CFG_AUDIT_SET: User 'mail' via cli set: [services ipsec-vpn rule r1 term t1 then manual direction " \
           "bidirectional authentication key ascii-text] /* SECRET-DATA */" in log
    assert "UI_CFG_AUDIT_OTHER: User 'mail' via cli delete: [interfaces ge-0/0/0 unit 0 family inet]" in log
    assert "UI_CFG_AUDIT_SET: User 'mail' via cli set: [system domain-name] example.net" in log
    assert "UI_CFG_AUDIT_SET: User 'mail' via cli set: [system domain-search] a" in log
    control.wait(lambda: "UI_LOGOUT_EVENT: User 'mail' via cli logout" in users.gw.log())
    assert "nonsense" not in "".join(audit(users.gw, "UI_CFG_AUDIT_SET"))


def test_accounting_of_loads_and_rollbacks(users):
    path = conf(users.gw, """system { host-name loaded; radius-server { 10.0.0.9 secret tiger-in-clear; } }""", "more.conf")
    users.run("mail", "configure", f"load merge {path}", "rollback 0", "exit", "exit")
    told = [line.split("change: ")[1] for line in audit(users.gw, "UI_CFG_AUDIT_OTHER") if "'mail' via cli change" in line]
    assert told[:2] == ["[edit system] - host-name gw;", "[edit system] + host-name loaded;"]
    assert any("10.0.0.9" in t for t in told)
    assert told[-1].startswith("[edit system")
    assert any(t.endswith("+ host-name gw;") for t in told)


def test_no_secret_is_in_the_log(users):
    test_accounting_of_loads_and_rollbacks(users)
    test_accounting(users)
    users.run("mail", "configure", "replace pattern tiger-in-clear with lion-in-clear", "wildcard delete system tiger-in-clear",
              "set system radius-server 10.0.0.8 secret \"lion-in-clear x\" port 5", "exit", "exit")
    users.run("mail", "set services ipsec-vpn ike policy p pre-sh asc lion-in-clear")
    log = users.gw.log()
    for secret in [*SECRETS, "tiger-in-clear", "lion-in-clear"]:
        assert secret not in log, [line for line in log.splitlines() if secret in line]


# --- programs ---

END = "]]>]]>\n"


def netconf(users, user, *requests):
    """Sends requests; returns the answers."""
    hello = ("<hello xmlns='urn:ietf:params:xml:ns:netconf:base:1.0'><capabilities><capability>"
             "urn:ietf:params:netconf:base:1.0</capability></capabilities></hello>")
    rpcs = [f"<rpc message-id='{i}' xmlns='urn:ietf:params:xml:ns:netconf:base:1.0'>{r}</rpc>"
            for i, r in enumerate([*requests, "<close-session/>"])]
    p = subprocess.run([*users.command(user), "netconf"], input=END.join([hello, *rpcs, ""]), text=True,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=control.PATIENCE, cwd="/")
    return [a.strip() for a in p.stdout.split("]]>]]>")][1:-1]


READS = [
    "<get-config><source><running/></source></get-config>",
    "<get-config><source><candidate/></source></get-config>",
    "<get-configuration/>",
    *[f"<get-configuration format='{f}' database='{d}'/>" for f in ("text", "set", "json", "xml")
      for d in ("committed", "candidate")],
    "<get-configuration compare='rollback' rollback='1' format='text'/>",
    "<get-configuration inherit='inherit'/>",
    "<get-configuration><configuration><system/></configuration></get-configuration>",
    "<command>show configuration</command>",
    "<command>show configuration | display set</command>",
]


@pytest.mark.parametrize("user", ["daemon", "bin", "sys", "sync", "games"])
def test_programs_see_no_more_than_people(users, user):
    said = "".join(netconf(users, user, *READS))
    for secret in SECRETS:
        assert secret not in said, secret
    if user in ("bin", "sys", "sync"):
        for sign in ("net-admin", "192.0.2.77", "next-hop-service", "10.3.0.0"):
            assert sign not in said, sign
    if user == "bin":
        assert "10.2.0.0/24" in said
    assert KEY in "".join(netconf(users, "mail", READS[0]))


def test_a_filter_finds_nothing_hidden(users):
    asks = [f"<get-config><source><running/></source><filter type='subtree'><configuration><system><host-name>{name}"
            "</host-name></system></configuration></filter></get-config>" for name in ("gw", "other")]
    yes, no = netconf(users, "bin", *asks)[:2]
    assert yes.replace("message-id='0'", "").replace('message-id="0"', "") == \
        no.replace("message-id='1'", "").replace('message-id="1"', "")


def test_programs_change_no_more_than_people(users):
    edit = ("<edit-config><target><candidate/></target><config><configuration><system><host-name>evil</host-name></system>"
            "<interfaces><interface><name>ge-0/0/0</name><description>mine</description></interface></interfaces>"
            "</configuration></config></edit-config>")
    said = netconf(users, "daemon", edit, "<commit/>")
    assert "rpc-error" in said[0] and "permission denied" in said[0]
    assert len([line for line in audit(users.gw, "UI_DBASE_LOGIN_EVENT") if "'daemon'" in line]) == 1
    control.wait(lambda: any("'daemon'" in line for line in audit(users.gw, "UI_LOGOUT_EVENT")))
    assert len([line for line in audit(users.gw, "UI_DBASE_LOGOUT_EVENT") if "'daemon'" in line]) == 1
    shown = users.run("mail", "show configuration system host-name")
    assert shown == "host-name gw;\n"
    said = netconf(users, "sys", edit, "<commit/>", "<lock><target><candidate/></target></lock>",
                   "<discard-changes/>", "<load-configuration action='set'><configuration-set>set system host-name evil"
                   "</configuration-set></load-configuration>")
    assert all("rpc-error" in a for a in (said[0], said[1], said[2], said[4])), said
    assert users.run("mail", "show configuration system host-name") == "host-name gw;\n"


def test_programs_run_no_more_commands_than_people(users):
    asks = ["<clear-ipsec-vpn-statistics/>", "<command>clear services ipsec-vpn ipsec statistics</command>",
            "<get-software-information/>", "<command>show version</command>"]
    sys, net = netconf(users, "sys", *asks), netconf(users, "daemon", *asks)
    assert "access-denied" in sys[0] and "rpc-error" in sys[1]
    assert "rpc-error" not in netconf(users, "man", asks[0])[0]
    assert "rpc-error" not in sys[2] and "rpc-error" not in sys[3]
    assert "rpc-error" in net[2] and "rpc-error" in net[3]
    assert any("User 'sys' via netconf login" in line for line in audit(users.gw, "UI_LOGIN_EVENT"))


# --- what a class may not see, where others or a commit speak of it ---

def test_a_hidden_secret_that_changed_is_shown_as_changed(users):
    key = "services ipsec-vpn rule r1 term t1 then manual direction bidirectional authentication key ascii-text"
    users.gw.cli("configure", f"set {key} another-key-of-it", "exit", check=0)
    said = users.run("games", "configure", "show | compare", "exit")
    assert ("[edit services ipsec-vpn rule r1 term t1 then manual direction bidirectional authentication]\n"
            "-  key ascii-text /* SECRET-DATA */; ## SECRET-DATA\n+  key ascii-text /* SECRET-DATA */; ## SECRET-DATA\n") in (
                said.replace("-    key", "-  key").replace("+    key", "+  key")), said
    users.gw.cli("configure", f'set {key} "{KEY}"', "exit", check=0)
    assert "SECRET-DATA" not in users.run("games", "configure", "show | compare", "exit")


def test_errors_of_a_commit_do_not_speak_of_what_is_hidden(users):
    users.gw.cli("configure", "set services service-set ss-one ipsec-vpn-rules nowhere",
                 "set services ipsec-vpn rule r1 term t1 then manual direction bidirectional spi 501", "exit")
    full = users.run("mail", "configure", "commit check")
    assert "[edit services service-set ss-one]\n" in full and "nowhere" in full
    said = users.run("bin", "configure", "commit check")
    assert "service-set" not in said and "nowhere" not in said, said
    assert "what is said of parts of the configuration that you may not view is left out\n" in said
    assert said.endswith("error: configuration check-out failed: (statements constraint check failed)\n")


def test_commands_denied_with_their_arguments(users):
    users.gw.cli("configure", 'set system login class net-admin deny-commands '
                 '"^commit confirmed|^rollback [1-9]|^run show system uptime|show version detail|^set interfaces ge-0/0/0|^load override"',
                 "commit", "exit", check=0)
    def refused(line):
        said = users.run("daemon", "configure", line)
        return "permission denied." in said
    for line in ("commit confirmed 5", "commit conf", "rollback 3", "run show system uptime", "run sh sys upt",
                 "run show version detail", "set interfaces ge-0/0/0 description x", "set int ge-0/0/0 description x",
                 "load override terminal", "load over terminal", "top set interfaces ge-0/0/0 description x"):
        assert refused(line), line
    for line in ("commit check", "rollback", "rollback 0", "run show version", "set interfaces ge-0/0/1 description x", "rollback 0"):
        assert not refused(line), line
