"""Benches on disks that come back under another name, come and go, or are watched by two stations."""

import json
import os
import random
import signal
from pathlib import Path

import pytest
import raw
import report
from benches import (
    BUCKET,
    SOON,
    bays_config,
    device_of,
    image_of,
    make_job,
    told,
    until_complete,
)
from consoles import Client, link
from disks import system
from longshore import OK, Service, clean_environment, wait_for
from stores import Child

BAYS = ["A", "B", "C", "D"]

# What is on its way at once, in requests: a part that the store has, and of which the journal has not heard yet, is sent again.
IN_FLIGHT = 2


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    """A service whose bays are folders of images, which is slow enough to be disturbed."""
    if not raw.is_root():
        pytest.skip("only an administrator can attach an image")
    config, bays = bays_config(
        tmp_path_factory.mktemp("bench"), BAYS, rate="4MB", parallel=IN_FLIGHT, multipart_threshold_mib=5, part_mib=5,
        settle_seconds=1)
    service = Service(tmp_path_factory.mktemp("service"), config).start()
    service.buckets(BUCKET)
    yield service, bays
    service.close()


def assert_loaded(service, s3, job, device):
    """The bucket has what other tests have loaded as well."""
    done = until_complete(service, job)
    report.check(report.fetch(s3, done), device, BUCKET)


def film(device, megabytes):
    device.file("film.mov", os.urandom(megabytes * 1_000_000), "video/quicktime")


def disk_of_film(service, path, prefix, megabytes):
    """A job, and an image of its disk with a film on it."""
    job, signature = make_job(service, prefix=prefix)
    device = device_of(path.with_suffix(".folder"), signature, prefix, files=5)
    film(device, megabytes)
    return job, device, image_of(path, device, mebibytes=megabytes + 8)


def parts(s3, key):
    """The parts of a file that the store has, by their numbers; what each is, and when it came."""
    open_uploads = s3.list_multipart_uploads(Bucket=BUCKET).get("Uploads", [])
    ids = [upload["UploadId"] for upload in open_uploads if upload["Key"] == key]
    if not ids:
        return None, {}
    try:
        listed = s3.list_parts(Bucket=BUCKET, Key=key, UploadId=ids[0]).get("Parts", [])
    except s3.exceptions.NoSuchUpload:
        # It was completed in this moment.
        return None, {}
    return ids[0], {part["PartNumber"]: (part["ETag"], part["LastModified"]) for part in listed}


def map_of(service, bay):
    """What was read so far of the device in a bay."""
    bays = json.loads(service.run("bay", "list", "--json", *service.settings(), check=OK).stdout)["Bays"]
    return next((line["Map"] for line in bays if line["Bay"] == bay), None)


def laid(image, to, device):
    """Lays an image that is attached elsewhere, as if its disk were unplugged from one bay and plugged into another. The
    kernel says so when it is asked to."""
    image.rename(to)
    Path("/sys/class/block", Path(device).name, "uevent").write_text("change")
    return to


