"""Exports whose customer wants the device encrypted: nobody gets a plain one, and who has the password gets the bucket.

What needs the kernel's device-mapper runs where that is; `cargo xtask kernel --exports` has a machine with one.
"""

import base64
import hashlib
import json
import os
import random
import signal
import subprocess
import threading
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import disks
import pyrage
import pytest
import report
from bucketful import Bucketful
from longshore import OK, REFUSED, wait_for
from manifests import exporting, importing

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")

HAS_MAPPER = "device-mapper" in Path("/proc/misc").read_text()
MAPPER = pytest.mark.skipif(not HAS_MAPPER, reason="this kernel has no device-mapper: cargo xtask kernel --exports")
PLAIN = pytest.mark.skipif(HAS_MAPPER, reason="this kernel has device-mapper")

PASSWORD = "eight-Words_here of 4711"
MEBIBYTES = 96


def test_the_machine_has_what_it_was_started_for():
    assert HAS_MAPPER or not os.environ.get("LONGSHORE_HAS_MAPPER")


@pytest.fixture(scope="module")
def room(shared_service):
    s3 = shared_service.buckets("locked-data", "locked-logs")
    objects = Bucketful(s3, "locked-data")
    objects.put("plain.txt", b"plain", content_type="text/plain")
    objects.put("deep/er/leaf", b"leaf")
    objects.large("large.bin", random.Random(5).randbytes((9 << 20) + 12345))
    objects.fill(20, seed=5)
    return Room(shared_service, s3, objects)


class Room:
    """A service with a bucket that is exported."""

    def __init__(self, service, s3, objects):
        self.service, self.s3, self.objects = service, s3, objects

    def job(self, **options):
        manifest = exporting("locked-data", "locked-logs", **options)
        return self.service.api().create_job(JobType="Export", Manifest=manifest, ValidateOnly=False)

    def status(self, job):
        return self.service.api().get_status(JobId=job["JobId"])

    def dock(self, device, job, *words, check):
        scan = f"{job['JobId']}:{job['Signature']}"
        return self.service.dock(device, "--signature", scan, *words, check=check)

    def told(self, job):
        """How the receipt says that the device is encrypted."""
        receipt = self.service.run("job", "receipt", job["JobId"], check=OK).stdout
        lines = [json.loads(line) for line in receipt.splitlines() if '"event":"encrypted"' in line]
        return [{name: line[name] for name in ("how", "method", "key_id", "words")} for line in lines]

    def no_secret_is_left(self, *texts):
        for path in self.service.folder.rglob("*"):
            if path.is_file():
                assert PASSWORD.encode() not in path.read_bytes(), path
        for text in texts:
            assert PASSWORD not in text


def digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def cryptsetup(*words, told=None):
    command = ["env", f"PATH={os.environ['PATH']}:/usr/sbin:/sbin", "cryptsetup", *map(str, words)]
    return subprocess.run(command, input=told, capture_output=True, text=True, check=False)


@contextmanager
def opened(image, password, name="longshore-e2e", kind="ext4", access="ro"):
    """Opens what its customer got, as any Linux does, and mounts it."""
    done = cryptsetup("open", "--key-file", "-", image, name, told=password)
    assert done.returncode == 0, done.stderr
    at = Path(f"/tmp/{name}")
    at.mkdir(exist_ok=True)
    try:
        disks.system("mount", "-t", kind, "-o", access, f"/dev/mapper/{name}", at)
        try:
            yield at
        finally:
            disks.system("umount", at)
    finally:
        assert cryptsetup("close", name).returncode == 0


class Watch:
    """Looks at the words and environments of all processes, as anybody on a host may."""

    def __enter__(self):
        self.found, self.programs, self.is_over = [], set(), False
        self.thread = threading.Thread(target=self._look)
        self.thread.start()
        return self

    def _look(self):
        while not self.is_over:
            for name in ("cmdline", "environ"):
                for path in Path("/proc").glob(f"[0-9]*/{name}"):
                    try:
                        text = path.read_bytes()
                    except OSError:
                        continue
                    if PASSWORD.encode() in text:
                        self.found.append(text)
                    if b"luksFormat" in text:
                        self.programs.add("luksFormat")
            time.sleep(0.02)

    def __exit__(self, *_):
        self.is_over = True
        self.thread.join()


