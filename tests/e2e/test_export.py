"""Exports: what boto3 has put into a bucket is on a device that is mounted afresh."""

import json
import os
import random
import signal
import time
from pathlib import Path

import disks
import pytest
import report
from bucketful import Bucketful, in_order
from longshore import OK, REFUSED, SOME_FAILED, wait_for
from manifests import exporting

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")

BOTH = pytest.mark.parametrize("file_system", ["EXT4", "NTFS"])

KILLS = 12


def export_job(service, manifest):
    return service.api().create_job(JobType="Export", Manifest=manifest, ValidateOnly=False)


# What encrypts the devices of these tests; those that the station encrypts are in test_encrypted_exports.py.
OTHERWISE = ["--encrypted-by", "what these tests answer for"]


def signature(job):
    """What a scanner would type from the device's sheet, and that the device encrypts by itself."""
    return ["--signature", f"{job['JobId']}:{job['Signature']}", *OTHERWISE]


def dock_image(service, image, job, *options, check=OK):
    return service.dock(image, "--format", "--yes", *signature(job), *options, check=check)


def assert_on_hold(service, job, code, why):
    """The operator sees its code, and the customer reads why."""
    assert service.held_jobs()[job["JobId"]]["Held"]["Code"] == code
    message = service.api().get_status(JobId=job["JobId"])["ProgressMessage"]
    assert "On hold since 20" in message and why in message, message


def finished(service, job):
    status = service.api().get_status(JobId=job["JobId"])
    return status["ProgressCode"], status["ErrorCount"]


def plan_of(service, job):
    """The file that says what is written where: it is there before the first object."""
    return service.data / "station" / "jobs" / job["JobId"] / "plan"


def fetched_report(service, job):
    return report.fetch(service.s3(), service.api().get_status(JobId=job["JobId"]))


def check_export(service, job, image, file_system, objects):
    """The device, mounted afresh, equals the bucket; the report in the bucket and its copy on the device
    have a true line for each object."""
    assert disks.mounts_of(image) == "", "the image is still attached"
    assert disks.is_sound(image, file_system)
    text = fetched_report(service, job)
    with disks.mounted(image, file_system) as root:
        objects.check_device(*disks.content(root))
        copy = root / f"export-log-{job['JobId']}"
        assert copy.read_text() == text
        assert copy.with_name(copy.name + ".jsonl").exists() and copy.with_name(copy.name + ".txt").exists()
        assert not [path for path in root.iterdir() if path.name.startswith(".longshore")]
    objects.check_report(text)


def put_all_kinds(objects):
    """Keys of every kind that names on any file system are made of unchanged, or of none."""
    objects.put("plain.txt", b"plain", content_type="text/plain")
    objects.put("deep/er/and/deep er/leaf", b"leaf")
    objects.put("Ünïcödé/日本語/📦.bin", b"any script")
    objects.put("empty", b"")
    objects.put("n" * 255, b"longest")
    objects.put(" leading space", b"kept")
    objects.put("--help", b"no option")
    objects.put("percent%41 plus+ amp& hash# semi;", b"awkward in URLs")
    objects.folder("folder/")
    objects.put("folder/in it", b"beside its own object")
    objects.folder("folder of nothing/deeper/")
    objects.put("both", b"a file where a folder would have to be")
    objects.recovered("both/y", b"no folder of this name")
    objects.recovered("data/", b"a folder that has bytes")
    objects.recovered("a//b", b"no name between the slashes")
    objects.recovered("up/../over", b"leads elsewhere")
    objects.recovered("../out", b"leads out")
    objects.recovered("n" * 256, b"one too long")
    objects.large("large.bin", random.Random(5).randbytes((40 << 20) + 12345))
    objects.fill(300, seed=5)


