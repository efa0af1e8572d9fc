"""Keys that a store gives for one attempt at a job and that end by themselves: a real token service, stations with and without a right
to another key, and a gate before the store that lets keys end within seconds."""

import base64
import datetime
import http.client
import json
import re
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
import report
from botocore.config import Config
from botocore.exceptions import ClientError
from device import Device, fill
from longshore import ERROR, OK, UNAVAILABLE, wait_for
from manifests import importing
from stores import ACCESS_KEY, SECRET_KEY, SeaweedWithRoles

EXPIRED = b"<Error><Code>ExpiredToken</Code><Message>The provided token has expired.</Message></Error>"
TROUBLE = b"<ErrorResponse><Error><Code>ServiceUnavailable</Code><Message>Later.</Message></Error></ErrorResponse>"


class Gate:
    """Stands before a store and its token service. It knows who comes with which key, may let keys end long before their time,
    and may keep the token service from answering."""

    def __init__(self, store):
        self.target = urlsplit(store.endpoint).netloc
        self.life = None
        self.is_shut = False
        self.asked = []
        self.ends = {}
        self.keys = set()
        gate = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one_request(self):
                try:
                    super().handle_one_request()
                except OSError:
                    self.close_connection = True

            def pass_on(self):
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                status, headers, answer = gate.answer(self.command, self.path, self.headers, body)
                self.send_response_only(status)
                for name, value in headers:
                    self.send_header(name, value)
                self.send_header("content-length", str(len(answer)) if self.command != "HEAD" else dict(headers).get("x-length", "0"))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(answer)

            do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = pass_on

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def answer(self, method, path, headers, body):
        key = re.search(r"Credential=([^/]+)/", headers.get("authorization", ""))
        key = key and key[1]
        is_sts = method == "POST" and b"Action=AssumeRole" in body
        if is_sts and self.is_shut:
            return 503, [], TROUBLE
        if key in self.ends and time.time() > self.ends[key]:
            return 400, [], EXPIRED
        if not is_sts:
            self.keys.add(key)
        connection = http.client.HTTPConnection(self.target, timeout=60)
        passed = {name: value for name, value in headers.items() if name.lower() not in ("expect", "connection")}
        connection.request(method, path, body, passed)
        answer = connection.getresponse()
        content = answer.read()
        told = [(name, value) for name, value in answer.getheaders()
                if name.lower() not in ("content-length", "transfer-encoding", "connection")]
        told.append(("x-length", answer.getheader("content-length", "0")))
        connection.close()
        if is_sts and answer.status == 200:
            self.asked.append(parse_qs(body.decode()))
            content = self.shorten(content.decode()).encode()
        return answer.status, told, content

    def shorten(self, document):
        if self.life is None:
            return document
        end = time.time() + self.life
        self.ends[re.search("<AccessKeyId>(.*?)</AccessKeyId>", document)[1]] = end
        told = datetime.datetime.fromtimestamp(end, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return re.sub("<Expiration>.*?</Expiration>", f"<Expiration>{told}</Expiration>", document)


@pytest.fixture(scope="module")
def store():
    with SeaweedWithRoles() as found:
        for bucket in ("sts-data", "sts-other"):
            found.client().create_bucket(Bucket=bucket)
        yield found


@pytest.fixture
def gate(store):
    with Gate(store) as found:
        yield found


def settings(tmp_path, gate, role=SeaweedWithRoles.role):
    file = tmp_path / "longshore.toml"
    file.write_text(
        f'[[stores]]\nname = "weed"\nendpoint = "{gate.endpoint}"\naccess_key_id = "{ACCESS_KEY}"\n'
        f'secret_access_key = "{SECRET_KEY}"\ncredentials = "sts"\nrole_arn = "{role}"\nsts_seconds = 900\n')
    return file


@pytest.fixture
def service(new_service, tmp_path, gate):
    return new_service(config=settings(tmp_path, gate))


def make_job(service, root, files=20):
    made = service.api().create_job(JobType="Import", Manifest=importing("sts-data", prefix=f"{root.name}/"), ValidateOnly=False)
    device = Device(root, f"{root.name}/")
    fill(device, files)
    device.sign(made["SignatureFileContents"])
    return made["JobId"], device


def state(service, job):
    status = service.api().get_status(JobId=job)
    return status["LocationCode"], status["ProgressCode"]


def admit(service, name):
    return service.run("station", "token", name, *service.settings(), check=OK).stdout.strip()


def post(service, token, path, message):
    """Status and answer to a message of a station."""
    request = urllib.request.Request(f"{service.endpoints['api']}/station/v1/{path}", json.dumps(message).encode(),
                                     {"authorization": f"Bearer {token}"})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def claim(service, token, station, device, **more):
    signature = base64.b64encode((Path(device.path) / "SIGNATURE").read_bytes()).decode()
    return post(service, token, "claim", {"version": 6, "station": station, "signature_file": signature, "job": None,
                                          "device": "/dev/sdx", "view": "mounted"} | more)


def by_key(store, access):
    return boto3.client(
        "s3", endpoint_url=store.endpoint, region_name="us-east-1", aws_access_key_id=access["access_key_id"],
        aws_secret_access_key=access["secret_access_key"], aws_session_token=access["session"]["token"],
        config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}))


