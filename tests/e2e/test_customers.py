"""The console for customers: what they see of their own, do with it, and never see of others."""

import html
import json
import re
import subprocess

import longshore
import pytest
from benches import BUCKET, device_of, lay
from consoles import Browser, Client, customer, customer_link, link, signed_in
from longshore import OK, REFUSED
from manifests import importing

HOSTILE = "<img src=x onerror=alert(1)>\u202egpj.exe"
SOURCE = longshore.ROOT / "crates/server/src/faces/console"


@pytest.fixture
def service(new_service, inbox):
    service = new_service(words=["--inbox", inbox])
    service.buckets(BUCKET)
    return service


def create(service, key, **options):
    made = service.api(key).create_job(JobType="Import", Manifest=importing(BUCKET, **options), ValidateOnly=False)
    return made["JobId"], made["SignatureFileContents"]


def test_a_customer_comes_in_by_his_key_and_is_out_when_it_is_revoked(service):
    key = service.new_account("studio", [BUCKET])
    url = customer_link(service, key)
    client = Client(service)
    assert client.sign_in(url) == 303 and Client(service).sign_in(url) == 403
    status, headers, _ = client.ask("GET", "/")
    assert (status, headers["location"]) == (303, "/jobs")
    page = client.ask("GET", "/jobs")[2]
    assert "studio" in page and "customer" in page and "/bench" not in page
    sessions = json.loads(service.run("console", "sessions", "--json", check=OK).stdout)["Sessions"]
    assert [line["Actor"].split(":")[0] for line in sessions] == ["account"]
    # Who runs the service opens one for an account too, if that is a matter for him.
    opened = signed_in(service, "--account", "studio")
    assert opened.ask("GET", "/jobs")[0] == 200
    acts = json.loads(service.run("audit", "list", "--json", check=OK).stdout)["Acts"]
    assert "the console, for account studio" in [act["Resource"] for act in acts]
    service.run("key", "revoke", key.id, check=OK)
    for one in (client, opened):
        assert one.ask("GET", "/jobs")[0] == 401
    refused = service.run("console", "open", "--account", "studio", check=REFUSED)
    assert "no access key that is good" in refused.stderr
    # And each leaves by himself.
    other = customer(service, service.new_key("studio"))
    assert other.send("/out", "/jobs")[0] == 200
    assert other.ask("GET", "/jobs")[0] == 401


def routes():
    """Every path of the console, as its source has them; what stands for a job or a name is `*`."""
    found = set()
    for name in ("console.rs", "console/customers.rs"):
        text = (SOURCE.parent / name).read_text()
        for words in re.findall(r"^\s+\[((?:\"[^\"]+\"|\w+)(?:, (?:\"[^\"]+\"|\w+))*)\] (?:\w+ )?(?:=>|\|)", text, re.MULTILINE):
            parts = [word.strip('"') if word.startswith('"') else "*" for word in words.split(", ")]
            found.add("/" + "/".join(parts))
    files = re.findall(r"^        \"([\w.-]+)\" => ", (SOURCE / "pages/own_job.rs").read_text(), re.MULTILINE)
    assert len(found) > 20 and len(files) >= 7, (found, files)
    return found | {f"/jobs/*/{name}" for name in files}


def test_a_customer_never_sees_another(service, inbox):
    one, other = (service.new_account(name, [BUCKET]) for name in ("studio", "harbour"))
    job, _ = create(service, other, deviceId="harbour's disk")
    client = customer(service, one)
    page = client.ask("GET", "/jobs")[2]
    assert job not in page and "harbour" not in page
    nothing = "ZZZZZ"
    for path in sorted(routes() - {"/out"}):
        for method in ("GET", "POST"):
            ask = (lambda at: client.ask("GET", at)) if method == "GET" else (lambda at: client.send(at, "/jobs", Because="x", Secret="x"))
            seen = ask(path.replace("*", job))
            assert "harbour" not in seen[2], path
            if not path.startswith("/jobs/*"):
                continue
            # Another's job is as one that is not there.
            missing = ask(path.replace("*", nothing))
            strip = lambda text: re.sub(r'value="[0-9a-f.]+"', "", text).replace(job, nothing)  # noqa: E731
            assert seen[0] == missing[0] == 404, (method, path)
            assert strip(seen[2]) == strip(missing[2]), path
    for path in ("/bench", "/stations", "/stores", "/accounts", "/people", "/audit", "/parcels", "/events?watch=bench",
                 f"/bench/{service.endpoints['station']['name']}"):
        assert client.ask("GET", path)[0] == 404, path
    for act in (f"jobs/{job}/hold", f"jobs/{job}/abort", "keys", "console/link", "operators"):
        assert client.send(f"/act/{act}", "/jobs", Because="x", Account="harbour", Name="x")[0] == 404, act
    assert client.ask("GET", f"/jobs?before={job}")[0] == 400
    assert service.api(other).get_status(JobId=job)["ProgressCode"] == "Pending"
    # And who runs the service has no customer's pages.
    assert signed_in(service).ask("GET", "/new")[0] == 404


