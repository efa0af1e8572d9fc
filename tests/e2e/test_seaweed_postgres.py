"""The same with the parts of a larger installation: jobs in a PostgreSQL, objects in a SeaweedFS,
several servers on one database."""

import json
import random
import re
import threading
import time
import urllib.request
from types import SimpleNamespace

import pytest
import report
from counting import CountingProxy, most_within
from device import Device, fill, gzipped
from longshore import OK, SOME_FAILED, wait_for
from manifests import importing

HEADERS = {
    "prefix": "loads/",
    "cacheControl": "no-cache",
    "contentDisposition": "attachment",
    "contentLanguage": "es",
    "setContentEncodingForGzFiles": "yes",
    "diskTimestampMetadataKey": "disk-mtime",
    "staticMetadata": {"batch": "7"},
    "storageClass": "REDUCED_REDUNDANCY",
    "ignore": [r"\.tmp$"],
}


def settings(database, *stores, secret=None, station=None):
    """A file of settings for an external database and stores."""
    lines = [f'[database]\nurl = "{database}"\n']
    if secret:
        lines.append(f'[server]\nsecret_key_file = "{secret}"\n')
    if station:
        lines.append(f'[station]\nname = "{station}"\n')
    for name, region, store, buckets in stores:
        lines.append(
            f'[[stores]]\nname = "{name}"\nendpoint = "{store.endpoint}"\nregion = "{region}"\n'
            f'access_key_id = "{store.access_key}"\nsecret_access_key = "{store.secret_key}"\n'
            f'path_style = true\nbuckets = ["{buckets}"]\n')
    return "\n".join(lines)


def own_name(request):
    """A name for what belongs to one test: short, and fit for a bucket and a database."""
    return re.sub("[^a-z0-9]+", "-", request.node.name.lower())[-30:].strip("-")


@pytest.fixture
def installation(new_service, seaweed, postgres, tmp_path, request):
    """A service over SeaweedFS and PostgreSQL, with buckets of this test's own."""
    name = own_name(request)
    database = postgres.database(name)
    file = tmp_path / "longshore.toml"
    file.write_text(settings(database, ("weed", "us-east-1", seaweed, "*")))
    s3 = seaweed.client()
    for bucket in (f"{name}-data", f"{name}-logs"):
        s3.create_bucket(Bucket=bucket)
    return new_service(config=file), s3, name, database


def test_create_dock_compare_report(installation, tmp_path):
    service, s3, name, _ = installation
    bucket, logs = f"{name}-data", f"{name}-logs"
    client = service.api()
    made = client.create_job(
        JobType="Import", Manifest=importing(bucket, logBucket=logs, **HEADERS), ValidateOnly=False)
    device = Device(tmp_path / "disk", prefix="loads/")
    fill(device, 600)
    device.file("plus+and&more =%41.txt", b"awkward", "text/plain")
    device.file("page.html.gz", gzipped("<p>"), "text/html", encoding="gzip")
    device.file("large.mp4", bytes(range(256)) * 4096 * 70, "video/mp4")
    device.ignored("x.tmp")
    device.failing(b"latin1-\xe9", 400, "InvalidFileName")
    device.sign(made["SignatureFileContents"])
    service.dock(device.path, check=SOME_FAILED)

    def headers_are_there(_key, expected, answer):
        assert answer["CacheControl"] == "no-cache" and answer["ContentDisposition"] == "attachment"
        assert answer["ContentLanguage"] == "es" and answer["StorageClass"] == "REDUCED_REDUNDANCY"
        metadata = dict(answer["Metadata"])
        assert metadata.pop("sha256", None) == (None if expected.bytes >= 32 << 20 else expected.sha256)
        assert int(float(metadata.pop("mtime"))) == expected.mtime, "as rclone writes it"
        assert metadata == {"batch": "7", "disk-mtime": report.stamp(expected.mtime)}

    report.compare(s3, bucket, device, headers_are_there)
    status = client.get_status(JobId=made["JobId"])
    assert (status["ProgressCode"], status["ErrorCount"], status["LogBucket"]) == ("SuccessWithErrors", 1, logs)
    report.check(report.fetch(s3, status), device, bucket)
    service.run("device", "return", made["JobId"], "--carrier", "UPS", "--tracking", "1Z", check=OK)
    assert client.get_status(JobId=made["JobId"])["LocationCode"] == "Returned"


