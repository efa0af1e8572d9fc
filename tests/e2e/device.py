"""Makes devices, and says what an import should make of them.

The oracle here is written from the developer guide's rules, not from the program: each file is
added together with what is expected of it.
"""

import gzip
import hashlib
import os
import random
from dataclasses import dataclass
from pathlib import Path

# Files that are not loaded, as the report calls them.
IGNORED = (103, "Ignored")


@dataclass
class Expected:
    """What the report and the store should show of one entry."""

    status: int
    code: str
    key: str | None
    bytes: int
    md5: str = ""
    content_type: str = ""
    encoding: str | None = None
    mtime: int | None = None
    sha256: str = ""


def escaped(raw):
    """A name as the report prints it: text as it is, other bytes as %XX."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return "".join(chr(b) if 0x20 <= b < 0x7F and b != 0x25 else f"%{b:02X}" for b in raw)


class Device:
    """A folder that stands for a mounted disk."""

    def __init__(self, root, prefix=""):
        self.root = os.fsencode(Path(root))
        os.makedirs(self.root, exist_ok=True)
        self.prefix = prefix
        self.expected = {}

    @property
    def path(self):
        return os.fsdecode(self.root)

    def _place(self, name):
        raw = os.fsencode(name)
        path = os.path.join(self.root, raw)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        return raw, path

    def file(self, name, content, content_type, key=None, encoding=None, mtime=None):
        """Adds a file that should arrive."""
        raw, path = self._place(name)
        with open(path, "wb") as file:
            file.write(content)
        if mtime is not None:
            os.utime(path, (mtime, mtime))
        key = key if key is not None else self.prefix + raw.decode()
        self.expected[escaped(raw)] = Expected(
            200, "OK", key, len(content), hashlib.md5(content).hexdigest(), content_type, encoding,
            int(os.stat(path).st_mtime), hashlib.sha256(content).hexdigest(),
        )

    def ignored(self, name, content=b"not wanted"):
        """Adds a file that a rule leaves out."""
        raw, path = self._place(name)
        with open(path, "wb") as file:
            file.write(content)
        self.expected[escaped(raw)] = Expected(*IGNORED, None, len(content))

    def failing(self, name, status, code, content=b"cannot go", key=None):
        """Adds a file that should arrive and cannot."""
        raw, path = self._place(name)
        with open(path, "wb") as file:
            file.write(content)
        self.expected[escaped(raw)] = Expected(status, code, key, len(content))

    def link(self, name, target):
        raw, path = self._place(name)
        os.symlink(target, path)
        self.expected[escaped(raw)] = Expected(*IGNORED, None, 0)

    def pipe(self, name):
        raw, path = self._place(name)
        os.mkfifo(path)
        self.expected[escaped(raw)] = Expected(*IGNORED, None, 0)

    def folder(self, name):
        os.makedirs(os.path.join(self.root, os.fsencode(name)))

    def sign(self, contents):
        """Writes the SIGNATURE file."""
        content = contents.encode() if isinstance(contents, str) else contents
        Path(self.path, "SIGNATURE").write_bytes(content)
        self.expected["SIGNATURE"] = Expected(*IGNORED, None, len(content), content_type="text/plain")

    @property
    def loaded(self):
        """What should be in the bucket: expectations by key."""
        return {e.key: e for e in self.expected.values() if e.status == 200}

    @property
    def errors(self):
        return sum(e.status not in (200, 103) for e in self.expected.values())


def fill(device, files, seed=1):
    """Adds `files` small files of all kinds in nested folders, the same for the same seed."""
    chance = random.Random(seed)
    kinds = [("txt", "text/plain"), ("jpg", "image/jpeg"), ("html", "text/html"), ("json", "application/json"),
             ("png", "image/png"), ("pdf", "application/pdf"), ("csv", "text/csv"), ("PNG", "image/png")]
    folders = ["", "photos", "photos/2016", "photos/2016/05", "a b", "Ünïcödé/日本語", "x/y/z/w/v/u/t"]
    for number in range(files):
        extension, kind = kinds[number % len(kinds)]
        folder = folders[number % len(folders)]
        name = f"{folder}/file {number:05}.{extension}" if folder else f"file {number:05}.{extension}"
        size = 0 if number % 97 == 0 else chance.randrange(1, 9000)
        device.file(name, chance.randbytes(size), kind, mtime=1_300_000_000 + number)


def add_awkward_names(device, default_type):
    """Adds files whose names need care on the way through URLs, XML and CSV."""
    names = [
        "plus+plus", "amp&ersand=equals", "hash#and?query", "percent%41%zz", "100%", "semi;colon", "at@sign",
        "quote\"double", "quote'single", "comma,comma", "back\\slash", " leading space", "trailing space ",
        "two  spaces", "tab\there", "line\nbreak", "carriage\rreturn", "tilde~x", "star*", "<angle>&amp;", "{brace}|pipe^",
        "[bracket]`tick", "colon:colon", "(paren)!", "$dollar", "emoji-\U0001f4e6", "e\u0301-decomposed", "\u00e9-composed",
        "zero\u200bwidth", "right\u200fto-left-\u05d0", "bell\x07", "del\x7f", "..hidden", "...", ".dotfile",
        "-dash", "--help", "CON", "nul", "n" * 255, "é" * 127,
    ]
    for number, name in enumerate(names):
        device.file(f"awkward/{name}", f"content {number}".encode(), default_type)
    device.file("awkward/" + "/".join(["deep"] * 100) + "/leaf", b"leaf", default_type)
    device.file("nested/SIGNATURE", b"only the root's is special", default_type)


def gzipped(text):
    """The same text always gives the same bytes."""
    return gzip.compress(text.encode(), mtime=0)
