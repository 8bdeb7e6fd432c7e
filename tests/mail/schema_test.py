#!/usr/bin/env python3
"""docs/breakdown.schema.json describes what `trawl breakdown` prints: every seed of the fuzz target
and everything in the corpus, where it is, is valid by it."""
import json
import os
import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import tap

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


@unittest.skipUnless(jsonschema, "skipped: python3-jsonschema is not here")
class Schema(unittest.TestCase):
    def setUp(self):
        schema = json.loads((ROOT / "docs" / "breakdown.schema.json").read_text())
        jsonschema.Draft202012Validator.check_schema(schema)
        self.validator = jsonschema.Draft202012Validator(schema)

    def assert_valid(self, document):
        errors = [f"{'/'.join(map(str, e.absolute_path))}: {e.message[:300]}"
                  for e in self.validator.iter_errors(document)]
        self.assertEqual(errors, [], document["file"])

    def test_seeds_are_valid(self):
        files = sorted(p for name in ("breakdown", "authentication") for p in
                       (ROOT / "tests" / "fuzz" / "seeds" / name).iterdir())
        documents = breakdowns(files)
        self.assertEqual(len(documents), len(files))
        for document in documents:
            with self.subTest(document["file"]):
                self.assert_valid(document)

    def test_a_document_that_lacks_a_member_is_not_valid(self):
        document = breakdowns([ROOT / "tests" / "fuzz" / "seeds" / "breakdown" / "plain.eml"])[0]
        del document["message"]["fingerprint"]
        self.assertFalse(self.validator.is_valid(document))

    def test_reports_of_the_corpus_are_valid(self):
        corpus = ROOT / ".." / "shared" / "corpus"
        if not corpus.is_dir():
            self.skipTest("skipped: corpus not here")
        files = sorted(p for p in (corpus / "reports").rglob("*.eml") if p.is_file())[:150]
        for document in breakdowns(files):
            with self.subTest(document["file"]):
                self.assert_valid(document)


if __name__ == "__main__":
    tap.main()
