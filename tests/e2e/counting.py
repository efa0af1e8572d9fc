"""A proxy before a server that counts what is put through it."""

import bisect
import collections
import functools
import re
import socket
import threading
import time

HEAD = re.compile(rb"^[A-Z]+ \S+ HTTP/1\.1\r\n")
PUT = re.compile(rb"^PUT (\S+) HTTP/1\.1\r\n")


class CountingProxy:
    """Passes connections on to the first of `targets` that takes one, and counts how often each path was put.

    A client writes the head of a request at the beginning of a segment of its own; what the body holds
    is not looked at otherwise. `sent` has the bytes that came from each address, `asked` when each request came, `came` when how many bytes did. More `targets` may be added for those who
    connect from then on.
    """

    def __init__(self, target, host="127.0.0.1"):
        self.targets = [target]
        self.puts = collections.Counter()
        self.sent = collections.Counter()
        self.asked = []
        self.came = []
        self.listener = socket.create_server((host, 0))
        self.endpoint = f"http://{host}:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()

    def _accept(self):
        while True:
            try:
                client, (address, _) = self.listener.accept()
            except OSError:
                return
            store = self._connect()
            if store is None:
                # Nobody is there: whoever connected is told by the end of the connection.
                client.close()
                continue
            count = functools.partial(self._count, address)
            for pair in ((client, store, count), (store, client, None)):
                threading.Thread(target=self._pass_on, args=pair, daemon=True).start()

    def _connect(self):
        for target in self.targets:
            try:
                return socket.create_connection(target)
            except OSError:
                continue
        return None

    def _count(self, address, segment):
        self.sent[address] += len(segment)
        self.came.append((time.monotonic(), len(segment)))
        if HEAD.match(segment):
            self.asked.append(time.monotonic())
        found = PUT.match(segment)
        if found:
            self.puts[found[1].decode()] += 1

    @staticmethod
    def _pass_on(source, sink, look):
        try:
            while segment := source.recv(1 << 18):
                if look:
                    look(segment)
                sink.sendall(segment)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            end.close()

    def most_within(self, seconds):
        """The most requests that came in any span of so many seconds."""
        return most_within(self.asked, seconds)

    def again(self, what):
        """How many puts there were of paths put before, of those that `what` is true for."""
        return sum(count - 1 for path, count in self.puts.items() if what(path))


def most_within(times, seconds):
    """The most of these that are within any span of so many seconds."""
    times = sorted(times)
    return max((bisect.bisect_left(times, at + seconds) - first for first, at in enumerate(times)), default=0)
