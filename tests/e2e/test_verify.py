"""What was loaded is compared, from the report alone, with the bucket and with the device; one byte
that is not as it was is found and named."""

import json
import subprocess
from pathlib import Path

import pytest
import report
from device import Device, fill
from longshore import OK, UNAVAILABLE, USAGE, Service, clean_environment
from manifests import importing

# What differs has an exit code of its own.
DIFFERS = 6

BUCKET = "verify-data"


@pytest.fixture
def loaded(service, tmp_path):
    """A device that was docked, and its report as it lies in the log bucket."""
    s3 = service.buckets(BUCKET)
    made = service.api().create_job(JobType="Import", Manifest=importing(BUCKET, prefix="p/"), ValidateOnly=False)
    device = Device(tmp_path / "disk", prefix="p/")
    fill(device, 40)
    device.file("Ünïcödé name.txt", b"umlauts", "text/plain")
    device.file("large.bin", bytes(range(256)) * 4096 * 70, "application/octet-stream")
    device.failing(b"caf\xe9.txt", 400, "InvalidFileName")
    device.sign(made["SignatureFileContents"])
    service.dock(device.path)
    status = service.api().get_status(JobId=made["JobId"])
    lines = tmp_path / "report.jsonl"
    lines.write_bytes(s3.get_object(Bucket=BUCKET, Key=status["LogKey"] + ".jsonl")["Body"].read())
    return s3, device, lines, status


def verify(service, lines, *args, check):
    """Runs with `--json`; gives the findings and the summary."""
    done = service.run("verify", lines, *args, "--json", check=check)
    *findings, last = [json.loads(line) for line in done.stdout.splitlines()]
    return findings, last["summary"]


def test_three_forms_of_the_report_say_the_same(service, loaded):
    s3, device, lines, status = loaded
    report.check(report.fetch(s3, status), device, BUCKET)
    head, *entries, end = [json.loads(line) for line in lines.read_text().splitlines()]
    assert (head["format"], head["version"]) == ("longshore-report", 1)
    assert (head["bucket"], head["prefix"]) == (BUCKET, "p/")
    assert head["log"] == {"bucket": BUCKET, "key": status["LogKey"]}
    assert [attempt["number"] for attempt in head["attempts"]] == [1]
    assert [entry["path"] for entry in entries] == [
        line["File"] for line in report.lines_of(report.fetch(s3, status))]
    by_path = {entry["path"]: entry for entry in entries}
    for path, expected in device.expected.items():
        entry = by_path[path]
        assert entry["bytes"] == expected.bytes
        if expected.status == 200:
            found = (entry["outcome"], entry["bucket"], entry["key"], entry["md5"])
            assert found == ("stored", BUCKET, expected.key, expected.md5)
    assert by_path["large.bin"]["parts"] > 1
    assert by_path["caf%E9.txt"]["raw_path"] == "Y2Fm6S50eHQ="
    summary = end["summary"]
    assert summary["entries"] == len(device.expected) and summary["failed"] == 1
    text = s3.get_object(Bucket=BUCKET, Key=status["LogKey"] + ".txt")
    assert text["ContentType"] == "text/plain; charset=utf-8"
    assert "400 InvalidFileName" in text["Body"].read().decode()


def test_what_has_not_changed_agrees_on_both_sides(service, loaded):
    _, device, lines, _ = loaded
    findings, summary = verify(service, lines, "--bucket", "--device", device.path, check=OK)
    assert findings == []
    assert summary["agrees"] and summary["bucket"]["same"] == summary["device"]["same"] == len(device.loaded)
    told = service.run("verify", lines, "--bucket", check=OK).stdout
    assert told.startswith("Bucket  ") and "0 different" in told


def test_a_report_is_named_by_its_job_or_its_place_in_the_bucket(service, loaded):
    _, device, _, status = loaded
    place = f"s3://{BUCKET}/{status['LogKey']}"
    for named in (status["JobId"], place, place + ".jsonl", place + ".txt"):
        findings, summary = verify(service, named, "--bucket", check=OK)
        assert findings == [] and summary["bucket"]["same"] == len(device.loaded), named


