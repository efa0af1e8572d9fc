"""Passkeys at the console, made and touched by Chromium's authenticator, and one's own sessions."""

import json
from urllib.parse import parse_qs

import pytest
from benches import BUCKET, make_job
from consoles import Browser, Client, customer, customer_link, link, signed_in
from longshore import OK, REFUSED


@pytest.fixture
def service(new_service, inbox):
    service = new_service(words=["--inbox", inbox])
    service.buckets(BUCKET)
    return service


def named(url):
    """The same under the name by which browsers give this host passkeys."""
    return url.replace("127.0.0.1", "localhost")


def passkeys(service, *words):
    return json.loads(service.run(*words, "--json", check=OK).stdout)["Passkeys"]


def abort_acts(service):
    acts = json.loads(service.run("audit", "list", "--json", check=OK).stdout)["Acts"]
    return [(act["Actor"], act["Outcome"], act["Said"]["Because"]) for act in acts if act["Action"] == "AbortJob"]


def test_a_person_comes_in_by_a_passkey_and_touches_it_before_a_job_is_aborted(service):
    service.run("operator", "add", "jane", "--role", "lead", check=OK)
    job, _ = make_job(service)
    assert signed_in(service).send(f"/act/jobs/{job}/arrive", f"/jobs/{job}")[0] == 303
    browser = Browser("passkey", link=named(link(service, "--for", "jane")), home="/bench", act=f"/jobs/{job}", button="Abort")
    browser.until("added")
    one, = passkeys(service, "operator", "passkeys", "jane")
    assert (one["Actor"], one["Name"], one["Site"], one["Used"]) == ("person:jane", "<i>ring</i>", "localhost", None)
    assert passkeys(service, "console", "passkeys") == [one]
    assert passkeys(service, "operator", "passkeys", "joe") == []
    browser.say()
    browser.until("in")
    assert passkeys(service, "console", "passkeys")[0]["Used"]
    browser.say()
    browser.until("link")
    browser.say(named(link(service, "--for", "jane")))
    browser.until("asked")
    assert service.api().get_status(JobId=job)["ProgressCode"] == "Pending" and abort_acts(service) == []
    browser.say()
    browser.until("touched")
    assert service.api().get_status(JobId=job)["ProgressCode"] != "Pending"
    assert abort_acts(service) == [("person:jane", "Done", 'It has "two" sides & <more>.')]
    browser.say()
    seen = browser.seen()
    assert seen["found"] == []
    assert "a passkey" in seen["by"] and seen["signCount"] >= 3
    assert "there may be a copy of it" in seen["copied"] and "nobody has it here" in seen["unknown"]
    copied, = passkeys(service, "operator", "passkeys", "jane")
    assert copied["Copied"]
    # What was sent once counts once, and from this console alone.
    fields = {"passkey": parse_qs(seen["sent"])["passkey"][0]}
    client = Client(service)
    at = {"Host": client.place.netloc.replace("127.0.0.1", "localhost")}
    status, headers, page = client.ask("POST", "/in/passkey", fields, Origin=named(client.origin), **at)
    assert status == 403 and "set-cookie" not in headers and "not taken" in page
    assert client.ask("POST", "/in/passkey", fields, Origin="http://evil.example", **at)[0] == 403
    acts = json.loads(service.run("audit", "list", "--json", check=OK).stdout)["Acts"]
    assert "passkey <i>ring</i>" in [act["Resource"] for act in acts]
    # It is removed by a command too, and goes with its person.
    refused = service.run("console", "forget", "999", check=REFUSED)
    assert "console passkeys" in refused.stderr
    service.run("console", "forget", str(copied["Number"]), check=OK)
    assert passkeys(service, "console", "passkeys") == []


def test_a_customer_has_a_passkey_until_it_is_removed_and_none_by_plain_http(service):
    key = service.new_account("studio", [BUCKET])
    url = named(customer_link(service, key))
    plain = service.endpoints["console"].replace("127.0.0.1", "console.test")
    seen = Browser("removed", link=url, home="/jobs", plain=plain).seen()
    assert "nobody has it here" in seen["unknown"]
    assert seen["buttons"] == 0 and "HTTPS" in seen["reason"]
    # And where the host is reached by its address the page says by which name it is to be.
    client = customer(service, key)
    assert f"http://localhost:{client.place.port}" in client.ask("GET", "/me")[2]
    assert client.ask("GET", "/questions/add")[0] == 409
    far = client.ask("GET", "/in", Host="10.0.0.5:4782")[2]
    assert "No passkeys here" in far and "Sign in with a passkey" not in far
    assert "Sign in with a passkey" in client.ask("GET", "/in", Host="localhost:4782")[2]
    refused = client.ask("POST", "/in/passkey", {"passkey": "{}"}, Origin=client.origin)
    assert refused[0] == 409


def test_everybody_sees_and_ends_their_own_sessions(service):
    key, other = (service.new_account(name, [BUCKET]) for name in ("studio", "harbour"))
    mine, lost, foreign = customer(service, key), customer(service, key), customer(service, other)
    page = mine.ask("GET", "/me")[2]
    assert page.count("/me/sessions/") == 2 and "this one" in page, "one other, and the button for all of them"
    sessions = json.loads(service.run("console", "sessions", "--json", check=OK).stdout)["Sessions"]
    of_other = next(line["Number"] for line in sessions if line["Number"] == max(line["Number"] for line in sessions))
    assert mine.send(f"/me/sessions/{of_other}/end", "/me")[0] == 404, "another customer's"
    assert foreign.ask("GET", "/jobs")[0] == 200
    assert mine.send("/me/sessions/end-others", "/me")[0] == 303
    assert lost.ask("GET", "/jobs")[0] == 401 and mine.ask("GET", "/jobs")[0] == 200
    assert foreign.ask("GET", "/jobs")[0] == 200
    # The host has sessions, and no passkeys.
    host, second = signed_in(service), signed_in(service)
    page = host.ask("GET", "/me")[2]
    assert "Passkeys are for people with a name" in page and "Add a passkey" not in page
    number = page.split("/me/sessions/", 1)[1].split("/", 1)[0]
    assert host.send(f"/me/sessions/{number}/end", "/me")[0] == 303
    assert second.ask("GET", "/bench")[0] == 401
    acts = json.loads(service.run("audit", "list", "--json", check=OK).stdout)["Acts"]
    assert f"session {number}" in [act["Resource"] for act in acts]
