# SPDX-License-Identifier: GPL-2.0-or-later
"""The benchmark's parts in one go, and one table; see scripts/bench."""

import argparse
import os
import sys
import time

sys.dont_write_bytecode = True
import cookies # noqa: E402
import flood # noqa: E402
import growth # noqa: E402
import packet # noqa: E402
import policy # noqa: E402
import rig as rigs # noqa: E402
import session # noqa: E402
import work # noqa: E402
from report import Report, machine # noqa: E402


class Sizes:
    """How much of everything: full, quick (marked as such) or smoke (asserts no time)."""

    def __init__(self, kind, rounds):
        self.smoke, self.quick = kind == "smoke", kind == "quick"
        self.kind, self.peers = kind, kind != "smoke"
        full = kind == "full"
        self.rounds = rounds or {"full": 7, "quick": 3, "smoke": 1}[kind]
        self.list = {"full": 1000000, "quick": 100000, "smoke": 10000}[kind]
        self.bans = {"full": 100000, "quick": 20000, "smoke": 1000}[kind]
        self.sources = {"full": 100000, "quick": 20000, "smoke": 1000}[kind]
        self.packets = {"full": 2000000, "quick": 400000, "smoke": 50000}[kind]
        self.many = {"full": 1000000, "quick": 100000, "smoke": 10000}[kind] # "a million" of bans, sources
        self.rounds_short = self.rounds if self.smoke else max(self.rounds, 3) # of what takes no time
        self.requests = {"full": 40000, "quick": 10000, "smoke": 400}[kind] # of those that answer fast
        self.seconds = {"full": 2.0, "quick": 0.4, "smoke": 0.2}[kind]


PARTS = {"flood": flood.part, "cookies": cookies.part, "session": session.part, "packet": packet.part,
         "growth": growth.part, "work": work.part, "policy": policy.part}


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench", add_help=False)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--smoke", action="store_true")
    parser.add_argument("--only", action="append", choices=list(PARTS))
    parser.add_argument("--rounds", type=int)
    options = parser.parse_args()
    kind = "smoke" if options.smoke else "quick" if options.quick else "full"
    os.chdir(rigs.REPO)
    began, box = time.monotonic(), machine()
    report, sizes = Report(kind), Sizes(kind, options.rounds)
    os.makedirs("build/bench", exist_ok=True)
    rig = rigs.Rig()
    for name, part in PARTS.items():
        if options.only and name not in options.only:
            continue
        part_began = time.monotonic()
        try:
            part(rig, report, sizes)
        except rigs.Failed as failure:
            report.failed(f"{name}: {failure}")
        took = f"{name}: {time.monotonic() - part_began:.0f} s"
        print(took, file=sys.stderr)
        report.note(took)
    said = [f"{box['cpus']} CPUs {box['cpu']}, kernel {box['kernel']}, load {box['load']} at the start",
            {"full": "medians of the rounds, and the least and the most of them",
             "quick": "QUICK: fewer rounds and smaller sizes; not the figures to quote",
             "smoke": "SMOKE: only whether it works"}[kind], "", *report.lines(), "",
            f"{time.monotonic() - began:.0f} s; {len(report.missed())} targets missed;"
            f" raw figures: build/bench/{kind}.json"]
    print("\n".join(said))
    with open(f"build/bench/{kind}.txt", "w", encoding="utf-8") as file:
        file.write("\n".join(said) + "\n")
    report.write(f"build/bench/{kind}.json", box)
    rig.close()
    return 1 if report.faults else 0


sys.exit(main())
