"""Benches in tests: jobs and their disks, bays that are folders, and what a service says of them."""

import json
import shutil
from pathlib import Path

import raw
import report
from device import Device, fill
from disks import system
from longshore import wait_for
from manifests import importing

BUCKET = "bench-data"

# A thing that must come, on a machine that is busy.
SOON = 120


def make_job(service, **options):
    made = service.api().create_job(JobType="Import", Manifest=importing(BUCKET, **options), ValidateOnly=False)
    return made["JobId"], made["SignatureFileContents"]


def status(service, job):
    return service.api().get_status(JobId=job)


def until_complete(service, job, seconds=SOON):
    done = wait_for(lambda: (found := status(service, job))["ProgressCode"].startswith("Complete") and found, seconds,
                    f"job {job} is complete")
    assert done["ErrorCount"] == 0, done
    return done


def assert_loaded(service, s3, job, device):
    done = until_complete(service, job)
    report.compare(s3, BUCKET, device, but=[done["LogKey"]])
    report.check(report.fetch(s3, done), device, BUCKET)


def told(service, *words):
    """Whether a line of the service's log has all these words."""
    log = service.child.log.read_text(errors="replace")
    return any(all(word in line for word in words) for line in log.splitlines())


def device_of(root, signature, prefix="", files=40):
    device = Device(root, prefix)
    fill(device, files)
    device.sign(signature)
    return device


def image_of(path, device, kind="EXT4", mebibytes=None):
    part = raw.file_system(path.with_suffix(".part"), kind, device.path, mebibytes)
    raw.disk(path, "gpt", [(raw.LINUX if kind == "EXT4" else raw.DATA, part)])
    part.unlink()
    return path


def lay(thing, inbox):
    """Copies a folder or an image into an inbox, as a person would."""
    at = Path(inbox) / Path(thing).name
    if Path(thing).is_dir():
        shutil.copytree(thing, at, symlinks=True)
    else:
        shutil.copy(thing, at)
    return at


def bays_config(tmp_path, bays, **settings):
    """Settings with a folder for each bay, of which images are attached."""
    lines = ["[embedded_store]", 'listen = "127.0.0.1:0"', "[station]", "bench = true"]
    lines += [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
    folders = {}
    for bay in bays:
        folders[bay] = tmp_path / "bays" / bay
        folders[bay].mkdir(parents=True)
        lines += ["[[station.bays]]", f'name = "{bay}"', f'match = ["loop:{folders[bay]}"]']
    path = tmp_path / "longshore.toml"
    path.write_text("\n".join(lines) + "\n")
    return path, folders


class Attached:
    """Images that are attached as block devices until the test is over."""

    def __init__(self):
        self.devices = []

    def attach(self, image):
        device = system("losetup", "--find", "--show", image).stdout.strip()
        self.devices.append(device)
        return device

    def attach_at(self, device, image):
        """Attaches an image under a name that is free."""
        wait_for(lambda: not system("losetup", device, image, check=False).returncode, 10, f"{device} is free")
        self.devices.append(device)

    def of(self, images):
        """What images are attached as."""
        found = [system("losetup", "--associated", image, "--noheadings", "--output", "NAME").stdout for image in images]
        return [line for text in found for line in text.split()]

    def detach(self, device):
        self.devices.remove(device)
        system("losetup", "--detach", device)


def peak_mebibytes(pid):
    """The most memory that a process ever had."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) >> 10
