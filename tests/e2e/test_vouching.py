"""Others vouch for the log of custody: witnesses who sign its head, and an authority that says when a receipt was given."""

import json
import shutil
import urllib.request

import pytest
import report
from device import Device, fill
from longshore import OK, Service, verify_receipt, wait_for
from manifests import importing
from vouchers import TimestampAuthority, Witness

BUCKET = "vouched-data"
DIFFERS = 6


class World:
    """A service with two witnesses and a timestamp authority."""

    def __init__(self, folder):
        self.folder = folder
        self.witnesses = [Witness("witness.example/one"), Witness("witness.example/two")]
        self.authority = TimestampAuthority(folder / "authority")
        listed = ", ".join(f'{{ key = "{one.vkey}", url = "{one.url}" }}' for one in self.witnesses)
        config = folder / "longshore.toml"
        config.write_text(f'[embedded_store]\nlisten = "127.0.0.1:0"\n[custody]\nwitnesses = [{listed}]\n'
                          f'timestamp_url = "{self.authority.url}/tsr"\n')
        (folder / "service").mkdir()
        self.service = Service(folder / "service", config).start()
        self.s3 = self.service.buckets(BUCKET)

    def public(self, name):
        with urllib.request.urlopen(f"{self.service.endpoints['api']}/custody/{name}") as answer:
            return answer.read().decode()

    def facts(self):
        done = self.service.run("custody", "show", "--json", *self.service.settings(), "--server", self.service.endpoints["api"],
                                "--token-file", self.token(), check=OK)
        return json.loads(done.stdout)["Witnesses"]

    def token(self):
        file = self.folder / "operator.token"
        if not file.exists():
            made = self.service.run("operator", "add", "ann", "--role", "admin", *self.service.settings(), check=OK)
            file.write_text(made.stdout.strip())
            file.chmod(0o600)
        return file

    def load(self, number):
        """An import, and the receipt and its timestamp as they lie beside the report."""
        made = self.service.api().create_job(JobType="Import", Manifest=importing(BUCKET, prefix=f"{number}/"), ValidateOnly=False)
        device = Device(self.folder / f"disk-{number}", prefix=f"{number}/")
        fill(device, 3)
        device.sign(made["SignatureFileContents"])
        self.service.dock(device.path, check=OK)
        return self.service.api().get_status(JobId=made["JobId"])["LogKey"]

    def there(self, key):
        return bool(report.keys_in(self.s3, BUCKET, key))

    def fetch(self, key):
        file = self.folder / key.split("/")[-1]
        file.write_bytes(self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read())
        return file

    def close(self):
        self.service.close()
        for one in [*self.witnesses, self.authority]:
            one.close()


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path)
    yield world
    world.close()


def metric(world, name, witness):
    with urllib.request.urlopen(world.service.endpoints["api"] + "/metrics") as answer:
        line = f'{name}{{witness="{witness.name}"}} '
        [value] = [text.removeprefix(line) for text in answer.read().decode().splitlines() if text.startswith(line)]
    return float(value)


