"""Who may have a device erased: each of the eight conditions, broken alone, leaves every byte of it; and how it goes back."""

import json
import subprocess
import urllib.request

import erasing
import pytest
import raw
import report
from device import Device, fill
from disks import attached
from erasing import DEVICE, END
from longshore import OK, REFUSED, SOME_FAILED, clean_environment, wait_for
from manifests import importing

BUCKET = "release-data"


@pytest.fixture
def make(new_service, tmp_path):
    """Makes a service with such rules for erasing."""
    return lambda **rules: erasing.service(new_service, tmp_path, BUCKET, **rules)


class Loaded:
    """An import of an image that is done, and what the image was then."""

    def __init__(self, service, folder, erase="yes", files=6, loses=False):
        folder.mkdir()
        self.service, self.s3 = service, service.s3()
        prefix = f"{folder.name}/"
        # Two files of which one key is made: the second is not loaded.
        lost = {"substitutions": {'"-second"': '"-first"'}} if loses else {}
        text = importing(BUCKET, deviceId=DEVICE, eraseDevice=erase, prefix=prefix, logPrefix=prefix, **lost)
        made = service.api().create_job(JobType="Import", Manifest=text, ValidateOnly=False)
        self.job = made["JobId"]
        device = Device(folder / "files", prefix=prefix)
        fill(device, files)
        for name in ("twin-first", "twin-second") if loses else ():
            device.file(name, name.encode(), None)
        device.sign(made["SignatureFileContents"])
        self.device = device
        self.image = raw.file_system(folder / "disk.img", "EXT4", device.path, mebibytes=16)
        service.dock(self.image, check=SOME_FAILED if loses else OK)
        self.before = raw.digest(self.image)

    def status(self):
        return self.service.api().get_status(JobId=self.job)

    def erase(self, *more, end=END, check):
        words = ("device", "erase", self.image, "--job", self.job, "--serial-end", end, "--yes", "--json", *more)
        return self.service.run(*words, check=check)

    def refused_by(self):
        """The conditions that are named by a dry run; then it is tried in earnest, and nothing happens."""
        words = ("device", "erase", self.image, "--job", self.job, "--serial-end", END, "--dry-run", "--json")
        would = json.loads(self.service.run(*words, check=REFUSED).stdout)
        self.erase(check=REFUSED)
        assert raw.digest(self.image) == self.before, "refused, and changed all the same"
        return sorted({it["condition"] for it in would["refusals"]})

    def run(self, *words, check=OK):
        return self.service.run(*words, check=check)

    def say(self, *words, check=OK):
        """What the customer says, with the key of the account."""
        key = self.service.key
        env = clean_environment(AWS_ACCESS_KEY_ID=key.id, AWS_SECRET_ACCESS_KEY=key.secret)
        command = self.service.command("job", *words[:1], self.job, *words[1:])
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, env=env, check=False)
        assert done.returncode == check, done

    def receipt(self, until):
        """The lines of the receipt, once the last of them is of such an event."""
        key = self.status()["LogKey"] + ".receipt"

        def told():
            if not report.keys_in(self.s3, BUCKET, key):
                return None
            self.text = self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
            lines = [json.loads(line) for line in self.text.splitlines() if line.startswith(b'{"seq":')]
            return lines if lines[-1]["event"] == until else None

        return wait_for(told, 120, f"the receipt ends with {until}")


def test_each_condition_broken_alone_leaves_the_device_as_it_is(make, tmp_path):
    service = make()
    loaded = Loaded(service, tmp_path / "a")
    log = loaded.status()["LogKey"] + ".jsonl"

    # 1: nobody wants it erased.
    kept = Loaded(service, tmp_path / "kept", erase="no")
    assert kept.refused_by() == [1]

    # 2: the report is not what was delivered, or is gone.
    told = loaded.s3.get_object(Bucket=BUCKET, Key=log)["Body"].read()
    loaded.s3.put_object(Bucket=BUCKET, Key=log, Body=told.replace(b"stored", b"STORED", 1))
    assert 2 in loaded.refused_by()
    loaded.s3.delete_object(Bucket=BUCKET, Key=log)
    assert 2 in loaded.refused_by()
    loaded.s3.put_object(Bucket=BUCKET, Key=log, Body=told)

    # 4: a file was lost. Its customer alone can give it up, and no other number of lines.
    lost = Loaded(service, tmp_path / "lost", loses=True)
    assert lost.refused_by() == [4]
    lost.say("release", "--give-up-lines", "2", check=REFUSED)
    assert lost.refused_by() == [4]
    lost.say("release", "--give-up-lines", "1")
    lost.erase(check=OK)
    assert not lost.image.read_bytes().strip(b"\0")
    [released] = [line for line in lost.receipt("erased") if line["event"] == "released"]
    assert (released["rule"], released["gives_up"], released["by"]["kind"]) == ("customer", 1, "account")

    # 6: the customer objects.
    loaded.say("object", "--because", "We miss a folder.")
    assert loaded.refused_by() == [6]
    assert "you object since" in loaded.status()["ProgressMessage"]
    loaded.say("object", "--withdraw")

    # 7: another image of the same name and size, with its own SIGNATURE.
    theirs = kept.image.read_bytes()
    own = loaded.image.read_bytes()
    loaded.image.write_bytes(theirs)
    loaded.before = raw.digest(loaded.image)
    assert loaded.refused_by() == [7]
    # And one with the SIGNATURE of the job, which its customer has put onto two.
    twin = raw.file_system(tmp_path / "twin.img", "EXT4", loaded.device.path, mebibytes=16)
    loaded.image.write_bytes(twin.read_bytes())
    loaded.before = raw.digest(loaded.image)
    assert loaded.refused_by() == [7]
    told = loaded.run("dock", loaded.image, check=REFUSED).stderr
    assert "another device than the one that was loaded" in told, told
    loaded.image.write_bytes(own)
    loaded.before = raw.digest(loaded.image)

    # 8: nobody has named it rightly; then it is in use.
    loaded.erase(end="XXXX", check=REFUSED)
    if raw.is_root():
        with attached(loaded.image):
            loaded.erase(check=REFUSED)
    assert raw.digest(loaded.image) == loaded.before

    # All of them hold.
    loaded.erase(check=OK)
    assert not loaded.image.read_bytes().strip(b"\0")
    assert "was erased (clear)" in loaded.status()["ProgressMessage"]
    told = ["objected", "objection-withdrawn", "released", "erase-started", "erased"]
    events = [line["event"] for line in loaded.receipt("erased")]
    # The other device was here in between.
    assert [event for event in events if event in told] == told, events
    checked_by_openssh(service, loaded.text, tmp_path)
    loaded.run("device", "return", loaded.job, "--carrier", "UPS", "--tracking", "1Z1")
    assert [line["event"] for line in loaded.receipt("closed")][-2:] == ["handed-over", "closed"]


