# SPDX-License-Identifier: GPL-2.0-or-later
"""Holds the events that `sekisho parse` reads from a log against what the clients did."""
import collections
import json
import subprocess

OUTCOMES = ("wrong", "wrong twice", "unknown user", "right", "relay")


class Judged:
    """A log and what was read of it. `outcomes`: of each, the events that were read and those that are true."""

    def __init__(self, sekisho, folder, name):
        self.name = name
        self.truth = [json.loads(line) for line in (folder / f"{name}.truth").read_text().splitlines()]
        self.server = json.loads((folder / f"{name}.server").read_text())
        self.lines = (folder / f"{name}.log").read_bytes().split(b"\n")
        done = subprocess.run([sekisho, "parse", "--json", folder / f"{name}.log"], capture_output=True, check=False)
        self.events = [json.loads(line) for line in done.stdout.decode("utf-8", "replace").splitlines()]
        self.faults, self.wrong, self.seen, self.hostile = [], 0, 0, 0
        self.outcomes = collections.defaultdict(lambda: [0, 0])
        self.got = collections.defaultdict(collections.Counter)
        for event in self.events:
            self.got[event["source"]][event["kind"]] += event["count"]
        if done.returncode:
            self.faults.append(f"parse ended with {done.returncode}: {done.stderr.decode(errors='replace')[:200]}")
        if not self.events:
            self.faults.append("no events")
        self.strangers()
        for did in self.truth:
            self.client(did)

    def strangers(self):
        """Events of addresses that never connected."""
        clients = {did["source"] for did in self.truth}
        for event in self.events:
            if event["source"] is not None and event["source"] not in clients:
                self.wrong += event["count"]
                text = self.lines[event["line"] - 1].decode("utf-8", "backslashreplace")
                self.faults.append(f"WRONG: {event['source']} never connected; line {event['line']}: {text[:300]}")

    def client(self, did):
        got = self.got[did["source"]]
        failures, true = got["failure"], did["failures"]
        if not did.get("ordinary"):
            self.hostile += true > 0
            self.seen += true > 0 and failures > 0
            if failures > true + 1:
                self.fault(did, "failures", failures, true)
            return
        outcome = did["scenario"].split(" ", 1)[1]
        what = {"relay": "abuse", "right": "successes"}.get(outcome, "failures")
        read = {"abuse": got["abuse"], "successes": min(did["successes"], got["success"] + got["message"]),
                "failures": failures}[what]
        self.outcomes[outcome][0] += read
        self.outcomes[outcome][1] += did[what]
        if what != "abuse" and not did[what]:
            self.faults.append(f"{did['scenario']}: proves nothing, the server said: {did['said'][-2:]}")
        if read != did[what]:
            self.fault(did, what, read, did[what])
        if what != "failures" and failures != true:
            self.fault(did, "failures", failures, true)

    def fault(self, did, what, read, true):
        self.faults.append(f"{did['scenario']} {did['source']}: {read} {what} read, {true} true; "
                           f"said: {did['said'][-2:]}")

    def tell(self):
        print(f"{self.name} ({self.server['version']}): {len(self.lines)} lines, {len(self.truth)} clients, "
              f"{len(self.events)} events, {self.wrong} wrong sources; "
              f"of {self.hostile} hostile failures {self.seen} counted to their own address")
        for fault in self.faults:
            print(f"    {fault}")

    def row(self):
        cells = [f"{read}/{true}" if true else "" for read, true in (self.outcomes[name] for name in OUTCOMES)]
        about = self.server
        return (f"| {about['server']} | {about['version']} | {about['suite']} | {about['variant']} | "
                f"{' | '.join(cells)} | {self.seen}/{self.hostile} | {self.wrong} |")


def one(sekisho, folder, name):
    """Prints a line, and a line for each fault. 1: an event names an address that never connected, or an
    ordinary outcome was not counted as what it was."""
    judged = Judged(sekisho, folder, name)
    judged.tell()
    return int(bool(judged.faults))


def names(folder):
    return sorted(path.stem for path in folder.glob("*.truth") if path.stat().st_size)


def all_of(sekisho, folder):
    """Judges every log of a folder."""
    return int(any([one(sekisho, folder, name) for name in names(folder)]) or not names(folder))


def table(sekisho, folder):
    """Prints what was read and what was true of every log of a folder, in Markdown."""
    print(f"| server | version | suite | variant | {' | '.join(OUTCOMES)} | hostile | wrong sources |")
    print("|---" * (len(OUTCOMES) + 6) + "|")
    faults = 0
    for name in names(folder):
        judged = Judged(sekisho, folder, name)
        faults |= int(bool(judged.faults))
        print(judged.row())
    return faults
