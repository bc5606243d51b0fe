# SPDX-License-Identifier: BSD-2-Clause
#
# numbered.py - streams of numbered datagrams, and whether every number arrived exactly once.
#
# usage: numbered.py receive PORT                            prints "ready"; ends a second after the last datagram and prints as
#                                                            JSON, for each stream, how many numbers came and how many came again
#        numbered.py send PORT RATE TO[=FROM]...             RATE datagrams a second in turn to each address TO, a stream each,
#                                                            until SIGTERM; prints "begins", and in the end as JSON how many
#                                                            of each stream it sent
# Both run in namespaces of a test; Streams starts them.
import json
import os
import signal
import socket
import struct
import sys
import time

FORMAT = struct.Struct("!II")   # stream, number
PAYLOAD = 100
QUIET_S = 1
ROOM = 64 << 20     # the machine may have other things to do than to let us receive


def receive(port):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.setsockopt(socket.SOL_SOCKET, 33, ROOM)  # SO_RCVBUFFORCE
        s.bind(("", port))
        print("ready", flush=True)
        seen, again = {}, {}
        try:
            while True:
                stream, number = FORMAT.unpack_from(s.recv(2048))
                s.settimeout(QUIET_S)
                numbers = seen.setdefault(stream, set())
                again[stream] = again.get(stream, 0) + (number in numbers)
                numbers.add(number)
        except TimeoutError:
            pass
    print(json.dumps({stream: [len(seen[stream]), again[stream]] for stream in sorted(seen)}), flush=True)


def send(port, rate, ways):
    is_over = False

    def end(*_):
        nonlocal is_over
        is_over = True
    signal.signal(signal.SIGTERM, end)
    streams = []
    for way in ways:
        to, _, source = way.partition("=")
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.bind((source, 0))
        s.connect((to, port))
        streams.append(s)
    print("begins", flush=True)
    sent, start = 0, time.monotonic()
    while not is_over:
        # what was missed while others ran is not made up for in one burst
        due = min(int((time.monotonic() - start) * rate), sent + 64)
        for i in range(sent, due):
            number, stream = divmod(i, len(streams))
            streams[stream].send(FORMAT.pack(stream, number) + bytes(PAYLOAD - FORMAT.size))
        sent = due
        time.sleep(0.001)
    n = len(streams)
    print(json.dumps([(sent - i + n - 1) // n for i in range(n)]), flush=True)


class Streams:
    """Streams from the namespace SOURCE to TARGET, one for each address of TO (or TO=FROM), RATE datagrams a second in all. They
    have begun."""

    PROGRAM = ["/usr/bin/python3", os.path.abspath(__file__)]

    def __init__(self, source, target, to, port=5600, rate=5000):
        self.receiver = target.spawn([*self.PROGRAM, "receive", port])
        self.receiver.wait_line("ready")
        self.sender = source.spawn([*self.PROGRAM, "send", port, rate, *to])
        self.sender.wait_line("begins")

    def end(self):
        """Returns (how many of each stream were sent, [how many came, how many came again] of each)."""
        self.sender.stop(signal.SIGTERM)
        self.receiver.wait(30)
        came = json.loads(self.receiver.out[-1])
        sent = json.loads(self.sender.out[-1])
        return sent, [came.get(str(i), [0, 0]) for i in range(len(sent))]


if __name__ == "__main__":
    if sys.argv[1] == "receive":
        receive(int(sys.argv[2]))
    else:
        send(int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:])
