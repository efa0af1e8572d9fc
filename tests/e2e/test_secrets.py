"""Secrets that come later than the device: a disk in a bay waits for its password, goes on within seconds of the right one,
and no secret is left anywhere."""

import base64
import json
import os
import sqlite3
import subprocess
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import pyrage
import pytest
import raw
import report
from benches import SOON, lay
from consoles import customer, signed_in
from device import Device, fill
from longshore import OK, REFUSED, UNAVAILABLE, USAGE, Service, binary, clean_environment, wait_for
from manifests import importing
from receivers import MailServer

BUCKET = "secret-data"
RIGHT, WRONG, MANIFEST = "porcupine marble quill", "armadillo marble quill", "pangolin marble quill"
SECRETS = (RIGHT, WRONG, MANIFEST)

# A disk that waits in a bay goes on so soon: its station is heard every five seconds.
SECONDS = 30


class Processes(threading.Thread):
    """Reads what every process says of itself, again and again: arguments and environment."""

    def __init__(self):
        super().__init__(daemon=True)
        self.seen, self.over, self.rounds = [], threading.Event(), 0

    def run(self):
        while not self.over.is_set():
            for process in Path("/proc").iterdir():
                for name in ("cmdline", "environ") if process.name.isdigit() else ():
                    try:
                        content = (process / name).read_bytes()
                    except OSError:
                        continue
                    self.seen += [(process.name, name, content)] if any(s.encode() in content for s in SECRETS) else []
            self.rounds += 1
            time.sleep(0.01)


class Room:
    """A service with an inbox, and what was said by its commands."""

    def __init__(self, folder):
        self.folder, self.inbox = folder, folder / "inbox"
        self.inbox.mkdir()
        (folder / "service").mkdir()
        config = folder / "longshore.toml"
        self.mail = MailServer()
        config.write_text(f'''
[embedded_store]
listen = "127.0.0.1:0"
[jobs]
secret_days = 0
[log]
level = "debug"
[mail]
url = "{self.mail.url}"
from = "Dock <dock@example.org>"
''')
        self.service = Service(folder / "service", config, words=["--inbox", self.inbox]).start()
        self.s3 = self.service.buckets(BUCKET)
        self.said, self.uuids = [], {}
        self.processes = Processes()
        self.processes.start()
        # Both at once: what is laid there has to lie still for a while.
        self.late, self.phone = self.make("late"), self.make("phone")
        for _, _, image in (self.late, self.phone):
            lay(image, self.inbox)

    def run(self, *args, told=None, check=OK):
        done = self.service.run(*args, told=told, check=check)
        self.said += [done.stdout, done.stderr]
        return done

    def customer(self, *args, told=None, check=OK):
        """A command of a customer, who has nothing but the address of the API and an access key."""
        key, endpoint = self.service.key, self.service.endpoints["api"]
        env = clean_environment(AWS_ACCESS_KEY_ID=key.id, AWS_SECRET_ACCESS_KEY=key.secret)
        words = [binary(), *args, "--endpoint-url", endpoint]
        done = subprocess.run(words, input=told or "", capture_output=True, text=True, env=env, check=False)
        assert done.returncode == check, done
        self.said += [done.stdout, done.stderr]
        return done

    def operate(self, *args, **how):
        return self.run(*args, *self.service.settings(), **how)

    def make(self, name, **options):
        """A job, and an encrypted disk of it."""
        text = importing(BUCKET, prefix=f"{name}/", **options)
        made = self.service.api().create_job(JobType="Import", Manifest=text, ValidateOnly=False)
        device = Device(self.folder / f"files-{name}", f"{name}/")
        fill(device, 12)
        device.sign(made["SignatureFileContents"])
        image = self.folder / f"{name}.img"
        part = raw.encrypt(raw.file_system(self.folder / "part.img", "EXT4", device.path, 16), RIGHT)
        self.uuids[name] = raw.system("cryptsetup", "luksUUID", part).stdout.strip()
        raw.disk(image, "gpt", [(raw.LINUX, part)])
        part.unlink()
        return made, device, image

    def scan_sheet(self, made, image):
        """Scans the sheet of a disk for its bay, which then waits for a password."""
        bay = wait_for(lambda: self.bay(image.name, "unknown"), SOON, "nobody knows whose it is")
        tag = f"LSB:{bay['Station']}:{bay['Bay']}"
        self.run("scan", "-", told=f"{made['JobId']}:{made['Signature']}\r\n{tag}\r\n")
        return bay

    def bay(self, name, state, cause=None):
        bays = json.loads(self.operate("bay", "list", "--json").stdout)["Bays"]
        found = [bay for bay in bays if name in (bay["Medium"] or "") and bay["State"] == state]
        return next((bay for bay in found if cause is None or bay["Held"] == cause), None)

    def status(self, made):
        return self.service.api().get_status(JobId=made["JobId"])

    def waits(self, made, image, cause):
        wait_for(lambda: self.bay(image.name, "held", cause), SOON, f"the bay says {cause}")
        found = self.status(made)
        assert found["ProgressCode"] in ("Pending", "InProgress"), found
        assert "On hold since" in found["ProgressMessage"], found
        return found

    def loaded(self, made, device, seconds=SECONDS):
        done = wait_for(lambda: (it := self.status(made))["ProgressCode"] == "Complete" and it, seconds, "it is loaded")
        report.check(report.fetch(self.s3, done), device, BUCKET)
        return done

    def told(self, made):
        history = json.loads(self.operate("job", "history", made["JobId"], "--json").stdout)
        return [line["Sentence"] for line in history["Told"]]


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    made = Room(tmp_path_factory.mktemp("secrets"))
    yield made
    made.service.close()
    made.mail.close()


