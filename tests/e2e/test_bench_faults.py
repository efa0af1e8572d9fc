"""Benches on disks that come back under another name, come and go, or are watched by two stations."""

import json
import os
import random
import shutil
import signal
import time
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
    lay,
    make_job,
    status,
    told,
    until_complete,
)
from consoles import Client, link
from disks import system
from hanging import Hanging
from longshore import OK, REFUSED, Service, clean_environment, wait_for
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
    laid_into = bays["A"].parent / "F"
    laid_into.mkdir()
    with open(config, "a", encoding="utf-8") as settings:
        settings.write(f'[[station.bays]]\nname = "F"\nmatch = ["folder:{laid_into}"]\n')
    service = Service(tmp_path_factory.mktemp("service"), config).start()
    service.buckets(BUCKET)
    yield service, bays
    service.close()


def assert_loaded(service, s3, job, device):
    """The bucket has what other tests have loaded as well."""
    done = until_complete(service, job)
    report.check(report.fetch(s3, done), device, BUCKET)


def written(s3):
    """When each object was written, but for receipts, which come a while after the report."""
    keys = [key for key in report.keys_in(s3, BUCKET) if ".receipt" not in key]
    return {key: s3.head_object(Bucket=BUCKET, Key=key)["LastModified"] for key in keys}


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


def bays_of(service):
    return json.loads(service.run("bay", "list", "--json", *service.settings(), check=OK).stdout)


def map_of(service, bay):
    """What was read so far of the device in a bay."""
    return next((line["Map"] for line in bays_of(service)["Bays"] if line["Bay"] == bay), None)


def station_of(service):
    stations = json.loads(service.run("station", "list", "--json", *service.settings(), check=OK).stdout)["Stations"]
    return next(line["Name"] for line in stations if line["Name"] != "bench-2")


def heard(service, bay, state):
    """What the service has heard of a bay last, if that is in a state."""
    lines = [line for line in bays_of(service)["Bays"] if line["Station"] != "bench-2"]
    return next((line for line in lines if (line["Bay"], line["State"]) == (bay, state)), None)


def open_files(service):
    """What the service has open; what it closes meanwhile is in it or not."""
    folder = Path(f"/proc/{service.pid}/fd")
    return [os.path.realpath(folder / name) for name in os.listdir(folder)]


def order(service, verb, bay):
    """Orders something of what is in a bay, once the service has heard that something is."""
    def is_heard():
        bays = json.loads(service.run("bay", "list", "--json", *service.settings(), check=OK).stdout)["Bays"]
        return any(line["Bay"] == bay and line["State"] != "empty" for line in bays)

    wait_for(is_heard, SOON, f"something is in bay {bay}")
    service.run("bay", verb, station_of(service), bay, *service.settings(), check=OK)


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
    by_hand = service.dock(loop, check=REFUSED)
    assert f"`{loop}` is in bay `A` of this station" in by_hand.stderr and "longshore bay load" in by_hand.stderr, by_hand
    erased = service.run("device", "erase", loop, "--job", job, "--dry-run", check=REFUSED)
    assert "it is in bay `A` of this station" in erased.stderr and "longshore bay erase" in erased.stderr, erased
    client = Client(service)
    client.sign_in(link(service, *service.settings()))
    name = station_of(service)
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


