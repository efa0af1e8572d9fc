"""The keys of the embedded store that stations are given: they do what a job needs, and end with its lease."""

import base64
import json
import urllib.error
import urllib.request

import pytest
from botocore.exceptions import ClientError
from device import Device, fill
from longshore import OK, s3_client, wait_for
from manifests import importing

BUCKET = "keys-data"


def tell(service, token, path, message):
    """Says something to the server as a station does."""
    request = urllib.request.Request(
        f"{service.endpoints['api']}/station/v1/{path}", json.dumps(message).encode(),
        {"authorization": f"Bearer {token}", "content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.loads(answer.read())


def code(call, *args, **options):
    with pytest.raises(ClientError) as caught:
        call(*args, **options)
    return caught.value.response["Error"]["Code"]


def test_a_revoked_station_can_do_nothing_more_and_its_disk_goes_on_elsewhere(service, tmp_path):
    ours = service.buckets(BUCKET, "of-others")
    made = service.api().create_job(JobType="Import", Manifest=importing(BUCKET), ValidateOnly=False)
    job, signature = made["JobId"], made["SignatureFileContents"]
    token = service.run("station", "token", "dock-2", check=OK).stdout.strip()
    claim = tell(service, token, "claim", {
        "version": 4, "station": "dock-2", "signature_file": base64.b64encode(signature.encode()).decode(),
        "job": None, "device": "/mnt/disk", "view": "mounted"})
    assert claim["answer"] == "granted", claim
    access = claim["buckets"][0]["access"]
    station = s3_client(service.endpoints["s3"], access["access_key_id"], access["secret_access_key"])
    station.put_object(Bucket=BUCKET, Key="half", Body=b"done")
    assert [o["Key"] for o in station.list_objects_v2(Bucket=BUCKET)["Contents"]] == ["half"]
    assert code(station.delete_object, Bucket=BUCKET, Key="half") == "AccessDenied"
    assert code(station.put_object, Bucket="of-others", Key="k", Body=b"") == "AccessDenied"
    assert code(station.list_objects_v2, Bucket="of-others") == "AccessDenied"

    service.run("station", "revoke", "dock-2", "--yes", check=OK)
    with pytest.raises(urllib.error.HTTPError) as refused:
        tell(service, token, "job", {"job": job})
    assert refused.value.code == 401

    def is_refused():
        try:
            station.head_bucket(Bucket=BUCKET)
            station.list_objects_v2(Bucket=BUCKET)
        except ClientError as error:
            return error.response["ResponseMetadata"]["HTTPStatusCode"] == 403
        return False

    wait_for(is_refused, 60, "the key is refused")
    assert code(station.put_object, Bucket=BUCKET, Key="k", Body=b"") == "InvalidAccessKeyId"

    device = Device(tmp_path / "disk")
    fill(device, 20)
    device.sign(signature)
    service.dock(device.path, check=OK)
    done = service.api().get_status(JobId=job)
    assert (done["ProgressCode"], done["ErrorCount"]) == ("Complete", 0)
    ours.delete_object(Bucket=BUCKET, Key="half")
    log = service.child.log.read_text(errors="replace")
    assert access["secret_access_key"] not in log
