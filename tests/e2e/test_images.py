"""Images of whole devices: snapshots in an emulator of the EBS direct APIs, archives in a Glacier, and
objects where there is neither."""

import contextlib
import csv
import hashlib
import io
import json
import os
import random
import re
import subprocess
import time

import clouds
import pytest
import report
from counting import CountingProxy
from longshore import OK, REFUSED, SOME_FAILED, wait_for
from manifests import manifest

BLOCK = 512 << 10
MEBIBYTE = 1 << 20
REGION = "us-west-2"
VAULT = "cold.vault_2013"

EMBEDDED = """
[embedded_store]
enabled = true
listen = "127.0.0.1:0"
[station]
parallel = 2
"""
API = """
[{table}]
endpoint = "{endpoint}"
access_key_id = "{key}"
secret_access_key = "{secret}"
"""


@pytest.fixture(scope="module")
def moto():
    with clouds.Moto() as cloud:
        yield cloud


@pytest.fixture
def glacier():
    with clouds.Glacier(VAULT) as cloud:
        yield cloud


class SlowProxy(CountingProxy):
    """Takes its time over each put."""

    def __init__(self, target, seconds):
        super().__init__(target)
        self.seconds = seconds

    def _count(self, address, segment):
        super()._count(address, segment)
        if segment.startswith(b"PUT "):
            time.sleep(self.seconds)


def api(table, endpoint):
    return API.format(table=table, endpoint=endpoint, key=clouds.ACCESS_KEY, secret=clouds.SECRET_KEY)


@pytest.fixture
def serving(new_service, tmp_path):
    """Makes a service with its own store and the tables of settings that are given."""

    def make(*tables):
        config = tmp_path / "longshore.toml"
        config.write_text("\n".join([EMBEDDED, *tables]))
        service = new_service(config=config)
        service.buckets("image-logs")
        return service

    return make


def image_manifest(destination, **operation):
    options = {"destination": destination, "source": "device", "region": REGION} | operation
    return manifest(manifestVersion="3.0", deviceId="BOOT-DISK-9", logBucket="image-logs", operations=[options])


def ebs_manifest(over="no"):
    return image_manifest("ebs-snapshot", deviceCapacityGreaterThan1TB=over)


def glacier_manifest(comment="finance year end 2013, disk 1 of 3"):
    return image_manifest("glacier", vaultName=VAULT, archiveComment=comment)


def make_job(service, text):
    """A job, and the words that say to `dock` what its sheet says."""
    made = service.api().create_job(JobType="Import", Manifest=text, ValidateOnly=False)
    return made["JobId"], ("--signature", f"{made['JobId']}:{made['Signature']}")