def test_a_disk_that_gives_no_answer_is_stopped_at_once_and_its_job_goes_on_with_another(bench, loops, tmp_path):
    """The bridge of one disk hangs: other bays go on, a stop is heard within five seconds, and lease, slot and job are free
    although the kernel still waits for the disk. What it gives later goes nowhere."""
    if not Path("/dev/fuse").exists():
        pytest.skip("this kernel has no file systems in user space")
    service, bays = bench
    s3 = service.s3()
    job, device, image = disk_of_film(service, tmp_path / "hung.img", "hung/", 30)
    half = Path(device.path, "film.mov").read_bytes()[15_000_000:15_004_096]
    at = image.read_bytes().index(half)
    hung = Hanging(bays["A"], image, range(at, at + (1 << 20)))
    try:
        loop = loops.attach(hung.path)
        wait_for(lambda: told(service, "bay=A", "state=loading", job), SOON, "it is loaded")
        wait_for(lambda: parts(s3, "hung/film.mov")[1], SOON, "what it gives is stored")
        beside, other, well = disk_of_film(service, bays["B"] / "beside.img", "beside/", 1)
        loops.attach(well)
        assert_loaded(service, s3, beside, other)
        order(service, "stop", "A")
        wait_for(lambda: told(service, "ordered", "bay=A", "verb=stop"), SOON, "the station hears of it")
        heard = time.monotonic()
        wait_for(lambda: told(service, "bay=A", "state=stopped", job), 10, "it is stopped")
        assert time.monotonic() - heard < 5
        assert told(service, "gives no answer", loop, "is left to the kernel")
        # Nobody has the lease, and nobody the job.
        loops.attach(Path(shutil.copy(image, bays["C"] / "copy.img")))
        assert_loaded(service, s3, job, device)
        before = written(s3)
        hung.release()
        wait_for(lambda: told(service, "has come back", loop), SOON, "the kernel gives it back")
        assert written(s3) == before, "nothing of it was sent"
        assert not s3.list_multipart_uploads(Bucket=BUCKET).get("Uploads")
        wait_for(lambda: loop not in open_files(service), 20, "it is closed")
        loops.detach(loop)
    finally:
        hung.release()
        hung.close()


def test_a_disk_that_gives_no_answer_from_its_first_byte_is_left_when_it_is_stopped(bench, loops, tmp_path):
    """What tells a disk from others is read of it before anything else: that is left as any other read."""
    if not Path("/dev/fuse").exists():
        pytest.skip("this kernel has no file systems in user space")
    service, bays = bench
    _, _, image = disk_of_film(service, tmp_path / "mute.img", "mute/", 1)
    hung = Hanging(bays["D"], image, range(0, 1 << 20))
    try:
        loop = loops.attach(hung.path)
        wait_for(lambda: heard(service, "D", "looking"), SOON, "it is looked at")
        order(service, "stop", "D")
        wait_for(lambda: told(service, "gives no answer", loop), 10, "it is left")
        hung.release()
        wait_for(lambda: told(service, "has come back", loop), SOON, "the kernel gives it back")
        wait_for(lambda: loop not in open_files(service), 20, "it is closed")
        loops.detach(loop)
    finally:
        hung.release()
        hung.close()


def test_a_folder_whose_file_system_gives_no_answer_is_stopped_at_once(bench, tmp_path):
    if not Path("/dev/fuse").exists():
        pytest.skip("this kernel has no file systems in user space")
    service, bays = bench
    inbox = bays["A"].parent / "F"
    job, signature = make_job(service, prefix="mute/")
    device = device_of(inbox / ".laid", signature, "mute/", files=5)
    mute = Path(device.path, "films")
    mute.mkdir()
    image = tmp_path / "film.img"
    image.write_bytes(os.urandom(12 << 20))
    hung = Hanging(mute, image, range(8 << 20, 9 << 20))
    try:
        Path(device.path).rename(inbox / "laid")
        wait_for(lambda: heard(service, "F", "empty") and "is arriving" in heard(service, "F", "empty")["Sentence"], SOON,
                 "it is told that something arrives")
        wait_for(lambda: told(service, "bay=F", "state=loading", job), SOON, "it is loaded")
        wait_for(lambda: parts(service.s3(), f"mute/films/{hung.path.name}")[1], SOON, "what it gives is stored")
        order(service, "stop", "F")
        wait_for(lambda: told(service, "ordered", "bay=F", "verb=stop"), SOON, "the station hears of it")
        stopped = time.monotonic()
        wait_for(lambda: told(service, "bay=F", "state=stopped", job), 10, "it is stopped")
        assert time.monotonic() - stopped < 5
        assert told(service, "gives no answer", "F/laid", "is left to the kernel")
        hung.release()
        wait_for(lambda: told(service, "has come back", "F/laid"), SOON, "the kernel gives it back")
    finally:
        hung.release()
        hung.folder = inbox / "laid" / "films"
        hung.close()


