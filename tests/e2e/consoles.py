"""The console in tests: browsers and plain clients that look at it."""

import json
import os
import re
import subprocess
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import longshore
from longshore import OK

SCRIPT = Path(__file__).parent / "js/console.js"
MODULES = longshore.ROOT / "target/e2e/js/node_modules"


def link(service, *words):
    done = service.run("console", "open", *words, check=OK)
    return done.stdout.strip()


class Browser:
    """The script in a process of its own; what has to happen outside is done between its words."""

    def __init__(self, what, **asked):
        self.process = subprocess.Popen(
            ["node", SCRIPT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=longshore.clean_environment(NODE_PATH=os.environ.get("LONGSHORE_E2E_NODE_PATH", str(MODULES))))
        self.say(json.dumps({"what": what, **asked}))

    def say(self, line="done"):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def until(self, word):
        assert self.process.stdout.readline().strip() == f"ready {word}"

    def seen(self):
        out, _ = self.process.communicate(timeout=300)
        assert self.process.returncode == 0
        return json.loads(out.strip().splitlines()[-1])


class Client:
    """Whoever speaks HTTP to the console."""

    def __init__(self, service, cookie=None):
        self.place = urlsplit(service.endpoints["console"])
        self.cookie = cookie

    @property
    def origin(self):
        return f"{self.place.scheme}://{self.place.netloc}"

    def ask(self, method, path, fields=None, **headers):
        connection = HTTPConnection(self.place.hostname, self.place.port, timeout=30)
        body = urlencode(fields).encode() if fields is not None else None
        if self.cookie:
            headers["Cookie"] = self.cookie
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read().decode(errors="replace")

    def sign_in(self, link):
        token = link.rsplit("/", 1)[1]
        status, headers, _ = self.ask("POST", "/in", {"token": token}, Origin=self.origin)
        if status == 303:
            self.cookie = headers["set-cookie"].split(";")[0]
        return status

    def form_key(self, path):
        _, _, page = self.ask("GET", path)
        return re.search(r'name="key" value="([^"]+)"', page)[1]

    def send(self, path, page="/bench", key=None, origin=True, **fields):
        """Sends a form of a page as a browser does."""
        headers = {"Origin": self.origin} if origin is True else origin
        return self.ask("POST", path, {"key": key or self.form_key(page), "back": page, **fields}, **headers)


def signed_in(service, *words):
    client = Client(service)
    assert client.sign_in(link(service, *words)) == 303
    return client


def customer_link(service, key):
    """A link that a customer gets with an access key of his own, from a machine of his own."""
    words = ["console", "sign-in", "--endpoint-url", service.endpoints["api"]]
    env = longshore.clean_environment(AWS_ACCESS_KEY_ID=key.id, AWS_SECRET_ACCESS_KEY=key.secret)
    done = subprocess.run(service.command(*words, data=False), capture_output=True, text=True, env=env, check=False,
                          timeout=60)
    assert done.returncode == OK, done.stderr
    return done.stdout.strip()


def customer(service, key):
    client = Client(service)
    assert client.sign_in(customer_link(service, key)) == 303
    return client
