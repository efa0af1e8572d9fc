"""What becomes of devices that are not as they should be, and of work that breaks off."""

import json
import signal
import threading
import time

import pytest
import report
from device import Device, fill
from longshore import ERROR, OK, REFUSED, UNAVAILABLE, wait_for
from manifests import importing


@pytest.fixture
def s3(service):
    return service.buckets("dock-data", "dock-other")


def make_job(service, bucket="dock-data", **options):
    text = importing(bucket, **options)
    return service.api().create_job(JobType="Import", Manifest=text, ValidateOnly=False)


def one_file(root, signature=None):
    device = Device(root)
    device.file("a.txt", b"alpha", "text/plain")
    if signature is not None:
        device.sign(signature)
    return device


def state(service, job):
    status = service.api().get_status(JobId=job)
    return status["LocationCode"], status["ProgressCode"]


def assert_nothing_loaded(s3):
    for bucket in ("dock-data", "dock-other"):
        assert report.keys_in(s3, bucket) == {}


def test_a_device_without_signature_changes_nothing_until_its_job_is_named(service, s3, tmp_path):
    job = make_job(service)["JobId"]
    device = one_file(tmp_path / "disk")
    told = service.dock(device.path, check=REFUSED).stderr
    assert "SIGNATURE" in told and "hint:" in told
    assert state(service, job) == ("NotReceived", "Pending")
    service.dock(device.path, "--job", job, check=REFUSED)
    assert state(service, job) == ("AtAWS", "Pending")
    assert "the SIGNATURE file is missing" in service.api().get_status(JobId=job)["ProgressMessage"]
    assert_nothing_loaded(s3)
    abort = ["job", "abort", job, "--as", "MissingSignature", "--because", "Nothing on it names a job."]
    told = service.run(*abort, check=REFUSED).stderr
    assert job in told and "--yes" in told
    assert state(service, job) == ("AtAWS", "Pending")
    service.run(*abort, "--yes", check=OK)
    assert state(service, job) == ("AtAWS", "MissingSignature")
    assert service.api().get_status(JobId=job)["ProgressMessage"] == (
        "The job was aborted. The SIGNATURE file was missing. Nothing on it names a job.")
    service.run("device", "return", job, "--carrier", "UPS", "--tracking", "1Z1", check=OK)
    assert state(service, job) == ("Returned", "MissingSignature")