def test_a_station_whose_disk_is_full_says_where_and_how_much_and_goes_on_when_there_is_room(loops, tmp_path):
    if not raw.is_root():
        pytest.skip("only an administrator can make a small disk")
    config, bays = bays_config(tmp_path, ["A"])
    small = tmp_path / "small"
    small.mkdir()
    system("mount", "-t", "tmpfs", "-o", "size=100m", "tmpfs", small)
    service = Service(small, config).start()
    try:
        s3 = service.buckets(BUCKET)
        job, device, image = disk_of_film(service, bays["A"] / "disk.img", "room/", 1)
        loops.attach(image)
        bay = wait_for(lambda: heard(service, "A", "queued"), SOON, "it is not begun")
        assert f"`{service.data}/station`" in bay["Sentence"] and "419 MB are needed" in bay["Sentence"], bay
        shown = service.run("station", "show", station_of(service), *service.settings(), check=OK).stdout
        assert "nothing is begun with less than 419 MB" in shown, shown
        doctor = service.run("doctor").stdout
        assert f"the disk of `{service.data}` has" in doctor and "419 MB" in doctor, doctor
        system("mount", "-o", "remount,size=800m", small)
        assert_loaded(service, s3, job, device)
    finally:
        service.close()
        system("umount", "--lazy", small, check=False)


def test_a_disk_blinks_when_it_is_asked_to_until_it_is_pulled(bench, loops, tmp_path):
    service, bays = bench
    other = device_of(tmp_path / "blinks", "nothing of ours", files=1)
    Path(other.path, "SIGNATURE").unlink()
    loop = loops.attach(image_of(bays["A"] / "blinks.img", other))
    wait_for(lambda: heard(service, "A", "unknown"), SOON, "it says nothing of itself")

    def read():
        """Sectors that were read of it (Documentation/block/stat.rst)."""
        return int(Path("/sys/class/block", Path(loop).name, "stat").read_text().split()[2])

    before = read()
    order(service, "blink", "A")
    wait_for(lambda: read() > before + 1000, SOON, "its light would show it")
    wait_for(lambda: station_answered(service), SOON, "the station has answered")
    # Pulling it ends that.
    loops.detach(loop)
    wait_for(lambda: heard(service, "A", "empty"), SOON, "the bay is empty")


def station_answered(service):
    """Whether the order to blink is done."""
    shown = service.run("station", "show", station_of(service), "--json", *service.settings(), check=OK).stdout
    orders = [line for line in json.loads(shown)["Orders"] if line["Verb"] == "blink"]
    assert all(line["Refused"] is None for line in orders), orders
    return all(line["Answered"] is not None for line in orders)


def test_of_two_disks_with_one_signature_one_is_loaded_and_the_other_says_which(bench, loops):
    service, bays = bench
    s3 = service.s3()
    job, device, image = disk_of_film(service, bays["A"] / "first.img", "twice/", 10)
    copy = Path(shutil.copy(image, bays["B"] / "second.img"))
    loops.attach(image)
    wait_for(lambda: told(service, "bay=A", "state=loading", job), SOON, "the first is loaded")
    second = loops.attach(copy)
    wait_for(lambda: told(service, "bay=B", "state=held", job, "in bay A"), SOON, "the second waits")
    line = wait_for(lambda: heard(service, "B", "held"), SOON, "the service has heard of it")
    assert f"this one is `{Path(second).name}`" in line["Sentence"] and "file system" in line["Sentence"], line
    assert "copy of the other" in line["Hint"], line
    assert_loaded(service, s3, job, device)
    wait_for(lambda: told(service, "bay=B", "state=nothing-to-load", job), SOON, "nothing is left for the second")


