#!/usr/bin/env python3
"""docs/findings.md explains every finding that the code can make, and no other."""
import os
import pathlib
import re
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import tap

ROOT = pathlib.Path(os.environ["TRAWL_SOURCE_ROOT"])
TRAWL = os.environ["TRAWL_BINARY"]

# a call that names its finding, and one that takes the name from a table of its file
CALL = re.compile(r'(?:findings_add|document_finding|add_finding)\(\s*[^",;]*,\s*"([a-z0-9_]+)"'
                  r'|"id", "([a-z0-9_]+)", "detail"|define LEFT_OUT +"([a-z0-9_]+)"'
                  r'|\? "([a-z0-9]+_[a-z0-9_]+|unparsed)"\s*: "([a-z0-9]+_[a-z0-9_]+)"')
TABLE = re.compile(r'(?:findings_add|document_finding)\(\s*[^",;]*,\s*[a-z]')
WORD = re.compile(r'"([a-z0-9]+(?:_[a-z0-9]+)+)"')
# words of that shape in such files that are members or options
NO_FINDING = {"message_id", "originals_raw", "raw_base64", "reply_to", "rewriter_opaque_name"}


def sources():
    for folder in ("mail", "pipeline"):
        for path in (ROOT / "src" / folder).rglob("*.c"):
            if not path.name.endswith("_test.c"):
                yield path.read_text()


def in_code():
    found = {"limit_findings"}
    for text in sources():
        found.update(name for names in CALL.findall(text) for name in names if name)
        if TABLE.search(text):
            found.update(WORD.findall(text))
    return found - NO_FINDING


def in_page():
    rows = re.findall(r"^\| (`[a-z0-9_`, ]+`) \|", (ROOT / "docs" / "findings.md").read_text(), re.M)
    limits = re.findall(r"`(limit_[a-z0-9_]+)`", (ROOT / "docs" / "findings.md").read_text())
    return {name for row in rows for name in re.findall(r"[a-z0-9_]+", row)} | set(limits)


def made_from(folder):
    files = sorted(path for path in folder.iterdir() if path.is_file())
    run = subprocess.run([TRAWL, "breakdown", *map(str, files)], capture_output=True)
    for line in run.stdout.splitlines():
        for finding in re.findall(r'"id": ?"([a-z0-9_]+)", ?"detail"', line.decode()):
            yield finding


class Findings(unittest.TestCase):
    def test_every_finding_in_the_code_is_explained(self):
        self.assertEqual(sorted(in_code() - in_page()), [])

    def test_every_finding_that_is_explained_is_in_the_code(self):
        code = "".join(sources())
        self.assertEqual(sorted(name for name in in_page() if f'"{name}"' not in code), [])

    def test_every_finding_of_the_seeds_is_explained(self):
        made = set(made_from(ROOT / "tests" / "fuzz" / "seeds" / "breakdown"))
        self.assertGreater(len(made), 5)
        self.assertEqual(sorted(made - in_page()), [])


if __name__ == "__main__":
    tap.main()
