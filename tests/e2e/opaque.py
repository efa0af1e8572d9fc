"""A store whose entity tags look like MD5s and are none: a proxy before a real one that writes each of their digits otherwise."""

import re
import threading
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

# Done twice, it is undone.
OTHERWISE = bytes.maketrans(b"0123456789abcdef", b"fedcba9876543210")
IN_XML = re.compile(rb"(<ETag>(?:\"|&#34;|&quot;)?)([0-9a-f]{32})")
IN_HEADER = re.compile(rb"(\"?)([0-9a-f]{32})")

# What a hop keeps to itself (RFC 9110, 7.6.1), and what this one has done already.
OF_A_HOP = ("connection", "keep-alive", "expect", "transfer-encoding", "content-length", "date", "server")

# What goes with a body, and is another for another.
OF_THE_BODY = ("authorization", "content-md5", "x-amz-content-sha256", "x-amz-date")


def otherwise(pattern, text):
    return pattern.sub(lambda found: found[1] + found[2].translate(OTHERWISE), text)


class OpaqueTags:
    """Passes requests on to a store, one at a time on each connection."""

    def __init__(self, store, target):
        self.store, self.target = store, target
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        self.address = self.server.server_address
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def _handler(self):
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                proxy.pass_on(self)

            do_PUT = do_POST = do_DELETE = do_HEAD = do_GET

            def log_message(self, *_):
                pass

        return Handler

    def pass_on(self, asked):
        body = asked.rfile.read(int(asked.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in asked.headers.items() if name.lower() not in OF_A_HOP}
        if asked.command == "POST" and "uploadId=" in asked.path:
            body = otherwise(IN_XML, body)
            headers = self._signed(asked.path, headers, body)
        store = HTTPConnection(*self.target)
        store.putrequest(asked.command, asked.path, skip_host=True, skip_accept_encoding=True)
        for name, value in headers.items():
            store.putheader(name, value)
        store.putheader("Content-Length", str(len(body)))
        store.endheaders(body)
        self._answer(asked, store.getresponse())
        store.close()

    def _signed(self, path, headers, body):
        """The headers of a request whose body is another than its client's."""
        kept = {name: value for name, value in headers.items() if name not in OF_THE_BODY}
        request = AWSRequest("POST", f"http://{headers['host']}{path}", kept, body)
        S3SigV4Auth(Credentials(self.store.access_key, self.store.secret_key), "s3", self.store.region).add_auth(request)
        return dict(request.headers.items())

    @staticmethod
    def _answer(asked, answer):
        is_head = asked.command == "HEAD"
        body = answer.read()
        length = answer.headers.get("Content-Length", "0") if is_head else str(len(body))
        asked.send_response(answer.status)
        for name, value in answer.headers.items():
            if name.lower() == "etag":
                value = otherwise(IN_HEADER, value.encode()).decode()
            if name.lower() not in OF_A_HOP:
                asked.send_header(name, value)
        asked.send_header("Content-Length", length)
        asked.end_headers()
        if not is_head:
            asked.wfile.write(otherwise(IN_XML, body) if b"<ETag>" in body else body)
