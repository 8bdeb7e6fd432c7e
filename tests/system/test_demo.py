#!/usr/bin/env python3
"""`make demo` does what its page says, leaves nothing running, and ends by Ctrl-C."""
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import harness
import tap

RUN = os.path.join(harness.ROOT, "tools", "demo", "run")


class Demo(harness.SystemTest):
    def start(self, *arguments):
        directory = tempfile.mkdtemp(prefix="trawl-demo-")
        self.addCleanup(shutil.rmtree, directory, ignore_errors=True)
        process = subprocess.Popen([sys.executable, RUN, "--trawl", harness.BINARY, "--data", os.path.join(directory, "demo-data"),
                                    "--port", "0", *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                   start_new_session=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(self.end, process)
        return process, directory

    @staticmethod
    def end(process):
        if process.poll() is None:
            process.kill()
            process.wait()

    def left_running(self, directory):
        return subprocess.run(["pgrep", "-f", directory], capture_output=True, text=True, check=False).stdout.split()

    def test_once_everything_adds_up(self):
        process, directory = self.start("--once")
        output, _ = process.communicate(timeout=150)
        self.assertEqual(process.returncode, 0, output)
        self.assertIn("30 of 30 reports handled", output)
        self.assertEqual(self.left_running(directory), [])

    def test_ctrl_c_ends_it_and_leaves_nothing_running(self):
        process, directory = self.start("--speed", "20")
        for line in process.stdout:
            if "Over to you" in line:
                break
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        process.stdout.read()
        self.assertEqual(process.wait(20), 0)
        self.assertEqual(self.left_running(directory), [])


if __name__ == "__main__":
    tap.main()
