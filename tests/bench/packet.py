# SPDX-License-Identifier: GPL-2.0-or-later
"""The gate's cost for each kind of packet, by BPF_PROG_TEST_RUN, and its instructions. The measuring
is cost.c's; here its JSON becomes rows."""

import json

from report import median
from rig import country_files, run

COST = "build/tests/bench/cost"


def cost(sizes, **options):
    words = {"list": sizes.list, "bans": sizes.bans, "sources": sizes.sources, "rounds": sizes.rounds_short,
             "set": 65536 if sizes.kind == "full" else 4096, "countries": ",".join(country_files())}
    words.update(options)
    words.setdefault("repeat", words["set"])
    return json.loads(run(COST, *(f"{name}={value}" for name, value in words.items())))


def part(rig, report, sizes):
    del rig
    report.part = "cost per packet (an empty program's is subtracted)"
    measured = cost(sizes, **({"only": "banned", "set": 256} if sizes.smoke else {}))
    report.raw["packet"] = measured
    for one in measured["costs"]:
        # What repeats is the packet of an open session; a flood's are of another source each.
        again = one["name"].startswith(("no ", "mail data, clean"))
        target = None
        if again:
            target = ("<=", 10 if one["name"].startswith("no ") else 40, "ns")
        name = f"IPv{one['family']} {one['hook']}: {one['name']}"
        report.row(name, one["same_ns"], "ns", "another source each", one["many_ns"], None, target)
    for hook in ("xdp", "tc"):
        empty = [value for one in measured["costs"] if one["hook"] == hook for value in one["empty_same_ns"]]
        if empty:
            report.note(f"an empty {hook} program: {median(empty):.0f} ns")
    for name, counts in measured["instructions"].items():
        report.row(f"{name}: instructions", [counts["translated"]], "", "bytes of machine code", [counts["jited_bytes"]])