def test_a_bucket_the_store_does_not_have_is_refused(installation):
    service, *_ = installation
    client = service.api()
    with pytest.raises(client.exceptions.NoSuchBucketException):
        client.create_job(JobType="Import", Manifest=importing("never-made"), ValidateOnly=False)


def test_a_validation_leaves_nothing_in_the_store(installation):
    service, s3, name, _ = installation
    text = importing(f"{name}-data", logBucket=f"{name}-logs")
    for validate_only in (True, False):
        service.api().create_job(JobType="Import", Manifest=text, ValidateOnly=validate_only)
    for bucket in (f"{name}-data", f"{name}-logs"):
        assert report.keys_in(s3, bucket) == {}
        assert s3.list_multipart_uploads(Bucket=bucket).get("Uploads", []) == []


def test_buckets_of_several_regions_are_refused(new_service, seaweed, postgres, tmp_path):
    file = tmp_path / "longshore.toml"
    file.write_text(settings(postgres.database("regions"), ("eu", "eu-west-1", seaweed, "eu-*"),
                             ("us", "us-east-1", seaweed, "us-*")))
    for bucket in ("eu-region", "us-region"):
        seaweed.client().create_bucket(Bucket=bucket)
    client = new_service(config=file).api()
    with pytest.raises(client.exceptions.MultipleRegionsException):
        client.create_job(
            JobType="Import", Manifest=importing("eu-region", logBucket="us-region"), ValidateOnly=False)
    client.create_job(JobType="Import", Manifest=importing("eu-region"), ValidateOnly=False)


