"""A room of hosts: each in a network namespace of its own, on a bridge to where servers and stores are.

A host is lost by pulling its cable and killing what runs on it. A way is cut by giving the other end a hardware address
that nobody has, so that what is sent is lost and nobody hears why.
"""

import ipaddress
import os
import shutil
import signal
import uuid
from contextlib import ExitStack, contextmanager

import pytest
from disks import system
from longshore import clean_environment
from stores import Child

# Where tests may not be left out for want of something.
EVERY_TOOL = "LONGSHORE_EVERY_TOOL"

# A hardware address of the kind that anybody may give, and nobody has.
NOBODY = "02:00:00:00:00:01"


def needed():
    """Leaves a test out where there can be no namespaces; that is a failure where every test is to run."""
    if os.geteuid() != 0:
        pytest.skip("only an administrator makes network namespaces")
    why = None
    places = os.environ.get("PATH", "/usr/bin:/bin") + ":/usr/sbin:/sbin"
    if not all(shutil.which(tool, path=places) for tool in ("ip", "tc")):
        why = "the programs `ip` and `tc` are not there: run `cargo xtask setup`"
    else:
        name = f"ls-{uuid.uuid4().hex[:8]}"
        made = system("ip", "netns", "add", name, check=False)
        if made.returncode:
            why = f"no network namespace can be made here: {made.stderr.strip()}"
        else:
            system("ip", "netns", "del", name)
    if why and os.environ.get(EVERY_TOOL):
        pytest.fail(why)
    if why:
        pytest.skip(why)


class Host:
    """A host in a room, with a program that runs on it."""

    def __init__(self, room, name, address):
        self.room, self.name, self.address = room, name, address
        self.space = f"{room.bridge}-{name}"
        # At most 15 characters, as the kernel takes it.
        self.link = f"{room.bridge}{name}"
        self.is_there = True
        self.child = None
        system("ip", "netns", "add", self.space)
        system("ip", "link", "add", self.link, "type", "veth", "peer", "name", "up0", "netns", self.space)
        system("ip", "link", "set", self.link, "master", room.bridge, "up")
        for words in (["addr", "add", f"{address}/24", "dev", "up0"], ["link", "set", "up0", "up"], ["link", "set", "lo", "up"]):
            self.inside("ip", *words)

    def inside(self, *words):
        return system("ip", "netns", "exec", self.space, *words)

    def limit(self, rate):
        """Lets it send no more than `rate`, as `80mbit`."""
        self.inside("tc", "qdisc", "replace", "dev", "up0", "root", "tbf", "rate", rate, "burst", "64kb", "latency", "200ms")

    def cut_from(self, address):
        """Lets nothing that it sends come to an address."""
        self.inside("ip", "neigh", "replace", address, "lladdr", NOBODY, "dev", "up0", "nud", "permanent")

    def reaches(self, address):
        """Ends `cut_from`."""
        self.inside("ip", "neigh", "del", address, "dev", "up0")

    def run(self, folder, *command, **environment):
        """Runs a program on it."""
        command = ["ip", "netns", "exec", self.space, *command]
        self.child = Child(self.name, folder, command, env=clean_environment(**environment))
        return self.child

    def told(self, *words):
        """Whether a line that its program wrote has all these words."""
        lines = self.child.log.read_text(errors="replace").splitlines()
        return any(all(word in line for word in words) for line in lines)

    def lose(self):
        """Takes it away for good, in the middle of whatever it does: nobody hears a word of it any more."""
        if not self.is_there:
            return
        self.is_there = False
        system("ip", "link", "del", self.link, check=False)
        if self.child and self.child.process.poll() is None:
            # `ip netns exec` becomes the program, so that this is it.
            self.child.process.send_signal(signal.SIGKILL)
            self.child.process.wait()
        system("ip", "netns", "del", self.space, check=False)


class Room:
    """A bridge, on this side of which servers and stores have an address each."""

    def __init__(self):
        self.bridge = f"ls{uuid.uuid4().hex[:6]}"
        # One of many small networks for tests (RFC 2544), so that rooms beside each other do not meet.
        second, third = divmod(int(self.bridge[2:], 16) % 512, 256)
        self.addresses = ipaddress.ip_network(f"198.{18 + second}.{third}.0/24").hosts()
        system("ip", "link", "add", self.bridge, "type", "bridge")
        self.servers, self.stores = str(next(self.addresses)), str(next(self.addresses))
        for address in (self.servers, self.stores):
            system("ip", "addr", "add", f"{address}/24", "dev", self.bridge)
        system("ip", "link", "set", self.bridge, "up")

    def host(self, name):
        return Host(self, name, str(next(self.addresses)))

    def close(self):
        system("ip", "link", "del", self.bridge, check=False)


@contextmanager
def room():
    """A room for a while, and a function that puts hosts into it."""
    needed()
    with ExitStack() as put_away:
        made = Room()
        put_away.callback(made.close)

        def host(name):
            new = made.host(name)
            put_away.callback(new.lose)
            return new

        yield made, host
