"""A root of its own in which the package is installed: this system as it is, with a layer above it that takes all changes.

Nothing outside changes: the layer lies in memory, in a mount namespace that ends with the room.
"""

import os
import shlex
import signal
import socket
import subprocess
import time
from pathlib import Path

from longshore import ROOT, clean_environment

MAKE_ROOM = """
set -e
mount -t tmpfs room "$1"
cd "$1"
mkdir changes work root
mount -t overlay room -o "lowerdir=/,upperdir=$1/changes,workdir=$1/work" root
mount -t proc proc root/proc
mount --rbind /sys root/sys
mount --rbind /dev root/dev
mount -t tmpfs run root/run
mount -t tmpfs tmp root/tmp
chmod 1777 root/tmp
echo ready
exec sleep infinity
"""

UNPACK = """
set -e
cat > /tmp/unpacked.deb
dpkg-deb --extract /tmp/unpacked.deb /tmp/unpacked
cp -a /tmp/unpacked/bin/. /usr/bin/
cp -a /tmp/unpacked/lib/. /usr/lib/
cp -a /tmp/unpacked/usr/. /usr/
"""


def package():
    """The package under test: the newest that `cargo xtask package` has made."""
    made = sorted((ROOT / "target/package").glob("*.deb"), key=lambda file: file.stat().st_mtime)
    return made[-1] if made else None


def udev():
    """The package of udev as `cargo xtask setup` has fetched it: it is unpacked in rooms, and installed nowhere."""
    return next((ROOT / "target/e2e/udev").glob("udev_*.deb"), None)


class Room:
    """The root, until it is closed."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.child = subprocess.Popen(
            ["unshare", "--mount", "--propagation", "private", "sh", "-c", MAKE_ROOM, "room", str(self.folder)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
        if self.child.stdout.readline() != "ready\n":
            raise OSError(self.child.stderr.read())

    def words(self, *words):
        """The words of a command in the room."""
        enter = ["nsenter", "--target", str(self.child.pid), "--mount", "--", "chroot", str(self.folder / "root")]
        return enter + [str(word) for word in words]

    def run(self, *words, check=0, **options):
        done = subprocess.run(
            self.words(*words), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
            env=clean_environment(PATH="/usr/sbin:/usr/bin:/sbin:/bin", HOME="/root", DEBIAN_FRONTEND="noninteractive"),
            **options)
        if check is not None:
            assert done.returncode == check, f"{words} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
        return done

    def read(self, path):
        return self.run("cat", path).stdout

    def write(self, path, text, mode="644", owner="root:root"):
        done = subprocess.run(self.words("sh", "-c", f"cat > {shlex.quote(str(path))}"), input=text, text=True, check=True)
        assert done.returncode == 0
        self.run("chmod", mode, path)
        self.run("chown", owner, path)

    def install(self, deb):
        with open(deb, "rb") as file:
            subprocess.run(self.words("sh", "-c", "cat > /tmp/longshore.deb"), stdin=file, check=True)
        return self.run("dpkg", "--install", "/tmp/longshore.deb")

    def unpack(self, deb):
        """Lays out the files of a package, and runs nothing of it. Links between the folders of the root stay."""
        with open(deb, "rb") as file:
            subprocess.run(self.words("sh", "-c", UNPACK), stdin=file, check=True)

    def close(self):
        os.killpg(self.child.pid, signal.SIGKILL)
        self.child.wait()
        self.child.stdout.close()
        self.child.stderr.close()


class Unit:
    """What a unit of systemd says."""

    def __init__(self, room, name):
        text = room.read(f"/usr/lib/systemd/system/{name}")
        pairs = [line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#")]
        self.said = {}
        for key, value in pairs:
            self.said.setdefault(key, []).append(value)

    def __getitem__(self, key):
        return self.said[key][-1]

    def command(self, **variables):
        """The words that it starts, with its variables put in."""
        text = self["ExecStart"]
        for name, value in variables.items():
            text = text.replace("${" + name + "}", value)
        assert "$" not in text, text
        return text.split()

    def as_user(self):
        """The words by which it becomes its user, with its rights and no more."""
        rights = [name.removeprefix("CAP_").lower() for name in self["CapabilityBoundingSet"].split()]
        listed = ",".join(f"+{right}" for right in rights)
        none_but = f"-all,{listed}" if rights else "-all"
        ambient = ["--ambient-caps", none_but] if rights else []
        return ["setpriv", "--reuid", self["User"], "--regid", self["Group"], "--clear-groups", "--no-new-privs",
                "--inh-caps", none_but, *ambient, "--bounding-set", none_but]


class Started:
    """A program that a unit names, started as systemd would, with us in its place at the other end of its socket."""

    def __init__(self, room, unit, *more, log, **variables):
        place = f"longshore-e2e-{os.getpid()}-{time.monotonic_ns()}"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("\0" + place)
        self.log = log
        told = clean_environment(NOTIFY_SOCKET="@" + place, WATCHDOG_USEC="1000000", PATH="/usr/bin:/bin:/usr/sbin:/sbin")
        words = [*unit.as_user(), *unit.command(**variables), *more]
        with open(log, "ab") as output:
            self.process = subprocess.Popen(
                room.words(*words), env=told, stdin=subprocess.DEVNULL, stdout=output, stderr=output)

    def hears(self, words, seconds=60):
        """Waits until it says something."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.socket.settimeout(1)
            try:
                message = self.socket.recv(4096).decode()
            except TimeoutError:
                assert self.process.poll() is None, self.log.read_text()
                continue
            if words in message.splitlines():
                return message
        raise AssertionError(f"`{words}` was not said:\n{self.log.read_text()}")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        message = self.hears("STOPPING=1")
        assert self.process.wait(60) == 0, self.log.read_text()
        return message

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.socket.close()
