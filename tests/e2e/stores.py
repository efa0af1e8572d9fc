"""Starts the stores and the database that the service is tested against.

Each server runs in the foreground as a child of the test run, on a free port, with everything it
writes under one temporary folder, and is stopped by its own process id.
"""

import base64
import glob
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path

ACCESS_KEY = "E2ESTOREKEY00000001"
SECRET_KEY = "e2e-store-secret-0000000000000000000001"


class NotReady(Exception):
    """A server did not answer in time, or ended."""


# Who runs files side by side has ports of its own: what is free now must not be found by two. Four
# of them, and their companions 10,000 above, never meet.
PORTS_OF_A_WORKER = 2400


def free_ports(count):
    """Different ports that are free now, low enough for a companion port 10,000 above."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    first = 20000 + worker % 4 * PORTS_OF_A_WORKER
    taken = []
    while len(taken) < count:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        port = first + port % PORTS_OF_A_WORKER
        if port not in taken and all(_is_free(p) for p in (port, port + 10000)):
            taken.append(port)
    return taken


def _is_free(port):
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def answers(url, statuses=range(200, 500)):
    """Whether an HTTP server answers at `url` with one of `statuses`."""
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return answer.status in statuses
    except urllib.error.HTTPError as error:
        return error.code in statuses
    except OSError:
        return False


class Child:
    """One server process with its log file."""

    def __init__(self, name, folder, command, user=None, env=None, cwd=None):
        self.name = name
        self.log = Path(folder) / f"{name}.log"
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=env,
                cwd=cwd,
                start_new_session=True,
                **({"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []} if user else {}),
            )

    def wait_until(self, ready, seconds):
        """Waits until `ready()` is true; raises NotReady with the end of the log otherwise."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise NotReady(f"{self.name} ended with {self.process.returncode}:\n{self.tail()}")
            if ready():
                return
            time.sleep(0.1)
        raise NotReady(f"{self.name} not ready after {seconds} s:\n{self.tail()}")

    def tail(self, characters=3000):
        return self.log.read_text(errors="replace")[-characters:]

    def stop(self, how=signal.SIGTERM, seconds=20):
        """Ends the process, gently at first."""
        if self.process.poll() is None:
            self.process.send_signal(how)
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        return self.process.returncode


class Stoppable:
    """A server that is stopped also when it did not come up."""

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()