def test_a_disk_that_somebody_mounted_first_is_told_of_and_loaded_when_it_is_free(bench, loops, tmp_path):
    service, bays = bench
    s3 = service.s3()
    job, signature = make_job(service, prefix="mounted/")
    device = device_of(tmp_path / "mounted", signature, "mounted/", files=5)
    image = raw.file_system(tmp_path / "mounted.img", "EXT4", device.path, 24)
    loop = loops.attach(image)
    at = tmp_path / "media"
    at.mkdir()
    system("mount", "-o", "ro", loop, at)
    try:
        laid(image, bays["D"] / "mounted.img", loop)
        name = Path(loop).name
        other = wait_for(lambda: next((line for line in bays_of(service).get("Others", []) if line["Medium"] == name), None),
                         SOON, "it is told that it is there")
        assert f"mounted at `{at}`" in other["Why"] and f"umount {at}" in other["Remedy"], other
        assert told(service, "left alone", name, str(at))
        client = Client(service)
        client.sign_in(link(service, *service.settings()))
        assert f"is mounted at `{at}`" in client.ask("GET", "/bench")[2].replace("&#96;", "`")
    finally:
        system("umount", at)
    assert_loaded(service, s3, job, device)
    assert not any(line["Medium"] == name for line in bays_of(service).get("Others", []))


def test_a_store_that_dies_under_a_load_holds_nothing_and_all_goes_on_when_it_answers(tmp_path, inbox):
    for name in ("cellar", "service"):
        (tmp_path / name).mkdir()
    cellar = Service(tmp_path / "cellar").start()
    config = tmp_path / "longshore.toml"
    config.write_text(
        '[embedded_store]\nlisten = "127.0.0.1:0"\n'
        '[station]\nrate = "2MB"\nparallel = 2\nmultipart_threshold_mib = 5\npart_mib = 5\nsettle_seconds = 1\n'
        f'[[stores]]\nname = "cellar"\nendpoint = "{cellar.endpoints["s3"]}"\nregion = "us-east-1"\n'
        f'access_key_id = "{cellar.key.id}"\nsecret_access_key = "{cellar.key.secret}"\nbuckets = ["{BUCKET}"]\n'
    )
    service = Service(tmp_path / "service", config, words=["--inbox", inbox])
    try:
        endpoints = cellar.endpoints
        cellar.buckets(BUCKET)
        service.start()
        job, signature = make_job(service, prefix="dies/")
        device = device_of(tmp_path / "disk", signature, "dies/", files=5)
        film(device, 14)
        lay(device.path, inbox)
        wait_for(lambda: parts(cellar.s3(), "dies/film.mov")[1], SOON, "a part of it is stored")
        cellar.kill9()
        wait_for(lambda: told(service, "a store does not answer", cellar.endpoints["s3"]), SOON, "the operator is told")

        def waits():
            bays = json.loads(service.run("bay", "list", "--json", *service.settings(), check=OK).stdout)["Bays"]
            told = [(bay["State"], bay.get("Store"), bay["Held"]) for bay in bays if bay["JobId"] == job]
            return told == [("waiting-for-store", "cellar", "StoreSilent")]

        wait_for(waits, SOON, "the bay says so")
        assert not service.held_jobs() and "It stands still" not in status(service, job)["ProgressMessage"]
        cellar.start(endpoints)
        done = until_complete(service, job)
        report.compare(cellar.s3(), BUCKET, device, but=[done["LogKey"]])
        report.check(report.fetch(cellar.s3(), done), device, BUCKET)
        events = service.run("job", "history", job, "--json", *service.settings(), check=OK).stdout
        assert "Held" not in events and "StoreSilent" not in events, events
        assert told(service, "no bay waits for the store any more", endpoints["s3"])
    finally:
        service.close()
        cellar.close()