def test_several_servers_share_one_database(installation, new_service, seaweed, tmp_path):
    first, s3, name, database = installation
    file = tmp_path / "second.toml"
    secret = first.data / "secret.key"
    file.write_text(settings(database, ("weed", "us-east-1", seaweed, "*"), secret=secret, station="station-2"))
    second = new_service(config=file)
    assert first.key == second.key, "one installation has one first key"
    jobs = [[], []]

    def create(service, into):
        client = service.api(first.key)
        for _ in range(25):
            made = client.create_job(JobType="Import", Manifest=importing(f"{name}-data"), ValidateOnly=False)
            into.append(made["JobId"])

    threads = [threading.Thread(target=create, args=pair) for pair in zip((first, second), jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    everything = set(jobs[0] + jobs[1])
    assert len(everything) == 50, "two servers gave out the same id"
    for service in (first, second):
        assert {j["JobId"] for j in service.api().list_jobs()["Jobs"]} == everything

    # Made at one server, docked at the other's station, canceled at either.
    made = first.api().create_job(JobType="Import", Manifest=importing(f"{name}-data"), ValidateOnly=False)
    device = Device(tmp_path / "disk")
    fill(device, 40)
    device.sign(made["SignatureFileContents"])
    second.dock(device.path, check=OK)
    status = first.api().get_status(JobId=made["JobId"])
    assert status["ProgressCode"] == "Complete"
    report.check(report.fetch(s3, status), device, f"{name}-data")
    second.api().cancel_job(JobId=jobs[0][0])
    with pytest.raises(first.api().exceptions.ClientError) as caught:
        first.api().cancel_job(JobId=jobs[0][0])
    assert caught.value.response["Error"]["Code"] == "CanceledJobIdException"


def test_racing_cancels_have_one_winner(installation, new_service, seaweed, tmp_path):
    """Two servers, one job, many callers: one is told that it canceled the job."""
    first, _, name, database = installation
    file = tmp_path / "second.toml"
    file.write_text(settings(database, ("weed", "us-east-1", seaweed, "*"), secret=first.data / "secret.key",
                             station="station-2"))
    second = new_service(config=file)
    for _ in range(5):
        job = first.api().create_job(
            JobType="Import", Manifest=importing(f"{name}-data"), ValidateOnly=False)["JobId"]
        won, lost = [], []

        def cancel(service, job=job, won=won, lost=lost):
            client = service.api()
            try:
                client.cancel_job(JobId=job)
                won.append(service)
            except client.exceptions.CanceledJobIdException:
                lost.append(service)

        threads = [threading.Thread(target=cancel, args=(service,)) for service in (first, second) * 3]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert (len(won), len(lost)) == (1, 5)


def test_acknowledged_jobs_survive_in_the_database(installation):
    service, _, name, _ = installation
    job = service.api().create_job(
        JobType="Import", Manifest=importing(f"{name}-data"), ValidateOnly=False)["JobId"]
    service.kill9()
    service.start()
    assert service.api().get_status(JobId=job)["ProgressCode"] == "Pending"


def test_a_database_that_goes_away_and_comes_back(installation, postgres):
    """Answers are 5xx in between, and nothing is lost."""
    service, _, name, _ = installation
    text = importing(f"{name}-data")
    client = service.api()
    job = client.create_job(JobType="Import", Manifest=text, ValidateOnly=False)["JobId"]
    postgres.restart()
    for _ in range(50):
        try:
            assert client.get_status(JobId=job)["ProgressCode"] == "Pending"
            break
        except client.exceptions.ClientError as error:
            assert error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500
    else:
        pytest.fail("the service did not find its database again")
    with urllib.request.urlopen(service.endpoints["api"] + "/health") as answer:
        assert answer.status == 200


def test_two_stations_share_the_rate_of_a_store(installation, new_service, seaweed, tmp_path):
    """Both together keep to the limit at every moment, and not only in the end."""
    first, _, name, database = installation
    limit, target = 4_000_000, ("127.0.0.1", int(seaweed.endpoint.rsplit(":", 1)[1]))
    with CountingProxy(target) as before_first, CountingProxy(target) as before_second:
        before = (before_first, before_second)

        def through(proxy, station=None):
            store = SimpleNamespace(endpoint=proxy.endpoint, access_key=seaweed.access_key, secret_key=seaweed.secret_key)
            weed, secret = ("weed", "us-east-1", store, "*"), first.data / "secret.key"
            return settings(database, weed, secret=secret, station=station) + 'rate = "4MB"\n'

        first.stop()
        first.config.write_text(through(before_first))
        first.start()
        file = tmp_path / "second.toml"
        file.write_text(through(before_second, station="station-2"))
        second = new_service(config=file)
        chance, docked = random.Random(7), []
        for number, service in enumerate((first, second)):
            manifest = importing(f"{name}-data", prefix=f"{number}/")
            made = first.api().create_job(JobType="Import", Manifest=manifest, ValidateOnly=False)
            device = Device(tmp_path / f"disk-{number}", f"{number}/")
            for part in range(32):
                device.file(f"{part}.bin", chance.randbytes(250_000), "application/octet-stream")
            device.sign(made["SignatureFileContents"])
            docked.append((service, device, made["JobId"]))
        for proxy in before:
            proxy.came.clear()
        threads = [threading.Thread(target=service.dock, args=(device.path,)) for service, device, _ in docked]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    for _, _, job in docked:
        done = first.api(first.key).get_status(JobId=job)
        assert (done["ProgressCode"], done["ErrorCount"]) == ("Complete", 0)
    came = [proxy.came for proxy in before]
    both = sorted(came[0] + came[1])
    begun, end = both[0][0], both[-1][0]
    # Stations count no heads of requests, and may begin with a tenth of a second.
    most = max(sum(size for at, size in both if start <= at < start + 3) for start, _ in both)
    assert most <= 1.1 * 3 * limit, f"both together keep to the limit: {most}"
    assert end - begun > 3, "sixteen megabytes at four a second; alone each would take two seconds"
    assert all(sum(size for _, size in times) > 8_000_000 for times in came), "both came by these ways"


def test_two_stations_share_the_requests_of_a_store(installation, new_service, seaweed, tmp_path):
    """Small files: the store is asked no more than it is to be, of that each station has its part, and without a limit it is
    asked more."""
    first, _, name, database = installation
    limit, target = 100, ("127.0.0.1", int(seaweed.endpoint.rsplit(":", 1)[1]))
    limited = f"requests_per_second = {limit}\n"
    with CountingProxy(target) as before_first, CountingProxy(target) as before_second:
        before = (before_first, before_second)

        def through(proxy, station=None, limit=""):
            """Settings of a service that reaches the store through a proxy of its own."""
            store = SimpleNamespace(
                endpoint=proxy.endpoint, access_key=seaweed.access_key, secret_key=seaweed.secret_key)
            weed, secret = ("weed", "us-east-1", store, "*"), first.data / "secret.key"
            return settings(database, weed, secret=secret, station=station) + limit

        def sign(files, prefix):
            manifest = importing(f"{name}-data", prefix=prefix)
            made = first.api().create_job(JobType="Import", Manifest=manifest, ValidateOnly=False)
            device = Device(tmp_path / f"disk-{prefix[:-1]}", prefix)
            for file in range(files):
                device.file(f"{file}.txt", b"%d" % file, "text/plain")
            device.sign(made["SignatureFileContents"])
            return device, made["JobId"]

        first.stop()
        first.config.write_text(through(before_first))
        first.start()
        device, _ = sign(300, "free/")
        first.dock(device.path, check=OK)
        assert before_first.most_within(1) > 1.2 * limit, "without a limit it goes faster"

        first.stop()
        first.config.write_text(through(before_first, limit=limited))
        first.start()
        file = tmp_path / "second.toml"
        file.write_text(through(before_second, station="station-2", limit=limited))
        second = new_service(config=file)
        docked = [(first, *sign(1500, "0/")), (second, *sign(700, "1/"))]
        for proxy in before:
            proxy.asked.clear()
        threads = [threading.Thread(target=service.dock, args=(device.path,)) for service, device, _ in docked]

        def have(stations):
            """Whether so many stations have a share, and each as much as the others."""
            time.sleep(0.7)  # Each look asks the store too.
            told = first.run("store", "list", "--json", *first.settings(), check=OK).stdout
            store = next(store for store in json.loads(told)["Stores"] if store["Name"] == "weed")
            assert store["RequestsPerSecond"] == limit and "BytesPerSecond" not in store
            shares = [share["RequestsPerSecond"] for share in store.get("Shares", [])]
            assert sum(shares) <= limit
            return len(shares) == stations and all(share == limit / stations for share in shares)

        # The first has all until it asks again, after five seconds; then both have half, and for a while go on with it.
        threads[0].start()
        try:
            wait_for(lambda: have(1), 30, "the share of the first station")
            threads[1].start()
            wait_for(lambda: have(2), 30, "shares of both stations")
            begun = time.monotonic()
            time.sleep(3)
            end = time.monotonic()
            assert all(thread.is_alive() for thread in threads), "both are still loading"
        finally:
            for thread in threads:
                if thread.ident:
                    thread.join()
        asked = [list(proxy.asked) for proxy in before]
    # A tenth of a second, and what the services ask beside it.
    assert most_within(asked[0] + asked[1], 3) <= 3.1 * limit + 20, "both together keep to the limit"
    assert len(asked[0] + asked[1]) > 2200
    parts = [sum(begun < at <= end for at in times) for times in asked]
    assert min(parts) > 0.35 * sum(parts) and sum(parts) > 0.7 * (end - begun) * limit, f"each has about half: {parts}"
    for _, _, job in docked:
        done = first.api(first.key).get_status(JobId=job)
        assert (done["ProgressCode"], done["ErrorCount"]) == ("Complete", 0)
