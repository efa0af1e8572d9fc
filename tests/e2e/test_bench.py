"""Disks that are loaded because they were plugged in: nobody types a command."""

import json
import os
import shutil
import signal
import tempfile
from pathlib import Path

import pytest
import raw
import report
from benches import (
    BUCKET,
    SOON,
    assert_loaded,
    bays_config,
    device_of,
    image_of,
    lay,
    make_job,
    peak_mebibytes,
    status,
    told,
    until_complete,
)
from device import Device
from longshore import OK, REFUSED, Service, binary, clean_environment, wait_for
from manifests import exporting
from stores import Child


@pytest.fixture
def service(new_service, inbox):
    return new_service(words=["--inbox", inbox])


@pytest.fixture
def s3(service):
    return service.buckets(BUCKET)


def test_a_folder_and_an_image_that_are_laid_down_are_loaded(service, s3, tmp_path, inbox):
    job, signature = make_job(service, prefix="one/")
    device = device_of(tmp_path / "disk", signature, "one/")
    lay(device.path, inbox)
    other, signature = make_job(service, prefix="two/")
    card = device_of(tmp_path / "card", signature, "two/")
    at = lay(image_of(tmp_path / "card.img", card, "FAT32"), inbox)
    before = raw.digest(at)
    for made, shipped in ((job, device), (other, card)):
        done = until_complete(service, made)
        report.check(report.fetch(s3, done), shipped, BUCKET)
    assert raw.digest(at) == before, "something has written to it"
    wait_for(lambda: told(service, other, "safe-to-remove"), SOON, "it is safe to remove")


def test_an_inbox_needs_no_administrator(tmp_path_factory):
    folder = Path(tempfile.mkdtemp(prefix="longshore-e2e-bench-"))
    folder.chmod(0o755)
    inbox, state = folder / "inbox", folder / "state"
    for made in (inbox, state):
        made.mkdir()
    user = None
    program = binary()
    if raw.is_root():
        user = "nobody"
        program = shutil.copy(program, folder / "longshore")
        shutil.chown(state, user, "nogroup")
    service = Service(state, program=program, user=user, words=["--inbox", inbox])
    try:
        service.start()
        s3 = service.buckets(BUCKET)
        job, signature = make_job(service)
        device = device_of(folder / "disk", signature)
        image = image_of(folder / "disk.img", device)
        lay(image, inbox)
        assert_loaded(service, s3, job, device)
        service.stop()
    finally:
        service.close()
        shutil.rmtree(folder, ignore_errors=True)


def test_a_disk_that_is_plugged_in_is_loaded_and_not_written_to(new_service, loops, tmp_path):
    config, bays = bays_config(tmp_path, ["T1"])
    service = new_service(config)
    s3 = service.buckets(BUCKET)
    job, signature = make_job(service)
    device = device_of(tmp_path / "disk", signature)
    image = image_of(bays["T1"] / "disk.img", device)
    before = raw.digest(image)
    loop = loops.attach(image)
    assert_loaded(service, s3, job, device)
    wait_for(lambda: told(service, "bay=T1", "safe-to-remove", job), SOON, "it is safe to remove")
    loops.detach(loop)
    wait_for(lambda: told(service, "bay=T1", "state=empty"), SOON, "the bay is empty")
    assert raw.digest(image) == before, "something has written to it"


def lines(s3, done):
    """The lines of a report without what differs from attempt to attempt."""
    text = s3.get_object(Bucket=BUCKET, Key=done["LogKey"] + ".jsonl")["Body"].read().decode()
    found = [json.loads(line) for line in text.splitlines()]
    kept = ("path", "file", "key", "status", "code", "bytes", "md5", "sha256")
    return sorted(json.dumps({name: line[name] for name in kept if name in line}) for line in found if "key" in line)


def test_four_bays_go_on_after_kill_9_and_report_as_in_a_calm_run(new_service, loops, tmp_path):
    names = ["A", "B", "C", "D"]
    config, bays = bays_config(tmp_path, names, rate="2MB", parallel=4)
    service = new_service(config)
    s3 = service.buckets(BUCKET)
    shipped = {}
    for name in names:
        job, signature = make_job(service, prefix=f"{name}/")
        device = device_of(tmp_path / name, signature, f"{name}/", files=150)
        device.file("film.mov", os.urandom(3_000_000), "video/quicktime")
        image = image_of(bays[name] / "disk.img", device, mebibytes=24)
        shipped[name] = (job, device, image, raw.digest(image))
        loops.attach(image)
    jobs = [job for job, *_ in shipped.values()]
    wait_for(lambda: all(status(service, job)["ProgressCode"] != "Pending" for job in jobs), SOON, "all are begun")
    wait_for(lambda: len(report.keys_in(s3, BUCKET)) > 20, SOON, "something is stored")
    for _ in range(2):
        endpoints = service.endpoints
        service.kill9()
        service.start(endpoints)
        wait_for(lambda: told(service, "state=loading"), SOON, "loading goes on")
    s3 = service.s3()
    for job, device, image, before in shipped.values():
        done = until_complete(service, job, 300)
        report.check(report.fetch(s3, done), device, BUCKET)
        assert raw.digest(image) == before, "something has written to it"
        interrupted = lines(s3, done)
        # The same disk once more, with nobody disturbing it.
        again, signature = make_job(service, prefix=f"calm-{job}/")
        calm = Device(Path(device.path))
        calm.sign(signature)
        service.dock(device.path, "--folder", check=OK)
        quiet = lines(s3, status(service, again))
        assert [line.replace(f"calm-{job}/", device.prefix) for line in quiet] == interrupted


