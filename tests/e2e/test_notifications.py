"""Mails and webhooks of a real import, read by Python's `email` and verified by the library of Standard Webhooks."""

import email
import email.policy
import json
import os
import re
import subprocess
import threading
from collections import Counter

import pytest
from aiosmtpd.smtp import AuthResult
from authority import Authority
from botocore.exceptions import ClientError
from device import Device, fill
from longshore import OK, REFUSED, USAGE, wait_for
from manifests import importing
from receivers import MailServer, WebhookServer
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

BUCKET = "told"
ADDRESSES = ("jane@assets.example", "joe@assets.example")
SECRETS = ("0048121", "eight-Words_here")


@pytest.fixture
def mail():
    server = MailServer()
    yield server
    server.close()


@pytest.fixture
def hook():
    server = WebhookServer()
    yield server
    server.close()


@pytest.fixture
def told(new_service, tmp_path, mail, hook):
    """A service whose mails and webhooks go to servers of this test."""
    config = tmp_path / "longshore.toml"
    config.write_text(f"""
[server]
installation = "dock.example.org"
[embedded_store]
listen = "127.0.0.1:0"
[mail]
url = "{mail.url}"
from = "Dock <dock@example.org>"
operator = "operator@example.org"
[webhooks]
allow = ["127.0.0.0/8"]
allow_http = true
ports = [{hook.port}]
""")
    service = new_service(config=config)
    service.buckets(BUCKET)
    return service


def run(service, *words, check=OK):
    return service.run(*words, *service.settings(), check=check)


def add(service, hook, *words):
    """Adds a webhook; its id and its secret."""
    made = json.loads(run(service, "webhook", "add", hook.url, "--json", *words).stdout)
    return made["Webhook"]["WebhookId"], made["Secret"]


def make(service, **options):
    usual = {"prefix": "p/", "notificationEmail": ";".join(ADDRESSES)}
    manifest = importing(BUCKET, **(usual | options))
    return service.api().create_job(JobType="Import", Manifest=manifest, ValidateOnly=False)


def events(hook):
    return [json.loads(body)["type"] for _, body in list(hook.asked)]


def test_a_real_import_is_told_to_people_and_programs(told, tmp_path, mail, hook):
    _, secret = add(told, hook)
    made = make(told, pinCode=SECRETS[0], trueCryptPassword=SECRETS[1])
    assert "sends no mail" not in made.get("WarningMessage", "")
    job = made["JobId"]
    device = Device(tmp_path / "disk", prefix="p/")
    fill(device, 6)
    device.sign(made["SignatureFileContents"])
    told.run("parcel", "receive", "1Z999AA10123456784", job, "--carrier", "UPS", check=OK)
    told.dock(device.path, check=OK)
    wait_for(lambda: events(hook).count("receipt.issued") == 1, 30, "the first edition is told")
    told.run("device", "return", job, "--carrier", "UPS", "--tracking", "1Z999AA10123456785", check=OK)
    wait_for(lambda: events(hook).count("receipt.issued") == 2, 30, "both editions are told")
    wait_for(lambda: len(mail.taken) == 8, 30, "every mail is there")

    # Programs: signed, in order, once each, with what the receipt proves.
    seen = []
    for headers, body in hook.asked:
        event = Webhook(secret).verify(body, headers)
        seen.append((event["type"], headers["webhook-id"]))
        assert event["data"]["job"] == job and len(body) < 20_000
        assert event["data"]["checkpoint"].startswith("dock.example.org/custody\n")
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(body.replace(b"dock.", b"duck."), headers)
    kinds = [kind for kind, _ in seen if kind != "receipt.issued"]
    assert kinds == ["job.created", "device.received", "transfer.started", "transfer.finished", "device.returned"]
    assert len({id for _, id in seen}) == len(seen) == 7

    # People: one mail for each event and address, threaded by job.
    ids = Counter()
    for to, parsed in mail.mails():
        assert to == [parsed["To"]] and parsed["To"] in ADDRESSES
        assert parsed["From"] == "Dock <dock@example.org>" and parsed["Auto-Submitted"] == "auto-generated"
        assert parsed["References"] == f"<{job}@dock.example.org>" and parsed.get_content_type() == "text/plain"
        ids[parsed["Message-ID"], parsed["To"]] += 1
        first, second, empty, *rest = parsed.get_content().splitlines()
        assert job in first and second and not empty
        assert "dock.example.org/custody" in rest
    assert len(ids) == 8 and set(ids.values()) == {1}
    assert {message for message, _ in ids} <= {f"<{id}@dock.example.org>" for _, id in seen}
    finished = [parsed for _, parsed in mail.mails() if "done" in parsed["Subject"]]
    assert all(f"s3://{BUCKET}/import-log-{job}.receipt" in parsed.get_content() for parsed in finished) and len(finished) == 2

    # Nobody: no secret anywhere.
    said = [raw for _, raw in mail.taken] + [body for _, body in hook.asked]
    said += [log.read_bytes() for log in told.folder.glob("*.log")]
    for text in said:
        assert not any(secret.encode() in text for secret in (*SECRETS, secret))


