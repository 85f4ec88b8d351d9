# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether it stays as fast and as small when lists, bans and sources grow: one of them at a time, the
others as in the full policy. Start-up is that of a real instance."""

import time

from packet import cost
from rig import FILL, Pair, run

KINDS = {"list": ("SYN, unknown source", "table_bytes"),
         "bans": ("SYN, unknown source", "bans"),
         "sources": ("SYN, unknown source", "sources")}
OWN = {"list": "SYN, listed", "bans": "SYN, banned", "sources": "SYN, known source"}


def steps(sizes):
    if sizes.kind == "full":
        return {"list": (0, 1000, 100000, 1000000, 5000000), "bans": (0, 1000, 100000, 900000),
                "sources": (0, 1000, 100000, 900000)}
    if sizes.smoke:
        return {"list": (0, 1000)}
    return {"list": (0, 1000, 100000), "bans": (0, 100000), "sources": (0, 100000)}


def of(measured, name):
    return [one["many_ns"] for one in measured["costs"]
            if one["name"] == name and one["hook"] == "xdp" and one["family"] == 4]


def part(rig, report, sizes):
    report.part = "growth (IPv4 and a tenth as many IPv6; XDP, another source each)"
    report.raw["growth"] = {}
    for what, counts in steps(sizes).items():
        first = None
        for count in counts:
            measured = cost(sizes, **{what: count, "only": "SYN, "}, repeat=65536 if sizes.kind == "full" else 4096)
            report.raw["growth"][f"{what} {count}"] = measured
            clean = of(measured, "SYN, unknown source")[0]
            first = first or clean
            mib = measured["filled"]["table_bytes"] if what == "list" else measured["maps"][what]
            hit = of(measured, OWN[what])
            report.row(f"{count:,} {what}: SYN of an unknown source", clean, "ns", "with none", first,
                       [a / b for a, b in zip(clean, first)])
            if hit:
                report.row("    " + OWN[what], hit[0], "ns")
            report.row("    memory in the kernel", [mib / 2**20], "MiB")
            filled = measured["filled"]
            if what == "list":
                report.row("    compiled", [filled["compile_ms"]], "ms", "published", [filled["publish_ms"]])
            if what == "bans":
                report.row("    put into the kernel", [filled["bans_ms"]], "ms")
    starts(rig, report, sizes)


def starts(rig, report, sizes):
    for count in (0, sizes.many) if sizes.smoke else (0, sizes.many // 10, sizes.many):
        pair = Pair(rig, "start")
        pair.configure(f"mode = enforce\nbans = {count * 2 + 1000}", "[list bench]\naction = deny\n")
        if count:
            pair.sekisho("load")
            pair.sekisho("unload")
            run(FILL, "store", rig.path("start.state"), count, 0)
        fresh, again = [], []
        for _ in range(sizes.rounds_short):
            fresh.append(pair.timed("load"))
            again.append(pair.timed("load"))
            pair.sekisho("unload")
            time.sleep(0.2)
        a_million = count == 1000000
        report.row(f"start with {count:,} bans in the store", fresh, "s", target=("<=", 1.5, "s") if a_million else None)
        report.row("    with pinned maps", again, "s", target=("<=", 0.2, "s") if a_million else None)
        pair.close()
        rig.pairs.remove(pair)
        run("rm", "-rf", rig.path("start.state"))
