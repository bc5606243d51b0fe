# SPDX-License-Identifier: BSD-2-Clause
#
# test_scapy.py - scapy's IPsec layer judges lib/esp, in both directions, packet by packet.
#
# esp_pipe (named by the environment variable ESP_PIPE) runs the library; scapy builds and opens the same
# packets without any of our code. Each test runs in both engines; where scapy's part costs most, once for both. scapy cannot put AH around ESP (its sign() takes the ESP for what is to be
# signed), so the AH of a bundle is composed here from its RFC with Python's hmac.
import hmac
import functools
import itertools
import os
import random
import struct
import subprocess

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP, IPOption_NOP, IPOption_Router_Alert, IPOption_RR
from scapy.layers.inet6 import (HBHOptUnknown, IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrHopByHop,
                                IPv6ExtHdrRouting, PadN, RouterAlert)
from scapy.layers.ipsec import AH, ESP, SecurityAssociation
from scapy.packet import Raw
from scapy.compat import raw

AUTH = {'hmac-md5-96': ('HMAC-MD5-96', 16), 'hmac-sha1-96': ('HMAC-SHA1-96', 20),
        'hmac-sha-256-128': ('SHA2-256-128', 32)}
ENC = {'des-cbc': ('DES', 8), '3des-cbc': ('3DES', 24), 'aes-128-cbc': ('AES-CBC', 16),
       'aes-192-cbc': ('AES-CBC', 24), 'aes-256-cbc': ('AES-CBC', 32)}
AEAD = {'aes-128-gcm': ('AES-GCM', 20), 'aes-192-gcm': ('AES-GCM', 28), 'aes-256-gcm': ('AES-GCM', 36),
        'chacha20-poly1305': ('CHACHA20-POLY1305', 36)}   # the salt is at the end of the key
OUTER = {4: ('192.0.2.1', '192.0.2.2'), 6: ('2001:db8:ff::1', '2001:db8:ff::2')}
RND = random.Random()


def key(n):
    return bytes(RND.randrange(256) for _ in range(n))


class Pipe:
    def __init__(self, engine):
        self.proc = subprocess.Popen([os.environ['ESP_PIPE']], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                     env={**os.environ, 'SALLYPORT_ENGINE': engine})

    def ask(self, line):
        self.proc.stdin.write(line + '\n')
        self.proc.stdin.flush()
        answers = []
        while True:
            got = self.proc.stdout.readline()
            assert got and not got.startswith('error'), (got, line[:200])
            if got == '.\n':
                return answers
            answers.append(got.split())

    def sa(self, name, **params):
        words = ['%s=%s' % (k.rstrip('_'), v) for k, v in params.items() if v is not None]
        assert self.ask('sa %s %s' % (name, ' '.join(words))) == []

    def out(self, name, *packets):
        return [Answer(a) for a in self.ask('out ' + ' '.join(
            '%s=%s' % (name, raw(p).hex()) for p in packets))]

    def in_(self, *packets):
        return [Answer(a) for a in self.ask('in ' + ' '.join(raw(p).hex() for p in packets))]

    def count(self, name):
        return [int(x) for x in self.ask('count ' + name)[0]]


class Answer:
    def __init__(self, words):
        self.verdict, self.mtu, self.sa = words[0], int(words[1]), words[2]
        self.packets = [] if words[3] == '-' else [bytes.fromhex(x) for x in words[3].split(',')]

    @property
    def packet(self):
        assert self.verdict == 'ok', self.verdict
        assert len(self.packets) == 1
        return self.packets[0]


ENGINES = ('ipsec-mb', 'openssl')


@pytest.fixture(scope='module')
def processes():
    made = {engine: Pipe(engine) for engine in ENGINES}
    yield made
    for p in made.values():
        p.proc.stdin.close()
        assert p.proc.wait() == 0


@pytest.fixture(autouse=True)
def same_keys_every_time(request):
    RND.seed(request.node.name)


@pytest.fixture(params=ENGINES)
def pipe(processes, request):
    processes[request.param].ask('reset')
    return processes[request.param]


@pytest.fixture
def pipes(processes):
    """Both engines, for a test that does scapy's part once."""
    for p in processes.values():
        p.ask('reset')
    return list(processes.values())


def ip(family, payload, **fields):
    if family == 4:
        return IP(src='10.1.0.1', dst='10.2.0.2', id=0x1234, ttl=63, **fields) / payload
    return IPv6(src='2001:db8:1::1', dst='2001:db8:2::2', hlim=63, **fields) / payload


