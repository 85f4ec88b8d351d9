# SPDX-License-Identifier: GPL-2.0-or-later
"""What a SYN costs that is answered with a cookie, generated, received and answered on one CPU: by the gate on the
device, and by the kernel without a gate; beside a program that only drops (E). The listener's queue is full all the
time. Answers are made and handed to the device; nobody takes them there, which is the other side's work. Contenders
take turns; ratios are taken within one turn."""

import json
import time

from flood import WIDE
from report import ratios
from rig import SERVER4, SERVER6, Pair, check

PORT = 25
SECTIONS = """
[service smtp]
countries = *:world
[class world]
connections = 20
rate = {rate}
burst = {burst}
network-connections = 60
"""
LISTEN = """
import socket, time
held = [socket.create_server((address, %d), family=family, backlog=16)
        for family, address in ((socket.AF_INET, "%s"), (socket.AF_INET6, "%s"))]
time.sleep(3600)
"""
# Sources that nobody has, and that the client's stack does not answer for.
SOURCES = {4: ("whole=1", "from=100.64.0.0", "span=4194304"), 6: ("whole=1",)}


def listen(rig, pair):
    rig.start(["nsenter", f"--net=/run/netns/{pair.server}", "python3", "-c",
               LISTEN % (PORT, SERVER4, SERVER6)])
    for _ in range(100):
        if f":{PORT}" in pair.inside("ss", "-Hltn"):
            return
        time.sleep(0.05)
    check(False, "nobody listens")


def answered(pair):
    """SYNs that the gate has answered."""
    return json.loads(pair.sekisho("stats", "--json"))["services"]["smtp"]["syn_cookies"]["answered"]


def sent(pair):
    """Cookies that the kernel sent."""
    return int(pair.inside("nstat", "-asz", "TcpExtSyncookiesSent").split()[-2])


def contenders(rig):
    drop, ours, kernel = (Pair(rig, f"cookie-{name}") for name in ("drop", "ours", "kernel"))
    drop.only_drop("xdp")
    for pair in (ours, kernel):
        listen(rig, pair)
    ours.configure("mode = enforce\nsyn-cookies = auto", SECTIONS.format(**WIDE), countries=False)
    ours.sekisho("load")
    kernel.take_frames()
    kernel.inside("tc", "qdisc", "add", "dev", "in0", "clsact")
    kernel.inside("tc", "filter", "add", "dev", "in0", "egress", "bpf", "direct-action", "object-pinned",
                  rig.pinned("drop_tc"))
    return drop, ours, kernel


def part(rig, report, sizes):
    report.part = "SYNs beyond a listener's queue, answered with cookies"
    count = 400000 if sizes.kind == "full" else 100000 if sizes.quick else 20000
    drop, ours, kernel = contenders(rig)
    for family in (4, 6):
        times = {"E": [], "ours": [], "kernel": []}
        for pair in (ours, kernel):
            pair.flood(PORT, 2000, family, *SOURCES[family]) # fills the queue
        for _ in range(sizes.rounds):
            times["E"].append(drop.flood(PORT, count, family, *SOURCES[family]))
            before = answered(ours)
            times["ours"].append(ours.flood(PORT, count, family, *SOURCES[family]))
            got = answered(ours) - before
            check(got > 0.95 * count, f"{got} of {count} SYNs were answered on the device")
            before = sent(kernel)
            times["kernel"].append(kernel.flood(PORT, count, family, *SOURCES[family]))
            got = sent(kernel) - before
            check(got > 0.95 * count, f"{got} of {count} SYNs were answered by the kernel")
        name = f"IPv{family}: answered on the device"
        report.row(name, times["ours"], "ns", "E", times["E"], ratios(times["ours"], times["E"]), ("<=", 3.5, "E"))
        report.row(name, times["ours"], "ns", "the kernel's cookies", times["kernel"],
                   ratios(times["kernel"], times["ours"]), (">=", 5, "times"))
