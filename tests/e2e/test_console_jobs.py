"""What the console tells of jobs, days and lists: the same as the commands, whoever looks, whatever files are called."""

import csv
import html
import io
import json
import os
import subprocess
import time
from urllib.request import Request, urlopen

import longshore
import pytest
from benches import BUCKET, device_of, lay, make_job
from consoles import Browser, customer, customer_link, link, signed_in
from longshore import OK
from manifests import importing

# A name that no key can be made of, and that is a page, a formula and a line of its own besides.
BAD = b"=<img src=x onerror=alert(1)>\xe2\x80\xae\n\xe9.jpg"
SHOWN = "=&#60;img src=x onerror=alert(1)&#62;"
FORMULA = "=cmd|' /C calc'!A0"


@pytest.fixture
def service(new_service, inbox):
    service = new_service(words=["--inbox", inbox])
    service.buckets(BUCKET)
    return service


def documents(service, *words):
    return json.loads(service.run(*words, "--json", check=OK).stdout)


def until_over(service, job, code, key=None):
    api = service.api(key) if key else service.api()
    return longshore.wait_for(lambda: (told := api.get_status(JobId=job))["ProgressCode"] == code and told, 120, f"{job} is {code}")


def faulty(root, signature):
    """A device of which two files fail."""
    device = device_of(root, signature, files=5)
    for name in (BAD, b"\xff"):
        with open(os.path.join(os.fsencode(device.path), name), "wb") as file:
            file.write(b"x")
    return device


def test_a_job_is_told_with_its_manifest_and_what_failed(service, inbox, tmp_path):
    key = service.new_account("=studio", [BUCKET])
    made = service.api(key).create_job(JobType="Import", Manifest=importing(BUCKET, trueCryptPassword="hunter2hunter2", pinCode="774411"),
                                       ValidateOnly=False)
    job = made["JobId"]
    device = faulty(tmp_path / "disk", made["SignatureFileContents"])
    lay(device.path, inbox)
    until_over(service, job, "SuccessWithErrors", key)
    operator, own = signed_in(service), customer(service, key)
    pages = [operator.ask("GET", f"/jobs/{job}")[2], own.ask("GET", f"/jobs/{job}")[2]]
    for page in pages:
        assert SHOWN in page and "<img" not in page and "\u202e" not in page
        assert "InvalidFileName" in page and "hunter2" not in page and "774411" not in page
        assert "trueCryptPassword: ********" in page and "Left out" in page
    told = documents(service, "job", "manifest", job)
    assert [line["Text"] for line in told["Lines"] if "pinCode" in line["Text"]] == ["pinCode: ********"]
    # The same as a program has it, from elsewhere.
    done = json.loads(service.run("operator", "add", "ann", "--role", "operator", "--json", check=OK).stdout)
    token = tmp_path / "token"
    token.write_text(done["Token"])
    token.chmod(0o600)
    words = ["job", "failed", job, "--json", "--server", service.endpoints["api"], "--token-file", str(token)]
    done = subprocess.run(service.command(*words, data=False), capture_output=True, text=True,
                          env=longshore.clean_environment(), check=True, timeout=60)
    failed = json.loads(done.stdout)
    assert failed["State"] == "Read" and failed["Totals"]["Failed"] == 2
    assert failed["Codes"] == [{"Status": 400, "Code": "InvalidFileName", "Files": 2}]
    assert len(failed["Files"]) == 2 and {file["Bytes"] for file in failed["Files"]} == {1}
    # Papers are for those who may have them.
    service.run("operator", "add", "viv", "--role", "viewer", check=OK)
    viv = signed_in(service, "--for", "viv")
    seen = viv.ask("GET", f"/jobs/{job}")
    assert seen[0] == 200 and SHOWN not in seen[2] and "trueCryptPassword" not in seen[2]
    for name in ("report", "packing-slip.pdf", "failed"):
        assert viv.ask("GET", f"/jobs/{job}/{name}")[0] == 403, name
        got = operator.ask("GET", f"/jobs/{job}/{name}")
        assert got[0] == 200, name
        assert name == "failed" or "attachment" in got[1]["content-disposition"], name
    assert operator.ask("GET", f"/jobs/{job}/report")[2] == own.ask("GET", f"/jobs/{job}/report")[2]
    assert operator.ask("GET", f"/jobs/{job}/SIGNATURE")[0] == 404
    # Looked at by everybody, and printed on one sheet.
    seen = Browser("pages", link=link(service), paths=[f"/jobs/{job}", "/today"], sheets=[f"/jobs/{job}"]).seen()
    assert seen == {"found": [], "complaints": [], "sheets": [1]}
    seen = Browser("pages", link=customer_link(service, key), paths=[f"/jobs/{job}"], sheets=[f"/jobs/{job}"]).seen()
    assert seen == {"found": [], "complaints": [], "sheets": [1]}


