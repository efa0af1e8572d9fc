"""boto3 against the built service, under both versions of the signature."""

import urllib.error
import urllib.request
from datetime import datetime, timedelta, timezone
from unittest import mock

import botocore.auth
import longshore
import pytest
from manifests import ADDRESS, exporting, importing

BOTH = pytest.mark.parametrize("signature", ["v4", "v2"])


@pytest.fixture(scope="module")
def buckets(shared_service):
    return shared_service.buckets("boto-data", "boto-logs")


def code_of(call, **parameters):
    """The code of the typed exception that a call must raise."""
    client = call.__self__
    with pytest.raises(client.exceptions.ClientError) as caught:
        call(**parameters)
    error = caught.value.response
    assert error["Error"]["Type"] == "Sender"
    assert error["Error"]["Message"]
    assert error["ResponseMetadata"]["RequestId"]
    code = error["Error"]["Code"]
    if code.endswith("Exception"):
        assert type(caught.value) is getattr(client.exceptions, code), "boto3 did not know the exception"
    return code


@BOTH
def test_a_job_from_creation_to_cancellation(shared_service, buckets, signature):
    """Create, look at, change, change the type of, list and cancel a job."""
    client = shared_service.api(signature=signature)
    text = importing("boto-data", logBucket="boto-logs", logPrefix="logs/", deviceId="é~ (1)*'!&=+%")
    made = client.create_job(JobType="Import", Manifest=text, ValidateOnly=False)
    job = made["JobId"]
    assert len(job) == 5 and made["JobType"] == "Import" and "WarningMessage" in made
    assert made["SignatureFileContents"].splitlines() == [
        "version:2.0", "signingMethod:HmacSHA1", f"jobId:{job}", f"signature:{made['Signature']}"]

    status = client.get_status(JobId=job)
    assert (status["LocationCode"], status["ProgressCode"]) == ("NotReceived", "Pending")
    assert status["LocationMessage"] == "AWS has not received your device."
    assert status["ProgressMessage"] == "The specified job has not started."
    assert status["CurrentManifest"] == text
    assert status["SignatureFileContents"] == made["SignatureFileContents"]
    assert client.get_status(JobId=job.lower())["JobId"] == job

    changed = importing("boto-data", prefix="other/")
    assert client.update_job(JobId=job, JobType="Import", Manifest=changed, ValidateOnly=True)["Success"]
    assert client.get_status(JobId=job)["CurrentManifest"] == text, "a validation changed the job"
    assert client.update_job(JobId=job, JobType="Import", Manifest=changed, ValidateOnly=False)["Success"]
    after = client.get_status(JobId=job)
    assert after["CurrentManifest"] == changed
    assert after["SignatureFileContents"] == made["SignatureFileContents"], "a written disk was invalidated"
    export = exporting("boto-data", "boto-logs")
    assert client.update_job(JobId=job, JobType="Export", Manifest=export, ValidateOnly=False)["Success"]
    assert client.get_status(JobId=job)["JobType"] == "Export"

    assert client.cancel_job(JobId=job)["Success"]
    assert client.get_status(JobId=job)["ProgressCode"] == "Canceled"
    listed = [j for page in client.get_paginator("list_jobs").paginate() for j in page["Jobs"] if j["JobId"] == job]
    assert len(listed) == 1 and listed[0]["IsCanceled"] is True
    assert code_of(client.cancel_job, JobId=job) == "CanceledJobIdException"
    assert code_of(client.update_job, JobId=job, JobType="Import", Manifest=changed, ValidateOnly=False) == (
        "CanceledJobIdException")


def test_validation_stores_nothing(service):
    client = service.api()
    service.buckets("boto-data")
    answer = client.create_job(JobType="Import", Manifest=importing("boto-data"), ValidateOnly=True)
    assert answer["JobId"].endswith("-VALIDATE-ONLY")
    assert client.list_jobs()["Jobs"] == []


