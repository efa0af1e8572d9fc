"""`kill -9` of the service at any moment loses no acknowledged job and no acknowledged object."""

import hashlib
import random
import threading
import time

import pytest
import report
from botocore.exceptions import BotoCoreError, ClientError
from manifests import importing

ROUNDS = 8
WRITERS = 4


class Customer(threading.Thread):
    """Makes, changes and cancels jobs until the service goes away, and notes what was acknowledged."""

    def __init__(self, service, seed):
        super().__init__()
        self.client = service.api()
        self.chance = random.Random(seed)
        self.jobs = {}
        self.doubtful = set()

    def run(self):
        try:
            while True:
                self.step()
        except (BotoCoreError, ClientError, OSError):
            pass

    def step(self):
        alive = [job for job, (_, state) in self.jobs.items() if state == "Pending" and job not in self.doubtful]
        action = self.chance.choice(["create", "create", "update", "cancel"]) if alive else "create"
        text = importing("kill-data", deviceId=f"D-{self.chance.randrange(10**9)}")
        if action == "create":
            made = self.client.create_job(JobType="Import", Manifest=text, ValidateOnly=False)
            self.jobs[made["JobId"]] = (text, "Pending")
            return
        job = self.chance.choice(alive)
        # Whether an unanswered change was made is open; an answered one is a promise.
        self.doubtful.add(job)
        if action == "update":
            self.client.update_job(JobId=job, JobType="Import", Manifest=text, ValidateOnly=False)
            self.jobs[job] = (text, "Pending")
        else:
            self.client.cancel_job(JobId=job)
            self.jobs[job] = (self.jobs[job][0], "Canceled")
        self.doubtful.discard(job)


class Uploader(threading.Thread):
    """Puts objects until the store goes away, and notes what was acknowledged."""

    def __init__(self, service, seed):
        super().__init__()
        self.s3 = service.s3()
        self.chance = random.Random(seed)
        self.seed = seed
        self.stored = {}

    def run(self):
        try:
            for number in range(100_000):
                key = f"{self.seed}/{number % 40}"
                body = self.chance.randbytes(self.chance.choice([0, 10, 5_000, 300_000]))
                self.stored.pop(key, None)  # While it is overwritten, either version may be there.
                self.s3.put_object(Bucket="kill-objects", Key=key, Body=body)
                self.stored[key] = hashlib.md5(body).hexdigest()
        except (BotoCoreError, ClientError, OSError):
            pass


def test_acknowledged_jobs_and_objects_survive(service):
    service.buckets("kill-data", "kill-objects")
    chance = random.Random(7)
    jobs, doubtful, objects = {}, set(), {}
    for round_ in range(ROUNDS):
        customers = [Customer(service, 100 * round_ + n) for n in range(WRITERS)]
        uploaders = [Uploader(service, f"{round_}-{n}") for n in range(2)]
        for thread in customers + uploaders:
            thread.start()
        time.sleep(chance.uniform(0.05, 1.5))
        service.kill9()
        for thread in customers + uploaders:
            thread.join(120)
            assert not thread.is_alive()
        for customer in customers:
            jobs |= customer.jobs
            doubtful |= customer.doubtful
        for uploader in uploaders:
            objects |= uploader.stored
        service.start()
        check_jobs(service, jobs, doubtful)
        check_objects(service, objects)
    assert len(jobs) > ROUNDS and len(objects) > ROUNDS, "the service was killed before it did anything"
    service.stop()
    service.start()
    check_jobs(service, jobs, doubtful)


def check_jobs(service, jobs, doubtful):
    client = service.api()
    listed = [j["JobId"] for page in client.get_paginator("list_jobs").paginate() for j in page["Jobs"]]
    assert len(listed) == len(set(listed))
    assert set(jobs) <= set(listed), "an acknowledged job is gone"
    for job, (text, state) in jobs.items():
        status = client.get_status(JobId=job)
        if job in doubtful:
            assert status["ProgressCode"] in ("Pending", "Canceled")
            continue
        assert (status["CurrentManifest"], status["ProgressCode"]) == (text, state), job


def check_objects(service, objects):
    s3 = service.s3()
    found = report.keys_in(s3, "kill-objects")
    assert set(objects) <= set(found), "an acknowledged object is gone"
    for key, digest in objects.items():
        body = s3.get_object(Bucket="kill-objects", Key=key)["Body"].read()
        assert hashlib.md5(body).hexdigest() == digest, key
    for key, size in found.items():
        body = s3.get_object(Bucket="kill-objects", Key=key)
        assert len(body["Body"].read()) == size
        assert body["ETag"].strip('"'), "half an object is visible"


@pytest.mark.parametrize("moment", [0.0, 0.01, 0.05, 0.2])
def test_a_service_killed_while_it_starts_starts_again(service, moment):
    service.buckets("kill-data")
    job = service.api().create_job(JobType="Import", Manifest=importing("kill-data"), ValidateOnly=False)["JobId"]
    for _ in range(3):
        service.kill9()
        service.start(wait=False)
        time.sleep(moment)
    service.kill9()
    service.start()
    assert service.api().get_status(JobId=job)["ProgressCode"] == "Pending"
