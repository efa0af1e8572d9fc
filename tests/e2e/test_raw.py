"""Disks that are docked as they are: nothing is mounted, and what cannot be read is refused without a change."""

import json
import os
import random
import subprocess

import pytest
import raw
import report
from device import Device, fill
from disks import attached, blank, mounted
from longshore import OK, REFUSED, SOME_FAILED, USAGE, wait_for
from manifests import importing

BUCKET = "raw-data"
DIFFERS = 6


@pytest.fixture
def s3(service):
    return service.buckets(BUCKET)


def make_job(service, **options):
    return service.api().create_job(JobType="Import", Manifest=importing(BUCKET, **options), ValidateOnly=False)


def state(service, job):
    status = service.api().get_status(JobId=job)
    return status["LocationCode"], status["ProgressCode"]


def filled(root, made=None, prefix="", files=60):
    """A folder from which a volume is made, with the SIGNATURE of a job."""
    device = Device(root, prefix)
    fill(device, files)
    device.file("films/long.mov", random.Random(3).randbytes(700_000), "video/quicktime", mtime=1_300_000_000)
    if made:
        device.sign(made["SignatureFileContents"])
    return device


def below(folder, name):
    """A folder of its own."""
    (folder / name).mkdir()
    return folder / name


def volume(path, kind, device):
    if raw.needs_root(kind) and not raw.is_root():
        pytest.skip("only an administrator can fill it")
    return raw.file_system(path, kind, device.path)


def shipped(tmp_path, kind, device, table="gpt"):
    """A disk with one partition; its image, and what it was."""
    part = volume(tmp_path / "part.img", kind, device)
    image = tmp_path / "disk.img"
    raw.disk(image, table, [(raw.LINUX if kind == "EXT4" else raw.DATA, part)])
    return image, raw.digest(image)


def assert_loaded(service, s3, job, device, errors=0):
    status = service.api().get_status(JobId=job)
    assert (status["ProgressCode"], status["ErrorCount"]) == ("Complete", errors), status
    report.compare(s3, BUCKET, device, but=[status["LogKey"]])
    report.check(report.fetch(s3, status), device, BUCKET)


@pytest.mark.parametrize("table", ["gpt", "mbr"])
@pytest.mark.parametrize("kind", ["EXT4", "NTFS", "EXFAT", "FAT32"])
def test_a_disk_is_loaded_without_being_mounted(service, s3, tmp_path, kind, table):
    made = make_job(service)
    device = filled(tmp_path / "files", made)
    image, before = shipped(tmp_path, kind, device, table)
    told = service.dock(image, "--json", check=OK).stdout
    assert json.loads(told)["job"] == made["JobId"]
    assert_loaded(service, s3, made["JobId"], device)
    assert raw.digest(image) == before, "something has written to it"


@pytest.mark.parametrize("kind", ["EXT4", "FAT32"])
def test_a_file_system_without_a_table_is_loaded(service, s3, tmp_path, kind):
    made = make_job(service)
    device = filled(tmp_path / "files", made, files=10)
    image = volume(tmp_path / "stick.img", kind, device)
    service.dock(image, check=OK)
    assert_loaded(service, s3, made["JobId"], device)


def test_every_data_volume_is_loaded_below_its_number_and_systems_are_left_out(service, s3, tmp_path):
    made = make_job(service)
    first = filled(tmp_path / "first", files=12)
    second = filled(tmp_path / "second", made, files=20)
    parts = [
        (raw.EFI, raw.file_system(tmp_path / "efi.img", "FAT32", first.path)),
        (raw.LINUX, raw.file_system(tmp_path / "1.img", "EXT4", first.path)),
        (raw.SWAP, raw.swap(tmp_path / "swap.img")),
        (raw.DATA, raw.file_system(tmp_path / "2.img", "FAT32", second.path)),
    ]
    image = tmp_path / "disk.img"
    raw.disk(image, "gpt", parts)
    service.dock(image, check=OK)
    status = service.api().get_status(JobId=made["JobId"])
    assert (status["ProgressCode"], status["ErrorCount"]) == ("Complete", 0)
    wanted = {f"partition-2/{key}": e for key, e in first.loaded.items()}
    wanted |= {f"partition-4/{key}": e for key, e in second.loaded.items()}
    found = report.keys_in(s3, BUCKET)
    for form in report.FORMS:
        found.pop(status["LogKey"] + form, None)
    assert found == {key: expected.bytes for key, expected in wanted.items()}
    for key in random.Random(1).sample(sorted(wanted), 8):
        body = s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        assert body == (tmp_path / key.replace("partition-2", "first").replace("partition-4", "second")).read_bytes()
    lines = {line["File"]: line for line in report.lines_of(report.fetch(s3, status))}
    for name in ("partition-1", "partition-3", "partition-4/SIGNATURE"):
        assert (lines[name]["Status"], lines[name]["Code"]) == ("103", "Ignored"), name


