# SPDX-License-Identifier: GPL-2.0-or-later
"""A server in a root and a network of its own, and its clients in another network beside it."""
import contextlib
import json
import os
import pathlib
import shlex
import shutil
import socket
import subprocess
import sys
import threading
import time

import scenarios

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
SERVER4, SERVER6 = "192.0.2.1", "2001:db8:25::1"
FACILITY_MAIL = 2


class Fault(Exception):
    """What could not be set up, and why."""


def run(*command, check=True):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if check and done.returncode:
        raise Fault(f"{shlex.join(command)}: {done.stderr.strip()[-800:]}")
    return done


class Syslog(threading.Thread):
    """/dev/log of a root: writes what a syslogd of Debian would write to mail.log (control bytes escaped
    as #ooo, RFC 3164 stamps)."""

    def __init__(self, path, output):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        os.chmod(path, 0o666)
        self.output = output

    def run(self):
        while True:
            data = self.socket.recv(65536)
            text = data
            if text[:1] == b"<" and b">" in text[:6]:
                text = text[text.index(b">") + 1:]
            # Programs stamp in RFC 3164; rsyslog writes the host in between.
            stamp, rest = text[:15], text[16:]
            if not (len(text) > 16 and text[3:4] == b" " and text[9:10] == b":"):
                stamp, rest = time.strftime("%b %e %H:%M:%S").encode(), text
            rest = rest.rstrip(b"\n\0")
            safe = b"".join(bytes((b,)) if b >= 32 and b != 127 else b"#%03o" % b for b in rest)
            with open(self.output, "ab") as file:
                file.write(stamp + b" mx " + safe[:8096] + b"\n")


@contextlib.contextmanager
def networks(name):
    """Two namespaces joined by a veth pair; the client's answers for every source."""
    server, client = f"{name}-s", f"{name}-c"
    try:
        for space in (server, client):
            run("ip", "netns", "add", space)
            run("ip", "-n", space, "link", "set", "lo", "up")
        run("ip", "link", "add", "mx0", "netns", server, "type", "veth", "peer", "name", "out0", "netns", client)
        for space, device, v4, v6 in ((server, "mx0", SERVER4, SERVER6), (client, "out0", "192.0.2.2", "2001:db8:25::2")):
            run("ip", "-n", space, "addr", "add", f"{v4}/24", "dev", device)
            run("ip", "-n", space, "addr", "add", f"{v6}/64", "dev", device, "nodad")
            run("ip", "-n", space, "link", "set", device, "up")
        run("ip", "-n", server, "route", "add", "198.18.0.0/15", "via", "192.0.2.2")
        run("ip", "-n", server, "route", "add", "2001:db8:bad::/48", "via", "2001:db8:25::2")
        run("ip", "-n", client, "route", "add", "local", "198.18.0.0/15", "dev", "lo")
        run("ip", "-n", client, "route", "add", "local", "2001:db8:bad::/48", "dev", "lo")
        run("ip", "netns", "exec", client, "sysctl", "-q", "net.ipv6.ip_nonlocal_bind=1")
        yield server, client
    finally:
        for space in (server, client):
            run("ip", "netns", "del", space, check=False)


