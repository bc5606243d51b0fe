# SPDX-License-Identifier: BSD-2-Clause
#
# gateway.py - a whole Sallyport in a namespace, by its command line and nothing else.
#
#   sallyportd -r RUNDIR -c FILE    foreground; says `ready` when FILE is in force; status 1 if refused
#   sallyport -r RUNDIR -c COMMAND  one operational command
#
# SALLYPORT_BUILD names the meson build folder whose programs are used (default: build-test, then build).

import json
import os
import signal

from .netlab import PATIENCE_S, LabError, _run

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "../../.."))


def program(name):
    """The path of a built program: "sallyportd" or "sallyport"."""
    inside = {"sallyportd": "daemon/sallyportd/sallyportd", "sallyport": "cli/sallyport"}[name]
    named = os.environ.get("SALLYPORT_BUILD")
    for build in [named] if named else [os.path.join(TOP, b) for b in ("build-test", "build")]:
        path = os.path.join(build, inside)
        if os.access(path, os.X_OK):
            return path
    raise LabError(f"{inside} is not built; SALLYPORT_BUILD={named}")


class Refused(LabError):
    """The configuration did not pass the commit check; .errors has the lines of standard error."""

    def __init__(self, errors):
        super().__init__("configuration refused:\n" + "\n".join(errors))
        self.errors = errors


class Gateway:
    """A gateway in the namespace NS running CONFIG (text). Stopped with the lab at the latest."""

    way = None      # of all gateways of a test, a ways.Way: the fixture of that name

    def __init__(self, ns, config, timeout_s=PATIENCE_S):
        self.ns = ns
        self.run_dir = os.path.join(ns.lab.folder, f"run-{ns.name}")
        self.config_path = ns.lab.file(f"{ns.name}.conf", self.way.configure(config) if self.way else config)
        self.process = None
        self.start(timeout_s)

    def start(self, timeout_s=PATIENCE_S):
        """Starts the gateway and waits for `ready`; raises Refused if the configuration is bad."""
        self.process = self.ns.spawn([program("sallyportd"), "-r", self.run_dir, "-c", self.config_path])
        try:
            self.process.wait_line(r"^ready$", timeout_s)
        except LabError as e:
            if not self.process.is_alive() and self.process.popen.returncode == 1:
                raise Refused(self.process.err) from e
            raise LabError(f"{e}\n{self.log()}") from e

    def stop(self):
        """SIGTERM and wait; returns the exit status."""
        return self.process.stop(signal.SIGTERM)

    def cli(self, command, check=True):
        """Runs one operational command; returns what it printed."""
        run = self.ns.run([program("sallyport"), "-r", self.run_dir, "-c", command], check=check)
        return run.stdout if check else run

    def cli_json(self, command):
        return json.loads(self.cli(f"{command} | display json"))

    def type(self, *lines, check=True):
        """Types LINES into the CLI's standard input; returns the CompletedProcess."""
        return self.ns.run([program("sallyport"), "-r", self.run_dir], check=check,
                           input="".join(f"{line}\n" for line in lines))

    def configure(self, *lines):
        """Commits the configuration mode LINES ("set ...", "delete ..."); raises if one is refused."""
        return self.type("configure", *lines, "commit", "exit").stdout

    def pids(self, name):
        """Process ids in this namespace whose program is called NAME ("picd")."""
        found = []
        for pid in _run(["ip", "netns", "pids", self.ns.full_name]).stdout.split():
            try:
                with open(f"/proc/{pid}/comm", encoding="utf-8") as f:
                    if f.read().strip() == name:
                        found.append(int(pid))
            except FileNotFoundError:
                continue
        return found

    def log(self):
        """Everything the gateway wrote, for a failed test."""
        text = ["--- stdout", *self.process.out, "--- stderr", *self.process.err]
        for folder, _, names in os.walk(self.run_dir):
            for name in sorted(names):
                if os.path.basename(folder) == "log":
                    with open(os.path.join(folder, name), encoding="utf-8", errors="replace") as f:
                        text += [f"--- {name}", *f.read().splitlines()[-100:]]
        return "\n".join(text)
