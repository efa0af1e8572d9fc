"""Fills buckets, and says what an export should make of them.

The oracle here is written from the developer guide's rules, not from the program: each object is put
together with the path that it should have on the device.
"""

import hashlib
import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from pathlib import PurePosixPath

import report
from boto3.s3.transfer import TransferConfig

PARTS = TransferConfig(multipart_threshold=8 << 20, multipart_chunksize=8 << 20)


@dataclass
class Expected:
    """What the device and the report should show of one object."""

    path: str | None
    bytes: int
    md5: str
    content_type: str
    is_folder: bool = False


class Bucketful:
    """The objects of one bucket. They are exported below `under`: by default the bucket's name."""

    def __init__(self, s3, bucket, under=None):
        self.s3 = s3
        self.bucket = bucket
        self.under = bucket if under is None else under
        self.objects = {}

    def put(self, key, content=b"", path=None, content_type="binary/octet-stream"):
        """Puts an object that becomes a file: of the same name, unless `path` says otherwise."""
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=content, ContentType=content_type)
        self._expect(key, content, key if path is None else path, content_type)

    def large(self, key, content):
        """Puts an object in parts: its entity tag is no MD5."""
        self.s3.upload_fileobj(BytesIO(content), self.bucket, key, Config=PARTS)
        assert "-" in self.s3.head_object(Bucket=self.bucket, Key=key)["ETag"]
        self._expect(key, content, key, "binary/octet-stream")

    def recovered(self, key, content):
        """Puts an object whose key cannot be a name: it goes to the recovery directory."""
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=content)
        self._expect(key, content, None, "binary/octet-stream")

    def folder(self, key, path=None):
        """Puts an empty object whose key ends in a slash: it becomes a folder, and is not even read."""
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=b"")
        self._expect(key, b"", key.rstrip("/") if path is None else path, "")
        self.objects[key].is_folder = True

    def fill(self, number, seed=1, largest=9000):
        """Puts many small objects in nested folders, the same for the same seed."""
        chance = random.Random(seed)
        folders = ["", "photos/", "photos/2016/05/", "a b/", "Ünïcödé/日本語/", "x/y/z/w/"]
        keys = [f"{folders[n % len(folders)]}file {n:05}" for n in range(number)]
        contents = [chance.randbytes(0 if n % 97 == 0 else chance.randrange(1, largest)) for n in range(number)]
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(self.put, keys, contents))

    def _expect(self, key, content, path, content_type):
        self.objects[key] = Expected(path, len(content), hashlib.md5(content).hexdigest(), content_type)

    def paths(self):
        """The path on the device of every key. Recovered ones are numbered in the order of the keys."""
        recovered = (key for key in in_order(self.objects) if self.objects[key].path is None)
        numbers = {key: f"EXPORT-RECOVERY/0000/{number:04}" for number, key in enumerate(recovered)}
        return {key: numbers.get(key) or str(PurePosixPath(self.under, found.path))
                for key, found in self.objects.items()}

    def check_device(self, files, folders):
        """The device has every object's file or folder, and nothing else."""
        paths = self.paths()
        wanted = {paths[key]: (found.bytes, found.md5) for key, found in self.objects.items() if not found.is_folder}
        missing, surplus = set(wanted) - set(files), set(files) - set(wanted)
        assert not missing and not surplus, f"missing {sorted(missing)}, surplus {sorted(surplus)}"
        assert files == wanted
        own = {paths[key] for key, found in self.objects.items() if found.is_folder}
        above = {str(parent) for path in paths.values() for parent in PurePosixPath(path).parents}
        assert folders == (own | above) - {"."}

    def check_report(self, text):
        """Exactly one line for each object, and each of them true."""
        paths = self.paths()
        lines = {line["Key"]: line for line in report.lines_of(text)}
        assert len(lines) == len(report.lines_of(text)), "an object has two lines"
        assert set(lines) == {report.shown(f"{self.bucket}/{key}") for key in self.objects}
        for key, found in self.objects.items():
            line = lines[report.shown(f"{self.bucket}/{key}")]
            assert report.MOMENT.match(line["DateTime"]), line
            assert (line["Status"], line["Code"], line["Bytes"]) == ("200", "OK", str(found.bytes)), line
            assert line["File"].rstrip("/") == report.shown_path(paths[key]), line
            assert (line["MD5"], line["Content-Type"]) == (found.md5, found.content_type), line


def in_order(keys):
    """Keys in the order of buckets: by their UTF-8 bytes."""
    return sorted(keys, key=str.encode)
