# SPDX-License-Identifier: GPL-2.0-or-later
"""What a packet of a flood costs, generated and received on one CPU, with a full policy loaded:
beside a program that only drops (E), nftables doing the same job, and xdp-filter. Contenders take
turns, so that noise falls on all of them; ratios are taken within one turn."""

import json
import random
import re
import sys

from report import ratios
from rig import FIRST, Failed, Pair, check, country_files, first_build, run

TRIES = 3
OURS = ("xdp", "tc", FIRST)

POLICY = """
[service smtp]
countries = *:world
[service submission]
countries = IS:world *:deny
[class world]
connections = 20
rate = {rate}
burst = {burst}
network-connections = 60
[list bench]
action = deny
"""

# What a flood's known sources are over, and what a client that is measured never reaches.
STRICT = {"rate": "30/m", "nft": "30/minute", "burst": 5}
WIDE = {"rate": "1000000/s", "nft": "1000000/second", "burst": 1000}

# name, port, family, the flood's sources, what the gate must count them as, targets: (times E at most, times faster
# than nftables at least)
KINDS = [
    ("random sources, all but one country denied", 587, 4, None, "country", (2.5, 5)),
    ("banned sources", 25, 4, "banned", "banned", (2, None)),
    ("deny-listed sources", 25, 4, "listed", "listed", (2.5, None)),
    ("one source, over its rate", 25, 4, "one", "source-rate", (None, None)),
    ("100k sources, over their rates", 25, 4, "known", "source-rate", (None, None)),
    ("IPv6, random sources, all but one country denied", 587, 6, "random", "country", (2.5, 5)),
    ("IPv6, banned sources", 25, 6, "banned", "banned", (2, None)),
    ("random sources, all allowed (passed on)", 25, 4, None, None, (None, None)),
]


def random6(rig, count):
    """Sources out of all IPv6 that any country has."""
    path = rig.path("random6")
    ranges = []
    with open(country_files()[1], encoding="ascii") as file:
        for line in file:
            words = line.split(",")
            if len(words) == 3:
                ranges.append(words[0])
    chance = random.Random(6)
    with open(path, "wb") as file:
        for _ in range(count):
            groups = [int(g or "0", 16) for g in chance.choice(ranges).split("::")[0].split(":")]
            groups += [0] * (4 - len(groups))
            file.write(b"".join(g.to_bytes(2, "big") for g in groups[:4]) + chance.randbytes(8))
    return path


# ---- nftables doing the same job ----

def country_sets():
    """Everything but Iceland, as ranges that do not touch: what `countries = IS:... *:deny` denies."""
    result = {4: [], 6: []}
    for family, path in zip((4, 6), country_files()):
        last = None
        with open(path, encoding="ascii") as file:
            for line in file:
                words = line.strip().split(",")
                if line.startswith("#") or len(words) != 3 or words[2] == "IS":
                    continue
                first, end = words[0], words[1]
                if family == 4:
                    first, end = int(first), int(end)
                    if last is not None and first == last + 1:
                        result[4][-1][1] = end
                    else:
                        result[4].append([first, end])
                    last = end
                else:
                    result[6].append([first, end])
    dotted = lambda n: f"{n >> 24}.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}"
    return ([f"{dotted(a)}-{dotted(b)}" if a != b else dotted(a) for a, b in result[4]],
            [f"{a}-{b}" if a != b else a for a, b in result[6]])


def elements(file, lines):
    file.write(" elements = {\n")
    file.writelines(line.strip() + ",\n" for line in lines)
    file.write(" }\n }\n")


