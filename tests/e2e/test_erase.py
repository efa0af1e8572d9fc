"""A device is erased after its import, and nothing else is: by the command line, with kills midway, read by tools that are not ours."""

import hashlib
import json
import os
import shutil
import signal
import subprocess

import erasing
import pytest
import raw
import report
from device import Device, fill
from disks import attached, system
from erasing import DEVICE, END
from longshore import OK, REFUSED, clean_environment, wait_for
from manifests import importing

INTERRUPTED = 130
BUCKET = "erase-data"


@pytest.fixture
def make(new_service, tmp_path):
    """Makes a service with such rules for erasing."""
    return lambda **rules: erasing.service(new_service, tmp_path, BUCKET, **rules)


class Loaded:
    """An import of an image that is done."""

    def __init__(self, service, folder, mebibytes=64):
        self.service, self.folder = service, folder
        text = importing(BUCKET, deviceId=DEVICE, eraseDevice="yes")
        made = service.api().create_job(JobType="Import", Manifest=text, ValidateOnly=False)
        self.job = made["JobId"]
        device = Device(folder / "files")
        fill(device, 6)
        device.sign(made["SignatureFileContents"])
        self.image = raw.file_system(folder / "disk.img", "EXT4", device.path, mebibytes=mebibytes)
        service.dock(self.image, check=OK)
        self.journal = service.data / "station/erasing" / f"{self.job}.journal"

    def words(self, *more, end=END):
        return ("device", "erase", self.image, "--job", self.job, "--serial-end", end, "--json", *more)

    def erase(self, *more, check, end=END):
        return self.service.run(*self.words("--yes", *more, end=end), check=check)

    def begin(self):
        """Starts to erase and does not wait."""
        return subprocess.Popen(self.service.command(*self.words("--yes")), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, env=clean_environment())

    def did(self, what):
        """How many lines of the journal say that."""
        lines = self.journal.read_text().splitlines() if self.journal.exists() else []
        return sum(f'"did":"{what}"' in line for line in lines)

    def events(self, name):
        """The events of this name in the receipt, once it tells of the end of an erase."""
        status = self.service.api().get_status(JobId=self.job)
        key = status["LogKey"] + ".receipt"
        s3 = self.service.s3()

        def told():
            if not report.keys_in(s3, BUCKET, key):
                return None
            text = s3.get_object(Bucket=BUCKET, Key=key)["Body"].read().decode()
            lines = [json.loads(line) for line in text.splitlines() if line.startswith('{"seq":')]
            return lines if any(line["event"] in ("erased", "erase-failed") for line in lines) else None

        return [line for line in wait_for(told, 120, "the receipt tells of the erase") if line["event"] == name]


def is_zero(image):
    """What `cmp` and, where it is installed, `nwipe` say of an image."""
    size = os.path.getsize(image)
    same = system("cmp", "--bytes", size, image, "/dev/zero", check=False).returncode == 0
    if shutil.which("nwipe", path="/usr/sbin:/usr/bin") and raw.is_root():
        with attached(image) as device:
            words = ("--autonuke", "--nogui", "--nowait", "--noblank", "--method=verify_zero", device)
            assert (system("nwipe", *words, check=False).returncode == 0) == same
    return same


def certificate_in(event):
    """What was done, wherever the event keeps it."""
    return event["certificate"] if "certificate" in event else event


def test_a_device_is_erased_over_kills_and_its_receipt_has_one_certificate(make, tmp_path):
    loaded = Loaded(make(), tmp_path, mebibytes=320)
    before = raw.digest(loaded.image)
    would = json.loads(loaded.service.run(*loaded.words("--dry-run"), check=OK).stdout)
    assert (would["technique"], would["method"], would["may_be_erased"]) == ("overwrite-stream", "clear", True)
    assert raw.digest(loaded.image) == before and not loaded.journal.exists(), "a dry run has changed something"
    assert not is_zero(loaded.image)

    # Once while the stream is written, once while zeros are: the first note of each is 256 MiB in.
    for lines in (1, 3):
        going = loaded.begin()
        wait_for(lambda: going.poll() is not None or loaded.did("wrote") >= lines, 120, "some of it is written")
        assert going.poll() is None, going.stdout.read()
        going.send_signal(signal.SIGKILL)
        going.wait()
        assert loaded.journal.exists(), "what was killed has not ended"
    status = loaded.service.api().get_status(JobId=loaded.job)
    assert "eras" in status["ProgressMessage"], status

    end = json.loads(loaded.erase(check=OK).stdout)
    assert (end["end"], end["resumed"] >= 1) == ("erased", True), end
    assert end["verification"]["extent"] == {"how": "full"} and end["verification"]["share"] == 1.0
    assert [it["fill"] for it in end["passes"]] == ["keyed-stream", "zeros"] and end["passes"][0]["read_back"]
    assert end["bytes_written"] == 2 * os.path.getsize(loaded.image)
    assert is_zero(loaded.image) and not loaded.journal.exists()
    erased = loaded.events("erased")
    assert len(erased) == 1 and len(loaded.events("erase-started")) == 1
    told = certificate_in(erased[0])
    assert told["technique"] == "overwrite-stream" and len(told["not_claimed"]) == 4, told
    # What is erased is not erased again.
    loaded.erase(check=REFUSED)