def put_names_of(objects, file_system):
    """Keys that become other names on NTFS and stay as they are on EXT4."""
    windows = file_system == "NTFS"

    def put(key, content, path, then=objects.put):
        then(key, content, path) if windows else objects.put(key, content)

    def collides(key, content):
        objects.recovered(key, content) if windows else objects.put(key, content)

    put("a<b>c:d\"e\\f|g?h*i", b"forbidden", "abcdefghi")
    put("ends in dots...", b"dots", "ends in dots")
    put("ends in space ", b"space", "ends in space")
    put("tab\there", b"control", "tabhere")
    put("line\nbreak", b"line", "linebreak")
    put("dots./in/folders. ", b"parts", "dots/in/folders")
    collides("CON", b"a device of DOS")
    collides("sub/aux.txt", b"another")
    objects.put("Case/READ ME", b"upper")
    collides("Case/Read Me", b"mixed: after the upper case in the order of bytes")
    put("q*", b"first", "q")
    collides("q?", b"second")


@BOTH
def test_a_device_mounted_afresh_equals_the_bucket(service, tmp_path, file_system):
    s3 = service.buckets("export-data", "export-logs")
    objects = Bucketful(s3, "export-data")
    put_all_kinds(objects)
    put_names_of(objects, file_system)
    job = export_job(service, exporting("export-data", "export-logs", fileSystem=file_system))
    image = disks.blank(tmp_path / "disk.img", 160)
    done = dock_image(service, image, job)
    assert "disk.img" in done.stderr, "the operator was not shown what is formatted"
    assert finished(service, job) == ("Complete", 0)
    check_export(service, job, image, file_system, objects)
    with disks.mounted(image, file_system) as root:
        for key in ("plain.txt", "large.bin"):
            modified = s3.head_object(Bucket="export-data", Key=key)["LastModified"]
            assert int((root / "export-data" / key).stat().st_mtime) == int(modified.timestamp()), key
    again = dock_image(service, image, job, check=REFUSED)
    assert job["JobId"] in again.stderr
    check_export(service, job, image, file_system, objects)


@BOTH
def test_names_that_differ_in_case_are_one_folder_to_windows(service, tmp_path, file_system):
    """Whoever opens the device finds every file, also where names count without their case."""
    s3 = service.buckets("case-data", "case-logs")
    objects = Bucketful(s3, "case-data", under="")
    for number, key in enumerate(["Photos/a", "photos/b", "PHOTOS/Deep/c", "photos/deep/d"]):
        objects.put(key, f"{number}".encode())
    job = export_job(service, exporting("case-data", "case-logs", fileSystem=file_system, targetDirectory="/"))
    image = disks.blank(tmp_path / "disk.img", 64)
    dock_image(service, image, job)
    with disks.mounted(image, file_system) as root:
        files, folders = disks.content(root)
    assert sorted(files.values()) == sorted((found.bytes, found.md5) for found in objects.objects.values())
    if file_system == "NTFS":
        names = [name.upper() for name in [*files, *folders]]
        assert len(names) == len(set(names)), sorted([*files, *folders])
    else:
        objects.check_device(files, folders)


@BOTH
def test_kills_in_the_middle_change_nothing(service, tmp_path, file_system):
    """`kill -9` at moments of chance, and the same command again: the device of a calm run."""
    s3 = service.buckets("kill-data", "kill-logs")
    objects, chance = Bucketful(s3, "kill-data"), random.Random(20)
    objects.fill(1500, seed=20, largest=40_000)
    for number, mebibytes in enumerate([70, 45, 33]):
        objects.large(f"large/{number}", chance.randbytes((mebibytes << 20) + number))
    objects.recovered("a//b", b"to recovery")
    job = export_job(service, exporting("kill-data", "kill-logs", fileSystem=file_system))
    image = disks.blank(tmp_path / "disk.img", 300)
    words = ["--format", "--yes", *signature(job), "--rate", "25MB"]
    made = set()
    for kill in range(KILLS):
        dock = service.dock_in_background(image, *words)
        time.sleep(chance.choice([chance.uniform(0, 0.3), chance.uniform(0.3, 1.2)]))
        assert dock.poll() is None, f"the export ended before kill {kill}: {dock.returncode}"
        dock.kill()
        dock.wait()
        made.add(disks.identifier(image))
    service.dock(image, *words[:-2], check=OK)
    made.add(disks.identifier(image))
    assert len(made - {""}) <= 3, "the device was formatted again and again"
    assert finished(service, job) == ("Complete", 0)
    check_export(service, job, image, file_system, objects)