def checked_by_openssh(service, text, folder):
    """What a stranger does with OpenSSH alone."""
    with urllib.request.urlopen(f"{service.endpoints['api']}/custody/signers") as answer:
        (folder / "signers").write_bytes(answer.read())
    body, armour = text.split(b"-----BEGIN SSH SIGNATURE-----", 1)
    (folder / "armour").write_bytes(b"-----BEGIN SSH SIGNATURE-----" + armour)
    principal = (folder / "signers").read_text().split()[0]
    words = ["ssh-keygen", "-Y", "verify", "-f", folder / "signers", "-I", principal, "-n", "longshore-receipt"]
    verify = [*words, "-s", folder / "armour"]
    assert subprocess.run(verify, input=body, capture_output=True).returncode == 0
    changed = body.replace(b'"method":"clear"', b'"method":"purge"')
    assert changed != body and subprocess.run(verify, input=changed, capture_output=True).returncode != 0


def test_what_the_rules_ask_for_beyond_stands_against_it(make, tmp_path):
    # 3: a proof that was not made; 5: the word of the manifest has to wait.
    loaded = Loaded(make(requires="read-back", hold_hours=24), tmp_path / "a")
    assert loaded.refused_by() == [3, 5]


def test_files_that_were_lost_are_given_up_by_the_customer_alone(make, tmp_path):
    service = make(release="customer")
    loaded = Loaded(service, tmp_path / "a")
    # 5: the customer has not released it.
    assert loaded.refused_by() == [5]
    assert "until you release it" in loaded.status()["ProgressMessage"]
    # Nobody gives up what was not lost, nor more.
    loaded.say("release", "--give-up-lines", "3", check=REFUSED)
    assert loaded.refused_by() == [5]
    loaded.say("release")
    loaded.erase(check=OK)
    assert not loaded.image.read_bytes().strip(b"\0")
    released = [line for line in loaded.receipt("erased") if line["event"] == "released"]
    assert [(it["rule"], it["by"]["kind"]) for it in released] == [("customer", "account")]


def test_a_device_goes_back_unerased_only_with_a_word_that_the_receipt_tells(make, tmp_path):
    loaded = Loaded(make(hold_hours=24), tmp_path / "a")
    back = ("device", "return", loaded.job, "--carrier", "UPS", "--tracking", "1Z1")
    assert "is to be erased" in loaded.run(*back, check=REFUSED).stderr
    loaded.run(*back, "--unerased", "As asked by phone.", "--authority", "Jane Roe")
    told = loaded.receipt("closed")
    assert [line["event"] for line in told][-3:] == ["returned-unerased", "handed-over", "closed"]
    assert (told[-3]["authority"], told[-3]["reason"]) == ("Jane Roe", "As asked by phone.")
    assert raw.digest(loaded.image) == loaded.before


def test_a_comparison_of_the_whole_bucket_is_a_proof_once_the_receipt_tells_it(make, tmp_path):
    loaded = Loaded(make(requires="verify-full"), tmp_path / "a")
    assert loaded.refused_by() == [3]
    loaded.run("verify", loaded.job, "--bucket")
    assert loaded.refused_by() == [3], "what nobody tells proves nothing"
    loaded.run("verify", loaded.job, "--bucket", "--tell")
    loaded.erase(check=OK)
    assert not loaded.image.read_bytes().strip(b"\0")
    assert [line["differences"] for line in loaded.receipt("erased") if line["event"] == "verified"] == [0]