def test_a_retry_keeps_the_id_and_either_secret_verifies_during_a_rotation(told, hook):
    hook.answers = [500]
    id, old = add(told, hook, "--events", "job.created", "--format", "cloudevents")
    make(told)
    wait_for(lambda: len(hook.asked) == 2, 30, "it is tried again")
    (first, body), (again, same) = hook.asked
    assert first["webhook-id"] == again["webhook-id"] and body == same
    assert int(again["webhook-timestamp"]) >= int(first["webhook-timestamp"]) + 4
    event = Webhook(old).verify(same, again)
    assert event["specversion"] == "1.0" and event["id"] == again["webhook-id"]
    assert event["source"] == "urn:longshore:dock.example.org" and again["content-type"].startswith("application/cloudevents+json")

    new = json.loads(run(told, "webhook", "rotate", id, "--json").stdout)["Secret"]
    run(told, "webhook", "test", id)
    headers, body = hook.asked[-1]
    assert json.loads(body)["type"] == "webhook.test"
    for secret in (old, new):
        Webhook(secret).verify(body, headers)
    run(told, "webhook", "rotate", id, "--overlap-hours", "0")
    run(told, "webhook", "test", id)
    headers, body = hook.asked[-1]
    for secret in (old, new):
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(body, headers)

    # One that wants nothing more gets nothing more, until somebody says otherwise.
    hook.answers = [410]
    run(told, "webhook", "test", id, check=REFUSED)
    assert "off since" in run(told, "webhook", "list").stdout
    count = len(hook.asked)
    run(told, "webhook", "replay", "--webhook", id)
    wait_for(lambda: len(hook.asked) == count + 1, 30, "it is sent again")
    assert hook.asked[-1][0]["webhook-id"] == hook.asked[-2][0]["webhook-id"]
    listed = run(told, "webhook", "deliveries", id, "--json").stdout
    assert {line["State"] for line in json.loads(listed)["Deliveries"]} == {"sent"}
    assert not any(text in listed + run(told, "webhook", "list", "--json").stdout for text in (old, new, "with-a-secret"))


def test_a_service_that_is_killed_while_it_sends_sends_the_same_mail_again(told, mail):
    taken, go_on = threading.Event(), threading.Event()
    keep = mail.handle_DATA

    async def slow(server, session, envelope):
        answer = await keep(server, session, envelope)
        if not taken.is_set():
            taken.set()
            # The mail is taken, and the service never hears of it.
            told.kill9()
            go_on.set()
        return answer

    mail.handle_DATA = slow
    endpoints = told.endpoints
    make(told, notificationEmail=ADDRESSES[0])
    assert go_on.wait(30)
    told.start(endpoints)
    wait_for(lambda: len(mail.taken) == 2, 30, "it is sent again")
    (_, first), (_, again) = mail.mails()
    assert first["Message-ID"] == again["Message-ID"] and first.get_content() == again.get_content()


