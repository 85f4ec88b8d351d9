# SPDX-License-Identifier: GPL-2.0-or-later
"""Medians, ratios, the one table and the raw figures. Not here: how anything was measured."""

import json
import os
import platform
import statistics
import sys
import time


def median(values):
    return statistics.median(values)


def ratios(above, below):
    """In one round each, so that what disturbed a round disturbed both."""
    return [a / b for a, b in zip(above, below)]


def short(value, unit):
    if value is None:
        return "-"
    if unit == "ns" and value >= 10000:
        value, unit = value / 1000, "us"
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f} {unit}".strip()


class Report:
    def __init__(self, kind):
        self.kind, self.rows, self.notes, self.raw = kind, [], [], {}
        self.faults = []
        self.part = None

    def row(self, work, ours, unit, peer=None, theirs=None, ratio=None, target=None):
        """`ours`, `theirs` and `ratio` are lists, one value a round. `target` is ("<=", 2.5, "E") on the
        ratio, or ("<=", 40, "ns") on ours when the unit is ours'."""
        met = None
        if target:
            value = median(ours if target[2] == unit and unit else ratio)
            met = value <= target[1] if target[0] == "<=" else value >= target[1]
        self.rows.append({"part": self.part, "work": work, "unit": unit, "ours": ours, "peer": peer,
                          "theirs": theirs, "ratio": ratio, "target": target, "met": met})

    def failed(self, text):
        self.faults.append(text)
        print("scripts/bench: " + text, file=sys.stderr)

    def note(self, text):
        self.notes.append(text)

    def missed(self):
        return [row for row in self.rows if row["met"] is False]

    def lines(self):
        cells = [["work", "ours", "min-max", "beside", "theirs", "ratio", "min-max", "target", ""]]
        part = None
        for row in self.rows:
            if row["part"] != part:
                part = row["part"]
                cells.append([part])
            cells.append(self.cells(row))
        widths = [max(len(line[i]) for line in cells if len(line) > 1) for i in range(9)]
        for line in cells:
            if len(line) == 1:
                yield ""
                yield line[0].upper()
                continue
            yield "  ".join(cell.ljust(width) if i in (0, 3, 7, 8) else cell.rjust(width)
                            for i, (cell, width) in enumerate(zip(line, widths))).rstrip()

    @staticmethod
    def cells(row):
        def spread(values, unit):
            if not values or len(values) < 2:
                return ""
            return f"{short(min(values), '')}-{short(max(values), unit)}"

        target = row["target"]
        return [row["work"], short(median(row["ours"]), row["unit"]), spread(row["ours"], ""),
                row["peer"] or "", short(median(row["theirs"]), row["unit"]) if row["theirs"] else "",
                short(median(row["ratio"]), "") if row["ratio"] else "", spread(row["ratio"], ""),
                f"{target[0]} {target[1]:g} {target[2]}" if target else "",
                {True: "met", False: "MISSED", None: ""}[row["met"]]]

    def write(self, path, machine):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"kind": self.kind, "when": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                       "machine": machine, "rows": self.rows, "notes": self.notes, "faults": self.faults, "raw": self.raw}, file, indent=1)
            file.write("\n")


def machine():
    model = "?"
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        for line in file:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    with open("/proc/loadavg", encoding="utf-8") as file:
        load = file.read().split()[0]
    return {"cpu": model, "cpus": os.cpu_count(), "kernel": platform.release(), "load": float(load)}
