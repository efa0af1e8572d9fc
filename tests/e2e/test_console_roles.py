"""Every page and every button of the console, for each role: as docs/console-pages.md says, which is printed from them."""

import json
import re
from http.client import HTTPConnection

import longshore
import pytest
from benches import BUCKET, make_job
from consoles import signed_in
from longshore import OK

ROLES = ["viewer", "operator", "lead", "admin"]
NOBODY = "nobody-there"

# What a form sends, by the name of its field.
FIELDS = {"Because": "It is a test.", "Reason": "DeviceError", "ProgressCode": "Pending", "Carrier": "UPS",
          "TrackingNumber": "1Z999AA1", "Verb": "blink", "Number": "1Z999AA3", "Of": "embedded", "Name": NOBODY,
          "Role": "viewer", "Most": "5TB", "Import": BUCKET, "Jobs": "", "Station": "", "Policy": "AWSImportExportReadOnlyAccess", "User": NOBODY}


def table():
    """The rows of each of the two tables: path, and who may."""
    text = (longshore.ROOT / "docs/console-pages.md").read_text()
    found = {"GET": {}, "POST": {}}
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if cells[0] in found:
            verb, roles = cells[0], cells[1:]
            assert roles == ROLES
        elif cells[0].startswith("`/"):
            found[verb][cells[0].strip("`")] = {role for role, may in zip(ROLES, cells[1:]) if may == "yes"}
    assert len(found["GET"]) > 25 and len(found["POST"]) > 25
    return found


@pytest.fixture
def service(new_service, inbox):
    service = new_service(words=["--inbox", inbox])
    service.buckets(BUCKET)
    return service


def status_of(client, path):
    """The status alone: a stream has no end."""
    connection = HTTPConnection(client.place.hostname, client.place.port, timeout=30)
    connection.request("GET", path, headers={"Cookie": client.cookie})
    try:
        return connection.getresponse().status
    finally:
        connection.close()


def assert_audited(service, acted):
    """Every button that was pressed stands in the audit, by whom, in the order in which they were, and whether it was refused."""
    told = json.loads(service.run("audit", "list", "--limit", "1000", "--json", check=OK).stdout)["Acts"]
    acts = [act for act in reversed(told) if act["Actor"].startswith("person:p-")]
    assert all(act["Outcome"] and act["Action"] != "Other" for act in acts), acts
    told = [(act["Actor"], act["Said"]["Asked"], act["Outcome"] == "Denied") for act in acts]
    assert told == acted, [pair for pair in zip(told, acted) if pair[0] != pair[1]]


def test_every_role_has_the_pages_and_buttons_that_the_table_says(service):
    clients = {}
    for role in ROLES:
        service.run("operator", "add", f"p-{role}", "--role", role, check=OK)
        clients[role] = signed_in(service, "--for", f"p-{role}")
    station = service.endpoints["station"]["name"]
    bay = json.loads(longshore.wait_for(lambda: (told := service.run("bay", "list", station, "--json").stdout) and "inbox" in told and told,
                                        60, "there is a bay"))["Bays"][0]["Bay"]
    job, _ = make_job(service)
    names = {"jobs": job, "stations": station, "bench": station, "parcels": "1Z999AA3", "keys": "A" * 20, "operators": NOBODY}
    account = json.loads(service.run("account", "list", "--json", check=OK).stdout)["Accounts"][0]["Account"]
    # Of two names in a path the second is that of the bay.
    for kind in ("user", "group"):
        service.run(kind, "create", bay, "--account", account, check=OK)
    names |= {"accounts": account, "users": bay, "groups": bay}
    fields = FIELDS | {"Bay": bay, "Account": account}
    secret = {"Secret": "123456-hunter"}

    def real(path):
        words = path.strip("/").split("/")
        kind = words[1] if words[0] == "act" else words[0]
        stars = iter(["999999"] if kind == "console" else [names.get(kind), bay])
        return "/" + "/".join(next(stars) if word == "*" else word for word in words)

    assert clients["admin"].send("/act/parcels", "/parcels", Number="1Z999AA3", Jobs=job)[0] == 303
    wrong = []
    tables = table()
    for path, may in tables["GET"].items():
        for role, client in clients.items():
            status = status_of(client, real(path))
            is_let = status != 403
            # A page that is there answers; only a paper may not be there yet.
            good = is_let and (status in (200, 303) or (status == 409 and path.startswith("/jobs/*/")) or
                               (status == 404 and "signature-sheet" in path))
            if is_let != (role in may) or (is_let and not good):
                wrong.append(("GET", path, role, status))
    # Those who may not first: what is done by the others changes what is there.
    acted = [("person:p-admin", "parcels", False)]
    for is_let in (False, True):
        for path, may in tables["POST"].items():
            at = real(path).replace(station, NOBODY) if path.endswith(("drain", "revoke")) else real(path)
            for role, client in clients.items():
                if (role in may) == is_let:
                    status = client.send(at, "/help", **fields, **(secret if path.endswith("/secret") else {}))[0]
                    if (status != 403) != is_let or status >= 500:
                        wrong.append(("POST", path, role, status))
                    acted.append((f"person:p-{role}", at.removeprefix("/act/").removeprefix("/"), status == 403))
    assert not wrong, wrong
    assert_audited(service, acted)
    assert service.api().get_status(JobId=job)["ProgressCode"] in ("Pending", "DeviceError")
    # Whoever is nobody has none of it, and is told of none of it.
    nobody = signed_in(service, "--for", "p-viewer")
    assert nobody.send("/out")[0] == 200
    for path in tables["GET"]:
        assert nobody.ask("GET", real(path))[0] == 401, path
    for path in tables["POST"]:
        seen = nobody.ask("POST", real(path), {"key": "0.0"}, Origin=nobody.origin)
        assert seen[0] == 401 and not re.search("There is no", seen[2]), path
