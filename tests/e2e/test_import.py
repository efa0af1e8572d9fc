"""A docked folder arrives byte for byte, with every manifest option visible on the objects and one
true line for each file in the report."""

import json
import os
import urllib.error
import urllib.request
from urllib.parse import quote

import pytest
import report
from device import Device, add_awkward_names, fill, gzipped
from longshore import OK, SOME_FAILED, wait_for
from manifests import importing

HEADERS = {
    "prefix": "site-b/",
    "acl": "public-read",
    "cacheControl": "max-age=86400",
    "contentDisposition": "inline",
    "contentLanguage": "en",
    "defaultContentType": "application/x-unknown",
    "contentTypes": {"webm": "video/x-own", "JPG": "image/x-own"},
    "setContentEncodingForGzFiles": "yes",
    "diskTimestampMetadataKey": "disk-mtime",
    "staticMetadata": {"batch": "spring-16", "owner": "web team"},
    "storageClass": "REDUCED_REDUNDANCY",
    "ignore": [r"^lost\+found/", r"^\$Recycle\.bin/", r".*~$", r"\.(psd|PSD)$"],
}


def web_assets(root):
    """About 3,000 files: ordinary ones, awkward ones, and one of each special case."""
    device = Device(root, prefix="site-b/")
    fill(device, 2900)
    add_awkward_names(device, "application/x-unknown")
    device.file("film.webm", b"own type", "video/x-own")
    device.file("one.JPG", b"own type, in capitals", "image/x-own")
    device.file("two.jpg", b"usual type", "image/jpeg")
    device.file("noextension", b"?", "application/x-unknown")
    device.file("odd.qqq", b"?", "application/x-unknown")
    device.file("empty", b"", "application/x-unknown")
    device.file("page.html.gz", gzipped("<p>one"), "text/html", encoding="gzip")
    device.file("page2.html", gzipped("<p>two"), "text/html", encoding="gzip")
    device.file("page3.html", b"<p>three", "text/html")
    device.file("text.gzip", gzipped("four"), "application/x-unknown", encoding="gzip")
    device.file("not-gzip.txt.gz", b"five", "application/gzip")
    device.ignored("lost+found/#1234")
    device.ignored("$Recycle.bin/S-1-5/x.txt")
    device.ignored("notes.txt~")
    device.ignored("layout.psd")
    device.ignored("deep/er/LAYOUT.PSD")
    device.file("not-lost+found/kept.txt", b"the expression is anchored", "text/plain")
    device.link("link-to-file", "two.jpg")
    device.link("link-to-folder", "photos")
    device.link("link-outside", "/etc/passwd")
    device.link("link-to-nothing", "no/such/file")
    device.pipe("pipe")
    device.folder("empty folder/within")
    device.failing(b"latin1-caf\xe9.txt", 400, "InvalidFileName")
    device.failing(b"latin1-folder-\xfc/100%.txt", 400, "InvalidFileName")
    device.failing("/".join(["l" * 200] * 6) + "/leaf", 400, "KeyTooLongError")
    return device


def headers_are_there(_key, expected, answer):
    assert answer["CacheControl"] == "max-age=86400"
    assert answer["ContentDisposition"] == "inline"
    assert answer["ContentLanguage"] == "en"
    assert answer["StorageClass"] == "REDUCED_REDUNDANCY"
    metadata = dict(answer["Metadata"])
    assert metadata.pop("sha256", None) == (None if expected.bytes >= 32 << 20 else expected.sha256)
    assert int(float(metadata.pop("mtime"))) == expected.mtime, "as rclone writes it"
    assert metadata == {"batch": "spring-16", "owner": "web team", "disk-mtime": report.stamp(expected.mtime)}


