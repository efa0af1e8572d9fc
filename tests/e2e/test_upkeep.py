"""Keeping an installation: backups that are made beside a running service and restored elsewhere."""

import urllib.request

import pytest
import report
from device import Device, fill
from longshore import OK, REFUSED, USAGE, Service
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


def assert_restored(old, new, device, job, tmp_path):
    """The new installation says the same of every job, and knows a disk that the old one has signed."""
    assert jobs_of(new) == jobs_of(old)
    assert new.key == old.key, "customers go on with their keys"
    old.stop()
    new.dock(device.path, check=OK)
    status = new.api().get_status(JobId=job)
    assert status["ProgressCode"] == "Complete"


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
        assert_restored(service, new, device, made[0]["JobId"], tmp_path)
        report.compare(new.s3(), BUCKET, device)
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
        assert_restored(service, new, device, made["JobId"], tmp_path)
        with urllib.request.urlopen(new.endpoints["api"] + "/health") as answer:
            assert answer.status == 200
    finally:
        new.close()
