# SPDX-License-Identifier: GPL-2.0-or-later
"""What an answer to a mail server costs and how long it takes, idle and while a log is read at full
speed, beside an echo server and Debian's postfwd and policyd-rate-limit: the same requests, with one
rule each that counts an account's recipients and refuses nobody."""

import json
import os
import re
import sqlite3
import subprocess
import threading
import time

from report import median, ratios
from rig import BUILD, REPO, SEKISHO, Failed, Pair, check, run
from work import unpacked

ASKS = os.path.join(BUILD, "tests/bench/asks")
KEY = "0123456789abcdef"
TICK = os.sysconf("SC_CLK_TCK")
PORTS = {"echo": 10041, "postfwd": 10043, "policyd-rate-limit": 10044, "recipient": 10040, "question": 9120, "report": 9120}
KINDS = {"question": "allow", "report": "report"} # else "mail"
OURS = ("recipient", "question", "report")
CONNECTIONS = 32
BLOCK_LINES = 6000
AHEAD = 16 << 20 # bytes of the log that are written before they are read


# ---- who answers ----

def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        words = file.read().rsplit(")", 1)[1].split()
    return (int(words[11]) + int(words[12])) / TICK


def inside(pair, command, **options):
    return pair.rig.start(["nsenter", f"--net=/run/netns/{pair.server}", *command], **options)


def start_daemon(rig, pair, log):
    key = rig.path("policy.key")
    with open(key, "w", encoding="ascii") as file:
        file.write(KEY + "\n")
    os.chmod(key, 0o600)
    with open(log, "w", encoding="ascii"):
        pass
    pair.configure("mode = enforce", f"[log mail]\nfile = {log}\n[policy]\ndovecot = 127.0.0.1:9120\napi-key-file = {key}\n"
                   "postfix = 127.0.0.1:10040\ninsecure = yes\nrecipients = 100000\nrecipients-day = 100000\n")
    return inside(pair, [SEKISHO, "-c", pair.conf, "run"], stdout=open(rig.path("policy.said"), "wb"), stderr=subprocess.STDOUT)


def start_postfwd(rig, pair):
    program = unpacked("postfwd", "usr/sbin/postfwd1")
    library = [unpacked(package, "usr/share/perl5") for package in
               ("libnet-dns-perl", "libnet-server-perl", "libio-multiplex-perl")]
    rules, pid = rig.path("postfwd.cf"), rig.path("postfwd/pid")
    with open(rules, "w", encoding="ascii") as file:
        file.write("id=R1; sasl_username!=^$; action=rate(sasl_username/100000000/86400/DEFER_IF_PERMIT over)\n")
    os.mkdir(rig.path("postfwd"))
    pair.inside("perl", "-T", *[f"-I{folder}" for folder in library], program, "-d", "--pidfile", pid, "-f", rules,
                "-i", "127.0.0.1", "-p", PORTS["postfwd"], "-u", "root", "-g", "root", "--noidlestats", "--norulelog")
    return pid


def start_policyd(rig, pair):
    program = unpacked("policyd-rate-limit", "usr/bin/policyd-rate-limit")
    folder = f"{BUILD}/bench/policyd-rate-limit"
    state = rig.path("policyd")
    os.mkdir(state)
    with open(f"{folder}/etc/policyd-rate-limit.yaml", encoding="utf-8") as file:
        text = file.read()
    for name, value in (("debug", "False"), ("user", "root"), ("group", "root"), ("pidfile", f"{state}/pid"),
                        ("    database", f"{state}/db.sqlite3"), ("SOCKET", f'["127.0.0.1", {PORTS["policyd-rate-limit"]}]')):
        text = re.sub(f"^{name}:.*", f"{name}: {value}", text, count=1 if name != "    database" else 0, flags=re.M)
    text = re.sub(r"- \[1\d+, (60|86400)\]", r"- [100000000, \1]", text)
    with open(f"{state}/policyd.yaml", "w", encoding="utf-8") as file:
        file.write(text)
    environment = dict(os.environ, PYTHONPATH=f"{folder}/usr/lib/python3/dist-packages", PYTHONDONTWRITEBYTECODE="1")
    return inside(pair, ["/usr/bin/python3", program, "--file", f"{state}/policyd.yaml"], env=environment,
                  stderr=open(f"{state}/said", "wb")).pid


def wait_until(true, otherwise):
    for _ in range(600):
        if true():
            return
        time.sleep(0.1)
    raise Failed(otherwise)


def wait_for(rig, pair, port):
    try:
        wait_until(lambda: f":{port} " in pair.inside("ss", "-Hltn"), f"nobody listens on port {port}")
    except Failed as failure:
        with open(rig.path("policy.said"), encoding="utf-8", errors="replace") as file:
            raise Failed(f"{failure}: {file.read()[-600:]}") from None


# ---- the log at full speed ----

