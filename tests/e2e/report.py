"""Reads reports and compares them, and buckets, with what a device should have become."""

import csv
import hashlib
import io
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone

# What lies in the log bucket of a job, behind its log key: the receipt comes soon after the report.
FORMS = ("", ".jsonl", ".txt", ".receipt", ".receipt.pdf")

HEADER = ["DateTime", "File", "Status", "Code", "Key", "MD5", "Bytes", "Content-Type"]
MOMENT = re.compile(r"^(Mon|Tue|Wed|Thu|Fri|Sat|Sun) \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$")


def lines_of(text):
    """The lines of a report as dictionaries."""
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert rows[0] == HEADER
    assert all(len(row) == len(HEADER) for row in rows)
    return [dict(zip(HEADER, row)) for row in rows[1:]]


# What the rows never carry as it is: controls but line ends, what turns the direction, what ends lines elsewhere.
ODD = re.compile("[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufffe\uffff]")


def shown(name):
    """A key as a row has it."""
    return ODD.sub(lambda odd: "".join(f"%{byte:02X}" for byte in odd[0].encode()), name)


def shown_path(name):
    """A path as a row has it: never what a spreadsheet takes for a formula."""
    return shown(f"/{name}" if name.startswith(("=", "+", "-", "@")) else name)


def fetch(s3, status):
    """The report that GetStatus points to."""
    answer = s3.get_object(Bucket=status["LogBucket"], Key=status["LogKey"])
    assert answer["ContentType"].startswith("text/csv")
    return answer["Body"].read().decode()


def check(text, device, bucket):
    """Exactly one line for each entry, and each of them true."""
    lines = lines_of(text)
    files = [line["File"] for line in lines]
    assert len(files) == len(set(files)), "a file has two lines"
    by_row = {shown_path(name): expected for name, expected in device.expected.items()}
    assert set(files) == set(by_row)
    for line in lines:
        assert MOMENT.match(line["DateTime"]), line
        expected = by_row[line["File"]]
        found = (int(line["Status"]), line["Code"], int(line["Bytes"]))
        assert found == (expected.status, expected.code, expected.bytes), line
        assert line["Key"] == (shown(f"{bucket}/{expected.key}") if expected.key else ""), line
        assert line["MD5"] == expected.md5, line
        assert line["Content-Type"].split(";")[0] == expected.content_type, line


def keys_in(s3, bucket, prefix=""):
    """Every key of a bucket, with its size."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return {item["Key"]: item["Size"] for page in pages for item in page.get("Contents", [])}


def compare(s3, bucket, device, check_object=None, but=()):
    """The bucket equals the device: the same keys, the same bytes, the right headers. Reports are among
    the keys not to look at, in all their forms."""
    loaded = device.loaded
    found = keys_in(s3, bucket)
    for key in but:
        for form in FORMS:
            found.pop(key + form, None)
    assert set(found) == set(loaded)

    def one(key):
        expected = loaded[key]
        answer = s3.get_object(Bucket=bucket, Key=key)
        digest, size = hashlib.md5(), 0
        for block in answer["Body"].iter_chunks(1 << 20):
            digest.update(block)
            size += len(block)
        assert (size, digest.hexdigest()) == (expected.bytes, expected.md5), key
        assert answer["ContentType"].split(";")[0] == expected.content_type, key
        assert answer.get("ContentEncoding") == expected.encoding, key
        if check_object:
            check_object(key, expected, answer)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(one, loaded))


def stamp(seconds):
    """A time as `diskTimestampMetadataKey` writes it."""
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
