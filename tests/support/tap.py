"""Lets a unittest program speak TAP, so that `meson test` counts its cases and shows its skips.

    if __name__ == "__main__":
        tap.main()
"""
import sys
import time
import traceback
import unittest


class _TapResult(unittest.TestResult):
    def __init__(self):
        super().__init__()
        self.number = 0
        self.begun = 0.0

    def _say(self, state, test, note=""):
        self.number += 1
        name = test.id().split(".", 1)[-1].replace("#", "")
        print(f"{state} {self.number} {name}{note}", flush=True)

    def startTest(self, test):
        super().startTest(test)
        self.begun = time.monotonic()

    def addSuccess(self, test):
        super().addSuccess(test)
        self._say("ok", test)
        print(f"# {time.monotonic() - self.begun:.2f} s", flush=True)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self._say("ok", test, f" # SKIP {reason}")

    def _broken(self, test, error):
        self._say("not ok", test)
        for line in "".join(traceback.format_exception(*error)).rstrip().split("\n"):
            print("# " + line, flush=True)

    def addError(self, test, err):
        super().addError(test, err)
        self._broken(test, err)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._broken(test, err)

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err:
            self._broken(subtest, err)


def main(module="__main__", names=None):
    """Runs the cases of @module, or those named on the command line ("Class", "Class.test_name")."""
    names = names or [name for name in sys.argv[1:] if not name.startswith("-")]
    loader = unittest.TestLoader()
    suite = loader.loadTestsFromNames(names, sys.modules[module]) if names else loader.loadTestsFromModule(sys.modules[module])
    result = _TapResult()
    suite.run(result)
    print(f"1..{result.number}", flush=True)  # at the end: each subtest that fails is a line of its own
    sys.exit(0 if result.wasSuccessful() else 1)
