"""The console in a real browser: what people see, and what others cannot do with it."""

import json
import subprocess
from urllib.parse import urlsplit

import longshore
import pytest
from benches import BUCKET, device_of, lay, make_job
from consoles import Browser, Client, link, signed_in
from longshore import OK, REFUSED, Service

HOSTILE = "<img src=x onerror=alert(1)>\u202egpj.exe"


@pytest.fixture
def service(new_service, inbox):
    service = new_service(words=["--inbox", inbox])
    service.buckets(BUCKET)
    return service


def test_a_link_lets_in_once_and_a_session_ends_when_it_is_ended(service):
    url = link(service)
    path = urlsplit(url).path
    client = Client(service)
    for method in ("GET", "HEAD", "GET"):
        assert client.ask(method, path)[0] == 200, "looking at a link does not use it up"
    assert client.ask("GET", "/bench")[0] == 401
    token = path.rsplit("/", 1)[1]
    assert client.ask("POST", "/in", {"token": token})[0] == 403, "a form that says not where it comes from"
    assert client.sign_in(url) == 303
    assert Client(service).sign_in(url) == 403, "it was used"
    status, headers, _ = client.ask("GET", "/bench")
    assert status == 200 and "no-store" in headers["cache-control"]
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
    listed = json.loads(service.run("console", "sessions", "--json", check=OK).stdout)["Sessions"]
    assert [line["Actor"] for line in listed] == ["person:operator"]
    assert client.send("/out")[0] == 200
    assert client.ask("GET", "/bench")[0] == 401
    other = signed_in(service)
    number = json.loads(service.run("console", "sessions", "--json", check=OK).stdout)["Sessions"][0]["Number"]
    service.run("console", "end", str(number), check=OK)
    assert other.ask("GET", "/bench")[0] == 401
    log = service.child.log.read_text(errors="replace")
    assert token not in log and other.cookie.split("=")[1] not in log


def test_a_form_is_sent_by_a_page_of_this_console_and_once(service):
    job, _ = make_job(service, deviceId=HOSTILE[:28])
    client, other = signed_in(service), signed_in(service)
    page, act = f"/jobs/{job}", f"/act/jobs/{job}/hold"

    def state():
        return json.loads(service.run("job", "list", "--all", "--held", "--json", check=OK).stdout)["Jobs"]

    store = service.endpoints["s3"]
    for headers in ({}, {"Origin": store}, {"Origin": "null"}, {"Sec-Fetch-Site": "same-site", "Origin": client.origin},
                    {"Sec-Fetch-Site": "cross-site"}):
        assert client.send(act, page, origin=headers, Because="no")[0] == 403, headers
    stolen = other.form_key(page)
    assert client.send(act, page, key=stolen, Because="no")[0] == 409, "a key of another session"
    assert client.send(act, page, key="00.00", Because="no")[0] == 409
    assert client.send(act, page)[0] == 400, "it has no reason"
    assert client.send("/act/backup", page)[0] == 404
    assert state() == []
    # What was not done may be sent again, filled in otherwise.
    key = client.form_key(page)
    assert client.send(act, page, key=key)[0] == 400
    status, headers, _ = client.send(act, page, key=key, Because="Its box is wet.")
    assert (status, headers["location"]) == (303, page)
    assert [line["JobId"] for line in state()] == [job]
    assert client.send(f"/act/jobs/{job}/resume", page)[0] == 303 and state() == []
    # Somebody presses *back* and the button again.
    assert client.send(act, page, key=key, Because="Its box is wet.")[0] == 303 and state() == []
    acts = json.loads(service.run("audit", "list", "--json", check=OK).stdout)["Acts"]
    assert [act["Outcome"] for act in acts if act["Action"] == "HoldJob"] == ["Done"]
    assert acts[0]["Address"] == "127.0.0.1"
    # What goes back goes back to this console.
    fields = {"key": client.form_key(page), "back": "//example.org/", "Because": "x"}
    assert client.ask("POST", act, fields, Origin=client.origin)[1]["location"] == "/bench"


