"""Amounts: a tree of 200,000 files, and a file of 6 GiB, with memory that depends on neither.

The tree of 20,000 runs with every test run; `cargo xtask large` runs the large one too.
"""

import csv
import hashlib
import json
import os
import subprocess
import time

import pytest
import report
from longshore import OK, clean_environment
from manifests import importing

MIB = 1 << 20


def docked(service, device, bucket, record):
    """Docks a device and gives the summary with the station's largest memory in bytes."""
    made = service.api().create_job(JobType="Import", Manifest=importing(bucket), ValidateOnly=False)
    (device / "SIGNATURE").write_text(made["SignatureFileContents"])
    begun = time.monotonic()
    output, memory = watched(service, "dock", device, "--json")
    summary = json.loads(output) | {"memory": memory}
    served = largest_memory(service.pid)
    print(f"\n{record}: {summary['files']} files, {summary['bytes']} bytes in {time.monotonic() - begun:.1f} s; "
          f"at most {memory / MIB:.0f} MiB of memory in the station, {served / MIB:.0f} MiB in the service")
    return made["JobId"], summary


def watched(service, *words):
    """Runs a command; gives what it printed and its largest memory in bytes."""
    process = subprocess.Popen(
        service.command(*words), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        env=clean_environment())
    memory = 0
    while process.poll() is None:
        memory = max(memory, largest_memory(process.pid))
        time.sleep(0.005)
    output = process.stdout.read()
    assert process.returncode == OK, output
    return output, memory


def largest_memory(pid):
    """The most memory a process has held, in bytes; 0 when it is gone. Not from its resource usage:
    that remembers the size of the process it was forked from."""
    try:
        with open(f"/proc/{pid}/status") as status:
            return next((int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:")), 0)
    except (FileNotFoundError, ProcessLookupError):
        return 0


def make_tree(root, files):
    """Tiny files, 500 to a folder; each holds its own number."""
    for folder in range(files // 500):
        path = root / f"{folder // 100:02}" / f"{folder % 100:02}"
        path.mkdir(parents=True)
        for number in range(folder * 500, folder * 500 + 500):
            with open(path / f"{number:06}.txt", "w") as file:
                file.write(f"file {number}\n")


def check_tree(s3, bucket, status, files):
    """One true line and one object of the right size for each file; some are read back."""
    text = report.fetch(s3, status)
    rows = csv.reader(text.splitlines())
    assert next(rows) == report.HEADER
    seen = set()
    for _, name, code, word, key, md5, size, _ in rows:
        if name == "SIGNATURE":
            continue
        content = f"file {int(name[-10:-4])}\n".encode()
        assert (code, word, key, int(size)) == ("200", "OK", f"{bucket}/{name}", len(content))
        assert md5 == hashlib.md5(content).hexdigest()
        seen.add(name)
    assert len(seen) == files
    found = report.keys_in(s3, bucket)
    for form in report.FORMS:
        found.pop(status["LogKey"] + form, None)
    assert set(found) == seen
    for name in sorted(seen)[:: files // 50]:
        body = s3.get_object(Bucket=bucket, Key=name)["Body"].read()
        assert body == f"file {int(name[-10:-4])}\n".encode()


def load_tree(service, root, files):
    bucket = f"tree-{files}"
    s3 = service.buckets(bucket)
    make_tree(root, files)
    job, summary = docked(service, root, bucket, "tree")
    assert summary["files"] == files
    check_tree(s3, bucket, service.api().get_status(JobId=job), files)
    _, verified = watched(service, "verify", summary["lines_file"], "--device", root)
    subprocess.run(["rm", "-rf", root], check=True)
    return summary["memory"], verified


def load_sparse(service, root, size):
    """A file of holes with marks at the borders of parts, so that a part in the wrong place shows."""
    s3 = service.buckets("sparse")
    root.mkdir()
    marks = {offset: f"mark at {offset}".encode() for offset in (0, size // 3, size // 2, size - 64)}
    with open(root / "disk.img", "wb") as file:
        file.truncate(size)
        for offset, mark in marks.items():
            os.pwrite(file.fileno(), mark, offset)
    job, summary = docked(service, root, "sparse", "sparse file")
    assert summary["bytes"] == size
    head = s3.head_object(Bucket="sparse", Key="disk.img")
    assert head["ContentLength"] == size and "-" in head["ETag"]
    for offset, mark in marks.items():
        answer = s3.get_object(Bucket="sparse", Key="disk.img", Range=f"bytes={offset}-{offset + len(mark) - 1}")
        assert answer["Body"].read() == mark
    digest = hashlib.md5()
    with open(root / "disk.img", "rb") as file:
        while block := file.read(8 * MIB):
            digest.update(block)
    status = service.api().get_status(JobId=job)
    line = next(line for line in report.lines_of(report.fetch(s3, status)) if line["File"] == "disk.img")
    assert (line["Status"], line["MD5"], int(line["Bytes"])) == ("200", digest.hexdigest(), size)
    stored = hashlib.md5()
    for block in s3.get_object(Bucket="sparse", Key="disk.img")["Body"].iter_chunks(8 * MIB):
        stored.update(block)
    assert stored.hexdigest() == digest.hexdigest()
    return summary["memory"]


def test_memory_does_not_grow_with_the_number_of_files(service, tmp_path):
    """Ten times the files take no more memory, but for what varies from run to run."""
    few = load_tree(service, tmp_path / "few", 2_000)
    many = load_tree(service, tmp_path / "many", 20_000)
    assert many[0] < few[0] + 32 * MIB
    # Eight bytes for each line of the report, which is nothing beside what varies.
    assert many[1] < few[1] + 8 * MIB


def test_a_file_larger_than_the_memory_allowed_goes_in_parts(service, tmp_path):
    memory = load_sparse(service, tmp_path / "disk", 1024 * MIB)
    assert memory < 200 * MIB


@pytest.mark.large
def test_a_tree_of_200_000_files(service, tmp_path):
    few = load_tree(service, tmp_path / "few", 2_000)
    many = load_tree(service, tmp_path / "many", 200_000)
    # The index on disk has a cache of 24 MiB, which a small tree does not fill.
    assert many[0] < few[0] + 64 * MIB
    assert many[1] < few[1] + 16 * MIB


def test_a_file_of_6_gib(service, tmp_path):
    memory = load_sparse(service, tmp_path / "disk", 6 * 1024 * MIB)
    assert memory < 200 * MIB
