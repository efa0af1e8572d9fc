"""Encrypted disks: loaded byte for byte with their password, and held without it. No secret is left anywhere."""

import pytest
import raw
import report
from device import Device, fill
from longshore import OK, REFUSED, SOME_FAILED, USAGE
from manifests import importing

BUCKET = "encrypted-data"
PASSWORD = "correct horse battery"
WRONG = "incorrect zebra battery"


@pytest.fixture
def s3(service):
    return service.buckets(BUCKET)


def make_job(service, **options):
    return service.api().create_job(JobType="Import", Manifest=importing(BUCKET, **options), ValidateOnly=False)


def shipped(tmp_path, made, *options, password=PASSWORD):
    """A disk with one partition, which is encrypted, and what is on it."""
    device = Device(tmp_path / "files")
    fill(device, 60)
    device.file("films/long.mov", bytes(range(256)) * 12_000, "video/quicktime", mtime=1_300_000_000)
    device.sign(made["SignatureFileContents"])
    part = raw.encrypt(raw.file_system(tmp_path / "part.img", "EXT4", device.path, 24), password, *options)
    image = tmp_path / "disk.img"
    raw.disk(image, "gpt", [(raw.LINUX, part)])
    return image, device


def progress(service, made):
    status = service.api().get_status(JobId=made["JobId"])
    return status["ProgressCode"], status["ProgressMessage"]


def loaded(service, s3, made, device):
    status = service.api().get_status(JobId=made["JobId"])
    assert status["ProgressCode"] == "Complete", status
    report.compare(s3, BUCKET, device, but=[status["LogKey"]])
    report.check(report.fetch(s3, status), device, BUCKET)


def no_secret_is_left(service, *told, but=()):
    """Nothing that the service keeps, and nothing that was said, has a secret in it."""
    secrets = [PASSWORD.encode(), WRONG.encode()]
    for path in service.folder.rglob("*"):
        if path.is_file() and path not in but:
            content = path.read_bytes()
            assert not any(secret in content for secret in secrets), path
    for text in told:
        assert PASSWORD not in text and WRONG not in text


@pytest.mark.parametrize("options", [("aes-xts-plain64", "512"), ("aes-cbc-essiv:sha256", "256")])
def test_a_password_at_the_dock_opens_a_disk_and_its_own_signature_says_whose_it_is(service, s3, tmp_path, options):
    made = make_job(service)
    cipher, bits = options
    image, device = shipped(tmp_path, made, "--cipher", cipher, "--key-size", bits)
    before = raw.digest(image)
    done = service.dock(image, "--unlock", "-", told=PASSWORD + "\n", check=OK)
    assert raw.digest(image) == before
    loaded(service, s3, made, device)
    no_secret_is_left(service, done.stdout, done.stderr)


def test_a_missing_and_a_wrong_password_hold_the_job_and_the_right_one_goes_on(service, s3, tmp_path):
    made = make_job(service)
    image, device = shipped(tmp_path, made)
    scan = f"{made['JobId']}:{made['Signature']}"
    refused = service.dock(image, check=REFUSED)
    assert "--unlock -" in refused.stderr and progress(service, made)[0] == "Pending"
    missing = service.dock(image, "--signature", scan, check=REFUSED)
    assert "--unlock -" in missing.stderr, missing
    assert "no secret that opens it has come" in progress(service, made)[1]
    wrong = service.dock(image, "--signature", scan, "--unlock", "-", told=WRONG, check=REFUSED)
    assert "does not open it" in wrong.stderr, wrong
    assert "the secret that was given does not open it" in progress(service, made)[1]
    assert progress(service, made)[0] == "Pending"
    key = tmp_path / "key"
    key.write_text(PASSWORD)
    done = service.dock(image, "--signature", scan, "--key-file", key, check=OK)
    loaded(service, s3, made, device)
    no_secret_is_left(service, *(it.stderr for it in (refused, missing, wrong, done)))


def test_what_opens_and_holds_rubbish_is_told_so_and_not_as_in_want_of_a_password(service, s3, tmp_path):
    """Random bytes look like a volume of VeraCrypt, but not within an encryption that was opened."""
    image = tmp_path / "disk.img"
    raw.disk(image, "gpt", [(raw.LINUX, raw.encrypted_rubbish(tmp_path / "part.img", PASSWORD))])
    for options, given in [({}, ["--unlock", "-"]), ({"trueCryptPassword": PASSWORD}, [])]:
        made = make_job(service, **options)
        scan = f"{made['JobId']}:{made['Signature']}"
        held = service.dock(image, "--signature", scan, *given, told=PASSWORD + "\n", check=REFUSED)
        assert "its secret is right" in held.stderr and "no file system that is read" in held.stderr, held
        assert "--unlock" not in held.stderr, held
        code, message = progress(service, made)
        # One that came with the manifest was tried once the job was claimed.
        assert code == ("InProgress" if options else "Pending"), code
        assert "no file system" in message and "secret" not in message, message
    assert report.keys_in(s3, BUCKET) == {}


def test_the_password_of_the_manifest_is_tried_where_the_job_is_known(service, s3, tmp_path):
    made = make_job(service, trueCryptPassword=PASSWORD)
    image, device = shipped(tmp_path, made)
    done = service.dock(image, "--signature", f"{made['JobId']}:{made['Signature']}", check=OK)
    loaded(service, s3, made, device)
    no_secret_is_left(service, done.stdout, done.stderr)


def test_a_wrong_password_of_the_manifest_holds_the_job(service, s3, tmp_path):
    made = make_job(service, trueCryptPassword=WRONG)
    image, device = shipped(tmp_path, made)
    scan = f"{made['JobId']}:{made['Signature']}"
    held = service.dock(image, "--signature", scan)
    assert held.returncode not in (OK, SOME_FAILED), held
    code, message = progress(service, made)
    assert "the secret that was given does not open it" in message and code != "Complete", message
    assert report.keys_in(s3, BUCKET) == {}
    # Nothing was loaded: the customer mends the manifest as AWS had it.
    assert code == "Pending" and "UpdateJob" in message, (code, message)
    service.api().update_job(JobId=made["JobId"], JobType="Import", ValidateOnly=False,
                             Manifest=importing(BUCKET, trueCryptPassword=PASSWORD))
    done = service.dock(image, "--signature", scan, check=OK)
    loaded(service, s3, made, device)
    no_secret_is_left(service, held.stderr, done.stderr)


def test_what_lies_in_the_encryption_must_be_of_the_job_that_it_is_docked_for(service, s3, tmp_path):
    other, made = make_job(service), make_job(service, trueCryptPassword=PASSWORD)
    image, _ = shipped(tmp_path, other)
    held = service.dock(image, "--signature", f"{made['JobId']}:{made['Signature']}")
    assert held.returncode not in (OK, SOME_FAILED) and other["JobId"] in held.stderr, held
    assert "SIGNATURE" in progress(service, made)[1]
    assert report.keys_in(s3, BUCKET) == {}


def test_a_secret_is_never_an_argument(service, tmp_path):
    told = service.dock(tmp_path, "--unlock", "hunter2", check=USAGE).stderr
    assert "--unlock -" in told
