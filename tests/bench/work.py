# SPDX-License-Identifier: GPL-2.0-or-later
"""What people and the daemon wait for: imports, country data, log lines, a replay, a ban's way from
the line to the drop, listings, start-up, memory. Each script beside this is a part of this; here are
the rest and their rows."""

import json
import os
import re
import resource
import subprocess
import time

from report import ratios
from rig import BUILD, FILL, REPO, SEKISHO, Failed, Pair, check, run

FOLDER = os.path.join(BUILD, "bench")


def cpu_seconds(*command, **options):
    """Of user and system, on one CPU; its output is returned too."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    out = run(*command, **options)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, out


# ---- imports and countries: tests/bench/import ----

def imports(rig, report, sizes):
    del rig
    lines = sizes.many
    run("tests/bench/import", "--lines", lines, *([] if sizes.kind == "full" else ["--short"]), sizes.rounds)
    taken = {}
    with open(f"{FOLDER}/import.txt", encoding="ascii") as file:
        for line in file:
            what, ms, _ = line.split()
            taken.setdefault(what, []).append(float(ms))
    # Starting nsenter, in the same round, is none of theirs.
    took = {what: [max(a - b, 1) / 1000 for a, b in zip(taken[what], taken["nothing"])]
            for what in ("sekisho", "ipset", "nft")}
    full = lines == 1000000
    for peer, words in (("ipset", "ipset restore"), ("nft", "nft -f")):
        report.row(f"import of {lines:,} addresses until enforced", took["sekisho"], "s", words, took[peer],
                   ratios(took[peer], took["sekisho"]), (">=", 5, "times") if full else None)
    report.row("", took["sekisho"], "s", target=("<=", 0.5, "s") if full else None)
    countries = [(a - b) / 1000 for a, b in zip(taken["load-countries"], taken["load-nothing"])]
    report.row("both country families read, compiled, published", countries, "s", target=("<=", 0.4, "s"))
    if "ten-million" in taken:
        report.row("import of ten million lines", [taken["ten-million"][0] / 1000], "s")


# ---- log lines ----

def make_log(path, lines, rest):
    """Failures that Postfix, Dovecot and their readers agree on, one in `rest` + 1 lines of traffic."""
    with open(path, "w", encoding="ascii") as file:
        for i in range(lines):
            second, source = i // 8, f"198.51.{i * 7 % 256}.{i * 13 % 250 + 1}"
            stamp = f"Nov {10 + second // 86400:2d} {second // 3600 % 24:02d}:{second // 60 % 60:02d}:{second % 60:02d} mx "
            if i % (rest + 1) == 0:
                file.write(f"{stamp}postfix/smtpd[{1000 + i % 60}]: warning: unknown[{source}]: SASL LOGIN authentication"
                           " failed: UGFzc3dvcmQ6\n")
            else:
                file.write(f"{stamp}postfix/smtp[{1000 + i % 60}]: {i:010X}: to=<a{i % 999}@example.net>,"
                           f" relay=mx.example.net[{source}]:25, delay=1.2, delays=0.1/0/0.5/0.6, dsn=2.0.0,"
                           " status=sent (250 2.0.0 Ok)\n")


def unpacked(package, program):
    """Debian's package under build/bench, not installed: a service would start with it."""
    folder = f"{FOLDER}/{package}"
    if not os.path.exists(f"{folder}/{program}"):
        os.makedirs(folder, exist_ok=True)
        run("apt-get", "-q", "-o", "APT::Sandbox::User=root", "download", package, cwd=folder)
        archive = [name for name in os.listdir(folder) if name.endswith(".deb")][0]
        run("dpkg-deb", "-x", archive, ".", cwd=folder)
    return f"{folder}/{program}"


def parsing(rig, report, sizes):
    lines = 100000 if sizes.kind == "full" else 20000
    log = rig.path("mail.log")
    make_log(log, lines, 5)
    fail2ban = unpacked("fail2ban", "usr/bin/fail2ban-regex")
    sshguard = unpacked("sshguard", "usr/libexec/sshguard/sshg-parser")
    fail2ban_etc = f"{FOLDER}/fail2ban/etc/fail2ban"
    environment = dict(os.environ, PYTHONPATH=f"{FOLDER}/fail2ban/usr/lib/python3/dist-packages", TZ="UTC")
    commands = {
        "fail2ban-regex postfix": ["/usr/bin/python3", fail2ban, "-c", fail2ban_etc, "--datepattern", "^%b %d %H:%M:%S",
                                   "-o", "ip", log, f"{fail2ban_etc}/filter.d/postfix.conf[mode=auth]"],
        "sshg-parser": [sshguard],
    }
    # The sums of the first round are the addresses that each has seen failing.
    taken, seen = {"sekisho parse": [], **{name: [] for name in commands}}, {}
    for _ in range(sizes.rounds):
        long = rig.path("long.log")
        if not os.path.exists(long):
            with open(long, "wb") as file:
                for _ in range(10):
                    file.write(open(log, "rb").read())
        took, _ = cpu_seconds(SEKISHO, "parse", "--json", long, env=environment)
        taken["sekisho parse"].append(10 * lines / took)
        for name, command in commands.items():
            with open(log, "rb") as file:
                took, out = cpu_seconds(*command, env=environment, stdin=file)
            taken[name].append(lines / took)
            seen[name] = set(re.findall(r"\b198\.51\.\d+\.\d+\b", out))
    ours = {json.loads(line)["source"] for line in run(SEKISHO, "parse", "--json", log, env=environment).splitlines()}
    for name, addresses in seen.items():
        check(addresses == ours, f"{name} saw {len(addresses)} sources failing, sekisho {len(ours)}")
    rate = taken["sekisho parse"]
    for name in commands:
        report.row("log lines read, one core: the same sources found", rate, "lines/s", name, taken[name],
                   ratios(rate, taken[name]), (">=", 50, "times") if name.startswith("fail2ban") else None)
    report.row("", rate, "lines/s", target=(">=", 3000000, "lines/s"))