def test_a_disk_in_a_bay_waits_for_its_password_and_goes_on_within_seconds_of_the_right_one(room):
    made, device, image = room.late
    room.scan_sheet(made, image)
    found = room.waits(made, image, "PasswordNeeded")
    assert "`longshore job secret`" in found["ProgressMessage"], found
    # A wrong one, sent from the customer's page, is tried, holds it again, and ends nothing.
    page, client = f"/jobs/{made['JobId']}", customer(room.service, room.service.key)
    assert 'name="Secret"' in client.ask("GET", page)[2]
    status, headers, _ = client.send(f"{page}/secret", page, Secret=WRONG)
    assert (status, headers["location"]) == (303, page)
    room.waits(made, image, "PasswordWrong")
    shown = client.ask("GET", page)[2]
    assert "does not open it" in shown and WRONG not in shown
    assert report.keys_in(room.s3, BUCKET, "late/") == {}
    said = room.customer("job", "secret", made["JobId"], told=RIGHT + "\r\n").stderr
    assert "is kept" in said, said
    room.loaded(made, device)
    told = room.told(made)
    assert any(f"Volume 1 of the device was unlocked (LUKS2, key {room.uuids['late']})." == it for it in told), told
    assert sum("goes on: secret" in it for it in told) == 2, told


def test_a_password_that_is_told_by_phone_is_tried_once_and_kept_by_nobody(room):
    made, device, image = room.phone
    bay = wait_for(lambda: room.bay(image.name, "unknown"), SOON, "nobody knows whose it is")
    where = (bay["Station"], bay["Bay"])
    # First on the page of the bay, without a script, and then at a terminal: its SIGNATURE lies within.
    client = signed_in(room.service, *room.service.settings())
    page = f"/bench/{where[0]}/{where[1]}"
    status, headers, _ = client.send(f"/act/stations/{where[0]}/orders", page, Bay=where[1], Verb="unlock", Secret=WRONG)
    assert (status, headers["location"]) == (303, page)
    wait_for(lambda: "does not open it" in (it := client.ask("GET", page)[2]) or "not the one" in it, SECONDS, "it was a wrong one")
    room.operate("bay", "unlock", *where, told=RIGHT)
    room.loaded(made, device)
    with sqlite3.connect(f"file:{room.service.data}/longshore.db?mode=ro", uri=True) as store:
        orders = store.execute("SELECT outcome, secret FROM orders WHERE verb = 'unlock'").fetchall()
        kept = store.execute("SELECT COUNT(*) FROM device_secrets WHERE job = ? AND sealed IS NOT NULL", [made["JobId"]])
        assert kept.fetchone() == (0,)
    assert len(orders) == 2 and all("done" in outcome and secret is None for outcome, secret in orders), orders
    # A bay takes as many as a job.
    for number in range(3):
        room.operate("bay", "unlock", *where, told=str(number))
    assert "Wait" in room.operate("bay", "unlock", *where, told=WRONG, check=REFUSED).stderr.title()
    assert "without the password" in client.send(f"/act/stations/{where[0]}/orders", page, Bay=where[1], Verb="unlock")[2]


def test_who_runs_the_service_keeps_a_password_for_a_job_before_its_disk_comes(room):
    made, device, image = room.make("kept", trueCryptPassword=MANIFEST)
    said = room.run("device", "secret", made["JobId"], told=RIGHT).stderr
    assert "tried when the device is docked" in said, said
    scan = f"{made['JobId']}:{made['Signature']}"
    room.run("dock", image, "--signature", scan)
    room.loaded(made, device)