def place(seed, i, places, place_bytes, size):
    """The rule of docs/formats.md."""
    begin = lambda n: size if n == places else size * n // places // 4096 * 4096  # noqa: E731: as it is documented.
    room = max(0, begin(i + 1) - begin(i) - place_bytes) // 4096 + 1
    drawn = int.from_bytes(hashlib.sha256(seed + i.to_bytes(8, "little")).digest()[:8], "little")
    return begin(i) + drawn % room * 4096


def test_a_sample_is_drawn_again_from_the_certificate_alone(make, tmp_path):
    loaded = Loaded(make(verify="sampled"), tmp_path, mebibytes=2050)
    loaded.erase("--technique", "overwrite-zeros", check=OK)
    told = certificate_in(loaded.events("erased")[0])
    extent, size = told["verification"]["extent"], told["device"]["bytes"]
    assert (extent["how"], extent["places"], extent["place_bytes"], extent["edge_bytes"]) == ("sampled", 2000, 1 << 20, 64 << 20)
    seed = bytes.fromhex(extent["seed"])
    spans = [(place(seed, i, 2000, 1 << 20, size), 1 << 20) for i in range(2000)]
    spans = sorted([*spans, (0, 64 << 20), (size - (64 << 20), 64 << 20)])
    read = end = 0
    with open(loaded.image, "rb") as file:
        for offset, length in spans:
            file.seek(offset)
            assert not file.read(length).strip(b"\0"), offset
            read += max(0, offset + length - max(offset, end))
            end = max(end, offset + length)
    assert told["verification"]["bytes_read"] == read
    chances = {miss["scattered_over"]: miss["chance"] for miss in told["verification"]["misses"]}
    assert abs(chances[0.001] - 0.999 ** 2000) < 1e-9


def test_what_may_not_be_erased_is_not_touched(make, tmp_path, loops):
    loaded = Loaded(make(), tmp_path)
    before = raw.digest(loaded.image)

    def refused(*more, end=END, says):
        done = loaded.erase(*more, end=end, check=REFUSED)
        assert says in done.stderr, done
        assert raw.digest(loaded.image) == before, "refused, and changed all the same"

    refused(end="XXXX", says="XXXX")
    refused("--technique", "nvme-sanitize-block", says="does not offer")
    # Somebody has the image: a loop device, and a process that writes to it.
    loop = loops.attach(loaded.image)
    refused(says="is attached to")
    loops.detach(loop)
    with open(loaded.image, "ab"):
        refused(says="has it open to write")
    # Another of the same size and name lies in its place.
    kept = tmp_path / "kept.img"
    loaded.image.rename(kept)
    with open(loaded.image, "wb") as other:
        other.truncate(kept.stat().st_size)
        other.write(b"another")
    others = raw.digest(loaded.image)
    done = loaded.erase(check=REFUSED)
    assert "SIGNATURE" in done.stderr, done
    assert raw.digest(loaded.image) == others
    kept.rename(loaded.image)
    loaded.erase(check=OK)
    assert is_zero(loaded.image)


def test_an_erase_that_is_interrupted_in_order_goes_on(make, tmp_path):
    loaded = Loaded(make(), tmp_path, mebibytes=320)
    going = loaded.begin()
    wait_for(lambda: going.poll() is not None or loaded.did("wrote") >= 1, 120, "some of it is written")
    going.send_signal(signal.SIGINT)
    said = going.communicate(timeout=60)[0].decode()
    assert going.returncode == INTERRUPTED and "goes on with it" in said, said
    # Another image under its name has not what was written to it.
    kept = tmp_path / "kept.img"
    loaded.image.rename(kept)
    with open(loaded.image, "wb") as other:
        other.truncate(kept.stat().st_size)
        other.write(b"another")
    others = raw.digest(loaded.image)
    assert "it is not the device" in loaded.erase(check=REFUSED).stderr
    assert raw.digest(loaded.image) == others
    kept.rename(loaded.image)
    loaded.erase(check=OK)
    assert is_zero(loaded.image)