def test_eight_at_once_take_the_memory_of_one(new_service, tmp_path):
    service = new_service()
    s3 = service.buckets(BUCKET)
    token = tmp_path / "token"
    token.write_text(service.run("station", "token", "bench-2", check=OK).stdout)
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    # Threads, what the journals take, and the piece beyond the budget that goes round where somebody stands still.
    budget, piece, own = 64, 8, 64
    config = tmp_path / "station.toml"
    config.write_text("\n".join([
        "[station]", f"memory_mib = {budget}", f"multipart_threshold_mib = {piece}", f"part_mib = {piece}", "[[station.bays]]",
        'name = "inbox"', f'match = ["folder:{inbox}"]']) + "\n")
    shipped = []
    for number in range(8):
        job, signature = make_job(service, prefix=f"{number}/")
        device = Device(tmp_path / f"disk-{number}", f"{number}/")
        device.file("film.mov", os.urandom(30_000_000), "video/quicktime")
        device.sign(signature)
        shipped.append((job, device))
        lay(device.path, inbox)
    station = Child("station", service.folder, [
        service.program, "station", "run", "--server", service.endpoints["api"], "--token-file", token,
        "--station", "bench-2", "--config", config, "--data", tmp_path / "station"], env=clean_environment())
    try:
        wait_for(lambda: "watching its bays" in station.log.read_text(), SOON, "the station runs")
        at_rest = peak_mebibytes(station.process.pid)
        for job, device in shipped:
            done = until_complete(service, job, 300)
            report.check(report.fetch(s3, done), device, BUCKET)
        taken = peak_mebibytes(station.process.pid) - at_rest
        assert taken <= budget + own, "eight take more than one budget"
    finally:
        code = station.stop(signal.SIGTERM, seconds=60)
    assert code == OK
    found = [key for key in report.keys_in(s3, BUCKET) if not key.endswith((".receipt", ".receipt.pdf"))]
    assert len(found) == 8 * 4, "a film and the three forms of a report each"


def test_what_is_not_to_be_loaded_is_left_as_it_is(service, s3, tmp_path, inbox):
    canceled, signature = make_job(service)
    service.api().cancel_job(JobId=canceled)
    lay(device_of(tmp_path / "canceled", signature, files=3).path, inbox)
    wait_for(lambda: told(service, "nothing-to-load", canceled, "was canceled"), SOON, "it has nothing to load")
    wrong, signature = make_job(service)
    device = device_of(tmp_path / "wrong", signature, files=3)
    text = Path(device.path, "SIGNATURE").read_text()
    body = text.rstrip("\n")
    Path(device.path, "SIGNATURE").write_text(body[:-2] + ("AA" if body[-2:] != "AA" else "BB") + "\n")
    lay(device.path, inbox)
    wait_for(lambda: told(service, wrong, "SignatureWrong") or told(service, "state=unknown", "wrong"), SOON, "it is refused")
    assert status(service, wrong)["ProgressCode"] == "Pending", "no job is ended by plugging in"
    s3.put_object(Bucket=BUCKET, Key="wanted.txt", Body=b"wanted")
    export = service.api().create_job(JobType="Export", Manifest=exporting(BUCKET, BUCKET), ValidateOnly=False)
    (tmp_path / "export").mkdir()
    (tmp_path / "export" / "SIGNATURE").write_text(export["SignatureFileContents"])
    at = lay(tmp_path / "export", inbox)
    wait_for(lambda: told(service, "state=ready", export["JobId"], "export"), SOON, "an export waits for a person")
    assert os.listdir(at) == ["SIGNATURE"], "an export is begun by a person alone"
    assert status(service, export["JobId"])["ProgressCode"] == "Pending"
    (tmp_path / "nobody").mkdir()
    (tmp_path / "nobody" / "notes.txt").write_text("mine")
    lay(tmp_path / "nobody", inbox)
    wait_for(lambda: told(service, "state=unknown", "no SIGNATURE"), SOON, "it names nobody")
    assert sorted(report.keys_in(s3, BUCKET)) == ["wanted.txt"]


def test_stopping_is_in_order_and_the_next_start_goes_on(service, s3, tmp_path, inbox):
    job, signature = make_job(service)
    device = device_of(tmp_path / "disk", signature, files=400)
    device.file("film.mov", os.urandom(40_000_000), "video/quicktime")
    lay(device.path, inbox)
    wait_for(lambda: told(service, "state=loading"), SOON, "it is being loaded")
    endpoints = service.endpoints
    service.stop()
    service.start(endpoints)
    assert_loaded(service, s3, job, device)


def test_a_disk_that_is_docked_by_hand_beside_the_bench_is_loaded_once(new_service, tmp_path):
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    config = tmp_path / "longshore.toml"
    config.write_text("\n".join([
        "[embedded_store]", 'listen = "127.0.0.1:0"', "[station]", 'rate = "1MB"', "bench = true", "[[station.bays]]",
        'name = "inbox"', f'match = ["folder:{inbox}"]']) + "\n")
    service = new_service(config)
    s3 = service.buckets(BUCKET)
    job, signature = make_job(service)
    device = device_of(tmp_path / "disk", signature)
    device.file("film.mov", os.urandom(5_000_000), "video/quicktime")
    at = lay(device.path, inbox)
    wait_for(lambda: told(service, "state=loading"), SOON, "it is being loaded")
    wait_for(lambda: status(service, job)["ProgressCode"] == "InProgress", SOON, "it is claimed")
    done = service.dock(at, check=REFUSED)
    assert "is being loaded by another process of this station" in done.stderr
    assert_loaded(service, s3, job, device)