def stories(rig, report, sizes):
    folder = rig.path("spread")
    run("tests/stories/generate", "spread", "1", folder)
    log, taken = f"{folder}/mail.log", []
    lines = sum(1 for _ in open(log, "rb"))
    for _ in range(sizes.rounds):
        began = time.monotonic()
        run(SEKISHO, "replay", "--json", "-c", f"{folder}/sekisho.conf", log, env=dict(os.environ, TZ="UTC"))
        taken.append(time.monotonic() - began)
    report.row(f"replay of story A, {lines:,} lines", taken, "s")


def latency(rig, report, sizes):
    del rig
    if not os.access("tests/bench/latency", os.X_OK):
        report.note("latency: there is no tests/bench/latency")
        return
    arguments = ["--json"] + ([] if sizes.kind == "full" else ["--short"])
    # It says by its exit status whether the target was met, and so does the table.
    done = subprocess.run(["tests/bench/latency", *arguments], capture_output=True, text=True, check=False)
    try:
        figures = json.loads(done.stdout.splitlines()[-1])
    except (ValueError, IndexError):
        raise Failed(f"tests/bench/latency: {done.stderr.strip()[-300:]}") from None
    report.raw["latency"] = figures
    check(figures["dropped"] == figures["bans"], f"{figures['dropped']} of {figures['bans']} sources were dropped")
    report.row(f"log line to drop, {figures['bans']:,} bans: p99", [figures["p99_ms"]], "ms",
               "p50", [figures["p50_ms"]], None, ("<=", 10, "ms"))
    report.row("    the slowest", [figures["max_ms"]], "ms")


# ---- listings, memory, start ----

def full_instance(rig, sizes):
    pair = Pair(rig, "full")
    many = sizes.many
    pair.configure(f"mode = enforce\nbans = {many * 2}\nsources = {many * 2}\nnetworks = {many * 2}",
                   f"[log mail]\nfile = {rig.path('empty.log')}\n[list bench]\naction = deny\n")
    with open(rig.path("empty.log"), "w", encoding="ascii"):
        pass
    pair.sekisho("load")
    pair.sekisho("import", "bench", rig.text([("listed", 4, many), ("listed", 6, many // 10)]))
    pair.sekisho("unload")
    run(FILL, "store", rig.path("full.state"), many, 0)
    return pair


def resident_kib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        found = dict(re.findall(r"^(VmRSS|VmHWM):\s+(\d+) kB", file.read(), re.M))
    return int(found["VmRSS"]), int(found["VmHWM"])


def daemon(rig, pair):
    """Starts `sekisho run` and waits until it is ready; its pid."""
    pidfile = rig.path("run.pid")
    began = time.monotonic()
    rig.start(["nsenter", f"--net=/run/netns/{pair.server}", "tests/lab/peer", "ready", rig.path("notify"), "60", pidfile,
               SEKISHO, "-c", pair.conf, "run"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=REPO).wait()
    if not os.path.exists(pidfile) or os.path.exists(pidfile + ".status"):
        raise Failed("sekisho run did not become ready")
    with open(pidfile, encoding="ascii") as file:
        return int(file.read()), time.monotonic() - began


def listings(rig, report, sizes):
    pair = full_instance(rig, sizes)
    many = sizes.many
    pid, ready = daemon(rig, pair)
    try:
        report.row(f"daemon ready, {many:,} bans in the store", [ready], "s", target=("<=", 1.5, "s") if many == 1000000 else None)
        run(FILL, "known", pair.pins, 25, many, 0)
        time.sleep(1)
        resident, most = resident_kib(pid)
        report.row(f"daemon's memory, {many:,} bans and all tables", [resident / 1024], "MiB", "at most", [most / 1024], None,
                   ("<=", 150, "MiB") if many == 1000000 else None)
        for arguments in (("bans",), ("bans", "--json"), ("stats",), ("stats", "--json"), ("stats", "--prometheus"),
                          ("status",), ("lists",), ("why", "12.34.56.78")):
            taken = [pair.timed(*arguments) for _ in range(sizes.rounds_short)]
            report.row(f"{' '.join(arguments)}: {many:,} bans, sources and networks", taken, "s")
        check(len(pair.sekisho("bans", "--json").splitlines()) == many, "bans --json does not list every ban")
        maps = json.loads(pair.sekisho("status", "--json")).get("memory") or {}
        report.raw["status"] = maps
    finally:
        quietly_end(pid, rig.path("run.pid.status"))
    pair.close()
    rig.pairs.remove(pair)


def quietly_end(pid, status):
    os.kill(pid, 15)
    for _ in range(100):
        if os.path.exists(status):
            return
        time.sleep(0.1)
    os.kill(pid, 9)


def part(rig, report, sizes):
    report.part = "work"
    os.makedirs(FOLDER, exist_ok=True)
    # What compares, and what has a short run of its own in the suite, is no part of a smoke run.
    for step in (listings,) if sizes.smoke else (imports, parsing, stories, latency, listings):
        try:
            step(rig, report, sizes)
        except Failed as failure: # the others are worth having all the same
            report.failed(f"{step.__name__}: {failure}")
