# SPDX-License-Identifier: GPL-2.0-or-later
"""Where the benchmarks run: network namespaces joined by a veth pair each, with one contender on
the server's end, and everything ended and removed when the program leaves. Not here: what is
measured, and against what."""

import atexit
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

REPO = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(REPO, "build")
SEKISHO = os.environ.get("SEKISHO", os.path.join(BUILD, "sekisho"))
FLOOD = os.path.join(BUILD, "tests/flood/flood")
FILL = os.path.join(BUILD, "tests/bench/fill")
PROGRAMS = os.path.join(BUILD, "tests/bench/cost.bpf.o")
BPFFS = "/sys/fs/bpf"
SERVER4, CLIENT4 = "192.0.2.1", "192.0.2.254"
SERVER6, CLIENT6 = "2001:db8:25::1", "2001:db8:25::fe"
SERVER_MAC, CLIENT_MAC = "02:00:00:00:00:01", "02:00:00:00:00:fe"
GENERATOR_CPU = os.cpu_count() - 1
ID = f"sekisho-bench-{os.getpid()}"


FIRST = "22 November" # what the release of that day is called beside this tree's


def first_build():
    """The folder of that release's programs, built out of the history."""
    return run(os.path.join(REPO, "tests/upgrade/first-release"), "build/tests/bench/cost",
               "build/tests/bench/fill").strip() + "/build"


class Failed(Exception):
    """Something that must work did not, or the two sides did not do the same work."""


def run(*command, **options):
    """The command's standard output; Failed with its words when it fails."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, **options)
    if done.returncode:
        said = (done.stderr or done.stdout).strip()[-600:]
        raise Failed(f"{' '.join(map(str, command))[:200]}: exit status {done.returncode}: {said}")
    return done.stdout


def quietly(*command):
    subprocess.run([str(word) for word in command], capture_output=True, check=False)


def check(true, claim):
    """What both sides of a comparison must have in common."""
    if not true:
        raise Failed("not the same work: " + claim)


class Rig:
    """Everything that one run makes, so that it can be unmade."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="sekisho-bench-")
        self.pairs = []
        self.children = []
        self.programs = f"{BPFFS}/{ID}"
        if not os.path.ismount(BPFFS):
            run("mount", "-t", "bpf", "bpf", BPFFS)
        atexit.register(self.close)
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: sys.exit(1))

    def path(self, name):
        return os.path.join(self.folder, name)

    def addresses(self, region, family, count):
        """A file of `count` addresses of a region, for the flood."""
        path = self.path(f"{region}{family}-{count}")
        if not os.path.exists(path):
            with open(path, "wb") as file:
                subprocess.run([FILL, "binary", region, str(family), str(count)], stdout=file, check=True)
        return path

    def text(self, regions):
        """A file of prefixes, one a line: [(region, family, count), ...]."""
        path = self.path("-".join(f"{r}{f}x{c}" for r, f, c in regions) + ".txt")
        if not os.path.exists(path):
            with open(path, "w", encoding="ascii") as file:
                for region, family, count in regions:
                    subprocess.run([FILL, "text", region, str(family), str(count)], stdout=file, check=True)
        return path

    def pinned(self, program):
        if not os.path.exists(self.programs):
            run("bpftool", "prog", "loadall", PROGRAMS, self.programs)
        return f"{self.programs}/{program}"

    def start(self, command, **options):
        options.setdefault("stdin", subprocess.DEVNULL)
        child = subprocess.Popen([str(word) for word in command], **options)
        self.children.append(child)
        return child

    def close(self):
        for child in self.children:
            if child.poll() is None:
                child.kill()
                child.wait()
        for pair in self.pairs:
            pair.close()
        self.pairs = []
        shutil.rmtree(self.programs, ignore_errors=True)
        shutil.rmtree(self.folder, ignore_errors=True)


