# SPDX-License-Identifier: GPL-2.0-or-later
"""What is left of a healthy mail session while a flood arrives over the same link: the share of its
throughput, and of new connections' latency, against the same without a flood. The flood goes to
submission from countries that are denied there; mail goes to port 25.

As a program: `session.py serve` accepts on 25 and 587 and swallows; `session.py client` reads lines
"bulk S" and "connect S", does that for S seconds, and prints JSON. It runs before the flood does: under
one there may be no time to start a program."""

import json
import os
import socket
import statistics
import sys
import threading
import time

SERVER = "192.0.2.1"
SERVER_CPU = "0" # and the client's; the other is the generator's


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


def bulk(seconds):
    """Bytes a second that a mail of any size goes at. What was sent but not acknowledged is not counted."""
    chunk, sent, began = bytes(1 << 16), 0, time.monotonic()
    try:
        sender = socket.create_connection((SERVER, 25), timeout=seconds)
    except OSError:
        return {"bytes_per_s": 0}
    while (left := seconds - (time.monotonic() - began)) > 0:
        sender.settimeout(left)
        try:
            sent += sender.send(chunk)
        except TimeoutError:
            pass
    took = time.monotonic() - began
    waiting = int.from_bytes(_ioctl_outq(sender), sys.byteorder)
    return {"bytes_per_s": (sent - waiting) / took}


def _ioctl_outq(sender):
    import fcntl
    import termios
    return fcntl.ioctl(sender, termios.TIOCOUTQ, bytes(4))


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
    taken.sort()
    return {"p50": statistics.median(taken), "p99": taken[int(len(taken) * 0.99)], "failed": failed,
            "connects": len(taken)}


# ---- the part ----

def measure(client, verb, seconds):
    client.stdin.write(f"{verb} {seconds}\n")
    client.stdin.flush()
    return json.loads(client.stdout.readline())


def contenders(rig, rigs, flood, sizes):
    made = {"xdp": flood.load_ours(rig, "sx", "xdp", sizes, drop_behind=False, limits=flood.WIDE)}
    made["tc"] = flood.load_ours(rig, "st", "tc", sizes, drop_behind=False, limits=flood.WIDE)
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


def under_flood(rig, rigs, pair, client, rate, seconds):
    """What the session gets while the flood lasts, and how fast that really was."""
    count = 2000000000 # until it is ended
    flooder = rig.start(["nsenter", f"--net=/run/netns/{pair.client}", "chrt", "-f", "1",
                         "taskset", "-c", rigs.GENERATOR_CPU, rigs.FLOOD, "out0", rigs.SERVER_MAC, SERVER, 587, count, f"portion={count}", f"rate={rate}"],
                        stdout=rigs.subprocess.PIPE)
    time.sleep(0.3)
    (sent, lost), began = arrivals(pair), time.monotonic()
    got = {verb: measure(client, verb, seconds) for verb in ("bulk", "connect")}
    took, (sent_after, lost_after) = time.monotonic() - began, arrivals(pair)
    got["rate"] = (sent_after - sent) / took / 1e6
    got["lost"] = 100 * (lost_after - lost) / (sent_after - sent)
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
        taken = {name: {key: [] for key in ("bulk", "connect", "failed", "rate", "lost")} for name in made}
        for _ in range(sizes.rounds):
            for name, pair in made.items():
                calm = {verb: measure(clients[name], verb, sizes.seconds) for verb in ("bulk", "connect")}
                got = under_flood(rig, rigs, pair, clients[name], rate, sizes.seconds)
                taken[name]["bulk"].append(100 * got["bulk"]["bytes_per_s"] / max(calm["bulk"]["bytes_per_s"], 1))
                taken[name]["connect"].append(100 * calm["connect"]["p50"] / got["connect"]["p50"])
                taken[name]["failed"].append(100 * got["connect"]["failed"] / got["connect"]["connects"])
                taken[name]["rate"].append(got["rate"])
                taken[name]["lost"].append(got["lost"])
        add_rows(report, rate, taken)
    for pair in made.values():
        pair.close()
        rig.pairs.remove(pair)


def add_rows(report, rate, taken):
    words = {"bulk": "throughput kept", "connect": "connect speed kept", "failed": "connects failed"}
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
        print(json.dumps({"bulk": bulk, "connect": connect}[what](float(how_long))), flush=True)
