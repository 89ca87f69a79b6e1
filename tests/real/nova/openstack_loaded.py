"""``openstack``, loaded once: ``openstack_loaded.py SOCKET``; each command is a fork of it, as if it had been started.

Half of what a command takes is to load openstackclient. A command comes as a line of JSON: its words, environment,
folder, and the files that it reads from and writes to; its exit code goes back.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import socket
import sys
import traceback
from typing import Any

sys.argv[0] = "openstack"  # by which it calls itself in what it says

from openstackclient.shell import OpenStackShell, main  # noqa: E402

#: What makes it find and load its commands, and open nothing.
_LOADING = (["server", "boot", "--help"], ["package", "menu", "import", "--help"], ["project", "show", "--help"])


def _load() -> None:
    with open(os.devnull, "w") as nobody, contextlib.redirect_stdout(nobody):
        for words in _LOADING:
            with contextlib.suppress(SystemExit):
                OpenStackShell().run(list(words))
    logging.getLogger().handlers.clear()  # each of them has left one behind


def _run(asked: dict[str, Any]) -> int:
    """In the fork: the command itself."""
    for number, name, flags in ((0, "stdin", os.O_RDONLY), (1, "stdout", os.O_WRONLY), (2, "stderr", os.O_WRONLY)):
        os.dup2(os.open(asked[name], flags), number)
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    sys.argv = ["openstack", *asked["words"]]
    try:
        code = main(asked["words"])
    except SystemExit as stopped:
        code = stopped.code
    except BaseException:
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    return int(code or 0)


def _serve(path: str) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen()
        while True:
            caller, _ = listening.accept()
            if os.fork() == 0:
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                with caller, caller.makefile("r") as line:
                    caller.sendall(str(_run(json.loads(line.readline()))).encode())
                os._exit(0)
            caller.close()


if __name__ == "__main__":
    _load()
    _serve(sys.argv[1])