def test_a_plain_folder_is_not_filled_for_who_asked_for_encryption(room, tmp_path):
    """With a password, or with the PIN of a drive, and nobody who answers for it."""
    said = {"trueCryptPassword": "no encrypted volume", "pinCode": "nobody says that the device encrypts by itself"}
    for option, why in said.items():
        (folder := tmp_path / option).mkdir()
        job = room.job(**{"trueCryptPassword": None, option: PASSWORD})
        refused = room.dock(folder, job, "--folder", check=REFUSED)
        assert why in refused.stderr and "--encrypted-by" in refused.stderr, refused.stderr
        assert list(folder.iterdir()) == [] and not room.told(job)
        assert room.status(job)["ProgressCode"] in ("Pending", "InProgress")
        for words in ("", "x" * 121, "two\nlines"):
            assert room.service.dock(folder, "--encrypted-by", words).returncode == 2
        done = room.dock(folder, job, "--folder", "--encrypted-by", "the keypad of the drive", check=OK)
        room.objects.check_device(*disks.content(folder))
        status = room.status(job)
        assert status["ProgressCode"] == "Complete" and "the keypad of the drive" in status["ProgressMessage"], status
        assert room.told(job) == [{"how": "told", "method": None, "key_id": None, "words": "the keypad of the drive"}]
        room.no_secret_is_left(refused.stderr, done.stdout, done.stderr)


def test_a_sealed_password_reaches_the_station_that_needs_it(room, tmp_path):
    """Where it could not be opened there would be nothing to encrypt with, and another reason."""
    with urllib.request.urlopen(room.service.endpoints["api"] + "/custody/recipient") as answer:
        recipient = pyrage.x25519.Recipient.from_str(answer.read().decode().strip())
    sealed = base64.b64encode(pyrage.encrypt(PASSWORD.encode(), [recipient])).decode()
    job = room.job(trueCryptPassword=f"age:{sealed}")
    (folder := tmp_path / "folder").mkdir()
    refused = room.dock(folder, job, "--folder", check=REFUSED)
    assert "no encrypted volume" in refused.stderr and list(folder.iterdir()) == []


@PLAIN
def test_without_device_mapper_nothing_is_written_to_the_device(room, tmp_path):
    job = room.job(trueCryptPassword=PASSWORD)
    image = disks.formatted(tmp_path / "disk.img", MEBIBYTES, "EXT4")
    before = digest(image)
    refused = room.dock(image, job, "--format", "--yes", check=REFUSED)
    assert "dm_crypt" in refused.stderr and "nothing was written" in refused.stderr, refused.stderr
    assert digest(image) == before and disks.mounts_of(image) == ""
    # The customer may still change what she asked for: nothing was moved.
    room.dock(image, job, "--format", "--yes", "--encrypted-by", "what it lies on", check=OK)
    with disks.mounted(image, "EXT4") as root:
        room.objects.check_device(*disks.content(root))


@MAPPER
@pytest.mark.parametrize("file_system", ["EXT4", "NTFS"])
def test_a_customer_opens_the_device_with_her_password_and_finds_the_bucket(room, tmp_path, file_system):
    job = room.job(trueCryptPassword=PASSWORD, fileSystem=file_system)
    image = disks.blank(tmp_path / "disk.img", MEBIBYTES)
    with Watch() as watch:
        done = room.dock(image, job, "--format", "--yes", check=OK)
    assert watch.found == [] and "luksFormat" in watch.programs
    assert disks.mounts_of(image) == "" and not Path(f"/dev/mapper/longshore-{job['JobId']}").exists()
    uuid = disks.identifier(image)
    status = room.status(job)
    assert status["ProgressCode"] == "Complete" and f"encrypted with LUKS2 ({uuid})" in status["ProgressMessage"]
    assert room.told(job) == [{"how": "made", "method": "LUKS2", "key_id": uuid, "words": None}]
    # No byte of a file lies on it in clear.
    clear = image.read_bytes()
    assert b"locked-data" not in clear and b"export-log" not in clear
    assert cryptsetup("open", "--key-file", "-", image, "wrong", told="another").returncode == 2
    back = f"back-{file_system.lower()}"
    room.service.buckets(back)
    again = room.service.api().create_job(JobType="Import", Manifest=importing(back, trueCryptPassword=PASSWORD), ValidateOnly=False)
    with opened(image, PASSWORD, kind=disks.KINDS[file_system], access="rw") as root:
        room.objects.check_device(*disks.content(root))
        (root / "SIGNATURE").write_text(again["SignatureFileContents"])
        assert (root / f"export-log-{job['JobId']}").read_text() == report.fetch(room.s3, status)
    # Our own reader, which needs no device-mapper, gives every file as well.
    look = room.service.run("device", "look", image, "--unlock", "-", told=PASSWORD + "\n", check=OK)
    assert file_system.lower() in look.stdout.lower(), look.stdout
    room.dock(image, again, check=OK)
    for key, expected in room.objects.objects.items():
        if not expected.is_folder:
            found = room.s3.get_object(Bucket=back, Key=f"locked-data/{key}")["Body"].read()
            assert hashlib.md5(found).hexdigest() == expected.md5, key
    room.no_secret_is_left(done.stdout, done.stderr, look.stdout)


