"""The embedded store as boto3 and tools on it use a store: what they ask every bucket, and what must be refused."""

import io
import tarfile
import urllib.error
import urllib.request

import pytest
from botocore.exceptions import ClientError


@pytest.fixture
def store(shared_service, request):
    """A client, and a bucket of this test's own."""
    bucket = request.node.name.replace("_", "-").strip("-")[:60]
    return shared_service.buckets(bucket), bucket


def refused(call, **parameters):
    """Status and code of an answer that must be a refusal."""
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    answer = caught.value.response
    return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"]


def test_a_bucket_is_emptied_by_its_versions(store):
    client, bucket = store
    for key in ("a", "b/c", "d e"):
        client.put_object(Bucket=bucket, Key=key, Body=b"x")
    found = client.list_object_versions(Bucket=bucket)["Versions"]
    assert [(one["Key"], one["VersionId"], one["IsLatest"]) for one in found] == [
        ("a", "null", True), ("b/c", "null", True), ("d e", "null", True)]
    wrong = [{"Key": one["Key"], "VersionId": "bogus"} for one in found]
    told = client.delete_objects(Bucket=bucket, Delete={"Objects": wrong})
    assert {error["Code"] for error in told["Errors"]} == {"InvalidArgument"} and not told.get("Deleted")
    assert refused(client.delete_object, Bucket=bucket, Key="a", VersionId="bogus") == (400, "InvalidArgument")
    right = [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in found]
    assert len(client.delete_objects(Bucket=bucket, Delete={"Objects": right})["Deleted"]) == 3
    client.delete_bucket(Bucket=bucket)


def test_what_consoles_and_terraform_ask_of_a_bucket(store):
    client, bucket = store
    for call, code in (
        (client.get_bucket_policy, "NoSuchBucketPolicy"),
        (client.get_bucket_cors, "NoSuchCORSConfiguration"),
        (client.get_bucket_lifecycle_configuration, "NoSuchLifecycleConfiguration"),
        (client.get_bucket_tagging, "NoSuchTagSet"),
        (client.get_bucket_encryption, "ServerSideEncryptionConfigurationNotFoundError"),
        (client.get_public_access_block, "NoSuchPublicAccessBlockConfiguration"),
        (client.get_bucket_ownership_controls, "OwnershipControlsNotFoundError"),
        (client.get_bucket_website, "NoSuchWebsiteConfiguration"),
        (client.get_bucket_replication, "ReplicationConfigurationNotFoundError"),
        (client.get_object_lock_configuration, "ObjectLockConfigurationNotFoundError"),
    ):
        assert refused(call, Bucket=bucket) == (404, code)
    assert client.get_bucket_request_payment(Bucket=bucket)["Payer"] == "BucketOwner"
    for call in (client.get_bucket_logging, client.get_bucket_notification_configuration,
                 client.get_bucket_accelerate_configuration, client.get_bucket_versioning, client.get_bucket_acl):
        call(Bucket=bucket)


def test_promises_that_a_backup_tool_would_believe(store):
    client, bucket = store
    for promise in (
        {"ObjectLockMode": "COMPLIANCE", "ObjectLockRetainUntilDate": "2030-01-01T00:00:00Z"},
        {"ObjectLockLegalHoldStatus": "ON"},
        {"ServerSideEncryption": "AES256"},
        {"ServerSideEncryption": "aws:kms"},
        {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": "k" * 32},
        {"GrantRead": "id=somebody"},
        {"ExpectedBucketOwner": "somebody"},
    ):
        for call in (client.put_object, client.create_multipart_upload):
            status, _ = refused(call, Bucket=bucket, Key="kept", **promise)
            assert status in (400, 403, 501), promise
    assert "Contents" not in client.list_objects_v2(Bucket=bucket)
    assert refused(client.create_bucket, Bucket="locked-bucket", ObjectLockEnabledForBucket=True)[0] == 501


def test_attributes_and_request_ids(store):
    client, bucket = store
    client.put_object(Bucket=bucket, Key="k", Body=b"contents", Tagging="a=1", ChecksumAlgorithm="SHA256")
    wanted = ["ETag", "ObjectSize", "Checksum", "StorageClass"]
    told = client.get_object_attributes(Bucket=bucket, Key="k", ObjectAttributes=wanted)
    assert (told["ObjectSize"], told["StorageClass"]) == (8, "STANDARD")
    assert told["Checksum"]["ChecksumSHA256"]
    assert told["ResponseMetadata"]["RequestId"]
    with pytest.raises(ClientError) as caught:
        client.get_object(Bucket=bucket, Key="lost")
    assert caught.value.response["ResponseMetadata"]["RequestId"]


def test_a_presigned_link_is_good_for_what_it_says(store):
    client, bucket = store
    client.put_object(Bucket=bucket, Key="secret", Body=b"top secret")
    link = client.generate_presigned_url("put_object", {"Bucket": bucket, "Key": "upload"}, ExpiresIn=60)

    def put(headers):
        # The type is part of what is signed, and urllib would make one up.
        headers = {"Content-Type": ""} | headers
        urllib.request.urlopen(urllib.request.Request(link, data=b"mine", method="PUT", headers=headers), timeout=30)

    with pytest.raises(urllib.error.HTTPError) as caught:
        put({"x-amz-copy-source": f"/{bucket}/secret", "x-amz-acl": "public-read"})
    assert caught.value.code in (400, 403)
    put({})
    assert client.get_object(Bucket=bucket, Key="upload")["Body"].read() == b"mine"


def test_an_archive_is_extracted(store):
    client, bucket = store
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for name in ("a.txt", "sub/" + "n" * 150 + ".txt"):
            entry = tarfile.TarInfo(name)
            entry.size = len(name)
            tar.addfile(entry, io.BytesIO(name.encode()))
    wish = {"snowball-auto-extract": "true", "snowball-prefix": "in"}
    client.put_object(Bucket=bucket, Key="batch.tar", Body=archive.getvalue(), Metadata=wish)
    keys = [one["Key"] for one in client.list_objects_v2(Bucket=bucket)["Contents"]]
    assert keys == ["in/a.txt", "in/sub/" + "n" * 150 + ".txt"]
    assert client.get_object(Bucket=bucket, Key="in/a.txt")["Body"].read() == b"a.txt"
