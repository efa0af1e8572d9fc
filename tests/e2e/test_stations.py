"""Several hosts with stations, two servers on one PostgreSQL, and a SeaweedFS: hosts are lost, ways are cut, servers and the
database go away, clocks are wrong, and every disk is loaded once."""

import glob
import json
import random
from contextlib import ExitStack
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
import report
from benches import image_of
from conftest import put_away
from counting import CountingProxy
from device import Device, fill
from longshore import OK, Service, api_client, wait_for
from manifests import importing
from namespaces import room
from opaque import OpaqueTags

# A thing that must come, on a machine that is busy.
SOON = 120

# The shortest that may be set: a test of a host that is silent takes so long.
LEASE_SECONDS = 10

PARALLEL = 2
PART = 5 << 20

# What the experiments with a store take, and what is said of a request.
PROBES = 1 << 20

LOADING = f"""
parallel = {PARALLEL}
memory_mib = 40
multipart_threshold_mib = 8
part_mib = {PART >> 20}
"""

SERVER = """
[server]
shutdown_seconds = 1
{more}
[database]
url = "{database}"
[jobs]
lease_seconds = {lease}
[station]
name = "{name}"
{loading}
"""

STORE = """
[[stores]]
name = "{name}"
endpoint = "{endpoint}"
region = "{store.region}"
access_key_id = "{store.access_key}"
secret_access_key = "{store.secret_key}"
path_style = true
buckets = ["{name}-*"]
"""