def test_the_signature_on_a_device_outlives_its_formatting(service, tmp_path):
    """Also through kills: the device is known by what it was formatted for."""
    s3 = service.buckets("sign-data", "sign-logs")
    objects, chance = Bucketful(s3, "sign-data"), random.Random(12)
    objects.fill(100)
    objects.large("large", chance.randbytes(40 << 20))
    job = export_job(service, exporting("sign-data", "sign-logs"))
    image = disks.formatted(tmp_path / "disk.img", 96, "NTFS")
    with disks.mounted(image, "NTFS", "rw") as root:
        (root / "SIGNATURE").write_text(job["SignatureFileContents"])
        (root / "old").write_bytes(b"will be lost")
    for _ in range(8):
        dock = service.dock_in_background(image, "--format", "--yes", "--rate", "20MB", *OTHERWISE)
        time.sleep(chance.uniform(0, 0.8))
        dock.kill()
        dock.wait()
    done = service.dock(image, "--format", "--yes", *OTHERWISE)
    if done.returncode == REFUSED:
        # What was on it was wiped, and nothing was made yet: it says nothing of itself, and whoever has it in hand does.
        assert "dock it again with --job" in done.stderr, done
        done = service.dock(image, "--format", "--yes", "--job", job["JobId"], *OTHERWISE)
    assert done.returncode == OK, done
    assert finished(service, job) == ("Complete", 0)
    check_export(service, job, image, "EXT4", objects)
    with disks.mounted(image, "EXT4") as root:
        assert (root / "SIGNATURE").read_text() == job["SignatureFileContents"]


def test_an_interruption_in_order_leaves_nothing_mounted(service, tmp_path):
    s3 = service.buckets("stop-data", "stop-logs")
    objects = Bucketful(s3, "stop-data")
    objects.large("large", random.Random(1).randbytes(40 << 20))
    objects.fill(100)
    job = export_job(service, exporting("stop-data", "stop-logs"))
    image = disks.blank(tmp_path / "disk.img", 128)
    words = ["--format", "--yes", *signature(job)]
    dock = service.dock_in_background(image, *words, "--rate", "10MB")
    wait_for(plan_of(service, job).exists, 60, "the plan")
    assert disks.mounts_of(image) != ""
    dock.send_signal(signal.SIGINT)
    assert dock.wait(60) not in (OK, SOME_FAILED)
    assert disks.mounts_of(image) == "" and disks.is_sound(image, "EXT4")
    service.dock(image, *words, check=OK)
    check_export(service, job, image, "EXT4", objects)


def test_a_file_system_that_fails_ends_the_run_and_marks_nothing(service, tmp_path):
    """What the kernel finds broken it makes read-only. Once it is repaired the same command goes on."""
    s3 = service.buckets("error-data", "error-logs")
    objects, chance = Bucketful(s3, "error-data"), random.Random(8)
    for number in range(40):
        objects.put(f"{number:02}", chance.randbytes(1 << 20))
    job = export_job(service, exporting("error-data", "error-logs"))
    image = disks.blank(tmp_path / "disk.img", 96)
    words = ["--format", "--yes", *signature(job)]
    dock = service.dock_in_background(image, *words, "--rate", "8MB")
    wait_for(plan_of(service, job).exists, 60, "the plan")
    time.sleep(1)
    device = Path(disks.mounts_of(image).split(":")[0])
    Path("/sys/fs/ext4", device.name, "trigger_fs_error").write_text("1")
    assert dock.wait(60) not in (OK, SOME_FAILED)
    assert disks.mounts_of(image) == ""
    assert finished(service, job)[0] in ("Pending", "InProgress")
    disks.system("e2fsck", "-f", "-p", image, check=False)
    service.dock(image, *words, check=OK)
    check_export(service, job, image, "EXT4", objects)