def test_the_key_of_an_attempt_does_what_its_job_needs_and_ends_with_the_rights_of_its_station(service, store, gate, tmp_path):
    job, device = make_job(service, tmp_path / "claimed")
    first, second = admit(service, "dock-1"), admit(service, "dock-2")
    status, denied = claim(service, first, "dock-1", device, version=5)
    assert (status, denied["answer"], denied["code"]) == (200, "denied", "Unsupported"), denied
    assert state(service, job) == ("AtAWS", "Pending")
    status, granted = claim(service, first, "dock-1", device)
    assert (status, granted["answer"]) == (200, "granted"), granted
    access = granted["buckets"][0]["access"]
    assert access["access_key_id"] != ACCESS_KEY and 0 < access["session"]["seconds"] <= 900
    assert gate.asked[-1]["RoleSessionName"] == [f"longshore-{job}-dock-1"]

    s3 = by_key(store, access)
    s3.put_object(Bucket="sts-data", Key="claimed/one", Body=b"1")
    assert s3.get_object(Bucket="sts-data", Key="claimed/one")["Body"].read() == b"1"
    for refused in (lambda: s3.put_object(Bucket="sts-other", Key="x", Body=b"1"), lambda: s3.list_objects_v2(Bucket="sts-other"),
                    lambda: s3.delete_object(Bucket="sts-data", Key="claimed/one")):
        with pytest.raises(ClientError, match="AccessDenied"):
            refused()

    wanted = {"job": job, "lease": granted["lease"]}
    status, renewed = post(service, first, "lease/keys", wanted)
    assert status == 200 and renewed["buckets"][0]["access"]["access_key_id"] != access["access_key_id"]
    assert post(service, second, "lease/keys", wanted)[0] == 409
    service.run("station", "revoke", "dock-1", "--yes", *service.settings(), check=OK)
    assert post(service, first, "lease/keys", wanted)[0] == 401
    status, granted = claim(service, second, "dock-2", device)
    assert (status, granted["answer"]) == (200, "granted"), granted


def test_keys_that_end_within_seconds_are_renewed_while_a_job_is_loaded(service, store, gate, tmp_path):
    gate.life = 4
    job, device = make_job(service, tmp_path / "long", files=5)
    for number in range(8):
        device.file(f"big/{number}", bytes([number]) * (2 << 20), "application/octet-stream")
    loading = service.dock_in_background(device.path, "--rate", "2MB")
    try:
        wait_for(lambda: len(gate.asked) >= 2 and len(gate.keys) > 2, 60, "another key is used")
        # The token service is away for longer than a key is good: what is asked of the store waits.
        gate.is_shut = True
        time.sleep(5)
        gate.is_shut = False
        assert loading.wait(120) == OK
    finally:
        loading.kill()
        loading.wait()
    assert state(service, job) == ("AtAWS", "Complete")
    done = service.api().get_status(JobId=job)
    assert done["ErrorCount"] == 0
    listed = {key for key in report.keys_in(store.client(), "sts-data") if key.startswith("long/big/")}
    assert len(listed) == 8
    assert len(gate.asked) >= 3


def test_a_token_service_that_does_not_answer_is_waited_for_and_one_that_refuses_is_told(service, gate, tmp_path, new_service):
    job, device = make_job(service, tmp_path / "later")
    gate.is_shut = True
    told = service.dock(device.path, check=UNAVAILABLE).stderr
    assert "gives no key" in told and "weed" in told, told
    assert state(service, job) == ("NotReceived", "Pending")
    gate.is_shut = False
    service.dock(device.path, check=OK)
    assert state(service, job) == ("AtAWS", "Complete")

    other = tmp_path / "other"
    other.mkdir()
    refused = new_service(config=settings(other, gate, role="arn:aws:iam::000000000000:role/nobody"))
    wait_for(lambda: "store gives no keys" in refused.child.log.read_text(errors="replace"), 30, "the log tells it")
    told = refused.run("store", "probe", "weed", *refused.settings()).stdout
    assert "gives stations no keys" in told, told
    found = refused.run("doctor", "--json", *refused.settings(), check=ERROR).stdout
    assert '"store-silent"' in found, found


def test_a_station_more_with_a_key_that_does_not_end_is_told_by_doctor(new_service, store, tmp_path):
    file = tmp_path / "longshore.toml"
    file.write_text(f'[[stores]]\nname = "weed"\nendpoint = "{store.endpoint}"\naccess_key_id = "{ACCESS_KEY}"\n'
                    f'secret_access_key = "{SECRET_KEY}"\n')
    service = new_service(config=file)
    found = service.run("doctor", "--json", *service.settings()).stdout
    assert "static-keys" not in found, found
    admit(service, "dock-9")
    found = service.run("doctor", "--json", *service.settings()).stdout
    assert '"static-keys"' in found, found