def test_a_volume_is_chosen_by_its_number_and_another_choice_is_another_device(service, s3, tmp_path):
    made = make_job(service)
    first = filled(tmp_path / "first", made, files=12)
    second = filled(tmp_path / "second", files=20)
    parts = [(raw.LINUX, raw.file_system(tmp_path / f"{device.path[-5:]}.img", "EXT4", device.path)) for device in (first, second)]
    image = tmp_path / "disk.img"
    raw.disk(image, "mbr", parts)
    assert "no volume `7`" in service.dock(image, "--volume", "7", check=USAGE).stderr
    assert report.keys_in(s3, BUCKET) == {}
    # Its SIGNATURE is found on the other one.
    service.dock(image, "--volume", "2", check=OK)
    status = service.api().get_status(JobId=made["JobId"])
    report.compare(s3, BUCKET, second, but=[status["LogKey"]])
    lines = {line["File"]: line for line in report.lines_of(report.fetch(s3, status))}
    assert (lines["partition-1"]["Status"], lines["partition-1"]["Code"]) == ("103", "Ignored")
    assert "is a folder" in service.dock(first.path, "--volume", "1", check=USAGE).stderr


def test_times_of_a_local_clock_are_read_by_the_zone_that_is_said(service, s3, tmp_path):
    made = make_job(service)
    device = Device(tmp_path / "files")
    device.file("a.txt", b"alpha", "text/plain", mtime=1_300_000_000)
    device.sign(made["SignatureFileContents"])
    image = volume(tmp_path / "stick.img", "FAT32", device)
    told = service.run("device", "look", image, check=OK).stdout
    assert "local clock" in told
    told = service.run("device", "look", image, "--zone", "+02:30", check=OK).stdout
    assert "local clock" not in told
    service.dock(image, "--zone", "+02:30", check=OK)
    found = s3.head_object(Bucket=BUCKET, Key="a.txt")["Metadata"]["mtime"]
    # mcopy writes the times as this process shows them: in UTC.
    assert float(found) == 1_300_000_000 - 9000
    assert "expected hours" in service.dock(image, "--zone", "CET", check=USAGE).stderr


def test_two_signatures_of_different_jobs_refuse_the_disk(service, s3, tmp_path):
    jobs = [make_job(service), make_job(service)]
    parts = []
    for number, made in enumerate(jobs):
        device = filled(tmp_path / f"files-{number}", made, files=3)
        parts.append((raw.LINUX, raw.file_system(tmp_path / f"{number}.img", "EXT4", device.path)))
    image = tmp_path / "disk.img"
    raw.disk(image, "gpt", parts)
    told = service.dock(image, check=REFUSED).stderr
    assert all(made["JobId"] in told for made in jobs)
    for made in jobs:
        assert state(service, made["JobId"]) == ("NotReceived", "Pending")
    assert report.keys_in(s3, BUCKET) == {}


def test_what_cannot_be_read_is_refused_and_no_job_is_changed(service, s3, tmp_path):
    made = make_job(service)
    unsigned = filled(tmp_path / "files", files=4)
    noise = tmp_path / "noise.img"
    noise.write_bytes(random.Random(5).randbytes(3 << 20))
    cut, _ = shipped(tmp_path, "EXT4", filled(tmp_path / "signed", made, files=4))
    with open(cut, "r+b") as file:
        file.truncate((1 << 20) + 9000)
    misnamed = filled(tmp_path / "misnamed", files=4)
    (tmp_path / "misnamed" / "SIGNATURE.txt").write_text(made["SignatureFileContents"])
    for image, words in [
        (raw.file_system(tmp_path / "unsigned.img", "EXT4", unsigned.path), "nothing says which job it is for"),
        (noise, "nothing says which job it is for"),
        (cut, "partition 1"),
        (raw.luks(tmp_path / "luks.img"), "encrypted"),
        (blank(tmp_path / "blank.img", 4), "it is blank"),
        (raw.file_system(tmp_path / "misnamed.img", "EXT4", misnamed.path), "SIGNATURE.txt"),
    ]:
        before = raw.digest(image)
        told = service.dock(image, check=REFUSED).stderr
        assert words in told and "hint:" in told, (image, told)
        assert raw.digest(image) == before
        assert state(service, made["JobId"]) == ("NotReceived", "Pending"), image
    assert report.keys_in(s3, BUCKET) == {}


