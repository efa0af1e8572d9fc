"""The AWS CLI against the built service, as a customer types it."""

import json
import subprocess
import sys
from pathlib import Path

import longshore
import pytest
from manifests import importing

AWS = Path(sys.executable).parent / "aws"


@pytest.fixture(scope="module")
def aws(shared_service, tmp_path_factory):
    """Runs `aws importexport …` with the credentials file of the service's data folder."""
    shared_service.buckets("cli-data")
    folder = tmp_path_factory.mktemp("aws")

    def run(*words, expect=0):
        environment = longshore.clean_environment(
            AWS_SHARED_CREDENTIALS_FILE=str(shared_service.data / "credentials"),
            AWS_CONFIG_FILE=str(folder / "config"),
            AWS_DEFAULT_REGION="us-east-1",
            AWS_MAX_ATTEMPTS="1",
        )
        command = [sys.executable, str(AWS), "--endpoint-url", shared_service.endpoints["api"], "importexport", *words]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, env=environment,
                              timeout=120, check=False)
        assert done.returncode == expect, done.stderr
        return json.loads(done.stdout) if expect == 0 else done.stderr

    run.folder = folder
    return run


@pytest.fixture
def manifest_file(aws):
    def write(text):
        path = aws.folder / "manifest.txt"
        path.write_text(text)
        return f"file://{path}"

    return write


def test_a_job_from_creation_to_cancellation(aws, manifest_file):
    manifest = manifest_file(importing("cli-data", deviceId="Ünïcödé & more"))
    create = ["create-job", "--job-type", "Import", "--manifest", manifest]
    checked = aws(*create, "--validate-only")
    assert checked["JobId"].endswith("-VALIDATE-ONLY")
    made = aws(*create, "--no-validate-only")
    job = made["JobId"]
    assert f"jobId:{job}\n" in made["SignatureFileContents"]
    assert aws("get-status", "--job-id", job)["ProgressCode"] == "Pending"
    manifest = manifest_file(importing("cli-data", prefix="new/"))
    update = ["update-job", "--job-id", job, "--job-type", "Import", "--manifest", manifest, "--no-validate-only"]
    assert aws(*update)["Success"] is True
    assert "prefix: new/" in aws("get-status", "--job-id", job)["CurrentManifest"]
    assert aws("cancel-job", "--job-id", job)["Success"] is True
    listed = {j["JobId"]: j for j in aws("list-jobs")["Jobs"]}
    assert listed[job]["IsCanceled"] is True


def test_a_list_is_fetched_page_by_page(aws, manifest_file):
    create = ["create-job", "--job-type", "Import", "--no-validate-only", "--manifest"]
    manifest = manifest_file(importing("cli-data"))
    made = {aws(*create, manifest)["JobId"] for _ in range(3)}
    listed = {j["JobId"] for j in aws("list-jobs", "--page-size", "1")["Jobs"]}
    assert made <= listed


def test_the_path_in_place_of_the_manifest_is_told(aws):
    """Who forgets `file://` sends the path itself."""
    told = aws("create-job", "--job-type", "Import", "--manifest", "manifest.txt", "--no-validate-only", expect=255)
    assert "MalformedManifestException" in told and "Your manifest is not well-formed" in told


def test_an_unknown_job_is_told(aws):
    told = aws("get-status", "--job-id", "ZZZZZ", expect=255)
    assert "InvalidJobIdException" in told and "No such job ZZZZZ for your account" in told
