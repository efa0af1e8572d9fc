"""Users and policies: our decisions beside an independent simulator's, and what real clients are answered."""

import json
import os
import subprocess
from pathlib import Path

import longshore
import pytest
from manifests import importing

POLICIES = Path(__file__).parent / "js/policies.js"
MODULES = longshore.ROOT / "target/e2e/js/node_modules"
SEED = "20261130"


def test_ten_thousand_policies_and_requests_are_decided_as_an_independent_simulator_does(tmp_path):
    drawn = subprocess.run(
        ["node", POLICIES, "10000", SEED], capture_output=True, text=True, timeout=120, check=True,
        env=longshore.clean_environment(NODE_PATH=os.environ.get("LONGSHORE_E2E_NODE_PATH", str(MODULES))),
    ).stdout
    file = tmp_path / "cases"
    file.write_text(drawn)
    cases = [json.loads(line) for line in drawn.splitlines()]
    decided = subprocess.run(
        [longshore.binary(), "policy", "simulate", "--cases", file], capture_output=True, text=True, timeout=120,
        check=False, env=longshore.clean_environment(),
    )
    assert decided.returncode == 0, decided.stderr
    words = decided.stdout.splitlines()
    assert len(words) == len(cases) == 10_000
    different = [(case, word) for case, word in zip(cases, words) if case["Decided"] != word]
    assert not different, f"{len(different)} differ: {different[:3]}"
    for word in ["allowed", "implicitDeny", "explicitDeny"]:
        assert words.count(word) > 1_000, f"{word} is hardly ever decided: the cases say nothing"

READ_ONLY = {"Effect": "Allow", "Action": ["importexport:ListJobs", "importexport:GetStatus"], "Resource": "*"}
FULL = {"Effect": "Allow", "Action": "importexport:*", "Resource": "*"}
DENY = {"Effect": "Deny", "Action": ["importexport:CreateJob", "importexport:CancelJob"], "Resource": "*"}

# The three samples of the developer guide, and what each lets its user do; then the two policies that AWS had ready.
WRITES = {"CreateJob", "UpdateJob", "CancelJob"}
READS = {"GetStatus", "ListJobs"}
ALL = WRITES | READS | {"GetShippingLabel"}
USERS = {
    "nobody": ([], set()),
    "reader": ([READ_ONLY], READS),
    "full": ([FULL], ALL),
    "careful": ([FULL, DENY], ALL - {"CreateJob", "CancelJob"}),
    "managed-reader": ("AWSImportExportReadOnlyAccess", READS),
    "managed-full": ("AWSImportExportFullAccess", ALL),
}


def new_user(service, tmp_path, name, policy, account="default"):
    """Makes a user with a policy, and gives a key of that user."""
    service.run("user", "create", name, "--account", account, check=longshore.OK)
    of = ["--account", account]
    if isinstance(policy, str):
        service.run("user", "policy", name, "--attach", policy, *of, check=longshore.OK)
    elif policy:
        file = tmp_path / f"{name}.json"
        file.write_text(json.dumps({"Version": "2012-10-17", "Statement": policy}))
        service.run("user", "policy", name, "--file", file, *of, check=longshore.OK)
    made = json.loads(service.run("key", "create", "--user", name, "--json", *of, check=longshore.OK).stdout)
    assert made["User"] == name
    return longshore.Key(made["AccessKeyId"], made["SecretAccessKey"])


def answered(call, **parameters):
    """200, or the error that a call is answered with."""
    try:
        call(**parameters)
    except call.__self__.exceptions.ClientError as error:
        return error.response
    return 200


def calls(client, job, bucket="photos"):
    """Each of the six operations."""
    manifest = importing(bucket)
    return {
        "CreateJob": (client.create_job, {"JobType": "Import", "Manifest": manifest, "ValidateOnly": False}),
        "UpdateJob": (client.update_job,
                      {"JobId": job, "JobType": "Import", "Manifest": manifest, "ValidateOnly": False}),
        "GetStatus": (client.get_status, {"JobId": job}),
        "ListJobs": (client.list_jobs, {}),
        "GetShippingLabel": (client.get_shipping_label, {"jobIds": [job]}),
        "CancelJob": (client.cancel_job, {"JobId": job}),
    }


