"""Requests no client would send. Every answer is XML with a documented code and a request id, and
nobody else has to wait."""

import re
import socket
import time
from urllib.parse import urlencode, urlsplit

import pytest
from manifests import importing

FORM = "application/x-www-form-urlencoded; charset=utf-8"
XML = re.compile(
    r"<ErrorResponse xmlns=\"http://importexport\.amazonaws\.com/doc/2010-06-01/\">\s*<Error>\s*"
    r"<Type>(?P<type>\w+)</Type>\s*<Code>(?P<code>\w+)</Code>\s*<Message>(?P<message>.*?)</Message>\s*</Error>\s*"
    r"<RequestId>(?P<id>[0-9a-f-]{36})</RequestId>\s*</ErrorResponse>", re.DOTALL)


def connect(service):
    address = urlsplit(service.endpoints["api"])
    return socket.create_connection((address.hostname, address.port), timeout=90)


def read_answer(connection):
    """Status, headers and body of one answer, read to the end of the connection."""
    received = b""
    try:
        while block := connection.recv(65536):
            received += block
    except ConnectionResetError:
        pass
    head, _, body = received.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return int(first.split()[1]), headers, body.decode()


def send(service, body=b"", method="POST", target="/", headers=()):
    """Sends one request byte by byte as given."""
    body = body.encode() if isinstance(body, str) else body
    head = [f"{method} {target} HTTP/1.1", "Host: importexport.example", "Connection: close"]
    named = {name.lower() for name, _ in headers}
    if "content-type" not in named:
        head.append(f"Content-Type: {FORM}")
    if "content-length" not in named and "transfer-encoding" not in named:
        head.append(f"Content-Length: {len(body)}")
    head += [f"{name}: {value}" for name, value in headers]
    with connect(service) as connection:
        try:
            connection.sendall("\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + body)
        except OSError:
            pass  # The service may answer before it has all.
        return read_answer(connection)


def fault(answer, status, code):
    """Checks the shape of a refusal, and gives its message."""
    found_status, headers, body = answer
    assert headers["content-type"].startswith("text/xml"), body
    shape = XML.search(body)
    assert shape, body
    assert (found_status, shape["code"]) == (status, code), body
    assert headers["x-amzn-requestid"] == shape["id"]
    assert shape["type"] == "Sender"
    return shape["message"]


def v2(service, **parameters):
    """The parameters of a Version 2 request with a signature that is none."""
    claims = {
        "AWSAccessKeyId": service.key.id, "SignatureVersion": "2", "SignatureMethod": "HmacSHA256",
        "Timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "Signature": "AAAA",
    }
    return urlencode(parameters | claims)


CASES = {
    "nothing at all": (dict(body=""), 403, "MissingAuthenticationToken"),
    "a GET without anything": (dict(method="GET"), 403, "MissingAuthenticationToken"),
    "no credentials": (dict(body="Action=ListJobs"), 403, "MissingAuthenticationToken"),
    "bad percent": (dict(body="Action=%zz&JobId=%"), 404, "MalformedQueryString"),
    "bad UTF-8": (dict(body="Action=%FF%FE"), 404, "MalformedQueryString"),
    "twice the same": (dict(body="Action=ListJobs&Action=CancelJob"), 404, "MalformedQueryString"),
    "garbage authorization": (
        dict(body="Action=ListJobs", headers=[("Authorization", "AWS4-HMAC-SHA256 garbage")]),
        400, "IncompleteSignature"),
    "half a scope": (
        dict(body="Action=ListJobs", headers=[("Authorization", (
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20260101, SignedHeaders=host, Signature=00"))]),
        400, "IncompleteSignature"),
}


@pytest.mark.parametrize("case", CASES)
def test_every_refusal_is_xml_with_its_documented_code(shared_service, case):
    request, status, code = CASES[case]
    fault(send(shared_service, **request), status, code)


def test_signatures_that_are_none_are_refused(shared_service):
    body = v2(shared_service, Action="ListJobs", Version="2010-06-01")
    fault(send(shared_service, body), 403, "SignatureDoesNotMatch")
    fault(send(shared_service, method="GET", target=f"/?{body}"), 403, "SignatureDoesNotMatch")
    fault(send(shared_service, body, target="/some/other/path"), 403, "SignatureDoesNotMatch")
    stranger = body.replace(shared_service.key.id, "AKIAIOSFODNN7EXAMPLE")
    fault(send(shared_service, stranger), 403, "InvalidClientTokenId")
    old = re.sub(r"Timestamp=\d{4}", "Timestamp=2011", body)
    assert send(shared_service, old)[0] in (400, 403)
    unknown_method = body.replace("HmacSHA256", "HmacMD5")
    assert send(shared_service, unknown_method)[0] in (400, 403)


def test_unknown_and_missing_actions_are_told(shared_service):
    """Signed well, so that the action is looked at."""

    def rename(action):
        def change(params, **_):
            if action is None:
                del params["body"]["Action"]
            else:
                params["body"]["Action"] = action
        return change

    for action, code in (("DropTables", "InvalidAction"), (None, "MissingAction")):
        client = shared_service.api()
        client.meta.events.register("before-call.importexport.ListJobs", rename(action))
        with pytest.raises(client.exceptions.ClientError) as caught:
            client.list_jobs()
        assert caught.value.response["Error"]["Code"] == code


def test_a_body_that_is_too_large_is_refused_and_read_no_further(shared_service):
    body = b"Action=CreateJob&Manifest=" + b"x" * (3 << 20)
    fault(send(shared_service, body), 413, "InvalidParameterException")
    # However long it says it is, it is not read to the end.
    endless = send(shared_service, b"x" * (17 << 20), headers=[("Content-Length", "99999999999")])
    fault(endless, 413, "InvalidParameterException")
    chunk = b"100000\r\n" + b"y" * 0x100000 + b"\r\n"
    chunked = send(shared_service, chunk * 4 + b"0\r\n\r\n", headers=[("Transfer-Encoding", "chunked")])
    fault(chunked, 413, "InvalidParameterException")


@pytest.mark.parametrize("raw", [
    b"\x00\x01\x02\x03\r\n\r\n",
    b"GET\r\n\r\n",
    b"POST / HTTP/9.9\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
    b"POST / HTTP/1.1\r\n" + b"X: " + b"a" * 1_000_000 + b"\r\n\r\n",
    b"POST / HTTP/1.1\r\n" + b"X: a\r\n" * 5000 + b"\r\n",
], ids=["binary", "word", "version", "negative", "smuggled", "long header", "many headers"])
def test_what_is_not_http_is_refused(shared_service, raw):
    with connect(shared_service) as connection:
        connection.settimeout(90)
        try:
            connection.sendall(raw)
            connection.shutdown(socket.SHUT_WR)
            received = connection.recv(65536)
        except OSError:
            received = b""  # Let go without a word.
    assert received == b"" or received.split()[1][:1] == b"4", received
    shared_service.api().list_jobs()


def test_slow_senders_keep_nobody_waiting(shared_service):
    """200 connections that have sent half a head or half a body."""
    shared_service.buckets("hostile-data")
    slow = []
    try:
        for number in range(200):
            connection = connect(shared_service)
            half = b"POST / HTTP/1.1\r\nHost: a\r\n" if number % 2 else (
                b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nAction=")
            connection.sendall(half)
            slow.append(connection)
        client = shared_service.api()
        for _ in range(20):
            client.create_job(JobType="Import", Manifest=importing("hostile-data"), ValidateOnly=False)
        assert len(client.list_jobs()["Jobs"]) >= 20
    finally:
        for connection in slow:
            connection.close()


def test_hostile_manifests_are_answered_in_time(shared_service):
    """Depth, aliases, length: each is refused or accepted, and the service goes on."""
    shared_service.buckets("hostile-data")
    client = shared_service.api()
    laughs = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9))
    manifests = [
        laughs,
        "[" * 100_000,
        "- " * 50_000,
        "a: {" * 20_000,
        importing("hostile-data") + "x: " + "y" * 500_000,
        importing("hostile-data", ignore=["(a+)+$"] * 50),
        importing("hostile-data", substitutions={f'"{n}"': '"x"' for n in range(50_000)}),
        "\n" * 300_000,
        "\x00" * 1000,
        "manifestVersion: 2.0\r\n" * 10_000,
    ]
    for text in manifests:
        try:
            client.create_job(JobType="Import", Manifest=text, ValidateOnly=True)
        except client.exceptions.ClientError as error:
            assert error.response["ResponseMetadata"]["HTTPStatusCode"] < 500
    client.list_jobs()


def test_the_station_api_needs_a_token(shared_service):
    for path in ("claim", "lease/renew", "lease/finish", "return"):
        for headers in ([], [("Authorization", "Bearer wrong")]):
            status, _, body = send(
                shared_service, b"{}", target=f"/station/v1/{path}",
                headers=[("Content-Type", "application/json"), *headers])
            assert status in (401, 403), (path, body)