@pytest.mark.parametrize("file_system", ["EXT3", "EXT2", "FAT32", "EXFAT"])
def test_other_file_systems_are_made_on_a_block_device_where_they_can_be_mounted(service, tmp_path, file_system):
    s3 = service.buckets("other-data", "other-logs")
    objects = Bucketful(s3, "other-data")
    objects.fill(60)
    objects.large("large", random.Random(1).randbytes(34 << 20))
    job = export_job(service, exporting("other-data", "other-logs", fileSystem=file_system))
    image = disks.blank(tmp_path / "disk.img", 128)
    with disks.attached(image) as device:
        if not disks.has_driver(file_system):
            refused = dock_image(service, device, job, check=None)
            assert refused.returncode not in (OK, SOME_FAILED) and "not formatted" in refused.stderr
            assert disks.identifier(device) == ""
            return
        dock_image(service, device, job)
    check_export(service, job, image, file_system, objects)


def test_a_mounted_folder_is_filled_without_formatting(service, tmp_path):
    s3 = service.buckets("folder-data", "folder-logs")
    objects = Bucketful(s3, "folder-data", under="restore/here")
    objects.fill(50)
    job = export_job(service, exporting("folder-data", "folder-logs", targetDirectory="restore/here"))
    image = disks.formatted(tmp_path / "own.img", 64, "EXT4")
    before = disks.identifier(image)
    with disks.mounted(image, "EXT4", "rw") as root:
        (root / "SIGNATURE").write_text(job["SignatureFileContents"])
        service.dock(root, *OTHERWISE, check=OK)
        objects.check_device(*disks.content(root))
        assert (root / "SIGNATURE").read_text() == job["SignatureFileContents"]
    assert finished(service, job) == ("Complete", 0)
    assert disks.identifier(image) == before
    check_export(service, job, image, "EXT4", objects)


def test_a_device_that_is_not_empty_is_not_filled(service, tmp_path):
    s3 = service.buckets("foreign-data", "foreign-logs")
    Bucketful(s3, "foreign-data").put("a", b"a")
    job = export_job(service, exporting("foreign-data", "foreign-logs"))
    (tmp_path / "SIGNATURE").write_text(job["SignatureFileContents"])
    (tmp_path / "holiday.jpg").write_bytes(b"somebody's only copy")
    unmounted = service.dock(tmp_path, check=REFUSED)
    assert "nothing is mounted" in unmounted.stderr
    refused = service.dock(tmp_path, "--folder", *OTHERWISE, check=REFUSED)
    assert "holiday.jpg" in refused.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["SIGNATURE", "holiday.jpg"]
    assert (tmp_path / "holiday.jpg").read_bytes() == b"somebody's only copy"
    assert_on_hold(service, job, "DeviceNotEmpty", "the device that is to be filled is not empty")
    (tmp_path / "holiday.jpg").unlink()
    service.dock(tmp_path, "--folder", *OTHERWISE, check=OK)
    assert (tmp_path / "foreign-data" / "a").read_bytes() == b"a"