def test_a_customer_follows_his_job_and_takes_its_papers(service, inbox, tmp_path):
    key = service.new_account("studio", [BUCKET])
    job, signature = create(service, key, deviceId=HOSTILE[:28])
    client = customer(service, key)
    page = client.ask("GET", f"/jobs/{job}")[2]
    status = service.api(key).get_status(JobId=job)
    assert status["ProgressMessage"] in page and "What to do now" in page and "<img" not in page
    got = client.ask("GET", f"/jobs/{job}/SIGNATURE")
    assert got[2] == signature == status["SignatureFileContents"]
    assert "attachment" in got[1]["content-disposition"]
    for name in ("packing-slip.pdf", "shipping-label.pdf", "receipt.pdf"):
        seen = client.ask("GET", f"/jobs/{job}/{name}")
        assert seen[0] == 200 and seen[2].startswith("%PDF-"), (name, seen)
    assert client.ask("GET", f"/jobs/{job}/report")[0] == 409
    canceled, _ = create(service, key)
    fields = {"key": client.form_key(f"/jobs/{canceled}"), "back": f"/jobs/{canceled}"}
    assert client.ask("POST", f"/jobs/{canceled}/cancel", fields, Origin="http://example.org")[0] == 403
    assert client.send(f"/jobs/{canceled}/cancel", f"/jobs/{canceled}")[0] == 303
    assert client.send(f"/jobs/{canceled}/cancel", f"/jobs/{canceled}")[0] == 409
    listed = client.ask("GET", "/jobs?state=Canceled")[2]
    assert canceled in listed and job not in listed
    device = device_of(tmp_path / "disk", signature)
    lay(device.path, inbox)
    longshore.wait_for(lambda: service.api(key).get_status(JobId=job)["ProgressCode"] == "Complete", 120, "it is loaded")
    report = client.ask("GET", f"/jobs/{job}/report")
    status = service.api(key).get_status(JobId=job)
    stored = service.s3().get_object(Bucket=BUCKET, Key=status["LogKey"])["Body"].read().decode()
    assert report[0] == 200 and report[2] == stored
    assert client.ask("GET", f"/jobs/{job}/receipt")[2] == service.run("job", "receipt", job, check=OK).stdout
    page = f"/jobs/{job}"
    assert client.send(f"{page}/object", page, Because="We miss a folder.")[0] == 303
    assert "We miss a folder." in client.ask("GET", page)[2]
    assert client.send(f"{page}/withdraw", page)[0] == 303
    assert client.send(f"{page}/release", page)[0] == 303
    told = client.ask("GET", page)[2]
    assert "may be erased" in told and "studio" in told
    browser = Browser("pages", link=customer_link(service, key), paths=["/jobs", "/jobs?state=Pending", page, f"/jobs/{canceled}"])
    assert browser.seen() == {"found": [], "complaints": []}
    assert link(service)