@pytest.mark.parametrize("signature", ["v4", "v2"])
def test_the_policies_of_aws_give_what_aws_documented(shared_service, tmp_path, signature):
    shared_service.buckets("photos")
    root = shared_service.api(signature=signature)
    for user, (policy, allowed) in USERS.items():
        name = f"{user}-{signature}"
        client = shared_service.api(new_user(shared_service, tmp_path, name, policy), signature)
        # Made by the account's own key, which may everything and is not asked for a policy.
        job = root.create_job(JobType="Import", Manifest=importing("photos"), ValidateOnly=False)["JobId"]
        for operation, (call, parameters) in calls(client, job).items():
            answer = answered(call, **parameters)
            if operation in allowed:
                assert answer == 200, f"{name}: {operation}"
                continue
            assert answer["ResponseMetadata"]["HTTPStatusCode"] == 403, f"{name}: {operation}"
            error = answer["Error"]
            assert (error["Code"], error["Type"]) == ("AccessDenied", "Sender"), f"{name}: {operation}"
            why = ("with an explicit deny in an identity-based policy" if user == "careful" else
                   f"because no identity-based policy allows the importexport:{operation} action")
            account = error["Message"].split(":")[5]
            assert error["Message"] == (f"User: arn:aws:iam::{account}:user/{name} is not authorized to perform: "
                                        f"importexport:{operation} {why}")
            assert len(account) == 12 and account.isdigit()


def test_who_is_refused_learns_nothing_of_the_parameters(shared_service, tmp_path):
    """A missing or foreign job is not told from one that is there."""
    client = shared_service.api(new_user(shared_service, tmp_path, "curious", [READ_ONLY]))
    for job in ["ZZZZZ", "", "no job at all"]:
        assert answered(client.cancel_job, JobId=job)["Error"]["Code"] == "AccessDenied"
    assert answered(client.create_job, JobType="x", Manifest="y", ValidateOnly=True)["Error"]["Code"] == "AccessDenied"


def test_a_key_ends_with_its_user_and_a_policy_counts_at_once(shared_service, tmp_path):
    key = new_user(shared_service, tmp_path, "leaving", "AWSImportExportReadOnlyAccess")
    client = shared_service.api(key)
    assert answered(client.list_jobs) == 200
    shared_service.run("user", "policy", "leaving", "--remove", "AWSImportExportReadOnlyAccess", check=longshore.OK)
    assert answered(client.list_jobs)["Error"]["Code"] == "AccessDenied"
    shared_service.run("group", "create", "readers", check=longshore.OK)
    shared_service.run("group", "policy", "readers", "--attach", "AWSImportExportReadOnlyAccess", check=longshore.OK)
    shared_service.run("group", "add", "readers", "leaving", check=longshore.OK)
    assert answered(client.list_jobs) == 200
    shared_service.run("user", "delete", "leaving", check=longshore.OK)
    assert answered(client.list_jobs)["Error"]["Code"] == "InvalidClientTokenId"


def curl(service, key, *headers):
    """The status and the body of a signed `ListJobs` by curl."""
    words = [word for header in headers for word in ("--header", header)]
    done = subprocess.run(
        ["curl", "--silent", "--show-error", "--user", f"{key.id}:{key.secret}", "--aws-sigv4",
         "aws:amz:us-east-1:importexport", "--data", "Action=ListJobs&Version=2010-06-01", "--write-out", "\n%{http_code}",
         *words, service.endpoints["api"] + "/"],
        capture_output=True, text=True, timeout=60, check=True, env=longshore.clean_environment())
    body, _, status = done.stdout.rpartition("\n")
    return int(status), body


def test_address_and_transport_are_forged_by_nobody_but_a_trusted_proxy(new_service, tmp_path):
    settings = tmp_path / "longshore.toml"
    settings.write_text('[embedded_store]\nlisten = "127.0.0.1:0"\n')
    trusting = tmp_path / "trusting.toml"
    trusting.write_text(settings.read_text() + '[connections]\ntrusted_proxies = ["127.0.0.0/8", "198.51.100.0/24"]\n')
    office = [FULL | {"Condition": {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}}]
    secure = [FULL, {"Effect": "Deny", "Action": "*", "Resource": "*",
                     "Condition": {"Bool": {"aws:SecureTransport": "false"}}}]
    lies = ["X-Forwarded-For: 203.0.113.7", "X-Forwarded-Proto: https", "Forwarded: for=203.0.113.7;proto=https",
            "X-Real-IP: 203.0.113.7"]
    for config, believed in [(settings, False), (trusting, True)]:
        service = new_service(config)
        at_office = new_user(service, tmp_path, "office", office)
        by_tls = new_user(service, tmp_path, "secure", secure)
        for key, word in [(at_office, "no identity-based policy allows"), (by_tls, "explicit deny")]:
            status, body = curl(service, key)
            assert status == 403 and word in body, body
            status, body = curl(service, key, *lies)
            assert (status == 200) is believed, body
            assert believed or word in body, body
        # What stands before the last address that no proxy has said is the client's own word.
        for forwarded, is_office in [("203.0.113.7, 192.0.2.1", False), ("192.0.2.1, 203.0.113.7", True),
                                     ("203.0.113.7, 198.51.100.9", True), ("203.0.113.7, nonsense", False)]:
            status, body = curl(service, at_office, f"X-Forwarded-For: {forwarded}")
            assert (status == 200) is (believed and is_office), f"{forwarded}: {body}"