def test_another_device_in_its_place_is_left_alone(service, tmp_path):
    """An export that goes on knows its device: neither the file system nor the SIGNATURE tells it from another."""
    s3 = service.buckets("begun-data", "begun-logs")
    objects = Bucketful(s3, "begun-data")
    for number in range(40):
        objects.put(f"{number:02}", bytes([number]) * 100_000)
    job = export_job(service, exporting("begun-data", "begun-logs"))
    ours, owners = tmp_path / "ours", tmp_path / "owners"
    for root in (ours, owners):
        root.mkdir()
        (root / "SIGNATURE").write_text(job["SignatureFileContents"])
    dock = service.dock_in_background(ours, "--folder", "--rate", "500KB", *OTHERWISE)
    wait_for(lambda: list(ours.glob("begun-data/[0-9]*")), 60, "the first file")
    dock.kill()
    dock.wait()
    for key in objects.objects:
        path = owners / "begun-data" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"somebody's only copy")
    refused = service.dock(owners, "--folder", *OTHERWISE, check=REFUSED)
    assert "begun-data" in refused.stderr
    left = [path for path in owners.rglob("*") if path.is_file() and path.name != "SIGNATURE"]
    assert left and all(path.read_bytes() == b"somebody's only copy" for path in left)
    service.dock(ours, "--folder", *OTHERWISE, check=OK)
    assert finished(service, job) == ("Complete", 0)
    assert not [path for path in ours.rglob("*") if path.name.startswith(".longshore-")]
    objects.check_device(*disks.content(ours))


@pytest.fixture
def one_object(service):
    s3 = service.buckets("one-data", "one-logs")
    objects = Bucketful(s3, "one-data")
    objects.put("a", b"a")
    return objects, export_job(service, exporting("one-data", "one-logs"))


def test_what_is_in_use_is_not_formatted(service, one_object, tmp_path):
    _, job = one_object
    image = disks.formatted(tmp_path / "used.img", 32, "EXT4")
    before = disks.identifier(image)
    with disks.mounted(image, "EXT4", "rw") as root:
        (root / "precious").write_bytes(b"precious")
        refused = dock_image(service, image, job, check=REFUSED)
        assert str(root) in refused.stderr, refused.stderr
        # The loop device itself, too.
        device = disks.mounts_of(image).split(":")[0]
        refused = dock_image(service, device, job, check=REFUSED)
        assert str(root) in refused.stderr, refused.stderr
        folder = dock_image(service, root, job, check=REFUSED)
        assert "block device" in folder.stderr, folder.stderr
    assert disks.identifier(image) == before
    with disks.mounted(image, "EXT4") as root:
        assert (root / "precious").read_bytes() == b"precious"
    assert finished(service, job)[0] != "Complete"


def test_a_device_is_formatted_only_when_that_is_said(service, one_object, tmp_path):
    objects, job = one_object
    image = disks.formatted(tmp_path / "old.img", 32, "NTFS")
    before = disks.identifier(image)
    refused = service.dock(image, *signature(job), check=REFUSED)
    assert "--format" in refused.stderr
    # Nobody is there to answer.
    unasked = service.dock(image, "--format", *signature(job), check=REFUSED)
    assert "--yes" in unasked.stderr
    assert disks.identifier(image) == before
    dock_image(service, image, job)
    check_export(service, job, image, "EXT4", objects)


def test_a_device_too_small_for_a_file_system_is_left_alone(service, one_object, tmp_path):
    _, job = one_object
    image = tmp_path / "tiny.img"
    image.write_bytes(b"tiny")
    refused = dock_image(service, image, job, check=REFUSED)
    assert "at least" in refused.stderr
    assert image.read_bytes() == b"tiny"


def test_a_device_that_would_not_hold_the_first_object_is_left_alone(service, tmp_path):
    s3 = service.buckets("first-data", "first-logs")
    Bucketful(s3, "first-data").large("large", random.Random(1).randbytes(40 << 20))
    job = export_job(service, exporting("first-data", "first-logs"))
    image = disks.formatted(tmp_path / "old.img", 32, "EXT4")
    before = disks.identifier(image)
    refused = dock_image(service, image, job, "--partly", check=REFUSED)
    assert "no room for the first object, `large`" in refused.stderr
    assert disks.identifier(image) == before
    with disks.mounted(image, "EXT4", "rw") as root:
        refused = service.dock(root, *signature(job), check=REFUSED)
        assert "no room for the first object, `large`" in refused.stderr
        assert disks.content(root)[0] == {}, "it goes as it came"
    assert_on_hold(service, job, "DeviceTooSmall", "the device has no room for all that is to be written to it")
    larger = tmp_path / "larger"
    larger.mkdir()
    service.dock(larger, "--folder", *signature(job), check=OK)
    assert (larger / "first-data" / "large").stat().st_size == 40 << 20
    assert finished(service, job) == ("Complete", 0)


