"""The receipt of a real import, which a stranger checks with OpenSSH, coreutils and Python, from the commands of the guide."""

import json
import re
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

import pytest
import report
from device import Device, fill
from longshore import OK, REFUSED, ROOT, verify_receipt, wait_for
from manifests import importing

# What is not as it was has an exit code of its own.
DIFFERS = 6

BUCKET = "receipt-data"


class Story:
    """An import from the parcel to the return, and the two editions of its receipt."""

    def __init__(self, service, folder):
        self.service, self.folder = service, folder
        self.s3 = service.buckets(BUCKET)
        made = service.api().create_job(JobType="Import", Manifest=importing(BUCKET, prefix="p/"), ValidateOnly=False)
        self.job = made["JobId"]
        device = Device(folder / "disk", prefix="p/")
        fill(device, 12)
        device.sign(made["SignatureFileContents"])
        service.run("parcel", "receive", "1Z999AA10123456784", self.job, "--carrier", "UPS", "--condition", "wet",
                    "--seal", "S-7", check=OK)
        service.dock(device.path, check=OK)
        self.status = service.api().get_status(JobId=self.job)
        self.first = self.delivered(1)
        service.run("device", "return", self.job, "--carrier", "UPS", "--tracking", "1Z999AA10123456785", check=OK)
        self.last = self.delivered(2)
        for form in ("", ".jsonl", ".txt"):
            key = self.status["LogKey"] + form
            (folder / Path(key).name).write_bytes(self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read())
        self.signers = folder / "signers"
        self.signers.write_text(self.public("signers"))

    def public(self, name):
        with urllib.request.urlopen(f"{self.service.endpoints['api']}/custody/{name}") as answer:
            return answer.read().decode()

    def delivered(self, edition):
        """The file of an edition, once it lies beside the report."""
        key = self.status["LogKey"] + ".receipt"

        def text():
            found = report.keys_in(self.s3, BUCKET, key)
            body = self.s3.get_object(Bucket=BUCKET, Key=key) if found else None
            text = body["Body"].read() if body else b"{}"
            return text if json.loads(text.split(b"\n")[0]).get("edition", 0) >= edition else None

        file = self.folder / f"{edition}.receipt"
        file.write_bytes(wait_for(text, 120, f"edition {edition} lies beside the report"))
        return file

    def shell(self, command, receipt):
        """Runs a command of the guide on a receipt."""
        installation = json.loads(receipt.read_text().splitlines()[0])["installation"]
        command = re.sub(r"\bR\b", receipt.name, command.replace("dock.example", installation))
        return subprocess.run(["bash", "-c", command], cwd=self.folder, capture_output=True, text=True, check=False)


@pytest.fixture
def story(service, tmp_path):
    return Story(service, tmp_path)


def commands():
    """What a stranger does, as the guide says it."""
    guide = (ROOT / "docs/receipts.md").read_text()
    return [block.strip() for block in re.findall(r"```sh\n(.*?)```", guide, re.S)]


def test_a_receipt_tells_from_the_parcel_to_the_return_and_a_stranger_checks_it(story):
    lines = [json.loads(line) for line in story.last.read_text().splitlines() if line.startswith('{"seq":')]
    told = [line["event"] for line in lines]
    assert told == ["announced", "received", "received", "identified", "attempt", "docked", "probed", "planned", "loaded",
                    "reported", "undocked", "handed-over", "closed"]
    named = {line["event"]: line for line in lines}
    assert (named["identified"]["signature"], named["docked"]["read_only"]) == ("valid", False)
    # Nothing was lost on the way: the SIGNATURE is an entry that is left out.
    tally = named["loaded"]["tally"]
    assert named["planned"]["entries"] == tally["stored"] + tally["ignored"] and tally["stored"] > 0, (named, tally)
    assert named["probed"]["store_findings"]["md5"] == "honored", named["probed"]
    assert (lines[2]["by"]["kind"], lines[2]["by"]["how"]) == ("station", "station-token")
    assert (lines[2]["condition"], lines[2]["seal"]) == ("wet", "S-7")
    assert (lines[2]["tracking"], named["handed-over"]["tracking"]) == ("1Z999AA10123456784", "1Z999AA10123456785")
    assert {file["name"] for file in named["reported"]["files"]} == {
        Path(story.status["LogKey"] + form).name for form in ("", ".jsonl", ".txt")}
    first, last = ([line for line in receipt.read_text().splitlines() if line.startswith('{"seq":')]
                   for receipt in (story.first, story.last))
    # Whether the station had let go of the device when the first was given is chance.
    assert last[:len(first)] == first and len(last) - len(first) in (2, 3)

    fingerprints, signature, sums, chain = commands()
    shown = story.shell(fingerprints, story.last)
    facts = json.loads(story.service.run("custody", "show", "--json", check=OK).stdout)
    assert facts["Keys"][-1]["Fingerprint"] in shown.stdout, shown
    for receipt in (story.first, story.last):
        assert "Good" in story.shell(signature, receipt).stdout
        checked = story.shell(sums, receipt)
        assert checked.returncode == 0 and checked.stdout.count(": OK") == 3, checked
        assert story.shell(chain, receipt).returncode == 0