def write_nft(rig, path, sizes, last, limits):
    foreign4, foreign6 = country_sets()
    with open(path, "w", encoding="ascii") as file:
        file.write("table netdev bench {\n")
        for name in ("banned", "listed", "country", "rate", "passed"):
            file.write(f" counter {name} {{ }}\n")
        for name, region, size in (("banned", "banned", sizes.bans), ("listed", "listed", sizes.list)):
            file.write(f" set {name}4 {{ type ipv4_addr; size {size};\n")
            elements(file, (line.split("/")[0] for line in open(rig.text([(region, 4, size)]), encoding="ascii")))
            file.write(f" set {name}6 {{ type ipv6_addr; size {size // 10};\n")
            elements(file, (line.split("/")[0] for line in open(rig.text([(region, 6, size // 10)]), encoding="ascii")))
        for family, ranges in ((4, foreign4), (6, foreign6)):
            file.write(f" set foreign{family} {{ type ipv{family}_addr; flags interval;\n")
            elements(file, ranges)
        for family in (4, 6):
            file.write(f" set meter{family} {{ type ipv{family}_addr; size 1000000; flags dynamic,timeout;"
                       " timeout 10m; }\n")
        prefix = "ffff:ffff:ffff:ffff::"
        limit = f"{limits['nft']} burst {limits['burst']} packets"
        file.write(f""" chain in {{
  type filter hook ingress device in0 priority 0; policy accept;
  tcp dport {{ 25, 587 }} jump mail
 }}
 chain mail {{
  ip saddr @banned4 counter name banned drop
  ip6 saddr & {prefix} @banned6 counter name banned drop
  ip saddr @listed4 counter name listed drop
  ip6 saddr & {prefix} @listed6 counter name listed drop
  tcp flags & (syn | ack) == syn jump opening
  return
 }}
 chain opening {{
  tcp dport 587 ip saddr @foreign4 counter name country drop
  tcp dport 587 ip6 saddr @foreign6 counter name country drop
  update @meter4 {{ ip saddr limit rate over {limit} }} counter name rate drop
  update @meter6 {{ ip6 saddr & {prefix} limit rate over {limit} }} counter name rate drop
  counter name passed {last}
 }}
}}
""")


def load_nft(pair, rig, sizes, last="drop", limits=None):
    """`last`: what becomes of what passes: drop, or accept."""
    path = rig.path("nft")
    write_nft(rig, path, sizes, last, limits or STRICT)
    pair.take_frames()
    pair.inside("nft", "-f", path)


def nft_counts(pair):
    """Since the last time. `list counters` reads every set first, which takes half a minute."""
    listed = json.loads(pair.inside("nft", "-j", "reset", "counters", "table", "netdev", "bench"))
    return {c["counter"]["name"]: c["counter"]["packets"] for c in listed["nftables"] if "counter" in c}


# ---- contenders ----

def load_ours(rig, name, hook, sizes, drop_behind=True, limits=None, build=None):
    pair = Pair(rig, name, build)
    rows = max(sizes.sources, 1000) * 2
    pair.configure(f"mode = enforce\nhook = {hook}\nbans = {sizes.bans * 2}\nsources = {rows}\nnetworks = {rows}",
                   POLICY.format(**(limits or STRICT)))
    if hook == "tc":
        pair.take_frames()
    pair.sekisho("load")
    pair.sekisho("import", "bench", rig.text([("listed", 4, sizes.list), ("listed", 6, sizes.list // 10)]))
    run(pair.fill, "bans", pair.pins, sizes.bans, sizes.bans // 10)
    run(pair.fill, "known", pair.pins, 25, sizes.sources, sizes.sources // 10, "spent")
    if drop_behind:
        pair.drop_behind()
    return pair


def load_xdp_filter(rig):
    pair = Pair(rig, "xf")
    pair.xdp_filter = True
    pair.inside("xdp-filter", "load", "in0", "--mode", "native", "--features", "tcp")
    for port in (25, 587):
        pair.inside("xdp-filter", "port", port, "--mode", "dst", "--proto", "tcp")
    return pair


class Contender:
    def __init__(self, pair, counts):
        self.pair, self.counts = pair, counts
        self.before = None


def contenders(rig, sizes, peers):
    made = {"E": Pair(rig, "e"), "tc drop": Pair(rig, "et")}
    made["E"].only_drop("xdp")
    made["tc drop"].only_drop("tc")
    made["xdp"] = load_ours(rig, "xdp", "xdp", sizes)
    made["tc"] = load_ours(rig, "tc", "tc", sizes)
    if peers:
        made[FIRST] = load_ours(rig, "first", "xdp", sizes, build=first_build())
        made["nftables"] = Pair(rig, "nft")
        load_nft(made["nftables"], rig, sizes)
        made["xdp-filter"] = load_xdp_filter(rig)
    return made


def judged(name, pair):
    """What the contender itself says it did with packets, by reason."""
    if name in OURS:
        return pair.counts()
    if name == "nftables":
        return nft_counts(pair)
    return {k: v for k, v in pair.device_counts().items() if re.fullmatch(r"rx_queue_\d+_xdp_drops", k)}


def check_judged(name, kind, reason, before, after, sent):
    moved = after if name == "nftables" else {k: after[k] - before.get(k, 0) for k in after}
    if name in OURS:
        check(moved["attempts"] == sent, f"{kind}, {name}: {moved['attempts']} attempts of {sent} sent")
        if reason == "country": # a random source may also be banned, listed, or at home
            dropped = sum(moved[r] for r in ("country", "banned", "listed"))
            check(dropped >= sent * 0.99, f"{kind}, {name}: {dropped} dropped of {sent}: {moved}")
        elif reason:
            check(moved[reason] == sent, f"{kind}, {name}: {moved[reason]} {reason} of {sent}: {moved}")
        else:
            check(sum(moved.values()) - moved["attempts"] <= sent * 0.01, f"{kind}, {name}: {moved}")
    elif name == "nftables":
        check(sum(moved.values()) == sent, f"{kind}, {name}: {moved} of {sent}")
        if reason in ("banned", "listed"):
            check(moved[reason] == sent, f"{kind}, {name}: {moved} of {sent}")
        if reason == "country":
            check(moved["passed"] + moved["rate"] <= sent * 0.2, f"{kind}, {name}: {moved} of {sent}")
    elif name in ("E", "xdp-filter"):
        # A neighbour solicitation or two of the client's own stack come along.
        check(sent <= sum(moved.values()) <= sent + 20, f"{kind}, {name}: {moved} of {sent}")


def sources_of(rig, sizes, kind, family):
    if kind is None:
        return []
    if kind == "random":
        path = random6(rig, min(1000000, sizes.list))
    else:
        count = {"one": 1, "banned": sizes.bans, "listed": sizes.list, "known": sizes.sources}[kind]
        if family == 6:
            count //= 10
        path = rig.addresses("known" if kind == "one" else kind, family, count)
    return [f"sources={path}"]


def wire_losses(pair):
    return pair.device_counts().get("tx_queue_0_xdp_xmit_errors", 0)


def flood_once(name, pair, kind, flood):
    """Nanoseconds a packet, of a flood that came through whole. A packet of the stack's own, sent by
    another CPU, may be in the way when a flood begins: then that CPU goes on receiving for it, and
    too slowly."""
    port, count, family, reason, options = flood
    for _ in range(TRIES):
        before, wire = judged(name, pair), wire_losses(pair)
        taken = pair.flood(port, count, family, *options)
        lost = wire_losses(pair) - wire
        if not lost:
            check_judged(name, kind, reason, before, judged(name, pair), count)
            return taken
        print(f"scripts/bench: {kind}, {name}: {lost} packets lost on the wire, sent again", file=sys.stderr)
    raise Failed(f"not the same work: {kind}, {name}: packets were lost on the wire {TRIES} times")


def measure(rig, report, made, sizes, kinds):
    for kind, port, family, source, reason, targets in kinds:
        options = sources_of(rig, sizes, source, family)
        taken = {name: [] for name in made}
        for _ in range(sizes.rounds):
            for name, pair in made.items():
                count = sizes.packets // (4 if name == "nftables" else 1)
                taken[name].append(flood_once(name, pair, kind, (port, count, family, reason, options)))
        add_rows(report, kind, taken, targets)


def add_rows(report, kind, taken, targets):
    e, xdp, tc = taken["E"], taken["xdp"], taken["tc"]
    report.row(kind + ": XDP", xdp, "ns", "E: only drops", e, ratios(xdp, e),
               ("<=", targets[0], "E") if targets[0] else None)
    if "nftables" in taken:
        report.row("", xdp, "ns", FIRST, taken[FIRST], ratios(xdp, taken[FIRST]))
        report.row("", xdp, "ns", "nftables", taken["nftables"], ratios(taken["nftables"], xdp),
                   (">=", targets[1], "times") if targets[1] else None)
        report.row("", xdp, "ns", "xdp-filter (port)", taken["xdp-filter"], ratios(taken["xdp-filter"], xdp))
    report.row(kind + ": tc", tc, "ns", "tc: only drops", taken["tc drop"], ratios(tc, taken["tc drop"]))
    if "nftables" in taken:
        report.row("", tc, "ns", "nftables", taken["nftables"], ratios(taken["nftables"], tc))


def part(rig, report, sizes):
    report.part = "flood"
    made = contenders(rig, sizes, sizes.peers)
    measure(rig, report, made, sizes, KINDS if not sizes.smoke else [KINDS[1], KINDS[6]])
    for pair in made.values():
        pair.close()
        rig.pairs.remove(pair)