def test_another_disk_under_the_name_of_the_one_that_was_begun_is_not_formatted(service, tmp_path):
    s3 = service.buckets("name-data", "name-logs")
    objects = Bucketful(s3, "name-data")
    for number in range(40):
        objects.put(f"{number:02}", bytes([number]) * 100_000)
    job = export_job(service, exporting("name-data", "name-logs"))
    image = disks.blank(tmp_path / "disk.img", 64)
    words = ["--format", "--yes", *signature(job)]
    dock = service.dock_in_background(image, *words, "--rate", "500KB")
    wait_for(plan_of(service, job).exists, 60, "the plan")
    dock.kill()
    dock.wait()
    ours = image.rename(tmp_path / "ours.img")
    disks.formatted(image, 64, "EXT4")
    before = disks.identifier(image)
    refused = service.dock(image, *words, check=REFUSED)
    assert "was begun on another device" in refused.stderr
    assert disks.identifier(image) == before
    ours.rename(image)
    service.dock(image, *words, check=OK)
    check_export(service, job, image, "EXT4", objects)


def last_on_device(service, job, objects):
    """The last key on a device that is full: those before it in the order of keys are on it, too, and none
    after it; report and status say so."""
    lines = report.lines_of(fetched_report(service, job))
    keys = in_order(objects.objects)
    assert [line["Key"] for line in lines] == [f"{objects.bucket}/{key}" for key in keys[:len(lines)]], lines
    *written, last = lines
    assert (last["Status"], last["Code"]) == ("507", "DeviceFull")
    assert written and all(line["Code"] == "OK" for line in written)
    message = service.api().get_status(JobId=job["JobId"])["ProgressMessage"]
    after, first = keys[len(written) - 1], keys[len(written)]
    assert f"`{first}`" in message and f"beginMarker `{after}`" in message, message
    return after


@BOTH
def test_a_full_device_ends_in_the_order_of_keys_and_another_job_goes_on(service, tmp_path, file_system):
    """No smaller object is squeezed in behind the first that has no room, and the status says where the
    next job goes on: both devices together hold every object once."""
    s3 = service.buckets("full-data", "full-logs")
    objects, chance = Bucketful(s3, "full-data", under=""), random.Random(3)
    for number in range(30):
        objects.put(f"{number:02}", chance.randbytes((2 << 20) + number))
        objects.put(f"{number:02} small", b"would fit")
    options = {"fileSystem": file_system, "targetDirectory": "/"}
    job = export_job(service, exporting("full-data", "full-logs", **options))
    image = disks.blank(tmp_path / "small.img", 48)
    before = disks.identifier(image)
    assert "--partly" in dock_image(service, image, job, check=REFUSED).stderr
    assert disks.identifier(image) == before, "nothing is destroyed for what does not fit"
    dock_image(service, image, job, "--partly", check=SOME_FAILED)
    assert finished(service, job) == ("SuccessWithErrors", 1)
    after = last_on_device(service, job, objects)

    operations = [{"exportBucket": "full-data", "beginMarker": after}]
    rest = export_job(service, exporting("full-data", "full-logs", operations=operations, **options))
    second = disks.blank(tmp_path / "second.img", 160)
    dock_image(service, second, rest)
    found = {}
    for disk in (image, second):
        assert disks.is_sound(disk, file_system)
        with disks.mounted(disk, file_system) as root:
            files, folders = disks.content(root)
        assert not folders and not set(found) & set(files)
        found |= files
    objects.check_device(found, set())


