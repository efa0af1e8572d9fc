"""A service that shows a certificate of its own: real clients by HTTPS, renewals under load, and whoever hangs in a handshake."""

import http.client
import os
import re
import signal
import socket
import ssl
import subprocess
import threading
import urllib.request
from contextlib import closing

import boto3
import pytest
import report
from authority import Authority
from botocore.config import Config
from cryptography import x509
from device import Device, fill
from longshore import ERROR, OK, ROOT, Service, clean_environment, wait_for
from manifests import importing
from stores import free_ports

HOST = "localhost"
BUCKET = "tls-data"


class Secure:
    """A service with a certificate, and the way to it that others have."""

    def __init__(self, folder, more=""):
        self.authority = Authority(folder)
        self.certificate, self.key = folder / "fullchain.pem", folder / "privkey.pem"
        self.renew(self.authority.pair(HOST))
        self.api_port, self.s3_port = free_ports(2)
        config = folder / "longshore.toml"
        config.write_text(f'[embedded_store]\nlisten = "127.0.0.1:{self.s3_port}"\n'
                          f'[tls]\ncertificate = "{self.certificate}"\nkey = "{self.key}"\n{more}')
        self.service = Service(folder / "service", config)
        self.service.folder.mkdir()
        self.service.start({"api": f"http://127.0.0.1:{self.api_port}", "s3": ""})
        self.api, self.s3 = f"https://{HOST}:{self.api_port}", f"https://{HOST}:{self.s3_port}"

    def renew(self, pair):
        """Lays a certificate down as certbot does: the one file, then the other."""
        for path, content in zip((self.certificate, self.key), pair, strict=True):
            new = path.with_suffix(".new")
            new.write_bytes(content)
            new.chmod(0o600)
            new.rename(path)

    def client(self, name, endpoint, **options):
        key = self.service.key
        return boto3.client(
            name, endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id=key.id,
            aws_secret_access_key=key.secret, verify=str(self.authority.file),
            config=Config(retries={"total_max_attempts": 1}, read_timeout=60, **options))

    def boto_s3(self):
        return self.client("s3", self.s3, s3={"addressing_style": "path"})

    def shown(self):
        """The serial number of the certificate that a new connection is shown."""
        context = self.authority.context()
        with socket.create_connection((HOST, self.api_port), timeout=10) as plain:
            with context.wrap_socket(plain, server_hostname=HOST) as stream:
                return x509.load_der_x509_certificate(stream.getpeercert(binary_form=True)).serial_number

    def log(self):
        return self.service.child.log.read_text(errors="replace")


def serial(pair):
    return x509.load_pem_x509_certificate(pair[0]).serial_number


@pytest.fixture(scope="module")
def secure(tmp_path_factory):
    made = Secure(tmp_path_factory.mktemp("tls"), "[connections]\nlimit = 32\n")
    yield made
    made.service.close()


def test_a_job_from_the_first_request_to_the_report_by_https(secure, tmp_path):
    s3, api = secure.boto_s3(), secure.client("importexport", secure.api)
    s3.create_bucket(Bucket=BUCKET)
    made = api.create_job(JobType="Import", Manifest=importing(BUCKET), ValidateOnly=False)
    device = Device(tmp_path / "disk")
    fill(device, 30)
    device.sign(made["SignatureFileContents"])

    link = api.get_shipping_label(jobIds=[made["JobId"]])["ShippingLabelURL"]
    assert link.startswith(secure.api + "/artifacts/v1/"), link
    with urllib.request.urlopen(link, timeout=60, context=secure.authority.context()) as answer:
        assert answer.read(5) == b"%PDF-"

    token = tmp_path / "token"
    token.write_text(secure.service.run("station", "token", "dock-7", "--config", secure.service.config, check=OK).stdout)
    words = [secure.service.program, "dock", device.path, "--server", secure.api, "--token-file", token,
             "--station", "dock-7", "--data", tmp_path / "station"]

    def dock(**environment):
        return subprocess.run(words, env=clean_environment(**environment), capture_output=True, text=True, timeout=300)

    refused = dock()
    assert refused.returncode != OK and "not signed by an authority that is trusted here" in refused.stderr, refused
    assert api.get_status(JobId=made["JobId"])["LocationCode"] == "NotReceived"
    done = dock(SSL_CERT_FILE=str(secure.authority.file))
    assert done.returncode == OK, done.stderr
    status = api.get_status(JobId=made["JobId"])
    assert status["ProgressCode"] == "Complete"
    report.compare(s3, BUCKET, device, but=[status["LogKey"]])
    report.check(report.fetch(s3, status), device, BUCKET)