def test_an_encrypted_disk_holds_its_job_and_says_why(service, s3, tmp_path):
    made = make_job(service)
    image = raw.luks(tmp_path / "luks.img")
    scan = f"{made['JobId']}:{made['Signature']}"
    told = service.dock(image, "--signature", scan, check=REFUSED).stderr
    assert "encrypted" in told
    assert state(service, made["JobId"]) == ("AtAWS", "Pending")
    assert "encrypted" in service.api().get_status(JobId=made["JobId"])["ProgressMessage"]
    assert report.keys_in(s3, BUCKET) == {}


def test_a_volume_that_cannot_be_read_is_an_error_and_the_others_are_loaded(service, s3, tmp_path):
    made = make_job(service)
    device = filled(tmp_path / "files", made, files=5)
    parts = [(raw.LINUX, volume(tmp_path / "1.img", "EXT4", device)), (raw.LINUX, raw.luks(tmp_path / "2.img"))]
    image = tmp_path / "disk.img"
    raw.disk(image, "gpt", parts)
    service.dock(image, check=SOME_FAILED)
    status = service.api().get_status(JobId=made["JobId"])
    assert (status["ProgressCode"], status["ErrorCount"]) == ("SuccessWithErrors", 1)
    lines = {line["File"]: line for line in report.lines_of(report.fetch(s3, status))}
    assert (lines["partition-2"]["Status"], lines["partition-2"]["Code"]) == ("415", "UnsupportedFileFormat")
    report.compare(s3, BUCKET, device, but=[status["LogKey"]])


def test_a_docking_that_is_killed_goes_on_with_the_same_disk_alone(service, s3, tmp_path):
    made = make_job(service)
    device = filled(tmp_path / "files", made, files=400)
    image, before = shipped(tmp_path, "EXT4", device)
    docking = service.dock_in_background(image, "--rate", "300kB")
    wait_for(lambda: len(report.keys_in(s3, BUCKET)) > 250 or docking.poll() is not None, 60, "files are loaded")
    docking.kill()
    assert docking.wait() < 0, "it was done before it was killed"
    # Another disk with the same SIGNATURE, and none of the files that were loaded.
    other, _ = shipped(below(tmp_path, "other"), "EXT4", filled(tmp_path / "other-files", made, files=3))
    told = service.dock(other, check=REFUSED).stderr
    assert "another device" in told
    # A copy of the disk is the disk.
    copy = tmp_path / "copy.img"
    copy.write_bytes(image.read_bytes())
    done = json.loads(service.dock(copy, "--json", check=OK).stdout)
    assert done["resumed"] > 0
    assert_loaded(service, s3, made["JobId"], device)
    assert raw.digest(image) == before


def test_a_disk_is_looked_at_without_a_service(service, s3, tmp_path):
    made = make_job(service)
    device = filled(tmp_path / "files", made, files=5)
    image, before = shipped(tmp_path, "EXT4", device)
    bytes_ = sum(os.path.getsize(os.path.join(root, name)) for root, _, names in os.walk(device.path) for name in names)
    look = json.loads(service.run("device", "look", image, "--json", check=OK).stdout)
    (volume,) = look["volumes"]
    assert (look["table"], volume["number"], volume["becomes"]) == ("GPT", 1, "loaded")
    assert (volume["file_system"], volume["label"]) == ("ext4", "DISK")
    assert (volume["files"], volume["file_bytes"]) == (len(device.expected), bytes_)
    (whose,) = look["jobs"]
    assert (whose["job"], whose["facts"]["device_id"]) == (made["JobId"], "E2E-1")
    service.stop()
    told = service.run("device", "look", image, "--files", check=OK).stdout
    assert made["JobId"] in told and "films/long.mov" in told
    assert raw.digest(image) == before
    service.start()
    noise = tmp_path / "noise.img"
    noise.write_bytes(random.Random(5).randbytes(1 << 20))
    service.run("device", "look", noise, check=REFUSED)


