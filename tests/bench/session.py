# SPDX-License-Identifier: GPL-2.0-or-later
"""What is left of a healthy mail session while a flood arrives over the same link: the share of its
throughput, and of new connections' latency, against the same without a flood. The flood goes to
submission from countries that are denied there; mail goes to port 25.

What a saturated transfer and connects in turn lose is mostly the machine's: calm, they fill the CPU that
receives. So a program that drops the flood by its port, and does nothing else, is a contender; a transfer
goes at a mail's pace as well, and connects come at random times, whether or not those before are open.

As a program: `session.py serve` accepts on 25 and 587 and swallows; `session.py client` reads lines of a verb
(VERBS) and seconds, does that for so long, and prints JSON. It runs before the flood does: under
one there may be no time to start a program."""

import json
import os
import random
import selectors
import socket
import statistics
import struct
import sys
import threading
import time

sys.dont_write_bytecode = True
from report import ratios # noqa: E402

SERVER = "192.0.2.1"
SERVER_CPU = "0" # and the client's; the other is the generator's
PACE = 100_000_000 # bytes a second
GAP_S = 0.01 # between connects at random times, on the average
GIVEN_S = 1 # to a connect
SO_MAX_PACING_RATE = 47
OLD, FAIR = ("bulk", "connect"), ("paced", "knock")


# ---- the two ends, in their namespaces ----

def swallow(connection):
    room = bytearray(1 << 18)
    try:
        while connection.recv_into(room):
            pass
    except OSError:
        pass
    connection.close()


def accept_all(listener):
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=swallow, args=(connection,), daemon=True).start()


def serve():
    listeners = [socket.create_server((SERVER, port), backlog=1024) for port in (25, 587)]
    threading.Thread(target=accept_all, args=(listeners[1],), daemon=True).start()
    print("ready", flush=True)
    accept_all(listeners[0])


def bulk(seconds, pace=None):
    """Bytes a second that a mail of any size goes at, and how many in a hundred of its segments were sent again.
    What was sent but not acknowledged is not counted."""
    chunk, began = bytes(1 << 16), time.monotonic()
    try:
        sender = socket.create_connection((SERVER, 25), timeout=seconds)
    except OSError:
        return {"bytes_per_s": 0, "again": 100}
    if pace:
        sender.setsockopt(socket.SOL_SOCKET, SO_MAX_PACING_RATE, pace)
    while (left := seconds - (time.monotonic() - began)) > 0:
        sender.settimeout(left)
        try:
            sender.send(chunk)
        except TimeoutError:
            pass
    took = time.monotonic() - began
    # struct tcp_info: tcpi_total_retrans, tcpi_bytes_acked, tcpi_data_segs_out
    info = sender.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 160)
    again, acked, segments = (struct.unpack_from(form, info, at)[0] for form, at in (("I", 100), ("Q", 120), ("I", 156)))
    return {"bytes_per_s": acked / took, "again": 100 * again / max(segments, 1)}


def paced(seconds):
    return bulk(seconds, PACE)


def connect(seconds):
    """Seconds until each of many connects in turn is open; one that fails took the second it was given."""
    taken, failed, began = [], 0, time.monotonic()
    while time.monotonic() - began < seconds:
        start = time.monotonic()
        try:
            socket.create_connection((SERVER, 25), timeout=1).close()
        except OSError:
            failed += 1
        taken.append(time.monotonic() - start)
    return of_connects(taken, failed)


def knock(seconds):
    """The same of connects that begin at random times, each given its second."""
    taken, failed, waiting, chooser = [], 0, {}, selectors.DefaultSelector()
    end, due = time.monotonic() + seconds, time.monotonic()
    while due < end or waiting:
        now = time.monotonic()
        if due < end and now >= due:
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex((SERVER, 25))
            chooser.register(one, selectors.EVENT_WRITE)
            waiting[one] = due
            due += random.expovariate(1 / GAP_S)
            continue
        over = [one for one, start in waiting.items() if now - start >= GIVEN_S]
        until = min(due if due < end else now + GIVEN_S, *(start + GIVEN_S for start in waiting.values()), now + GIVEN_S)
        over += [key.fileobj for key, _ in chooser.select(max(until - now, 0)) if key.fileobj not in over]
        for one in over:
            took = time.monotonic() - waiting.pop(one)
            chooser.unregister(one)
            failed += took >= GIVEN_S or one.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) != 0
            taken.append(took)
            one.close()
    return of_connects(taken, failed)