def test_no_name_of_a_device_adds_a_header(told, mail):
    for end in ("\\r\\n", "\\n", "\\x85", "\\u2028"):
        with pytest.raises(ClientError, match="deviceId"):
            make(told, deviceId=f'"D-9{end}Bcc: evil@assets.example{end}{end}hello"')
    job = make(told, deviceId='"D-9 =?utf-8?q?=0D=0ABcc:_evil@assets.example?= Bcc: evil@assets.example"')["JobId"]
    wait_for(lambda: len(mail.taken) == 2, 30, "the mails are there")
    for to, parsed in mail.mails():
        assert to[0] in ADDRESSES and parsed["Bcc"] is None
        assert parsed["Subject"].startswith(f"Job {job} (D-9")
        assert not any(line.startswith("Bcc") for line in parsed.get_content().splitlines())


def test_a_mail_is_shown_and_tried_without_a_job_being_told(told, mail):
    job = make(told)["JobId"]
    wait_for(lambda: len(mail.taken) == 2, 30, "the mails are there")
    shown = email.message_from_string(run(told, "mail", "show", job, "--event", "job.created").stdout, policy=email.policy.default)
    sent = [parsed for to, parsed in mail.mails() if to == [ADDRESSES[0]]]
    assert shown.items() == sent[0].items()
    assert shown.get_content().split() == sent[0].get_content().split()
    run(told, "mail", "test", "ops@assets.example")
    assert len(mail.taken) == 3 and mail.taken[-1][0] == ["ops@assets.example"]
    for address in ("http://169.254.169.254/latest/meta-data", "https://10.0.0.1/", "https://[::ffff:10.0.0.1]/", "https://me:pw@hooks.example/"):
        refused = run(told, "webhook", "add", address, check=USAGE)
        assert refused.stdout == ""


@pytest.fixture
def elsewhere():
    """An address of this host that is not the loopback one, so that mail servers there must speak TLS."""
    if os.geteuid() != 0:
        pytest.skip("only an administrator gives a host addresses")
    address = "10.83.77.25"
    subprocess.run(["ip", "address", "add", f"{address}/32", "dev", "lo"], check=True)
    yield address
    subprocess.run(["ip", "address", "del", f"{address}/32", "dev", "lo"], check=True)


def test_a_mail_server_elsewhere_gets_nothing_that_is_not_encrypted(new_service, tmp_path, elsewhere):
    """By STARTTLS, with a name and a password, in the words of whoever runs the service."""
    authority = Authority(tmp_path)
    words = tmp_path / "mails"
    words.mkdir()
    (words / "job.created.txt").write_text("Subject: {device} at {installation}\n\nDear {account},\n\n{to_do}\n")
    (tmp_path / "password").write_text("hunter:2\n")

    def login(_server, _session, _envelope, _mechanism, data):
        return AuthResult(success=(data.login, data.password) == (b"dock", b"hunter:2"))

    plain = MailServer(elsewhere)
    secure = MailServer(elsewhere, tls_context=authority.server_context(elsewhere), require_starttls=True,
                        auth_required=True, authenticator=login)

    def service(mail):
        config = tmp_path / f"{mail.controller.port}.toml"
        config.write_text(f"""
[server]
installation = "dock.example.org"
[embedded_store]
listen = "127.0.0.1:0"
[mail]
url = "smtp://dock@{elsewhere}:{mail.controller.port}"
password_file = "{tmp_path / 'password'}"
from = "Dock <dock@example.org>"
ca_file = "{authority.file}"
templates = "{words}"
""")
        return new_service(config=config)

    try:
        told = service(secure)
        told.buckets(BUCKET)
        made = make(told, notificationEmail=ADDRESSES[0], deviceId="D-7")
        wait_for(lambda: secure.taken, 30, "the mail is there")
        [(_, mail)] = secure.mails()
        assert mail["Subject"] == "D-7 at dock.example.org" and secure.encrypted == [True]
        text = mail.get_content().replace("\r\n", "\n")
        assert re.match(r"Dear \d{12},\n\nPut the SIGNATURE", text), text
        assert f"Notice {made['JobId']}-0, job.created." in text
        refused = run(service(plain), "mail", "test", "ops@assets.example", check=REFUSED)
        assert not plain.taken and "hunter" not in refused.stderr
    finally:
        plain.close()
        secure.close()
