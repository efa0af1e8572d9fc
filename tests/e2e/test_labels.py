"""Labels, packing slips and signature sheets: from the API to a page whose barcodes a scanner reads."""

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import longshore
import pypdfium2
import pytest
import zxingcpp
from manifests import ADDRESS, importing, manifest

AWS = Path(sys.executable).parent / "aws"
SCRIPT = Path(__file__).parent / "js/labels.js"
MODULES = longshore.ROOT / "target/e2e/js/node_modules"


@pytest.fixture(scope="module")
def client(shared_service):
    shared_service.buckets("label-data")
    return shared_service.api()


def create(client, text):
    return client.create_job(JobType="Import", Manifest=text, ValidateOnly=False)


def snapshot(**options):
    """The manifest of an EBS import."""
    operation = {"source": "device", "destination": "ebs-snapshot", "region": "us-east-1",
                 "deviceCapacityGreaterThan1TB": "no"}
    return manifest(manifestVersion="3.0", logBucket="label-data", operations=[operation], **options)


def fetch(url):
    """Status, headers and body of what a link leads to, for somebody without any key."""
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.headers, refused.read()


def pages(url):
    """The pages of a sheet."""
    status, headers, body = fetch(url)
    assert (status, headers["Content-Type"]) == (200, "application/pdf")
    assert headers["Cache-Control"] == "private, no-store"
    return pypdfium2.PdfDocument(body)


def scanned(document):
    """What a scanner reads on the pages of a sheet."""
    found = set()
    for page in document:
        picture = page.render(scale=300 / 72).to_pil()
        found |= {code.text for code in zxingcpp.read_barcodes(picture)}
    return found


def text_of(document):
    return "\n".join(page.get_textpage().get_text_range() for page in document)


def test_a_packing_slip_and_a_signature_sheet_come_with_the_answer(client):
    made = create(client, snapshot(deviceId="Gerät-7"))
    job = made["JobId"]
    slip, sheet = made["ArtifactList"]
    assert [slip["Description"], sheet["Description"]] == ["Packing slip", "Signature barcode sheet"]
    assert job in scanned(pages(slip["URL"]))
    assert "Gerät-7" in text_of(pages(slip["URL"]))
    codes = scanned(pages(sheet["URL"]))
    assert f"{job}:{made['Signature']}" in codes
    assert made["SignatureFileContents"] in codes
    again = client.get_status(JobId=job)["ArtifactList"]
    assert [a["Description"] for a in again] == [slip["Description"], sheet["Description"]]
    assert scanned(pages(again[1]["URL"])) == codes


def test_an_ordinary_import_has_a_slip_alone_and_a_validation_nothing(client):
    made = create(client, importing("label-data"))
    assert [a["Description"] for a in made["ArtifactList"]] == ["Packing slip"]
    checked = client.create_job(JobType="Import", Manifest=importing("label-data"), ValidateOnly=True)
    assert checked["ArtifactList"] == []


def test_one_label_for_several_jobs(client):
    jobs = [create(client, importing("label-data"))["JobId"] for _ in range(3)]
    answer = client.get_shipping_label(
        jobIds=jobs, name="Ελένη Παπαδοπούλου", company="株式会社", country="Greece", city="Αθήνα",
        postalCode="104 31", street1="Οδός Ερμού 1", phoneNumber="+30 21 0123")
    assert "Warning" not in answer
    label = pages(answer["ShippingLabelURL"])
    assert set(jobs) <= scanned(label)
    printed = text_of(label)
    for words in ["Ελένη Παπαδοπούλου", "Οδός Ερμού 1", "Αθήνα"]:
        assert words in printed


def test_the_sender_is_the_return_address_unless_another_is_given(client):
    job = create(client, importing("label-data"))["JobId"]
    printed = text_of(pages(client.get_shipping_label(jobIds=[job])["ShippingLabelURL"]))
    for part in ["name", "company", "street1", "street2", "city", "postalCode"]:
        assert ADDRESS[part] in printed, part
    with pytest.raises(client.exceptions.InvalidAddressException) as caught:
        client.get_shipping_label(jobIds=[job], country="Germany")
    assert "street1" in caught.value.response["Error"]["Message"]


def test_a_customs_declaration_goes_behind_the_label(client):
    customs = {"dataDescription": "Land survey pictures.", "encryptedData": "no", "exportCertifierName": "Anne Roy",
               "requiresExportLicense": "no", "deviceValue": "180.00", "deviceCountryOfOrigin": "Thailand",
               "deviceType": "externalStorageDevice"}
    home = ADDRESS | {"country": "Canada", "stateOrProvince": "QC"}
    job = create(client, importing("label-data", returnAddress=home, customs=customs))["JobId"]
    printed = text_of(pages(client.get_shipping_label(jobIds=[job])["ShippingLabelURL"]))
    for words in ["Land survey pictures.", "Anne Roy", "180.00", "Thailand"]:
        assert words in printed