def test_the_receipt_for_people_has_the_one_that_counts_in_it(story):
    key = story.status["LogKey"] + ".receipt.pdf"

    def drawn():
        """The one that counts waits for no drawing, which comes after it."""
        pdf, attached = story.folder / "beside.pdf", story.folder / "drawn.receipt"
        pdf.write_bytes(story.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read())
        subprocess.run(["pdfdetach", "-save", "1", "-o", attached, pdf], check=True, timeout=60)
        return attached.read_bytes() == story.last.read_bytes()

    wait_for(drawn, 120, "the last edition is drawn")
    story.service.run("job", "receipt", story.job, "--pdf", story.folder / "asked.pdf", check=OK)
    for name in ("beside", "asked"):
        inside, pdf = story.folder / name, story.folder / f"{name}.pdf"
        inside.mkdir()
        subprocess.run(["pdfdetach", "-saveall", "-o", inside, pdf], check=True, timeout=60)
        [attached] = inside.iterdir()
        assert attached.name == Path(key).stem
        verify_receipt(attached, "--signers", story.signers, check=OK)
        said = subprocess.run(["pdftotext", "-layout", pdf, "-"], check=True, capture_output=True, text=True).stdout
        for text in (story.job, "Everything was loaded", "without errors", "nothing more is to come",
                     "1Z999AA10123456785", "station"):
            assert text in said, said
    # The head of the log moves on; what counts of one edition is the same.
    assert (story.folder / "beside" / Path(key).stem).read_bytes() == story.last.read_bytes()


def test_what_people_remark_is_in_an_edition_of_its_own(story):
    """A picture and a correction come after the end, which they do not undo."""
    picture = story.folder / "box 1.jpg"
    picture.write_bytes(b"a picture")
    service, job = story.service, story.job
    service.run("job", "photograph", job, picture, "--of", "damage", check=OK)
    service.run("job", "correct", job, "1", "--says", "It came by \"DHL\"\n-----BEGIN", "--because", "Misread.", check=OK)
    service.run("job", "correct", job, "99", "--says", "x", "--because", "y", check=REFUSED)
    last = story.delivered(3)
    lines = [json.loads(line) for line in last.read_text().splitlines() if line.startswith('{"seq":')]
    assert [line["event"] for line in lines[-3:]] == ["closed", "photographed", "corrected"]
    assert lines[-1]["of"] == 1 and "DHL" in lines[-1]["says"]
    told = verify_receipt(last, "--signers", story.signers, "--older", story.last, "--files", story.folder, check=OK)
    assert "not closed" not in told.stdout
    _, signature, sums, chain = commands()
    checked = story.shell(sums, last)
    assert checked.returncode == 0 and "box 1.jpg: OK" in checked.stdout, checked
    assert "Good" in story.shell(signature, last).stdout and story.shell(chain, last).returncode == 0


def test_the_packing_slip_says_by_what_the_receipt_is_known(story):
    made = story.service.api().create_job(JobType="Import", Manifest=importing(BUCKET), ValidateOnly=False)
    [slip] = [artifact["URL"] for artifact in made["ArtifactList"] if "slip" in artifact["URL"]]
    pdf = story.folder / "slip.pdf"
    with urllib.request.urlopen(slip) as answer:
        pdf.write_bytes(answer.read())
    said = subprocess.run(["pdftotext", "-layout", pdf, "-"], check=True, capture_output=True, text=True).stdout
    fingerprints, *_ = commands()
    shown = story.shell(fingerprints, story.last).stdout
    [fingerprint] = re.findall(r"SHA256:[A-Za-z0-9+/]{43}", shown)
    assert fingerprint in said
    for line in filter(None, story.public("checkpoint").split("\n")):
        assert line in said, (line, said)


def test_a_change_is_found_by_both(story):
    _, signature, sums, chain = commands()
    whole = story.last.read_bytes()
    changed = story.folder / "changed.receipt"
    changed.write_bytes(whole.replace(b'"carrier":"UPS"', b'"carrier":"DHL"', 1))
    assert "Good" not in story.shell(signature, changed).stdout
    assert story.shell(chain, changed).returncode != 0
    known = ("--signers", story.signers)
    told = verify_receipt(changed, *known, check=DIFFERS)
    assert "its `prev` is" in told.stderr, told.stderr

    verify_receipt(story.last, *known, "--files", story.folder, "--older", story.first, check=OK)
    own = verify_receipt(story.last, *known, "--log-url", story.service.endpoints["api"], check=OK)
    assert story.job in own.stdout
    csv = story.folder / Path(story.status["LogKey"]).name
    csv.write_bytes(csv.read_bytes().replace(b"OK", b"ok", 1))
    verify_receipt(story.last, *known, "--files", story.folder, check=DIFFERS)
    assert story.shell(sums, story.last).returncode != 0


def test_a_receipt_outlives_its_key_unless_that_was_stolen(story):
    service, known = story.service, ("--signers", story.signers)
    service.run("custody", "rotate", check=OK)
    story.signers.write_text(story.public("signers"))
    verify_receipt(story.last, *known, "--log-url", service.endpoints["api"], check=OK)
    again = story.folder / "again.receipt"
    service.run("job", "receipt", story.job, "--output", again, check=OK)
    verify_receipt(again, *known, "--older", story.last, check=OK)
    service.run("job", "receipt", story.job, "--output", again, check=1)

    service.run("custody", "rotate", "--lost", "A laptop is gone.", check=OK)
    revoked = story.folder / "revoked"
    revoked.write_text(story.public("revoked"))
    story.signers.write_text(story.public("signers"))
    verify_receipt(again, *known, "--revoked", revoked, check=DIFFERS)
    verify_receipt(story.last, *known, "--revoked", revoked, check=OK)


def test_receipts_are_kept_from_who_may_not_have_them(service):
    missing = service.run("job", "receipt", "ABCDE", check=REFUSED)
    assert "ABCDE" in missing.stderr
    for path in ("tile/entries/000", "tile/0/000.p/200", "tile/0/x", "events"):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"{service.endpoints['api']}/custody/{path}")
        assert refused.value.code == 404, path
