"""Who vouches for a log of custody: a witness written after C2SP `tlog-witness` and RFC 9162, and a timestamp authority of OpenSSL."""

import base64
import hashlib
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey


def node(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


def is_consistent(old, old_root, new, new_root, proof):
    """RFC 9162, 2.1.4.2."""
    if old == 0:
        return not proof
    if old == new:
        return not proof and old_root == new_root
    if not 0 < old < new or not proof:
        return False
    path = ([old_root] if old & (old - 1) == 0 else []) + proof
    fn, sn = old - 1, new - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    first = second = path[0]
    for step in path[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            first, second = node(step, first), node(step, second)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            second = node(second, step)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and (first, second) == (old_root, new_root)


class Posted:
    """Takes what is posted, and answers as `answer` says: a status, a content type and bytes."""

    def __init__(self):
        self.asked, outer = [], self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                outer.asked.append((self.path, self.headers["content-type"], body))
                status, kind, said = outer.answer(self.path, body)
                self.send_response(status)
                self.send_header("content-type", kind)
                self.send_header("content-length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_port}"

    def close(self):
        self.server.shutdown()


class Witness(Posted):
    """Signs the head of one log, if it has grown out of the one before."""

    def __init__(self, name):
        super().__init__()
        self.name, self.key = name, Ed25519PrivateKey.generate()
        self.log, self.size, self.root, self.lock = None, 0, None, threading.Lock()
        self.lies = False
        self.public = self.key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        self.id = hashlib.sha256(name.encode() + b"\n\x04" + self.public).digest()[:4]

    @property
    def vkey(self):
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(bytes([4]) + self.public).decode()}"

    def trust(self, vkey):
        """Knows a log from now on: `NAME+ID+KEY`."""
        name, key_id, key = vkey.strip().split("+", 2)
        self.log = name, bytes.fromhex(key_id), Ed25519PublicKey.from_public_bytes(base64.b64decode(key)[1:])

    def answer(self, path, body):
        plain = "text/plain"
        if path != "/add-checkpoint":
            return 404, plain, b"no such path\n"
        request, _, note = body.decode().partition("\n\n")
        old, *proof = request.split("\n")
        proof = [base64.b64decode(line, validate=True) for line in proof]
        text, _, signatures = note.partition("\n\n")
        origin, size, root = text.split("\n")
        if not self.log or origin != self.log[0]:
            return 404, plain, b"no such log\n"
        if not self.is_signed(text + "\n", signatures):
            return 403, plain, b"not signed\n"
        old, size, root = int(old.removeprefix("old ")), int(size), base64.b64decode(root)
        with self.lock:
            if old > size:
                return 400, plain, b"it shrinks\n"
            if old != self.size:
                return 409, "text/x.tlog.size", f"{self.size}\n".encode()
            if old == size and root != self.root and old:
                return 409, plain, b"another root\n"
            if not is_consistent(old, self.root, size, root, proof):
                return 422, plain, b"the proof proves nothing\n"
            self.size, self.root = size, root
        at = int(time.time())
        signed = self.key.sign(f"cosignature/v1\ntime {at}\n{text}\n".encode())
        if self.lies:
            signed = signed[::-1]
        line = base64.b64encode(self.id + at.to_bytes(8, "big") + signed).decode()
        return 200, plain, f"\u2014 {self.name} {line}\n".encode()

    def is_signed(self, text, signatures):
        name, key_id, key = self.log
        for line in signatures.splitlines():
            _, by, signature = line.split(" ")
            signature = base64.b64decode(signature)
            if by == name and signature[:4] == key_id:
                try:
                    key.verify(signature[4:], text.encode())
                except InvalidSignature:
                    continue
                return True
        return False


class TimestampAuthority(Posted):
    """`openssl ts -reply` behind HTTP."""

    def __init__(self, folder):
        super().__init__()
        self.folder, self.is_down = folder, False
        folder.mkdir()
        self.openssl("ecparam", "-genkey", "-name", "prime256v1", "-noout", "-out", "key.pem")
        self.openssl("req", "-x509", "-new", "-key", "key.pem", "-out", "certificate.pem", "-days", "30", "-subj", "/CN=Timestamps",
                     "-addext", "extendedKeyUsage = critical,timeStamping")
        (folder / "serial").write_text("01\n")
        (folder / "ts.cnf").write_text(
            "[tsa]\ndefault_tsa = t\n[t]\nserial = ./serial\nsigner_cert = ./certificate.pem\ncerts = ./certificate.pem\n"
            "signer_key = ./key.pem\nsigner_digest = sha256\ndefault_policy = 1.2.3.4.1\ndigests = sha256\n"
            "clock_precision_digits = 3\ness_cert_id_alg = sha256\n")

    def openssl(self, *words, check=True):
        return subprocess.run(["openssl", *words], cwd=self.folder, capture_output=True, text=True, check=check, timeout=60)

    def answer(self, path, body):
        if self.is_down:
            return 503, "text/plain", b"not now\n"
        (self.folder / "query").write_bytes(body)
        self.openssl("ts", "-reply", "-queryfile", "query", "-config", "ts.cnf", "-out", "reply")
        return 200, "application/timestamp-reply", (self.folder / "reply").read_bytes()

    def accepts(self, file, reply):
        """Whether a stranger who trusts this authority is satisfied."""
        return self.openssl("ts", "-verify", "-data", file, "-in", reply, "-CAfile", "certificate.pem",
                            check=False).returncode == 0
