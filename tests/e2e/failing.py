"""A real block device some of which cannot be read: a loop device over a file whose program in user space answers with errors."""

import subprocess
from contextlib import contextmanager

from disks import system
from longshore import wait_for

# What a device cannot read is told in whole pages: what the kernel caches of a loop device.
PAGE = 4096


@contextmanager
def failing(path, content, bad):
    """A file at `path` that holds what `content` does and cannot read the `bad` ranges of it; attached as long as this
    lives, read only."""
    mapped, at = content.with_suffix(".map"), 0
    size = content.stat().st_size
    lines = ["0x0 + 1"]
    for start, length in [*sorted(bad), (size, 0)]:
        lines += [f"{at:#x} {start - at:#x} +"] if start > at else []
        lines += [f"{start:#x} {length:#x} -"] if length else []
        at = start + length
    mapped.write_text("\n".join(lines) + "\n")
    path.touch()
    words = ["nbdfuse", "-r", path, "[", "nbdkit", "--exit-with-parent", "--filter=ddrescue", "file", content,
             f"ddrescue-mapfile={mapped}", "]"]
    program = subprocess.Popen(words, stderr=subprocess.DEVNULL)
    device = None
    try:
        wait_for(lambda: path.stat().st_size == size, 20, "the program answers for the file")
        device = system("losetup", "--read-only", "--find", "--show", path).stdout.strip()
        yield device
    finally:
        if device:
            system("losetup", "--detach", device, check=False)
        # The loop device lets go of its file a moment later.
        wait_for(lambda: system("umount", path, check=False).returncode == 0, 20, "the file is let go")
        program.wait(20)


def pages_of(content, mark, count):
    """Places of pages in an image that have some of `mark` alone, some apart from each other, as ranges."""
    whole, places = content.read_bytes(), []
    for number in range(1, 2 * count, 2):
        offset = number * len(mark) // (2 * count)
        # Blocks of a small file system are smaller than a page, and lie in a row.
        at = whole.find(mark[offset : offset + 2 * PAGE])
        assert at >= 0, f"byte {offset} of the file lies nowhere"
        places.append((-(-at // PAGE) * PAGE, PAGE))
    return places
