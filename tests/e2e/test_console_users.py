"""Users and groups of an account at the console, as the commands have them."""

import json
import re
import subprocess

import longshore
import pytest
from benches import BUCKET
from consoles import Browser, link, signed_in
from longshore import OK

HOSTILE = '<script>alert(1)</script>\u202e"&'

GOOD = json.dumps({"Statement": [{"Effect": "Allow", "Action": "importexport:GetStatus", "Resource": "*"},
                                 {"Effect": "Deny", "Action": "importexport:CancelJob", "Resource": "*"}]})
FAULTY = json.dumps({"Statement": [{"Effect": "Allow", "Action": f"importexport:{HOSTILE}", "Resource": "*"},
                                   {"Effect": "Perhaps", "Action": "importexport:GetStatus", "Resource": "*"}]})


@pytest.fixture
def service(new_service, inbox):
    service = new_service(words=["--inbox", inbox])
    service.buckets(BUCKET)
    return service


def test_an_admin_keeps_users_and_groups_as_by_the_commands(service, tmp_path):
    service.new_account(HOSTILE[:20], [BUCKET])
    accounts = json.loads(service.run("account", "list", "--json", check=OK).stdout)["Accounts"]
    account = next(line["Account"] for line in accounts if line["Name"] == HOSTILE[:20])
    seen = Browser("identities", link=link(service), account=account, faulty=FAULTY, good=GOOD).seen()
    assert seen["found"] == [] and seen["complaints"] == []
    # The faults are those that the command tells, and what was written is still there.
    file = tmp_path / "policy.json"
    file.write_text(FAULTY)
    told = subprocess.run([longshore.binary(), "policy", "check", file], capture_output=True, text=True, timeout=60, check=False).stderr
    assert len(seen["faults"]) == 2 and seen["kept"] == FAULTY
    assert all(fault.split(":")[0] in told for fault in seen["faults"])
    by = [re.sub(r"\s+", " ", line) for line in seen["judged"]]
    assert "allowed, by statement 1 of AWSImportExportReadOnlyAccess" in by[0]
    assert "explicitDeny, by statement 2 of own" in by[1]
    assert "implicitDeny, since no statement is about it" in by[2]
    # The secret was shown once; the audit has none of it.
    key = re.search(r"\b(LSIA[A-Z0-9]{16})\b", seen["secret"])[1]
    secret = re.search(r"secret[^\n]*\s+(\S{30,})", seen["secret"], re.IGNORECASE)[1]
    assert key in seen["after"] and secret not in seen["after"]
    assert secret not in service.run("audit", "list", "--json", check=OK).stdout
    assert "jane@example.org" not in seen["left"] and "readers" in seen["left"]
    keys = json.loads(service.run("key", "list", "--json", check=OK).stdout)["Keys"]
    assert next(line["Revoked"] for line in keys if line["AccessKeyId"] == key)
    acts = json.loads(service.run("audit", "list", "--limit", "50", "--json", check=OK).stdout)["Acts"]
    resources = [act["Resource"] for act in acts]
    assert "user jane@example.org" in resources and "group readers" in resources
    # The command says what decided, too.
    service.run("user", "create", "joe", "--account", account, check=OK)
    done = service.run("policy", "simulate", "--user", "joe", "--account", account, "--action", "importexport:ListJobs", "--json", check=OK)
    assert "Policy" not in json.loads(done.stdout)
    admin = signed_in(service)
    for path in (f"/accounts/{account}/users/nobody", f"/accounts/{account}/users/..", "/accounts/999999999999", f"/accounts/{account}/roles/x"):
        assert admin.ask("GET", path)[0] == 404, path
