#!/usr/bin/env python3
"""URLs mean to `trawl breakdown` what they mean to a browser: some thousand hostile ones, made with a fixed seed, are
read as links of a page and by Node's URL, an implementation of the WHATWG URL Standard. `url_test.py --show` lists every
difference, also those that are allowed, with the number of serialisations that differ."""
import html
import json
import os
import random
import shutil
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
import tap

TRAWL = os.environ.get("TRAWL_BINARY", "build/src/trawl")
NODE = shutil.which("node")
BASE = "https://base.example/dir/page?query"
COUNT = 6000

SCHEMES = ["http:", "https:", "HTTP:", "hTTps:", "ftp:", "ws:", "wss:", "file:", "javascript:", "mailto:", "data:", "foo:",
           "http", "", "", "h\nttp:", " https:", "\x01http:", "ht\ttps:", "https\t:", "tel:", "blob:http:", "1http:", "a+b.c-d:"]
SLASHES = ["//", "//", "//", "//", "/", "", "\\\\", "\\/", "/\\", "///", "////", "/\n/", "\\", "/./", "/../", "//\t"]
USERS = ["", "", "", "", "", "user@", "user:pw@", "bank.example@", "bank.example:443@", "a@b@", "@", ":@", "%40@", "a\\@", "x/@",
         "user:p@ss:w@", "bank.example%2f@", "ü@", "a[b]@", "bank.example&@"]
HOSTS = ["evil.example", "EVIL.example", "evil.example.", "evil..example", ".evil.example", "1.2.3.4", "1.2.3", "1.2", "1", "0x7f.1",
         "0X7F.0.0.1", "0x7f000001", "2130706433", "017700000001", "4294967295", "4294967296", "256.1.1.1", "1.256.1.1",
         "1.2.3.4.5", "1.2.3.4.", "1.2.3.08", "09", "0x", "0x.0x", "1.2.3.0xg", "foo.0x4", "foo.09", "foo.4", "1..2", "0.0.0.0x0",
         "[::1]", "[::]", "[1:2:3:4:5:6:7:8]", "[2001:DB8::0:1]", "[::ffff:1.2.3.4]", "[1::2::3]", "[::1", "::1]", "[:]", "[1:0:0:2:0:0:0:3]",
         "[::1%25eth0]", "[0:0:0:0:0:0:0:0]", "[::127.0.0.1]", "[g::1]", "[12345::]", "[]", "[1:2:3:4:5:6:7::]",
         "%65vil.example", "evil%2eexample", "evil%2Fexample", "evil%00.example", "%", "%zz.example", "e%76il.ex%61mple",
         "bücher.example", "BÜCHER.example", "faß.example", "xn--bcher-kva.example", "XN--BCHER-KVA.example", "xn--a.example",
         "xn--", "xn--zzzzzz.example", "ｅｖｉｌ．ｅｘａｍｐｌｅ", "evil。example", "evil｡example", "１２７.0.0.1", "⑯.example", "ⅷ.example",
         "☃.example", "💩.example", "e\u00advil.example", "e\u200bvil.example", "e\u2060vil.example", "a\u200db.example", "еvil.example",
         "bu\u0308cher.example", "ﬁn.example", "Å.example", "㎏.example", "a\u0327.example", "אa.example", "אב.example",
         "日本語.example", "ab--c.example", "-a-.example", "a_b.example", "a$b.example", "a!b.example", "a~b.example", "a,b.example",
         "a'b.example", "a(b).example", "a*b.example", "a+b.example", "a;b.example", "a=b.example", "a&b.example", "a`b.example",
         "a{b}.example", "a|b.example", "a^b.example", "a<b.example", "a>b.example", "a\"b.example", "a b.example", "a%20b.example",
         "a\tb.example", "a\nb.example", "a\\b.example", "a#b.example", "a?b.example", "a%5cb.example", "localhost", "example",
         "a" * 63 + ".example", "", "", "%E3%81%82.example", "%ff.example", "%C3%BCb.example", "\u3164.example", "\ufffd.example",
         "ab\u069b.example", "=ab\u069b.example", "\u069b\u0663.example", "\u2603\u069b.example", "a\u200cb.example", "xn--ls8h.example",
         "ß.example", "ς.example", "İ.example", "K.example", "ſ.example", "a.ß", "\u2024.example", "a\u2024example", "c:", "C|"]
PORTS = ["", "", "", "", "", ":80", ":443", ":8080", ":", ":0", ":00080", ":65535", ":65536", ":99999999999999999999", ":8a", ":-1",
         ":80:80", ":%38", ": 80", ":８０", ":\t80"]