def of_connects(taken, failed):
    taken.sort()
    return {"p50": statistics.median(taken), "p99": taken[int(len(taken) * 0.99)], "failed": failed,
            "connects": len(taken)}


VERBS = {"bulk": bulk, "connect": connect, "paced": paced, "knock": knock}


# ---- the part ----

def measure(client, verb, seconds):
    client.stdin.write(f"{verb} {seconds}\n")
    client.stdin.flush()
    return json.loads(client.stdout.readline())


def contenders(rig, rigs, flood, sizes):
    made = {"xdp": flood.load_ours(rig, "sx", "xdp", sizes, drop_behind=False, limits=flood.WIDE)}
    made["tc"] = flood.load_ours(rig, "st", "tc", sizes, drop_behind=False, limits=flood.WIDE)
    made["only drops"] = rigs.Pair(rig, "sd")
    made["only drops"].only_drop("xdp", "drop_flood")
    if sizes.peers:
        made["nftables"] = rigs.Pair(rig, "sn")
        flood.load_nft(made["nftables"], rig, sizes, "accept", flood.WIDE)
        made["no filter"] = rigs.Pair(rig, "s0")
        made["no filter"].take_frames()
    clients = {}
    for name, pair in made.items():
        pair.receive_on(SERVER_CPU)
        # A wire carries packets of its size; only a veth would hand over 64 KiB at once.
        pair.outside("ethtool", "-K", "out0", "tso", "off", "gso", "off")
        command = ["taskset", "-c", SERVER_CPU, "python3", os.path.abspath(__file__), "serve"]
        if pair.cgroup:
            command = ["sh", "-c", f"echo $$ >{pair.cgroup}/cgroup.procs; exec \"$@\"", "sh", *command]
        server = rig.start(["nsenter", f"--net=/run/netns/{pair.server}", *command],
                           stdout=rigs.subprocess.PIPE, text=True)
        rigs.check(server.stdout.readline() == "ready\n", f"{name}: no server")
        clients[name] = rig.start(["nsenter", f"--net=/run/netns/{pair.client}", "taskset", "-c", SERVER_CPU, "python3",
                                   os.path.abspath(__file__), "client"],
                                  stdin=rigs.subprocess.PIPE, stdout=rigs.subprocess.PIPE, text=True)
    return made, clients


def arrivals(pair):
    """Packets that were sent, and those of them that the receiver had no room for."""
    counts = pair.device_counts()
    lost = counts.get("tx_queue_0_xdp_xmit_errors", 0)
    return counts.get("tx_queue_0_xdp_xmit", 0) + lost, lost


def receiving(pair):
    """Nanoseconds that the threads which receive have had of their CPU."""
    taken = 0
    for thread in pair.receivers:
        with open(f"/proc/{thread}/schedstat", encoding="ascii") as file:
            taken += int(file.read().split()[0])
    return taken


def under_flood(rig, rigs, pair, client, rate, seconds, verbs):
    """What the session gets while the flood lasts, how fast that really was, and what a SYN costs the CPU that receives
    while there is no session."""
    count = 2000000000 # until it is ended
    flooder = rig.start(["nsenter", f"--net=/run/netns/{pair.client}", "chrt", "-f", "1",
                         "taskset", "-c", rigs.GENERATOR_CPU, rigs.FLOOD, "out0", rigs.SERVER_MAC, SERVER, 587, count, f"portion={count}", f"rate={rate}"],
                        stdout=rigs.subprocess.PIPE)
    time.sleep(0.3)
    (sent, lost), cpu = arrivals(pair), receiving(pair)
    time.sleep(seconds / 4)
    cpu, (sent_after, lost_after) = receiving(pair) - cpu, arrivals(pair)
    cost = cpu / max(sent_after - sent - (lost_after - lost), 1)
    (sent, lost), began = arrivals(pair), time.monotonic()
    got = {verb: measure(client, verb, seconds) for verb in verbs}
    took, (sent_after, lost_after) = time.monotonic() - began, arrivals(pair)
    got["rate"] = (sent_after - sent) / took / 1e6
    got["lost"] = 100 * (lost_after - lost) / (sent_after - sent)
    got["cpu"] = cost
    rigs.check(flooder.poll() is None, "the flood ended before the session was measured")
    flooder.terminate()
    flooder.wait()
    return got


