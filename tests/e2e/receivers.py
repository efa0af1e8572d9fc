"""Those who are told of jobs: a mail server of aiosmtpd, and a web server that keeps what it is sent."""

import email
import email.policy
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from aiosmtpd.controller import Controller
from stores import free_ports


class MailServer:
    """Takes every mail, and keeps it with whom it was for, and whether it came encrypted."""

    def __init__(self, host="127.0.0.1", **options):
        self.taken, self.encrypted = [], []
        self.controller = Controller(self, hostname=host, port=free_ports(1)[0], **options)
        self.controller.start()

    async def handle_DATA(self, _server, session, envelope):
        self.encrypted.append(session.ssl is not None)
        self.taken.append((envelope.rcpt_tos, envelope.content))
        return "250 OK"

    @property
    def url(self):
        return f"smtp://127.0.0.1:{self.controller.port}"

    def mails(self):
        """What was taken, parsed as mail programs do."""
        return [(to, email.message_from_bytes(raw, policy=email.policy.default)) for to, raw in list(self.taken)]

    def close(self):
        self.controller.stop()


class WebhookServer:
    """Answers as it is told, and keeps every request."""

    def __init__(self):
        self.asked, self.answers = [], []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                outer.asked.append(({k.lower(): v for k, v in self.headers.items()}, body))
                status = outer.answers.pop(0) if outer.answers else 200
                if status is None:
                    self.close_connection = True
                    return
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def port(self):
        return self.server.server_address[1]

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/hook/with-a-secret"

    def close(self):
        self.server.shutdown()