def test_a_job_is_followed_without_loading_its_page_again(service):
    job, _ = make_job(service)
    client = signed_in(service)
    seen = Browser("follows", link=link(service), path=f"/jobs/{job}", words="The device is at")
    seen.until("change")
    assert client.send(f"/act/jobs/{job}/arrive", f"/jobs/{job}")[0] == 303
    seen.say()
    told = seen.seen()
    assert told["isTold"] and told["typed"] == "half a word" and told["complaints"] == []
    key = service.new_account("studio", [BUCKET])
    own = service.api(key).create_job(JobType="Import", Manifest=importing(BUCKET), ValidateOnly=False)["JobId"]
    part = customer(service, key).ask("GET", f"/jobs/{own}/live?seen=%22%3E%3Cscript%3E")[2]
    assert "<script" not in part and "every 5s" in part and "moved on" not in part
    assert client.send(f"/act/jobs/{own}/hold", f"/jobs/{own}", Because="Its box is wet.")[0] == 303
    part = customer(service, key).ask("GET", f"/jobs/{own}/live?seen={'0' * 16}")[2]
    assert "Its box is wet." in part and "moved on" in part


def test_a_long_report_holds_up_no_page(service, inbox, tmp_path):
    job, signature = make_job(service)
    device = device_of(tmp_path / "disk", signature, files=3)
    lay(device.path, inbox)
    log = until_over(service, job, "Complete")["LogKey"]
    s3 = service.s3()
    # Nobody has looked at it yet: as if a hundred thousand files had failed.
    head, *_, end = s3.get_object(Bucket=BUCKET, Key=f"{log}.jsonl")["Body"].read().decode().splitlines()
    failed = [json.dumps({"path": f"photos/{number:06}.jpg", "bytes": number, "at": "2026-11-30T12:00:00Z", "outcome": "failed",
                          "status": 403 if number % 3 else 500, "code": "AccessDenied" if number % 3 else "InternalError",
                          "reason": "the store refuses it", "key": None}, separators=(",", ":")) for number in range(100_000)]
    end = json.loads(end)
    end["summary"] |= {"failed": 100_000, "entries": 100_003}
    s3.put_object(Bucket=BUCKET, Key=f"{log}.jsonl", Body="\n".join([head, *failed, json.dumps(end, separators=(",", ":"))]) + "\n")
    client = signed_in(service)

    def look():
        begun = time.monotonic()
        page = client.ask("GET", f"/jobs/{job}")[2]
        assert time.monotonic() - begun < 0.5, "a page waits for a report"
        return page

    first = look()
    assert "is being read" in first or "100,000" in first
    page = longshore.wait_for(lambda: "100,000" in (page := look()) and page, 60, "it is read")
    assert page.count("photos/") == 1_000 and "The first 1,000 of 100,000 failed files" in page
    assert "66,666" in page and "33,334" in page and f"/jobs/{job}/report" in page
    seen = Browser("waits", link=link(service), path=f"/jobs/{job}", word="33,334").seen()
    assert seen == {"came": True, "complaints": []}