def test_one_byte_of_an_object_is_found(service, loaded):
    s3, _, lines, _ = loaded
    for key in ("p/large.bin", "p/Ünïcödé name.txt"):
        stored = s3.get_object(Bucket=BUCKET, Key=key)
        body = bytearray(stored["Body"].read())
        body[-1] ^= 1
        s3.put_object(Bucket=BUCKET, Key=key, Body=bytes(body), ContentType=stored["ContentType"])
    s3.delete_object(Bucket=BUCKET, Key="p/photos/file 00001.jpg")
    findings, summary = verify(service, lines, "--bucket", check=DIFFERS)
    found = {(f["side"], f["kind"], f["path"], f["key"]) for f in findings}
    assert found == {
        ("bucket", "content", "large.bin", "p/large.bin"),
        ("bucket", "content", "Ünïcödé name.txt", "p/Ünïcödé name.txt"),
        ("bucket", "missing", "photos/file 00001.jpg", "p/photos/file 00001.jpg"),
    }
    assert not summary["agrees"] and summary["bucket"]["different"] == 3
    told = service.run("verify", lines, "--bucket", check=DIFFERS).stdout
    assert "content     large.bin (key p/large.bin): its SHA-256 is" in told


def test_one_byte_on_the_disk_is_found(service, loaded):
    _, device, lines, _ = loaded
    path = Path(device.path, "large.bin")
    with open(path, "r+b") as file:
        file.seek(12_345_678)
        byte = file.read(1)[0]
        file.seek(12_345_678)
        file.write(bytes([byte ^ 0x10]))
    Path(device.path, "new\x1b.txt").write_bytes(b"came later")
    findings, summary = verify(service, lines, "--device", device.path, check=DIFFERS)
    assert {(f["side"], f["kind"], f["path"]) for f in findings} == {
        ("device", "content", "large.bin"), ("device", "extra", "new\x1b.txt")}
    assert (summary["device"]["different"], summary["extra"]) == (1, 1)
    told = service.run("verify", lines, "--device", device.path, check=DIFFERS).stdout
    assert "\x1b" not in told


def test_a_report_that_is_not_whole_is_refused(service, loaded):
    _, device, lines, _ = loaded
    whole = lines.read_bytes()
    count = whole.count(b"\n")
    cases = [
        (whole[: len(whole) // 2], "before its summary"),
        (b"".join(whole.splitlines(keepends=True)[:-1]), f"line {count}"),
        (whole.replace(b'"path":"large.bin"', b'"path":"large.bim"'), f"line {count}"),
        (whole.replace(b'{"path":"large.bin"', b'["path":"large.bin"'), "is damaged"),
        (b"DateTime,File\n", "line 1"),
    ]
    for damaged, words in cases:
        lines.write_bytes(damaged)
        done = service.run("verify", lines, "--device", device.path, check=USAGE)
        assert words in done.stderr and done.stdout == "", done.stderr


def test_a_sample_can_be_chosen_again(service, loaded):
    _, device, lines, _ = loaded
    _, first = verify(service, lines, "--bucket", "--sample", "50", check=OK)
    assert 0 < first["bucket"]["same"] < len(device.loaded)
    _, again = verify(service, lines, "--bucket", "--sample", "50", "--seed", str(first["seed"]), check=OK)
    assert (again["bucket"], again["seed"]) == (first["bucket"], first["seed"])


def test_what_keeps_from_looking_is_no_difference(service, loaded, tmp_path):
    _, device, lines, _ = loaded
    assert "--bucket" in service.run("verify", lines, check=USAGE).stderr
    service.run("verify", lines, "--device", tmp_path / "nothing", check=USAGE)
    done = service.run("verify", lines, "--bucket", "no-such-bucket", check=UNAVAILABLE)
    assert "NoSuchBucket" in done.stderr


def test_any_store_is_read_with_the_usual_variables(service, loaded):
    _, device, lines, _ = loaded
    words = [service.program, "verify", lines, "--endpoint", service.endpoints["s3"], "--region", "us-east-1",
             "--bucket", BUCKET]
    environment = clean_environment(
        AWS_ACCESS_KEY_ID=service.key.id, AWS_SECRET_ACCESS_KEY=service.key.secret, LONGSHORE_DATA="/nonexistent")
    done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=60, check=True)
    assert f"{len(device.loaded)} files the same" in done.stdout


def test_what_one_command_loaded_is_verified_by_another(tmp_path):
    """No service runs before, between or after."""
    device = Device(tmp_path / "folder")
    fill(device, 20)
    service = Service(tmp_path)
    summary = json.loads(service.run("import", device.path, "--bucket", "photos", "--json", check=OK).stdout)
    lines = summary["lines_file"]
    _, verdict = verify(service, lines, "--bucket", "--device", device.path, check=OK)
    assert verdict["bucket"]["same"] == verdict["device"]["same"] == 20
    [stored] = (tmp_path / "data/objects/photos").glob("file 00007*")
    body = bytearray(stored.read_bytes())
    body[0] ^= 1
    stored.write_bytes(bytes(body))
    findings, _ = verify(service, lines, "--bucket", check=DIFFERS)
    assert [(f["kind"], f["path"]) for f in findings] == [("content", stored.name)]