class Pair:
    """A server's and a client's namespace; in0 is the server's device, out0 the client's."""

    def __init__(self, rig, name, build=None):
        self.rig, self.name = rig, name
        self.sekisho_path, self.fill = (f"{build}/sekisho", f"{build}/tests/bench/fill") if build else (SEKISHO, FILL)
        self.server, self.client = f"{ID}-{name}-s", f"{ID}-{name}-c"
        self.pins, self.cgroup = f"{BPFFS}/{ID}-{name}", None
        self.conf = rig.path(name + ".conf")
        self.xdp_filter = False
        self.receivers = set() # the kernel's threads, once receive_on() made them
        rig.pairs.append(self)
        for namespace in (self.server, self.client):
            run("ip", "netns", "add", namespace)
        run("ip", "link", "add", "in0", "address", SERVER_MAC, "netns", self.server, "type", "veth",
            "peer", "name", "out0", "address", CLIENT_MAC, "netns", self.client)
        for namespace in (self.server, self.client):
            run("ip", "netns", "exec", namespace, "sysctl", "-qw", "net.ipv4.conf.all.rp_filter=0",
                "net.ipv4.conf.default.rp_filter=0", "net.ipv6.conf.all.accept_ra=0",
                "net.ipv4.ip_forward=0", "net.ipv6.conf.all.forwarding=0")
            run("ip", "-n", namespace, "link", "set", "lo", "up")
        for namespace, device, here, here6, there, there6, mac in (
                (self.server, "in0", SERVER4, SERVER6, CLIENT4, CLIENT6, CLIENT_MAC),
                (self.client, "out0", CLIENT4, CLIENT6, SERVER4, SERVER6, SERVER_MAC)):
            run("ip", "-n", namespace, "address", "add", here + "/24", "dev", device)
            run("ip", "-n", namespace, "address", "add", here6 + "/64", "dev", device, "nodad")
            run("ip", "-n", namespace, "link", "set", device, "up")
            run("ip", "-n", namespace, "neigh", "add", there, "lladdr", mac, "dev", device)
            run("ip", "-n", namespace, "neigh", "add", there6, "lladdr", mac, "dev", device)
        run("ip", "-n", self.server, "route", "add", "default", "via", CLIENT4, "dev", "in0")
        run("ip", "-n", self.server, "-6", "route", "add", "default", "via", CLIENT6, "dev", "in0")

    # nsenter and not `ip netns exec`, which would hide bpffs behind a new /sys.
    def inside(self, *command, **options):
        return run("nsenter", f"--net=/run/netns/{self.server}", *command, **options)

    def outside(self, *command, **options):
        return run("nsenter", f"--net=/run/netns/{self.client}", *command, **options)

    # ---- contenders ----

    def take_frames(self):
        """Without an XDP program a veth takes XDP frames only when it does GRO."""
        self.inside("ethtool", "-K", "in0", "gro", "on")

    def only_drop(self, hook, program="drop_xdp"):
        if hook == "xdp":
            self.inside("bpftool", "net", "attach", "xdpdrv", "pinned", self.rig.pinned(program), "dev", "in0")
        else:
            self.take_frames()
            self.drop_behind(1)

    def drop_behind(self, preference=60000):
        """What the contender lets pass goes no further: the stack is not what is measured."""
        quietly("nsenter", f"--net=/run/netns/{self.server}", "tc", "qdisc", "add", "dev", "in0", "clsact")
        self.inside("tc", "filter", "add", "dev", "in0", "ingress", "pref", preference, "bpf",
                    "direct-action", "object-pinned", self.rig.pinned("drop_tc"))

    def configure(self, gate="", sections="", countries=True):
        mounts = [line.split() for line in open("/proc/mounts", encoding="utf-8")]
        group = [words[1] for words in mounts if words[2] == "cgroup2"]
        if group and not self.cgroup:
            self.cgroup = f"{group[0]}/{ID}-{self.name}"
            os.mkdir(self.cgroup)
        with open(self.conf, "w", encoding="utf-8") as file:
            file.write(f"""[paths]
state = {self.rig.path(self.name + '.state')}
pins = {self.pins}
runtime = {self.rig.path(self.name + '.run')}
[gate]
interface = in0
{f'cgroup = {self.cgroup}' if self.cgroup else ''}
{gate}
[country]
files = {' '.join(country_files()) if countries else '/dev/null'}
{sections}
""")

    def sekisho(self, *arguments, **options):
        return self.inside(self.sekisho_path, "-c", self.conf, *arguments, **options)

    def timed(self, *arguments):
        """Seconds that a command of sekisho's takes, its output left out."""
        began = time.monotonic()
        self.sekisho(*arguments)
        return time.monotonic() - began

    def counts(self):
        return json.loads(run(self.fill, "count", self.pins))

    def receive_on(self, cpu):
        """From now on a thread of the kernel's on that CPU receives, whoever sends, and before any
        program there: as for a network card, and what it has no time for is lost."""
        before = threads_of("in0")
        run("ip", "netns", "exec", self.server, "sh", "-c", "echo 1 >/sys/class/net/in0/threaded")
        self.receivers = threads_of("in0") - before
        for thread in self.receivers:
            run("taskset", "-p", "-c", cpu, thread)
            run("chrt", "-f", "-p", "1", thread)

    # ---- the flood ----

    def device_counts(self):
        """What came over the wire, as both devices count it."""
        counts = {}
        for text in (self.inside("ethtool", "-S", "in0"), self.outside("ethtool", "-S", "out0")):
            for name, value in re.findall(r"^\s*(\S+): (\d+)$", text, re.M):
                if int(value):
                    counts[name] = counts.get(name, 0) + int(value)
        return counts

    def flood(self, port, count, family=4, *options):
        """Nanoseconds of one CPU for each packet sent and received. The generator runs in real time,
        so that nothing but interrupts comes between."""
        server = SERVER6 if family == 6 else SERVER4
        said = self.outside("chrt", "-f", "1", "taskset", "-c", GENERATOR_CPU, FLOOD, "out0", SERVER_MAC,
                            server, port, count, f"portion={count}", *options)
        words = said.split()
        check(int(words[1]) == count, f"{words[1]} packets sent instead of {count}")
        return float(words[7]) / count * 1e9

    def close(self):
        if os.path.exists(self.conf):
            quietly("nsenter", f"--net=/run/netns/{self.server}", self.sekisho_path, "-c", self.conf, "unload")
        if self.xdp_filter:
            quietly("nsenter", f"--net=/run/netns/{self.server}", "xdp-filter", "unload", "in0")
        shutil.rmtree(self.pins, ignore_errors=True)
        for namespace in (self.server, self.client):
            quietly("ip", "netns", "del", namespace)
        if self.cgroup:
            for _ in range(50):
                try:
                    os.rmdir(self.cgroup)
                    break
                except FileNotFoundError:
                    break
                except OSError:
                    time.sleep(0.1)


def threads_of(device):
    """The kernel's threads that receive for devices of that name."""
    found = set()
    for entry in os.listdir("/proc"):
        try:
            with open(f"/proc/{entry}/comm", encoding="utf-8") as file:
                if file.read().startswith(f"napi/{device}-"):
                    found.add(entry)
        except OSError:
            continue
    return found


def country_files():
    for folder in ("/usr/share/tor", os.path.join(BUILD, "geoip/usr/share/tor")):
        if os.path.exists(f"{folder}/geoip"):
            return [f"{folder}/geoip", f"{folder}/geoip6"]
    raise Failed("no country data; the package tor-geoipdb has it")
