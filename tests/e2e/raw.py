"""Disks as they are shipped: file systems that the tools of the trade fill, in partitions of a table.

Where the tools fill a file system only while it is mounted, that takes an administrator.
"""

import hashlib
import os
import shutil
import struct
import tempfile
import uuid
import zlib
from pathlib import Path

from disks import attached, blank, system

SECTOR = 512
MEBIBYTE = 1 << 20

# Types of partitions as a GPT names them, and as an MBR does.
DATA = ("EBD0A0A2-B9E5-4433-87C0-68B6B72699C7", 0x07)
LINUX = ("0FC63DAF-8483-4772-8E79-3D69D8477DE4", 0x83)
EFI = ("C12A7328-F81F-11D2-BA4B-00A0C93EC93B", 0xEF)
SWAP = ("0657FD6D-A4AB-43C4-84E5-0933C84B4F4F", 0x82)

# What the lines of a report call no file of the device.
SMALLEST = {"EXT4": 8, "NTFS": 8, "EXFAT": 8, "FAT32": 40}


def needs_root(file_system):
    """Whether only an administrator can fill it: his tools mount it."""
    return file_system in ("NTFS", "EXFAT")


def file_system(path, kind, folder, mebibytes=None, label="DISK"):
    """An image of a file system that holds what a folder holds."""
    path = blank(path, mebibytes or SMALLEST[kind])
    {"EXT4": _ext4, "NTFS": _ntfs, "EXFAT": _exfat, "FAT32": _fat32}[kind](path, folder, label)
    return path


def _ext4(path, folder, label):
    system("mkfs.ext4", "-q", "-F", "-m", "0", "-L", label, "-d", folder, path)


def _fat32(path, folder, label):
    system("mkfs.vfat", "-F", "32", "-s", "1", "-n", label, path)
    for entry in sorted(Path(folder).iterdir()):
        system("env", "MTOOLS_SKIP_CHECK=1", "TZ=UTC", "LC_ALL=C.UTF-8", "mcopy", "-s", "-m", "-i", path, entry, "::")


def _ntfs(path, folder, label):
    system("mkntfs", "-q", "-F", "-Q", "-L", label, path)
    _fill_mounted(["ntfs-3g"], path, folder)


def _exfat(path, folder, label):
    system("mkfs.exfat", "-L", label, path)
    with attached(path) as device:
        _fill_mounted(["mount.exfat-fuse"], device, folder)


def _fill_mounted(mount, device, folder):
    with tempfile.TemporaryDirectory(prefix="longshore-e2e-fill-") as at:
        system(*mount, device, at)
        try:
            shutil.copytree(folder, at, dirs_exist_ok=True)
        finally:
            system("umount", at)


def disk(path, table, partitions):
    """A disk with partitions one after the other: `(type, image or MiB)` each. Gives where they begin, in bytes."""
    sizes = [part * MEBIBYTE if isinstance(part, int) else os.path.getsize(part) for _, part in partitions]
    starts, at = [], MEBIBYTE
    for size in sizes:
        starts.append(at)
        at += -(-size // MEBIBYTE) * MEBIBYTE
    with open(path, "wb") as file:
        file.truncate(at + MEBIBYTE)
    for start, (_, part) in zip(starts, partitions):
        if not isinstance(part, int):
            system("dd", f"if={part}", f"of={path}", "bs=1M", f"seek={start // MEBIBYTE}", "conv=notrunc,sparse")
    kinds = [kind for kind, _ in partitions]
    {"gpt": _write_gpt, "mbr": _write_mbr}[table](path, kinds, starts, sizes)
    return starts


def _mbr(entries):
    table = b"".join(
        struct.pack("<B3sB3sII", 0, b"\xfe\xff\xff", kind, b"\xfe\xff\xff", first, count) for kind, first, count in entries)
    return bytes(446) + table.ljust(64, b"\0") + b"\x55\xaa"


def _write_mbr(path, kinds, starts, sizes):
    entries = [(kind[1], start // SECTOR, size // SECTOR) for kind, start, size in zip(kinds, starts, sizes)]
    with open(path, "r+b") as file:
        file.write(_mbr(entries))


def _write_gpt(path, kinds, starts, sizes):
    last = os.path.getsize(path) // SECTOR - 1
    entries = b"".join(
        uuid.UUID(kind[0]).bytes_le + uuid.uuid4().bytes_le
        + struct.pack("<QQQ", start // SECTOR, (start + size) // SECTOR - 1, 0) + bytes(72)
        for kind, start, size in zip(kinds, starts, sizes)).ljust(128 * 128, b"\0")
    own = uuid.uuid4().bytes_le

    def header(at, other, table):
        fields = struct.pack(
            "<8sIIIIQQQQ16sQIII", b"EFI PART", 0x10000, 92, 0, 0, at, other, 34, last - 33, own, table, 128, 128,
            zlib.crc32(entries))
        return fields[:16] + struct.pack("<I", zlib.crc32(fields)) + fields[20:]

    with open(path, "r+b") as file:
        file.write(_mbr([(0xEE, 1, min(last, 0xFFFFFFFF))]))
        file.write(header(1, last, 2).ljust(SECTOR, b"\0") + entries)
        file.seek((last - 32) * SECTOR)
        file.write(entries + header(last, 1, last - 32).ljust(SECTOR, b"\0"))


def digest(path):
    """The SHA-256 of an image: that nothing has written to it."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def swap(path, mebibytes=4):
    """A partition that is swapped to."""
    system("mkswap", blank(path, mebibytes))
    return Path(path)


def luks(path, mebibytes=8):
    """What begins as an encrypted volume does, version 1."""
    blank(path, mebibytes)
    with open(path, "r+b") as file:
        file.write(b"LUKS\xba\xbe\x00\x01" + b"aes".ljust(32, b"\0") + b"xts-plain64".ljust(32, b"\0"))
    return Path(path)


def encrypt(path, password, *options):
    """Encrypts an image as it lies, as LUKS2 with few rounds."""
    with open(path, "ab") as file:
        file.truncate(path.stat().st_size + (32 << 20))
    with tempfile.NamedTemporaryFile("w") as key:
        key.write(password)
        key.flush()
        system(
            "cryptsetup", "reencrypt", "--encrypt", "--type", "luks2", "--reduce-device-size", "32M", "--batch-mode", "--pbkdf-force-iterations", "4",
            "--pbkdf-memory", "1024", "--pbkdf-parallel", "1", *options, "--key-file", key.name, path,
        )
    return path


def encrypted_rubbish(path, password, mebibytes=24):
    """An encrypted volume to which nothing was written: what opens it gives bytes by chance."""
    with open(path, "wb") as file:
        file.truncate(mebibytes << 20)
    with tempfile.NamedTemporaryFile("w") as key:
        key.write(password)
        key.flush()
        system(
            "cryptsetup", "luksFormat", "--type", "luks2", "--batch-mode", "--pbkdf", "argon2id", "--pbkdf-force-iterations", "4",
            "--pbkdf-memory", "1024", "--pbkdf-parallel", "1", "--key-file", key.name, path,
        )
    return path


def btrfs(path, mebibytes=8):
    """What has the superblock of a Btrfs of one device, at 64 KiB (its magic at 64, its devices at 0x88, this one at 0xC9)."""
    blank(path, mebibytes)
    with open(path, "r+b") as file:
        for at, field in ((64, b"_BHRfS_M"), (0x88, b"\x01"), (0xC9, b"\x01"), (0x12B, b"photos")):
            file.seek(65536 + at)
            file.write(field)
    return Path(path)


def is_root():
    """Whether this is an administrator."""
    return os.geteuid() == 0
