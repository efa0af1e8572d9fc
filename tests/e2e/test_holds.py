"""Jobs on hold at a bench, as a stock client and an operator see them: each hold is made by real parts, mended, and gone on
with by the same disk where it is."""

import json
import os
import shutil
import sqlite3
import subprocess
import time
import urllib.request
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import raw
import report
import sealed
from benches import image_of
from botocore.exceptions import ClientError
from conftest import put_away
from consoles import customer, signed_in
from device import Device, fill
from failing import failing, pages_of
from longshore import OK, REFUSED, Service, clean_environment, wait_for
from manifests import importing

# A thing that must come, on a machine that is busy.
SOON = 180

# What a customer reads of each hold behind AWS's own sentence.
TOLD = {
    "BucketMissing": "the bucket `gone-data` does not exist. Create it, and loading goes on by itself.",
    "BucketRights": "the bucket `right-data` may not be used by this account any more. Ask the operator for the right",
    "StoreRefuses": "the store refuses the files. When the operator has mended it, loading goes on by itself.",
    "StoreFull": "the store is full. When the operator has mended it, loading goes on by itself.",
    "ManifestFault": "the manifest cannot be read by this release: line 3: eraseDevice: `perhaps` is not yes or no. Send the "
    "manifest again with UpdateJob, and loading goes on by itself.",
    "ByOperator": "the operator has stopped it for a while: The scales are being mended. Loading goes on when the operator",
    "SignatureMissing": "the SIGNATURE file is missing. Give the operator the SIGNATURE of this job",
    "SignatureWrong": "the SIGNATURE file of a device that names this job is not the one that was issued.",
    "PasswordNeeded": "the device is encrypted, and no secret that opens it has come. Send its password",
    "FileSystemUnsupported": "the device has no file system that can be read. Ask the operator what can be done.",
    "PasswordWrong": "the device is encrypted, and the secret that was given does not open it. Send the right one",
    "Dirty": "the device was not unmounted cleanly; what was written to it last may be missing. Say in the console that it is "
    "loaded as it is, or have the operator say so",
    "TooLarge": "there is more on the device than this account may load with a job: ",
    "ByCustomer": "its customer has stopped it for a while: I look for a file. Let it go on in the console",
    "DiskFailing": "the device does not function properly: 3 ranges of it cannot be read. Loading goes on when the device is "
    "docked again, or when the operator lets it go on as it is.",
}

# Those that are made while a job is loaded.
WHILE_LOADED = ("StoreFull", "DiskFailing")

# Those that a station finds out by docking a disk by hand, since such a disk does not say whose it is.
BY_HAND = ("SignatureMissing", "PasswordNeeded", "PasswordWrong", "FileSystemUnsupported")


@dataclass
class Case:
    """One job and what becomes of it."""

    job: str
    bucket: str
    signature: str
    device: Device
    customer: object
    held: dict = field(default_factory=dict)
    listed: dict = field(default_factory=dict)
    shown: str = ""
    bay: dict = field(default_factory=dict)
    page: str = ""
    done: dict = field(default_factory=dict)


