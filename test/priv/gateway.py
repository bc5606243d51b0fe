# SPDX-License-Identifier: BSD-2-Clause
"""Runs a gateway in a network namespace of its own: sallyportd and netd, with stand_in or the real mgd and picd.

A Gateway is a context: entering makes the namespace with two media devices (ge-0-0-0 to h0 and ge-0-0-1 to h1, whose far
ends live in namespaces of their own), leaving ends everything. Needs root.
"""
import gzip
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time

BUILD = os.environ.get('SALLYPORT_BUILD', 'build')

PATIENCE = 60  # seconds, for what shall come soon: the machine may be slow and busy

MSG_LOAD, MSG_LOADED, MSG_RPC, MSG_ROW, MSG_RPC_DONE = 5, 6, 13, 14, 15


def run(*args, check=True):
    return subprocess.run(args, check=check, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout


def wait(condition, what='timed out'):
    """Waits until CONDITION() is true; WHAT says what is missing, or is called for it."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, what() if callable(what) else what
        time.sleep(0.02)


def encode(name, value):
    """An element: VALUE is a string (leaf), None (empty leaf) or a list of (name, value)."""
    n = bytes([len(name)]) + name.encode()
    if value is None:
        return b'\x03' + n
    if isinstance(value, str):
        v = value.encode()
        return b'\x02' + n + struct.pack('>I', len(v)) + v
    return b'\x01' + n + b''.join(encode(*child) for child in value) + b'\x04'


def decode(data):
    """The element in DATA as (name, value), as encode() takes it."""
    def one(at):
        tag, n = data[at], data[at + 1]
        name = data[at + 2:at + 2 + n].decode()
        at += 2 + n
        if tag == 3:
            return (name, None), at
        if tag == 2:
            size, = struct.unpack_from('>I', data, at)
            return (name, data[at + 4:at + 4 + size].decode()), at + 4 + size
        children = []
        while data[at] != 4:
            child, at = one(at)
            children.append(child)
        return (name, children), at + 1
    return one(0)[0]


def netd_caps():
    """CAP_NET_BIND_SERVICE, CAP_NET_ADMIN, CAP_NET_RAW; CAP_IPC_LOCK and CAP_BPF where root itself might have them."""
    with open('/proc/self/status') as f:
        bound = int(re.search(r'CapBnd:\t(\w+)', f.read()).group(1), 16)
    return 0x3400 | bound & (1 << 14 | 1 << 39)


def check_rights(pid, name, caps):
    """What a daemon may do, as the kernel says: CAPS and nothing else, no root, sandboxed, four kinds of descriptors."""
    with open(f'/proc/{pid}/status') as f:
        status = dict(line.rstrip('\n').split(':\t', 1) for line in f if ':\t' in line)
    for field in ('CapPrm', 'CapEff', 'CapBnd'):
        assert int(status[field], 16) == caps, field
    assert int(status['CapInh'], 16) == 0 and int(status['CapAmb'], 16) == 0
    assert '0' not in status['Uid'].split() and '0' not in status['Gid'].split()
    assert status['Groups'].strip() == ''
    assert status['NoNewPrivs'] == '1' and status['Seccomp'] == '2'
    assert status['Name'] == name.split('-')[0]
    with open(f'/proc/{pid}/limits') as f:
        assert re.search(r'Max core file size +0 +0 ', f.read())
    with open(f'/proc/{pid}/environ', 'rb') as f:
        assert b'PATH=' not in f.read()
    for fd in os.listdir(f'/proc/{pid}/fd'):
        target = os.readlink(f'/proc/{pid}/fd/{fd}')
        assert target in ('/dev/null', '/dev/net/tun', '/memfd:sallyport (deleted)', '/memfd:xsk (deleted)') or f'/log/{name}' in target or \
            target.endswith('/log/messages') or \
            (name == 'mgd' and target.endswith('/config')) or \
            (name == 'netd' and target.endswith(('/net/udp', '/net/udp6'))) or \
            target.split(':')[0] in ('socket', 'pipe', 'anon_inode'), target


class Client:
    """The command line's socket, spoken raw."""

    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(PATIENCE)
        self.sock.connect(path)

    def send(self, kind, body, seq=1):
        data = encode(*body)
        self.sock.sendall(struct.pack('>IHHI', len(data), kind, 0, seq) + data)

    def exactly(self, n):
        data = b''
        while len(data) < n:
            got = self.sock.recv(n - len(data))
            assert got, 'closed'
            data += got
        return data

    def receive(self):
        size, kind, _, _ = struct.unpack('>IHHI', self.exactly(12))
        return kind, decode(self.exactly(size)) if size else None

    def load(self, text):
        """Commits an indented tree; returns None or the errors."""
        self.send(MSG_LOAD, ('load', [('text', text)]))
        kind, body = self.receive()
        assert kind == MSG_LOADED
        answer = dict(body[1])
        return None if answer['status'] == 'ok' else answer['text']

    def rpc(self, name, *args):
        self.send(MSG_RPC, (name, list(args)), 7)
        rows = []
        while True:
            kind, body = self.receive()
            if kind == MSG_RPC_DONE:
                return rows, dict(body[1])
            assert kind == MSG_ROW
            rows.append(body)


class Gateway:
    def __init__(self, name, is_whole=False):
        self.is_whole = is_whole
        self.ns = f'netd-{os.getpid()}-{name}'  # other runs have theirs
        self.hosts = [self.ns + '-h0', self.ns + '-h1']
        self.dir = tempfile.mkdtemp(prefix='sallyport-')
        self.run_dir = self.dir + '/run'
        self.process = None

    def __enter__(self):
        for ns in [self.ns] + self.hosts:
            run('ip', 'netns', 'del', ns, check=False)
            run('ip', 'netns', 'add', ns)
            run('ip', '-n', ns, 'link', 'set', 'lo', 'up')
        for i, host in enumerate(self.hosts):
            self.ip('link', 'add', f'ge-0-0-{i}', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', host)
            run('ip', '-n', host, 'link', 'set', 'eth0', 'up')
            run('ip', '-n', host, 'addr', 'add', f'10.1.{i}.2/24', 'dev', 'eth0')
            run('ip', '-n', host, 'addr', 'add', f'2001:db8:{i}::2/64', 'dev', 'eth0', 'nodad')
            run('ip', '-n', host, 'route', 'add', 'default', 'via', f'10.1.{i}.1')
            run('ip', '-n', host, 'route', 'add', 'default', 'via', f'2001:db8:{i}::1')
        bin_dir = self.dir + '/bin'
        os.mkdir(bin_dir)
        for name in ('sallyportd', 'netd', 'mgd', 'kmd', 'pkid', 'picd'):
            is_real = self.is_whole or name in ('sallyportd', 'netd')
            shutil.copy(f'{BUILD}/daemon/{name}/{name}' if is_real else f'{BUILD}/test/priv/stand_in',
                        f'{bin_dir}/{name}')
        return self

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            self.stop()
        for ns in [self.ns] + self.hosts:
            run('ip', 'netns', 'del', ns, check=False)
        shutil.rmtree(self.dir)

    def ip(self, *args):
        return run('ip', '-n', self.ns, *args)

    def at(self, *args, check=True):
        return run('ip', 'netns', 'exec', self.ns, *args, check=check)

    def host(self, i, *args, check=True):
        return run('ip', 'netns', 'exec', self.hosts[i], *args, check=check)

    def start(self, text, by=()):
        """Starts with TEXT as -c, by a command that starts commands; returns what is said on standard output until `ready` or the end."""
        path = self.dir + '/config.txt'
        with open(path, 'w') as f:
            f.write(text)
        self.process = subprocess.Popen(
            [*by, 'ip', 'netns', 'exec', self.ns, self.dir + '/bin/sallyportd', '-r', self.run_dir, '-c', path],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        return self.process.stdout.readline()

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        status = self.process.wait(timeout=PATIENCE)
        for name in os.listdir(self.run_dir + '/log'):
            if name[0] == '.':
                continue  # was being packed
            assert 'Sanitizer' not in self.log(name), self.log(name)
        return status

    def pid(self, name):
        with open(f'{self.run_dir}/pid/{name}') as f:
            return int(f.read())

    def log(self, name):
        path = f'{self.run_dir}/log/{name}'
        with gzip.open(path, 'rt') if name.endswith('.gz') else open(path) as f:
            return f.read()

    def wait_log(self, name, text, times=1):
        def is_there():
            try:
                return self.log(name).count(text) >= times
            except FileNotFoundError:
                return False
        wait(is_there, lambda: f'{text!r} is not in the log of {name}:\n{self.log(name)}')

    def wait_new(self, name, old):
        """Waits for another process than OLD in the place of a daemon."""
        def is_new():
            try:
                return self.pid(name) != old
            except (FileNotFoundError, ValueError):
                return False
        wait(is_new, f'no new {name}')

    def client(self):
        return Client(self.run_dir + '/mgd.sock')

    def state(self):
        """Everything about the host that a gateway could leave behind."""
        sysctls = [self.at('sysctl', 'net.ipv4.ip_forward', 'net.ipv6.conf.all.forwarding')]
        files = [os.path.join(d, f)[len(self.run_dir):] for d, folders, names in os.walk(self.run_dir)
                 for f in folders + names if '/config' not in d and '/log' not in d]
        return {
            'links': self.ip('-br', 'link'),
            'addresses': self.ip('-br', '-4', 'addr'),
            'addresses6': [line for line in self.ip('-6', '-o', 'addr').splitlines() if 'fe80' not in line],
            'routes': self.ip('-4', 'route', 'show', 'table', 'all'),
            'routes6': [line for line in self.ip('-6', 'route', 'show', 'table', 'all').splitlines()
                        if 'fe80' not in line and 'ff00' not in line and 'anycast' not in line],
            'rules': self.ip('rule') + self.ip('-6', 'rule'),
            'nft': self.at('nft', 'list', 'ruleset'),
            'sysctls': sysctls,
            'files': sorted(f for f in files if f not in ('/config', '/log', '/pki')),
        }