def test_a_device_that_fills_up_unforeseen_ends_in_the_order_of_keys_too(service, tmp_path):
    """Somebody else takes the room that the plan counted on."""
    s3 = service.buckets("taken-data", "taken-logs")
    objects, chance = Bucketful(s3, "taken-data", under=""), random.Random(4)
    for number in range(30):
        objects.put(f"{number:02}", chance.randbytes((2 << 20) + number))
        objects.put(f"{number:02} small", b"would fit")
    objects.large("! comes first", chance.randbytes(33 << 20))
    job = export_job(service, exporting("taken-data", "taken-logs", targetDirectory="/"))
    image = disks.formatted(tmp_path / "own.img", 128, "EXT4")
    with disks.mounted(image, "EXT4", "rw") as root:
        dock = service.dock_in_background(root, *signature(job), "--rate", "10MB")
        wait_for(plan_of(service, job).exists, 60, "the plan")
        disks.system("fallocate", "-l", "60M", root / "lost+found" / "taken")
        assert dock.wait(120) == SOME_FAILED
        after = last_on_device(service, job, objects)
        files, folders = disks.content(root)
    keys = in_order(objects.objects)
    for later in keys[keys.index(after) + 1:]:
        del objects.objects[later]
    objects.check_device(files, folders)


@BOTH
def test_planned_devices_together_hold_every_object_once(service, tmp_path, file_system):
    s3 = service.buckets("three-data", "three-logs")
    objects, chance = Bucketful(s3, "three-data"), random.Random(6)
    for number in range(60):
        objects.put(f"{number:02}", chance.randbytes((1 << 20) + number))
    objects.fill(200, seed=6)
    objects.recovered("a//b", b"to the recovery directory of its device")
    manifest = tmp_path / "export.yaml"
    manifest.write_text(exporting("three-data", "three-logs", fileSystem=file_system))
    done = service.run("plan-export", manifest, "--capacity", "32MiB", "--json", "--rate", "100MB", check=OK)
    devices = json.loads(done.stdout)["devices"]
    assert len(devices) == 3
    found, lines = {}, []
    for number, device in enumerate(devices):
        job = export_job(service, Path(device["manifest"]).read_text())
        image = disks.blank(tmp_path / f"{number}.img", 32)
        dock_image(service, image, job)
        assert finished(service, job) == ("Complete", 0)
        lines += [line["Key"] for line in report.lines_of(fetched_report(service, job))]
        with disks.mounted(image, file_system) as root:
            files, _ = disks.content(root)
        assert files and not set(found) & set(files)
        found |= files
    assert sorted(lines) == sorted(f"three-data/{key}" for key in objects.objects)
    folders = {str(parent) for path in found for parent in Path(path).parents} - {"."}
    objects.check_device(found, folders)


def test_sets_prefixes_and_markers_choose_what_is_exported(service, tmp_path):
    s3 = service.buckets("sets-media", "sets-finance", "sets-logs")
    media, finance = Bucketful(s3, "sets-media"), Bucketful(s3, "sets-finance", under="restore/finance")
    for key in ["html", "html/index", "htmlx", "other", "stills/2011/z", "stills/2012", "stills/2012/a",
                "stills/2013/last.tif", "stills/2013/last.tif.bak", "stills/2014"]:
        media.put(key, key.encode())
    finance.put("2013/a:b", b"books", path="2013/a$COLON$b")
    for key in ["other", "stills/2011/z", "stills/2012", "stills/2013/last.tif.bak", "stills/2014"]:
        del media.objects[key]
    # A file stands where the folder of another key would be.
    media.objects["html/index"].path = None
    operations = [
        {"exportBucket": "sets-media", "prefix": "stills/", "beginMarker": "stills/2012", "endMarker": "stills/2013/last.tif"},
        {"exportBucket": "sets-media", "prefix": "html"},
        {"exportBucket": "sets-media", "prefix": "none of this name"},
        {"exportBucket": "sets-finance", "targetDirectory": "restore/finance"},
    ]
    job = export_job(service, exporting(None, "sets-logs", operations=operations, logPrefix="exp/", recoveryDirectory="ODD",
                                        substitutions={'":"': '"$COLON$"'}))
    image = disks.blank(tmp_path / "disk.img", 32)
    dock_image(service, image, job)
    assert service.api().get_status(JobId=job["JobId"])["LogKey"] == f"exp/export-log-{job['JobId']}"
    with disks.mounted(image, "EXT4") as root:
        files, _ = disks.content(root)
    wanted = {path.replace("EXPORT-RECOVERY", "ODD"): (of.objects[key].bytes, of.objects[key].md5)
              for of in (media, finance) for key, path in of.paths().items()}
    assert files == wanted
    assert len(report.lines_of(fetched_report(service, job))) == len(wanted)


