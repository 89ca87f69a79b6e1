"""The command ``puppet``, whose process is a fork of one that has loaded Puppet: ``puppet_command.py SOCKET WORDS...``.

What it writes, what it complains of and its exit code are the command's own. It starts in a moment, for it imports
nothing but what it needs.
"""

import json
import os
import socket
import sys

with socket.socket(socket.AF_UNIX) as loaded:
    loaded.connect(sys.argv[1])
    for file in (1, 2):
        socket.send_fds(loaded, [b"f"], [file])
    asked = {"words": sys.argv[2:], "environment": dict(os.environ)}
    loaded.sendall(json.dumps(asked).encode() + b"\n")
    sys.exit(int(loaded.recv(16)))