@MAPPER
def test_kills_while_it_is_encrypted_and_filled_change_nothing(room, tmp_path):
    """The volume is made once, what is left open is closed, and the same command goes on: with --format and without."""
    job = room.job(trueCryptPassword=PASSWORD)
    image = disks.blank(tmp_path / "disk.img", MEBIBYTES)
    mapped = Path(f"/dev/mapper/longshore-{job['JobId']}")
    words = ["--signature", f"{job['JobId']}:{job['Signature']}", "--rate", "2MB"]
    formatted = room.service.data / "station" / "jobs" / job["JobId"] / "formatted"
    plan = room.service.data / "station" / "jobs" / job["JobId"] / "plan"
    made = set()
    # While it is formatted, while it is filled, and while that goes on.
    for number, until in enumerate([mapped.exists, lambda: mapped.exists() and plan.exists(), mapped.exists]):
        # Once it is formatted that need not be said again.
        begun = formatted.exists() and json.loads(formatted.read_text())["uuid"]
        dock = room.service.dock_in_background(image, *([] if begun else ["--format", "--yes"]), *words)
        wait_for(lambda: not mapped.exists(), 300, "what was left open is closed")
        wait_for(lambda until=until, dock=dock: until() or dock.poll() is not None, 300, f"the moment of kill {number}")
        assert dock.poll() is None, (room.service.folder / "dock.log").read_text()
        dock.send_signal(signal.SIGKILL)
        dock.wait()
        made.add(disks.identifier(image))
    assert mapped.exists(), "it was killed while the volume was open"
    begun = json.loads(formatted.read_text())["uuid"]
    assert begun and begun in made
    room.dock(image, job, check=OK)
    assert disks.identifier(image) == begun and not mapped.exists() and disks.mounts_of(image) == ""
    with opened(image, PASSWORD) as root:
        room.objects.check_device(*disks.content(root))


@MAPPER
def test_a_folder_on_an_encrypted_volume_is_filled_if_the_password_opens_that(room, tmp_path):
    image = disks.blank(tmp_path / "own.img", MEBIBYTES)
    quick = ["--batch-mode", "--type", "luks2", "--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000"]
    assert cryptsetup("luksFormat", *quick, "--key-file", "-", image, told=PASSWORD).returncode == 0
    assert cryptsetup("open", "--key-file", "-", image, "own", told=PASSWORD).returncode == 0
    disks.system("mkfs.ext4", "-q", "/dev/mapper/own")
    assert cryptsetup("close", "own").returncode == 0
    with opened(image, PASSWORD, access="rw") as root:
        other = room.job(trueCryptPassword="another password")
        refused = room.dock(root, other, check=REFUSED)
        assert "does not open" in refused.stderr and not (root / "locked-data").exists()
        job = room.job(trueCryptPassword=PASSWORD)
        room.dock(root, job, check=OK)
        room.objects.check_device(*disks.content(root))
    assert room.told(job) == [{"how": "found", "method": "LUKS2", "key_id": disks.identifier(image), "words": None}]


@MAPPER
def test_a_device_in_use_or_too_small_is_not_encrypted(room, tmp_path):
    job = room.job(trueCryptPassword=PASSWORD)
    small = disks.blank(tmp_path / "small.img", 24)
    refused = room.dock(small, job, "--format", "--yes", check=REFUSED)
    assert "bytes" in refused.stderr, refused.stderr
    image = disks.formatted(tmp_path / "used.img", MEBIBYTES, "EXT4")
    before = disks.identifier(image)
    with disks.mounted(image, "EXT4"):
        refused = room.dock(image, job, "--format", "--yes", check=REFUSED)
        assert "not formatted" in refused.stderr
    assert disks.identifier(image) == before