class Postgres(Stoppable):
    """A PostgreSQL of its own, run by a user that is not root, as it demands."""

    def __init__(self):
        self.bin = self._programs()
        self.user = "postgres" if os.geteuid() == 0 else None
        self.folder = Path(tempfile.mkdtemp(prefix="longshore-e2e-pg-"))
        self.port = free_ports(1)[0]
        if self.user:
            shutil.chown(self.folder, self.user)
        self.child = None

    @staticmethod
    def _programs():
        found = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda p: int(p.split("/")[-2]))
        if not found:
            raise NotReady("no PostgreSQL on this machine: run `cargo xtask setup`")
        return Path(found[-1])

    def start(self):
        data = self.folder / "data"
        identity = {"user": self.user, "group": pwd.getpwnam(self.user).pw_gid} if self.user else {}
        subprocess.run(
            [self.bin / "initdb", "-D", data, "-U", "longshore", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C"],
            check=True, capture_output=True, cwd=self.folder, **identity,
        )
        self._run()

    def _run(self):
        data = self.folder / "data"
        command = [self.bin / "postgres", "-D", data, "-p", self.port, "-k", self.folder,
                   "-c", "listen_addresses=127.0.0.1", "-c", "max_connections=200"]
        self.child = Child("postgres", tempfile.gettempdir(), command, user=self.user, cwd=self.folder)
        self.child.wait_until(self._ready, 30)

    def _ready(self):
        check = [self.bin / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(check, check=False).returncode == 0

    def restart(self):
        """Stops at once, as a crash would, and starts again."""
        self.child.stop(signal.SIGQUIT)
        self._run()

    def database(self, name):
        """Makes an empty database and gives its URL."""
        command = [self.bin / "createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "longshore", name]
        subprocess.run(command, check=True, capture_output=True)
        return f"postgres://longshore@127.0.0.1:{self.port}/{name}"

    def stop(self):
        if self.child:
            self.child.stop(signal.SIGINT)
            self.child.log.unlink(missing_ok=True)
        shutil.rmtree(self.folder, ignore_errors=True)


class S3Store(Stoppable):
    """What the tests need to know of a running S3 store."""

    endpoint = None
    region = "us-east-1"
    access_key = ACCESS_KEY
    secret_key = SECRET_KEY

    def client(self, access_key=None, secret_key=None):
        import longshore

        return longshore.s3_client(self.endpoint, access_key or self.access_key, secret_key or self.secret_key)


class SeaweedFS(S3Store):
    """A SeaweedFS: master, volume server, filer and S3 gateway in one process."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="longshore-e2e-weed-"))
        self.child = None

    def start(self):
        master, volume, filer, s3 = free_ports(4)
        (self.folder / "data").mkdir()
        identities = self.folder / "s3.json"
        identities.write_text(json.dumps({"identities": [{
            "name": "e2e",
            "credentials": [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}],
            "actions": ["Admin", "Read", "Write", "List", "Tagging"],
        }]}))
        command = [Path(sys.executable).parent / "weed", "server",
                   f"-dir={self.folder / 'data'}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1",
                   f"-master.port={master}", f"-volume.port={volume}", "-master.volumeSizeLimitMB=256",
                   # Every bucket takes seven.
                   "-volume.max=1000", "-filer", f"-filer.port={filer}",
                   "-s3", f"-s3.port={s3}", f"-s3.config={identities}",
                   "-s3.port.iceberg=0", "-s3.port.lance=0", *self._more()]
        self.child = Child("seaweedfs", self.folder, command, cwd=self.folder)
        self.endpoint = f"http://127.0.0.1:{s3}"
        self.child.wait_until(self._ready, 60)

    def _more(self):
        """What else the gateway is told."""
        return []

    def _ready(self):
        """Ready is when an object can be put: the gateway answers well before a volume exists."""
        if not answers(self.endpoint):
            return False
        client = self.client()
        try:
            client.create_bucket(Bucket="e2e-ready")
        except client.exceptions.ClientError as error:
            if error.response["Error"]["Code"] not in ("BucketAlreadyExists", "BucketAlreadyOwnedByYou"):
                return False
        except OSError:
            return False
        try:
            client.put_object(Bucket="e2e-ready", Key="probe", Body=b"x")
            client.delete_object(Bucket="e2e-ready", Key="probe")
            client.delete_bucket(Bucket="e2e-ready")
            return True
        except Exception:  # noqa: BLE001: any failure means not ready yet; the deadline tells.
            return False

    def stop(self):
        if self.child:
            self.child.stop(seconds=2)
        shutil.rmtree(self.folder, ignore_errors=True)


class SeaweedWithRoles(SeaweedFS):
    """A SeaweedFS whose token service gives keys for a role that may do everything."""

    role = "arn:aws:iam::000000000000:role/longshore"

    def _more(self):
        def allow(**what):
            return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow"} | what]}

        file = self.folder / "iam.json"
        file.write_text(json.dumps({
            "sts": {"tokenDuration": "1h", "maxSessionLength": "12h", "issuer": "longshore-e2e",
                    "signingKey": base64.b64encode(bytes(32)).decode()},
            "policy": {"defaultEffect": "Deny", "storeType": "memory"},
            "roleStore": {"storeType": "memory"},
            "roles": [{"roleName": "longshore", "roleArn": self.role, "attachedPolicies": ["Everything"],
                       "trustPolicy": allow(Principal={"AWS": "*"}, Action=["sts:AssumeRole"])}],
            "policies": [{"name": "Everything", "document": allow(Action=["s3:*"], Resource=["arn:aws:s3:::*"])}],
        }))
        return [f"-s3.iam.config={file}"]


class Ceph(S3Store):
    """A Ceph of one monitor, manager, object store daemon and RADOS gateway, without systemd.

    The one store here that enforces access control lists.
    """

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="longshore-e2e-ceph-"))
        self.children = []

    def start(self):
        monitor, gateway = free_ports(2)
        self.endpoint = f"http://127.0.0.1:{gateway}"
        fsid = str(uuid.uuid4())
        self._write_config(fsid, monitor, gateway)
        self._monitor(fsid, monitor)
        self._start("ceph-mgr", "-i", "x")
        self._storage_daemon()
        rgw = self._start("radosgw", "-n", "client.rgw.a")
        rgw.wait_until(lambda: answers(self.endpoint), 120)
        self.add_user("e2e", ACCESS_KEY, SECRET_KEY)

    def _write_config(self, fsid, monitor, gateway):
        for name in ("mon", "mgr", "osd", "rgw", "run", "log"):
            (self.folder / name).mkdir()
        self.conf = self.folder / "ceph.conf"
        self.conf.write_text(f"""
[global]
fsid = {fsid}
mon host = v1:127.0.0.1:{monitor}
mon initial members = a
public network = 127.0.0.0/8
keyring = {self.folder}/keyring
run dir = {self.folder}/run
admin socket = {self.folder}/run/$name.$pid.asok
log file = {self.folder}/log/$name.log
crash dir = {self.folder}/run
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 8
osd pool default pg autoscale mode = off
mon allow pool size one = true
mon warn on pool no redundancy = false
osd crush chooseleaf type = 0
osd objectstore = bluestore
bluestore block size = 21474836480
osd memory target = 1073741824
ms bind ipv4 = true
ms bind ipv6 = false
[mon.a]
mon data = {self.folder}/mon
host = localhost
[mgr.x]
mgr data = {self.folder}/mgr
[osd.0]
osd data = {self.folder}/osd
host = localhost
[client.rgw.a]
rgw data = {self.folder}/rgw
rgw frontends = beast endpoint=127.0.0.1:{gateway}
rgw enable usage log = false
""")

    def _run(self, program, *args):
        command = [program, "-c", self.conf, *args]
        done = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=120, check=False)
        if done.returncode:
            raise NotReady(f"{program} {args}: {done.stderr[-2000:]}")
        return done.stdout

    @staticmethod
    def _key(keyring, name, *capabilities):
        """Adds a user of the cluster with a new key."""
        caps = [word for who, what in zip(capabilities[::2], capabilities[1::2]) for word in ("--cap", who, what)]
        create = [] if keyring.exists() else ["--create-keyring"]
        subprocess.run(["ceph-authtool", *create, keyring, "--gen-key", "-n", name, *caps],
                       check=True, capture_output=True)

    def _start(self, program, *args):
        child = Child(program, self.folder, [program, "-c", self.conf, *args, "-f"], cwd=self.folder)
        self.children.append(child)
        return child

    def _monitor(self, fsid, port):
        keyring, monmap = self.folder / "keyring", self.folder / "monmap"
        self._key(keyring, "mon.", "mon", "allow *")
        everything = [cap for part in ("mon", "mgr", "osd") for cap in (part, "allow *")]
        for name in ("client.admin", "client.rgw.a"):
            self._key(keyring, name, *everything)
        self._key(keyring, "mgr.x", "mon", "allow profile mgr", "osd", "allow *")
        self._key(keyring, "osd.0", "mon", "allow profile osd", "mgr", "allow profile osd", "osd", "allow *")
        subprocess.run(["monmaptool", "--create", "--fsid", fsid, "--addv", "a", f"[v1:127.0.0.1:{port}]", monmap],
                       check=True, capture_output=True)
        self._run("ceph-mon", "--mkfs", "-i", "a", "--monmap", monmap, "--keyring", keyring)
        self._start("ceph-mon", "-i", "a").wait_until(self._monitor_answers, 60)

    def _monitor_answers(self):
        try:
            self._run("ceph", "--connect-timeout", "5", "mon", "stat")
            return True
        except NotReady:
            return False

    def _storage_daemon(self):
        osd = str(uuid.uuid4())
        self._run("ceph", "osd", "new", osd)
        shutil.copy(self.folder / "keyring", self.folder / "osd" / "keyring")
        self._run("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", osd)
        daemon = self._start("ceph-osd", "-i", "0")
        daemon.wait_until(lambda: "1 up" in self._run("ceph", "osd", "stat"), 90)

    def add_user(self, name, access_key, secret_key):
        """Makes a user of the store."""
        self._run("radosgw-admin", "user", "create", "--uid", name, "--display-name", name,
                  "--access-key", access_key, "--secret-key", secret_key)

    def stop(self):
        for child in reversed(self.children):
            child.stop(seconds=10)
        shutil.rmtree(self.folder, ignore_errors=True)
