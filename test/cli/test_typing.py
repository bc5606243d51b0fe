# SPDX-License-Identifier: BSD-2-Clause
"""What single keys do at a terminal: blank, Tab, `?`, the pager, signals. Each screen is what comes from the first key of a
line on; a line that a key leaves comes again behind the answer."""
import os
import re
import subprocess

import pytest
import screen

OPER = "root@gw> "
CONF = "root@gw# "


@pytest.fixture
def typist(gw):
    made = []

    def make(**how):
        made.append(screen.Typist(gw, **how))
        return made[-1]
    yield make
    for t in made:
        t.close()


def conf(t):
    t.type("configure\n", CONF)
    return t


def test_question_mark_lists_at_once_and_the_line_comes_again(typist):
    t = typist()
    assert t.type("show ?", "> show ") == """show ?
Possible completions:
  arp                  Show system Address Resolution Protocol table entries
  chassis              Show chassis information
  cli                  Show command-line interface settings
  configuration        Show current configuration
  firewall             Show counters of packet filters
  ike                  Show Internet Key Exchange information
  interfaces           Show interfaces
  ipsec                Show IP Security information
  ipv6                 Show IP version 6 information
  log                  Show contents of log file
  route                Show routing table information
  security             Show security information
  services             Show services information
  system               Show system information
  version              Show version of the software
root@gw> show """


def test_help_of_configuration_has_marks_and_the_place(typist):
    t = conf(typist())
    assert t.type("set services ipsec-vpn ike policy p1 pre?", " pre") == """set services ipsec-vpn ike policy p1 pre?
Possible completions:
> pre-shared-key       Key that both ends know
[edit]
root@gw# set services ipsec-vpn ike policy p1 pre"""
    t.type("\x15edit services service-set ss-one\n", CONF)
    assert t.type("set ipsec-vpn-rules ?", "rules ") == """set ipsec-vpn-rules ?
Possible completions:
  <name>               Name of the rule
  r1                   Name of the rule
  r2                   Name of the rule
[edit services service-set ss-one]
root@gw# set ipsec-vpn-rules """


def test_enter_comes_first_and_the_bar_last(typist):
    t = conf(typist())
    lines = t.type("set services ipsec-vpn rule r9 ?", "r9 ").split("\n")
    assert lines[1:3] == ["Possible completions:", "  <[Enter]>            Execute this command"]
    assert lines[-3] == "  |                    Pipe through a command"
    names = [line[2:].split()[0] for line in lines[3:-3]]
    assert names == sorted(names) and "term" in names


def test_question_mark_in_quotes_is_a_character(typist):
    t = conf(typist())
    t.type('set services ipsec-vpn ike policy p1 description "why?"\n', CONF)
    assert "description why?;" in t.type("show services ipsec-vpn ike policy p1\n", CONF)


def test_blank_completes_keywords_and_says_what_is_wrong(typist):
    t = typist()
    assert t.type("sh ver ", "version ") == "show version "
    t.clear()
    assert t.type("c ", "> c") == """c\x07
         ^
'c' is ambiguous.
Possible completions:
  clear                Clear information in the system
  configure            Manipulate software configuration information
root@gw> c"""
    t.clear()
    assert t.type("show x ", "> show x") == """show x
              ^
syntax error, expecting <command>.
root@gw> show x"""


def test_blank_leaves_names_alone_and_judges_values(typist):
    t = conf(typist())
    assert t.type("set services service-set ss-o ", "ss-o ") == "set services service-set ss-o "
    t.clear()
    assert t.type("set services ipsec-vpn ike policy p mode x ", " x").split("\n")[1:3] == [
        " " * 50 + "^", "invalid value 'x' at 'x'"]


