#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
#
# dissect.py - two judges that we did not write read what the engines said to each other.
#
# usage: dissect.py TALK_DUMP
# tshark is given the key and must decrypt every message, find exactly the payloads of RFC 2409 in their order, and nothing
# malformed. scapy must find the same payloads and the same proposal in what is not encrypted.

import os
import subprocess
import sys
import tempfile

from scapy.all import rdpcap
from scapy.layers.isakmp import ISAKMP, ISAKMP_payload_SA

SA, P, T, KE, ID, HASH, NONCE, VID, NAT_D = 1, 2, 3, 4, 5, 8, 10, 13, 20
ESP = [P, T]
OFFER = [SA, P, T, P, T, P, T]  # ESP, then AH and ESP of the bundle
MAIN = [
    (2, [SA, P, T, VID, VID, VID, VID]),
    (2, [SA, P, T, VID, VID, VID, VID]),
    (2, [KE, NONCE, NAT_D, NAT_D]),
    (2, [KE, NONCE, NAT_D, NAT_D]),
    (2, [ID, HASH]),
    (2, [ID, HASH]),
]
QUICK_ESP = [
    (32, [HASH] + OFFER + [NONCE, KE, ID, ID]),
    (32, [HASH, SA] + ESP + [NONCE, KE, ID, ID]),
    (32, [HASH]),
]
QUICK_BUNDLE = [QUICK_ESP[0], (32, [HASH, SA] + 2 * ESP + [NONCE, KE, ID, ID]), QUICK_ESP[2]]
QUICKS = QUICK_ESP + QUICK_BUNDLE
AGGRESSIVE = [
    (4, [SA, P, T, KE, NONCE, ID, VID, VID, VID, VID]),
    (4, [SA, P, T, KE, NONCE, ID, HASH, NAT_D, NAT_D, VID, VID, VID, VID]),
    (4, [HASH, NAT_D, NAT_D]),
]
FIELDS = ["isakmp.exchangetype", "isakmp.typepayload", "isakmp.id.data.ipv4_subnet", "isakmp.extradata",
          "_ws.malformed", "_ws.expert.message"]


def fail(text):
    print(text)
    sys.exit(1)


def expect(what, got, want):
    if got != want:
        fail(f"{what}: {got}, not {want}")


def tshark(folder, capture, want):
    command = ["tshark", "-r", capture, "-T", "fields", "-E", "separator=;"]
    for field in FIELDS:
        command += ["-e", field]
    run = subprocess.run(command, env=dict(os.environ, WIRESHARK_CONFIG_DIR=folder), stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, check=False)
    if run.returncode != 0:
        fail("tshark: " + run.stderr.decode())
    rows = [line.split(";") for line in run.stdout.decode().splitlines()]
    expect("messages", len(rows), len(want))
    for number, (row, (exchange, payloads)) in enumerate(zip(rows, want), 1):
        where = f"tshark, message {number}"
        expect(where, int(row[0]), exchange)
        expect(where, [int(n) for n in row[1].split(",")], payloads)
        expect(where + ": malformed", row[4:], ["", ""])
        if ID in payloads and exchange == 32:
            expect(where, row[2], "255.255.0.0,255.255.0.0")
        # what follows the last payload is zeroes
        expect(where + ": padding", row[3].strip("0,"), "")


def scapy(capture):
    want = {"Encryption": "AES-CBC", "KeyLength": 256, "Hash": "SHA", "GroupDesc": "2048MODPgr", "Authentication": "PSK",
            "LifeType": "Seconds", "LifeDuration": 86400}
    for number, packet in enumerate(rdpcap(capture)[:2], 1):
        message = ISAKMP(bytes(packet["UDP"].payload))
        sa = message[ISAKMP_payload_SA]
        transforms = dict(sa.prop.trans.transforms)
        expect(f"scapy, message {number}", {name: transforms.get(name) for name in want}, want)
        expect(f"scapy, message {number}: length", message.length, len(bytes(packet["UDP"].payload)))


def main():
    with tempfile.TemporaryDirectory() as folder:
        n = 0
        for extra in ([], ["nat"], ["aggressive"], ["nat", "aggressive"]):
            want = (AGGRESSIVE if "aggressive" in extra else MAIN) + QUICKS
            capture = os.path.join(folder, "talk.pcap")
            key = subprocess.run([sys.argv[1], capture, *extra], stdout=subprocess.PIPE, check=True).stdout.decode()
            with open(os.path.join(folder, "ikev1_decryption_table"), "w", encoding="ascii") as f:
                f.write(",".join(key.split()) + "\n")
            tshark(folder, capture, want)
            n += len(want)
            if not extra:
                scapy(capture)
    print(f"{n} messages, all as the RFC has them")


main()
