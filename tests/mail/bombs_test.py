#!/usr/bin/env python3
"""Every kind of bomb is read within the reader's own limits on memory and CPU time, and ends in the finding that names what
was cut. The bombs are made here; the CPU seconds that each took are printed, and the reader's limit is the assertion."""
import base64
import gzip
import io
import json
import os
import resource
import subprocess
import sys
import tarfile
import unittest
import zipfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
import tap

TRAWL = os.environ.get("TRAWL_BINARY", "build/src/trawl")
HEAD = "From: a@x.example\nTo: b@x.example\nMessage-ID: <1@x.example>\nDate: Mon, 23 Nov 2026 09:00:00 +0000\nSubject: s\n"
HTML = HEAD + "Content-Type: text/html; charset=utf-8\n\n"
TEXT = HEAD + "Content-Type: text/plain; charset=utf-8\n\n"


def repeated(head, piece, times, tail=""):
    return head + piece * times + tail


def numbered(head, piece, times, tail=""):
    return head + "".join(piece.format(i) for i in range(times)) + tail


def attached(data, name="f.bin"):
    text = base64.encodebytes(data).decode()
    return f'{HEAD}Content-Type: application/octet-stream; name="{name}"\nContent-Transfer-Encoding: base64\n\n{text}'


def zipped(files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files:
            archive.writestr(name, data)
    return out.getvalue()


def nested_zips(depth):
    data = b"x"
    for _ in range(depth):
        data = zipped([("inner.zip", data)])
    return data


def overlapping(depth):
    """Ten archives in each archive: a thousand at the third floor."""
    data = b"\0" * 100000
    for _ in range(depth):
        data = zipped([(f"{i}.zip", data) for i in range(10)])
    return data


def tarred(files, size):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for i in range(files):
            member = tarfile.TarInfo(f"f{i}")
            member.size = size
            archive.addfile(member, io.BytesIO(bytes(size)))
    return out.getvalue()


def thin(size):
    """Of which gzip makes about a thirtieth."""
    line = b"".join(i.to_bytes(3, "big") + bytes(93) for i in range(60000))
    return gzip.compress((line * (size // len(line) + 1))[:size], 6)


def nested_safelinks(layers):
    from urllib.parse import quote
    url = "https://x.example/"
    for _ in range(layers):
        url = "https://eur01.safelinks.protection.outlook.com/?url=" + quote(url, safe="")
        if len(url) > 1000000:
            break
    return url


def nested_srcdoc(depth):
    import html
    page = "<a href='https://x.example/'>x</a>"
    for _ in range(depth):
        page = f'<iframe srcdoc="{html.escape(page)}"></iframe>'
    return page


def boundaries(depth):
    return "".join(f"Content-Type: multipart/mixed; boundary=b{i}\n\n--b{i}\n" for i in range(depth)) + "\nx\n"


# name, what makes it, the finding that it must end in (None: it is read whole)
BOMBS = [
    ("multiparts 50,000 deep", lambda: HEAD + boundaries(50000), "limit_depth"),
    ("messages 50,000 deep", lambda: HEAD + "Content-Type: message/rfc822\n\n" * 50000, "limit_nested"),
    ("100,000 parts", lambda: repeated(HEAD + "Content-Type: multipart/mixed; boundary=b\n\n", "--b\n\nx\n", 100000), "limit_parts"),
    ("100,000 attached messages", lambda: repeated(HEAD + "Content-Type: multipart/mixed; boundary=b\n\n",
                                                   "--b\nContent-Type: message/rfc822\n\nSubject: x\n\nx\n", 100000), "limit_nested"),
    ("a million boundaries", lambda: repeated(HEAD + "Content-Type: multipart/mixed; boundary=b\n\n", "--b\n", 1000000), "limit_parts"),
    ("a header field of 20 MB", lambda: HEAD + "X-Long: " + "y" * 20000000 + "\n\nbody\n", "limit_header_block"),
    ("a million header fields", lambda: repeated(HEAD, "X-Y: z\n", 1000000, "\nbody\n"), "limit_header_block"),
    ("100,000 parameters", lambda: numbered(HEAD + "Content-Type: text/plain", ";\n p{}=x", 60000, "\n\nbody\n"), "limit_parameters"),
    ("one parameter in 20,000 pieces", lambda: numbered(HEAD + "Content-Type: text/plain", ";\n name*{}*=%41", 20000, "\n\nbody\n"), None),
    ("a parameter given 60,000 times", lambda: repeated(HEAD + "Content-Type: text/plain", ";\n a=b", 60000, "\n\nbody\n"), None),
    ("60,000 addresses", lambda: numbered("To: x@x.example", ",\n a{}@x.example", 55000, "\n" + HEAD[HEAD.index("Mess"):] + "\nbody\n"), "limit_addresses"),
    ("comments in comments", lambda: "From: " + "(" * 500000 + ")" * 500000 + " a@x.example\n\nbody\n", None),
    ("quotes without an end", lambda: "From: " + '"a' * 300000 + "\n\nbody\n", None),
    ("angles without an end", lambda: "To: " + "<" * 900000 + "\n\nbody\n", None),
    ("groups in groups", lambda: "To: " + "g: " * 300000 + "a@x.example;\n\nbody\n", None),
    ("50,000 encoded words", lambda: "Subject: " + "=?utf-8?q?=C3=A9?=\n " * 45000 + "\n\nbody\n", None),
    ("broken encoded words", lambda: "Subject: " + "=?utf-8?q?" * 100000 + "\n\nbody\n", None),
    ("20,000 Received fields", lambda: repeated("", "Received: from a.example by b.example; Mon, 23 Nov 2026 09:00:00 +0000\n", 14000) + HEAD + "\nx\n", None),
    ("results without an end", lambda: "Authentication-Results: mx.corp.example" + "; spf=pass a=b" * 70000 + "\n" + HEAD + "\nx\n", "limit_results"),
    ("a result with 100,000 properties", lambda: numbered("Authentication-Results: mx.corp.example; spf=pass", " a{}=b", 90000, "\n" + HEAD + "\nx\n"), "limit_results"),
    ("5,000 signatures", lambda: repeated("", "DKIM-Signature: v=1; a=rsa-sha256; d=x.example; s=s; h=from:to; bh=eA==; b=eA==\n", 5000) + HEAD + "\nx\n", None),
    ("references without an end", lambda: "References: " + "<a@b>\n " * 140000 + "\n" + HEAD + "\nx\n", None),
    ("a zip of a GiB of nothing", lambda: attached(zipped([("f", bytes(1 << 28)) for _ in range(4)]), "f.zip"), "limit_unpacked_ratio"),
    ("gzip that holds 300 MB", lambda: attached(thin(300000000), "f.gz"), "limit_unpacked"),
    ("zips 20 deep", lambda: attached(nested_zips(20), "f.zip"), "limit_archive_depth"),
    ("zips in zips in zips", lambda: attached(overlapping(4), "f.zip"), "limit_unpacked_ratio"),
    ("an archive of 30,000 files", lambda: attached(tarred(30000, 1), "f.tar"), "limit_unpacked_files"),
    ("a giant base64 part", lambda: attached(bytes(range(256)) * 400000), None),
    ("base64 that is none", lambda: attached(b"") + "=!" * 10000000, None),
    ("200,000 open elements", lambda: HTML + "<div>" * 200000, "limit_html_depth"),
    ("formatting that is opened again", lambda: numbered(HTML, "<b class={}><p>", 5000), None),
    ("formatting that is opened again and again", lambda: numbered(HTML, "<b class={}>", 900, "<p>x" * 20000), None),
    ("anchors without an end", lambda: repeated(HTML, "<a href=https://x.example/>", 60000), None),
    ("anchors in tables", lambda: repeated(HTML, "<table><tr><td><a href=https://x.example/>", 10000), "limit_html_depth"),
    ("text fostered out of a table", lambda: HTML + "<table>" + "<b>x" * 100000, "limit_html_depth"),
    ("100,000 attributes", lambda: numbered(HTML + "<p", " a{}=b", 60000, ">x"), "limit_html_attributes"),
    ("2,000 attributes a hundred times", lambda: numbered(HTML, "<p" + "".join(f" a{i}=b" for i in range(1990)) + ">", 100), None),
    ("tags in tags", lambda: HTML + "<a<a" * 500000, None),
    ("tags without an end", lambda: HTML + ("<a x " * 1900 + ">") * 200, None),
    ("a hundred parameters in 10,000 parts", lambda: repeated(HEAD + "Content-Type: multipart/mixed; boundary=b\n\n",
                                                              "--b\nContent-Type: text/plain" + "".join(f";p{i}=x" for i in range(120)) + "\n\nx\n", 9000), "limit_all_parameters"),
    ("a million references", lambda: HTML + "&amp;&#x41;&nosuch;" * 100000, None),
    ("misnested formatting", lambda: HTML + "<i><b></i></b>" * 100000, None),
    ("selects and options", lambda: HTML + "<select><option>" * 100000, None),
    ("50,000 links", lambda: numbered(HTML, "<a href=https://x.example/{}>x</a>", 40000), "limit_links"),
    ("a long base for 10,000 links", lambda: HTML + f"<base href='https://x.example/{'y' * 900000}/'>" + "".join(f"<a href={i}>x</a>" for i in range(10000)), "limit_base_url"),
    ("conditional comments", lambda: repeated(HTML, "<!--[if mso]><a href=x>y</a><![endif]-->", 40000), None),
    ("comments without an end", lambda: HTML + "<!--" * 500000, None),
    ("pages in pages", lambda: HTML + nested_srcdoc(7), "limit_html_pages"),
    ("10,000 small pages", lambda: repeated(HTML, "<iframe srcdoc='<p>x'></iframe>", 10000), None),
    ("style sheets", lambda: HTML + "<style>" + "url(" * 200000 + "/*" * 200000 + "</style>", None),
    ("a style without an end", lambda: HTML + "<p style='" + "\\41 " * 300000 + "'>x", None),
    ("srcset", lambda: HTML + "<img srcset='" + "x," * 500000 + "'>", None),
    ("rewriters around rewriters", lambda: HTML + f"<a href='{nested_safelinks(14)}'>x</a>", None),
    ("a target of stars", lambda: HTML + "<a href='https://urldefense.com/v3/__https://x.example/" + "**-" * 300000 + "__;" + "Kioq" * 10000 + "!!a!b$'>x</a>", None),
    ("escapes of escapes", lambda: HTML + "<a href='https://www.google.com/url?q=https%" + "25" * 800000 + "3A//x'>x</a>", None),
    ("hosts of dots", lambda: TEXT + "http://" + "." * 1900000, None),
    ("schemes alone", lambda: TEXT + "http://" * 280000, None),
    ("hosts without a scheme", lambda: numbered(TEXT, "a{}.com/x ", 100000), "limit_links"),
    ("words that are nearly hosts", lambda: TEXT + "a.b.c.d.e.f.g.h " * 120000, None),
    ("disguises", lambda: TEXT + "[.]" * 600000, None),
    ("wrapped links", lambda: TEXT + "<http://a\n" * 190000, None),
    ("forwards in forwards", lambda: TEXT + "---------- Forwarded message ---------\nFrom: a\nDate: b\nSubject: c\n\n" * 20000, None),
    ("headers that never end", lambda: TEXT + "From: x\n" * 200000, None),
    ("quoted without an end", lambda: TEXT + ">" * 1900000, None),
    ("blank lines", lambda: TEXT + "\n" * 1900000, None),
    ("markers of add-ins", lambda: TEXT + "---------- Begin Email Headers ----------\n" * 40000, None),
    ("uuencoded lines", lambda: HEAD + "Content-Transfer-Encoding: x-uuencode\n\nbegin 644 x\n" + "M" + "a" * 60 + "\n" * 1000000, None),
    ("one line of 50 MB", lambda: TEXT + "x" * 50000000, "limit_body_text"),
    ("letters that look alike", lambda: TEXT + "раураl " * 150000, None),
]


def findings_of(value):
    """Of all messages inside the document."""
    if isinstance(value, dict):
        for key, inside in value.items():
            if key == "findings":
                yield from (finding["id"] for finding in inside)
            elif isinstance(inside, (dict, list)):
                yield from findings_of(inside)
    elif isinstance(value, list):
        for inside in value:
            yield from findings_of(inside)


def read(message):
    """The document or None, what was said of it, and the CPU seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run = subprocess.run([TRAWL, "breakdown", "-"], input=message.encode(), capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return json.loads(run.stdout) if run.stdout else None, run.stderr.decode().strip(), seconds


class Bombs(unittest.TestCase):
    pass


def add(number, name, make, finding):
    def test(self):
        document, said, seconds = read(make())
        print(f"# {seconds:6.2f} s of CPU  {name}", flush=True)
        self.assertIsNotNone(document, said)
        found = set(findings_of(document))
        if finding:
            self.assertIn(finding, found)
    test.__name__ = "test_" + name.replace(" ", "_")
    setattr(Bombs, f"test_{number:02}_" + name.replace(" ", "_"), test)


for number, bomb in enumerate(BOMBS):
    add(number, *bomb)

if __name__ == "__main__":
    tap.main()
