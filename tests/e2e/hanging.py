"""A file system in user space with one file that hangs: what lies in a stretch of it is not given before somebody says so.

An image in it that is attached as a block device is a disk whose bridge hangs: whoever reads it waits in the kernel, and
neither a signal nor closing the device ends that. Speaks the protocol of the kernel itself (`linux/fuse.h`, 7.31), so that
no library is needed.

Run as a program it serves: `hanging.py MOUNT_POINT IMAGE FROM BYTES`, until it is ended; SIGUSR1 lets everything be read.
"""

import ctypes
import errno
import os
import signal
import stat
import struct
import sys
import threading
from pathlib import Path

from disks import system
from stores import Child

NAME = "hung.img"
ROOT, FILE = 1, 2


class Ask:
    """What the kernel asks for, of all that it may."""

    LOOKUP, FORGET, GETATTR, SETATTR, OPEN, READ, STATFS, RELEASE = 1, 2, 3, 4, 14, 15, 17, 18
    FLUSH, INIT, OPENDIR, READDIR, RELEASEDIR, INTERRUPT, BATCH_FORGET = 25, 26, 27, 28, 29, 36, 42


HEADER = struct.Struct("<IIQQIIII")
DIRECT_IO = 1
LARGEST = 1 << 20


class Served:
    """The file system of one image."""

    def __init__(self, mount_point, image, stretch):
        self.fd = os.open("/dev/fuse", os.O_RDWR)
        self.image = os.open(image, os.O_RDONLY)
        self.bytes = os.fstat(self.image).st_size
        self.stretch = stretch
        self.may_be_read = threading.Event()
        options = f"fd={self.fd},rootmode=40000,user_id=0,group_id=0,allow_other,max_read={LARGEST}"
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.mount(b"hanging", os.fsencode(mount_point), b"fuse", 6, options.encode()):
            raise OSError(ctypes.get_errno(), "could not mount", mount_point)

    def serve(self):
        while True:
            try:
                request = os.read(self.fd, LARGEST + 4096)
            except OSError as error:
                if error.errno == errno.ENODEV:  # Unmounted.
                    return
                if error.errno in (errno.ENOENT, errno.EINTR):  # The request was taken back.
                    continue
                raise
            # One that hangs keeps no other.
            threading.Thread(target=self.answer, args=(request,), daemon=True).start()

    def answer(self, request):
        _, opcode, unique, node, *_ = HEADER.unpack_from(request)
        if opcode in (Ask.FORGET, Ask.BATCH_FORGET, Ask.INTERRUPT):
            return
        try:
            body, error = self.body(opcode, node, request[HEADER.size:]), 0
        except OSError as failed:
            body, error = b"", failed.errno
        try:
            os.write(self.fd, struct.pack("<IiQ", 16 + len(body), -error, unique) + body)
        except OSError:
            pass  # Nobody waits for it any more.

    def body(self, opcode, node, given):
        match opcode:
            case Ask.INIT:
                return struct.pack("<IIIIHHIIHHI28x", 7, 31, LARGEST, 0, 64, 64, LARGEST, 1, 0, 0, 0)
            case Ask.LOOKUP:
                if node != ROOT or given.rstrip(b"\0") != NAME.encode():
                    raise OSError(errno.ENOENT, "no such file")
                return struct.pack("<QQQQII", FILE, 0, 3600, 3600, 0, 0) + self.attributes(FILE)
            case Ask.GETATTR | Ask.SETATTR:
                return struct.pack("<QII", 3600, 0, 0) + self.attributes(node)
            case Ask.OPEN | Ask.OPENDIR:
                return struct.pack("<QII", 1, DIRECT_IO if node == FILE else 0, 0)
            case Ask.READ:
                return self.read(*struct.unpack_from("<QQI", given)[1:])
            case Ask.STATFS:
                return struct.pack("<QQQQQIIII24x", self.bytes, 0, 0, 2, 0, 4096, 255, 4096, 0)
            case Ask.READDIR:
                return self.names(struct.unpack_from("<QQ", given)[1])
            case Ask.RELEASE | Ask.FLUSH | Ask.RELEASEDIR:
                return b""
        raise OSError(errno.ENOSYS, "not known")

    @staticmethod
    def names(offset):
        """What is listed from a place on: the one file."""
        name = NAME.encode()
        return b"" if offset else struct.pack("<QQII", FILE, 1, len(name), stat.S_IFREG >> 12) + name.ljust(-(-len(name) // 8) * 8, b"\0")

    def read(self, offset, size):
        if offset < self.stretch.stop and self.stretch.start < offset + size:
            self.may_be_read.wait()
        return os.pread(self.image, size, offset)

    def attributes(self, node):
        mode = stat.S_IFREG | 0o644 if node == FILE else stat.S_IFDIR | 0o755
        size = self.bytes if node == FILE else 0
        return struct.pack("<QQQQQQIIIIIIIIII", node, size, -(-size // 512), 0, 0, 0, 0, 0, 0, mode, 1, 0, 0, 0, 4096, 0)


class Hanging:
    """An image that hangs, as `hung.img` in a folder, for tests."""

    def __init__(self, folder, image, stretch):
        self.folder = Path(folder)
        self.path = self.folder / NAME
        command = [sys.executable, __file__, self.folder, image, stretch.start, len(stretch)]
        self.child = Child("hanging", Path(image).parent, command)
        self.child.wait_until(self.path.is_file, 20)

    def release(self):
        """Lets everything be read that waits, and all that comes."""
        self.child.process.send_signal(signal.SIGUSR1)

    def close(self):
        system("umount", "--lazy", self.folder, check=False)
        self.child.stop()


def main():
    start = int(sys.argv[3])
    served = Served(sys.argv[1], sys.argv[2], range(start, start + int(sys.argv[4])))
    signal.signal(signal.SIGUSR1, lambda *_: served.may_be_read.set())
    # Signals are heard between two requests: whoever serves must not keep the first thread.
    serving = threading.Thread(target=served.serve, daemon=True)
    serving.start()
    while serving.is_alive():
        serving.join(0.2)


if __name__ == "__main__":
    main()
