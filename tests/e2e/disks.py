"""Disk images: made, mounted afresh as their owner's system would mount them, and read."""

import hashlib
import os
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

# What `mount` calls the file systems.
KINDS = {"EXT4": "ext4", "EXT3": "ext3", "EXT2": "ext2", "NTFS": "ntfs-3g", "FAT32": "vfat", "EXFAT": "exfat"}

MAKERS = {
    "EXT4": ["mkfs.ext4", "-q", "-F", "-m", "0"],
    "NTFS": ["mkfs.ntfs", "-Q", "-F", "-q"],
}

# What is in the root of a device and is no exported object.
NO_OBJECTS = ("SIGNATURE", "lost+found", "export-log-")


def system(*words, check=True):
    """Runs a program of the system, also one of those that only administrators have in their path."""
    path = os.environ.get("PATH", "/usr/bin:/bin") + ":/usr/sbin:/sbin"
    words = ["env", f"PATH={path}", "LC_ALL=C", *map(str, words)]
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", check=False)
    assert done.returncode == 0 or not check, f"{words} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
    return done


def blank(path, mebibytes):
    """An image of a device with nothing on it."""
    with open(path, "wb") as file:
        file.truncate(mebibytes << 20)
    return Path(path)


def formatted(path, mebibytes, file_system):
    """An image that its owner has formatted."""
    system(*MAKERS[file_system], blank(path, mebibytes))
    return Path(path)


@contextmanager
def mounted(image, file_system, access="ro"):
    """Mounts an image for a while; gives the folder."""
    with tempfile.TemporaryDirectory(prefix="longshore-e2e-mount-") as folder:
        system("mount", "-t", KINDS[file_system], "-o", f"{access},loop", image, folder)
        try:
            yield Path(folder)
        finally:
            system("umount", folder)


@contextmanager
def attached(image):
    """Makes a block device of an image for a while; gives its path."""
    device = system("losetup", "--find", "--show", image).stdout.strip()
    try:
        yield device
    finally:
        system("losetup", "--detach", device)


def is_sound(image, file_system):
    """The file system's own checker finds nothing to repair."""
    checkers = {"NTFS": ["ntfsfix", "--no-action"], "FAT32": ["fsck.vfat", "-n"], "EXFAT": ["fsck.exfat", "-n"]}
    checker = checkers.get(file_system, ["e2fsck", "-f", "-n"])
    return system(*checker, image, check=False).returncode == 0


def has_driver(file_system):
    """Whether the kernel of this machine can mount it."""
    kind = KINDS[file_system]
    known = Path("/proc/filesystems").read_text().split()
    return kind in known or system("modprobe", "--dry-run", "--quiet", f"fs-{kind}", check=False).returncode == 0


def identifier(image):
    """What tells a file system from others: formatting it again changes it."""
    return system("blkid", "-p", "-s", "UUID", "-o", "value", image, check=False).stdout.strip()


def mounts_of(image):
    """What is mounted, or attached, of an image."""
    return system("losetup", "--associated", image, check=False).stdout


def content(root):
    """All files below a folder with their size and MD5, and all folders; paths are relative to it."""
    root = os.fspath(root)
    files, folders = {}, set()
    for folder, names, entries in os.walk(root):
        if folder == root:
            names[:] = [name for name in names if not name.startswith(NO_OBJECTS)]
            entries = [name for name in entries if not name.startswith(NO_OBJECTS)]
        folders.update(os.path.relpath(os.path.join(folder, name), root) for name in names)
        for name in entries:
            path = os.path.join(folder, name)
            with open(path, "rb") as file:
                digest = hashlib.file_digest(file, "md5").hexdigest()
            files[os.path.relpath(path, root)] = (os.stat(path).st_size, digest)
    return files, folders