PATHS = ["", "", "/", "/a/b", "/a/../b", "/./a", "/a/%2e%2E/b", "\\a\\b", "/a b", "/ä", "/a\\..\\b", "/..", "//x", "/a//../b", "/%zz",
         "/a|b", "/@evil2.example", "\\@evil2.example", ";a", "/c:/x", "/.%2e/x", "/a;b=c,d", "/'\"<>`{}"]
TAILS = ["", "", "", "?", "#", "?a=b&c=d", "#frag", "?a#b?c", "?\\", "#\\", "?'\"<>", "?ä b", "#ä`b", "?@evil3.example", "#@evil3.example",
         "?%zz", " ", "\n", "?http://evil4.example/"]
NOISE = ["\t", "\n", "\r", " ", "/", "\\", "@", ":", "%", "#", "?", ".", "\u00ad", "\u200b", "[", "]", "%2e", "%00", "。"]

NODE_SCRIPT = """
const [base, urls] = JSON.parse(require('fs').readFileSync(0, 'utf8'));
console.log(JSON.stringify(urls.map(u => { try { const x = new URL(u, base);
  return [x.protocol, x.hostname, x.href]; } catch { return null; } })));
"""


def make_urls():
    chance = random.Random(2718)
    made = []
    while len(made) < COUNT:
        url = "".join(chance.choice(part) for part in (SCHEMES, SLASHES, USERS, HOSTS, PORTS, PATHS, TAILS))
        for _ in range(chance.choice([0, 0, 0, 1, 2])):
            at = chance.randrange(len(url) + 1)
            url = url[:at] + chance.choice(NOISE) + url[at:]
        # A CR becomes LF in any HTML, an octet 0 and control characters never reach it; "#x" leads nowhere else.
        url = "".join(c for c in url.replace("\r", "\n") if c >= " " or c in "\n\t")
        if url.strip() and not url.strip().startswith("#"):
            made.append(url)
    return made


def ours(urls, base):
    """(scheme, host, url) of each, or None where it is no link."""
    page = f'<base href="{base}">' if base else ""
    page += "".join(f'<a href="{html.escape(url)}">n{i}</a>\n' for i, url in enumerate(urls))
    mail = "Content-Type: text/html; charset=utf-8\n\n" + page
    run = subprocess.run([TRAWL, "breakdown", "-"], input=mail.encode(), capture_output=True, check=True)
    links = {}
    for link in json.loads(run.stdout)["message"]["links"]:
        if link["where"] == "html:a.href":
            scheme = link["url"].partition(":")[0] + ":"
            links[link["text"]] = None if link.get("invalid") else (scheme, link["host"] or "", link["url"])
    return [links.get(f"n{i}") for i in range(len(urls))]


def theirs(urls, base):
    run = subprocess.run([NODE, "-e", NODE_SCRIPT], input=json.dumps([base, urls]), text=True, capture_output=True, check=True)
    return [tuple(answer) if answer else None for answer in json.loads(run.stdout)]


def is_allowed(url, mine, peers):
    """Where two readings are both right."""
    if mine is None and peers is not None:
        if "\u069b" in url:  # the standard checks the Bidi rule (CheckBidi); Node 20 only of labels that begin with such a letter
            return True
        return any(len(label) > 63 for label in peers[1].split("."))  # a name that no DNS can hold
    # Letters that Unicode has come to refuse; browsers of some years map them as we do.
    return peers is None and any(letter in url for letter in "\u2024\u3164")


def compare(base):
    urls = make_urls()
    differences, serialised = [], 0
    for url, mine, peers in zip(urls, ours(urls, base), theirs(urls, base)):
        if (mine and mine[:2]) != (peers and peers[:2]):
            differences.append((url, mine, peers))
        # The standard has "^" encoded in paths by now; Node 20 does not yet.
        elif mine and mine[2].replace("%5E", "^") != peers[2].replace("%5E", "^"):
            serialised += 1
    return differences, serialised


@unittest.skipUnless(NODE, "skipped: node is not here")
class Urls(unittest.TestCase):
    def test_scheme_and_host_are_those_of_a_browser_in_a_page_with_a_base(self):
        differences, _ = compare(BASE)
        self.assertEqual([d for d in differences if not is_allowed(*d)], [])

    def test_the_peer_is_not_asked_about_ourselves(self):
        """The comparison can fail: another host is seen."""
        self.assertNotEqual(ours(["https://a.example/"], BASE), theirs(["https://b.example/"], BASE))


def show():
    differences, serialised = compare(BASE)
    for url, mine, peers in differences:
        print(f"{'allowed' if is_allowed(url, mine, peers) else 'DIFFERS'}  {url!r}\n    ours   {mine}\n    theirs {peers}")
    print(f"{COUNT} URLs, {len(differences)} differ in scheme or host, {serialised} only in how they are serialised")


if __name__ == "__main__":
    show() if "--show" in sys.argv else tap.main()
