# SPDX-License-Identifier: BSD-2-Clause
#
# ways.py - the ways packets can go through a gateway of ours, and what has to be configured for each.
#
# A test marked `packets` is about what becomes of packets, whichever way they go. `-m ways` runs it in every way; without
# that it runs once as a gateway is by default, or, if it is marked packets(covering=True), in a few ways that have
# every pair of values of any two factors among them. packets(udp=True) says that its tunnels are ESP in UDP. Where the
# parameters `in_udp` and `workers` of a test say something of the way, it runs in those that agree.

import dataclasses
import itertools
import re


@dataclasses.dataclass(frozen=True)
class Way:
    """The first values are those of a gateway where nothing is configured, as far as it has a choice."""
    engine: str = "ipsec-mb"        # who does the arithmetic; by default whoever is faster
    workers: int = 2
    inside: str = "trains"          # superpackets and merged ones to and from the host, or "single" packets
    outside: str = "trains"         # the same for ESP in UDP
    plain: str = "raw"              # ESP that is not in UDP: by raw sockets or by "af-xdp"

    def __str__(self):
        return "-".join(str(v) for v in dataclasses.astuple(self))

    def environment(self):
        return {"SALLYPORT_ENGINE": self.engine}

    def configure(self, config):
        """CONFIG (text in curly form) with this way for each of its services interfaces. What the test itself has there, it keeps."""
        options = f"workers {self.workers}; plain-esp-io {self.plain};"
        options += " no-inside-offload;" if self.inside == "single" else ""
        options += " no-outside-offload;" if self.outside == "single" else ""
        return re.sub(r"\b(?:sp|ms|es)-\d+/\d+/\d+ \{", rf"\g<0> services-options {{ {options} }}", config)

    def agrees(self, parameters):
        """Is it a way for a test with these PARAMETERS? What concerns the other kind of ESP is as it is by default."""
        in_udp = parameters.get("in_udp")
        if (in_udp is True and self.plain != Way.plain) or (in_udp is False and self.outside != Way.outside):
            return False
        return parameters.get("workers", self.workers) == self.workers


FACTORS = {
    "engine": ["ipsec-mb", "openssl"],
    "workers": [2, 1],
    "inside": ["trains", "single"],
    "outside": ["trains", "single"],
    "plain": ["raw", "af-xdp"],
}


def every(factors):
    """All ways that differ in FACTORS (names)."""
    return [Way(**dict(zip(factors, values))) for values in itertools.product(*(FACTORS[f] for f in factors))]


def pairs(way, factors):
    """The pairs of values that WAY has."""
    return set(itertools.combinations([(f, getattr(way, f)) for f in factors], 2))


def covering(factors):
    """Few ways that have all pairs of values among them; the first one has all first values."""
    left, chosen = every(factors), []
    missing = set().union(*(pairs(w, factors) for w in left))
    while missing:
        best = max(left, key=lambda w: len(missing & pairs(w, factors)))     # the first of them
        chosen.append(best)
        missing -= pairs(best, factors)
    return chosen


def choose(mark, parameters, is_full):
    """The ways for a test with this `packets` MARK whose parameters have the names PARAMETERS; [] to leave it as it is."""
    factors = ["engine", "workers", "inside"]
    factors += ["outside"] if mark.kwargs.get("udp") or "in_udp" in parameters else []
    factors += ["plain"] if not mark.kwargs.get("udp") or "in_udp" in parameters else []
    if is_full:
        return every(factors)
    return covering(factors) if mark.kwargs.get("covering") else []
