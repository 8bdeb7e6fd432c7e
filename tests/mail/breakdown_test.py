#!/usr/bin/env python3
"""`trawl breakdown` on files: in their order, one document a line, whatever is wrong with some of them."""
import json
import os
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
import tap

TRAWL = os.environ.get("TRAWL_BINARY", "build/src/trawl")
MANY = 60


class Breakdown(unittest.TestCase):
    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory(prefix="trawl-test-")
        self.addCleanup(self.scratch.cleanup)
        self.root = Path(self.scratch.name)
        self.mails = self.root / "mails"
        (self.mails / "below").mkdir(parents=True)
        (self.root / "tmp").mkdir()
        self.files = []
        for i in range(MANY):
            path = self.mails / ("below" if i % 3 == 2 else ".") / f"{i:03}.eml"
            # the longer ones come first, so that those after them are done before
            path.write_text(f"Subject: {i}\n\n" + f"https://x.example/{i}\n" * (4000 if i % 7 == 0 else 1))
            self.files.append(str(path))

    def run_it(self, *words, **more):
        return subprocess.run([TRAWL, "breakdown", *words], capture_output=True, timeout=120,
                              env={**os.environ, "TMPDIR": str(self.root / "tmp")}, **more)

    def left_behind(self):
        for _ in range(200):
            if not os.listdir(self.root / "tmp"):
                return []
            time.sleep(0.05)
        return os.listdir(self.root / "tmp")

    def test_documents_come_in_the_order_of_the_files_however_many_are_read_at_once(self):
        one = self.run_it("-j1", *self.files)
        for jobs in ("-j2", "-j8", "--jobs=3"):
            several = self.run_it(jobs, *self.files)
            self.assertEqual(several.stdout, one.stdout, jobs)
            self.assertEqual((several.returncode, several.stderr), (0, b""))
        documents = [json.loads(line) for line in one.stdout.splitlines()]
        self.assertEqual([d["file"] for d in documents], self.files)
        self.assertEqual([d["message"]["subject"] for d in documents], [str(i) for i in range(MANY)])
        self.assertEqual(self.left_behind(), [])

    def test_a_file_that_cannot_be_read_is_an_error_and_the_rest_go_on(self):
        bad = [str(self.root / "nothing"), str(self.mails)]
        for jobs in ("-j1", "-j4"):
            run = self.run_it(jobs, self.files[0], bad[0], self.files[1], bad[1], self.files[2])
            self.assertEqual(run.returncode, 1)
            self.assertEqual([json.loads(line)["file"] for line in run.stdout.splitlines()], self.files[:3])
            self.assertEqual([line.split(": ")[1] for line in run.stderr.decode().splitlines()], bad)

    def test_a_directory_is_read_with_r_and_links_in_it_are_not_followed(self):
        os.symlink(self.files[0], self.mails / "link")
        os.symlink("..", self.mails / "below" / "up")
        run = self.run_it("-r", str(self.mails))
        self.assertEqual(run.returncode, 0)
        self.assertEqual([json.loads(line)["file"] for line in run.stdout.splitlines()],
                         sorted(os.path.normpath(f) for f in self.files))

    def test_standard_input_is_a_file_like_others(self):
        run = self.run_it(self.files[3], "-", self.files[4], input=b"Subject: in\n\n")
        self.assertEqual([json.loads(line)["message"]["subject"] for line in run.stdout.splitlines()], ["3", "in", "4"])

    def test_limits_are_those_of_the_command_line(self):
        run = self.run_it("--limit", "links=1", "-", input=b"Subject: x\n\nhttps://a.example/ https://b.example/\n")
        message = json.loads(run.stdout)["message"]
        self.assertEqual(len(message["links"]), 1)
        self.assertIn("limit_links", [finding["id"] for finding in message["findings"]])
        for wrong in ("links=0", "links", "linkz=1"):
            self.assertEqual(self.run_it("--limit", wrong, "-", input=b"").returncode, 64)

    def test_a_page_for_people_has_no_control_characters_and_no_links(self):
        run = self.run_it("--text", "-", input=b"Subject: a\x1b[31mb\n\nhttps://evil.example/\x1b]0;x\x07\n")
        self.assertNotIn(b"\x1b", run.stdout)
        self.assertNotIn(b"https://", run.stdout)
        self.assertIn(b"hxxps://evil[.]example/", run.stdout)

    def test_nothing_is_left_behind_when_nobody_reads_on(self):
        run = subprocess.Popen([TRAWL, "breakdown", "-j4", *self.files], stdout=subprocess.PIPE,
                               env={**os.environ, "TMPDIR": str(self.root / "tmp")})
        self.assertTrue(run.stdout.readline())
        run.stdout.close()
        run.wait(60)
        self.assertEqual(self.left_behind(), [])


if __name__ == "__main__":
    tap.main()