class Stations:
    """A room with an installation in it."""

    def __init__(self, seaweed, postgres, tmp_path_factory, made, host, put_away):
        self.room, self.new_host, self.postgres = made, host, postgres
        self.folder = tmp_path_factory.mktemp("stations")
        self.s3 = seaweed.client()
        at = urlsplit(seaweed.endpoint)
        opaque = OpaqueTags(seaweed, (at.hostname, at.port))
        put_away.callback(opaque.close)
        # The same store on two ways, on one of which its tags say nothing.
        self.stores = {name: put_away.enter_context(CountingProxy(target, made.stores))
                       for name, target in (("plain", (at.hostname, at.port)), ("opaque", opaque.address))}
        stores = "".join(STORE.format(name=name, endpoint=proxy.endpoint, store=seaweed) for name, proxy in self.stores.items())
        database = postgres.database("stations")

        def server(name, more=""):
            config = self.folder / f"{name}.toml"
            config.write_text(SERVER.format(database=database, lease=LEASE_SECONDS, name=name, loading=LOADING, more=more) + stores)
            return Service(tmp_path_factory.mktemp(name), config).start()

        self.first = server("server-1")
        self.second = server("server-2", f'secret_key_file = "{self.first.data / "secret.key"}"')
        # Everybody knows one address, behind which the first server answers, and the second if that does not.
        self.servers = put_away.enter_context(CountingProxy(self._address(self.first), made.servers))
        self.servers.targets.append(self._address(self.second))
        self.api = api_client(self.servers.endpoint, self.first.key)
        self.token = self.folder / "jane"
        made = self.first.run("operator", "add", "jane", "--role", "admin", *self.first.settings(), check=OK)
        self.token.write_text(made.stdout)
        self.hosts = []

    @staticmethod
    def _address(service):
        at = urlsplit(service.endpoints["api"])
        return at.hostname, at.port

    def run(self, *words):
        """Has a person do something at the servers."""
        return self.first.run(*words, "--server", self.servers.endpoint, "--token-file", self.token, check=OK).stdout

    def station(self, name, rate=None, bays=1, **environment):
        """A host with a station and bays of loop devices."""
        host = self.new_host(name)
        self.hosts.append(host)
        if rate:
            host.limit(rate)
        folder = self.folder / name
        settings = f"[station]\nloads_at_once = {bays}\n{LOADING}"
        host.bays = {}
        for number in range(1, bays + 1):
            bay = host.bays[f"{name}{number}"] = folder / f"bay-{number}"
            bay.mkdir(parents=True)
            settings += f'[[station.bays]]\nname = "{name}{number}"\nmatch = ["loop:{bay}"]\n'
        config, token = folder / "station.toml", folder / "token"
        config.write_text(settings)
        token.write_text(self.run("station", "token", name))
        host.run(folder, self.first.program, "station", "run", "--server", self.servers.endpoint, "--token-file", token,
                 "--station", name, "--config", config, "--data", folder / "data", **environment)
        wait_for(lambda: host.told("watching its bays"), SOON, f"{name} runs")
        return host

    def job(self, name, store="plain", films=(), files=20):
        """A job, its bucket and its disk."""
        bucket = f"{store}-{name}"
        self.s3.create_bucket(Bucket=bucket)
        device = Device(self.folder / f"disk-{bucket}")
        fill(device, files)
        chance = random.Random(bucket)
        for number, mebibytes in enumerate(films):
            device.file(f"film-{number}.mov", chance.randbytes(mebibytes << 20), "video/quicktime")
        made = SimpleNamespace(bucket=bucket, store=store, device=device, bytes=sum(e.bytes for e in device.loaded.values()))
        made.id = self._sign(device, bucket)
        made.image = image_of(self.folder / f"{bucket}.img", device, mebibytes=(made.bytes >> 20) * 5 // 4 + 16)
        return made

    def _sign(self, device, bucket):
        made = self.api.create_job(JobType="Import", Manifest=importing(bucket), ValidateOnly=False)
        device.sign(made["SignatureFileContents"])
        return made["JobId"]

    def status(self, job):
        return self.api.get_status(JobId=job.id)

    def is_silent(self, job):
        return "gives no sign of life" in self.status(job)["ProgressMessage"]

    def until_complete(self, job):
        def complete():
            found = self.status(job)
            return found["ProgressCode"].startswith("Complete") and found
        done = wait_for(complete, SOON, f"job {job.id} is complete")
        assert done["ErrorCount"] == 0, done
        job.done = done
        return done

    def assert_loaded(self, job):
        done = self.until_complete(job)
        report.compare(self.s3, job.bucket, job.device, but=[done["LogKey"]])
        report.check(report.fetch(self.s3, done), job.device, job.bucket)
        assert self.uploads(job) == [], "an upload is left open"

    def uploads(self, job):
        return self.s3.list_multipart_uploads(Bucket=job.bucket).get("Uploads", [])

    def parts(self, job):
        """Bytes of the parts of uploads that are open."""
        parts = 0
        for open_upload in self.uploads(job):
            try:
                listed = self.s3.list_parts(Bucket=job.bucket, Key=open_upload["Key"], UploadId=open_upload["UploadId"])
            except self.s3.exceptions.ClientError:
                # It was completed since.
                continue
            parts += sum(part["Size"] for part in listed.get("Parts", []))
        return parts

    def objects(self, job):
        """The objects that the store has of a disk, with their sizes."""
        return {key: size for key, size in report.keys_in(self.s3, job.bucket).items() if key in job.device.loaded}

    def held(self, job):
        """Bytes that the store has of a disk."""
        return self.parts(job) + sum(self.objects(job).values())

    def sent(self, host, job):
        return self.stores[job.store].sent[host.address]

    def events(self, job):
        """What has happened to a job."""
        told = json.loads(self.run("job", "history", job.id, "--json"))
        return [entry["Event"] for entry in told["History"]]

    def lines(self, job):
        """The report of a job for programs: its attempts, its entries by their paths, and its summary."""
        done = job.done
        text = self.s3.get_object(Bucket=done["LogBucket"], Key=done["LogKey"] + ".jsonl")["Body"].read().decode()
        head, *entries, last = [json.loads(line) for line in text.splitlines()]
        return head["attempts"], {entry["path"]: entry for entry in entries}, last["summary"]

    def found(self, job):
        """The keys of the files that were found, as the report says."""
        _, lines, summary = self.lines(job)
        found = {line["key"]: line["bytes"] for line in lines.values() if line.get("found")}
        assert (summary.get("found", 0), summary.get("found_bytes", 0)) == (len(found), sum(found.values()))
        return set(found)

    def calm(self, job):
        """The same disk loaded once more, by one host that nobody disturbs."""
        self.s3.create_bucket(Bucket=f"{job.bucket}-calm")
        calm = SimpleNamespace(id=self._sign(job.device, f"{job.bucket}-calm"))
        self.first.dock(job.device.path, "--folder", check=OK)
        self.until_complete(calm)
        return calm


@pytest.fixture(scope="module")
def stations(seaweed, postgres, tmp_path_factory):
    with ExitStack() as closing:
        made, host = closing.enter_context(room())
        stations = Stations(seaweed, postgres, tmp_path_factory, made, host, closing)
        for service in (stations.first, stations.second):
            closing.callback(put_away, service, None)
        yield stations


@pytest.fixture(autouse=True)
def shown(stations, request):
    """Takes the hosts of a test away, and shows what their stations said if it has failed."""
    yield
    for host in stations.hosts:
        if getattr(request.node, "has_failed", False):
            print(f"--- {host.name}\n{host.child.tail(6000)}")
        host.lose()
    stations.hosts.clear()


def plug_in(loops, host, bay, image):
    """Attaches the image of a disk in a bay."""
    at = host.bays[bay] / image.name
    image.rename(at)
    return at, loops.attach(at)


def but(entry, *names):
    return {name: value for name, value in entry.items() if name not in names}


def assert_as_calm(stations, job):
    """The report says the same as that of a calm run, but for what was found."""
    _, lines, summary = stations.lines(job)
    _, calm, calm_summary = stations.lines(stations.calm(job))
    aside = ("at", "bucket", "found")
    assert {path: but(line, *aside) for path, line in lines.items()} == {path: but(line, *aside) for path, line in calm.items()}
    aside = ("found", "found_bytes", "sha256")
    assert but(summary, *aside) == but(calm_summary, *aside)


def test_a_lost_host_costs_what_was_in_flight(stations, loops):
    plain, opaque = stations.job("lost", "plain", [30, 20]), stations.job("lost", "opaque", [20, 15])
    for name, job in (("a", plain), ("b", opaque)):
        job.host = stations.station(name, "80mbit")
        job.laid, job.device_there = plug_in(loops, job.host, f"{name}1", job.image)

    def lost():
        for job in (plain, opaque):
            if stations.parts(job) >= 2 * PART and stations.objects(job):
                job.host.lose()
        return not plain.host.is_there and not opaque.host.is_there

    wait_for(lost, SOON, "each is lost when its disk is half sent")
    other = stations.station("c", bays=2)
    wait_for(lambda: stations.is_silent(plain) and stations.is_silent(opaque), SOON, "nobody hears of them any more")
    for bay, job in (("c1", plain), ("c2", opaque)):
        job.held, job.there = stations.held(job), set(stations.objects(job))
        assert 0 < job.held < job.bytes, "it was lost in the middle"
        loops.detach(job.device_there)
        plug_in(loops, other, bay, job.laid)
    for job in (plain, opaque):
        stations.assert_loaded(job)
        attempts = stations.lines(job)[0]
        assert [attempt["number"] for attempt in attempts] == [2], "the report is of whoever has made it"
    sent, missing = stations.sent(other, plain), plain.bytes - plain.held
    assert sent <= missing + plain.bytes // 100 + PROBES, f"{sent} bytes were sent, and {missing} were missing"
    once = plain.bytes + (PARALLEL + 1) * PART + plain.bytes // 50 + 2 * PROBES
    assert stations.sent(plain.host, plain) + sent <= once, "more was sent again than was in flight"
    assert_as_calm(stations, plain)
    assert stations.found(plain) == plain.there
    # Where tags say nothing, small files are known by what goes with them.
    small = {key for key in opaque.there if not key.startswith("film")}
    assert small <= stations.found(opaque) <= opaque.there


def test_ways_servers_and_the_database_come_and_go_while_a_disk_is_loaded(stations, loops):
    # It is at work for twice as long as a lease holds.
    station = stations.station("d", "20mbit", bays=2)
    job, held = stations.job("film", films=[50]), stations.job("held", files=3)
    waiting = stations.job("waiting", files=3)
    plug_in(loops, station, "d1", job.image)
    wait_for(lambda: stations.held(job) > 0, SOON, "it is being loaded")

    # The servers hear nothing of it for longer than the lease holds; the store does.
    station.cut_from(stations.room.servers)
    wait_for(lambda: stations.is_silent(job), SOON, "its lease has lapsed")
    before = stations.held(job)
    wait_for(lambda: stations.held(job) > before, SOON, "loading goes on")

    # What is acknowledged now outlives the database, and the server that said so.
    stations.run("job", "hold", held.id, "--because", "The scales are being mended.")
    order = json.loads(stations.run("bay", "look", "d", "d1", "--json"))["Order"]
    late = stations.job("late", files=3)
    stations.first.kill9()
    stations.postgres.restart()
    wait_for(lambda: "The scales are being mended." in stations.status(held)["ProgressMessage"], SOON, "the second server answers")
    for pending in (waiting, late):
        assert stations.status(pending)["ProgressCode"] == "Pending"
    station.reaches(stations.room.servers)
    plug_in(loops, station, "d2", held.image)

    stations.assert_loaded(job)
    attempts, *_ = stations.lines(job)
    assert [attempt["number"] for attempt in attempts] == [1], "it was one attempt, whatever went on around it"
    # A job is told as stopped after a while of silence, and as gone on with when its station is heard again.
    events = stations.events(job)
    assert events.count("TransferStarted") == 1 + events.count("Stopped"), events

    def answer():
        told = json.loads(stations.run("station", "show", "d", "--json"))["Orders"]
        return any(line["Order"] == order and line["Answered"] for line in told)

    wait_for(answer, SOON, "the order is answered")
    wait_for(lambda: station.told("bay=d2", "held", held.id), SOON, "the other one is on hold")
    stations.run("job", "resume", held.id)
    stations.assert_loaded(held)


def test_a_drained_station_ends_what_it_has_and_begins_nothing(stations, loops):
    drained, other = stations.station("e", "24mbit", bays=2), stations.station("f")
    job, next_job = stations.job("drain", films=[12]), stations.job("next", files=5)
    plug_in(loops, drained, "e1", job.image)
    wait_for(lambda: stations.held(job) > 0, SOON, "it is being loaded")
    stations.run("station", "drain", "e")
    at, device = plug_in(loops, drained, "e2", next_job.image)
    wait_for(lambda: drained.told("bay=e2", "drained"), SOON, "the second is denied")
    stations.assert_loaded(job)
    assert stations.status(next_job)["ProgressCode"] == "Pending"
    loops.detach(device)
    plug_in(loops, other, "f1", at)
    stations.assert_loaded(next_job)


def test_a_clock_that_is_wrong_costs_no_lease(stations, loops):
    library = glob.glob("/usr/lib/*/faketime/libfaketime.so.1")
    assert library, "libfaketime is not there: run `cargo xtask setup`"
    clock = stations.folder / "clock"
    clock.write_text("+0\n")
    # Only what time it is, not how it passes.
    station = stations.station("g", "16mbit", bays=2, LD_PRELOAD=library[0], FAKETIME_TIMESTAMP_FILE=str(clock),
                               FAKETIME_CACHE_DURATION="1", FAKETIME_DONT_FAKE_MONOTONIC="1")
    job, next_job = stations.job("clock", films=[25]), stations.job("then", files=5)
    plug_in(loops, station, "g1", job.image)
    wait_for(lambda: stations.held(job) > 0, SOON, "it is being loaded")
    clock.write_text("+10m\n")
    wait_for(lambda: station.told("the clock of this host is wrong"), SOON, "it is warned")
    assert stations.status(job)["ProgressCode"] == "InProgress"
    stations.assert_loaded(job)
    assert [attempt["number"] for attempt in stations.lines(job)[0]] == [1]
    assert not station.told("lease"), "a lease is no matter of its clock"
    plug_in(loops, station, "g2", next_job.image)
    wait_for(lambda: station.told("bay=g2", "held", "clock"), SOON, "it gets no new job")
    assert stations.status(next_job)["ProgressCode"] == "Pending"
