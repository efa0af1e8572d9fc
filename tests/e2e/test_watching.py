"""What a service and its stations tell of themselves, and that alerts and dashboard ask for nothing else."""

import json
import re
import shutil
import signal
import subprocess
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import pytest
import report
import yaml
from benches import SOON, device_of, image_of, lay, make_job, until_complete
from longshore import OK, REFUSED, ROOT, UNAVAILABLE, clean_environment, wait_for
from stores import Child

BUCKET = "bench-data"
ALERTS = ROOT / "examples/alerts.yaml"
CASES = [ROOT / "tests/e2e" / name for name in ("alerts.yaml", "alerts_of_holds.yaml")]
DASHBOARD = ROOT / "examples/grafana.json"


def promtool():
    """The program of Prometheus that checks."""
    own = ROOT / "target/e2e/prometheus/usr/bin/promtool"
    found = str(own) if own.exists() else shutil.which("promtool")
    assert found, "promtool is not there: use `cargo xtask e2e`"
    return found


def check(*words, text=""):
    done = subprocess.run([promtool(), *words], input=text, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def get(url, **headers):
    """Status and text."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def families(page):
    """The names that a page has figures of, or would have, with the kind of each."""
    return dict(re.findall(r"^# TYPE (\S+) (\S+)$", page, re.MULTILINE))


def figure(page, name, **labels):
    """The figure of a name and its labels; none if the page has none."""
    for line in page.splitlines():
        found = re.match(r"([a-z_]+)(?:\{(.*)\})? (\S+)$", line)
        if found and found[1] == name and dict(re.findall(r'(\w+)="([^"]*)"', found[2] or "")) == labels:
            return float(found[3])
    return None


@dataclass
class Room:
    """A service and a station of its own that has loaded an image."""

    service: object
    url: str
    log: Path
    job: str
    image_bytes: int

    def page(self):
        status, page = get(f"{self.url}/metrics")
        assert status == 200
        return page


def start_station(service, folder, name, server, settings):
    """A station, and where it serves its figures."""
    token = folder / "token"
    token.write_text(service.run("station", "token", name, check=OK).stdout)
    config = folder / "station.toml"
    config.write_text("\n".join(["[station]", 'metrics_listen = "127.0.0.1:0"', *settings]) + "\n")
    station = Child(name, service.folder, [
        service.program, "station", "run", "--server", server, "--token-file", token,
        "--station", name, "--config", config, "--data", folder / "station"], env=clean_environment())
    served = re.compile(r"figures are served.*?address=(\S+)")
    plain = lambda: re.sub(r"\x1b\[[0-9;]*m", "", station.log.read_text(errors="replace"))
    url = wait_for(lambda: served.search(plain()), SOON, "figures are served")[1]
    return station, f"http://{url}"


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    from longshore import Service
    folder = tmp_path_factory.mktemp("watching")
    config = tmp_path_factory.mktemp("config") / "longshore.toml"
    # A witness that never answers: what is told of one is told of it as well.
    witness = 'key = "w.example+e3ed7f22+BAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI", url = "http://127.0.0.1:9"'
    config.write_text(f'[embedded_store]\nlisten = "127.0.0.1:0"\n[custody]\nwitnesses = [{{ {witness} }}]\n')
    words = ["--inbox", tmp_path_factory.mktemp("own")]
    service = Service(tmp_path_factory.mktemp("service"), config, words=words).start()
    station = None
    try:
        service.buckets(BUCKET)
        inbox = folder / "inbox"
        inbox.mkdir()
        station, url = start_station(service, folder, "dock-7", service.endpoints["api"], [
            'metrics_address = "dock-7.example.org:9100"', "[[station.bays]]", 'name = "B1"', f'match = ["folder:{inbox}"]'])
        job, signature = make_job(service)
        image = image_of(folder / "disk.img", device_of(folder / "disk", signature, files=20))
        lay(image, inbox)
        until_complete(service, job)
        made = Room(service, url, station.log, job, image.stat().st_size)
        wait_for(lambda: figure(made.page(), "longshore_bay_state", bay="B1", state="safe-to-remove"), SOON, "it is safe")
        yield made
    finally:
        if station:
            assert station.stop(signal.SIGTERM, seconds=60) == OK
        service.close()


def test_the_figures_of_a_station_are_those_of_what_it_did(room):
    page = room.page()
    assert figure(page, "longshore_bay_files_total", bay="B1", outcome="stored") == 20
    assert figure(page, "longshore_bay_files_total", bay="B1", outcome="failed") == 0
    sent = figure(page, "longshore_bay_sent_bytes_total", bay="B1")
    assert 0 < sent <= figure(page, "longshore_bay_read_bytes_total", bay="B1")
    assert figure(page, "longshore_bay_seconds_to_identify_count") == 1
    assert figure(page, "longshore_bay_info", bay="B1", job=room.job, port=re.search(r'port="([^"]*)"', page)[1]) == 1
    store = room.service.endpoints["s3"].removeprefix("http://")
    puts = figure(page, "longshore_store_requests_total", store=store, operation="PutObject", code="OK")
    assert puts >= 20
    assert figure(page, "longshore_store_request_seconds_count", store=store, operation="PutObject") >= puts
    assert figure(page, "longshore_station_heartbeat_seconds_count") >= 1
    assert abs(figure(page, "longshore_station_clock_offset_seconds")) <= 5
    assert figure(page, "longshore_journal_free_bytes") > 0
    assert page.count(room.job) == 1, "a job is named once"


def test_a_station_is_ready_when_its_server_answers(room):
    assert get(f"{room.url}/ready")[0] == 200
    assert get(f"{room.url}/health")[0] == 200
    assert get(f"{room.url}/anything")[0] == 404


def test_a_station_whose_server_never_answered_is_alive_and_not_ready(room, tmp_path):
    station, url = start_station(room.service, tmp_path, "dock-8", "http://127.0.0.1:1", [])
    try:
        failed = "longshore_station_heartbeat_failures_total"
        wait_for(lambda: figure(get(f"{url}/metrics")[1], failed), SOON, "a heartbeat has failed")
        assert (get(f"{url}/health")[0], get(f"{url}/ready")[0]) == (200, 503)
    finally:
        assert station.stop(signal.SIGTERM, seconds=60) == OK


def test_prometheus_is_told_where_stations_are(room, tmp_path):
    token = room.service.run("operator", "add", "prometheus", "--role", "viewer", check=OK).stdout.strip()
    url = room.service.endpoints["api"] + "/operator/v1/prometheus-targets"
    assert get(url)[0] == 401
    status, text = get(url, authorization=f"Bearer {token}")
    assert (status, json.loads(text)) == (200, [
        {"targets": ["dock-7.example.org:9100"], "labels": {"station": "dock-7"}}])
    # Prometheus itself can read it.
    secret, config = tmp_path / "token", tmp_path / "prometheus.yml"
    secret.write_text(token)
    config.write_text(yaml.safe_dump({"scrape_configs": [{"job_name": "stations", "http_sd_configs": [
        {"url": url, "authorization": {"type": "Bearer", "credentials_file": str(secret)}}]}]}))
    words = [promtool(), "check", "service-discovery", "--timeout=1s", config, "stations"]
    found = subprocess.run(words, capture_output=True, text=True)
    assert "dock-7.example.org:9100" in found.stdout and '"station": "dock-7"' in found.stdout, found.stdout + found.stderr


def test_the_service_tells_the_figures_of_its_own_bench(room):
    status, page = get(room.service.endpoints["api"] + "/metrics")
    assert status == 200
    assert figure(page, "longshore_bay_state", bay="inbox", state="empty") == 1
    assert figure(page, "longshore_jobs", progress="Complete") == 1
    assert figure(page, "longshore_hold_limit_seconds") == 14 * 86400


def pages(room):
    """All that can be scraped, after requests of every kind."""
    return [get(room.service.endpoints["api"] + "/metrics")[1], room.page()]


def test_the_pages_are_as_prometheus_wants_them(room):
    for page in pages(room):
        check("check", "metrics", text=page)


def expressions():
    """Every query of the alerts and of the dashboard."""
    rules = yaml.safe_load(ALERTS.read_text())["groups"][0]["rules"]
    dashboard = json.loads(DASHBOARD.read_text())
    asked = [rule["expr"] for rule in rules]
    asked += [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]
    asked += [re.match(r"label_values\((.*), \w+\)", variable["definition"])[1]
              for variable in dashboard["templating"]["list"] if "definition" in variable]
    return asked


def plain(name, known):
    """The name of a family by that of one of its series."""
    for suffix in ("_bucket", "_sum", "_count"):
        if known.get(name.removesuffix(suffix)) == "histogram":
            return name.removesuffix(suffix)
    return name


def test_alerts_and_dashboard_ask_for_figures_that_are_told(room):
    known = {name: kind for page in pages(room) for name, kind in families(page).items()}
    asked = expressions()
    assert len(asked) > 30
    for expression in asked:
        names = re.findall(r"longshore_[a-z0-9_]+", expression)
        assert names, expression
        for name in names:
            assert plain(name, known) in known, f"{name} in {expression}"


def test_every_query_of_the_dashboard_can_be_asked(tmp_path):
    def written(expression):
        expression = re.sub(r"\$__(rate_)?interval", "5m", expression)
        return re.sub(r"\$(service|station)", ".*", expression)
    rules = [{"record": f"query:{number}", "expr": written(expression)} for number, expression in enumerate(expressions())]
    file = tmp_path / "queries.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}))
    check("check", "rules", file)


def test_each_alert_fires_where_it_is_due_and_nowhere_else():
    check("check", "rules", ALERTS)
    check("test", "rules", *CASES)


def test_each_alert_has_a_test_and_a_paragraph_that_says_what_to_do():
    rules = yaml.safe_load(ALERTS.read_text())["groups"][0]["rules"]
    cases = [test for file in CASES for test in yaml.safe_load(file.read_text())["tests"]]
    tried = [case for test in cases for case in test["alert_rule_test"]]
    headings = re.findall(r"^### (\w+)$", (ROOT / "docs/watching.md").read_text(), re.MULTILINE)
    names = [rule["alert"] for rule in rules]
    assert sorted(headings) == sorted(names)
    for rule in rules:
        name = rule["alert"]
        assert rule["annotations"]["summary"]
        assert rule["annotations"]["runbook"] == f"docs/watching.md#{name.lower()}"
        of_it = [bool(case["exp_alerts"]) for case in tried if case["alertname"] == name]
        assert set(of_it) == {True, False}, f"{name} is not seen to fire and to be silent"


def test_stores_are_listed_and_probed_from_here_and_from_elsewhere(room, tmp_path):
    run, api = room.service.run, room.service.endpoints["api"]
    listed = json.loads(run("store", "list", "--json", check=OK).stdout)["Stores"]
    assert [(store["Name"], store["Answers"], store["Held"]) for store in listed] == [("embedded", True, 0)]
    assert listed[0]["Endpoint"] == room.service.endpoints["s3"]
    ways = {}
    for role in ("viewer", "operator"):
        ways[role] = tmp_path / role
        ways[role].write_text(run("operator", "add", f"store-{role}", "--role", role, check=OK).stdout)
    there = lambda role: ("--server", api, "--token-file", ways[role])
    assert "embedded" in run("store", "list", *there("viewer"), check=OK).stdout
    run("store", "probe", BUCKET, *there("viewer"), check=REFUSED)
    before = sorted(report.keys_in(room.service.s3(), BUCKET))
    for way in ((), there("operator")):
        probe = json.loads(run("store", "probe", BUCKET, "--json", *way, check=OK).stdout)
        assert (probe["Store"], probe["Bucket"], probe["Answers"]) == ("embedded", BUCKET, True)
        assert probe["Capabilities"]["md5"] == "honored" and probe["Refuses"] is None
    assert sorted(report.keys_in(room.service.s3(), BUCKET)) == before, "nothing is left of it"
    missing = json.loads(run("store", "probe", "no-such-bucket", "--json", check=REFUSED).stdout)
    assert missing["Refuses"] == "the bucket does not exist"


def test_a_store_that_does_not_answer_is_told_with_what_came_instead(room, tmp_path):
    config = tmp_path / "longshore.toml"
    config.write_text("\n".join([
        "[embedded_store]", "enabled = true", "[[stores]]", 'name = "far"', 'endpoint = "http://127.0.0.1:1"', 'access_key_id = "AK"',
        'secret_access_key = "SK-secret"', 'buckets = ["far-*"]']) + "\n")
    run = room.service.run
    far = json.loads(run("store", "list", "--json", "--config", config, check=OK).stdout)["Stores"][0]
    assert (far["Name"], far["Buckets"], far["Answers"]) == ("far", ["far-*"], False)
    assert far["Trouble"] and far["Milliseconds"] is None
    shown = run("store", "probe", "far-photos", "--config", config, check=UNAVAILABLE).stdout
    assert "far" in shown and "SK-secret" not in shown
    run("store", "probe", "far", "--config", config, check=UNAVAILABLE)
