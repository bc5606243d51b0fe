#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
#
# flood.py - what a stranger sends to a gateway that negotiates: beginnings from other people's addresses, and garbage.
#
# usage: flood.py KIND N RATE DESTINATION SOURCE...   (root; RATE: datagrams in a second, 0: as fast as possible)
# KIND: `main` and `aggressive` begin a negotiation that would be taken, with a cookie of its own each; `garbage` are random
# datagrams for port 500 and 4500, `truncated` beginnings cut anywhere, `esp` and `esp-udp` packets of SAs that nobody has.
# SOURCE: addresses taken in turn; a prefix stands for all of its addresses. Ends by printing how many octets of UDP it sent.
# Spoofing needs a raw socket; nothing is received.

import ipaddress
import os
import random
import socket
import struct
import sys
import time

SA, KE, ID, NONCE = 1, 4, 5, 10
MAIN, AGGRESSIVE = 2, 4
UDP, ESP = 17, 50


def payload(follows, body):
    return struct.pack("!BBH", follows, 0, 4 + len(body)) + body


def proposal(enc=5, hash_alg=2, method=1, group=2, life_s=3600):
    """One proposal of phase 1: 3des-cbc, sha1, a pre-shared key, group 2."""
    attributes = b"".join(struct.pack("!HH", 0x8000 | t, v) for t, v in ((1, enc), (2, hash_alg), (3, method), (4, group), (11, 1)))
    attributes += struct.pack("!HHI", 12, 4, life_s)
    transform = struct.pack("!BBHBBH", 0, 0, 8 + len(attributes), 1, 1, 0) + attributes
    return struct.pack("!IIBBHBBBB", 1, 1, 0, 0, 8 + len(transform), 1, 1, 0, 1) + transform


def message(exchange, first, payloads, cky_i=None):
    return (cky_i or os.urandom(8)) + bytes(8) + struct.pack("!BBBBII", first, 0x10, exchange, 0, 0, 28 + len(payloads)) + payloads


def main_mode(_source):
    return message(MAIN, SA, payload(0, proposal()))


def aggressive_mode(source):
    body = payload(KE, proposal()) + payload(NONCE, b"\x00" + os.urandom(127)) + payload(ID, os.urandom(16))
    return message(AGGRESSIVE, SA, body + payload(0, struct.pack("!BBH", 1, UDP, 500) + socket.inet_aton(source)))


def datagram(source, destination, port, data):
    return ip(source, destination, UDP, struct.pack("!HHHH", port, port, 8 + len(data), 0) + data)


def ip(source, destination, protocol, body):
    return struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(body), 0, 0, 64, protocol, 0, socket.inet_aton(source),
                       socket.inet_aton(destination)) + body


def packet(kind, source, destination):
    if kind == "main":
        return datagram(source, destination, 500, main_mode(source))
    if kind == "aggressive":
        return datagram(source, destination, 500, aggressive_mode(source))
    if kind == "garbage":
        data = os.urandom(random.choice((0, 1, 3, 4, 27, 28, 29, 100, 500, 1400)))
        if random.random() < 0.5:  # a header that passes
            data = message(random.choice((1, 2, 4, 5, 32, 99)), random.randrange(256), data)
        port = random.choice((500, 4500))
        return datagram(source, destination, port, bytes(4 * (port == 4500)) + data)
    if kind == "truncated":
        whole = random.choice((main_mode, aggressive_mode))(source)
        return datagram(source, destination, 500, whole[:random.randrange(len(whole))])
    data = struct.pack("!II", random.getrandbits(32) | 256, 1) + os.urandom(random.choice((0, 8, 60, 1000)))
    return ip(source, destination, ESP, data) if kind == "esp" else datagram(source, destination, 4500, data)


def addresses(names):
    return [str(a) for name in names for a in ipaddress.ip_network(name)]


def main():
    kind, n, rate, destination = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    sources = addresses(sys.argv[5:])
    out = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    packets = [packet(kind, sources[i % len(sources)], destination) for i in range(n)]
    print("begin", flush=True)
    begin, octets = time.monotonic(), 0
    for i, p in enumerate(packets):
        out.sendto(p, (destination, 0))
        octets += len(p) - 20
        if rate and i % 32 == 0:
            time.sleep(max(0, begin + i / rate - time.monotonic()))
    print(f"{octets} octets in {time.monotonic() - begin:.2f} s", flush=True)


if __name__ == "__main__":
    main()