class Room:
    """A service with an inbox, an embedded store, and two buckets' worth of another store that can be full or refuse."""

    def __init__(self, folder):
        self.folder = folder
        self.inbox = folder / "inbox"
        self.inbox.mkdir()
        self.small = folder / "small"
        self.small.mkdir()
        self.socket = folder / "socket"
        self.socket.mkdir()
        self.things = ExitStack()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", self.small], check=True)
        self.cellar = Service(self.small).start()
        self.cellar.buckets("full-data", "strict-data", "filler")
        loader = self.cellar.new_account("loader", imports=["strict-*"], exports=["strict-*"])
        config = folder / "longshore.toml"
        config.write_text(
            '[embedded_store]\nenabled = true\nlisten = "127.0.0.1:0"\n'
            '[station]\non_dirty = "hold"\non_failing = "hold"\nbad_limit = 2\n'
            f'bays = [{{ name = "W", match = ["loop:{self.socket}"] }}]\n'
            + self._store("cellar", self.cellar.key, "full-*")
            + self._store("strict", loader, "strict-*")
        )
        self.service = Service(folder / "service", config, words=["--inbox", self.inbox])
        (folder / "service").mkdir()
        self.service.start()
        self.s3 = self.service.buckets("gone-data", "right-data", "calm-data")
        rights = ["calm-*", "gone-*", "right-*", "full-*", "strict-*"]
        self.customer = self.service.new_account("studio", imports=rights, exports=rights)
        self.small_customer = self.service.new_account("small", imports=["calm-*"], exports=["calm-*"])
        self.cases = {}

    def _store(self, name, key, buckets):
        return (
            f'[[stores]]\nname = "{name}"\nendpoint = "{self.cellar.endpoints["s3"]}"\nregion = "us-east-1"\n'
            f'access_key_id = "{key.id}"\nsecret_access_key = "{key.secret}"\nbuckets = ["{buckets}"]\n'
        )

    def make(self, code, bucket, customer=None, **options):
        text = importing(bucket, prefix=f"{code}/", **options)
        customer = customer or self.customer
        made = self.service.api(customer).create_job(JobType="Import", Manifest=text, ValidateOnly=False)
        device = Device(self.folder / f"disk-{code}", f"{code}/")
        fill(device, 6)
        device.sign(made["SignatureFileContents"])
        self.cases[code] = Case(made["JobId"], bucket, made["SignatureFileContents"], device, customer)
        return self.cases[code]

    def plug_failing(self, code):
        """A disk of which three pages of one file cannot be read, in a bay."""
        film = os.urandom(6 << 20)
        case = self.cases[code]
        case.device.file("film.mov", film, "video/quicktime")
        image = image_of(self.folder / f"{code}.img", case.device, mebibytes=24)
        bad = pages_of(image, film, 3)
        self.things.enter_context(failing(self.socket / "disk.img", image, bad))

    def limit(self, most):
        self.service.run("account", "limit", "small", most, *self.service.settings(), check=OK)

    def lay_image(self, code):
        image = image_of(self.folder / f"{code}.img", self.cases[code].device)
        shutil.copy(image, self.inbox / image.name)

    def lay_dirty(self, code):
        """An image of a FAT32 volume that says that it was not unmounted (`BS_Reserved1` of its boot sector)."""
        image = image_of(self.folder / f"{code}.img", self.cases[code].device, "FAT32")
        with open(image, "r+b") as file:
            file.seek(raw.MEBIBYTE + 0x41)
            file.write(b"\1")
        shutil.copy(image, self.inbox / image.name)

    def wrong_password(self, code):
        """An encrypted disk that the password of its manifest does not open, docked by hand with its sheet."""
        case = self.cases[code]
        part = raw.encrypt(raw.file_system(self.folder / f"{code}.img", "EXT4", case.device.path), "its own")
        self.service.dock(part, "--signature", f"{case.job}:{case.signature.split('signature:')[1].strip()}", check=REFUSED)

    def lay(self, code):
        shutil.copytree(self.cases[code].device.path, self.inbox / f"disk-{code}", symlinks=True)

    def bays(self):
        told = json.loads(self.service.run("bay", "list", "--json", *self.service.settings(), check=OK).stdout)
        return told["Bays"]

    def bay_of(self, code):
        here = [bay for bay in self.bays() if bay["JobId"] == self.cases[code].job]
        return here[0] if here else None

    def status(self, code):
        return self.service.api(self.cases[code].customer).get_status(JobId=self.cases[code].job)

    def shown(self, code):
        """What the customer's own command says of a job."""
        customer = self.cases[code].customer
        key = {"AWS_ACCESS_KEY_ID": customer.id, "AWS_SECRET_ACCESS_KEY": customer.secret}
        words = self.service.command("job", "status", self.cases[code].job)
        return subprocess.run(words, env=clean_environment(**key), capture_output=True, text=True, check=True).stdout

    def s3_of(self, code):
        return self.cellar.s3() if self.cases[code].bucket in ("full-data", "strict-data") else self.s3

    def account(self, word, service, name, bucket):
        service.run("account", word, name, "--import", bucket, *service.settings(), check=OK)

    def manifest_of(self, code):
        return importing(self.cases[code].bucket, prefix=f"{code}/")

    def unfit_manifest(self, code):
        """Another release took a manifest that this one does not."""
        unfit = self.manifest_of(code).replace("eraseDevice: no", "eraseDevice: perhaps")
        sealed.replace_manifest(self.service, self.cases[code].job, unfit)
        return unfit

    def update(self, code, text):
        api = self.service.api(self.customer)
        return api.update_job(JobId=self.cases[code].job, JobType="Import", Manifest=text, ValidateOnly=False)

    def fill_cellar(self):
        """Leaves the small store no room for another MiB, nor for much less."""
        client, number = self.cellar.s3(), 0
        for size in (1 << 20, 64 << 10, 4 << 10):
            while True:
                try:
                    client.put_object(Bucket="filler", Key=f"{number:04}", Body=os.urandom(size))
                    number += 1
                except ClientError as refused:
                    assert refused.response["ResponseMetadata"]["HTTPStatusCode"] == 507, refused
                    break

    def empty_cellar(self):
        client = self.cellar.s3()
        for key in report.keys_in(client, "filler"):
            client.delete_object(Bucket="filler", Key=key)

    def close(self):
        put_away(self.service, None)
        self.things.close()
        self.cellar.close()
        subprocess.run(["umount", "--lazy", self.small], check=True)


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    if not raw.is_root():
        pytest.skip("mounting a small disk needs an administrator")
    made = Room(tmp_path_factory.mktemp("holds"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def story(room):
    """Everything at once, so that nothing is waited for twice: all jobs are made, held, looked at, mended and done."""
    for code, bucket in (("BucketMissing", "gone-data"), ("BucketRights", "right-data"), ("StoreRefuses", "strict-data"),
                         ("StoreFull", "full-data")):
        room.make(code, bucket)
    for code in ("ManifestFault", "ByOperator", "ByCustomer", "SignatureWrong", "DiskFailing", "Dirty", *BY_HAND):
        room.make(code, "calm-data", **({"trueCryptPassword": "another"} if code == "PasswordWrong" else {}))
    room.make("TooLarge", "calm-data", customer=room.small_customer)
    room.limit("1kB")
    service = room.service

    room.s3.delete_bucket(Bucket="gone-data")
    room.account("deny", service, "studio", "right-*")
    room.account("deny", room.cellar, "loader", "strict-*")
    room.fill_cellar()
    unfit = room.unfit_manifest("ManifestFault")
    service.run("job", "hold", room.cases["ByOperator"].job, "--because", "The scales are being mended.", check=OK)
    studio = customer(service, room.customer)
    own = f"/jobs/{room.cases['ByCustomer'].job}"
    assert studio.send(f"{own}/hold", page=own, Because="I look for a file.")[0] == 303
    wrong = Path(room.cases["SignatureWrong"].device.path) / "SIGNATURE"
    text, sum_ = wrong.read_text().split("signature:")
    wrong.write_text(f"{text}signature:{'A' if sum_[0] != 'A' else 'B'}{sum_[1:]}")

    for code in ("BucketMissing", "BucketRights", "StoreRefuses", "StoreFull", "ManifestFault", "ByOperator", "ByCustomer",
                 "SignatureWrong"):
        room.lay(code)
    room.lay_dirty("Dirty")
    room.lay_image("TooLarge")
    room.plug_failing("DiskFailing")
    room.wrong_password("PasswordWrong")
    bare = room.folder / "bare"
    bare.mkdir()
    (bare / "one.txt").write_text("one")
    for code, thing in (("SignatureMissing", bare), ("PasswordNeeded", raw.luks(room.folder / "luks.img")),
                        ("FileSystemUnsupported", raw.btrfs(room.folder / "btrfs.img"))):
        service.dock(thing, "--job", room.cases[code].job, *(["--folder"] if thing == bare else []), check=REFUSED)

    def held(code):
        found = room.service.held_jobs().get(room.cases[code].job)
        return found if found and found["Held"]["Code"] == code else None

    def held_in_bay(code):
        found = room.bay_of(code)
        return found if found and found["State"] == "held" and found["Held"] == code else None

    for code, case in room.cases.items():
        case.listed = wait_for(lambda code=code: held(code), SOON, f"{code} holds its job")
        case.held = room.status(code)
        case.shown = room.shown(code)
        if code not in BY_HAND:
            case.bay = wait_for(lambda code=code: held_in_bay(code), SOON, f"a bay says {code}")

    room.client = signed_in(service, *service.settings())
    small = customer(service, room.small_customer)
    for case in room.cases.values():
        case.page = (small if case.customer is room.small_customer else studio).ask("GET", f"/jobs/{case.job}")[2]
    room.job_page = room.client.ask("GET", f"/jobs/{room.cases['DiskFailing'].job}")[2]
    room.bench_page = room.client.ask("GET", "/bench")[2]
    room.bays_table = service.run("bay", "list", *service.settings(), check=OK).stdout
    room.figures = urllib.request.urlopen(service.endpoints["api"] + "/metrics").read().decode()

    with pytest.raises(ClientError) as room.unfit_again:
        room.update("ManifestFault", unfit)
    room.still_held = room.service.held_jobs()[room.cases["ManifestFault"].job]["Held"]
    room.updated = room.update("ManifestFault", room.manifest_of("ManifestFault"))
    room.limit("1GB")
    room.s3.create_bucket(Bucket="gone-data")
    room.account("allow", service, "studio", "right-*")
    room.account("allow", room.cellar, "loader", "strict-*")
    room.empty_cellar()
    for code in ("ByOperator", "DiskFailing"):
        service.run("job", "resume", room.cases[code].job, check=OK)
    room.refused = service.run("job", "resume", room.cases["ByCustomer"].job, check=REFUSED).stderr
    for code in ("ByCustomer", "Dirty"):
        page = f"/jobs/{room.cases[code].job}"
        assert studio.send(f"{page}/resume", page=page)[0] == 303
    page = f"/jobs/{room.cases['StoreFull'].job}"
    room.not_theirs = studio.send(f"{page}/resume", page=page)
    case = room.cases["SignatureWrong"]
    (room.inbox / "disk-SignatureWrong" / "SIGNATURE").write_text(case.signature)
    service.run("bay", "look", case.bay["Station"], case.bay["Bay"], *service.settings(), check=OK)
    for code in BY_HAND:
        room.lay(code)

    def is_over(code):
        found = room.status(code)
        return found if found["ProgressCode"].startswith(("Complete", "Success")) else None

    for code, case in room.cases.items():
        case.done = wait_for(lambda code=code: is_over(code), SOON, f"{code} is mended and loaded")
    return room


@pytest.mark.parametrize("code", TOLD)
def test_a_hold_is_told_mended_and_gone_on_with(story, code):
    case = story.cases[code]
    # As long as nothing is loaded its customer may send another manifest, where that mends it.
    is_begun = code in WHILE_LOADED
    assert case.held["ProgressCode"] == ("InProgress" if is_begun else "Pending")
    message = case.held["ProgressMessage"]
    assert "On hold since 20" in message and TOLD[code] in message, message
    assert TOLD[code] in case.listed["Held"]["Message"], case.listed
    assert case.listed["Held"].get("Overdue", False) is False
    assert TOLD[code] in " ".join(case.shown.split()), case.shown
    if case.bay:
        assert case.bay["Sentence"], case.bay
    # The page of the job has the same words, and the buttons that are its customer's.
    held = case.page.split('<section class="hold"')[1].split("</section>")[0]
    said = TOLD[code].split(". ")[0].split(": ")[0].replace("`", "")
    assert said[1:] in held.replace("<bdi>", "").replace("</bdi>", "").replace("`", ""), held
    assert ("/resume" in held) == (code in ("ByCustomer", "Dirty")), held
    assert ("Load it as it is" in held) == (code == "Dirty")
    done = case.done
    s3 = story.s3_of(code)
    if code == "DiskFailing":
        return
    assert (done["ProgressCode"], done["ErrorCount"]) == ("Complete", 0), done
    report.check(report.fetch(s3, done), case.device, case.bucket)
    assert set(report.keys_in(s3, case.bucket, f"{code}/")) == set(case.device.loaded)


def test_both_amounts_are_told_of_what_is_too_large(story):
    told = story.cases["TooLarge"].held["ProgressMessage"]
    assert " kB on it, and 1.0 kB are allowed. Ask the operator for a higher limit; loading goes on by itself." in told, told


def test_who_has_a_job_wait_lets_it_go_on(story):
    assert "its customer alone lets go on" in story.refused, story.refused
    status, _, page = story.not_theirs
    assert status == 409 and "the operator alone lets go on" in page


def test_a_manifest_that_fits_no_more_is_sent_again(story):
    """One that is still wrong changes nothing. A right one lets the device go on that is in a bay already."""
    case = story.cases["ManifestFault"]
    refused = story.unfit_again.value.response
    assert refused["Error"]["Code"] == "InvalidManifestFieldException", refused
    assert "line 3: eraseDevice: `perhaps` is not yes or no" in refused["Error"]["Message"], refused
    assert story.still_held == case.listed["Held"]
    assert story.updated["Success"] is True and "On hold" not in story.updated.get("WarningMessage", ""), story.updated
    told = story.service.run("job", "history", case.job, "--json", *story.service.settings(), check=OK).stdout
    events = [line["Event"] for line in json.loads(told)["History"]]
    assert events[:5] == ["Created", "DeviceArrived", "Stopped", "Updated", "Resumed"], events
    assert events.count("Stopped") == 1, events


def test_a_failing_disk_is_told_held_and_loaded_as_it_is(story):
    case = story.cases["DiskFailing"]
    failing = case.bay["Failing"]
    assert failing == {"SaysSo": False, "BadRanges": 3, "Why": "3 ranges of it cannot be read"}, case.bay
    assert "he device does not function properly: 3 ranges of it cannot be read" in story.job_page
    assert "Failing disk" in story.bench_page and "3 ranges of the disk cannot be read." in story.bench_page
    row = next(line for line in story.bays_table.splitlines() if case.job in line)
    assert "Failing: 3 ranges of it cannot be read." in row, row
    assert 'longshore_bay_disk_failing{bay="W"} 1' in story.figures
    assert "longshore_bay_disk_temperature_celsius{" not in story.figures, "a loop device does not say"
    # It was said that it goes on: all that can be read is there, and what cannot is told.
    assert (case.done["ProgressCode"], case.done["ErrorCount"]) == ("SuccessWithErrors", 1), case.done
    lines = report.lines_of(report.fetch(story.s3, case.done))
    failed = [(line["File"], line["Status"], line["Code"]) for line in lines if line["Status"] not in ("200", "103")]
    assert failed == [("film.mov", "500", "ReadError")]
    assert set(report.keys_in(story.s3, case.bucket, "DiskFailing/")) == set(case.device.loaded) - {"DiskFailing/film.mov"}
    claims = [line for line in story.service.child.log.read_text(errors="replace").splitlines()
              if "job claimed" in line and case.job in line]
    assert len(claims) == 2, f"it is held once and loaded once: {claims}"


def test_a_customer_reads_of_no_store_host_or_other_account(story):
    secrets = ["127.0.0.1", "cellar", "strict\"", "loader", "LONGSHORESERVICE", story.cellar.key.id, str(story.folder)]
    host = os.uname().nodename
    for case in story.cases.values():
        sentences = (case.held["ProgressMessage"], case.done["ProgressMessage"], case.listed["Held"]["Message"])
        for told in sentences:
            assert not [secret for secret in (*secrets, host) if secret in told], told
        # Her links to the sheets are those of the service that she talks to, and the history of her device tells of stations.
        shown = case.shown.replace(story.service.endpoints["api"], "")
        for told in (shown, case.page.split("<main", 1)[1]):
            assert not [secret for secret in secrets if secret in told], told


def test_what_is_not_mended_is_not_tried_more_than_twice_a_minute(story):
    """The log of the service has a line for each claim of a job; those of one that waited are few."""
    log = story.service.child.log.read_text(errors="replace")
    for code in ("BucketMissing", "BucketRights", "StoreRefuses", "StoreFull", "ManifestFault"):
        job = story.cases[code].job
        denied = [line for line in log.splitlines() if "device denied" in line and job in line]
        claimed = [line for line in log.splitlines() if "job claimed" in line and job in line]
        assert len(denied) <= 4 and 1 <= len(claimed) <= 3, (code, denied, claimed)


def finishing(room, name):
    """A job whose bucket is gone, and whose report goes elsewhere."""
    room.s3.create_bucket(Bucket=f"{name}-data")
    case = room.make(name, f"{name}-data", logBucket="calm-data")
    room.s3.delete_bucket(Bucket=case.bucket)
    return case


def held_at_the_bench(room, name):
    room.lay(name)
    return wait_for(lambda: (bay := room.bay_of(name)) and bay["State"] == "held" and bay, SOON, f"{name} is held")


def test_a_job_is_finished_without_what_is_not_loaded(story):
    case = finishing(story, "calm-end")
    assert held_at_the_bench(story, "calm-end")["Held"] == "BucketMissing"
    words = ["job", "finish-without", case.job, "--because", "Nobody makes it."]
    asked = story.service.run(*words, check=REFUSED)
    assert "--yes" in asked.stderr, asked.stderr
    story.service.run(*words, "--yes", check=OK)
    done = wait_for(lambda: (told := story.status("calm-end")).get("LogKey") and told, SOON, "the bench finishes it by itself")
    lines = report.lines_of(report.fetch(story.s3, done))
    failed = [line for line in lines if (line["Status"], line["Code"]) == ("404", "BucketMissing")]
    assert {line["Key"] for line in failed} == {f"{case.bucket}/{key}" for key in case.device.loaded}
    assert done["ErrorCount"] == len(failed), done
    assert "Nobody makes it." in done["ProgressMessage"], done


def test_a_job_whose_report_has_no_bucket_is_not_finished(story):
    """The refusal names the bucket, and the job stands."""
    story.s3.create_bucket(Bucket="calm-none")
    case = story.make("calm-none", "calm-none")
    story.s3.delete_bucket(Bucket="calm-none")
    held_at_the_bench(story, "calm-none")
    refused = story.service.run("job", "finish-without", case.job, "--yes", check=REFUSED)
    assert "the bucket `calm-none`" in refused.stderr and "give-up" in refused.stderr, refused.stderr
    assert "On hold since" in story.status("calm-none")["ProgressMessage"]


def test_a_hold_that_nobody_mends_is_marked_as_overdue(story):
    """Two weeks pass in the database of a service that is stopped."""
    case = story.make("calm-wait", "calm-data")
    service = story.service
    service.run("job", "hold", case.job, "--because", "It waits.", check=OK)
    endpoints = service.endpoints
    service.stop()
    since = int(time.time()) - 15 * 24 * 3600
    told = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(since))
    with sqlite3.connect(service.data / "longshore.db") as database:
        database.execute("UPDATE jobs SET held_since = ?, state = json_set(state, '$.stopped.at', ?) WHERE id = ?",
                         (since, told, case.job))
    database.close()
    service.start(endpoints)
    held = service.held_jobs()[case.job]["Held"]
    assert held["Overdue"] is True and held["Since"] == told, held
    assert f"{case.job} " in (table := service.run("job", "list", "--all", "--held", *service.settings(), check=OK).stdout)
    assert "ByOperator (overdue)" in table, table
    operator, studio = signed_in(service, *service.settings()), customer(service, story.customer)
    for client in (operator, studio):
        page = client.ask("GET", f"/jobs/{case.job}")[2]
        assert '<section class="hold overdue"' in page and "Overdue: nobody has mended this" in page
        assert ">overdue<" in client.ask("GET", "/jobs?held=true")[2].replace("</span> ", ">").replace("</strong>", "<")
    assert "Überfällig" in studio.ask("GET", f"/jobs/{case.job}", **{"Accept-Language": "de"})[2]
