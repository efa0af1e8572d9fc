"""What a service and a station do at SIGHUP, when bays are another's, and when they are stopped while pages listen."""

import fcntl
import json
import os
import re
import signal
import time
from http.client import HTTPConnection
from pathlib import Path
from urllib.request import urlopen

from benches import (
    BUCKET,
    SOON,
    assert_loaded,
    device_of,
    image_of,
    make_job,
    status,
    told,
    until_complete,
)
from consoles import Client, link
from longshore import OK, clean_environment, wait_for
from report import fetch
from stores import Child


def bench(folder, bays, *settings):
    """Settings of a bench whose bays are folders of images that are attached."""
    lines = ["[embedded_store]", 'listen = "127.0.0.1:0"', "[station]", "bench = true", *settings]
    for name in bays:
        (folder / name).mkdir(exist_ok=True)
        lines += ["[[station.bays]]", f'name = "{name}"', f'match = ["loop:{folder / name}"]']
    return "\n".join(lines) + "\n"


def plug_in(loops, folder, device):
    """Attaches the image of a disk in a bay."""
    return loops.attach(image_of(folder / f"{Path(device.path).name}.img", device, mebibytes=48))


def log_of(child):
    return re.sub(r"\x1b\[[0-9;]*m", "", child.log.read_text(errors="replace"))


def hang_up(child, what):
    """Sends SIGHUP, and waits until that is told once more."""
    before = log_of(child).count(what)
    os.kill(child.process.pid, signal.SIGHUP)
    wait_for(lambda: log_of(child).count(what) > before, SOON, what)
    return log_of(child)


def bays(service):
    name = service.endpoints["station"]["name"]
    listed = json.loads(service.run("bay", "list", name, "--json", *service.settings(), check=OK).stdout)
    return {bay["Bay"] for bay in listed["Bays"]}


def ready(service):
    with urlopen(service.endpoints["api"] + "/ready") as answer:
        return json.load(answer)


def test_a_bench_goes_by_settings_that_are_read_again_and_nothing_that_runs_stops(new_service, loops, tmp_path):
    config = tmp_path / "longshore.toml"
    config.write_text(bench(tmp_path, ["A", "C"], 'rate = "100KB"'))
    service = new_service(config)
    s3 = service.buckets(BUCKET)
    job, signature = make_job(service, prefix="one/")
    device = device_of(tmp_path / "one", signature, "one/", files=5)
    # A minute and a half at this rate.
    device.file("one/film.mov", os.urandom(9_000_000), "video/quicktime")
    plug_in(loops, tmp_path / "A", device)
    wait_for(lambda: status(service, job)["ProgressCode"] == "InProgress", SOON, "it is being loaded")
    begun = time.monotonic()
    config.write_text(bench(tmp_path, ["B", "C"], "loads_at_once = 2", "memory_mib = 80"))
    log = hang_up(service.child, "settings are read again")
    late = re.search(r"count from the next start on.*", log)[0]
    assert "station.memory_mib" in late and "loads_at_once" not in late and "rate" not in late
    wait_for(lambda: bays(service) == {"A", "B", "C"}, SOON, "a bay has come, and that which loads has not gone")
    done = until_complete(service, job)
    assert time.monotonic() - begun < 60, "it goes as fast as it may by now"
    lines = s3.get_object(Bucket=done["LogBucket"], Key=done["LogKey"] + ".jsonl")["Body"].read().decode().splitlines()
    assert [attempt["number"] for attempt in json.loads(lines[0])["attempts"]] == [1], "it was not begun anew"
    other, signature = make_job(service, prefix="two/")
    second = device_of(tmp_path / "two", signature, "two/", files=5)
    plug_in(loops, tmp_path / "B", second)
    until_complete(service, other)
    assert fetch(s3, status(service, other))

    good = config.read_text()
    config.write_text(bench(tmp_path, ["B"], 'loads_at_once = "many"'))
    log = hang_up(service.child, "settings are not read again: nothing changes")
    line = config.read_text().splitlines().index('loads_at_once = "many"') + 1
    wrong = re.search(r"settings are not read again.*", log)[0]
    assert f"longshore.toml:{line}" in wrong or f"line {line}" in wrong, wrong
    config.write_text(good)
    assert {"B", "C"} <= bays(service)