def test_what_vanishes_or_changes_after_it_was_listed_is_told(service, tmp_path):
    """The device never holds a mixture of two versions, and every line is true."""
    s3 = service.buckets("moving-data", "moving-logs")
    objects, chance = Bucketful(s3, "moving-data"), random.Random(9)
    for number in range(40):
        objects.put(f"{number:02}", chance.randbytes(1 << 20))
    objects.large("98 changes", chance.randbytes(36 << 20))
    objects.put("99 goes", b"gone")
    job = export_job(service, exporting("moving-data", "moving-logs"))
    image = disks.blank(tmp_path / "disk.img", 160)
    words = ["--format", "--yes", *signature(job)]
    dock = service.dock_in_background(image, *words, "--rate", "8MB")
    wait_for(plan_of(service, job).exists, 60, "the plan")
    s3.delete_object(Bucket="moving-data", Key="99 goes")
    objects.large("98 changes", chance.randbytes(36 << 20))
    dock.kill()
    dock.wait()
    done = service.dock(image, *words, check=SOME_FAILED)
    assert "99 goes" in done.stdout + done.stderr
    failed = {line["Key"]: (line["Status"], line["Code"])
              for line in report.lines_of(fetched_report(service, job)) if line["Code"] != "OK"}
    assert failed == {"moving-data/98 changes": ("409", "ObjectChanged"), "moving-data/99 goes": ("404", "NoSuchKey")}
    for key in ["98 changes", "99 goes"]:
        del objects.objects[key]
    with disks.mounted(image, "EXT4") as root:
        objects.check_device(*disks.content(root))


def test_an_export_needs_the_right_to_read(service, tmp_path):
    s3 = service.buckets("closed-data", "closed-logs", "open-data")
    Bucketful(s3, "closed-data").put("a", b"a")
    key = service.new_account("reader", exports=["open-data"], imports=["closed-logs"])
    client = service.api(key)
    with pytest.raises(client.exceptions.BucketPermissionException):
        client.create_job(JobType="Export", Manifest=exporting("closed-data", "closed-logs"), ValidateOnly=False)
    allowed = client.create_job(JobType="Export", Manifest=exporting("open-data", "closed-logs"), ValidateOnly=False)
    assert allowed["JobType"] == "Export"


def test_a_bucket_that_is_gone_when_the_device_arrives_fails_nothing(service, one_object, tmp_path):
    """The run ends and nothing is marked: once the bucket is back the device is filled."""
    objects, job = one_object
    s3 = service.s3()
    s3.delete_object(Bucket="one-data", Key="a")
    s3.delete_bucket(Bucket="one-data")
    image = disks.blank(tmp_path / "disk.img", 32)
    stopped = dock_image(service, image, job, check=None)
    assert stopped.returncode not in (OK, SOME_FAILED)
    assert "one-data" in stopped.stderr
    assert finished(service, job)[0] in ("Pending", "InProgress")
    s3.create_bucket(Bucket="one-data")
    objects.put("a", b"a")
    dock_image(service, image, job)
    check_export(service, job, image, "EXT4", objects)