def test_a_job_is_written_in_form_and_text_and_its_signature_is_that_of_the_api(service):
    key = service.new_account("studio", [BUCKET])
    seen = Browser("draft", link=customer_link(service, key), bucket=BUCKET, hostile=HOSTILE[:28]).seen()
    assert "no-such-bucket" in seen["beside"] and seen["isMarked"] == "true", seen
    assert any("returnAddress" in fault for fault in seen["faults"]), seen
    assert seen["lineFault"].startswith("Line ") and "everybody" in seen["lineFault"]
    status = service.api(key).get_status(JobId=seen["job"])
    assert seen["signature"] == status["SignatureFileContents"]
    assert status["CurrentManifest"].rstrip("\n") == seen["written"].rstrip("\n")
    assert HOSTILE[:24] in status["CurrentManifest"] and seen["images"] == 0
    assert seen["complaints"] == []
    plain = Browser("plainDraft", link=customer_link(service, key), bucket=BUCKET).seen()
    assert plain["faults"] and plain["field"] == BUCKET and plain["complaints"] == []
    assert service.api(key).get_status(JobId=plain["job"])["ProgressCode"] == "Pending"
    browser = Browser("pages", link=customer_link(service, key), paths=["/new", f"/jobs/{seen['job']}/edit",
                      f"/new?like={seen['job']}"])
    assert browser.seen() == {"found": [], "complaints": []}
    # What is sent twice makes one job.
    client = customer(service, key)
    text = status["CurrentManifest"]
    form = {"key": client.form_key("/new"), "manifest": text, "was": text, "type": "Import"}
    made = [client.ask("POST", "/new", form, Origin=client.origin)[1]["location"] for _ in range(2)]
    assert made[0] != made[1] == "/jobs"
    # Another manifest, as UpdateJob sends it.
    form = {"key": client.form_key("/new"), "manifest": text + "prefix: 2026/\n", "was": text, "type": "Import"}
    assert client.ask("POST", f"/jobs/{seen['job']}/edit", form, Origin=client.origin)[0] == 303
    assert service.api(key).get_status(JobId=seen["job"])["CurrentManifest"].endswith("prefix: 2026/\n")


def test_what_will_happen_is_what_happens(service, inbox, tmp_path):
    key = service.new_account("studio", [BUCKET])
    job, signature = create(service, key, prefix="2026/", ignore=["'\\.tmp$'"], substitutions={'"raw/"': '""'})
    disk = tmp_path / "disk"
    for name, size in (("a.jpg", 10), ("raw/a.jpg", 10), ("raw/b.jpg", 2_000), ("b.tmp", 5), ("sub/c d.txt", 70_000),
                       (HOSTILE, 1), ("import-log-" + job, 3)):
        at = disk / name
        at.parent.mkdir(parents=True, exist_ok=True)
        at.write_bytes(b"x" * size)
    (disk / "empty").mkdir()
    (disk / "link").symlink_to("a.jpg")
    (disk / "SIGNATURE").write_text(signature)
    found = subprocess.run(["find", disk, "-printf", "%y\\t%s\\t%P\\n"], capture_output=True, text=True, check=True).stdout
    client = customer(service, key)
    form = {"key": client.form_key(f"/jobs/{job}/foresee"), "job": job, "paths": found, "rate": "200"}
    status, _, page = client.ask("POST", "/foresee", form, Origin=client.origin)
    assert status == 200 and "at 200 MB/s" in page and "<img" not in page, page
    tables = dict(re.findall(r'<table id="(\w+)">.*?<tbody>(.*?)</tbody>', page, re.DOTALL))
    rows = {name: re.findall(r"<tr>(.*?)</tr>", rows, re.DOTALL) for name, rows in tables.items()}
    texts = lambda row: [html.unescape(re.sub("<[^>]+>", "", cell)) for cell in re.findall("<td>(.*?)</td>", row)]  # noqa: E731
    foreseen = {texts(row)[1] for row in rows["loaded"]}
    ignored = {texts(row)[0] for row in rows["ignored"]}
    failed = sorted(texts(row)[1].rsplit(": ", 1)[1] for row in rows["failed"])
    looked = Browser("foresee", link=customer_link(service, key), job=job, list=found).seen()
    assert looked == {"found": [], "rows": len(foreseen), "images": 0, "complaints": []}
    lay(disk, inbox)
    longshore.wait_for(lambda: service.api(key).get_status(JobId=job)["ProgressCode"] == "SuccessWithErrors", 120, "it is over")
    log = service.api(key).get_status(JobId=job)["LogKey"]
    lines = service.s3().get_object(Bucket=BUCKET, Key=log + ".jsonl")["Body"].read().decode().splitlines()[1:-1]
    told = [json.loads(line) for line in lines]
    of = lambda outcome: [line for line in told if line["outcome"] == outcome]  # noqa: E731
    # A page shows what turns the direction of writing, and does not do it.
    shown = lambda name: name.replace("\u202e", "\\u{202e}")  # noqa: E731
    assert {shown(line["key"]) for line in of("stored")} == {shown(name) for name in foreseen}, told
    assert {line["path"] for line in of("ignored")} == ignored
    assert sorted(line["key"] for line in of("failed")) == failed