def test_a_link_that_was_changed_or_whose_job_is_gone_gives_nothing(client, shared_service):
    one, two = (create(client, snapshot()) for _ in range(2))
    url = one["ArtifactList"][1]["URL"]
    path, token = url.split("?token=")
    turned = token[:40] + ("A" if token[40] != "A" else "B") + token[41:]
    others_name = path.replace(one["JobId"], two["JobId"])
    for forged in [path, f"{path}?token=", f"{path}?token={turned}", f"{path}?token={token[:-4]}",
                   f"{others_name}?token={token}", url.replace("signature-sheet", "packing-slip")]:
        status, headers, body = fetch(forged)
        assert status == 403, forged
        assert headers["Content-Type"].startswith("text/plain") and b"%PDF" not in body
    assert fetch(url)[0] == 200
    client.cancel_job(JobId=one["JobId"])
    status, _, body = fetch(url)
    assert status == 410 and b"canceled" in body


def test_another_account_cannot_derive_a_link(client, shared_service):
    made = create(client, snapshot())
    theirs = shared_service.api(shared_service.new_account("label-stranger", ["label-data"]))
    for call in [lambda: theirs.get_status(JobId=made["JobId"]),
                 lambda: theirs.get_shipping_label(jobIds=[made["JobId"]])]:
        with pytest.raises(theirs.exceptions.InvalidJobIdException):
            call()
    own = create(theirs, snapshot())
    url = own["ArtifactList"][1]["URL"]
    assert own["Signature"] not in url and made["JobId"] not in url
    assert fetch(url.replace(own["JobId"], made["JobId"]))[0] == 403


def test_the_aws_cli_gets_a_label(shared_service, client, tmp_path):
    job = create(client, importing("label-data"))["JobId"]
    environment = longshore.clean_environment(
        AWS_SHARED_CREDENTIALS_FILE=str(shared_service.data / "credentials"), AWS_DEFAULT_REGION="us-east-1")
    command = [sys.executable, str(AWS), "--endpoint-url", shared_service.endpoints["api"], "importexport",
               "get-shipping-label", "--job-ids", job, "--name", "Jane Roe", "--company", "Example Corp",
               "--phone-number", "206-555-1111", "--country", "USA", "--state-or-province", "WA",
               "--city", "Anytown", "--postal-code", "91011-1111", "--street-1", "123 Any Street"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    printed = text_of(pages(json.loads(done.stdout)["ShippingLabelURL"]))
    assert "123 Any Street" in printed and "Anytown, WA 91011-1111" in printed


def test_the_javascript_sdk_gets_a_label(shared_service, client):
    jobs = [create(client, text)["JobId"] for text in
            [importing("label-data"), importing("label-data", serviceLevel="expeditedShipping")]]
    key = shared_service.key
    done = subprocess.run(
        ["node", SCRIPT, shared_service.endpoints["api"], key.id, key.secret, *jobs],
        capture_output=True, text=True, timeout=120, check=False, env=longshore.clean_environment(
            NODE_PATH=os.environ.get("LONGSHORE_E2E_NODE_PATH", str(MODULES)),
            AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE="1"))
    assert done.returncode == 0, done.stderr
    got = json.loads(done.stdout)
    assert got["label"]["Warning"].startswith("The jobs ask for different service levels")
    assert set(jobs) <= scanned(pages(got["label"]["ShippingLabelURL"]))
    assert got["status"]["ArtifactList"][0]["Description"] == "Packing slip"


def test_the_own_command_line_downloads_label_and_sheets(shared_service, client, tmp_path):
    credentials = str(shared_service.data / "credentials")
    environment = longshore.clean_environment(AWS_SHARED_CREDENTIALS_FILE=credentials)

    def run(*words, expect=longshore.OK):
        done = subprocess.run(shared_service.command("job", *words), capture_output=True, text=True, timeout=120,
                              env=environment, check=False)
        assert done.returncode == expect, done.stderr
        return done.stdout

    made = create(client, snapshot())
    job = made["JobId"]
    label = tmp_path / "label.pdf"
    assert "http://" in run("label", job, "--name", "Jane Roe", "--output", label)
    assert job in scanned(pypdfium2.PdfDocument(label))
    sheets = tmp_path / "sheets"
    told = run("artifacts", job, "--output", sheets)
    assert "Packing slip" in told and "Signature barcode sheet" in told
    names = sorted(path.name for path in sheets.iterdir())
    assert names == [f"packing-slip-{job}.pdf", f"signature-sheet-{job}.pdf"]
    codes = scanned(pypdfium2.PdfDocument(sheets / names[1]))
    assert f"{job}:{made['Signature']}" in codes
    assert len(json.loads(run("artifacts", job, "--json"))["ArtifactList"]) == 2
    assert "ShippingLabelURL" in json.loads(run("label", job, "--json"))
    run("label", "ZZZZZ", expect=longshore.REFUSED)