def test_tab_completes_names(typist):
    t = conf(typist())
    assert t.type("set services service-set s\t", "ss-") == "set services service-set ss-"
    assert t.type("o\t", "one ") == "one "
    t.clear()
    assert t.type("delete services ipsec-vpn rule r\t", "rule r").split("\n")[1:] == [
        " " * 40 + "^", "'r' is ambiguous.", "Possible completions:",
        "  <name>               Name of the rule", "  r1                   Name of the rule",
        "  r2                   Name of the rule", "[edit]", "root@gw# delete services ipsec-vpn rule r"]


def test_what_is_pasted_is_echoed_as_it_was_sent(typist):
    t = typist(term="vt100", columns=511)
    out = t.paste("sh services ipsec-vpn ipsec sa | match nothing\n", OPER)
    assert out == "sh services ipsec-vpn ipsec sa | match nothing\n\nroot@gw> "
    t.paste("configure\n", CONF)
    out = t.paste("set services foo bar\n", CONF)
    assert out == "set services foo bar\n                      ^\nsyntax error.\n\n[edit]\nroot@gw# "


def test_no_escape_sequence_is_written(typist):
    for term in ("vt100", "xterm-256color"):
        t = typist(term=term, columns=511, rows=1000)
        seen = t.seen + t.paste("set cli screen-length 0\n", OPER) + t.type("sh ver | no-more\n", OPER)
        seen += t.type("show ?", "show ") + t.paste("\x03", OPER) + t.type("configure\n", CONF)
        seen += t.type("set system host-name gw\n", CONF) + t.paste("show\n", CONF) + t.type("exit\n", OPER)
        assert not re.search(r"[\x1b\x0e\x0f]", seen), seen


def test_several_entries_in_brackets(typist):
    t = conf(typist())
    assert t.type("delete services service-set [ ss-t\t", "ss-two ").endswith("[ ss-two ")
    assert t.type("?", "two ").split("\n")[1:-2] == [
        "Possible completions:",
        "  <name>               Name of the service set",
        "  ]                    Close a set of values",
        "  ss-one               Name of the service set",
        "  ss-two               Name of the service set"]
    t.type("ss-one ]\n", CONF)
    assert t.type("show services service-set\n", CONF) == "show services service-set\n\n[edit]\nroot@gw# "


def test_edit_is_configure_in_operational_mode(typist):
    t = typist()
    assert t.type("edit ?", "> edit ") == """edit ?
Possible completions:
  <[Enter]>            Execute this command
  |                    Pipe through a command
root@gw> edit """
    t.clear()
    assert "Entering configuration mode" in t.type("edit\n", CONF)


def test_a_refused_line_has_no_lines_to_count(typist):
    t = typist()
    assert t.paste("show version foo|count\n", OPER).split("\n")[1:] == [
        " " * 22 + "^", "syntax error.", "", OPER]
    t.type("show version | save kept.txt\n", OPER)
    assert "Wrote" not in t.paste("show version foo|save kept.txt\n", OPER)
    assert t.type("file show kept.txt | count\n", OPER).split("\n")[1] == "Count: 5 lines"
    assert t.type("show version | match nothing | count\n", OPER).split("\n")[1] == "Count: 0 lines"


def test_pipes_are_completed(typist):
    t = typist()
    assert t.type("show configuration | dis se ", "set ") == "show configuration | display set "
    assert t.type("?", "set ") == """?
Possible completions:
  <[Enter]>            Execute this command
  relative             Show set commands for this level only
  |                    Pipe through a command
root@gw> show configuration | display set """
    assert "expecting <pipe>" in t.type("| nothing ", "nothing")


def shown(text):
    """The lines without what the pager itself wrote."""
    return re.sub(r"---\(more( \d+%)?\)---|\r *\r|\r", "", text).split("\n")


def test_the_pager_shows_everything_once(typist):
    t = typist(rows=12)
    want = t.type("show configuration | no-more\n", OPER).split("\n")[1:]
    out = t.type("show configuration\n", ")---")
    assert re.search(r"---\(more \d+%\)---$", out)
    assert len(shown(out)) == 13  # the line itself, eleven lines, the prompt
    while not out.endswith(OPER):
        t.keys(" ")
        out += t.wait(")---", OPER)
    assert shown(out)[1:] == want


