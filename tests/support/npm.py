"""The npm packages that tests need, installed once a build; after that nothing is fetched."""
import fcntl
import filecmp
import os
import shutil
import subprocess

NPM_CI = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools", "npm-ci")
LOCK = "package-lock.json"


def install(source, peers):
    """What SOURCE's lock file names, into PEERS: again only when that file has changed, and by one test at a time."""
    os.makedirs(peers, exist_ok=True)
    mark = os.path.join(peers, "node_modules", ".trawl-lock")
    with open(os.path.join(peers, ".installing"), "w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if os.path.exists(mark) and filecmp.cmp(os.path.join(source, LOCK), mark, shallow=False):
            return
        for file in ("package.json", LOCK):
            shutil.copy(os.path.join(source, file), peers)
        subprocess.run([NPM_CI], cwd=peers, check=True, stdout=subprocess.DEVNULL)
        shutil.copy(os.path.join(source, LOCK), mark)