def test_the_station_and_the_commands_of_the_host_itself_need_trust_nobody(secure, tmp_path):
    s3, api = secure.boto_s3(), secure.client("importexport", secure.api)
    s3.create_bucket(Bucket="tls-own")
    made = api.create_job(JobType="Import", Manifest=importing("tls-own"), ValidateOnly=False)
    device = Device(tmp_path / "disk")
    fill(device, 10)
    device.sign(made["SignatureFileContents"])
    secure.service.dock(device.path, check=OK)
    assert "tls-own" in secure.service.run("ls", *secure.service.settings(), check=OK).stdout
    status = api.get_status(JobId=made["JobId"])
    assert status["ProgressCode"] == "Complete"
    report.compare(s3, "tls-own", device, but=[status["LogKey"]])
    assert re.search(rf"Import/Export API +{re.escape(secure.api)}\n", secure.log()), secure.log()


def test_what_is_spoken_is_http_1_1_by_tls_1_2_and_1_3_and_nothing_else(secure):
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        for port in (secure.api_port, secure.s3_port):
            context = secure.authority.context()
            context.minimum_version = context.maximum_version = version
            context.set_alpn_protocols(["h2", "http/1.1"])
            with socket.create_connection((HOST, port), timeout=10) as plain:
                with context.wrap_socket(plain, server_hostname=HOST) as stream:
                    assert stream.selected_alpn_protocol() == "http/1.1"
    # A program that knows nothing of ours.
    words = ["openssl", "s_client", "-connect", f"{HOST}:{secure.api_port}", "-servername", HOST, "-verify_return_error",
             "-CAfile", secure.authority.file, "-quiet", "-no_ign_eof"]
    asked = subprocess.run(words, input=f"GET /health HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n",
                           capture_output=True, text=True, timeout=30)
    assert "Verification" in asked.stderr or "verify return:1" in asked.stderr, asked
    with closing(http.client.HTTPConnection("127.0.0.1", secure.api_port, timeout=10)) as plain:
        plain.request("GET", "/health")
        answer = plain.getresponse()
        assert answer.status == 400 and b"HTTPS" in answer.read()
    # The port for this host alone speaks no TLS, and ends at once.
    own = secure.service.endpoints["api"].removeprefix("http://").split(":")
    with pytest.raises(OSError), socket.create_connection((own[0], int(own[1])), timeout=10) as plain:
        secure.authority.context().wrap_socket(plain, server_hostname=HOST)


class Load:
    """Requests of all kinds, one after the other and by several at once, until it is stopped."""

    def __init__(self, secure):
        self.secure, self.stopped, self.done, self.failed = secure, threading.Event(), 0, []
        kinds = [self.new_connections, self.one_connection, self.objects, self.jobs]
        self.threads = [threading.Thread(target=self.run, args=[kind()]) for kind in kinds]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopped.set()
        for thread in self.threads:
            thread.join()

    def run(self, requests):
        while not self.stopped.is_set():
            try:
                next(requests)
                self.done += 1
            except Exception as error:  # noqa: BLE001: whatever it is, a request was lost.
                self.failed.append(repr(error))
                return

    def ask(self, connection):
        connection.request("GET", "/health")
        answer = connection.getresponse()
        assert answer.status == 200 and answer.read()

    def connection(self):
        return http.client.HTTPSConnection(HOST, self.secure.api_port, timeout=30, context=self.secure.authority.context())

    def new_connections(self):
        while True:
            with closing(self.connection()) as connection:
                self.ask(connection)
            yield

    def one_connection(self):
        with closing(self.connection()) as connection:
            while True:
                self.ask(connection)
                yield

    def objects(self):
        s3, body = self.secure.boto_s3(), os.urandom(1 << 20)
        s3.create_bucket(Bucket="tls-load")
        while True:
            s3.put_object(Bucket="tls-load", Key="one", Body=body)
            assert s3.get_object(Bucket="tls-load", Key="one")["Body"].read() == body
            yield

    def jobs(self):
        api = self.secure.client("importexport", self.secure.api)
        while True:
            api.list_jobs()
            yield