def test_a_station_that_serves_no_figures_goes_on_at_sighup(new_service, loops, tmp_path):
    service = new_service()
    s3 = service.buckets(BUCKET)
    token, config = tmp_path / "token", tmp_path / "station.toml"
    token.write_text(service.run("station", "token", "dock-9", check=OK).stdout)
    (tmp_path / "in").mkdir()
    start = '[station]\nmetrics_listen = "none"\n[[station.bays]]\nname = "B1"\nmatch = ["loop:%s"]\n'
    config.write_text(start % (tmp_path / "nothing"))
    station = Child("station", tmp_path, [
        service.program, "station", "run", "--server", service.endpoints["api"], "--token-file", token, "--station", "dock-9",
        "--config", config, "--data", tmp_path / "station"], env=clean_environment())
    try:
        wait_for(lambda: "watching its bays" in log_of(station), SOON, "it runs")
        wait_for(lambda: "dock-9" in service.run("station", "list").stdout, SOON, "it is known")
        config.write_text(start % (tmp_path / "in"))
        # A signal that comes before anybody listens ends a process, whatever process that is.
        wait_for(lambda: re.search(r"SigCgt:\s*(\w+)", open(f"/proc/{station.process.pid}/status").read()) and
                 int(re.search(r"SigCgt:\s*(\w+)", open(f"/proc/{station.process.pid}/status").read())[1], 16) & 1, SOON, "it listens")
        hang_up(station, "settings are read again")
        job, signature = make_job(service)
        device = device_of(tmp_path / "disk", signature, files=5)
        plug_in(loops, tmp_path / "in", device)
        watched = service.run("job", "watch", job, check=OK).stdout
        assert re.search(r"^\S+  station:dock-9  TransferFinished", watched, re.MULTILINE), watched
        assert_loaded(service, s3, job, device)
        # A new token makes the old one worthless, and is taken without stopping anything.
        token.write_text(service.run("station", "token", "dock-9", check=OK).stdout)
        wait_for(lambda: "heartbeats are refused" in log_of(station), SOON, "the old token is worthless")
        hang_up(station, "settings are read again")
        wait_for(lambda: "heartbeats are answered again" in log_of(station), SOON, "the new one is taken")
        token.write_text("\n")
        assert "there is no token in" in hang_up(station, "settings are not read again: nothing changes")
        assert station.process.poll() is None
    finally:
        assert station.stop(signal.SIGTERM, seconds=60) == OK


def test_a_bench_whose_bays_another_has_is_tried_again_and_ready_says_so(new_service, tmp_path):
    config = tmp_path / "longshore.toml"
    config.write_text(bench(tmp_path, ["A"]))
    service = new_service(config)
    wait_for(lambda: ready(service)["bench"] == "ok", SOON, "it is run")
    service.stop()
    with open(service.data / "station" / "bench", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        service.start()
        wait_for(lambda: told(service, "the bays are not watched", "is locked"), SOON, "it is told")
        found = ready(service)
        assert (found["status"], found["bench"]) == ("degraded", "unavailable")
    wait_for(lambda: ready(service)["bench"] == "ok", SOON, "it is tried again")
    assert ready(service)["status"] == "ok"


def test_a_service_is_down_soon_though_pages_listen_and_a_bay_loads(new_service, loops, tmp_path):
    config = tmp_path / "longshore.toml"
    config.write_text(bench(tmp_path, ["A"], 'rate = "1MB"'))
    service = new_service(config)
    service.buckets(BUCKET)
    job, signature = make_job(service)
    device = device_of(tmp_path / "disk", signature, files=5)
    device.file("film.mov", os.urandom(4_000_000), "video/quicktime")
    plug_in(loops, tmp_path / "A", device)
    client = Client(service)
    client.sign_in(link(service))
    streams = []
    for _ in range(2):
        stream = HTTPConnection(client.place.hostname, client.place.port, timeout=60)
        stream.request("GET", "/events", headers={"Cookie": client.cookie})
        streams.append((stream, stream.getresponse()))
    assert all(answer.status == 200 and answer.readline() for _, answer in streams)
    wait_for(lambda: status(service, job)["ProgressCode"] == "InProgress", SOON, "it is being loaded")
    endpoints, begun = service.endpoints, time.monotonic()
    service.stop()
    assert time.monotonic() - begun < 30
    for stream, answer in streams:
        answer.read()
        stream.close()
    service.start(endpoints)
    assert_loaded(service, service.s3(), job, device)
