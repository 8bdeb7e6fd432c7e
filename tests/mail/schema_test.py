#!/usr/bin/env python3
"""docs/breakdown.schema.json describes what `trawl breakdown` prints: every seed of every fuzz target and the reports of the
corpus, where it is, are valid by it, and have no member that it does not name."""
import base64
import gzip
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import tap

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "corpus"))
import score

try:
    import jsonschema
except ImportError:
    jsonschema = None

ROOT = pathlib.Path(os.environ["TRAWL_SOURCE_ROOT"])
TRAWL = os.environ["TRAWL_BINARY"]


def breakdowns(files):
    run = subprocess.run([TRAWL, "breakdown", "--trusted-host", "mx.corp.example", *map(str, files)],
                         capture_output=True, check=True)
    return [json.loads(line) for line in run.stdout.splitlines()]


# What API users may count on, whatever is in a message.
PROMISED = {
    "": ["schema", "sha256", "size", "report", "originals", "message"],
    "report": ["form", "evidence", "reporter", "add_in", "verdict", "comment"],
    "person": ["name", "address"],
    "original": ["first_hand", "message"],
    "message": ["message_id", "date", "subject", "from", "sender", "reply_to", "to", "cc", "bcc", "headers", "received",
                "authentication", "text", "html", "links", "attachments", "findings", "fingerprint"],
    "link": ["url", "written", "host", "domain", "where", "text", "target", "mismatch"],
    "attachment": ["name", "size"],
}


def described(schema, place, members, items):
    """Gathers what the schema says of the members and items at one place, through references and choices."""
    while "$ref" in place:
        place = schema["$defs"][place["$ref"].split("/")[-1]]
    for choice in place.get("anyOf", []):
        described(schema, choice, members, items)
    for name, member in place.get("properties", {}).items():
        members.setdefault(name, []).append(member)
    if "items" in place:
        items.append(place["items"])


def unnamed(schema, value, places=None, path=""):
    """Paths of members that the schema does not name, below objects of which it names any."""
    members, items = {}, []
    for place in places or [schema]:
        described(schema, place, members, items)
    if isinstance(value, dict):
        for name, inside in value.items():
            here = f"{path}.{name}" if path else name
            if name in members:
                yield from unnamed(schema, inside, members[name], here)
            elif members:
                yield here
    elif isinstance(value, list):
        for inside in value:
            yield from unnamed(schema, inside, items or [{}], path + "[]")


@unittest.skipUnless(jsonschema, "skipped: python3-jsonschema is not here")
class Schema(unittest.TestCase):
    def setUp(self):
        schema = json.loads((ROOT / "docs" / "breakdown.schema.json").read_text())
        jsonschema.Draft202012Validator.check_schema(schema)
        self.schema = schema
        self.validator = jsonschema.Draft202012Validator(schema)

    def assert_valid(self, document):
        errors = [f"{'/'.join(map(str, e.absolute_path))}: {e.message[:300]}"
                  for e in self.validator.iter_errors(document)]
        self.assertEqual(errors, [], document["file"])
        self.assertEqual(sorted(set(unnamed(self.schema, document))), [], document["file"])

    def test_seeds_are_valid(self):
        files = sorted(p for p in (ROOT / "tests" / "fuzz" / "seeds").rglob("*") if p.is_file())
        documents = breakdowns(files)
        self.assertEqual(len(documents), len(files))
        for document in documents:
            with self.subTest(document["file"]):
                self.assert_valid(document)

    def test_a_file_without_a_name_says_where_its_links_are(self):
        packed = base64.encodebytes(gzip.compress(b'<html><body><a href="https://evil.example/">x</a></body></html>'))
        mail = (b"Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nlook\n--b\n"
                b"Content-Type: application/gzip; name=page.html.gz\nContent-Transfer-Encoding: base64\n\n"
                + packed + b"--b--\n")
        with tempfile.NamedTemporaryFile(suffix=".eml") as file:
            file.write(mail)
            file.flush()
            document = breakdowns([file.name])[0]
        self.assert_valid(document)
        self.assertEqual([(link["host"], link["where"].split(":")[0], "attachment" in link)
                          for link in document["message"]["links"]], [("evil.example", "attachment", True)])

    def test_a_member_that_nobody_described_is_found(self):
        document = breakdowns([ROOT / "tests" / "fuzz" / "seeds" / "breakdown" / "plain.eml"])[0]
        document["message"]["surprise"] = 1
        self.assertEqual(list(unnamed(self.schema, document)), ["message.surprise"])

    def test_every_member_that_is_promised_is_required(self):
        for path, members in PROMISED.items():
            required = self.schema["$defs"][path]["required"] if path else self.schema["required"]
            self.assertEqual(sorted(set(members) - set(required)), [], path)

    def test_a_document_that_lacks_a_member_is_not_valid(self):
        document = breakdowns([ROOT / "tests" / "fuzz" / "seeds" / "breakdown" / "plain.eml"])[0]
        del document["message"]["fingerprint"]
        self.assertFalse(self.validator.is_valid(document))

    def test_reports_of_the_corpus_are_valid(self):
        corpus = score.find_corpus()
        if not corpus:
            self.skipTest("skipped: corpus not here")
        files = sorted(p for p in (corpus / "reports").rglob("*") if p.is_file())[:300]
        for document in breakdowns(files):
            with self.subTest(document["file"]):
                self.assert_valid(document)


if __name__ == "__main__":
    tap.main()