def test_lists_are_files_in_which_nothing_is_a_formula(service):
    key = service.new_account("harbour", [BUCKET])
    jobs = [make_job(service)[0] for _ in range(3)] + [
        service.api(key).create_job(JobType="Import", Manifest=importing(BUCKET), ValidateOnly=False)["JobId"]]
    client, own = signed_in(service), customer(service, key)
    back = client.send("/act/parcels", "/parcels", Number="1Z999AA1", Carrier=FORMULA, Note="@SUM(1+1)\u202e,\"x\"")
    assert back[0] == 303
    table = lambda who, path: list(csv.DictReader(io.StringIO(who.ask("GET", path)[2], newline="")))  # noqa: E731
    assert [line["JobId"] for line in table(client, "/jobs.csv")] == jobs[::-1]
    assert [line["JobId"] for line in table(client, f"/jobs.csv?before={jobs[1]}")] == jobs[:1]
    assert [line["JobId"] for line in table(client, "/jobs.csv?account=harbour&search=")] == jobs[3:]
    assert [line["JobId"] for line in table(own, "/jobs.csv")] == jobs[3:]
    parcel = table(client, "/parcels.csv")[0]
    assert (parcel["Carrier"], parcel["Note"]) == ("'" + FORMULA, "'@SUM(1+1)%E2%80%AE,\"x\"")
    acts = table(client, "/audit.csv")
    assert acts and acts[0]["Action"] == "ReceiveParcel" and "Carrier" in acts[0]["Said"]
    asked = {"jobs": ("job", "list", "--all"), "parcels": ("parcel", "list"), "audit": ("audit", "list")}
    for name, words in asked.items():
        status, headers, text = client.ask("GET", f"/{name}.json")
        assert status == 200 and headers["content-disposition"] == f'attachment; filename="{name}.json"'
        assert json.loads(text) == documents(service, *words) | {"Next": None}, name
        assert f'href="/{name}.csv"' in client.ask("GET", f"/{name}")[2]
    assert 'href="/jobs.csv?state=Pending"' in client.ask("GET", f"/jobs?state=Pending&before={jobs[2]}")[2]
    assert client.ask("GET", "/jobs.csv?state=Lost")[0] == 400 and own.ask("GET", "/jobs.csv?station=x")[0] == 400
    assert own.ask("GET", "/parcels.csv")[0] == 404
    service.run("operator", "add", "olli", "--role", "operator", check=OK)
    olli = signed_in(service, "--for", "olli")
    assert olli.ask("GET", "/audit.csv")[0] == 403 and olli.ask("GET", "/parcels.csv")[0] == 200


def test_a_day_is_told_alike_by_page_and_command(service, inbox, tmp_path):
    jobs = [make_job(service) for _ in range(4)]
    faulty_device = faulty(tmp_path / "faulty", jobs[0][1])
    good = device_of(tmp_path / "good", jobs[1][1], files=2)
    lay(faulty_device.path, inbox)
    lay(good.path, inbox)
    until_over(service, jobs[0][0], "SuccessWithErrors")
    until_over(service, jobs[1][0], "Complete")
    client = signed_in(service)
    for job, _ in jobs[2:]:
        assert client.send(f"/act/jobs/{job}/arrive", f"/jobs/{job}")[0] == 303
    held = jobs[2][0]
    assert client.send(f"/act/jobs/{held}/hold", f"/jobs/{held}", Because="Its box is wet.")[0] == 303
    gone = jobs[1][0]
    assert client.send(f"/act/jobs/{gone}/return", f"/jobs/{gone}", Carrier="UPS", TrackingNumber="1Z999AA2")[0] == 303
    today = documents(service, "today")
    counts = today["Counts"]
    assert {name: counts[name] for name in ("DevicesIn", "Loaded", "Failed", "Stopped", "DevicesOut", "Held", "Shelved", "Room")} == {
        "DevicesIn": 4, "Loaded": 1, "Failed": 1, "Stopped": 1, "DevicesOut": 1, "Held": 1, "Shelved": 1, "Room": 3}
    assert {line["JobId"]: line["Happened"] for line in today["Jobs"]}[gone] == ["In", "Loaded", "Out"]
    room = {line["JobId"]: line["Due"] for line in today["Room"]}
    assert room == {jobs[0][0]: "SendBack", held: "Wait", jobs[3][0]: "Load"}
    page = client.ask("GET", "/today")[2]
    assert all(job in page for job, _ in jobs) and "in, loaded, out" in page and "Its box is wet." in page
    day = today["Day"]
    text = service.run("today", "--day", day, check=OK).stdout
    assert text.startswith(f"{day} (UTC): 4 in, 1 loaded, 1 failed, 1 put on hold, 1 out") and "Its box is wet." in text
    assert documents(service, "today", "--day", "2001-01-01")["Jobs"] == []
    assert client.ask("GET", "/today?day=2001-01-01")[0] == 200
    assert client.ask("GET", "/today?day=soon")[0] == 400


