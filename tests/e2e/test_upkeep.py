"""Keeping an installation: backups that are made beside a running service and restored elsewhere, and what a doctor finds."""

import email.utils
import http.server
import json
import threading
import time
import urllib.request

import pytest
import report
from device import Device, fill
from longshore import ERROR, OK, REFUSED, USAGE, Service
from manifests import importing

BUCKET = "kept"


def jobs_of(service):
    """All that the API says of every job, of the artifacts all but their links, which are new each time."""
    client = service.api()
    listed = client.list_jobs()["Jobs"]
    told = []
    for job in listed:
        status = client.get_status(JobId=job["JobId"])
        status.pop("ResponseMetadata")
        status.pop("ArtifactList", None)
        told.append((job, status))
    return told


@pytest.fixture
def passphrase(tmp_path):
    file = tmp_path / "passphrase"
    file.write_text("a quiet harbour\n")
    return ["--passphrase-file", file]


def assert_restored(old, new, device, job):
    """The new installation says the same of every job, and knows a disk that the old one has signed."""
    assert jobs_of(new) == jobs_of(old)
    assert new.key == old.key, "customers go on with their keys"
    old.stop()
    new.dock(device.path, check=OK)
    status = new.api().get_status(JobId=job)
    assert status["ProgressCode"] == "Complete"
    return status


def test_a_backup_beside_a_running_service_is_an_installation_elsewhere(service, tmp_path, passphrase):
    service.buckets(BUCKET)
    client = service.api()
    made = [client.create_job(JobType="Import", Manifest=importing(BUCKET), ValidateOnly=False) for _ in range(3)]
    client.cancel_job(JobId=made[2]["JobId"])
    device = Device(tmp_path / "disk")
    fill(device, 20)
    device.sign(made[0]["SignatureFileContents"])
    backup = tmp_path / "backup"
    service.run("backup", backup, *passphrase, check=OK)
    assert backup.stat().st_mode & 0o777 == 0o600
    assert service.key.secret.encode() not in backup.read_bytes()
    service.run("backup", backup, *passphrase, check=USAGE)
    new = Service(tmp_path / "elsewhere")
    new.folder.mkdir()
    # Into the service's own folder nothing is restored, nor from half of a file.
    assert "is not empty" in service.run("restore", backup, *passphrase, check=REFUSED).stderr
    (tmp_path / "half").write_bytes(backup.read_bytes()[:-100])
    assert "cut off" in new.run("restore", tmp_path / "half", *passphrase, check=REFUSED).stderr
    assert not new.data.exists()
    new.run("restore", backup, *passphrase, check=OK)
    new.start()
    try:
        # Objects are not in a backup, and with them goes the bucket.
        new.buckets(BUCKET)
        status = assert_restored(service, new, device, made[0]["JobId"])
        report.check(report.fetch(new.s3(), status), device, BUCKET)
    finally:
        new.close()


def test_jobs_in_a_postgresql_are_backed_up_and_restored(new_service, seaweed, postgres, tmp_path, passphrase):
    def settings(name):
        file = tmp_path / f"{name}.toml"
        file.write_text(
            f'[database]\nurl = "{postgres.database(name)}"\n[[stores]]\nname = "weed"\nendpoint = "{seaweed.endpoint}"\n'
            f'access_key_id = "{seaweed.access_key}"\nsecret_access_key = "{seaweed.secret_key}"\n')
        return file

    old_settings, new_settings = settings("upkeep_old"), settings("upkeep_new")
    seaweed.client().create_bucket(Bucket="upkeep")
    service = new_service(config=old_settings)
    made = service.api().create_job(JobType="Import", Manifest=importing("upkeep"), ValidateOnly=False)
    device = Device(tmp_path / "disk")
    fill(device, 20)
    device.sign(made["SignatureFileContents"])
    backup = tmp_path / "backup"
    service.run("backup", backup, "--config", old_settings, *passphrase, check=OK)
    new = Service(tmp_path / "elsewhere", new_settings)
    new.folder.mkdir()
    # A backup with a PostgreSQL makes no SQLite, and nothing is put into a database that has jobs.
    assert "PostgreSQL" in new.run("restore", backup, *passphrase, check=REFUSED).stderr
    refused = new.run("restore", backup, "--config", old_settings, *passphrase, check=REFUSED)
    assert "has a job store already" in refused.stderr
    assert not new.data.exists()
    new.run("restore", backup, "--config", new_settings, *passphrase, check=OK)
    new.start()
    try:
        assert_restored(service, new, device, made["JobId"])
        with urllib.request.urlopen(new.endpoints["api"] + "/health") as answer:
            assert answer.status == 200
    finally:
        new.close()


def found(service, *words, check):
    """The codes of what the doctor finds; how much room this machine has is not the test's business."""
    listed = json.loads(service.run("doctor", "--json", *words, check=check).stdout)
    return sorted(finding["code"] for finding in listed if finding["code"] != "disk-full")


def test_the_doctor_finds_nothing_where_nothing_is_and_a_wrong_key_where_one_is(service, new_service, tmp_path):
    assert found(service, check=OK) == []
    assert service.run("doctor", check=OK).stdout == "Nothing is wrong.\n"
    other = new_service()
    key = service.data / "secret.key"
    key.write_bytes((other.data / "secret.key").read_bytes())
    assert found(service, check=ERROR) == ["key-wrong"]
    wrong = tmp_path / "wrong.toml"
    wrong.write_text("[server]\nlisten = 7\n")
    assert found(service, "--config", wrong, check=ERROR) == ["settings-unreadable"]


@pytest.fixture
def slow_clock():
    """A server whose clock is ten minutes behind."""

    class Late(http.server.BaseHTTPRequestHandler):
        def date_time_string(self, timestamp=None):
            return email.utils.formatdate(time.time() - 600, usegmt=True)

        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Late)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_the_doctor_of_a_station_sees_a_wrong_clock_and_bays_that_nobody_is_kept_from(service, slow_clock, tmp_path):
    settings = tmp_path / "station.toml"
    settings.write_text('[[station.bays]]\nname = "B3"\nmatch = ["pci-0000:00:14.0/usb3-2.4"]\n')
    codes = found(service, "--config", settings, "--server", slow_clock, check=ERROR)
    assert {"clock-wrong", "rules-missing"} <= set(codes)
    settings.write_text("")
    assert found(service, "--config", settings, "--server", service.endpoints["api"], check=OK) == []
    silent = ["--config", settings, "--server", "http://127.0.0.1:1"]
    assert found(service, *silent, check=ERROR) == ["server-silent"]
