"""Against Ceph's RADOS gateway, a store that enforces access control lists and bucket policies."""

import json
import urllib.error
import urllib.request

import pytest
import report
from device import Device, fill
from longshore import OK, SOME_FAILED
from manifests import importing
from test_seaweed_postgres import own_name, settings

pytestmark = pytest.mark.ceph


@pytest.fixture(scope="module")
def loader_key(ceph):
    """A user of the store that is not the owner of the buckets."""
    ceph.add_user("loader", "LOADERKEY00000000001", "loader-secret-000000000000000000000001")
    return ceph


@pytest.fixture
def installation(new_service, ceph, postgres, tmp_path, request):
    name = own_name(request)
    file = tmp_path / "longshore.toml"
    file.write_text(settings(postgres.database(name), ("ceph", "us-east-1", ceph, "*")))
    s3 = ceph.client()
    s3.create_bucket(Bucket=name)
    return new_service(config=file), s3, name


def load(service, device, **options):
    client = service.api()
    made = client.create_job(JobType="Import", Manifest=importing(**options), ValidateOnly=False)
    device.sign(made["SignatureFileContents"])
    service.dock(device.path, check=SOME_FAILED if device.errors else OK)
    return client.get_status(JobId=made["JobId"])


def anonymous(ceph, bucket, key):
    with urllib.request.urlopen(f"{ceph.endpoint}/{bucket}/{key}") as answer:
        return answer.read()


def test_every_file_arrives(installation, tmp_path):
    service, s3, bucket = installation
    device = Device(tmp_path / "disk", prefix="p/")
    fill(device, 400)
    device.file("a+b &c=%41?#.txt", b"awkward", "text/plain")
    device.file("large.mp4", bytes(range(256)) * 4096 * 70, "video/mp4")
    device.failing(b"latin1-\xe9", 400, "InvalidFileName")
    status = load(service, device, bucket=bucket, prefix="p/", cacheControl="no-cache", contentLanguage="es",
                  contentDisposition="inline", staticMetadata={"batch": "7"}, logPrefix="logs/")

    def headers_are_there(_key, _expected, answer):
        assert answer["CacheControl"] == "no-cache" and answer["ContentDisposition"] == "inline"
        assert answer["ContentLanguage"] == "es" and answer["Metadata"]["batch"] == "7"

    report.compare(s3, bucket, device, headers_are_there, but=[status["LogKey"]])
    report.check(report.fetch(s3, status), device, bucket)


@pytest.mark.parametrize(("acl", "open_to_all"), [("private", False), ("public-read", True)])
def test_the_acl_of_the_manifest_decides_who_may_read(installation, ceph, tmp_path, acl, open_to_all):
    service, _, bucket = installation
    device = Device(tmp_path / "disk")
    device.file("a.txt", b"for all or for one", "text/plain")
    device.file("large.mp4", bytes(1 << 20) * 70, "video/mp4")
    status = load(service, device, bucket=bucket, acl=acl)
    for name in ("a.txt", "large.mp4"):
        if open_to_all:
            assert anonymous(ceph, bucket, name) == (tmp_path / "disk" / name).read_bytes()
        else:
            with pytest.raises(urllib.error.HTTPError) as caught:
                anonymous(ceph, bucket, name)
            assert caught.value.code == 403
    with pytest.raises(urllib.error.HTTPError) as caught:
        anonymous(ceph, bucket, status["LogKey"])
    assert caught.value.code == 403, "the report is private whatever the objects are"


def policy(bucket, *actions):
    return json.dumps({"Version": "2012-10-17", "Statement": [{
        "Effect": "Deny", "Principal": "*", "Action": list(actions),
        "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]}]})


def test_a_policy_that_denies_writing_is_found_before_the_disk_is_shipped(installation):
    service, s3, bucket = installation
    client = service.api()
    client.create_job(JobType="Import", Manifest=importing(bucket), ValidateOnly=True)
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(bucket, "s3:PutObject"))
    for validate_only in (True, False):
        with pytest.raises(client.exceptions.BucketPermissionException):
            client.create_job(JobType="Import", Manifest=importing(bucket), ValidateOnly=validate_only)
    s3.delete_bucket_policy(Bucket=bucket)
    client.create_job(JobType="Import", Manifest=importing(bucket), ValidateOnly=False)


def test_a_bucket_of_someone_else_is_refused(installation, loader_key):
    service, _, bucket = installation
    theirs = loader_key.client("LOADERKEY00000000001", "loader-secret-000000000000000000000001")
    theirs.create_bucket(Bucket=f"{bucket}-theirs")
    client = service.api()
    with pytest.raises(client.exceptions.BucketPermissionException):
        client.create_job(JobType="Import", Manifest=importing(f"{bucket}-theirs"), ValidateOnly=False)


def test_a_policy_that_comes_after_the_job_fails_its_files_and_says_so(installation, tmp_path):
    """Some of the keys may not be written: their lines say 403, the others arrive."""
    service, s3, bucket = installation
    device = Device(tmp_path / "disk")
    device.file("open/a.txt", b"a", "text/plain")
    device.failing("closed/b.txt", 403, "AccessDenied", b"b", key="closed/b.txt")
    made = service.api().create_job(JobType="Import", Manifest=importing(bucket), ValidateOnly=False)
    device.sign(made["SignatureFileContents"])
    denied = json.loads(policy(bucket, "s3:PutObject"))
    denied["Statement"][0]["Resource"] = [f"arn:aws:s3:::{bucket}/closed/*"]
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(denied))
    service.dock(device.path, check=SOME_FAILED)
    status = service.api().get_status(JobId=made["JobId"])
    assert (status["ProgressCode"], status["ErrorCount"]) == ("SuccessWithErrors", 1)
    report.check(report.fetch(s3, status), device, bucket)