def test_the_keys_of_the_pager(typist):
    t = typist(rows=12)
    first = shown(t.type("show configuration\n", ")---"))[1:-1]
    second = shown(t.type(" ", ")---"))[:-1]
    assert len(second) == 11 and second != first
    assert len(shown(t.type("\r", ")---"))[:-1]) == 1
    assert shown(t.type("g", ")---"))[:-1] == first
    assert shown(t.type(" ", ")---"))[:-1] == second
    assert shown(t.type("b", ")---"))[:-1] == first
    assert "service-set ss-two {" in shown(t.type("/ss-two\r", ")---"))[0].replace("/ss-two", "").strip()
    assert "Pattern not found" in t.type("n", ")---")
    assert "no more output" in t.type("h", ")---")
    assert "}" not in t.type("q", OPER)
    t.type("show configuration\n", ")---")
    assert t.type("G", OPER).rstrip().endswith("}\n\nroot@gw>")
    t.type("show configuration\n", ")---")
    assert t.type("\x03", OPER).endswith("root@gw> ")
    assert t.type("show version | match Hostname\n", OPER) == "show version | match Hostname\nHostname: gw\n\nroot@gw> "


def test_hold_waits_at_the_end(typist):
    t = typist()
    out = t.type("show version | hold\n", ")---")
    assert "Hostname: gw" in out and out.endswith("---(more 100%)---")
    assert t.type(" ", OPER).endswith("root@gw> ")


def test_settings(typist):
    t = typist(rows=30, columns=90)
    show = t.type("show cli\n", OPER)
    assert "CLI screen-length set to 30\nCLI screen-width set to 90\nCLI terminal is 'dumb'\n" in show
    t.resize(40, 100)
    assert "CLI screen-length set to 40\nCLI screen-width set to 100\n" in t.type("show cli\n", OPER)
    assert "\nScreen length set to 0\n" in t.type("set cli screen-length 0\n", OPER)
    assert "\nScreen width set to 511\n" in t.type("set cli screen-width 511\n", OPER)
    assert "\nIdle timeout set to 60 minutes\n" in t.type("set cli idle-timeout 60\n", OPER)
    assert "\nDisabling complete-on-space\n" in t.type("set cli complete-on-space off\n", OPER)
    assert t.type("sh ver \n", OPER).startswith("sh ver \nHostname: gw\n")
    t.type("set cli timestamp\n", OPER)
    assert re.match(r"show cli\n\w{3} \d\d \d\d:\d\d:\d\d\nCLI complete-on-space set to off\n"
                    r"CLI idle-timeout set to 60 minutes\nCLI restart-on-upgrade set to on\nCLI screen-length set to 0\nCLI screen-width set to 511\n",
                    t.type("show cli\n", OPER))
    t.type("set cli timestamp disable\n", OPER)
    out = t.type("set cli screen-length x\n", OPER)
    assert out == "set cli screen-length x\n                               ^\ninvalid value 'x'\n\nroot@gw> "
    assert "is not within range (0..1024)" in t.type("set cli screen-width 5000\n", OPER)


def test_settings_without_a_terminal(gw):
    assert gw.cli("set cli screen-length 0", "set cli screen-width 511", check=0)[1] == (
        "Screen length set to 0\nScreen width set to 511\n")


def test_control_c_gives_a_fresh_prompt(typist):
    t = typist()
    assert t.type("show ver\x03", OPER).endswith("\nroot@gw> ")
    conf(t)
    assert t.type("set system\x03", CONF).endswith("\n[edit]\nroot@gw# ")
    t.type("set system host-name other\n", CONF)
    t.type("delete\n", "(no) ")
    assert t.type("\x03", CONF).endswith("[edit]\nroot@gw# ")
    t.type("exit\n", "(yes) ")
    assert t.type("\x03", CONF).endswith("[edit]\nroot@gw# ")  # neither yes nor no
    t.type("rollback\n", CONF)