@contextlib.contextmanager
def root_of(server, scratch):
    """The server's Debian with a writable layer that is thrown away."""
    done = subprocess.run([TOP / "tests/real/root", server.suite, server.root, *server.packages], stdout=subprocess.PIPE,
                          text=True, check=False)
    if done.returncode:
        raise Fault("its root could not be made")
    for part in ("root", "upper", "work"):
        (scratch / part).mkdir(parents=True)
    root = scratch / "root"
    run("mount", "-t", "overlay", "overlay", "-o",
        f"lowerdir={done.stdout.strip()},upperdir={scratch}/upper,workdir={scratch}/work", str(root))
    try:
        run("mount", "-t", "tmpfs", "-o", "mode=755", "dev", str(root / "dev"))
        for node, major, minor in (("null", 1, 3), ("zero", 1, 5), ("full", 1, 7), ("random", 1, 8), ("urandom", 1, 9),
                                   ("tty", 5, 0)):
            run("mknod", "-m", "666", str(root / "dev" / node), "c", str(major), str(minor))
        run("ln", "-s", "/proc/self/fd", str(root / "dev/fd"))
        (root / "dev/shm").mkdir()
        (root / "dev/shm").chmod(0o1777)
        run("mount", "-t", "tmpfs", "-o", "mode=755", "run", str(root / "run"))
        (root / "run/lock").mkdir()
        (root / "etc/hosts").write_text("127.0.0.1 localhost\n192.0.2.1 mx.example.net mx\n", encoding="ascii")
        (root / "etc/resolv.conf").write_text("", encoding="ascii")
        (root / "etc/hostname").write_text("mx\n", encoding="ascii")
        (root / "etc/mailname").write_text("mx.example.net\n", encoding="ascii")
        for path, text in server.files().items():
            file = root / path.lstrip("/")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        yield root
    finally:
        run("umount", "-R", "-l", str(root), check=False)


def wait_for_port(space, port, process, seconds):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None and process.returncode:
            return False
        listening = run("ip", "netns", "exec", space, "ss", "-Hltn", f"sport = :{port}").stdout
        if listening.strip():
            return True
        time.sleep(0.3)
    return False


def provoke(server, name, texts, rounds, output):
    """Runs all scenarios; leaves NAME.log, NAME.truth with one JSON object a client, and NAME.server."""
    log, truth = output / f"{name}.log", output / f"{name}.truth"
    scratch = TOP / "build/real" / f"run-{os.getpid()}"
    log.unlink(missing_ok=True)
    try:
        with networks(f"sr{os.getpid()}") as (space, outside), root_of(server, scratch) as root:
            version = run("chroot", str(root), "dpkg-query", "-W", "-f", "${Version}", server.packages[0]).stdout
            (output / f"{name}.server").write_text(json.dumps(
                {"server": server.name, "version": version, "suite": server.suite, "variant": server.variant}) + "\n")
            syslog = Syslog(root / "dev/log", log)
            syslog.start()
            log.touch()
            script = ("hostname mx; mount -t proc proc /proc; " + server.start() + "\nexec sleep infinity")
            said = open(output / f"{name}.start", "wb")
            # Its own process namespace: all that it started ends with it.
            process = subprocess.Popen(
                ["nsenter", f"--net=/run/netns/{space}", "unshare", "--uts", "--mount", "--pid", "--fork",
                 "--kill-child", "chroot", str(root), "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C",
                 "HOME=/root", "sh", "-c", script],
                stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT)
            try:
                if not wait_for_port(space, server.ready, process, 90):
                    tail = (output / f"{name}.start").read_text(errors="replace")[-600:]
                    raise Fault(f"does not listen on port {server.ready}; it said: {tail}")
                time.sleep(1)
                done = subprocess.run(
                    ["nsenter", f"--net=/run/netns/{outside}", sys.executable, __file__, json.dumps(
                        {"services": server.services, "tls": server.tls, "seed": texts.seed, "rounds": rounds})],
                    stdout=open(truth, "wb"), check=False)
                if done.returncode:
                    raise Fault("its clients failed")
                time.sleep(3)  # what a server holds back for a moment
                if server.log:
                    shutil.copyfile(root / server.log.lstrip("/"), log)
            finally:
                process.kill()
                process.wait()
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def clients():
    """In the clients' network: prints the truth."""
    import hostile  # pylint: disable=import-outside-toplevel

    what = json.loads(sys.argv[1])
    client = scenarios.Client((SERVER4, SERVER6), hostile.Texts(what["seed"]), tuple(what["tls"]))
    scenarios.ordinary(client, what["services"])
    scenarios.hostile(client, what["services"], what["rounds"])
    for did in client.truth:
        print(json.dumps(did))


if __name__ == "__main__":
    clients()
