"""Refuses an interpreter that cannot run the rest; written so that any Python 3 can read it."""

import os
import shutil
import subprocess
import sys

OLDEST = 11
NEWEST = 13


def suitable() -> None:
    """Return if this interpreter is one that we support; else go on under such a one, or end in a sentence."""
    if not sys.platform.startswith("linux"):
        sys.exit("this needs Linux")
    major, minor = sys.version_info[:2]
    if major == 3 and OLDEST <= minor <= NEWEST:
        return
    for other in range(NEWEST, OLDEST - 1, -1):
        found = shutil.which(f"python3.{other}")
        # It is tried first: what is found may be a wrapper with nothing behind it.
        if found and subprocess.call([found, "-c", ""], stderr=subprocess.DEVNULL) == 0:
            os.execv(found, [found, *sys.argv])
    sys.exit(f"this needs Python 3.{OLDEST} to 3.{NEWEST}, and python3 is {major}.{minor}")
