"""A device is erased after its import, and what is told of it is drawn again by a program that is not ours."""

import hashlib
import json

import pytest
import raw
import report
from device import Device, fill
from longshore import OK, wait_for
from manifests import importing

BUCKET = "erase-data"

# The last four characters of the device's name in its manifest: an image tells no serial number.
DEVICE, END = "SHELF-7Q42", "7Q42"


@pytest.fixture
def make(new_service, tmp_path):
    """A service whose rules for erasing are these."""
    def made(**rules):
        config = tmp_path / "longshore.toml"
        lines = [f"{name} = {json.dumps(value)}" for name, value in ({"hold_hours": 0} | rules).items()]
        config.write_text('[embedded_store]\nlisten = "127.0.0.1:0"\n[erase]\n' + "\n".join(lines) + "\n")
        service = new_service(config)
        service.buckets(BUCKET)
        return service
    return made


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

        return [line for line in wait_for(told, 30, "the receipt tells of the erase") if line["event"] == name]


def certificate_in(event):
    """What was done, wherever the event keeps it."""
    return event["certificate"] if "certificate" in event else event


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