def test_a_report_is_verified_against_the_disk(service, s3, tmp_path):
    made = make_job(service)
    device = filled(tmp_path / "files", made, files=9)
    image, _ = shipped(tmp_path, "EXT4", device)
    service.dock(image, check=OK)
    service.run("verify", made["JobId"], "--device", image, "--bucket", check=OK)
    changed = filled(tmp_path / "files-2", made, files=9)
    changed.file("films/long.mov", b"another", "video/quicktime")
    other, _ = shipped(below(tmp_path, "changed"), "EXT4", changed)
    told = service.run("verify", made["JobId"], "--device", other, check=DIFFERS).stdout
    assert "films/long.mov" in told


def test_an_image_is_imported_like_a_folder(service, s3, tmp_path):
    device = filled(tmp_path / "files", prefix="", files=15)
    image, before = shipped(tmp_path, "EXT4", device)
    told = json.loads(service.run("import", image, "--bucket", BUCKET, "--dry-run", "--json", check=OK).stdout)
    assert (told["files"], told["new"]["files"]) == (len(device.loaded),) * 2
    assert report.keys_in(s3, BUCKET) == {}
    done = json.loads(service.run("import", image, "--bucket", BUCKET, "--json", check=OK).stdout)
    assert done["files"] == len(device.loaded)
    report.compare(s3, BUCKET, device, but=[done["report"].split("/", 3)[3]])
    assert raw.digest(image) == before
    signed, _ = shipped(below(tmp_path, "signed"), "EXT4", filled(tmp_path / "files-2", make_job(service), files=2))
    assert "it is a device" in service.run("import", signed, "--bucket", BUCKET, check=REFUSED).stderr


def test_an_import_of_an_image_that_was_killed_is_resumed(service, s3, tmp_path):
    device = filled(tmp_path / "files", files=400)
    image, before = shipped(tmp_path, "EXT4", device)
    words = service.command("import", image, "--bucket", BUCKET, "--rate", "300kB")
    importing_ = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for(lambda: len(report.keys_in(s3, BUCKET)) > 250 or importing_.poll() is not None, 60, "files are loaded")
    importing_.kill()
    assert importing_.wait() < 0, "it was done before it was killed"
    (begun,) = json.loads(service.run("import", "--list", "--json", check=OK).stdout)["imports"]
    assert begun["folder"] == str(image)
    done = json.loads(service.run("import", image, "--resume", begun["job"], "--json", check=OK).stdout)
    assert done["resumed"] > 0
    report.compare(s3, BUCKET, device, but=[done["report"].split("/", 3)[3]])
    assert raw.digest(image) == before


def test_an_image_needs_no_administrator(readable_by_nobody):
    service, folder = readable_by_nobody
    s3 = service.buckets(BUCKET)
    made = make_job(service)
    device = filled(folder / "files", made, files=5)
    image, _ = shipped(folder, "EXT4", device)
    image.chmod(0o444)
    service.dock(image, check=OK)
    assert_loaded(service, s3, made["JobId"], device)


def test_a_job_that_was_begun_on_a_mounted_disk_goes_on_with_the_disk_as_it_is(service, s3, tmp_path):
    if not raw.is_root():
        pytest.skip("only an administrator mounts")
    made = make_job(service)
    device = filled(tmp_path / "files", made, files=400)
    part = volume(tmp_path / "part.img", "EXT4", device)
    image = tmp_path / "disk.img"
    raw.disk(image, "gpt", [(raw.LINUX, part)])
    with mounted(part, "EXT4") as root:
        docking = service.dock_in_background(root, "--rate", "300kB")
        wait_for(lambda: len(report.keys_in(s3, BUCKET)) > 250 or docking.poll() is not None, 60, "files are loaded")
        docking.kill()
        assert docking.wait() < 0, "it was done before it was killed"
    with attached(image) as block:
        done = json.loads(service.dock(block, "--json", check=OK).stdout)
    assert done["resumed"] > 0
    status = service.api().get_status(JobId=made["JobId"])
    report.compare(s3, BUCKET, device, but=[status["LogKey"]])