@pytest.mark.parametrize("damage", [
    lambda text: text.replace("signature:", "signature:A"),
    lambda text: text[: len(text) // 2],
    lambda text: "",
    lambda text: text.replace("HmacSHA1", "none"),
    lambda text: "\x00\xff" * 100,
], ids=["changed", "cut", "empty", "method", "binary"])
def test_a_garbled_signature_ends_no_job_and_can_be_mended(service, s3, tmp_path, damage):
    made = make_job(service)
    device = one_file(tmp_path / "disk", damage(made["SignatureFileContents"]))
    service.dock(device.path, "--job", made["JobId"], check=REFUSED)
    assert state(service, made["JobId"]) == ("AtAWS", "Pending")
    assert_nothing_loaded(s3)
    device.sign(made["SignatureFileContents"])
    service.dock(device.path, check=OK)
    assert state(service, made["JobId"]) == ("AtAWS", "Complete")


def test_a_forged_signature_ends_no_job_and_loads_nothing(service, s3, tmp_path):
    made, other = make_job(service), make_job(service, "dock-other")
    forged = made["SignatureFileContents"].replace(made["Signature"], other["Signature"])
    device = one_file(tmp_path / "disk", forged)
    service.dock(device.path, check=REFUSED)
    assert state(service, made["JobId"]) == ("NotReceived", "Pending")
    assert state(service, other["JobId"]) == ("NotReceived", "Pending")
    assert_nothing_loaded(s3)


def test_a_job_nobody_has_is_refused(service, s3, tmp_path):
    made = make_job(service)
    unknown = "ZZZZZ" if made["JobId"] != "ZZZZZ" else "YYYYY"
    device = one_file(tmp_path / "disk", made["SignatureFileContents"].replace(made["JobId"], unknown))
    assert unknown in service.dock(device.path, check=REFUSED).stderr
    assert_nothing_loaded(s3)


def test_a_device_of_another_job_than_named_changes_neither(service, s3, tmp_path):
    mine, other = make_job(service), make_job(service, "dock-other")
    device = one_file(tmp_path / "disk", mine["SignatureFileContents"])
    told = service.dock(device.path, "--job", other["JobId"], check=REFUSED).stderr
    assert mine["JobId"] in told and other["JobId"] in told
    for job in (mine, other):
        assert state(service, job["JobId"]) == ("NotReceived", "Pending")
    assert_nothing_loaded(s3)
    service.dock(device.path, "--job", mine["JobId"], check=OK)
    assert report.keys_in(s3, "dock-other") == {}


def test_the_device_of_a_canceled_job_is_received_and_not_loaded(service, s3, tmp_path):
    made = make_job(service)
    service.api().cancel_job(JobId=made["JobId"])
    device = one_file(tmp_path / "disk", made["SignatureFileContents"])
    service.dock(device.path, check=REFUSED)
    assert state(service, made["JobId"]) == ("AtAWS", "Canceled")
    assert_nothing_loaded(s3)
    service.run("device", "return", made["JobId"], "--carrier", "UPS", "--tracking", "1Z2", check=OK)
    assert state(service, made["JobId"]) == ("Returned", "Canceled")


def test_a_finished_job_is_not_done_again(service, s3, tmp_path):
    made = make_job(service)
    device = one_file(tmp_path / "disk", made["SignatureFileContents"])
    service.dock(device.path, check=OK)
    log = report.fetch(s3, service.api().get_status(JobId=made["JobId"]))
    device.file("later.txt", b"written after the job was done", "text/plain")
    service.dock(device.path, check=REFUSED)
    assert state(service, made["JobId"]) == ("AtAWS", "Complete")
    assert report.fetch(s3, service.api().get_status(JobId=made["JobId"])) == log
    assert "later.txt" not in report.keys_in(s3, "dock-data")


def test_a_job_that_is_done_takes_no_update_and_no_cancel(service, s3, tmp_path):
    made = make_job(service)
    service.dock(one_file(tmp_path / "disk", made["SignatureFileContents"]).path, check=OK)
    client = service.api()
    with pytest.raises(client.exceptions.UnableToUpdateJobIdException):
        client.update_job(
            JobId=made["JobId"], JobType="Import", Manifest=importing("dock-other"), ValidateOnly=False)
    with pytest.raises(client.exceptions.UnableToCancelJobIdException):
        client.cancel_job(JobId=made["JobId"])


def test_an_update_before_the_device_comes_does_not_invalidate_it(service, s3, tmp_path):
    made = make_job(service)
    device = Device(tmp_path / "disk", prefix="new/")
    device.file("a.txt", b"alpha", "text/plain")
    device.sign(made["SignatureFileContents"])
    service.api().update_job(
        JobId=made["JobId"], JobType="Import", Manifest=importing("dock-other", prefix="new/"), ValidateOnly=False)
    service.dock(device.path, check=OK)
    report.compare(s3, "dock-other", device, but=[f"import-log-{made['JobId']}"])
    assert report.keys_in(s3, "dock-data") == {}


def test_a_device_that_is_not_back_cannot_be_returned(service, s3):
    job = make_job(service)["JobId"]
    service.run("device", "return", job, "--carrier", "UPS", "--tracking", "1Z3", check=REFUSED)
    assert state(service, job) == ("NotReceived", "Pending")


def test_nothing_to_dock_and_nowhere_to_dock_are_told_apart(service, s3, tmp_path):
    service.dock(tmp_path / "no such folder", check=ERROR)
    device = one_file(tmp_path / "disk", make_job(service)["SignatureFileContents"])
    service.stop()
    assert service.dock(device.path).returncode in (ERROR, UNAVAILABLE)


def wait_until_some_are_loaded(service, s3, process, at_least):
    def loaded():
        assert process.poll() is None, "docking ended before it could be interrupted"
        return len(report.keys_in(s3, "dock-data")) >= at_least

    wait_for(loaded, 120, "files in the store")


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM], ids=["SIGKILL", "SIGTERM"])
def test_interrupted_docking_goes_on_and_reports_every_file_once(service, s3, tmp_path, how):
    made = make_job(service)
    device = Device(tmp_path / "disk")
    fill(device, 6000)
    device.file("large.bin", bytes(range(256)) * 4096 * 130, "application/octet-stream")
    device.sign(made["SignatureFileContents"])
    times = 0
    for at_least in (100, 2500):
        process = service.dock_in_background(device.path)
        wait_until_some_are_loaded(service, s3, process, at_least)
        process.send_signal(how)
        assert process.wait(60) != OK
        times += 1
        assert state(service, made["JobId"]) == ("AtAWS", "InProgress")
    assert times == 2
    done = service.dock(device.path, "--json", check=OK)
    summary = json.loads(done.stdout)
    assert summary["attempt"] == 3
    assert summary["resumed"] > 0, "what was stored is not sent again"
    status = service.api().get_status(JobId=made["JobId"])
    assert (status["ProgressCode"], status.get("ErrorCount", 0)) == ("Complete", 0)
    report.check(report.fetch(s3, status), device, "dock-data")
    report.compare(s3, "dock-data", device, but=[status["LogKey"]])
    uploads = s3.list_multipart_uploads(Bucket="dock-data").get("Uploads", [])
    assert uploads == [], "an upload was left open"