def test_receipts_are_witnessed_and_stamped_and_wait_for_nobody_who_is_silent(world):
    one, two = world.witnesses
    # Neither knows the log yet.
    wait_for(lambda: all(w["Trouble"] == "it does not know this log" for w in world.facts()), 60, "both are asked")
    vkey = world.public("vkey")
    one.trust(vkey)
    wait_for(lambda: world.facts()[0]["Trouble"] is None and world.facts()[0]["Size"] == one.size > 0, 60, "one has signed")

    # A receipt is given with whoever answers; the authority is down.
    world.authority.is_down = True
    log = world.load(1)
    wait_for(lambda: world.there(log + ".receipt"), 60, "the receipt is there")
    receipt = world.fetch(log + ".receipt")
    seen = verify_receipt(receipt, "--witness", one.vkey, "--fingerprint", fingerprint(world), check=OK)
    assert f"{one.name} saw that log at" in seen.stdout
    verify_receipt(receipt, "--witness", two.vkey, "--fingerprint", fingerprint(world), check=DIFFERS)
    assert not world.there(log + ".receipt.tsr")

    # It comes back, and the receipt has its timestamp without anybody doing anything.
    world.authority.is_down = False
    wait_for(lambda: world.there(log + ".receipt.tsr"), 120, "the timestamp is there")
    receipt, stamp = world.fetch(log + ".receipt"), world.fetch(log + ".receipt.tsr")
    assert world.authority.accepts(receipt, stamp)
    known = ("--fingerprint", fingerprint(world))
    assert "it was there at 2" in verify_receipt(receipt, *known, "--timestamp", stamp, check=OK).stdout
    changed = world.folder / "changed"
    changed.write_bytes(receipt.read_bytes() + b"\n")
    assert not world.authority.accepts(changed, stamp)
    broken = bytearray(stamp.read_bytes())
    broken[-5] ^= 1
    (world.folder / "broken.tsr").write_bytes(broken)
    assert not world.authority.accepts(receipt, world.folder / "broken.tsr")

    # Another has joined late, and one lies: the next receipt has the one who does not.
    two.trust(vkey)
    one.lies = True
    wait_for(lambda: world.facts()[1]["Trouble"] is None, 60, "the second has signed")
    log = world.load(2)
    wait_for(lambda: world.there(log + ".receipt.tsr"), 60, "the receipt is there")
    other, other_stamp = world.fetch(log + ".receipt"), world.fetch(log + ".receipt.tsr")
    verify_receipt(other, *known, "--witness", two.vkey, "--timestamp", other_stamp, check=OK)
    verify_receipt(other, *known, "--witness", one.vkey, check=DIFFERS)
    verify_receipt(other, *known, "--timestamp", stamp, check=DIFFERS)
    wait_for(lambda: "no signature by its key" in (world.facts()[0]["Trouble"] or ""), 60, "the lie is told")
    # The head that everybody is shown has who signed that one.
    head = wait_for(lambda: two.name in (text := world.public("checkpoint")) and text, 60, "the head is witnessed")
    assert one.name not in head


def fingerprint(world):
    facts = json.loads(world.service.run("custody", "show", "--json", *world.service.settings(), check=OK).stdout)
    return facts["Keys"][-1]["Fingerprint"]


def test_a_log_that_was_put_back_is_told_by_its_witnesses(world):
    one, two = world.witnesses
    one.trust(world.public("vkey"))
    wait_for(lambda: one.size > 0, 60, "the log is witnessed")
    world.service.stop()
    shutil.copytree(world.service.data, world.folder / "copy")
    world.service.start()
    grown = one.size
    world.load(1)
    wait_for(lambda: one.size > grown + 3, 60, "what came since is witnessed")
    assert metric(world, "longshore_witness_disputes", one) == 0 < metric(world, "longshore_witness_signed_timestamp_seconds", one)

    # The copy of before knows nothing of it, and goes on.
    world.service.stop()
    shutil.rmtree(world.service.data)
    shutil.copytree(world.folder / "copy", world.service.data)
    world.service.start()
    told = wait_for(lambda: (t := world.facts()[0]["Trouble"]) and "has not grown out of" in t and t, 60, "it is told")
    assert f"({one.size} events, and here are " in told, told
    assert metric(world, "longshore_witness_disputes", one) == 1
    # It grows to as many events, and others: that is no less told.
    while int(world.public("checkpoint").split("\n")[1]) <= one.size:
        world.service.api().create_job(JobType="Import", Manifest=importing(BUCKET), ValidateOnly=False)
    wait_for(lambda: "it answered 422" in (world.facts()[0]["Trouble"] or ""), 60, "the fork is told")
    assert "head of the log disputed" in world.service.child.log.read_text(errors="replace")
    assert two.size == 0
