"""An export is planned over several devices: each object is on one of them, in the order of keys, and
each manifest that is written makes a job."""

import json
import stat
import subprocess
from pathlib import Path

import pytest
from longshore import OK, SOME_FAILED, USAGE, binary, clean_environment
from manifests import exporting

BUCKET = "plan-data"
OTHER = "plan-more"
LOGS = "plan-logs"
CAPACITY = "--capacity=24MiB"


@pytest.fixture
def filled(service):
    """Two buckets with names of every kind, and how large each object is."""
    s3 = service.buckets(BUCKET, OTHER, LOGS)
    objects = {}

    def put(bucket, key, size):
        s3.put_object(Bucket=bucket, Key=key, Body=bytes(size))
        objects[bucket, key] = size

    for number in range(30):
        put(BUCKET, f"stills/{number:04}.tif", 1_500_000 + number)
    for key in ("a:b?.txt", "A/x", "a/y", "CON", "dots./.", "empty/", "Ünïcödé \"quoted\"/#1 \\ é.txt", "line\nend"):
        put(BUCKET, key, 0 if key.endswith("/") else 7)
    for number in range(5):
        put(OTHER, f"ledger-{number}", 3_000_000)
    return s3, objects


def plan(service, manifest, *args, check=OK):
    """Plans with `--json`."""
    done = service.run("plan-export", manifest, *args, "--json", check=check)
    return json.loads(done.stdout)


def write(path, **options):
    operations = [{"exportBucket": BUCKET}, {"exportBucket": OTHER, "targetDirectory": "books"}]
    usual = {"fileSystem": "NTFS", "targetDirectory": "/", "operations": operations}
    path.write_text(exporting(BUCKET, LOGS, **(usual | options)))
    return path


def test_devices_one_after_another_hold_everything_once(service, filled, tmp_path):
    _, objects = filled
    manifest = write(tmp_path / "export.yaml")
    out = tmp_path / "devices"
    found = plan(service, manifest, CAPACITY, "--output", out)
    devices = found["devices"]
    assert len(devices) >= 3
    assert sum(device["objects"] for device in devices) == len(objects)
    assert sum(device["bytes"] for device in devices) == sum(objects.values())
    assert all(device["bytes"] < 24 << 20 for device in devices)
    ends = [(device[end]["bucket"], device[end]["key"].encode()) for device in devices for end in ("first", "last")]
    assert ends == sorted(ends), "devices go on where those before them ended"
    assert found["recovered"]["count"] == 2, "a device of Windows, and a dot"
    assert found["changed"]["count"] == 4
    assert found["bytes_per_second"] > 0

    # Each manifest is a job of its own that one such device holds.
    api = service.api()
    for number, device in enumerate(devices, start=1):
        path = Path(device["manifest"])
        assert path == out / f"export-{number}.yaml"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        made = api.create_job(JobType="Export", Manifest=path.read_text(), ValidateOnly=True)
        assert made["JobType"] == "Export"
        [alone] = plan(service, path, CAPACITY, "--output", tmp_path / f"again-{number}")["devices"]
        for name in ("objects", "bytes", "first", "last"):
            assert alone[name] == device[name]


def test_files_per_device_and_a_given_rate(service, filled, tmp_path):
    _, objects = filled
    manifest = write(tmp_path / "export.yaml", fileSystem="EXT4")
    found = plan(service, manifest, "--capacity=2TB", "--files-per-device=10", "--rate=1MB")
    files = len(objects) - 1  # One is a directory.
    assert len(found["devices"]) == -(-files // 10)
    assert found["bytes_per_second"] == 1_000_000
    assert found["devices"][1]["seconds"] == found["devices"][1]["bytes"] // 1_000_000


def test_a_person_reads_what_happens_to_names(service, filled, tmp_path):
    s3, _ = filled
    s3.put_object(Bucket=BUCKET, Key="z-large", Body=bytes(40_000_000))
    manifest = write(tmp_path / "export.yaml")
    done = service.run("plan-export", manifest, CAPACITY, "--rate=10MB", check=SOME_FAILED)
    assert " of 25.2 MB (NTFS) for 43 objects, " in done.stdout
    assert f"{BUCKET}/a:b?.txt -> ab.txt" in done.stdout
    assert "EXPORT-RECOVERY/0000/0000: Windows keeps the name `CON` for a device" in done.stdout
    assert f"{BUCKET}/z-large: it does not fit an empty device" in done.stdout
    assert str(tmp_path / "export-1.yaml") in done.stdout
    # The manifests hold what is secret; the plan does not.
    assert "eight-Words_here" not in done.stdout + done.stderr
    again = service.run("plan-export", manifest, CAPACITY, check=USAGE)
    assert "is there already" in again.stderr


def test_the_store_is_reached_at_its_endpoint_too(service, filled, tmp_path):
    manifest = write(tmp_path / "export.yaml")
    command = [binary(), "plan-export", manifest, "--capacity=2TB", "--rate=1MB", "--json"]
    where = {"AWS_ENDPOINT_URL_S3": service.endpoints["s3"]}
    key = {"AWS_ACCESS_KEY_ID": service.key.id, "AWS_SECRET_ACCESS_KEY": service.key.secret}
    done = subprocess.run(command, capture_output=True, check=True, env=clean_environment(**where, **key))
    assert [device["objects"] for device in json.loads(done.stdout)["devices"]] == [43]