def test_what_a_customer_seals_opens_a_disk_and_is_given_back_as_it_came(room):
    """By age as others have it: what they seal is opened here, and what is sealed here they open."""
    with urllib.request.urlopen(room.service.endpoints["api"] + "/custody/recipient") as answer:
        recipient = answer.read().decode().strip()
    others = pyrage.encrypt(RIGHT.encode(), [pyrage.x25519.Recipient.from_str(recipient), pyrage.x25519.Identity.generate().to_public()])
    sealed = "age:" + base64.b64encode(others).decode()
    made, device, image = room.make("sealed", trueCryptPassword=sealed)
    assert f"trueCryptPassword: {sealed}" in room.status(made)["CurrentManifest"].replace('"', "")
    room.run("dock", image, "--signature", f"{made['JobId']}:{made['Signature']}")
    room.loaded(made, device)
    # The same by our own command, for a recipient of theirs and for the service's own.
    theirs = pyrage.x25519.Identity.generate()
    manifest = room.folder / "seal.yaml"
    manifest.write_text(importing(BUCKET, prefix="seal/", trueCryptPassword=MANIFEST, pinCode="90417263"))
    refused = room.customer("job", "create", manifest, "--seal-for", str(theirs.to_public()), check=REFUSED).stderr
    assert "not sealed for this recipient" in refused, refused
    told = json.loads(room.customer("job", "create", manifest, "--seal", "--json").stdout)
    manifest.unlink()
    shown = room.status(told)["CurrentManifest"]
    assert shown.count("age:") == 2 and "90417263" not in shown, shown
    said = room.customer("job", "secret", told["JobId"], "--seal", told=RIGHT).stderr
    assert "is kept" in said, said
    # What our command seals is a file of age.
    capture = Capture()
    env = clean_environment(AWS_ACCESS_KEY_ID="AKIDEXAMPLE", AWS_SECRET_ACCESS_KEY="secret")
    words = [binary(), "job", "secret", "ABCDE", "--seal-for", str(theirs.to_public()), "--endpoint-url", capture.url]
    subprocess.run(words, input=WRONG, text=True, env=env, capture_output=True, check=False, timeout=60)
    sent = parse_qs(capture.body)["Secret"][0]
    assert pyrage.decrypt(base64.b64decode(sent.removeprefix("age:")), [theirs]) == WRONG.encode()


class Capture(BaseHTTPRequestHandler):
    """An endpoint that keeps what it is sent, once."""

    def __new__(cls, *args):
        if args:
            return super().__new__(cls)
        made = HTTPServer(("127.0.0.1", 0), cls)
        made.url, made.body = f"http://127.0.0.1:{made.server_port}", ""
        threading.Thread(target=made.handle_request, daemon=True).start()
        return made

    def do_POST(self):
        self.server.body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.send_response(400)
        self.end_headers()

    def log_message(self, *_):
        pass


def test_a_secret_is_a_line_and_comes_from_no_argument(room):
    made, _, _ = room.make("plain")
    for words in (["job", "secret", made["JobId"]], ["device", "secret", made["JobId"]], ["bay", "unlock", "dock", "B1"]):
        room.run(*words, "hunter2", check=USAGE)
    assert "is empty" in room.customer("job", "secret", made["JobId"], told="\n", check=USAGE).stderr
    assert "more than one line" in room.customer("job", "secret", made["JobId"], told="a\nb\n", check=USAGE).stderr
    for number in range(5):
        room.customer("job", "secret", made["JobId"], told=str(number))
    refused = room.customer("job", "secret", made["JobId"], told=WRONG, check=UNAVAILABLE)
    assert "Wait for a minute" in refused.stderr, refused
    assert room.run("device", "secret", made["JobId"], told=WRONG, check=REFUSED)


def test_no_secret_is_left_anywhere(room):
    """Everything that the service wrote and said, and that every process said of itself while all of this happened."""
    given_back = json.loads(room.operate("job", "list", "--all", "--json").stdout)["Jobs"]
    returned = [job["JobId"] for job in given_back if job["ProgressCode"] == "Complete"]
    assert len(returned) >= 2, given_back
    for job in returned:
        room.run("device", "return", job, "--carrier", "UPS", "--tracking", "1Z")

    def destroyed():
        shown = [room.service.api().get_status(JobId=job)["CurrentManifest"] for job in returned]
        return not any(secret in text for secret in SECRETS for text in shown)

    # A service begins by looking.
    room.service.stop()
    room.service.start()
    wait_for(destroyed, 90, "secrets of devices that went home are destroyed")
    room.processes.over.set()
    room.processes.join()
    assert room.processes.rounds > 100 and room.processes.seen == []
    looked = 0
    kept = [path for path in room.folder.rglob("*") if path.is_file() and path.suffix != ".img"]
    for path in kept:
        content = path.read_bytes()
        assert not any(secret.encode() in content for secret in SECRETS), path
        looked += len(content)
    names = {path.name for path in kept}
    assert {"longshore.db", "secret.key"} <= names and any(name.startswith("serve") for name in names), names
    with urllib.request.urlopen(room.service.endpoints["api"] + "/metrics") as answer:
        metrics = answer.read().decode()
    mails = [mail.decode() for _, mail in room.mail.taken]
    assert any("on hold" in mail for mail in mails), "customers are told that their disks wait"
    for page in (metrics, *mails, *room.said):
        assert not any(secret in page for secret in SECRETS), page
    assert looked > os.path.getsize(room.service.data / "longshore.db")
