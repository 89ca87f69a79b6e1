"""Refuses an interpreter that cannot run the rest; written so that any Python 3 can read it."""

import os
import shutil
import subprocess
import sys

OLDEST = (3, 11)
NEWEST = (3, 13)


def suitable():
    """Return if this interpreter is one that we support; else go on under one that is, or end in a sentence."""
    if not sys.platform.startswith("linux"):
        sys.exit("this needs Linux")
    if OLDEST <= sys.version_info[:2] <= NEWEST:
        return
    for minor in range(NEWEST[1], OLDEST[1] - 1, -1):
        other = shutil.which("python3.%d" % minor)
        # It is tried first: what is found may be a wrapper with nothing behind it.
        if other and subprocess.call([other, "-c", ""], stderr=subprocess.DEVNULL) == 0:
            os.execv(other, [other, *sys.argv])
    sys.exit("this needs Python %d.%d to %d.%d, and python3 is %d.%d" % (OLDEST + NEWEST + sys.version_info[:2]))