def test_a_renewal_under_load_loses_no_request(secure):
    before = secure.shown()
    with Load(secure) as load:
        wait_for(lambda: load.failed or load.done > 50, 60, "requests")
        renewed = secure.authority.pair(HOST)
        secure.renew(renewed)
        secure.service.child.process.send_signal(signal.SIGHUP)
        wait_for(lambda: secure.shown() == serial(renewed) != before, 5, "the certificate is shown that was asked for")

        # One that is of no use changes nothing, and is told.
        secure.renew((renewed[0], secure.authority.pair(HOST)[1]))
        secure.service.child.process.send_signal(signal.SIGHUP)
        wait_for(lambda: "does not belong to the first certificate" in secure.log(), 10, "the log tells it")
        assert secure.shown() == serial(renewed)

        # Nobody needs to ask.
        later = secure.authority.pair(HOST)
        secure.renew(later)
        wait_for(lambda: secure.shown() == serial(later), 30, "a renewal is taken by itself")
        seen = load.done
        wait_for(lambda: load.failed or load.done > seen + 50, 60, "requests")
    assert not load.failed, load.failed


def test_handshakes_that_hang_keep_nobody_out(secure):
    hung = []
    try:
        for number in range(96):
            stream = socket.create_connection(("127.0.0.1", secure.api_port), timeout=10)
            if number % 2:
                stream.sendall(bytes([22, 3, 1, 2, 0, 1]))
            hung.append(stream)

        def answered():
            try:
                with urllib.request.urlopen(secure.api + "/health", timeout=10, context=secure.authority.context()) as found:
                    return found.status == 200
            except OSError:
                return False

        wait_for(answered, 20, "somebody who speaks is heard")
        assert secure.boto_s3().list_buckets()["Buckets"]
    finally:
        for stream in hung:
            stream.close()


def test_a_start_says_what_is_wrong_with_a_certificate_and_doctor_what_will_be(secure, tmp_path):
    pair, other = secure.authority.pair(HOST, days=5), secure.authority.pair(HOST)
    (tmp_path / "c.pem").write_bytes(pair[0])
    config = tmp_path / "longshore.toml"
    config.write_text('[server]\npublic_url = "https://dock.example.org"\n[embedded_store]\nlisten = "127.0.0.1:0"\n'
                      '[tls]\ncertificate = "c.pem"\nkey = "c.key"\n')
    words = ["serve", "--listen", "127.0.0.1:0", "--config", config]
    for content, told in [(None, "could not read"), (pair[0], "no private key"), (other[1], "does not belong")]:
        if content:
            (tmp_path / "c.key").write_bytes(content)
        failed = subprocess.run([secure.service.program, *words, "--data", tmp_path / "data"], capture_output=True,
                                text=True, timeout=60, env=clean_environment())
        assert failed.returncode == ERROR and told in failed.stderr and "c.key" in failed.stderr, failed
    (tmp_path / "c.key").write_bytes(pair[1])
    (tmp_path / "c.key").chmod(0o644)
    found = subprocess.run([secure.service.program, "doctor", "--config", config, "--data", tmp_path / "data", "--json"],
                           capture_output=True, text=True, timeout=60, env=clean_environment()).stdout
    for code in ("certificate-expires", "certificate-key-exposed", "certificate-name"):
        assert f'"{code}"' in found, found


def test_the_service_of_the_container_is_ready_by_the_port_of_its_host(secure, new_service):
    container = ROOT / "packaging/container"

    def ready(data):
        words = {"env": clean_environment(LONGSHORE_DATA=str(data)), "capture_output": True, "timeout": 30}
        return subprocess.run([container / "ready"], **words).returncode == 0

    assert ready(secure.service.data)
    # By the settings of the image, on other ports.
    service = new_service(config=container / "longshore.toml", words=["--s3-listen", "127.0.0.1:0"])
    assert ready(service.data)
    service.stop()
    assert not ready(service.data)
