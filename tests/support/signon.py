"""Identity providers of tests (tests/support/provider), and a browser of few words that logs in by them."""
import html.parser
import http.client
import json
import os
import subprocess
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import npm

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "provider")


def install(peers):
    """What the real provider is made of."""
    npm.install(HERE, peers)


class Peer:
    """A program that says where it is, and ends with its standard input."""

    def __init__(self, *command):
        self.process = subprocess.Popen(["node", os.path.join(HERE, command[0]), *command[1:]], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.about = json.loads(self.process.stdout.readline())
        self.issuer = self.about["issuer"]

    def tell(self, **what):
        self.process.stdin.write(json.dumps(what) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self):
        if self.process.poll() is None:
            self.process.stdin.close()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process.stdout.close()


def provider(peers, redirect):
    return Peer("provider.mjs", peers, redirect)


def hostile():
    return Peer("hostile.mjs")


class _Form(html.parser.HTMLParser):
    """Where the first form of a page goes."""

    def __init__(self):
        super().__init__()
        self.action = None

    def handle_starttag(self, tag, attrs):
        if tag == "form" and self.action is None:
            self.action = dict(attrs).get("action")


class Browser:
    """Keeps cookies by host and port and follows redirects; secure cookies go to this machine, as browsers do it."""

    def __init__(self, console):
        self.console = console.rstrip("/")
        self.cookies = {}

    def request(self, method, url, body=None, headers=None):
        parts = urlsplit(url)
        jar = self.cookies.setdefault(parts.netloc, {})
        send = dict(headers or {})
        if jar:
            send["Cookie"] = "; ".join(f"{name}={value}" for name, value in jar.items())
        connection = http.client.HTTPConnection(parts.netloc, timeout=60)
        try:
            connection.request(method, parts.path + ("?" + parts.query if parts.query else ""), body, send)
            response = connection.getresponse()
            text = response.read().decode()
        finally:
            connection.close()
        self.set = response.headers.get_all("Set-Cookie") or []
        for line in self.set:
            name, value = line.split(";")[0].split("=", 1)
            if value and "max-age=0" not in line.lower():
                jar[name] = value
            else:
                jar.pop(name, None)
        return response.status, response.headers, text

    def api(self, method, path, body=None, headers=None):
        """(status, document) of a call that a page of the console makes."""
        send = {"Content-Type": "application/json", "Sec-Fetch-Site": "same-origin", **(headers or {})}
        status, _, text = self.request(method, self.console + "/v1" + path, json.dumps(body) if body is not None else None,
                                       send if body is not None else headers)
        return status, json.loads(text) if text else None

    def leave(self, number):
        """Begins to log in by a provider; where to."""
        status, document = self.api("POST", "/sign-on", {"provider": number})
        if status != 200:
            raise AssertionError(f"{status} {document}")
        return document["url"]

    def wander(self, url, form=None):
        """Follows @url, fills the first form it meets, and stops where it is sent back to the console: its query."""
        method, body = "GET", None
        for _ in range(20):
            status, headers, text = self.request(method, url, body, {"Content-Type": "application/x-www-form-urlencoded"} if body else {})
            if status in (302, 303, 307):
                url = urljoin(url, headers["Location"])
                if url.startswith(self.console + "/"):
                    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
                method, body = "GET", None
                continue
            page = _Form()
            page.feed(text)
            if status != 200 or not page.action or form is None:
                raise AssertionError(f"{status} at {url}: {text[:400]}")
            method, url, body, form = "POST", urljoin(url, page.action), urlencode(form), None
        raise AssertionError("no end of redirects")

    def finish(self, back):
        return self.api("POST", "/sign-on/finish", back)

    def log_in(self, number, name="ada"):
        """The whole way: (status, document) of its end."""
        return self.finish(self.wander(self.leave(number), {"login": name, "password": "right"}))

    def session(self):
        return self.api("GET", "/session")