def test_docking_outlives_a_service_that_is_killed(service, s3, tmp_path):
    """The service is gone for a while in the middle of a transfer and comes back on its ports."""
    made = make_job(service)
    device = Device(tmp_path / "disk")
    fill(device, 6000)
    device.sign(made["SignatureFileContents"])
    process = service.dock_in_background(device.path)
    wait_until_some_are_loaded(service, s3, process, 100)
    endpoints = service.endpoints
    service.kill9()
    time.sleep(1)
    service.start(endpoints)  # Where its clients expect it.
    assert process.wait(300) == OK, (service.folder / "dock.log").read_text()[-3000:]
    status = service.api().get_status(JobId=made["JobId"])
    assert status["ProgressCode"] == "Complete"
    report.check(report.fetch(s3, status), device, "dock-data")
    report.compare(s3, "dock-data", device, but=[status["LogKey"]])


def test_a_job_that_is_canceled_while_it_is_loaded_keeps_what_was_loaded_and_has_no_report(new_service, tmp_path):
    config = tmp_path / "longshore.toml"
    config.write_text(
        '[jobs]\ncancel_in_progress = true\n[embedded_store]\nenabled = true\nlisten = "127.0.0.1:0"\n')
    service = new_service(config=config)
    s3 = service.buckets("dock-data")
    made = make_job(service)
    device = Device(tmp_path / "disk")
    for number in range(100):
        device.file(f"{number:03}", bytes([number]) * 100_000, "binary/octet-stream")
    device.sign(made["SignatureFileContents"])
    process = service.dock_in_background(device.path, "--rate", "500KB")
    wait_until_some_are_loaded(service, s3, process, 3)
    assert service.api().cancel_job(JobId=made["JobId"])["Success"]
    assert process.wait(120) != OK
    status = service.api().get_status(JobId=made["JobId"])
    assert status["ProgressCode"] == "Canceled" and not status.get("LogKey")
    loaded = set(report.keys_in(s3, "dock-data"))
    assert 3 <= len(loaded) < 100 and loaded <= set(device.expected), "a report is there"


def test_two_stations_do_not_share_a_job(service, s3, tmp_path):
    """The same device cannot be docked twice at a time."""
    made = make_job(service)
    device = Device(tmp_path / "disk")
    fill(device, 6000)
    device.sign(made["SignatureFileContents"])
    first = service.dock_in_background(device.path)
    wait_until_some_are_loaded(service, s3, first, 100)
    service.dock(device.path, check=REFUSED)
    assert first.wait(300) == OK
    status = service.api().get_status(JobId=made["JobId"])
    report.check(report.fetch(s3, status), device, "dock-data")


def test_several_devices_are_loaded_at_once_without_mixing(service, tmp_path):
    buckets = [f"mix-{number}" for number in range(4)]
    s3 = service.buckets(*buckets)
    devices = []
    for number, bucket in enumerate(buckets):
        made = make_job(service, bucket)
        device = Device(tmp_path / bucket)
        fill(device, 300, seed=number)
        device.sign(made["SignatureFileContents"])
        devices.append((bucket, made["JobId"], device))
    threads = [threading.Thread(target=service.dock, args=(device.path,)) for _, _, device in devices]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for bucket, job, device in devices:
        status = service.api().get_status(JobId=job)
        assert status["ProgressCode"] == "Complete"
        report.check(report.fetch(s3, status), device, bucket)
        report.compare(s3, bucket, device, but=[status["LogKey"]])
