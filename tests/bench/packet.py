# SPDX-License-Identifier: GPL-2.0-or-later
"""The gate's cost for each kind of packet, by BPF_PROG_TEST_RUN, and its instructions. The measuring
is cost.c's; here its JSON becomes rows."""

import json

from report import median, ratios
from rig import FIRST, country_files, first_build, run

COST = "build/tests/bench/cost"


def cost(sizes, program=COST, **options):
    words = {"list": sizes.list, "bans": sizes.bans, "sources": sizes.sources, "rounds": sizes.rounds_short,
             "set": 65536 if sizes.kind == "full" else 4096, "countries": ",".join(country_files())}
    words.update(options)
    words.setdefault("repeat", words["set"])
    return json.loads(run(program, *(f"{name}={value}" for name, value in words.items())))


def in_turns(sizes, programs, options):
    """What each program measured, a round of one after a round of the others; of the first all that it said."""
    taken = []
    for _ in range(sizes.rounds_short):
        for number, program in enumerate(programs):
            got = cost(sizes, program, rounds=1, **options)
            if len(taken) <= number:
                taken.append(got)
                continue
            for one, more in zip(taken[number]["costs"], got["costs"]):
                for key in [key for key in one if key.endswith("_ns")]:
                    one[key] += more[key]
    return taken


def part(rig, report, sizes):
    del rig
    report.part = "cost per packet (an empty program's is subtracted)"
    programs = [COST] if not sizes.peers else [COST, first_build() + "/tests/bench/cost"]
    measured, *first = in_turns(sizes, programs, {"only": "banned", "set": 256} if sizes.smoke else {})
    report.raw["packet"] = measured
    before = {(one["family"], one["hook"], one["name"]): one for one in first[0]["costs"]} if first else {}
    for one in measured["costs"]:
        # What repeats is the packet of an open session; a flood's are of another source each.
        target = None
        if one["name"].startswith(("no ", "mail data, clean")):
            target = ("<=", 10 if one["name"].startswith("no ") else 25 if one["family"] == 4 else 40, "ns")
        name = f"IPv{one['family']} {one['hook']}: {one['name']}"
        report.row(name, one["same_ns"], "ns", "another source each", one["many_ns"], None, target)
        if then := before.get((one["family"], one["hook"], one["name"])):
            for key, text in (("same_ns", ""), ("many_ns", "    another source each")):
                report.row(text, one[key], "ns", FIRST, then[key], ratios(one[key], then[key]))
    for hook in ("xdp", "tc"):
        empty = [value for one in measured["costs"] if one["hook"] == hook for value in one["empty_same_ns"]]
        if empty:
            report.note(f"an empty {hook} program: {median(empty):.0f} ns")
    for name, counts in measured["instructions"].items():
        report.row(f"{name}: instructions", [counts["translated"]], "", "bytes of machine code", [counts["jited_bytes"]])
