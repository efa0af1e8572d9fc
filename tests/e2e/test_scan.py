"""A day at the table: everything by what a scanner types, nothing by hand."""

import json
import subprocess

import report
from benches import BUCKET, SOON, device_of, lay, until_complete
from device import Device, fill
from longshore import OK, REFUSED, clean_environment, wait_for
from manifests import importing

CAME, BACK = "1Z999AA10123456784", "123456789012"


class Scanner:
    """`longshore scan -`, and somebody who types."""

    def __init__(self, service):
        self.child = subprocess.Popen(
            service.command("scan", "-"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=clean_environment())

    def scan(self, code):
        """Scans a code, and reads the line that answers it."""
        self.child.stdin.write(code + "\r\n")
        self.child.stdin.flush()
        return self.child.stdout.readline()

    def end(self):
        self.child.stdin.close()
        assert self.child.stdout.read() == ""
        return self.child.wait(60)


def make(service, prefix):
    return service.api().create_job(JobType="Import", Manifest=importing(BUCKET, prefix=prefix), ValidateOnly=False)


def bay_with(service, name):
    """The bay in which a thing of this name lies, once it says whose it is, or that it does not know."""
    found = json.loads(service.run("bay", "list", "--json", check=OK).stdout)["Bays"]
    return next((bay for bay in found if name in (bay["Medium"] or "") and bay["State"] not in ("seen", "looking")), None)


def test_a_whole_day_without_a_browser_or_a_keyboard(new_service, tmp_path):
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    service = new_service(words=["--inbox", inbox])
    s3 = service.buckets(BUCKET)
    signed, sheet, canceled = (make(service, f"{name}/") for name in ("signed", "sheet", "canceled"))
    service.api().cancel_job(JobId=canceled["JobId"])
    scanner = Scanner(service)
    # A parcel comes; two slips are in it, and one of a job that is not to be loaded.
    assert "unannounced" in scanner.scan(CAME)
    assert "received at" in scanner.scan(signed["JobId"].lower())
    assert "received at" in scanner.scan(sheet["JobId"])
    assert "at " in (again := scanner.scan(sheet["JobId"])) and "already" in again
    assert "was canceled. Shelve it" in scanner.scan(canceled["JobId"])
    # Codes that mean nothing here, one of them an attack.
    assert "there is no job 9ZZZZ" in scanner.scan("9ZZZZ")
    assert "Nothing done" in scanner.scan("LSC:abort:0f3c")
    assert "\x1b" not in scanner.scan("\x1b[2J<script>")
    for job in (signed, sheet):
        assert service.api().get_status(JobId=job["JobId"])["LocationCode"] == "AtAWS"
    # One disk says itself whose it is; the other needs its sheet, and the tag of its bay.
    disk = device_of(tmp_path / "signed-disk", signed["SignatureFileContents"], "signed/", files=5)
    mute = Device(tmp_path / "mute-disk", "sheet/")
    fill(mute, 5)
    lay(disk.path, inbox)
    lay(mute.path, inbox)
    bay = wait_for(lambda: bay_with(service, "mute-disk"), SOON, "it is unknown")
    assert bay["State"] == "unknown", bay
    tag = f"LSB:{bay['Station']}:{bay['Bay']}"
    # The tag alone is answered with how the bay is, and that of none is no bay.
    assert f"Bay {bay['Bay']} of {bay['Station']}: {bay['Sentence']} Scan the sheet" in scanner.scan(tag)
    assert f"station `{bay['Station']}` has no bay `NOPE`" in scanner.scan(f"LSB:{bay['Station']}:NOPE")
    assert "may not give orders to station `nowhere`" in scanner.scan("LSB:nowhere:A")
    assert "Nothing done" in scanner.scan("?"), "and what follows is of no bay"
    assert "already" in scanner.scan(signed["JobId"])
    assert "mixed up?" in scanner.scan(tag), "a slip proves nothing"
    proof = f"{sheet['JobId']}:{sheet['Signature']}"
    assert "already" in scanner.scan(proof)
    assert f"as the device of job {sheet['JobId']}" in scanner.scan(tag)
    for job, shipped in ((signed, disk), (sheet, mute)):
        done = until_complete(service, job["JobId"])
        report.check(report.fetch(s3, done), shipped, BUCKET)
    # What is over goes back, together.
    assert scanner.scan(signed["JobId"]).count("Shelve it and send it back") == 1
    assert scanner.end() == REFUSED, "not every code was good"
    service.run("parcel", "return", CAME, "--carrier", "UPS", "--tracking", BACK, check=OK)
    for job in (signed, sheet, canceled):
        told = service.api().get_status(JobId=job["JobId"])
        assert (told["LocationCode"], told["TrackingNumber"]) == ("Returned", BACK)
    parcels = json.loads(service.run("parcel", "list", "--json", check=OK).stdout)["Parcels"]
    assert [(parcel["Number"], parcel["Direction"], len(parcel["Jobs"])) for parcel in parcels] == [
        (BACK, "out", 3), (CAME, "in", 3)]
    audit = json.loads(service.run("audit", "list", "--limit", "1000", "--json", check=OK).stdout)["Acts"]
    acts = {(act["Action"], act["Outcome"]) for act in audit}
    assert {("ReceiveParcel", "Done"), ("ReceiveParcel", "UnknownJob"), ("OrderStation", "Done"),
            ("ReturnDevice", "Done")} <= acts