def test_an_export_is_created(shared_service, buckets):
    client = shared_service.api()
    made = client.create_job(JobType="Export", Manifest=exporting("boto-data", "boto-logs"), ValidateOnly=False)
    assert made["JobType"] == "Export"


@BOTH
def test_jobs_are_listed_page_by_page(new_service, signature):
    service = new_service()
    service.buckets("boto-data")
    client = service.api(signature=signature)
    made = [client.create_job(JobType="Import", Manifest=importing("boto-data"), ValidateOnly=False)["JobId"]
            for _ in range(5)]
    pages = list(client.get_paginator("list_jobs").paginate(PaginationConfig={"PageSize": 2}))
    assert [len(page["Jobs"]) for page in pages] == [2, 2, 1]
    assert [page["IsTruncated"] for page in pages] == [True, True, False]
    assert sorted(j["JobId"] for page in pages for j in page["Jobs"]) == sorted(made)
    for job in client.list_jobs()["Jobs"]:
        assert job["JobType"] == "Import" and job["IsCanceled"] is False
        assert abs(datetime.now(timezone.utc) - job["CreationDate"]) < timedelta(minutes=5)
    assert code_of(client.list_jobs, Marker="ZZZZZ") == "InvalidParameterException"


MANIFEST_FAULTS = {
    "a path in place of its content": ("manifest.txt", "MalformedManifestException"),
    "prose": ("INVALID MANIFEST", "MalformedManifestException"),
    "no bucket": (importing(None), "MissingManifestFieldException"),
    "no device": (importing("boto-data", deviceId=None), "MissingManifestFieldException"),
    "wrong version": (importing("boto-data", manifestVersion="7.0"), "InvalidManifestFieldException"),
    "wrong acl": (importing("boto-data", acl="everyone"), "InvalidManifestFieldException"),
    "log prefix too long": (importing("boto-data", logPrefix="p" * 1020), "InvalidManifestFieldException"),
    "no such bucket": (importing("boto-nowhere"), "NoSuchBucketException"),
    "no such log bucket": (importing("boto-data", logBucket="boto-nowhere"), "NoSuchBucketException"),
    "no state": (importing("boto-data", returnAddress=ADDRESS | {"stateOrProvince": None}), "InvalidAddressException"),
    "no customs": (
        importing("boto-data", returnAddress=ADDRESS | {"country": "Canada", "stateOrProvince": "QC"}),
        "MissingCustomsException",
    ),
    "customs value in words": (
        importing("boto-data", returnAddress=ADDRESS | {"country": "Canada", "stateOrProvince": "QC"}, customs={
            "dataDescription": "pictures", "encryptedData": "no", "exportCertifierName": "Anne Roy",
            "requiresExportLicense": "no", "deviceValue": "lots", "deviceCountryOfOrigin": "Thailand",
            "deviceType": "externalStorageDevice"}),
        "InvalidCustomsException",
    ),
    "key of someone else": (
        importing("boto-data", accessKeyId="AKIDSOMEONEELSE00001"), "InvalidAccessKeyIdException"),
}


@pytest.mark.parametrize("fault", MANIFEST_FAULTS)
def test_each_fault_of_a_manifest_is_a_typed_exception(shared_service, buckets, fault):
    text, code = MANIFEST_FAULTS[fault]
    client = shared_service.api()
    before = len(client.list_jobs()["Jobs"])
    for validate_only in (True, False):
        assert code_of(client.create_job, JobType="Import", Manifest=text, ValidateOnly=validate_only) == code
    assert len(client.list_jobs()["Jobs"]) == before


def test_a_file_system_nobody_has_is_refused(shared_service, buckets):
    text = exporting("boto-data", "boto-logs", fileSystem="XFS")
    call = shared_service.api().create_job
    assert code_of(call, JobType="Export", Manifest=text, ValidateOnly=False) == "InvalidFileSystemException"