def test_every_option_shows_and_every_file_arrives(service, tmp_path):
    s3 = service.buckets("www-assets", "www-logs")
    client = service.api()
    text = importing("www-assets", logBucket="www-logs", logPrefix="loads/2016/", **HEADERS)
    made = client.create_job(JobType="Import", Manifest=text, ValidateOnly=False)
    job = made["JobId"]
    device = web_assets(tmp_path / "disk")
    device.file("film.mp4", bytes(range(256)) * 4096 * 70, "video/mp4")  # 70 MiB: goes in parts.
    device.sign(made["SignatureFileContents"])

    service.dock(device.path, check=SOME_FAILED)

    report.compare(s3, "www-assets", device, headers_are_there)
    status = client.get_status(JobId=job)
    assert (status["LocationCode"], status["ProgressCode"]) == ("AtAWS", "SuccessWithErrors")
    assert status["ErrorCount"] == device.errors == 3
    assert (status["LogBucket"], status["LogKey"]) == ("www-logs", f"loads/2016/import-log-{job}")
    assert status["ProgressMessage"].startswith("The data load completed with 3")
    report.check(report.fetch(s3, status), device, "www-assets")
    logs = {f"loads/2016/import-log-{job}{form}" for form in report.FORMS}
    wait_for(lambda: set(report.keys_in(s3, "www-logs")) == logs, 30, "the receipt lies beside the report")
    parts = s3.head_object(Bucket="www-assets", Key="site-b/film.mp4")["ETag"]
    assert "-" in parts, "a large file goes in parts"

    anonymous = f"{service.endpoints['s3']}/www-assets/{quote('site-b/two.jpg')}"
    with urllib.request.urlopen(anonymous) as answer:
        assert answer.read() == b"usual type", "public-read means that everyone may read"

    service.run("device", "return", job, "--carrier", "UPS", "--tracking", "1Z999", check=OK)
    status = client.get_status(JobId=job)
    assert (status["LocationCode"], status["ProgressCode"]) == ("Returned", "SuccessWithErrors")
    assert (status["Carrier"], status["TrackingNumber"]) == ("UPS", "1Z999")
    assert status["LocationMessage"] == "Your device has been returned. The UPS tracking number is 1Z999."


def test_names_that_a_disk_cannot_hold_are_put_back(service, tmp_path):
    """Substitutions over prefix and path; two names on one key; a name that becomes empty."""
    s3 = service.buckets("vm-backups")
    client = service.api()
    text = importing("vm-backups", prefix="hosts$COLON$/", pinCode="0048121", substitutions={
        '"$COLON$" ': '":"', '"$QUOTE$" ': '"\\""', '"hosts:/gone"': '""'})
    made = client.create_job(JobType="Import", Manifest=text, ValidateOnly=False)
    device = Device(tmp_path / "disk")
    device.file("a$COLON$b.txt", b"1", "text/plain", key="hosts:/a:b.txt")
    device.file("say $QUOTE$hi$QUOTE$.txt", b"2", "text/plain", key='hosts:/say "hi".txt')
    device.file("dir$COLON$/x.txt", b"3", "text/plain", key="hosts:/dir:/x.txt")
    device.failing("gone", 400, "InvalidSubstitution")
    device.file("plain.txt", b"4", "text/plain", key="hosts:/plain.txt")
    # Both come to one key. Which of them is first is the device's affair.
    (tmp_path / "disk/twice$COLON$.txt").write_bytes(b"same size A")
    (tmp_path / "disk/twice:.txt").write_bytes(b"same size B")
    device.sign(made["SignatureFileContents"])

    service.dock(device.path, check=SOME_FAILED)

    status = client.get_status(JobId=made["JobId"])
    assert status["ErrorCount"] == 2
    lines = {line["File"]: line for line in report.lines_of(report.fetch(s3, status))}
    twins = [lines.pop("twice$COLON$.txt"), lines.pop("twice:.txt")]
    first, second = sorted(twins, key=lambda line: int(line["Status"]))
    assert (first["Status"], second["Status"], second["Code"]) == ("200", "409", "KeyCollision")
    kept = s3.get_object(Bucket="vm-backups", Key="hosts:/twice:.txt")["Body"].read()
    assert kept == (tmp_path / "disk" / first["File"]).read_bytes(), "the line is about the other file"
    assert set(lines) == set(device.expected)
    for name, expected in device.expected.items():
        assert (int(lines[name]["Status"]), lines[name]["Code"]) == (expected.status, expected.code)
    log = status["LogKey"]
    assert log == f"import-log-{made['JobId']}" and status["LogBucket"] == "vm-backups"
    report.compare(s3, "vm-backups", device, but=(log, "hosts:/twice:.txt"))