class Writer(threading.Thread):
    """Writes as much as the daemon reads, and always has more. One line in six is a failure."""

    def __init__(self, rig, log):
        super().__init__(daemon=True)
        self.rig, self.log, self.ends, self.left = rig, log, False, 0
        self.blocks = [self.block(number) for number in range(20)]

    @staticmethod
    def block(number):
        """Of sources that have their first number replaced whenever the block is written again."""
        stamp, lines = time.strftime("%b %e %H:%M:%S", time.localtime()), []
        for i in range(BLOCK_LINES):
            n = (number * BLOCK_LINES + i) * 40503
            source = f"100.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}"
            if i % 6:
                lines.append(f"{stamp} mx postfix/smtp[{1000 + i % 60}]: {i:010X}: to=<a{i % 999}@example.org>, relay=mx.example.org"
                             f"[{source}]:25, delay=1.2, delays=0.1/0/0.5/0.6, dsn=2.0.0, status=sent (250 2.0.0 Ok)\n")
            else:
                lines.append(f"{stamp} mx postfix/smtpd[{1000 + i % 60}]: warning: unknown[{source}]: SASL LOGIN authentication"
                             " failed: UGFzc3dvcmQ6\n")
        return "".join(lines).encode()

    def run(self):
        store = sqlite3.connect(f"file:{self.rig.path('policy.state')}/sekisho.db?mode=ro", uri=True)
        at = 0
        with open(self.log, "ab", buffering=0) as file:
            while not self.ends:
                row = store.execute("SELECT offset FROM positions WHERE path = ?", (self.log,)).fetchone()
                self.left = file.tell() - (row[0] if row else 0)
                if self.left > AHEAD:
                    time.sleep(0.01)
                    continue
                first = b"[%d." % (101 + at // len(self.blocks) % 90)
                file.write(self.blocks[at % len(self.blocks)].replace(b"[100.", first))
                at += 1
        store.close()

    def end(self):
        """How many bytes there still were to be read."""
        self.ends = True
        self.join()
        return self.left


# ---- measuring ----

def ask(pair, who, connections, requests):
    return json.loads(pair.inside(ASKS, KINDS.get(who, "mail"), PORTS[who], connections, requests, KEY))


def measure(rig, pair, pids, sizes, log):
    """One round: microseconds of CPU an answer, and the answers' 99th of 100, idle and beside a log."""
    taken = {}
    for who, pid in pids.items():
        few = sizes.requests if who in OURS or who == "echo" else max(sizes.requests // 20, 100)
        alone = ask(pair, who, 1, few // 4)
        before = cpu_seconds(pid)
        many = ask(pair, who, CONNECTIONS, few)
        taken[who] = {"cpu_us": max(cpu_seconds(pid) - before, 1 / TICK) / few * 1e6, "idle_us": alone["p99_us"],
                      "median_us": alone["median_us"], "many_us": many["p99_us"]}
    writer = Writer(rig, log)
    writer.start()
    wait_until(lambda: writer.left > AHEAD // 2, "the log is not written")
    for who in ("echo", *OURS):
        taken[who]["log_us"] = ask(pair, who, 1, sizes.requests // 4)["p99_us"]
        taken[who]["log_many_us"] = ask(pair, who, CONNECTIONS, sizes.requests // 4)["p99_us"]
    check(writer.end() > 0, "the log was read to its end before the last answer")
    return taken


def rows(report, rounds, full):
    def of(who, what):
        return [taken[who][what] for taken in rounds]

    names = {"recipient": "a recipient that Postfix asks about", "question": "a question of Dovecot's", "report": "a report of Dovecot's"}
    for who, name in names.items():
        peers = ["echo"] + [peer for peer in ("postfwd", "policyd-rate-limit") if who == "recipient" and peer in rounds[0]]
        for number, peer in enumerate(peers):
            target = ("<=", 50, "us") if full and not number else None
            report.row(f"{name}: CPU" if not number else "", of(who, "cpu_us"), "us", peer, of(peer, "cpu_us"),
                       ratios(of(peer, "cpu_us"), of(who, "cpu_us")), target)
            report.row("    idle: half of them answered within", of(who, "median_us"), "us", peer, of(peer, "median_us"),
                       ratios(of(peer, "median_us"), of(who, "median_us")))
            report.row("    idle: 99 of 100 answered within", of(who, "idle_us"), "us", peer, of(peer, "idle_us"),
                       ratios(of(peer, "idle_us"), of(who, "idle_us")), ("<=", 300, "us") if full and not number else None)
        report.row("    log at full speed: 99 of 100 within", of(who, "log_us"), "us", "echo", of("echo", "log_us"),
                   ratios(of("echo", "log_us"), of(who, "log_us")), ("<=", 2000, "us") if full else None)
        report.row(f"    and {CONNECTIONS} asked at once", of(who, "log_many_us"), "us", "echo", of("echo", "log_many_us"),
                   ratios(of("echo", "log_many_us"), of(who, "log_many_us")))
    report.note(f"policy: {1e6 / median(of('recipient', 'cpu_us')):,.0f} recipients a second of one core (target 20,000)")


def part(rig, report, sizes):
    report.part = "questions of mail servers"
    os.makedirs(f"{BUILD}/bench", exist_ok=True)
    run("make", "-s", "build/tests/bench/asks", cwd=REPO)
    pair, log = Pair(rig, "policy"), rig.path("policy.log")
    daemon = start_daemon(rig, pair, log)
    pids = {who: daemon.pid for who in OURS}
    pids["echo"] = inside(pair, [ASKS, "echo", PORTS["echo"]]).pid
    postfwd = None
    if sizes.peers:
        pids["policyd-rate-limit"] = start_policyd(rig, pair)
        postfwd = start_postfwd(rig, pair)
    try:
        for port in sorted({PORTS[who] for who in [*pids, *(["postfwd"] if postfwd else [])]}):
            wait_for(rig, pair, port)
        if postfwd:
            with open(postfwd, encoding="ascii") as file:
                pids["postfwd"] = int(file.read())
        rounds = [measure(rig, pair, pids, sizes, log) for _ in range(sizes.rounds)]
    finally:
        if postfwd and os.path.exists(postfwd): # it is nobody's child
            with open(postfwd, encoding="ascii") as file:
                os.kill(int(file.read()), 15)
        daemon.terminate()
        try:
            daemon.wait(20)
        except subprocess.TimeoutExpired:
            daemon.kill()
    report.raw["policy"] = rounds
    rows(report, rounds, sizes.kind == "full")
    pair.close()
    rig.pairs.remove(pair)
