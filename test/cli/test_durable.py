# SPDX-License-Identifier: BSD-2-Clause
"""mgd killed at every system call of a commit; disks that are full or cannot be written; what reaches the disk, and when."""
import contextlib
import gzip
import os
import re
import shutil
import signal
import subprocess

import pytest

import control
from control import BUILD, PATIENCE, wait
from test_commit import ADDRESS, MTU, Shell, conf, host
from test_control import packed

KILL_AT = BUILD / "test/priv/kill_at"
ROLLBACKS = 49


def attach(pid, n, *others):
    """Counts the system calls of PID from now on; at the Nth everybody is killed."""
    p = subprocess.Popen([KILL_AT, str(pid), str(n), *map(str, others)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                         text=True)
    line = p.stdout.readline()
    if line != "ready\n":
        pytest.skip("processes cannot be traced here: " + p.stderr.read())
    return p


def detach(p):
    p.send_signal(signal.SIGTERM)
    out = p.stdout.read()
    p.wait()
    p.stdout.close()
    p.stderr.close()
    return out


def stored(config, n):
    """Configuration N of the folder as (commit number, text), or None; both forms must be the same if both are there."""
    if n == 0:
        texts = [(config / "juniper.conf").read_text()]
    else:
        plain, packed = config / f"juniper.conf.{n}", config / f"juniper.conf.{n}.gz"
        texts = []
        with contextlib.suppress(FileNotFoundError):  # it may be packed at this moment
            texts.append(plain.read_text())
        with contextlib.suppress(FileNotFoundError):
            texts.append(gzip.decompress(packed.read_bytes()).decode())
    if not texts:
        return None
    assert len(set(texts)) == 1
    return int(re.search(r"## Commit number: (\d+)", texts[0]).group(1)), texts[0]


def folder_check(config, number, most):
    """juniper.conf is commit NUMBER, the rollbacks are those before it; at most the oldest is lost."""
    assert stored(config, 0)[0] == number
    kept = 0
    while kept < ROLLBACKS and stored(config, kept + 1) is not None:
        kept += 1
        assert stored(config, kept)[0] == number - kept
    assert all(stored(config, n) is None for n in range(kept + 1, ROLLBACKS + 1))
    assert kept >= min(most, ROLLBACKS) - 1, kept
    return kept


def point_lines(i):
    """Changes of which each daemon gets its own."""
    return [f"set system host-name p{i}", MTU % (1000 + i),
            "delete interfaces ge-0/0/0 unit 0 family inet address",
            f"set interfaces ge-0/0/0 unit 0 family inet address 10.{i // 200}.{i % 200}.1/24"]


def is_of(i, gw):
    """mgd, and each daemon, runs exactly what point_lines(I) says."""
    shown = gw.command("show configuration")
    if f"host-name p{i};" not in shown:
        return False
    assert f"tunnel-mtu {1000 + i};" in shown and f"address 10.{i // 200}.{i % 200}.1/24;" in shown
    assert len(re.findall(r"address 10\.\d+\.\d+\.1/24", shown)) == 1
    assert f"10.{i // 200}.{i % 200}.1/24".encode() in conf(gw, "netd")
    assert str(1000 + i).encode() in conf(gw, "sp-1/2/0")
    for name in ("netd", "sp-1/2/0"):
        assert f"p{i}".encode() in conf(gw, name) and f"p{i + 1}".encode() not in conf(gw, name)
    return True


def prepare(gw, n):
    """N commits, so that there are rollbacks; the last of them is point 0."""
    gw.cli("configure", *(line for i in range(n - 1) for line in (f"set system host-name h{i}", "commit")), check=0)
    gw.cli("configure", *point_lines(0), "commit", check=0)


def commit_killed(gw, i, n, command="commit"):
    """Commits point I and kills mgd at its Nth call. Returns (where, what the user saw): where is None if it was never reached."""
    s = Shell(gw, "configure", *point_lines(i))
    tracer = attach(gw.mgd.pid, n)
    s.p.stdin.write(command + "\n")
    s.p.stdin.close()
    seen = s.p.stdout.read()
    s.p.wait(PATIENCE)
    s.p.stdout.close()
    if "commit complete" in seen:
        # what is done after the answer belongs to the commit, too: packing
        wait(lambda: tracer.poll() is not None or not list(gw.config.glob("juniper.conf.[0-9]")))
    else:
        tracer.wait(PATIENCE)
    where = detach(tracer)  # which may have come to the Nth call meanwhile
    if not where:
        return None, seen
    assert where.startswith("killed before "), where
    gw.mgd.wait(PATIENCE)
    return where, seen


def restart(gw):
    """After a kill; returns when every daemon runs what mgd has told it."""
    gw.kill()
    gw.in_force.clear()
    gw.start()
    wait(lambda: gw.in_force)


@pytest.mark.parametrize("commits", [1, 6, 55])
def test_mgd_killed_at_every_call_of_a_commit(gw, commits):
    prepare(gw, commits)
    number, here, n, olds, news = commits + 1, 0, 0, 0, 0
    rollbacks = min(number - 1, ROLLBACKS)
    while True:
        n += 1
        where, seen = commit_killed(gw, here + 1, n)
        if where is not None:
            restart(gw)
        is_new = is_of(here + 1, gw)
        assert is_new or is_of(here, gw), where
        assert is_new or "commit complete" not in seen, where
        number += is_new
        here += is_new
        if where is not None:
            assert gw.in_force[-1] == number
        rollbacks = folder_check(gw.config, number, rollbacks + is_new)
        olds += not is_new
        news += is_new
        if where is None:
            break
    assert olds > 30 and news > 3, (olds, news)
    assert n > (200 if commits > ROLLBACKS else 60), n


def test_a_confirmed_commit_killed_anywhere_is_old_or_has_its_deadline(gw):
    prepare(gw, 3)
    here, n, news = 0, 0, 0
    while True:
        n += 3
        where, _ = commit_killed(gw, here + 1, n, "commit confirmed 30")
        if where is not None:
            restart(gw)
        if is_of(here + 1, gw):
            news += 1
            here += 1
            assert "commit confirmed, rollback in " in gw.command("show system commit").splitlines()[0]
            gw.cli("configure", "commit check", check=0)
        else:
            assert is_of(here, gw)
            assert not (gw.config / "commit.confirm").exists() or where is None
        if where is None:
            break
    assert news > 1


# --- order ---

def test_everything_is_on_disk_before_it_counts(gw):
    """write, fsync; link, fsync of the folder; rename, fsync of the folder; and only then the answer to the user."""
    gw.cli("configure", "set system host-name a", "commit", check=0)
    packed(gw)
    s = Shell(gw, "configure", "set system host-name b")
    tracer = attach(gw.mgd.pid, 0)
    assert s.say("commit").endswith("commit complete\n")
    wait(lambda: (gw.config / "juniper.conf.2.gz").exists() and not list(gw.config.glob("juniper.conf.[0-9]")))
    steps, names, folder = [], {}, None
    for line in detach(tracer).splitlines():
        call, _, result = line.partition(" = ")
        words = call.split()
        if words[0] == "openat" and int(result) >= 0:
            names[result] = words[1]
        if words[0] in ("write", "fsync") and words[1] in names:
            step = f"{words[0]} {names[words[1]]}"
        elif words[0] == "fsync":
            step = "fsync folder"
        elif words[0] in ("renameat", "linkat") or (words[0] == "unlinkat" and result == "0"):
            step = " ".join(words)
        else:
            if words[0] == "close":
                names.pop(words[1], None)
            continue
        if not steps or steps[-1] != step:
            steps.append(step)
    assert steps == [
        "write juniper.conf.new", "fsync juniper.conf.new", "renameat juniper.conf.1.gz juniper.conf.2.gz",
        "linkat juniper.conf juniper.conf.1", "fsync folder", "renameat juniper.conf.new juniper.conf", "fsync folder",
        "write juniper.conf.packing", "fsync juniper.conf.packing", "renameat juniper.conf.packing juniper.conf.1.gz",
        "fsync folder", "unlinkat juniper.conf.1"]
    s.close()


# --- disks ---

class Disk:
    """A small file system of its own under the folder of mgd."""

    def __init__(self, gw):
        self.gw = gw
        gw.kill()
        kept = gw.dir / "kept"
        gw.config.rename(kept)
        gw.config.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m,nr_inodes=300,mode=755", "tmpfs", gw.config], check=True)
        shutil.copytree(kept, gw.config, dirs_exist_ok=True)
        os.chown(gw.config, control.UID, control.UID)
        for f in gw.config.iterdir():
            os.chown(f, control.UID, control.UID)
        gw.start()

    def fill(self):
        with open(self.gw.config / "ballast", "wb", buffering=0) as f:
            try:
                while f.write(b"x" * 4096):
                    pass
            except OSError:
                pass

    def empty(self):
        (self.gw.config / "ballast").unlink()

    def mode(self, how):
        subprocess.run(["mount", "-o", f"remount,{how}", self.gw.config], check=True)

    def close(self):
        self.gw.kill()
        subprocess.run(["umount", self.gw.config], check=True)
        self.gw.start()


@pytest.fixture
def disk(gw):
    d = Disk(gw)
    yield d
    d.close()


def refused(gw, reason, *extra):
    before = gw.command("show configuration")
    files = {f.name for f in gw.config.iterdir()}
    _, out, err = gw.cli("configure", "set system host-name refused", *extra, "commit", check=1)
    assert err == f"error: could not write configuration: {reason}\nerror: commit failed\n"
    assert "commit complete" not in out
    assert gw.command("show configuration") == before
    assert {f.name for f in gw.config.iterdir()} == files
    gw.cli("configure", "rollback", check=0)


def test_a_full_disk_is_told_and_keeps_what_runs(gw, disk):
    number = gw.in_force[-1] + 1
    gw.cli("configure", "set system host-name before", "commit", check=0)
    wait(lambda: gw.in_force[-1] == number)  # it is told after the person was answered
    packed(gw)
    disk.fill()
    refused(gw, "No space left on device")
    _, _, err = gw.cli("configure", "set system host-name no", "commit confirmed 5", check=1)
    assert "No space left on device" in err
    gw.cli("configure", "rollback", check=0)
    _, _, err = gw.cli("configure", "set system host-name no", "commit at reboot", check=1)
    assert "No space left on device" in err
    assert "No space left on device" in gw.command("request system configuration rescue save", check=1)
    gw.kill()
    gw.start()  # a full disk does not keep mgd from starting
    assert host(gw) == "host-name before;"
    disk.empty()
    gw.cli("configure", ADDRESS, "set system host-name after", "commit", check=0)
    assert host(gw) == "host-name after;"
    wait(lambda: gw.in_force[-1] == number + 1)
    folder_check(gw.config, number + 1, 2)


def test_a_disk_that_cannot_be_written_is_told_and_keeps_what_runs(gw, disk):
    gw.cli("configure", "set system host-name before", "commit confirmed 5", check=0)
    packed(gw)
    disk.mode("ro")
    refused(gw, "Read-only file system")
    # it cannot be confirmed either, and says so
    _, _, err = gw.cli("configure", "commit check", check=1)
    assert "Read-only file system" in err
    gw.kill()
    gw.start()
    assert host(gw) == "host-name before;"
    disk.mode("rw")
    gw.cli("configure", "set system host-name after", "commit", check=0)
    assert host(gw) == "host-name after;"
    wait(lambda: not (gw.config / "commit.confirm").exists())