def test_a_card_is_a_command_only_where_it_was_printed(service, inbox, tmp_path):
    done = json.loads(service.run("operator", "add", "olli", "--role", "operator", "--json", check=OK).stdout)
    asked = Request(service.endpoints["api"] + "/operator/v1/command-cards", headers={"Authorization": "Bearer " + done["Token"]})
    cards = {card["Verb"]: card["Code"] for card in json.load(urlopen(asked, timeout=30))["Cards"]}
    assert list(cards) == ["load", "hold", "stop", "remove", "look", "blink"]
    station = service.endpoints["station"]["name"]
    tag = f"LSB:{station}:inbox"
    (tmp_path / "stranger").mkdir()
    (tmp_path / "stranger/a.txt").write_text("whose is this?")
    lay(tmp_path / "stranger", inbox)
    client = signed_in(service, "--for", "olli")

    def scan(*codes):
        """What is told of the last."""
        pages = [client.send("/scan", "/bench", code=code)[2] for code in codes]
        return html.unescape(pages[-1])

    def orders():
        told = documents(service, "station", "show", station)
        return [(order["Verb"], order["By"]) for order in told["Orders"]]

    longshore.wait_for(lambda: "Unknown disk" in client.ask("GET", "/bench")[2], 60, "the stranger is seen")
    assert "scan the tag of the bay first" in scan(cards["look"])
    forged = cards["look"][:-1] + ("0" if cards["look"][-1] != "0" else "1")
    for code, told in ((forged, "no command card of this installation"), ("LSC:abort:0123456789abcdef", "Nothing done"),
                       (cards["look"].replace("look", "stop"), "no command card"), ("<script>alert(1)</script>", "Nothing done")):
        assert told in scan(tag, code), code
    assert "no device of a job" in scan(tag, cards["hold"])
    assert orders() == []
    assert "finds out again whose the device is" in scan(tag, cards["look"])
    assert ("look", "person:olli") in orders()
    # The same at a terminal, and a viewer's card is paper.
    done = service.run("scan", tag, cards["blink"], check=OK)
    assert "shows which bay it is" in done.stdout
    service.run("operator", "add", "viv", "--role", "viewer", check=OK)
    client = signed_in(service, "--for", "viv")
    assert "may not give orders" in scan(tag, cards["blink"])
    log = service.child.log.read_text(errors="replace") + service.run("audit", "list", "--limit", "1000", "--json", check=OK).stdout
    assert not [code for code in [*cards.values(), forged] if code.rsplit(":", 1)[1] in log], "a proof is told"
    job, _ = make_job(service)
    for words in (("bay", "cards"), ("job", "tag", job)):
        paper = tmp_path / f"{words[1]}.pdf"
        service.run(*words, "--output", paper, check=OK)
        assert paper.read_bytes().startswith(b"%PDF-")
    client = signed_in(service)
    for path in ("/command-cards.pdf", f"/stations/{station}/bay-tags.pdf", f"/jobs/{job}/shelf-tag.pdf"):
        assert client.ask("GET", path)[2].startswith("%PDF-"), path