def test_ctrl_c_gives_up_the_text_of_a_load(typist):
    t = conf(typist())
    for how in ("merge", "override", "set", "patch"):
        t.type(f"load {how} terminal\n", "input]\r\n")
        for line in ("set system domain-name given-up.example", "system { domain-name given-up.example; }", "unfinished {"):
            t.type(line + "\n", line + "\r\n")
        t.type("and a half line", "half line")
        assert t.type("\x03", CONF).endswith("^C\n[edit]\nroot@gw# ")
        assert t.type("show | compare\n", CONF) == "show | compare\n\n[edit]\nroot@gw# "
    t.type("load merge terminal\n", "input]\r\n")
    assert "load complete" in t.type("system { domain-name kept.example; }\n\x04", CONF)
    assert "+  domain-name kept.example;" in t.type("show | compare\n", CONF)



def password(t, line, first, second, end=CONF):
    """Types a password twice (None: not even the second question); returns what is seen."""
    out = t.type(line + "\n", "New password: ")
    os.write(t.master, first.encode() + b"\n")
    out += t.wait("Retype new password: ", end)
    if second is not None:
        os.write(t.master, second.encode() + b"\n")
        out += t.wait(end)
    return out


def test_a_password_is_asked_for_and_kept_as_its_hash(typist):
    t = conf(typist())
    root = "set system root-authentication plain-text-password"
    out = password(t, root, "Tiger 1!", "Tiger 1!")
    assert out == root + "\nNew password: \nRetype new password: \n\n[edit]\nroot@gw# "
    shown = t.type("show system root-authentication\n", CONF)
    found = re.search(r'encrypted-password "(\$6\$[^"]+)"; ## SECRET-DATA\n', shown)
    assert subprocess.run(["perl", "-e", "print crypt($ARGV[0], $ARGV[1])", "Tiger 1!", found[1]], text=True,
                          capture_output=True, check=True).stdout == found[1]
    t.type("edit system login user alice\n", CONF)
    user = "set authentication plain-text-password"
    assert "error: minimum password length is 6\n" in password(t, user, "Ab1", None)
    assert "error: require change of case, digits or punctuation\n" in password(t, user, "lowercase", None)
    assert "error: Passwords are not equal; aborting\n" in password(t, user, "Tiger-1", "Tiger-2")
    assert "[edit system login user alice]" in password(t, "top " + root, "Lion-1", "Lion-1")
    assert found[1] not in t.type("top show system root-authentication\n", CONF)
    out = t.type(user + "\n", "New password: ")
    assert t.type("\x03", CONF).endswith("[edit system login user alice]\nroot@gw# ")
    assert t.type("set authentication ?", "cation ").count("plain-text-password  Prompt for plain text password") == 1
    t.clear()
    t.type("top\n", CONF)
    assert t.type("show | compare | match plain\n", CONF).count("\n") == 3
    t.type("load set terminal\n", "input]\r\n")
    assert ("terminal:1:(32) a password is asked for at a terminal only; a text has its encrypted form: plain-text-password\n"
            in t.type("set system root-authentication plain-text-password\n\x04", CONF))
    t.type("rollback\n", CONF)


def test_a_script_types_its_password_in_the_next_lines(gw):
    _, out, _ = gw.cli("configure", "set system root-authentication plain-text-password", "Tiger-1", "Tiger-1",
                       "show | compare", "rollback", check=0)
    assert 'encrypted-password "$6$' in out
    assert "Tiger" not in out + gw.log()


def test_control_d_leaves_one_place_after_the_other(typist):
    t = conf(typist())
    t.type("edit system services\n", CONF)
    t.type("top edit system\n", CONF)
    assert t.type("\x04", CONF) == "\n\n[edit system services]\nroot@gw# "
    assert t.type("\x04", CONF) == "\n\n[edit]\nroot@gw# "
    t.type("set system host-name other\n", CONF)
    changed = "\nThe configuration has been changed but not committed\nExit with uncommitted changes? [yes,no] (yes) "
    assert t.type("\x04", "(yes) ") == changed
    assert t.type("no\n", CONF) == "no\n\n[edit]\nroot@gw# "
    t.type("rollback\n", CONF)
    assert t.type("\x04", OPER) == "\nExiting configuration mode\n\nroot@gw> "
    t.type("\x04", "")
    assert t.p.wait(10) == 0