def test_every_page_is_for_everybody_and_harmless(service, inbox, tmp_path):
    first, signature = make_job(service, deviceId=HOSTILE[:28])
    device = device_of(tmp_path / "disk", signature)
    lay(device.path, inbox)
    strange = tmp_path / "strange"
    strange.mkdir()
    (strange / "a.txt").write_text("no signature")
    strange.rename(inbox / HOSTILE.replace("/", ""))
    make_job(service)
    longshore.wait_for(lambda: service.api().get_status(JobId=first)["ProgressCode"] == "Complete", 120, "it is loaded")
    service.run("operator", "add", "viv", "--role", "viewer", check=OK)
    bench = Browser("pages", link=link(service), paths=[
        "/bench", "/bench?view=table", "/bench/" + station(service), f"/bench/{station(service)}/inbox", "/jobs",
        f"/jobs/{first}", "/parcels", "/stations", f"/stations/{station(service)}", "/stores", "/accounts", "/people",
        "/audit", "/help", "/me"])
    seen = bench.seen()
    assert seen == {"found": [], "complaints": []}
    viewer = Browser("viewer", link=link(service, "--for", "viv"), paths=[
        "/bench", f"/jobs/{first}", "/stations/" + station(service), "/stores", "/accounts", "/audit"])
    for path, status, buttons in viewer.seen()["buttons"]:
        assert buttons == [], path
        assert status == (403 if path in ("/accounts", "/audit") else 200), path
    viv = signed_in(service, "--for", "viv")
    assert viv.send(f"/act/jobs/{first}/retry")[0] == 403
    assert viv.ask("GET", f"/jobs/{first}/receipt")[0] == 403
    service.run("operator", "revoke", "viv", check=OK)
    assert viv.ask("GET", "/bench")[0] == 401
    kept = signed_in(service).ask("GET", f"/jobs/{first}/receipt")
    assert kept[0] == 200 and "attachment" in kept[1]["content-disposition"]
    assert kept[2] == service.run("job", "receipt", first, check=OK).stdout


def test_a_page_speaks_the_language_that_somebody_chose_or_the_browser_asks_for(service):
    seen = Browser("speaks", link=link(service), path="/help").seen()
    assert seen == {"seen": [["de", "Schächte"], ["/help", "en", "Help"], ["/help", "de", "Hilfe"]], "complaints": []}
    client = signed_in(service)

    def language(path="/help", **headers):
        status, answered, page = client.ask("GET", path, **headers)
        assert "cookie" in answered["vary"] and "accept-language" in answered["vary"]
        return status, page.split('<html lang="', 1)[1].split('"')[0]

    for accept, expected in [("de-CH, en;q=0.8", "de"), ("fr, de;q=0.1, en;q=0.2", "en"), ("x" * 20000, "en"), (",;q=9," * 3000, "en")]:
        assert language(**{"Accept-Language": accept}) == (200, expected), accept[:20]
    # Nobody needs to be signed in, and no page of anybody else sends it.
    stranger = Client(service)
    assert stranger.ask("POST", "/language", {"language": "de"}, Origin="https://example.org")[0] == 403
    status, headers, _ = stranger.ask("POST", "/language", {"language": "de", "back": "//example.org"}, Origin=stranger.origin)
    assert (status, headers["location"]) == (303, "/") and headers["set-cookie"].startswith("longshore-language=de; Path=/; HttpOnly")
    assert stranger.ask("POST", "/language", {"language": "de\r\nX: y"}, Origin=stranger.origin)[0] == 400
    # What a page that is open asks for stays in its language, whatever was chosen since.
    job, _ = make_job(service)
    client.cookie += "; longshore-language=en"
    part = client.ask("GET", f"/jobs/{job}/live?seen={'0' * 16}&language=de")[2]
    assert "Der Datenträger ist noch nicht eingetroffen." in part and "language=de" in part
    assert client.send(f"/act/jobs/{job}/hold", f"/jobs/{job}", Because="Its box is wet.")[0] == 303
    client.cookie = client.cookie.replace("language=en", "language=de")
    page = client.ask("GET", f"/jobs/{job}")[2]
    assert "Der Betreiber hat ihn für eine Weile angehalten: Its box is wet." in page and "On hold" not in page
    status, _, page = client.ask("GET", "/jobs/NOSUCH")
    assert status == 404 and "Diese Seite gibt es nicht" in page