def sized(family, n):
    """An inner packet of exactly n octets."""
    hdr = 20 if family == 4 else 40
    body = bytes((7 * i + n) & 255 for i in range(n - hdr))
    return raw(ip(family, Raw(body), **({'proto': 253} if family == 4 else {'nh': 253})))


def outer_header(family):
    src, dst = OUTER[family]
    return IP(src=src, dst=dst) if family == 4 else IPv6(src=src, dst=dst)


def checksum_set(data):
    """Returns the packet with the checksum of its IPv4 header (without options) made right."""
    if data[0] >> 4 != 4:
        return bytes(data)
    data = bytearray(data)
    data[10:12] = bytes(2)
    total = sum(struct.unpack('!10H', data[:20]))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    data[10:12] = struct.pack('!H', ~total & 0xffff)
    return bytes(data)


class HandAH:
    """AH over a packet whose header has neither options nor extensions (RFC 4302)."""

    def __init__(self, spi, auth, auth_key):
        self.spi, self.auth_key, self.seq = spi, auth_key, 0
        self.digest, self.icv_len = {'hmac-md5-96': ('md5', 12), 'hmac-sha1-96': ('sha1', 12),
                                     'hmac-sha-256-128': ('sha256', 16)}[auth]

    def icv(self, data, hdr, ah_len):
        data = bytearray(data)
        if hdr == 20:
            data[1] = data[8] = 0
            data[6:8] = data[10:12] = bytes(2)
        else:
            data[0:4], data[7] = b'\x60\0\0\0', 0
        data[hdr + 12:hdr + ah_len] = bytes(ah_len - 12)
        return hmac.new(self.auth_key, bytes(data), self.digest).digest()[:self.icv_len]

    def encrypt(self, packet):
        data = bytearray(raw(packet))
        hdr = 20 if data[0] >> 4 == 4 else 40
        align = 4 if hdr == 20 else 8
        ah_len = (12 + self.icv_len + align - 1) // align * align
        self.seq += 1
        nh_at, len_at = (9, 2) if hdr == 20 else (6, 4)
        ah = struct.pack('!BBHII', data[nh_at], ah_len // 4 - 2, 0, self.spi, self.seq)
        data[nh_at] = 51
        data[len_at:len_at + 2] = struct.pack('!H', len(data) + ah_len - (0 if hdr == 20 else 40))
        data = bytearray(bytes(data[:hdr]) + ah + bytes(ah_len - 12) + bytes(data[hdr:]))
        icv = self.icv(data, hdr, ah_len)
        data[hdr + 12:hdr + 12 + len(icv)] = icv
        return packet.__class__(checksum_set(data))

    def decrypt(self, packet):
        data = bytearray(raw(packet))
        hdr = 20 if data[0] >> 4 == 4 else 40
        ah_len = (data[hdr + 1] + 2) * 4
        assert struct.unpack('!I', data[hdr + 4:hdr + 8])[0] == self.spi
        assert data[hdr + 12:hdr + 12 + self.icv_len] == self.icv(data, hdr, ah_len)
        nh_at, len_at = (9, 2) if hdr == 20 else (6, 4)
        assert data[nh_at] == 51
        data[nh_at] = data[hdr]
        del data[hdr:hdr + ah_len]
        data[len_at:len_at + 2] = struct.pack('!H', len(data) - (0 if hdr == 20 else 40))
        return packet.__class__(checksum_set(data))


class Pair:
    """The same SA in both implementations: `o` ours outbound, `i` ours inbound, and scapy's. PIPE may be several."""

    def __init__(self, pipe, proto, mode, enc, auth, family, window=64, **more):
        known = {**ENC, **AEAD}
        self.enc_key = key(known[enc][1]) if enc else b''
        self.auth_key = key(AUTH[auth][1]) if auth else b''
        self.auth, self.mode = auth, mode
        tunnel = outer_header(family) if mode == 'tunnel' else None
        src, dst = OUTER[family] if mode == 'tunnel' else (None, None)
        common = dict(proto=proto, mode=mode, spi=0x1001, aux=0x2002, enc=enc, auth=auth,
                      enckey=self.enc_key.hex() or None, authkey=self.auth_key.hex() or None,
                      src=src, dst=dst, mtu=65535)
        common.update(more)
        for one in pipe if isinstance(pipe, list) else [pipe]:
            one.sa('o', dir='out', **common)
            one.sa('i', dir='in', window=window, **common)
        crypt = dict(crypt_algo=known[enc][0], crypt_key=self.enc_key) if enc else {}
        sign = dict(auth_algo=AUTH[auth][0], auth_key=self.auth_key) if auth else {}
        if proto == 'esp':
            self.sas = [SecurityAssociation(ESP, 0x1001, tunnel_header=tunnel, **crypt, **sign)]
        elif proto == 'ah':
            self.sas = [SecurityAssociation(AH, 0x1001, tunnel_header=tunnel, **sign)]
        else:
            self.sas = [SecurityAssociation(ESP, 0x2002, tunnel_header=tunnel, **crypt),
                        HandAH(0x1001, auth, self.auth_key)]

    def seal(self, packet, **kw):
        for sa in self.sas:
            packet = sa.encrypt(packet.__class__(raw(packet)), **kw)
        return raw(packet)

    def open(self, data):
        for sa in reversed(self.sas):
            data = raw(sa.decrypt((IP if data[0] >> 4 == 4 else IPv6)(data)))
        return data


def combinations():
    for mode, family in itertools.product(('tunnel', 'transport'), (4, 6)):
        inners = (4, 6) if mode == 'tunnel' else (family,)
        for inner in inners:
            for enc, auth in itertools.product([None, *ENC], [None, *AUTH]):
                if enc or auth:
                    yield 'esp', mode, enc, auth, family, inner
                if enc and auth:
                    yield 'bundle', mode, enc, auth, family, inner
            for enc in AEAD:
                yield 'esp', mode, enc, None, family, inner
            for auth in AUTH:
                yield 'ah', mode, None, auth, family, inner


@functools.cache
def inners(family):
    """Packets of all lengths that padding can tell apart, as octets."""
    packets = [ip(family, UDP(sport=1000 + n, dport=53) / Raw(bytes(range(n)))) for n in range(36)]
    return [raw(p) for p in (*packets, ip(family, TCP(sport=5, dport=80, flags='S')))]


@pytest.mark.parametrize('proto,mode,enc,auth,family,inner', list(combinations()))
def test_both_directions(pipes, proto, mode, enc, auth, family, inner):
    pair = Pair(pipes, proto, mode, enc, auth, family)
    packets = inners(inner)
    sealed = [pair.seal((IP if inner == 4 else IPv6)(p)) for p in packets]
    for pipe in pipes:
        for sent, answer in zip(packets, pipe.out('o', *packets)):
            assert pair.open(answer.packet) == sent
        for sent, answer in zip(packets, pipe.in_(*sealed)):
            assert answer.packet == sent
            assert answer.sa == 'i'


@pytest.mark.parametrize('family', (4, 6))
@pytest.mark.parametrize('enc,auth', (('3des-cbc', 'hmac-md5-96'), ('aes-256-cbc', 'hmac-sha-256-128'),
                                      ('aes-128-cbc', None), (None, 'hmac-sha1-96'), ('aes-128-gcm', None)))
def test_esp_in_udp(pipe, enc, auth, family):
    pair = Pair(pipe, 'esp', 'tunnel', enc, auth, family, sport=4500, dport=4500)
    sa = pair.sas[0]
    packets = [ip(4, UDP(sport=1000 + n, dport=53) / Raw(bytes(range(n)))) for n in range(36)]
    for sent, answer in zip(packets, pipe.out('o', *packets)):
        got = outer_header(family).__class__(answer.packet)
        sum_ = got[UDP].chksum
        if family == 4:
            assert sum_ == 0
        else:
            del got[UDP].chksum
            assert got.__class__(raw(got))[UDP].chksum == sum_ != 0
        esp = raw(got[UDP])[8:]
        bare = outer_header(family)
        bare = bare.__class__(raw(bare / ESP(esp)))
        assert raw(sa.decrypt(bare)) == raw(sent)
    sealed = [outer_header(family) / UDP(sport=61234, dport=4500, chksum=0) /
              Raw(raw(sa.encrypt(p).payload)) for p in packets]
    for sent, answer in zip(packets, pipe.in_(*sealed)):
        assert answer.packet == raw(sent)


def test_outer_fields(pipe):
    Pair(pipe, 'esp', 'tunnel', 'aes-128-cbc', 'hmac-sha1-96', 4)
    for tos, df in itertools.product(range(256), (0, 2)):
        got = IP(pipe.out('o', ip(4, ICMP(), tos=tos, flags=df))[0].packet)
        assert (got.tos, int(got.flags), got.ttl, got.proto) == (tos, df, 64, 50)
        assert raw(IP(raw(got))) == raw(got)
        sum_ = got.chksum
        del got.chksum
        assert IP(raw(got)).chksum == sum_


def test_bundle_esp_alone_is_refused(pipe):
    pair = Pair(pipe, 'bundle', 'tunnel', 'aes-128-cbc', 'hmac-sha1-96', 4)
    bare = pair.sas[0].encrypt(ip(4, UDP()))
    assert pipe.in_(bare)[0].verdict == 'unknown-spi'
    # AH around ESP of another SPI, and around something else
    other = SecurityAssociation(ESP, 0x3003, crypt_algo='AES-CBC', crypt_key=pair.enc_key,
                                tunnel_header=outer_header(4))
    assert pipe.in_(pair.sas[1].encrypt(other.encrypt(ip(4, UDP()))))[0].verdict == 'bad-bundle'
    tunnel = outer_header(4) / ip(4, UDP())
    assert pipe.in_(pair.sas[1].encrypt(IP(raw(tunnel))))[0].verdict == 'bad-bundle'


def test_spi_of_the_other_protocol(pipe):
    pair = Pair(pipe, 'esp', 'tunnel', 'aes-128-cbc', 'hmac-sha1-96', 4)
    ah = SecurityAssociation(AH, 0x1001, auth_algo='HMAC-SHA1-96', auth_key=pair.auth_key,
                             tunnel_header=outer_header(4))
    assert pipe.in_(ah.encrypt(ip(4, UDP())))[0].verdict == 'wrong-protocol'


FLIPS = [('esp', 'aes-128-cbc', 'hmac-sha1-96'), ('esp', '3des-cbc', 'hmac-md5-96'),
         ('esp', None, 'hmac-sha-256-128'), ('ah', None, 'hmac-sha1-96'),
         ('esp', 'aes-192-gcm', None), ('esp', 'chacha20-poly1305', None),
         ('ah', None, 'hmac-sha-256-128'), ('bundle', 'aes-256-cbc', 'hmac-sha-256-128')]
MUTABLE = {4: {1, 6, 7, 8, 10, 11}, 6: {1, 2, 3, 7}}  # AH does not cover these octets


@pytest.mark.parametrize('family', (4, 6))
@pytest.mark.parametrize('mode', ('tunnel', 'transport'))
@pytest.mark.parametrize('proto,enc,auth', FLIPS)
def test_every_flipped_octet(pipe, proto, mode, enc, auth, family):
    pair = Pair(pipe, proto, mode, enc, auth, family)
    hdr = 20 if family == 4 else 40
    sealed = pair.seal(ip(family, UDP(sport=1, dport=2) / b'content that must not get through'))
    bad = []
    for at in range(len(sealed)):
        if at < hdr and (proto == 'esp' or at in MUTABLE[family]):
            continue
        changed = bytearray(sealed)
        changed[at] ^= 1 << (RND.randrange(4, 8) if at == 0 else RND.randrange(8))
        # keep the checksum right, or only the checksum would be tested
        bad.append(checksum_set(changed) if at < 20 else bytes(changed))
    for at in range(0, len(bad), 64):
        for data, answer in zip(bad[at:at + 64], pipe.in_(*bad[at:at + 64])):
            assert answer.verdict != 'ok', data.hex()
    assert pipe.in_(sealed)[0].verdict == 'ok'
    assert pipe.count('i')[0] == 1


@pytest.mark.parametrize('proto,enc,auth', FLIPS + [('esp', 'des-cbc', None)])
def test_every_truncation(pipe, proto, enc, auth):
    pair = Pair(pipe, proto, 'tunnel', enc, auth, 4, window=64 if auth or enc in AEAD else 0)
    sealed = pair.seal(ip(4, UDP(sport=1, dport=2) / b'some content'))
    cut = []
    for n in range(len(sealed)):
        cut.append(sealed[:n])
        if n >= 20:
            shorter = IP(sealed[:n])
            shorter.len = n
            del shorter.chksum
            cut.append(raw(shorter.__class__(raw(shorter)))[:n])
    cut = [c for c in cut if c]
    for at in range(0, len(cut), 64):
        for answer in pipe.in_(*cut[at:at + 64]):
            assert answer.verdict != 'ok'
    assert pipe.in_(sealed)[0].verdict == 'ok'


def test_replay(pipe):
    pair = Pair(pipe, 'esp', 'tunnel', 'aes-128-cbc', 'hmac-sha1-96', 4, window=64)
    sealed = {n: pair.seal(ip(4, UDP()), seq_num=n) for n in range(1, 200)}
    order = list(range(1, 65))
    RND.shuffle(order)
    assert [a.verdict for a in pipe.in_(*(sealed[n] for n in order))] == ['ok'] * 64
    assert [a.verdict for a in pipe.in_(*(sealed[n] for n in order))] == ['replayed'] * 64
    assert [pipe.in_(sealed[n])[0].verdict for n in (100, 100, 36, 37, 99, 164, 100, 101)] == \
        ['ok', 'replayed', 'replay-before-window', 'replayed', 'ok', 'ok', 'replay-before-window',
         'ok']
    assert pipe.count('i')[5] == 64 + 4


def test_a_forged_number_does_not_move_the_window(pipe):
    pair = Pair(pipe, 'esp', 'tunnel', 'aes-128-cbc', 'hmac-sha1-96', 4, window=32)
    forged = bytearray(pair.seal(ip(4, UDP()), seq_num=1))
    forged[24:28] = b'\xff\xff\xff\xff'
    assert pipe.in_(bytes(forged))[0].verdict == 'esp-authentication'
    assert pipe.in_(pair.seal(ip(4, UDP()), seq_num=2))[0].verdict == 'ok'


def test_no_window_takes_anything_twice(pipe):
    pair = Pair(pipe, 'esp', 'tunnel', 'aes-128-cbc', 'hmac-sha1-96', 4, window=0)
    sealed = pair.seal(ip(4, UDP()), seq_num=7)
    assert [a.verdict for a in pipe.in_(sealed, sealed)] == ['ok', 'ok']


SIZES = [*range(20, 130), 255, 256, 257, 1279, 1280, 1399, 1400, 1499, 1500, 4095, 4096, 8192, 9000,
         16384, 32768, 40000, 65000, 65400]


@pytest.mark.parametrize('proto,enc,auth', [FLIPS[0], FLIPS[2], *FLIPS[3:6], FLIPS[7],
                                            ('esp', 'des-cbc', None), ('esp', '3des-cbc', None)])
@pytest.mark.parametrize('inner', (4, 6))
def test_sizes(pipe, proto, enc, auth, inner):
    pair = Pair(pipe, proto, 'tunnel', enc, auth, 4)
    for n in SIZES:
        if inner == 6 and n < 40:
            continue
        packet = sized(inner, n)
        sealed = pipe.out('o', packet)[0].packet
        if len(sealed) < 10000 or n == 65400:
            assert pair.open(sealed) == packet
        assert pipe.in_(sealed)[0].packet == packet


@pytest.mark.parametrize('direction', ('out', 'in'))
def test_any_octets_of_any_size_survive(pipe, direction):
    Pair(pipe, 'esp', 'tunnel', 'aes-128-cbc', 'hmac-sha1-96', 4, mtu=1500)
    for n in [*range(0, 80), 1000, 65534, 65535]:
        for first in (0x45, 0x60, 0x00, 0xff):
            data = bytes([first]) + key(64) * (n // 64 + 1)
            data = data[:n]
            if n == 0:
                answers = pipe.ask('out o=')[0] if direction == 'out' else ['-']
                assert answers[0] != 'ok'
                continue
            got = pipe.out('o', data) if direction == 'out' else pipe.in_(data)
            assert got[0].verdict != 'ok' or direction == 'out'


def test_largest_packets(pipe):
    pair = Pair(pipe, 'esp', 'tunnel', 'aes-128-cbc', 'hmac-sha1-96', 4, df='default')
    for n in (65460, 65470, 65471, 65535):
        packet = raw(IP(src='10.1.0.1', dst='10.2.0.2', flags=2, len=n) / Raw(bytes(n - 20)))
        answer = pipe.out('o', packet)[0]
        if n <= 65470:
            assert pair.open(answer.packet) == packet
        else:
            assert (answer.verdict, answer.mtu) == ('exceeds-tunnel-mtu', 65470)


def fragments_join(packets):
    parts = sorted((IP(p) for p in packets), key=lambda p: p.frag)
    data = b''.join(raw(p.payload) for p in parts)
    assert [p.frag * 8 for p in parts] == list(itertools.accumulate(
        [0] + [len(p.payload) for p in parts[:-1]]))
    assert [bool(p.flags.MF) for p in parts] == [True] * (len(parts) - 1) + [False]
    return data


@pytest.mark.parametrize('family', (4, 6))
def test_fragmentation_before_encapsulation(pipe, family):
    pair = Pair(pipe, 'esp', 'tunnel', 'aes-128-cbc', 'hmac-sha1-96', family, mtu=1400)
    packet = sized(4, 5000)
    answer = pipe.out('o', packet)[0]
    assert answer.verdict == 'ok' and len(answer.packets) == 4
    assert all(len(p) <= 1400 for p in answer.packets)
    assert fragments_join([pair.open(p) for p in answer.packets]) == packet[20:]


def test_clear_df_fragments(pipe):
    pair = Pair(pipe, 'esp', 'tunnel', '3des-cbc', 'hmac-md5-96', 4, mtu=1400, df='clear')
    packet = IP(sized(4, 2000))
    packet.flags = 2
    del packet.chksum
    answer = pipe.out('o', packet)[0]
    assert answer.verdict == 'ok' and len(answer.packets) == 2
    assert all(int(IP(p).flags) == 0 for p in answer.packets)
    assert fragments_join([pair.open(p) for p in answer.packets]) == sized(4, 2000)[20:]


@pytest.mark.parametrize('proto,enc,auth', FLIPS)
@pytest.mark.parametrize('family', (4, 6))
def test_reported_mtu_is_exact(pipe, proto, enc, auth, family):
    for mtu in (1400, 1437, 1500, 9000):
        pipe.ask('reset')
        pair = Pair(pipe, proto, 'tunnel', enc, auth, family, mtu=mtu)
        big = IP(sized(4, 9100))
        big.flags = 2
        del big.chksum
        answer = pipe.out('o', big)[0]
        assert answer.verdict == 'exceeds-tunnel-mtu'
        fits = IP(sized(4, answer.mtu))
        fits.flags = 2
        del fits.chksum
        sealed = pipe.out('o', fits)[0].packet
        assert len(sealed) <= mtu
        assert pair.open(sealed) == raw(fits)
        over = IP(sized(4, answer.mtu + 1))
        over.flags = 2
        del over.chksum
        assert pipe.out('o', over)[0].verdict == 'exceeds-tunnel-mtu'
        assert pipe.out('o', sized(6, 9100))[0].mtu == answer.mtu


def test_ipv6_inside_below_1280(pipe):
    Pair(pipe, 'esp', 'tunnel', 'aes-128-cbc', 'hmac-sha1-96', 4, mtu=1300)
    answer = pipe.out('o', sized(6, 1400))[0]
    assert (answer.verdict, answer.mtu) == ('exceeds-tunnel-mtu', 1280)
    answer = pipe.out('o', sized(6, 1280))[0]
    assert answer.verdict == 'ok' and len(answer.packets) == 2
    assert all(len(p) <= 1300 for p in answer.packets)
    whole = IP(answer.packets[0])
    whole.flags = 0
    whole.len = None
    joined = raw(IP(src=whole.src, dst=whole.dst, id=whole.id, proto=50, ttl=whole.ttl) /
                 fragments_join(answer.packets))
    assert pipe.in_(joined)[0].packet == sized(6, 1280)


@pytest.mark.parametrize('auth', list(AUTH))
@pytest.mark.parametrize('proto', ('ah', 'esp'))
def test_ipv6_extension_headers(pipe, auth, proto):
    enc = None if proto == 'ah' else 'aes-128-cbc'
    pair = Pair(pipe, proto, 'transport', enc, auth, 6, window=0)
    base = dict(src='2001:db8:1::1', dst='2001:db8:2::2', hlim=9, tc=0xb8, fl=0x12345)
    mutable = HBHOptUnknown(otype=0x3e, optlen=4, optdata=b'abcd')
    fixed = HBHOptUnknown(otype=0x1e, optlen=4, optdata=b'efgh')
    chains = [
        IPv6ExtHdrHopByHop(options=[RouterAlert(), PadN(optdata=b'\0\0')]),
        IPv6ExtHdrHopByHop(options=[mutable, fixed]),
        IPv6ExtHdrDestOpt(options=[mutable, fixed]),
        IPv6ExtHdrHopByHop(options=[fixed]) / IPv6ExtHdrDestOpt(options=[mutable]),
        IPv6ExtHdrHopByHop(options=[mutable]) / IPv6ExtHdrDestOpt(options=[fixed]) /
        IPv6ExtHdrRouting(addresses=['2001:db8::9'], segleft=0) / IPv6ExtHdrDestOpt(
            options=[mutable]),
    ]
    for chain in chains:
        packet = raw(IPv6(**base) / chain / UDP(sport=1, dport=2) / b'payload')
        sealed = pipe.out('o', packet)[0].packet
        if not chain.haslayer(IPv6ExtHdrRouting):  # scapy reorders even a finished route
            assert pair.open(sealed) == packet
            assert pipe.in_(pair.seal(IPv6(packet)))[0].packet == packet
        else:
            assert pipe.in_(pipe.out('o', packet)[0].packet)[0].packet == packet
        # what routers change on the way must not matter
        changed = IPv6(pipe.out('o', packet)[0].packet)
        changed.tc, changed.fl, changed.hlim = 0, 1, 3
        assert pipe.in_(changed)[0].verdict == 'ok'


def test_ah_mutable_option_data(pipe):
    Pair(pipe, 'ah', 'transport', None, 'hmac-sha1-96', 6)
    hbh = IPv6ExtHdrHopByHop(options=[HBHOptUnknown(otype=0x3e, optlen=4, optdata=b'abcd')])
    packet = IPv6(src='2001:db8:1::1', dst='2001:db8:2::2') / hbh / UDP()
    sealed = pipe.out('o', packet)[0].packet
    assert sealed.count(b'abcd') == 1
    assert pipe.in_(sealed.replace(b'abcd', b'wxyz'))[0].verdict == 'ok'
    sealed = pipe.out('o', packet)[0].packet
    at = sealed.index(b'abcd') - 2
    assert pipe.in_(sealed[:at] + b'\x1e' + sealed[at + 1:])[0].verdict == 'ah-authentication'


@pytest.mark.parametrize('auth', list(AUTH))
def test_ah_ipv4_options(pipe, auth):
    pair = Pair(pipe, 'ah', 'transport', None, auth, 4)
    for options in ([IPOption_Router_Alert()], [IPOption_RR(pointer=4, routers=['0.0.0.0'] * 2)],
                    [IPOption_NOP(), IPOption_NOP(), IPOption_NOP(), IPOption_NOP()]):
        packet = raw(ip(4, UDP(sport=1, dport=2) / b'payload', options=options, tos=4))
        sealed = pipe.out('o', packet)[0].packet
        assert pair.open(sealed) == packet
        assert pipe.in_(pair.seal(IP(packet)))[0].packet == packet


def test_ah_with_eight_octet_alignment_in_ipv4(pipe):
    """Some kernels pad the AH of SHA-256 to 32 octets in IPv4, too."""
    pair = Pair(pipe, 'ah', 'tunnel', None, 'hmac-sha-256-128', 4)
    inner = raw(ip(4, UDP()))
    ah = struct.pack('!BBHII', 4, 6, 0, 0x1001, 1) + bytes(20)
    outer = raw(IP(src=OUTER[4][0], dst=OUTER[4][1], proto=51, tos=0, ttl=0, id=1,
                   len=20 + 32 + len(inner), chksum=0) / Raw(ah + inner))
    icv = hmac.new(pair.auth_key, outer, 'sha256').digest()[:16]
    packet = IP(outer[:32] + icv + outer[48:])
    packet.ttl = 64
    del packet.chksum
    assert pipe.in_(packet)[0].packet == inner


def test_selectors_and_source(pipe):
    pair = Pair(pipe, 'esp', 'tunnel', 'aes-128-cbc', 'hmac-sha1-96', 4,
                selsrc='10.1.0.0/24', seldst='10.2.0.0/24')
    assert pipe.in_(pair.seal(ip(4, UDP())))[0].verdict == 'ok'
    for src, dst in (('10.1.1.1', '10.2.0.2'), ('10.1.0.1', '10.2.1.2')):
        packet = IP(src=src, dst=dst) / UDP()
        assert pipe.in_(pair.seal(packet))[0].verdict == 'selector-mismatch'
    assert pipe.in_(pair.seal(ip(6, UDP())))[0].verdict == 'selector-mismatch'
    stranger = IP(pair.seal(ip(4, UDP())))
    stranger.src = '192.0.2.99'
    del stranger.chksum
    assert pipe.in_(stranger)[0].verdict == 'outer-source'


def test_ecn_both_ways(pipe):
    pair = Pair(pipe, 'esp', 'tunnel', 'aes-128-cbc', 'hmac-sha1-96', 4)
    table = {(0, 0): 0, (0, 1): 0, (0, 2): 0, (0, 3): None, (2, 0): 2, (2, 1): 1, (2, 2): 2,
             (2, 3): 3, (1, 0): 1, (1, 1): 1, (1, 2): 1, (1, 3): 3, (3, 0): 3, (3, 1): 3,
             (3, 2): 3, (3, 3): 3}
    for family in (4, 6):
        for (inner, outer), want in table.items():
            field = {'tos': 0xb8 | inner} if family == 4 else {'tc': 0xb8 | inner}
            packet = IP(pair.seal(ip(family, UDP(), **field)))
            packet.tos = 0xb8 | outer
            del packet.chksum
            answer = pipe.in_(packet)[0]
            if want is None:
                assert answer.verdict == 'ecn'
                continue
            field = {'tos': 0xb8 | want} if family == 4 else {'tc': 0xb8 | want}
            assert answer.packet == raw(ip(family, UDP(), **field))


def esp_by_hand(pair, plain, seq):
    """ESP with NULL encryption around any trailer."""
    body = struct.pack('!II', 0x1001, seq) + plain
    icv = hmac.new(pair.auth_key, body, 'sha1').digest()[:12]
    return raw(outer_header(4).__class__(src=OUTER[4][0], dst=OUTER[4][1], proto=50) /
               Raw(body + icv))


def test_trailers(pipe):
    pair = Pair(pipe, 'esp', 'tunnel', None, 'hmac-sha1-96', 4)
    inner = raw(ip(4, UDP()))  # 28 octets
    seq = itertools.count(1)

    def judge(plain):
        return pipe.in_(esp_by_hand(pair, plain, next(seq)))[0].verdict

    assert judge(inner + bytes([1, 2, 2, 4])) == 'ok' if len(inner) % 4 == 0 else True
    assert judge(inner + bytes([1, 3, 2, 4])) == 'bad-padding'
    assert judge(inner + bytes([1, 2, 200, 4])) == 'bad-padding'
    assert judge(inner + bytes([1, 2, 255, 4])) == 'bad-padding'
    assert judge(inner + bytes([1, 2, 2, 59])) == 'dummy'
    assert judge(inner + bytes([1, 2, 2, 17])) == 'bad-next-header'
    assert judge(inner + bytes([1, 2, 2, 41])) == 'inner-header'
    assert judge(inner + bytes(40) + bytes([1, 2, 2, 4])) == 'ok'  # padding against analysis
    assert judge(inner + bytes([1, 2, 2])) == 'block-length'
    broken = bytearray(inner)
    broken[8] ^= 1
    assert judge(bytes(broken) + bytes([1, 2, 2, 4])) == 'inner-checksum'
    assert judge(bytes([0, 7, 1, 4])) == 'bad-padding'
    assert judge(bytes([1, 2, 2, 4])) == 'inner-header'


def test_sequence_numbers(pipe):
    common = dict(mode='tunnel', spi=0x1001, auth='hmac-sha1-96', authkey=key(20).hex(),
                  src=OUTER[4][0], dst=OUTER[4][1], proto='esp')
    pipe.sa('o', dir='out', **common)
    pipe.sa('c', dir='out', cycles=1, **common)
    numbers = [struct.unpack('!I', a.packet[24:28])[0] for a in pipe.out('o', *[ip(4, UDP())] * 5)]
    assert numbers == [1, 2, 3, 4, 5]
    for name in 'oc':
        pipe.ask('seq %s 0xfffffffe' % name)
    assert [a.verdict for a in pipe.out('o', *[ip(4, UDP())] * 3)] == [
        'ok', 'sequence-exhausted', 'sequence-exhausted']
    numbers = [struct.unpack('!I', a.packet[24:28])[0] for a in pipe.out('c', *[ip(4, UDP())] * 3)]
    assert numbers == [0xffffffff, 1, 2]


def test_ivs_do_not_repeat(pipe):
    Pair(pipe, 'esp', 'tunnel', 'aes-128-cbc', 'hmac-sha1-96', 4)
    ivs = set()
    for _ in range(20):
        for a in pipe.out('o', *[ip(4, UDP())] * 64):
            ivs.add(a.packet[28:44])
    assert len(ivs) == 20 * 64
