"""The ledger of two servers over one PostgreSQL, told into by many at once while one of them is killed: checked by a program of
thirty lines that knows nothing of ours."""

import base64
import hashlib
import json
import subprocess
import threading
import time
import urllib.request
from collections import Counter, defaultdict

import botocore.exceptions
import pytest
from longshore import Service, api_client
from manifests import importing
from test_seaweed_postgres import settings

BUCKET = "ledger-data"
EVENTS = 1000
CUSTOMERS = 6
KILLS = 3


class Ledger:
    """Two servers that share a database and its secret key."""

    def __init__(self, seaweed, postgres, tmp_path_factory):
        seaweed.client().create_bucket(Bucket=BUCKET)
        self.postgres, self.database = postgres, postgres.database("ledger")
        folder = tmp_path_factory.mktemp("ledger")
        self.servers = []
        for number in (1, 2):
            secret = self.servers[0].data / "secret.key" if self.servers else None
            config = folder / f"{number}.toml"
            config.write_text(settings(self.database, ("weed", "us-east-1", seaweed, "*"), secret=secret))
            self.servers.append(Service(tmp_path_factory.mktemp(f"server-{number}"), config).start())
        self.done, self.tried = Counter(), Counter()
        self.enough = threading.Event()

    def clients(self):
        """One for each server, which has the same address after it was killed."""
        return [api_client(server.endpoints["api"], self.servers[0].key) for server in self.servers]

    def act(self, what, act):
        """Does something that is one event. What is not answered may be done, or not."""
        try:
            answer = act()
        except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError):
            self.tried[what] += 1
            return None
        self.done[what] += 1
        return answer

    def customer(self, number):
        """Makes jobs, changes them and takes them back, at both servers in turn."""
        turn, clients = number, self.clients()
        while not self.enough.is_set():
            text = importing(BUCKET, deviceId=f"{number}-{turn}")
            first, second = clients[turn % 2], clients[(turn + 1) % 2]
            turn += 1
            made = self.act(("made", f"{number}-{turn}"), lambda: first.create_job(
                JobType="Import", Manifest=text, ValidateOnly=False))  # noqa: B023: it is called at once.
            if made is None:
                continue
            job = made["JobId"]
            self.act(("announced", job), lambda: True)
            self.act(("updated", job), lambda: second.update_job(  # noqa: B023
                JobId=job, JobType="Import", Manifest=text + "# again\n", ValidateOnly=False))  # noqa: B023
            self.act(("canceled", job), lambda: first.cancel_job(JobId=job))  # noqa: B023

    def events(self):
        # Customers go on meanwhile: a list of what is there is made at once.
        return sum(count for (what, _), count in list(self.done.items()) if what != "made")

    def lines(self):
        """Every line of the ledger, by an SQL client."""
        query = "SELECT leaf, job, seq, line FROM ledger ORDER BY leaf"
        command = [self.postgres.bin / "psql", "-At", "-F", "\t", "-d", self.database, "-c", query]
        told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
        return [line.split("\t") for line in told.splitlines()]

    def checkpoint(self, server):
        with urllib.request.urlopen(server.endpoints["api"] + "/custody/checkpoint") as answer:
            _, size, root, *_ = answer.read().decode().split("\n")
        return int(size), root


def root(hashes):
    """RFC 9162, 2.1.1."""
    if len(hashes) == 1:
        return hashes[0]
    half = 1 << ((len(hashes) - 1).bit_length() - 1)
    return hashlib.sha256(b"\1" + root(hashes[:half]) + root(hashes[half:])).digest()


@pytest.fixture
def ledger(seaweed, postgres, tmp_path_factory):
    ledger = Ledger(seaweed, postgres, tmp_path_factory)
    yield ledger
    for server in ledger.servers:
        server.close()


def test_two_servers_tell_a_thousand_events_without_gap_or_fork_and_a_kill_loses_and_doubles_none(ledger):
    customers = [threading.Thread(target=ledger.customer, args=(number,)) for number in range(CUSTOMERS)]
    for customer in customers:
        customer.start()
    addresses = [server.endpoints for server in ledger.servers]
    deadline, kills = time.monotonic() + 120, 0
    while ledger.events() < EVENTS and time.monotonic() < deadline:
        time.sleep(0.05)
        if kills < KILLS and ledger.events() > EVENTS * (kills + 1) // (KILLS + 1):
            kills += 1
            victim = ledger.servers[kills % 2]
            victim.kill9()
            victim.start(addresses[kills % 2])
    ledger.enough.set()
    for customer in customers:
        customer.join(60)
    assert ledger.events() >= EVENTS and kills == KILLS, (ledger.events(), kills)

    lines = ledger.lines()
    assert [int(leaf) for leaf, *_ in lines] == list(range(len(lines))), "no gap, and no place twice"
    chains = defaultdict(list)
    for _, job, seq, line in lines:
        chain = chains[job]
        event = json.loads(line)
        assert (event["seq"], event["job"]) == (int(seq), job or None) and int(seq) == len(chain), line
        before = hashlib.sha256(chain[-1].encode()).hexdigest() if chain else "0" * 64
        assert event["prev"] == before, line
        chain.append(line)
    told = Counter((json.loads(line)["event"], job) for _, job, _, line in lines if job)
    for what, count in ledger.done.items():
        if what[0] != "made":
            assert told[what] == count, (what, told[what], count)
    for what, count in told.items():
        assert count == 1, (what, count)
        known = ledger.done[what] + ledger.tried[what]
        # A job that was made and whose id nobody was told has one event, and nobody can ask for more.
        assert known == 1 or (what[0] == "announced" and len(chains[what[1]]) == 1), what

    head = root([hashlib.sha256(b"\0" + line.encode()).digest() for *_, line in lines])
    for server in ledger.servers:
        assert ledger.checkpoint(server) == (len(lines), base64.b64encode(head).decode())
