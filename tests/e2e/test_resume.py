"""One import into a real store, killed with -9 twenty times at moments of chance: the report and the
bucket are those of a calm run, and nothing is sent twice but what was in flight."""

import random
import time
from urllib.parse import urlsplit

import report
from counting import CountingProxy
from device import Device, fill
from longshore import OK
from manifests import importing

KILLS = 20
PARALLEL = 2
PART_MIB = 5
LARGE = [150, 110, 60]
SMALL = 3000

SETTINGS = f"""
[station]
parallel = {PARALLEL}
memory_mib = 32
multipart_threshold_mib = 10
part_mib = {PART_MIB}
[[stores]]
name = "weed"
endpoint = "{{endpoint}}"
region = "us-east-1"
access_key_id = "{{key}}"
secret_access_key = "{{secret}}"
path_style = true
buckets = ["*"]
"""


def test_twenty_kills_change_nothing(new_service, seaweed, tmp_path):
    address = urlsplit(seaweed.endpoint)
    with CountingProxy((address.hostname, address.port)) as proxy:
        config = tmp_path / "longshore.toml"
        config.write_text(SETTINGS.format(
            endpoint=proxy.endpoint, key=seaweed.access_key, secret=seaweed.secret_key))
        s3 = seaweed.client()
        s3.create_bucket(Bucket="twenty-kills")
        s3.create_bucket(Bucket="twenty-logs")
        service = new_service(config=config)
        job = service.api().create_job(
            JobType="Import", Manifest=importing("twenty-kills", logBucket="twenty-logs"), ValidateOnly=False)
        device = device_of(tmp_path / "disk")
        device.sign(job["SignatureFileContents"])
        kill_again_and_again(service, device)
        proxy_before_last = dict(proxy.puts)
        service.dock(device.path, check=OK)

    assert len(proxy.puts) > len(proxy_before_last), "nothing was left to do after the last kill"
    status = service.api().get_status(JobId=job["JobId"])
    assert (status["ProgressCode"], status["ErrorCount"]) == ("Complete", 0)
    report.compare(s3, "twenty-kills", device)
    report.check(report.fetch(s3, status), device, "twenty-kills")
    assert s3.list_multipart_uploads(Bucket="twenty-kills").get("Uploads", []) == [], "an upload was left open"
    parts_again = proxy.again(lambda path: "partNumber=" in path and "/large" in path)
    assert parts_again <= KILLS * PARALLEL, "more parts were sent again than were in flight"
    files_again = proxy.again(lambda path: "partNumber=" not in path and "/file" in path)
    assert files_again <= KILLS * (PARALLEL + 16), "more files were sent again than were in flight"


def device_of(folder):
    device, chance = Device(folder), random.Random(3)
    fill(device, SMALL, seed=3)
    for number, mebibytes in enumerate(LARGE):
        device.file(f"large-{number}.bin", chance.randbytes(mebibytes << 20), "application/octet-stream")
    return device


def kill_again_and_again(service, device):
    chance = random.Random(20)
    for kill in range(KILLS):
        dock = service.dock_in_background(device.path, "--rate", "25MB")
        time.sleep(chance.uniform(0.3, 1.3))
        assert dock.poll() is None, f"the import ended before kill {kill}: {dock.returncode}"
        dock.kill()
        dock.wait()