def station(service):
    return service.endpoints["station"]["name"]


def test_what_goes_on_is_told_as_it_happens(tmp_path, inbox):
    service = Service(tmp_path, words=["--inbox", inbox]).start()
    endpoints = service.endpoints
    try:
        service.buckets(BUCKET)
        job, signature = make_job(service)
        device = device_of(tmp_path / "disk", signature)
        browser = Browser("live", link=link(service), job=job)
        browser.until("stranger")
        (inbox / "stranger").mkdir()
        (inbox / "stranger/a.txt").write_text("whose is this?")
        browser.say()
        browser.until("disk")
        lay(device.path, inbox)
        browser.say()
        browser.until("kill")
        service.kill9()
        browser.say()
        browser.until("start")
        service.start(endpoints)
        browser.say()
        seen = browser.seen()
    finally:
        service.close()
    assert seen["typed"] == "EX" and seen["hasFocus"]
    assert seen["title"].startswith("(") and "waiting" in seen["title"]
    assert seen["banner"].startswith("Not live since ")
    assert seen["untouched"], "the page was loaded again"


def test_a_day_without_a_mouse_and_without_a_script(service):
    job, _ = make_job(service)
    seen = Browser("keys", link=link(service), job=job, parcel="1Z999AA10123456784", hostile=HOSTILE).seen()
    parcel, slip, hostile = seen["told"]
    assert parcel == ["Parcel 1Z999AA10123456784: unannounced. Scan the slip inside."]
    assert slip[0].startswith(f"Job {job} (Import of default): received at {station(service)}.")
    assert hostile[0].startswith("Nothing done") and seen["images"] == 0
    assert "Its box is wet." in seen["held"] and not seen["isPressed"]
    assert [line for line in seen["history"] if "stands still" in line or "goes on" in line], seen["history"]
    assert seen["complaints"] == []
    plain = Browser("plain", link=link(service), job=job).seen()
    assert "Without a script." in plain["held"] and not plain["isHeld"] and plain["complaints"] == []
    # On plain HTTP in a network browsers say less of where a form comes from.
    afar = link(service).replace("127.0.0.1", "console.test")
    plain = Browser("plain", link=afar, job=job).seen()
    assert "Without a script." in plain["held"] and not plain["isHeld"] and plain["sites"] == [None, None]
    tabs = Browser("tabs", link=link(service), count=8).seen()["pages"]
    assert len(tabs) == 8 and all("Bench" in title for title in tabs)


def test_a_token_lets_a_person_in_from_afar_and_no_console_says_so(service, new_service, tmp_path):
    done = service.run("operator", "add", "lea", "--role", "lead", "--json", check=OK)
    token = tmp_path / "token"
    token.write_text(json.loads(done.stdout)["Token"])
    token.chmod(0o600)
    words = ["--server", service.endpoints["api"], "--token-file", token]
    done = subprocess.run(service.command("console", "open", *words, data=False), capture_output=True, text=True,
                          env=longshore.clean_environment(), check=False, timeout=60)
    assert done.returncode == OK and "lets person:lea in once" in done.stderr, done.stderr
    client = Client(service)
    assert client.sign_in(done.stdout.strip()) == 303
    assert "lea" in client.ask("GET", "/bench")[2]
    acts = json.loads(service.run("audit", "list", "--json", check=OK).stdout)["Acts"]
    assert ("person:lea", "OpenConsole", "Done") in [(act["Actor"], act["Action"], act["Outcome"]) for act in acts]
    done = subprocess.run(service.command("console", "open", "--for", "ann", *words, data=False), capture_output=True,
                          text=True, env=longshore.clean_environment(), check=False, timeout=60)
    assert done.returncode == REFUSED, done.stderr