def part(rig, report, sizes):
    import flood
    import rig as rigs
    report.part = "session under flood"
    made, clients = contenders(rig, rigs, flood, sizes)
    for rate in (1000000, 5000000) if sizes.kind == "full" else (1000000,):
        verbs = OLD + FAIR if rate == 1000000 else OLD
        taken = {name: {} for name in made}
        for _ in range(sizes.rounds):
            for name, pair in made.items():
                calm = {verb: measure(clients[name], verb, sizes.seconds) for verb in verbs}
                got = under_flood(rig, rigs, pair, clients[name], rate, sizes.seconds, verbs)
                for key, value in round_of(calm, got).items():
                    taken[name].setdefault(key, []).append(value)
        add_rows(report, rate, taken)
        add_fair_rows(report, rate, taken)
    for pair in made.values():
        pair.close()
        rig.pairs.remove(pair)


def round_of(calm, got):
    """Of one contender in one round: percent of what it was without a flood, and the rest as it is."""
    kept = {key: got[key] for key in ("rate", "lost", "cpu")}
    for verb in set(got) & {"bulk", "paced"}:
        kept[verb] = 100 * got[verb]["bytes_per_s"] / max(calm[verb]["bytes_per_s"], 1)
        kept[verb + " again"] = got[verb]["again"]
    for verb in set(got) & {"connect", "knock"}:
        kept[verb] = 100 * calm[verb]["p50"] / got[verb]["p50"]
        kept[verb + " failed"] = 100 * got[verb]["failed"] / got[verb]["connects"]
    return kept


def add_fair_rows(report, rate, taken):
    """Beside the program that only drops: what the gate itself takes of the session."""
    words = {"bulk": ("saturated transfer kept", "%", (">=", 0.9, "of it")),
             "bulk again": ("segments sent again, saturated", "%", None),
             "paced": ("transfer of 100 MB/s kept", "%", (">=", 98, "%")),
             "paced again": ("segments sent again, paced", "%", None),
             "knock": ("connect speed kept, random times", "%", None),
             "knock failed": ("not open within 1 s, random times", "%", ("<=", 3, "%")),
             "cpu": ("a SYN's CPU where it is received", "ns", None)}
    for what, (text, unit, target) in words.items():
        for ours in ("xdp", "tc"):
            mine, theirs = taken[ours].get(what), taken["only drops"].get(what)
            if mine:
                report.row(f"{rate // 1000000} M SYN/s sent: {text}, {ours}", mine, unit, "only drops", theirs,
                           ratios(mine, theirs) if all(theirs) else None, target if ours == "xdp" else None)


def add_rows(report, rate, taken):
    words = {"bulk": "throughput kept", "connect": "connect speed kept", "connect failed": "connects failed"}
    for what, text in words.items():
        for ours in ("xdp", "tc"):
            if "nftables" not in taken:
                report.row(f"{rate // 1000000} M SYN/s sent: {text}, {ours}", taken[ours][what], "%")
                continue
            for peer in ("nftables", "no filter"):
                report.row(f"{rate // 1000000} M SYN/s sent: {text}, {ours}" if peer == "nftables" else "",
                           taken[ours][what], "%", peer, taken[peer][what])
    for name, values in taken.items():
        report.row(f"{name}: SYNs on the wire", values["rate"], "M/s")
        report.row("    lost before they were looked at", values["lost"], "%")


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve()
    for line in sys.stdin:
        what, how_long = line.split()
        print(json.dumps(VERBS[what](float(how_long))), flush=True)
