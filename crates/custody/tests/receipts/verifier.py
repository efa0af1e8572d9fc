"""Checks receipts and proofs after their specifications alone: RFC 9162, C2SP signed-note, PROTOCOL.sshsig.

    verifier.py receipt FILE FINGERPRINT VKEY    a receipt, signed by that key
    verifier.py proofs FILE                      lines of JSON with proofs of trees

Ends with status 0 if everything is right. Nothing of it is taken from the product.
"""

import base64
import hashlib
import json
import subprocess
import sys
import tempfile


def sha256(data):
    return hashlib.sha256(data).digest()


def leaf(line):
    return sha256(b"\x00" + line)


def node(left, right):
    return sha256(b"\x01" + left + right)


def split(count):
    k = 1
    while k * 2 < count:
        k *= 2
    return k


def tree(leaves):
    """MTH of RFC 9162, 2.1.1."""
    if not leaves:
        return sha256(b"")
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    return node(tree(leaves[:k]), tree(leaves[k:]))


def rebuilt(index, size, of_leaf, path):
    """The root that a path leads to: PATH of RFC 9162, 2.1.3.1, read backwards."""
    if size == 1:
        assert not path
        return of_leaf
    k = split(size)
    if index < k:
        return node(rebuilt(index, k, of_leaf, path[:-1]), path[-1])
    return node(path[-1], rebuilt(index - k, size - k, of_leaf, path[:-1]))


def subproof(m, leaves, is_whole):
    """SUBPROOF of RFC 9162, 2.1.4.1."""
    if m == len(leaves):
        return [] if is_whole else [tree(leaves)]
    k = split(len(leaves))
    if m <= k:
        return subproof(m, leaves[:k], is_whole) + [tree(leaves[k:])]
    return subproof(m - k, leaves[k:], False) + [tree(leaves[:k])]


def ed25519(key, message, signature):
    """Verifies with OpenSSL."""
    der = bytes.fromhex("302a300506032b6570032100") + key
    with tempfile.TemporaryDirectory() as folder:
        names = {}
        for name, content in {"key": der, "message": message, "signature": signature}.items():
            names[name] = f"{folder}/{name}"
            with open(names[name], "wb") as file:
                file.write(content)
        subprocess.run(
            ["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", names["key"],
             "-rawin", "-in", names["message"], "-sigfile", names["signature"]],
            check=True, stdout=subprocess.DEVNULL)


def texts(data):
    """The length-prefixed texts of RFC 4251."""
    found = []
    while data:
        length = int.from_bytes(data[:4], "big")
        assert length <= len(data) - 4
        found.append(data[4:4 + length])
        data = data[4 + length:]
    return found


def text(data):
    return len(data).to_bytes(4, "big") + data


def signed(message, armour, fingerprint):
    """Verifies a signature of PROTOCOL.sshsig, and gives the key."""
    blob = base64.b64decode("".join(armour.split("\n")[1:-2]), validate=True)
    assert blob[:10] == b"SSHSIG\x00\x00\x00\x01"
    public, namespace, reserved, algorithm, signature = texts(blob[10:])
    assert (namespace, reserved, algorithm) == (b"longshore-receipt", b"", b"sha512")
    shown = "SHA256:" + base64.b64encode(sha256(public)).decode().rstrip("=")
    assert shown == fingerprint, shown
    kind, key = texts(public)
    kind_again, signature = texts(signature)
    assert kind == kind_again == b"ssh-ed25519"
    whole = b"SSHSIG" + b"".join(
        map(text, [namespace, reserved, algorithm, hashlib.sha512(message).digest()]))
    ed25519(key, whole, signature)
    return key


def opened(note, vkey):
    """The text of a note that this key has signed (C2SP signed-note)."""
    name, number, key = vkey.split("+", 2)
    key = base64.b64decode(key)
    assert key[0] == 1
    assert number == sha256(name.encode() + b"\n" + key)[:4].hex(), "the number of the key"
    body, signatures = note.rsplit("\n\n", 1)
    for line in signatures.splitlines():
        dash, signer, encoded = line.split(" ")
        encoded = base64.b64decode(encoded)
        if dash == "—" and signer == name and encoded[:4].hex() == number:
            ed25519(key[1:], (body + "\n").encode(), encoded[4:])
            return key[1:], body + "\n"
    raise AssertionError("nobody signed it")


def check_receipt(path, fingerprint, vkey):
    with open(path, "rb") as file:
        receipt = file.read()
    place = receipt.index(b"\n-----BEGIN SSH SIGNATURE-----\n") + 1
    message, armour = receipt[:place], receipt[place:].decode()
    key = signed(message, armour, fingerprint)

    lines = message.split(b"\n")[:-1]
    head = json.loads(lines[0])
    assert (head["format"], head["version"]) == ("longshore-receipt", 1)
    events = lines[1:1 + head["events"]]
    prev, at, files = "0" * 64, "", {}
    for number, line in enumerate(events):
        event = json.loads(line)
        assert line.startswith(b'{"seq":%d,' % number), line
        assert (event["prev"], event["job"]) == (prev, head["job"])
        assert event["at"] >= at
        prev, at = hashlib.sha256(line).hexdigest(), event["at"]
        for file in event["files"] if event["event"] == "reported" else []:
            files[file["name"]] = file["sha256"]
        if event["event"] == "photographed":
            files[event["name"]] = event["sha256"]
    sums = lines[1 + head["events"]:-1]
    due = {f"SHA256 ({name}) = {digest}" for name, digest in files.items()}
    assert {line.decode() for line in sums} == due and len(sums) == len(due)

    places = json.loads(lines[-1])["tree"]
    of_log, checkpoint = opened(places["checkpoint"], vkey)
    assert of_log == key
    origin, size, root = checkpoint.splitlines()
    assert origin == head["installation"] + "/custody"
    assert len(places["events"]) == len(events)
    for line, place in zip(events, places["events"]):
        path = [bytes.fromhex(hash) for hash in place["path"]]
        assert rebuilt(place["index"], int(size), leaf(line), path) == base64.b64decode(root)


def check_proofs(path):
    leaves, roots = [], {0: tree([])}
    with open(path, encoding="utf-8") as file:
        for line in file:
            case = json.loads(line)
            proof = [bytes.fromhex(hash) for hash in case["path"]]
            while len(leaves) < case["size"]:
                leaves.append(leaf(b'{"seq":%d}' % len(leaves)))
                roots[len(leaves)] = tree(leaves)
            assert roots[case["size"]].hex() == case["root"], case
            if "index" in case:
                root = rebuilt(case["index"], case["size"], leaves[case["index"]], proof)
                assert root == roots[case["size"]], case
            else:
                assert proof == subproof(case["old"], leaves[:case["size"]], True), case
    assert len(leaves) > 100


if __name__ == "__main__":
    {"receipt": check_receipt, "proofs": check_proofs}[sys.argv[1]](*sys.argv[2:])
