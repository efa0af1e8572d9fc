"""Writes into a job store what another release has left there: values that are sealed as `docs/formats.md` has it."""

import hashlib
import hmac
import os
import sqlite3
import struct

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.ciphers.algorithms import ChaCha20

PREFIX = "longshore-secret-key-1 "


def replace_manifest(service, job, text):
    """Gives a job a manifest that the service has never read."""
    label = f"longshore seal 1 manifest {job}"
    with sqlite3.connect(service.data / "longshore.db", timeout=60) as database:
        changed = database.execute("UPDATE jobs SET manifest = ? WHERE id = ?", (_seal(service.data, label, text.encode()), job))
        assert changed.rowcount == 1
    database.close()


def _seal(data, label, plain):
    master = bytes.fromhex((data / "secret.key").read_text().strip().removeprefix(PREFIX))
    key = hmac.new(master, b"longshore sealing key 1", hashlib.sha256).digest()
    nonce = os.urandom(24)
    # XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03, 2.3): another key from the first 16 bytes, and the rest is the nonce.
    sealed = ChaCha20Poly1305(_hchacha20(key, nonce[:16])).encrypt(bytes(4) + nonce[16:], plain, label.encode())
    return b"\x01" + nonce + sealed


def _hchacha20(key, nonce):
    """The first and the last four words of the state after its rounds: a block of ChaCha20, without what it began with added."""
    block = struct.unpack("<16I", Cipher(ChaCha20(key, nonce), mode=None).encryptor().update(bytes(64)))
    begun = struct.unpack("<4I", b"expand 32-byte k") + struct.unpack("<4I", nonce)
    ends = block[:4] + block[12:]
    return struct.pack("<8I", *((word - was) % 2**32 for word, was in zip(ends, begun, strict=True)))