def write_image(path, mebibytes, tail=0, seed=1):
    """An image in which every third piece of 2 MiB is zeros, half of those as holes; gives its bytes."""
    chance, data = random.Random(seed), bytearray()
    for number in range(mebibytes // 2):
        data += bytes(2 * MEBIBYTE) if number % 3 == 1 else chance.randbytes(2 * MEBIBYTE)
    data += chance.randbytes(tail)
    with open(path, "wb") as file:
        for at in range(0, len(data), 2 * MEBIBYTE):
            piece = data[at:at + 2 * MEBIBYTE]
            if any(piece) or at % (4 * MEBIBYTE) == 0:
                file.seek(at)
                file.write(piece)
        file.truncate(len(data))
    return bytes(data)


def finished(service, job):
    status = service.api().get_status(JobId=job)
    assert (status["ProgressCode"], status["ErrorCount"]) == ("Complete", 0), status
    return status


def the_row(service, status):
    """The one row of an EBS import's report."""
    rows = report.lines_of(report.fetch(service.s3(), status))
    assert len(rows) == 1
    return rows[0]


def check_row(row, data):
    assert (row["File"], row["Status"], row["Code"]) == ("BOOT-DISK-9", "200", "OK")
    assert (row["MD5"], row["Bytes"]) == (hashlib.md5(data).hexdigest(), str(len(data)))
    assert row["Content-Type"] == "application/octet-stream"


def blocks_of(data):
    return [data[at:at + BLOCK].ljust(BLOCK, b"\0") for at in range(0, len(data), BLOCK)]


def blocks_with_data(data):
    return sum(any(block) for block in blocks_of(data))


def check_snapshot(moto, snapshot, data):
    """Compares a snapshot with an image, block by block. Zeros are not in it."""
    ebs = moto.client("ebs", REGION)
    listed = ebs.list_snapshot_blocks(SnapshotId=snapshot)
    assert listed["VolumeSize"] == 1
    tokens = {block["BlockIndex"]: block["BlockToken"] for block in listed["Blocks"]}
    blocks = blocks_of(data)
    assert set(tokens) == {index for index, block in enumerate(blocks) if any(block)}
    for index, token in tokens.items():
        read = ebs.get_snapshot_block(SnapshotId=snapshot, BlockIndex=index, BlockToken=token)
        assert read["BlockData"].read() == blocks[index], f"block {index}"


@pytest.mark.parametrize("read_back", ["off", "full"])
def test_a_device_becomes_a_snapshot(serving, moto, tmp_path, read_back):
    service = serving(f'read_back = "{read_back}"', api("ebs", moto.endpoint))
    data = write_image(tmp_path / "disk.img", 40, tail=100_001)
    job, sheet = make_job(service, ebs_manifest())
    service.dock(tmp_path / "disk.img", *sheet, check=OK)
    status = finished(service, job)
    row = the_row(service, status)
    check_row(row, data)
    assert re.fullmatch(r"snap-[0-9a-f]+", row["Key"])
    assert row["Key"] in status["ProgressMessage"]
    assert moto.reads(row["Key"]) == (blocks_with_data(data) if read_back == "full" else 0)
    check_snapshot(moto, row["Key"], data)


@contextlib.contextmanager
def loop_device(path):
    """A block device that is the file at `path`."""
    attach = ["losetup", "--find", "--show", path]
    loop = subprocess.run(attach, check=True, capture_output=True, text=True).stdout.strip()
    try:
        yield loop
    finally:
        subprocess.run(["losetup", "--detach", loop], check=True)


def test_a_block_device_is_read_raw_and_not_while_it_is_mounted(serving, moto, tmp_path):
    service = serving(api("ebs", moto.endpoint))
    disk, folder = tmp_path / "disk.img", tmp_path / "mounted"
    folder.mkdir()
    disk.write_bytes(bytes(16 * MEBIBYTE))
    subprocess.run(["mkfs.ext4", "-q", disk], check=True)
    job, sheet = make_job(service, ebs_manifest())
    with loop_device(disk) as loop:
        subprocess.run(["mount", loop, folder], check=True)
        try:
            assert "mounted" in service.dock(loop, *sheet).stderr
        finally:
            subprocess.run(["umount", folder], check=True)
        assert service.api().get_status(JobId=job)["ProgressCode"] in ("Pending", "InProgress")
        service.dock(loop, *sheet, check=OK)
    row = the_row(service, finished(service, job))
    check_row(row, disk.read_bytes())
    check_snapshot(moto, row["Key"], disk.read_bytes())


def test_what_a_device_does_not_give_is_zeros_and_is_said(serving, moto, tmp_path):
    """A loop device whose file was cut off cannot be read from there on."""
    service = serving(api("ebs", moto.endpoint))
    disk = tmp_path / "disk.img"
    data = write_image(disk, 12)
    job, sheet = make_job(service, ebs_manifest())
    with loop_device(disk) as loop:
        readable = 8 * MEBIBYTE + 3 * 4096
        os.truncate(disk, readable)
        service.dock(loop, *sheet, check=SOME_FAILED)
    status = service.api().get_status(JobId=job)
    assert (status["ProgressCode"], status["ErrorCount"]) == ("SuccessWithErrors", 1), status
    assert str(readable) in status["ProgressMessage"]
    data = data[:readable].ljust(len(data), b"\0")
    row = the_row(service, status)
    check_row(row, data)
    check_snapshot(moto, row["Key"], data)


def test_a_snapshot_goes_on_after_a_kill(serving, moto, tmp_path):
    with SlowProxy(("127.0.0.1", moto.port), 0.03) as proxy:
        service = serving(api("ebs", proxy.endpoint))
        data = write_image(tmp_path / "disk.img", 120)
        job, sheet = make_job(service, ebs_manifest())
        for killed_after in (40, 100):
            dock = service.dock_in_background(tmp_path / "disk.img", *sheet)
            wait_for(lambda at_least=killed_after: len(proxy.puts) >= at_least, 120, "blocks in the snapshot")
            assert dock.poll() is None, "the image was sent before it could be interrupted"
            dock.kill()
            dock.wait()
        service.dock(tmp_path / "disk.img", *sheet, check=OK)
    row = the_row(service, finished(service, job))
    check_row(row, data)
    check_snapshot(moto, row["Key"], data)
    assert {path.split("/")[2] for path in proxy.puts} == {row["Key"]}, "an attempt made a snapshot of its own"
    # Of each kill what was in flight or not yet in the journal: a few stretches of 16 blocks.
    assert proxy.again(lambda _: True) <= 2 * 4 * 16


@pytest.mark.parametrize("over, size", [("yes", 8 * MEBIBYTE), ("no", (1 << 40) + 512)])
def test_a_device_of_another_size_than_promised_is_not_read_and_its_job_waits(serving, moto, tmp_path, over, size):
    service = serving(api("ebs", moto.endpoint))
    disk = tmp_path / "disk.img"
    with open(disk, "wb") as file:
        file.write(b"x" * 4096)
        file.truncate(size)
    job, sheet = make_job(service, ebs_manifest(over))
    told = service.dock(disk, *sheet, check=REFUSED).stderr
    assert "deviceCapacityGreaterThan1TB" in told
    status = service.api().get_status(JobId=job)
    assert (status["LocationCode"], status["ProgressCode"]) == ("AtAWS", "Pending")
    assert "the size of the device is not what deviceCapacityGreaterThan1TB says" in status["ProgressMessage"]
    if over == "yes":
        service.api().update_job(JobId=job, JobType="Import", Manifest=ebs_manifest("no"), ValidateOnly=False)
        service.dock(disk, *sheet, check=OK)
        check_row(the_row(service, finished(service, job)), disk.read_bytes())


def test_without_such_a_service_the_image_goes_to_objects_and_comes_back(serving, tmp_path):
    service = serving()
    data = write_image(tmp_path / "disk.img", 24, tail=512)
    job, sheet = make_job(service, ebs_manifest())
    service.dock(tmp_path / "disk.img", *sheet, check=OK)
    status = finished(service, job)
    row = the_row(service, status)
    check_row(row, data)
    assert row["Key"] == f"{job}/"
    check_restored(service, f"{job}/image.index", data, tmp_path)
    check_damage_is_found(service, f"{job}/", tmp_path)


def test_an_object_that_would_be_zeros_is_left_out(serving, tmp_path):
    service = serving()
    disk, size = tmp_path / "disk.img", (1 << 30) + 3 * 4096
    with open(disk, "wb") as file:
        file.truncate(size)
        file.seek(size - 4)
        file.write(b"last")
    job, sheet = make_job(service, ebs_manifest())
    service.dock(disk, *sheet, check=OK)
    found = report.keys_in(service.s3(), "image-logs", f"{job}/")
    del found[f"{job}/image.index"]
    assert found == {f"{job}/image.00001": 3 * 4096}
    out = tmp_path / "restored.img"
    restore(service, f"{job}/image.index", out, check=OK)
    subprocess.run(["cmp", disk, out], check=True)
    assert out.stat().st_blocks * 512 < 64 * MEBIBYTE, "zeros were written where a hole would do"


def restore(service, index, out, *options, check=None):
    return service.run("image", "restore", index, "--bucket", "image-logs", "--output", out, *options, check=check)


def check_restored(service, index, data, tmp_path):
    out = tmp_path / "restored.img"
    restore(service, index, out, check=OK)
    assert out.read_bytes() == data
    assert restore(service, index, out).returncode != OK, "a file that exists was overwritten"
    out.write_bytes(b"x" * (len(data) + 5))
    restore(service, index, out, "--force", check=OK)
    assert out.read_bytes() == data


def check_damage_is_found(service, prefix, tmp_path):
    key = f"{prefix}image.00000"
    body = bytearray(service.s3().get_object(Bucket="image-logs", Key=key)["Body"].read())
    body[MEBIBYTE] ^= 1
    service.s3().put_object(Bucket="image-logs", Key=key, Body=bytes(body))
    done = restore(service, f"{prefix}image.index", tmp_path / "damaged.img")
    assert done.returncode != OK and key in done.stderr


def check_glacier_log(service, status, location, comment):
    """The two lines, and nothing else."""
    answer = service.s3().get_object(Bucket=status["LogBucket"], Key=status["LogKey"])
    header, row = csv.reader(io.StringIO(answer["Body"].read().decode(), newline=""))
    assert header == ["Date", "Vault Name", "Archive Location", "Archive Comment"]
    assert row[1:] == [VAULT, location, comment]


def test_a_device_becomes_an_archive(serving, glacier, tmp_path):
    glacier.trouble = [503, 429]
    service = serving(api("glacier", glacier.endpoint))
    data = write_image(tmp_path / "disk.img", 40, tail=100_001)
    comment = "disk 1 of 3"
    job, sheet = make_job(service, glacier_manifest(comment))
    service.dock(tmp_path / "disk.img", *sheet, check=OK)
    status = finished(service, job)
    [(archive, stored)] = glacier.archives.items()
    assert stored == (VAULT, comment, data)
    assert glacier.uploads == {}
    account = archive_account(service, status)
    check_glacier_log(service, status, f"/{account}/vaults/{VAULT}/archives/{archive}", comment)


def archive_account(service, status):
    """The account in the archive's location: twelve digits."""
    answer = service.s3().get_object(Bucket=status["LogBucket"], Key=status["LogKey"])
    return re.search(r",/(\d{12})/vaults/", answer["Body"].read().decode())[1]


def test_an_archive_goes_on_after_a_kill(serving, glacier, tmp_path):
    glacier.delay = 0.2
    service = serving(api("glacier", glacier.endpoint))
    data = write_image(tmp_path / "disk.img", 160)
    job, sheet = make_job(service, glacier_manifest())
    for killed_after in (4, 10):
        dock = service.dock_in_background(tmp_path / "disk.img", *sheet)
        wait_for(lambda at_least=killed_after: len(set(glacier.puts)) >= at_least, 120, "parts in the vault")
        assert dock.poll() is None, "the image was sent before it could be interrupted"
        dock.kill()
        dock.wait()
    service.dock(tmp_path / "disk.img", *sheet, check=OK)
    finished(service, job)
    [(_, _, stored)] = glacier.archives.values()
    assert stored == data
    assert len({upload for upload, _ in glacier.puts}) == 1, "an attempt began an upload of its own"
    # Of each kill what was in flight or not yet in the journal.
    assert len(glacier.puts) - len(set(glacier.puts)) <= 2 * 4


def test_a_vault_that_is_not_there_loads_nothing_and_the_device_can_come_again(serving, glacier, tmp_path):
    glacier.vaults.clear()
    service = serving(api("glacier", glacier.endpoint))
    data = write_image(tmp_path / "disk.img", 4)
    job, sheet = make_job(service, glacier_manifest())
    told = service.dock(tmp_path / "disk.img", *sheet)
    assert told.returncode != OK and VAULT in told.stderr
    glacier.vaults.add(VAULT)
    service.dock(tmp_path / "disk.img", *sheet, check=OK)
    [(_, _, stored)] = glacier.archives.values()
    assert stored == data


def test_an_archive_class_of_the_store_takes_the_place_of_glacier(serving, tmp_path):
    service = serving('[glacier]\nstorage_class = "DEEP_ARCHIVE"')
    data = write_image(tmp_path / "disk.img", 24, tail=7)
    job, sheet = make_job(service, glacier_manifest())
    service.dock(tmp_path / "disk.img", *sheet, check=OK)
    status = finished(service, job)
    key = f"{job}/image.00000"
    found = service.s3().head_object(Bucket="image-logs", Key=key)
    assert (found["ContentLength"], found.get("StorageClass")) == (len(data), "DEEP_ARCHIVE")
    check_glacier_log(service, status, f"image-logs/{key}", "finance year end 2013, disk 1 of 3")
    check_restored(service, f"{job}/image.index", data, tmp_path)


def test_the_index_says_what_the_image_is(serving, tmp_path):
    service = serving()
    data = write_image(tmp_path / "disk.img", 4)
    job, sheet = make_job(service, ebs_manifest())
    service.dock(tmp_path / "disk.img", *sheet, check=OK)
    answer = service.s3().get_object(Bucket="image-logs", Key=f"{job}/image.index")
    text = answer["Body"].read().decode()
    index = json.loads(text)
    assert "BOOT-DISK-9" in text
    assert hashlib.sha256(data).hexdigest() in text and hashlib.md5(data).hexdigest() in text
    assert index["bytes"] == len(data)