def test_a_prompt_may_end_with_its_blank(typist):
    t = typist()
    assert t.type('set cli prompt "x> "\n', "x> ").endswith("\n\nx> ")
    assert t.type("set cli prompt y>\n", "y> ").endswith("\n\ny> ")


def test_help_follows_the_size_of_the_screen(typist):
    t = conf(typist(rows=8))
    t.type("set ?", ")---")
    t.resize(12, 100)
    assert len(shown(t.type(" ", ")---"))[:-1]) == 11
    t.type("q", "set ")


def test_a_script_answers_with_its_next_line(gw):
    _, out, _ = gw.cli("configure", "edit system", "delete", "yes", "top", "show system", "rollback", check=0)
    assert out == "Entering configuration mode\nload complete\n"
    _, out, _ = gw.cli("configure", "edit system", "delete", "n", "show", "rollback", check=0)
    assert "host-name gw;" in out
    # a question that is not answered does not swallow a command
    _, out, _ = gw.cli("configure", "set system host-name x", "exit", "show cli | match width", "configure", "rollback", check=0)
    assert "Exiting configuration mode\nCLI screen-width" in out


def test_each_mode_has_its_history(typist):
    t = typist()
    t.type("show version\n", OPER)
    conf(t)
    t.type("show system\n", CONF)
    assert t.type("\x10", "system") == "show system"
    t.type("\x15exit\n", OPER)
    assert t.type("\x10\x10", "version").endswith("show version")


def test_others_who_are_editing_are_named(gw, typist):
    conf(typist()).type("edit services\n", CONF)
    out = re.sub(r"pts/\d+|\(pid \d+\)|\d{4}-\S+ \S+ UTC", "X", typist().type("configure\n", CONF))
    assert out.startswith("configure\nEntering configuration mode\nUsers currently editing the configuration:\n"
                          "  root terminal X ")
    assert "\n      [edit services]\n" in out


def test_the_request_of_a_command(gw):
    assert gw.command("show services ipsec-vpn ipsec security-associations detail ss-one | display xml rpc") == """\
<rpc-reply xmlns:junos="http://xml.juniper.net/junos/21.4R1/junos">
    <rpc>
        <get-services-security-associations-information>
            <detail/>
            <service-set>ss-one</service-set>
        </get-services-security-associations-information>
    </rpc>
    <cli>
        <banner></banner>
    </cli>
</rpc-reply>
"""


def test_set_lines_relative_to_the_place(gw):
    _, out, _ = gw.cli("configure", "edit services service-set ss-one", "show | display set relative", check=0)
    assert "\nset ipsec-vpn-rules r1\n" in out and "set services" not in out


def test_completion_is_instant_at_ten_thousand_tunnels(gw, typist, tmp_path):
    rules = "".join(f"set services ipsec-vpn rule tunnel-{i:05} match-direction input\n" for i in range(10000))
    (tmp_path / "big").write_text(rules)
    t = conf(typist(rows=1000))
    t.type(f"load set {tmp_path}/big\n", CONF)
    assert t.type("set services ipsec-vpn rule tunnel-0999\t", "0999").count("\n") == 16
    assert t.type("9\t", "9 ") == "9 "
    t.clear()
    t.type("set services ipsec-vpn rule ?", ")---")
    assert "... and 9002 more names" in t.type("G", "rule ")
    t.clear()
    t.type("rollback\n", CONF)


def test_values_in_brackets_are_typed_like_words(typist):
    t = conf(typist())
    line = "set services ipsec-vpn ipsec policy x proposals [ a b ] "
    assert t.type(line, "] ") == line
    t.clear()
    for line in ("wildcard range set interfaces ge-0/0/[1-3] unit 0 ", "replace pattern ^r([0-9]) with x ",
                 "wildcard delete services ipsec-vpn rule r[12] "):
        assert t.type(line, line[-3:]) == line
        t.clear()