def test_a_disk_that_comes_back_under_another_number_goes_on_and_another_under_its_own_is_not_taken_for_it(bench, loops):
    service, bays = bench
    s3 = service.s3()
    job, device, image = disk_of_film(service, bays["A"] / "disk.img", "again/", 30)
    loop = loops.attach(image)
    upload, _ = wait_for(lambda: (found := parts(s3, "again/film.mov"))[1] and found, SOON, "a part is stored")
    seen = wait_for(lambda: map_of(service, "A"), SOON, "it is told what was read")
    assert seen["Bytes"] == image.stat().st_size and len(seen["Cells"]) == 120
    assert set(seen["Cells"]) == {"+", "?"}, "some of a sound disk was read, and the rest was not yet"
    client = Client(service)
    client.sign_in(link(service, *service.settings()))
    name = json.loads(service.run("station", "list", "--json", *service.settings(), check=OK).stdout)["Stations"][0]["Name"]
    page = client.ask("GET", f"/bench/{name}/A")[2]
    assert 'class="plot strip"' in page and '<rect class="read"' in page, "the page of a bay shows it"
    away = laid(image, bays["A"].parent / "away.img", loop)
    wait_for(lambda: told(service, "bay=A", "state=pulled-out", job), SOON, "it is seen that it was pulled")
    held = wait_for(lambda: service.held_jobs().get(job), SOON, "its job is on hold")["Held"]
    assert held["Code"] == "DiskGone" and "unplugged" in held["Message"], held
    again, before = parts(s3, "again/film.mov")
    assert again == upload and before
    loops.detach(loop)
    # Another disk has its name and its bay.
    other = device_of(bays["A"].parent / "other", "nothing of ours", files=1)
    Path(other.path, "SIGNATURE").unlink()
    loops.attach_at(loop, image_of(bays["A"] / "other.img", other))
    wait_for(lambda: told(service, "bay=A", "state=unknown"), SOON, "it is found that the other names nobody")
    assert parts(s3, "again/film.mov") == (upload, before), "nothing of the other is loaded"
    second = loops.attach(away.rename(bays["B"] / "disk.img"))
    assert second != loop
    after, uploads = before, set()
    while (found := parts(s3, "again/film.mov"))[1]:
        uploads.add(found[0])
        after = found[1]
    assert_loaded(service, s3, job, device)
    assert uploads <= {upload}, "the upload goes on"
    sent_again = [number for number, part in before.items() if after[number] != part]
    assert len(sent_again) <= IN_FLIGHT, f"{sent_again} of {sorted(before)} were sent again"


def test_partitions_that_are_told_to_the_kernel_are_no_bays(bench, loops, tmp_path):
    service, bays = bench
    s3 = service.s3()
    job, device, image = disk_of_film(service, tmp_path / "parted.img", "parted/", 1)
    loop = loops.attach(image)
    system("partx", "--add", loop)
    try:
        assert Path(f"{loop}p1").exists()
        laid(image, bays["B"] / "parted.img", loop)
        assert_loaded(service, s3, job, device)
        assert not told(service, "bay=B.2")
    finally:
        system("partx", "--delete", loop, check=False)


def test_disks_that_come_and_go_leave_no_bay_no_file_and_no_loop_behind(bench, loops, tmp_path):
    service, bays = bench
    images = {bay: folder / "blank.img" for bay, folder in bays.items()}
    for image in images.values():
        raw.disk(image, "gpt", [])
    wait_for(lambda: len(loops.of(images.values())) == 0, SOON, "nothing of before is attached")
    files = len(os.listdir(f"/proc/{service.pid}/fd"))
    chance = random.Random(17)
    there = {}
    for _ in range(200):
        bay = chance.choice(BAYS)
        if bay in there:
            loops.detach(there.pop(bay))
        else:
            there[bay] = loops.attach(images[bay])
    for loop in there.values():
        loops.detach(loop)
    wait_for(lambda: not loops.of(images.values()), SOON, "no loop is left")
    wait_for(lambda: len(os.listdir(f"/proc/{service.pid}/fd")) <= files, SOON, "no file is left open")
    # Every bay is as good as new.
    s3 = service.s3()
    jobs = [disk_of_film(service, bays[bay] / "disk.img", f"after-{bay}/", 1) for bay in BAYS]
    for _, _, image in jobs:
        loops.attach(image)
    for job, device, _ in jobs:
        assert_loaded(service, s3, job, device)


def test_of_two_stations_on_one_host_one_loads_a_disk(bench, loops, tmp_path):
    service, bays = bench
    s3 = service.s3()
    token = tmp_path / "token"
    token.write_text(service.run("station", "token", "bench-2", *service.settings(), check=OK).stdout)
    station = Child("station", tmp_path, [
        service.program, "station", "run", "--server", service.endpoints["api"], "--token-file", token,
        "--station", "bench-2", "--config", service.config, "--data", tmp_path / "station"], env=clean_environment())
    try:
        wait_for(lambda: "watching its bays" in station.log.read_text(), SOON, "the other station runs")
        job, device, image = disk_of_film(service, bays["D"] / "shared.img", "shared/", 4)
        before = raw.digest(image)
        loops.attach(image)
        assert_loaded(service, s3, job, device)
        assert raw.digest(image) == before, "something has written to it"
    finally:
        code = station.stop(signal.SIGTERM, seconds=60)
    assert code == OK