@pytest.mark.parametrize("signature", ["v4", "v2"])
def test_users_of_one_account_never_reach_another_whatever_their_policy_says(shared_service, tmp_path, signature):
    """Jobs, and the buckets in which their reports and receipts are put."""
    everything = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]
    shared_service.buckets("ours", "theirs")
    their = shared_service.new_account(f"theirs-{signature}", ["theirs"], ["theirs"])
    shared_service.new_account(f"ours-{signature}", ["ours"], ["ours"])
    key = new_user(shared_service, tmp_path, "eve", everything, f"ours-{signature}")
    job = shared_service.api(their).create_job(JobType="Import", Manifest=importing("theirs"), ValidateOnly=False)["JobId"]
    client = shared_service.api(key, signature)
    assert client.list_jobs()["Jobs"] == []
    for operation, (call, parameters) in calls(client, job, "ours").items():
        if operation in ["UpdateJob", "GetStatus", "GetShippingLabel", "CancelJob"]:
            assert answered(call, **parameters)["Error"]["Code"] == "InvalidJobIdException", operation
    refused = answered(client.create_job, JobType="Import", Manifest=importing("theirs"), ValidateOnly=True)
    assert refused["Error"]["Code"] == "BucketPermissionException"
    store = shared_service.s3(key)
    assert answered(store.list_objects_v2, Bucket="theirs")["Error"]["Code"] == "AccessDenied"
    assert answered(store.list_objects_v2, Bucket="ours") == 200


def test_a_policy_bounds_the_buckets_of_its_users(shared_service, tmp_path):
    """Of the account's buckets a policy can deny some for jobs; at the embedded store it has to allow them."""
    shared_service.buckets("open-1", "secret-1")
    secret = {"Effect": "Deny", "Action": "longshore:*", "Resource": "arn:aws:s3:::secret-*"}
    key = new_user(shared_service, tmp_path, "bounded", [FULL, secret])
    client = shared_service.api(key)
    create = {"JobType": "Import", "ValidateOnly": True}
    assert answered(client.create_job, Manifest=importing("open-1"), **create) == 200
    refused = answered(client.create_job, Manifest=importing("secret-1"), **create)
    assert refused["Error"]["Code"] == "BucketPermissionException"
    assert answered(shared_service.s3(key).list_objects_v2, Bucket="open-1")["Error"]["Code"] == "AccessDenied"
    opens = {"Effect": "Allow", "Action": "longshore:Export", "Resource": "arn:aws:s3:::open-*"}
    opened = new_user(shared_service, tmp_path, "opened", [FULL, secret, opens])
    assert answered(shared_service.s3(opened).list_objects_v2, Bucket="open-1") == 200
    assert answered(shared_service.s3(opened).list_objects_v2, Bucket="secret-1")["Error"]["Code"] == "AccessDenied"


def test_who_of_an_account_did_what_is_told(shared_service, tmp_path):
    shared_service.buckets("told")
    key = new_user(shared_service, tmp_path, "tess@example.org", [FULL])
    job = shared_service.api(key).create_job(JobType="Import", Manifest=importing("told"), ValidateOnly=False)["JobId"]
    shared_service.api().cancel_job(JobId=job)
    told = json.loads(shared_service.run("job", "history", job, "--json", check=longshore.OK).stdout)
    [account] = [one for one in json.loads(shared_service.run("account", "list", "--json", check=longshore.OK).stdout)["Accounts"]
                 if one["Name"] == "default"]
    number = account["Account"]
    assert [event["Actor"] for event in told["History"]] == [f"user:{number}/tess@example.org", f"account:{number}"], told
    assert f"user tess@example.org of account {number}" in json.dumps(told["Told"]), told
    receipt = tmp_path / "receipt"
    shared_service.run("job", "receipt", job, "--output", receipt, check=longshore.OK)
    by = [json.loads(line)["by"] for line in receipt.read_text().splitlines() if line.startswith('{"seq":')]
    assert by[0] == {"kind": "account", "name": f"{number}/tess@example.org", "how": "access-key"}
    done = subprocess.run([longshore.binary(), "receipt", "verify", receipt], capture_output=True, text=True, check=False)
    assert "Job " in done.stdout and "nobody says whose" in done.stderr, done