def test_help_of_the_commands_that_change_much(typist):
    t = conf(typist())
    assert t.type("wildcard ?", "wildcard ") == """wildcard ?
Possible completions:
  delete               Delete the statements whose names match
  range                Change a range of statements
[edit]
root@gw# wildcard """
    t.clear()
    assert t.type("annotate services ?", "services ") == """annotate services ?
Possible completions:
  <comment>            Text of the comment
[edit]
root@gw# annotate services """
    t.clear()
    assert t.type("replace pattern x with y ?", "y ") == """replace pattern x with y ?
Possible completions:
  <[Enter]>            Execute this command
  upto                 Number of names and values to change
  |                    Pipe through a command
[edit]
root@gw# replace pattern x with y """
    t.clear()
    out = t.type("set services ipsec-vpn ike proposal p lifetime-seconds ?", "seconds ")
    assert "  <lifetime-seconds>   Lifetime of the IKE security association in seconds (180..86400 seconds)\n" in out


def test_help_of_pipes(typist):
    t = typist()
    assert t.type("show configuration | display ?", "display ") == """show configuration | display ?
Possible completions:
  changed              Tag changes with junos:changed attribute (XML only)
  commit-scripts       Show data after commit scripts have been applied
  detail               Show configuration data detail
  inheritance          Show inherited configuration data and source group
  json                 Show output as JSON
  omit                 Emit configuration statements with the 'omit' option
  set                  Show 'set' commands that create configuration
  xml                  Show output as XML tags
root@gw> show configuration | display """
    out = t.type("inh ?", "inheritance ")
    assert "  brief                Display brief output\n  no-comments          Do not display" in out
    t.clear()
    assert "  refresh              Refresh" in t.type("show version | re?", "| re")


def test_a_line_is_refreshed_until_control_c(typist):
    t = typist()
    os.write(t.master, b"show version | match Host | refresh 1\n")
    out = ""
    while out.count("Hostname: gw\n") < 2:
        out += t.wait("gw\r\n")
    assert re.search(r"Hostname: gw\n---\(refreshed at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \w+\)---\nHostname: gw\n", out)
    assert t.paste("\x03", OPER).endswith("root@gw> ")


def test_the_pager_filters_and_follows_the_size(typist):
    t = typist(rows=12)
    first = shown(t.type("show configuration\n", ")---"))[1:-1]
    assert any("host-name" in line for line in first)
    out = t.type("munit\r", ")---", "> ")
    assert all("unit" in line for line in shown(out)[:-1] if line.strip()) and "unit 1 {" in out
    assert out.endswith(OPER)  # that was all
    t.type("show configuration | hold\n", ")---")
    assert "unit 0 {" not in t.type("munit 1 \r", ")---")
    assert "unit 0 {" in t.type("cg", ")---")
    t.type("q", OPER)
    t.type("show configuration\n", ")---")
    t.resize(8, 100)
    assert len(shown(t.type(" ", ")---"))[:-1]) == 7
    assert shown(t.type("g", ")---"))[:-1][:7] == first[:7]
    t.type("\x03", OPER)
    t.type("show version | hold\n", ")---")
    assert t.type("l", OPER, ")---")
    t.clear()


def test_emacs_keys_and_no_history_expansion(typist):
    t = typist()
    t.type("show version\n", OPER)
    assert t.type("!sh\n", OPER) == "!sh\n         ^\nunknown command.\n\nroot@gw> "
    assert t.type("!!\n", OPER).startswith("!!\n         ^\nunknown command.")
    t.type("show cli foo\x17", "")
    t.clear()
    t.type("version\x01show \x05\n", OPER)
    assert "Hostname: gw" in t.type("\x10\x10\x10\x10\x0e\x10\n", OPER)
