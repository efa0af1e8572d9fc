"""Starts the services that take the images of devices: moto, which emulates the EBS direct APIs and
uploads in one request to Glacier, and a small Glacier of our own for uploads in parts, which moto
does not know.

Ours is honest: it checks signatures, hashes, ranges and sizes as the Glacier Developer Guide has
them, and refuses what is wrong.
"""

import hashlib
import json
import re
import shutil
import sys
import tempfile
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from stores import Child, Stoppable, answers, free_ports

ACCESS_KEY = "E2ECLOUDKEY00000001"
SECRET_KEY = "e2e-cloud-secret-0000000000000000000001"

MEBIBYTE = 1 << 20
PATH = re.compile(r"/(-|\d{12})/vaults/([A-Za-z0-9._-]+)(?:/(archives|multipart-uploads)(?:/([\w-]+))?)?")


def client(service, endpoint, region):
    """A boto3 client that tries once."""
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name=region,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
        config=Config(retries={"total_max_attempts": 1}, read_timeout=60),
    )


class Moto(Stoppable):
    """moto as a server."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="longshore-e2e-moto-"))
        self.port = free_ports(1)[0]
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.child = None

    def start(self):
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", self.port]
        self.child = Child("moto", self.folder, command)
        self.child.wait_until(lambda: answers(self.endpoint + "/moto-api/", range(200, 400)), 60)

    def client(self, service, region):
        return client(service, self.endpoint, region)

    def reads(self, snapshot):
        """How many blocks of a snapshot were read so far."""
        return self.child.log.read_text().count(f"GET /snapshots/{snapshot}/blocks/")

    def stop(self):
        if self.child:
            self.child.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def tree_hash(data):
    """The SHA-256 tree hash, level by level as the guide tells it."""
    level = [hashlib.sha256(data[at:at + MEBIBYTE]).digest() for at in range(0, len(data), MEBIBYTE)]
    level = level or [hashlib.sha256(b"").digest()]
    while len(level) > 1:
        pairs = [level[at:at + 2] for at in range(0, len(level), 2)]
        level = [hashlib.sha256(b"".join(pair)).digest() if len(pair) == 2 else pair[0] for pair in pairs]
    return level[0].hex()


class Refusal(Exception):
    """An answer that is an error."""

    def __init__(self, status, code, message):
        super().__init__(message)
        self.status, self.code = status, code


def invalid(message):
    return Refusal(400, "InvalidParameterValueException", message)


class Upload:
    """An upload in parts."""

    def __init__(self, vault, part_bytes, description):
        self.vault, self.part_bytes, self.description = vault, part_bytes, description
        self.parts = {}  # Data by offset.

    def put(self, first, last, data, tree):
        if first % self.part_bytes or last - first + 1 > self.part_bytes:
            raise invalid("the range does not align with the part size")
        if last - first + 1 != len(data):
            raise invalid("the range is not as long as the body")
        check_tree(data, tree)
        self.parts[first] = data

    def whole(self, size, tree):
        """The archive, if nothing is missing and the hash is right."""
        data = b""
        for offset in sorted(self.parts):
            if offset != len(data):
                raise invalid(f"bytes from {len(data)} on are missing")
            data += self.parts[offset]
        if len(data) != size:
            raise invalid(f"the parts have {len(data)} bytes, not {size}")
        check_tree(data, tree)
        return data


def check_tree(data, tree):
    if tree_hash(data) != tree:
        raise invalid("the tree hash does not match the data")


class Glacier(Stoppable):
    """Vaults, uploads and archives, in memory. `archives` are tuples of vault, description and data by id."""

    PAGE = 3

    def __init__(self, *vaults):
        self.vaults = set(vaults)
        self.uploads, self.archives, self.completed = {}, {}, {}
        self.puts = []  # Upload and offset of every part that was taken.
        self.trouble = []  # Statuses to answer the next parts with.
        self.delay = 0  # Seconds a part takes.
        self.lock = threading.Lock()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self.server.server_port}"

    def start(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def client(self, region):
        return client("glacier", self.endpoint, region)

    def _handler(self):
        glacier = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def respond(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                if self.command == "PUT":
                    time.sleep(glacier.delay)
                try:
                    check_signature(self, body)
                    status, headers, document = glacier.answer(self.command, self.path, self.headers, body)
                except Refusal as refusal:
                    status, headers = refusal.status, {}
                    document = {"code": refusal.code, "message": str(refusal), "type": "Client"}
                answer = json.dumps(document).encode() if document is not None else b""
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                if status != 204:
                    self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_GET = do_POST = do_PUT = do_DELETE = respond

        return Handler

    def answer(self, method, path, headers, body):
        """Status, headers and document that answer a request."""
        path, _, query = path.partition("?")
        found = PATH.fullmatch(path)
        if not found:
            raise Refusal(404, "UnrecognizedRequest", f"there is nothing at {path}")
        _, vault, kind, name = found.groups()
        if vault not in self.vaults:
            raise Refusal(404, "ResourceNotFoundException", f"Vault not found: {vault}")
        operation = {
            ("GET", None, False): self._describe,
            ("POST", "archives", False): self._upload_archive,
            ("POST", "multipart-uploads", False): self._initiate,
            ("PUT", "multipart-uploads", True): self._put_part,
            ("GET", "multipart-uploads", True): self._list_parts,
            ("POST", "multipart-uploads", True): self._complete,
            ("DELETE", "multipart-uploads", True): self._abort,
        }.get((method, kind, name is not None))
        if operation is None:
            raise Refusal(405, "UnrecognizedRequest", f"{method} is nothing to do with {path}")
        with self.lock:
            return operation(vault, name, headers, query, body)

    def _describe(self, vault, *_):
        return 200, {}, {"VaultName": vault, "NumberOfArchives": len(self.archives)}

    def _upload_archive(self, vault, _name, headers, _query, body):
        check_tree(body, headers["x-amz-sha256-tree-hash"])
        return self._store(vault, description_of(headers), body)

    def _initiate(self, vault, _name, headers, _query, _body):
        part_bytes = int(headers["x-amz-part-size"])
        if part_bytes not in [MEBIBYTE << power for power in range(13)]:
            raise invalid(f"{part_bytes} is not a power of two MiB of at most 4 GiB")
        upload = "up-" + uuid.uuid4().hex
        self.uploads[upload] = Upload(vault, part_bytes, description_of(headers))
        location = f"/-/vaults/{vault}/multipart-uploads/{upload}"
        return 201, {"x-amz-multipart-upload-id": upload, "Location": location}, None

    def _upload(self, vault, name):
        upload = self.uploads.get(name)
        if upload is None or upload.vault != vault:
            raise Refusal(404, "ResourceNotFoundException", f"The upload ID was not found: {name}")
        return upload

    def _put_part(self, vault, name, headers, _query, body):
        upload = self._upload(vault, name)
        if self.trouble:
            raise Refusal(self.trouble.pop(0), "ThrottlingException", "slow down")
        first, last = map(int, re.fullmatch(r"bytes (\d+)-(\d+)/\*", headers["Content-Range"]).groups())
        upload.put(first, last, body, headers["x-amz-sha256-tree-hash"])
        if len(upload.parts) > 10_000:
            raise invalid("more than 10,000 parts")
        self.puts.append((name, first))
        return 204, {"x-amz-sha256-tree-hash": tree_hash(body)}, None

    def _list_parts(self, vault, name, _headers, query, _body):
        upload = self._upload(vault, name)
        after = int(query.removeprefix("marker=") or 0)
        offsets = [offset for offset in sorted(upload.parts) if offset >= after]
        parts = [{"RangeInBytes": f"{offset}-{offset + len(upload.parts[offset]) - 1}",
                  "SHA256TreeHash": tree_hash(upload.parts[offset])} for offset in offsets[:self.PAGE]]
        marker = str(offsets[self.PAGE]) if len(offsets) > self.PAGE else None
        document = {"MultipartUploadId": name, "PartSizeInBytes": upload.part_bytes, "Parts": parts, "Marker": marker}
        return 200, {}, document

    def _complete(self, vault, name, headers, _query, _body):
        if name in self.completed:  # Idempotent for a while.
            return self._stored(vault, self.completed[name])
        upload = self._upload(vault, name)
        data = upload.whole(int(headers["x-amz-archive-size"]), headers["x-amz-sha256-tree-hash"])
        del self.uploads[name]
        answer = self._store(vault, upload.description, data)
        self.completed[name] = answer[1]["x-amz-archive-id"]
        return answer

    def _abort(self, vault, name, *_):
        self._upload(vault, name)
        del self.uploads[name]
        return 204, {}, None

    def _store(self, vault, description, data):
        archive = uuid.uuid4().hex + "_" + uuid.uuid4().hex
        self.archives[archive] = (vault, description, data)
        return self._stored(vault, archive)

    def _stored(self, vault, archive):
        headers = {
            "x-amz-archive-id": archive,
            "x-amz-sha256-tree-hash": tree_hash(self.archives[archive][2]),
            "Location": f"/{'1' * 12}/vaults/{vault}/archives/{archive}",
        }
        return 201, headers, None


def description_of(headers):
    description = headers.get("x-amz-archive-description", "")
    if len(description) > 1024 or not all(" " <= letter <= "~" for letter in description):
        raise invalid("the description is not up to 1,024 printable ASCII characters")
    return description


def check_signature(handler, body):
    """Computes the signature as botocore does, from what was received, and compares."""
    headers = handler.headers
    if headers.get("x-amz-glacier-version") != "2012-06-01":
        raise Refusal(400, "MissingParameterValueException", "no API version")
    if headers["x-amz-content-sha256"] != hashlib.sha256(body).hexdigest():
        raise invalid("the SHA-256 does not match the body")
    found = re.fullmatch(r"AWS4-HMAC-SHA256 Credential=([^/]+)/\d{8}/([\w-]+)/glacier/aws4_request, "
                         r"SignedHeaders=([\w;-]+), Signature=([0-9a-f]{64})", headers.get("Authorization", ""))
    if not found or found[1] != ACCESS_KEY:
        raise Refusal(403, "UnrecognizedClientException", "the access key is unknown")
    _, region, names, signature = found.groups()
    signed = {name: headers[name] for name in names.split(";")}
    request = AWSRequest(handler.command, f"http://{headers['Host']}{handler.path}", signed)
    request.context["timestamp"] = headers["x-amz-date"]
    auth = SigV4Auth(Credentials(ACCESS_KEY, SECRET_KEY), "glacier", region)
    string = auth.string_to_sign(request, auth.canonical_request(request))
    if auth.signature(string, request) != signature:
        raise Refusal(403, "InvalidSignatureException", "the signature does not match")
