"""Runs the built binary: the service, and the commands of operator and station.

A service has a data folder of its own and listens on free ports; it is ready when `/health`
answers, and it is stopped by its own process id.
"""

import configparser
import json
import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import boto3
from botocore.config import Config
from stores import Child, answers

ROOT = Path(__file__).resolve().parents[2]

# The public, named exit codes of the command line.
OK, ERROR, USAGE, SOME_FAILED, REFUSED, UNAVAILABLE = 0, 1, 2, 3, 4, 5


def binary():
    """The program under test."""
    path = Path(os.environ.get("LONGSHORE_BIN", ROOT / "target/debug/longshore"))
    assert path.exists(), f"{path} is not built: use `cargo xtask e2e`"
    return path


def clean_environment(**extra):
    """The environment without what would lead clients to other services or keys."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "LONGSHORE_"))}
    nowhere = {
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": "/nonexistent",
        "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
    }
    return kept | nowhere | extra


@dataclass(frozen=True)
class Key:
    """An access key."""

    id: str
    secret: str


def verify_receipt(receipt, *words, check):
    """Runs our own verifier, which needs nothing of the service."""
    done = subprocess.run([binary(), "receipt", "verify", receipt, *words], capture_output=True, text=True,
                          env=clean_environment(), check=False)
    assert done.returncode == check, done
    return done


def api_client(endpoint, key, signature="v4", region="us-east-1"):
    """An Import/Export client that signs with Version 4 (its default) or Version 2."""
    client = boto3.client(
        "importexport",
        endpoint_url=endpoint,
        region_name=region,
        aws_access_key_id=key.id,
        aws_secret_access_key=key.secret,
        config=Config(retries={"total_max_attempts": 1}, read_timeout=60),
    )
    if signature == "v2":
        client.meta.events.register_first("choose-signer.importexport", lambda **_: "v2")
    return client


def s3_client(endpoint, access_key, secret_key):
    """An S3 client that puts the bucket into the path."""
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=access_key,
        aws_secret_access_key=secret_key,
        config=Config(
            s3={"addressing_style": "path"},
            retries={"total_max_attempts": 1},
            max_pool_connections=16,
            read_timeout=120,
        ),
    )


class Service:
    """`longshore serve`, and the commands that go with its data folder."""

    def __init__(self, folder, config=None, program=None, user=None, words=()):
        self.folder = Path(folder)
        self.data = self.folder / "data"
        self.config = config
        self.program = program or binary()
        self.user = user
        self.words = words
        self.child = None
        self.starts = 0

    def start(self, endpoints=None, wait=True):
        """Starts the service and waits until it is ready. Without `endpoints` of an earlier run it
        listens on free ports."""
        api, store, console = (
            ((endpoints or {}).get(name) or "127.0.0.1:0").removeprefix("http://") for name in ("api", "s3", "console"))
        command = [self.program, "serve", "--data", self.data, "--listen", api, "--console-listen", console]
        command += ["--config", self.config] if self.config else ["--s3-listen", store]
        command += self.words
        self.starts += 1
        self.child = Child(f"serve-{self.starts}", self.folder, command, user=self.user, env=clean_environment())
        if wait:
            self.child.wait_until(self._ready, 60)
        return self

    def _ready(self):
        try:
            found = json.loads((self.data / "endpoints.json").read_text())
        except (OSError, ValueError):
            return False
        # The file of a service that was killed stays until the next one starts.
        return found["pid"] == self.pid and answers(found["api"] + "/health", range(200, 300))

    @property
    def pid(self):
        return self.child.process.pid

    def stop(self):
        """Asks the service to end, and sees that it does so with success."""
        code = self.child.stop(signal.SIGTERM, seconds=60)
        assert code == OK, f"the service ended with {code}:\n{self.child.tail()}"

    def kill9(self):
        """Ends the service as a power cut would."""
        self.child.process.kill()
        self.child.process.wait()

    def close(self):
        """Ends the service, whatever state a failed test left it in."""
        if self.child and self.child.process.poll() is None:
            self.child.stop(seconds=10)

    @property
    def endpoints(self):
        return json.loads((self.data / "endpoints.json").read_text())

    @property
    def key(self):
        """The key of the first account, as AWS tools would read it."""
        profiles = configparser.ConfigParser()
        profiles.read(self.data / "credentials")
        profile = profiles["default"]
        return Key(profile["aws_access_key_id"], profile["aws_secret_access_key"])

    def api(self, key=None, signature="v4", **options):
        return api_client(self.endpoints["api"], key or self.key, signature, **options)

    def s3(self, key=None):
        key = key or self.key
        return s3_client(self.endpoints["s3"], key.id, key.secret)

    def buckets(self, *names):
        """Makes buckets in the embedded store."""
        client = self.s3()
        there = {bucket["Name"] for bucket in client.list_buckets()["Buckets"]}
        for name in set(names) - there:
            client.create_bucket(Bucket=name)
        return client

    def command(self, *args, data=True):
        """The words of a command of this installation."""
        words = [self.program, *args] + (["--data", self.data] if data else [])
        return [str(word) if not isinstance(word, bytes) else word for word in words]

    def run(self, *args, check=None, timeout=600, told=None):
        """Runs a command, which is told something on its standard input; with `check`, sees that it ends with that code."""
        told = {"stdin": subprocess.DEVNULL} if told is None else {"input": told}
        done = subprocess.run(
            self.command(*args), **told, capture_output=True, text=True, errors="replace",
            timeout=timeout, env=clean_environment(), check=False, **({"user": self.user, "group": "nogroup", "extra_groups": []} if self.user else {}),
        )
        if check is not None:
            assert done.returncode == check, f"{args} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
        return done

    def dock(self, device, *args, check=None, timeout=1200, told=None):
        return self.run("dock", device, *args, check=check, timeout=timeout, told=told)

    def dock_in_background(self, device, *args):
        """Starts to dock and does not wait."""
        command = self.command("dock", device, *args)
        log = open(self.folder / "dock.log", "ab")  # noqa: SIM115: the process has it from here on.
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=clean_environment())

    def held_jobs(self):
        """The jobs that are on hold, as an operator sees them."""
        told = self.run("job", "list", "--all", "--held", "--json", *self.settings(), check=OK)
        return {job["JobId"]: job for job in json.loads(told.stdout)["Jobs"]}

    def settings(self):
        """The words that name another job store than the data folder's own."""
        return ["--config", self.config] if self.config else []

    def new_account(self, name, imports=(), exports=()):
        """Makes an account with rights to some buckets, and a key for it."""
        rights = [word for bucket in imports for word in ("--import", bucket)]
        rights += [word for bucket in exports for word in ("--export", bucket)]
        self.run("account", "create", name, *rights, *self.settings(), check=OK)
        return self.new_key(name)

    def new_key(self, account):
        done = self.run("key", "create", "--account", account, "--json", *self.settings(), check=OK)
        made = {name.lower().replace("_", ""): value for name, value in json.loads(done.stdout).items()}
        return Key(made["accesskeyid"], made["secretaccesskey"])


def wait_for(condition, seconds, what):
    """Waits until `condition()` gives something true, and gives it back."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"{what}: not within {seconds} s")