def test_objects_are_private_by_default(service, tmp_path):
    service.buckets("private-data")
    client = service.api()
    text = importing("private-data")
    made = client.create_job(JobType="Import", Manifest=text, ValidateOnly=False)
    device = Device(tmp_path / "disk")
    device.file("a.bin", b"secret", "application/octet-stream")
    device.sign(made["SignatureFileContents"])
    service.dock(device.path, check=OK)
    for key in ("a.bin", f"import-log-{made['JobId']}"):
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(f"{service.endpoints['s3']}/private-data/{key}")
        assert caught.value.code == 403
    status = client.get_status(JobId=made["JobId"])
    assert (status["ProgressCode"], status.get("ErrorCount", 0)) == ("Complete", 0)
    assert status["ProgressMessage"] == (
        f"The data loaded successfully. The log was saved to {status['LogKey']} in the bucket private-data.")


def test_a_device_without_files_is_complete(service, tmp_path):
    s3 = service.buckets("empty-data")
    client = service.api()
    made = client.create_job(JobType="Import", Manifest=importing("empty-data"), ValidateOnly=False)
    device = Device(tmp_path / "disk")
    device.sign(made["SignatureFileContents"])
    service.dock(device.path, check=OK)
    status = client.get_status(JobId=made["JobId"])
    assert status["ProgressCode"] == "Complete"
    report.check(report.fetch(s3, status), device, "empty-data")


def test_one_command_loads_a_folder(tmp_path):
    """`longshore import FOLDER --bucket B`, with nothing set up before."""
    import longshore

    device = Device(tmp_path / "folder")
    fill(device, 50)
    service = longshore.Service(tmp_path)
    done = service.run("import", device.path, "--bucket", "photos", "--json", check=OK)
    summary = json.loads(done.stdout)
    assert "photos" in json.dumps(summary) and "50" in json.dumps(summary)
    assert sorted(p.name for p in (tmp_path / "folder").iterdir()) == sorted(
        {name.split("/")[0] for name in device.expected}), "nothing is written to the folder"
    service.start()
    try:
        s3 = service.s3()
        logs = [key for key in report.keys_in(s3, "photos") if key.startswith("import-log-")]
        report.compare(s3, "photos", device, but=logs)
        assert len(logs) == len(report.FORMS), "the receipt is there when the command has ended"
    finally:
        service.close()


def test_a_file_that_cannot_be_read_is_a_line_in_the_report(readable_by_nobody):
    """The service and the station run as a user who may not read everything on the device."""
    service, folder = readable_by_nobody
    s3 = service.buckets("nobody-data")
    client = service.api()
    made = client.create_job(JobType="Import", Manifest=importing("nobody-data"), ValidateOnly=False)
    device = Device(folder / "disk")
    device.file("a.txt", b"open", "text/plain")
    device.failing("locked.txt", 500, "ReadError", b"closed", key="locked.txt")
    device.failing("locked/inside.txt", 500, "ReadError")
    device.expected["locked"] = device.expected.pop("locked/inside.txt")
    device.expected["locked"].bytes = 0
    device.sign(made["SignatureFileContents"])
    (folder / "disk/locked.txt").chmod(0)
    (folder / "disk/locked").chmod(0)
    service.dock(device.path, check=SOME_FAILED)
    status = client.get_status(JobId=made["JobId"])
    assert (status["ProgressCode"], status["ErrorCount"]) == ("SuccessWithErrors", 2)
    report.check(report.fetch(s3, status), device, "nobody-data")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make files that are somebody else's")
def test_a_device_of_others_that_reading_marks_is_told_of_once(readable_by_nobody):
    """A station without the right to read unmarked loads the device all the same, and says so once."""
    service, folder = readable_by_nobody
    if os.statvfs(folder).f_flag & os.ST_NOATIME:
        pytest.skip("nothing is marked on this file system")
    service.buckets("nobody-data")
    made = service.api().create_job(JobType="Import", Manifest=importing("nobody-data"), ValidateOnly=False)
    device = Device(folder / "disk")
    for number in range(20):
        device.file(f"{number}/a.txt", b"open", "text/plain")
    device.sign(made["SignatureFileContents"])
    told = service.dock(device.path, check=OK).stderr
    assert told.count("reading changes when files here were last read") == 1