def test_the_malformed_manifest_has_the_recorded_message(shared_service):
    client = shared_service.api()
    with pytest.raises(client.exceptions.MalformedManifestException) as caught:
        client.create_job(JobType="Import", Manifest="invalid-manifest", ValidateOnly=False)
    assert caught.value.response["Error"]["Message"] == "Your manifest is not well-formed"


@BOTH
def test_unknown_jobs_are_refused_with_the_recorded_message(shared_service, buckets, signature):
    client = shared_service.api(signature=signature)
    with pytest.raises(client.exceptions.InvalidJobIdException) as caught:
        client.get_status(JobId="ABC-123")
    assert caught.value.response["Error"]["Message"] == "No such job ABC-123 for your account"
    assert code_of(client.cancel_job, JobId="ZZZZZ") == "InvalidJobIdException"
    text = importing("boto-data")
    assert code_of(client.update_job, JobId="ZZZZZ", JobType="Import", Manifest=text, ValidateOnly=False) == (
        "InvalidJobIdException")


def test_parameters_with_impossible_values_are_refused(shared_service, buckets):
    client = shared_service.api()
    text = importing("boto-data")
    wrong_type = code_of(client.create_job, JobType="Borrow", Manifest=text, ValidateOnly=False)
    assert wrong_type == "InvalidParameterException"
    assert code_of(client.list_jobs, MaxJobs=100_000) == "InvalidParameterException"
    wrong_version = code_of(client.get_status, JobId="ZZZZZ", APIVersion="seven")
    assert wrong_version == "InvalidVersionException"
    empty = code_of(client.create_job, JobType="Import", Manifest="", ValidateOnly=False)
    assert empty == "MissingParameterException"


@BOTH
def test_a_wrong_secret_is_refused(shared_service, signature):
    wrong = longshore.Key(shared_service.key.id, "not-the-secret")
    client = shared_service.api(wrong, signature)
    with pytest.raises(client.exceptions.ClientError) as caught:
        client.list_jobs()
    assert caught.value.response["Error"]["Code"] == "SignatureDoesNotMatch"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


@BOTH
def test_an_unknown_key_is_refused(shared_service, signature):
    stranger = longshore.Key("AKIAIOSFODNN7EXAMPLE", "any-secret")
    client = shared_service.api(stranger, signature)
    with pytest.raises(client.exceptions.ClientError) as caught:
        client.list_jobs()
    assert caught.value.response["Error"]["Code"] == "InvalidClientTokenId"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


@BOTH
@pytest.mark.parametrize(("minutes", "expired"), [(-20, True), (20, True), (-10, False), (10, False)])
def test_clocks_may_differ_by_a_quarter_of_an_hour(shared_service, signature, minutes, expired):
    now = datetime.now(timezone.utc) + timedelta(minutes=minutes)
    skewed = now.replace(tzinfo=None)
    client = shared_service.api(signature=signature)
    with mock.patch.object(botocore.auth, "get_current_datetime", lambda *_, **__: skewed), \
            mock.patch.object(botocore.auth.time, "gmtime", lambda *_: now.timetuple()):
        if expired:
            assert code_of(client.list_jobs) in ("RequestExpired", "SignatureDoesNotMatch")
        else:
            client.list_jobs()


def test_any_region_may_be_signed_for(shared_service):
    for region in ("us-east-1", "eu-west-1", "ap-southeast-1"):
        shared_service.api(region=region).list_jobs()


def test_a_presigned_url_shows_a_status(shared_service, buckets):
    client = shared_service.api()
    job = client.create_job(JobType="Import", Manifest=importing("boto-data"), ValidateOnly=False)["JobId"]
    url = client.generate_presigned_url("get_status", Params={"JobId": job}, ExpiresIn=300, HttpMethod="GET")
    with urllib.request.urlopen(url) as answer:
        assert f"<JobId>{job}</JobId>" in answer.read().decode()
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(url.replace(job, "ZZZZZ"))
    assert caught.value.code == 403
