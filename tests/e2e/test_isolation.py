"""One account never sees or touches another's jobs, and uses only the buckets it was given."""

import pytest
from botocore.exceptions import ClientError
from longshore import OK
from manifests import exporting, importing


@pytest.fixture(scope="module")
def world(shared_service):
    shared_service.buckets("ours", "theirs", "theirs-logs", "read-only")
    other = shared_service.new_account("other", imports=["theirs*"], exports=["read-only"])
    return shared_service, shared_service.api(), shared_service.api(other), other


def test_the_jobs_of_others_do_not_exist(world):
    _, ours, theirs, _ = world
    made = ours.create_job(JobType="Import", Manifest=importing("ours"), ValidateOnly=False)
    job = made["JobId"]
    refusals = [
        lambda: theirs.get_status(JobId=job),
        lambda: theirs.cancel_job(JobId=job),
        lambda: theirs.update_job(JobId=job, JobType="Import", Manifest=importing("theirs"), ValidateOnly=False),
        lambda: theirs.update_job(JobId=job, JobType="Import", Manifest=importing("theirs"), ValidateOnly=True),
    ]
    for refused in refusals:
        with pytest.raises(theirs.exceptions.InvalidJobIdException) as caught:
            refused()
        # Not to be told from a job that nobody has.
        assert caught.value.response["Error"]["Message"] == f"No such job {job} for your account"
    with pytest.raises(theirs.exceptions.InvalidParameterException):
        theirs.list_jobs(Marker=job)
    with pytest.raises(ClientError):
        theirs.get_shipping_label(jobIds=[job])
    assert job not in [j["JobId"] for j in theirs.list_jobs()["Jobs"]]
    status = ours.get_status(JobId=job)
    assert (status["ProgressCode"], status["CurrentManifest"]) == ("Pending", importing("ours"))


def test_all_keys_of_an_account_see_its_jobs(world):
    service, _, theirs, _ = world
    second = service.api(service.new_key("other"))
    job = theirs.create_job(JobType="Import", Manifest=importing("theirs"), ValidateOnly=False)["JobId"]
    assert second.get_status(JobId=job)["ProgressCode"] == "Pending"
    assert second.cancel_job(JobId=job)["Success"]


@pytest.mark.parametrize("validate_only", [True, False])
def test_buckets_without_a_right_are_refused(world, validate_only):
    _, _, theirs, _ = world
    refused = [
        ("Import", importing("ours")),
        ("Import", importing("theirs", logBucket="ours")),
        ("Import", importing("read-only")),
        ("Export", exporting("ours", "theirs-logs")),
        ("Export", exporting("read-only", "ours")),
    ]
    for kind, text in refused:
        with pytest.raises(theirs.exceptions.BucketPermissionException):
            theirs.create_job(JobType=kind, Manifest=text, ValidateOnly=validate_only)
    allowed = [("Import", importing("theirs", logBucket="theirs-logs")), ("Export", exporting("read-only", "theirs-logs"))]
    for kind, text in allowed:
        theirs.create_job(JobType=kind, Manifest=text, ValidateOnly=validate_only)


def test_an_update_cannot_reach_what_a_creation_could_not(world):
    _, _, theirs, _ = world
    job = theirs.create_job(JobType="Import", Manifest=importing("theirs"), ValidateOnly=False)["JobId"]
    with pytest.raises(theirs.exceptions.BucketPermissionException):
        theirs.update_job(JobId=job, JobType="Import", Manifest=importing("ours"), ValidateOnly=False)
    assert theirs.get_status(JobId=job)["CurrentManifest"] == importing("theirs")


def test_the_embedded_store_keeps_the_same_borders(world):
    service, _, _, other = world
    ours, theirs = service.s3(), service.s3(other)
    ours.put_object(Bucket="ours", Key="secret", Body=b"x")
    ours.put_object(Bucket="read-only", Key="shown", Body=b"x")
    for refused in (
        lambda: theirs.get_object(Bucket="ours", Key="secret"),
        lambda: theirs.list_objects_v2(Bucket="ours"),
        lambda: theirs.put_object(Bucket="ours", Key="mine", Body=b"y"),
        lambda: theirs.delete_object(Bucket="ours", Key="secret"),
        lambda: theirs.put_object(Bucket="read-only", Key="mine", Body=b"y"),
        lambda: theirs.create_bucket(Bucket="mine-too"),
    ):
        with pytest.raises(ClientError) as caught:
            refused()
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    assert theirs.get_object(Bucket="read-only", Key="shown")["Body"].read() == b"x"
    theirs.put_object(Bucket="theirs", Key="mine", Body=b"y")


def test_a_revoked_key_is_refused_at_once(world):
    service, _, _, _ = world
    key = service.new_key("other")
    client = service.api(key)
    client.list_jobs()
    service.run("key", "revoke", key.id, check=OK)
    with pytest.raises(ClientError) as caught:
        client.list_jobs()
    assert caught.value.response["Error"]["Code"] == "InvalidClientTokenId"
