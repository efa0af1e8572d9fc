"""The AWS SDK for JavaScript v2 against the built service, under both versions of the signature."""

import json
import os
import subprocess
from pathlib import Path

import longshore
import pytest
from manifests import importing

SCRIPT = Path(__file__).parent / "js/jobs.js"
MODULES = longshore.ROOT / "target/e2e/js/node_modules"


@pytest.mark.parametrize("signature", ["v2", "v4"])
def test_a_job_from_creation_to_cancellation(service, signature):
    service.buckets("js-data")
    manifest = importing("js-data", deviceId="O'Brien (1) *!~ ünï+&=%")
    changed = importing("js-data", prefix="changed/")
    # Version 2 is what this client signs with when nobody asks for anything else.
    asked = [] if signature == "v2" else [signature]
    done = subprocess.run(
        ["node", SCRIPT, service.endpoints["api"], service.key.id, service.key.secret, *asked],
        input=json.dumps({"manifest": manifest, "changed": changed}), capture_output=True, text=True, timeout=120,
        check=False, env=longshore.clean_environment(
            NODE_PATH=os.environ.get("LONGSHORE_E2E_NODE_PATH", str(MODULES)),
            AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE="1"),
    )
    assert done.returncode == 0, done.stderr
    got = json.loads(done.stdout)
    assert got["versions"] == ["2.1693.0", signature]
    job = got["created"]["JobId"]
    assert got["validated"]["JobId"].endswith("-VALIDATE-ONLY")
    assert got["pending"]["ProgressCode"] == "Pending" and got["pending"]["CurrentManifest"] == manifest
    assert got["updated"]["Success"] is True and got["changed"]["CurrentManifest"] == changed
    assert got["first"]["IsTruncated"] is True and got["second"]["IsTruncated"] is False
    assert got["second"]["Jobs"][0]["JobId"] == job, "the newest is listed first"
    assert got["canceled"]["Success"] is True
    assert got["again"]["code"] == "CanceledJobIdException"
    assert got["unknown"]["code"] == "InvalidJobIdException"
    assert got["unknown"]["message"] == "No such job ZZZZZ for your account"
    assert got["unknown"]["requestId"]
    assert got["malformed"]["code"] == "MalformedManifestException"
    assert (got["wrongSecret"]["code"], got["wrongSecret"]["status"]) == ("SignatureDoesNotMatch", 403)
