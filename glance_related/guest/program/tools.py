"""Files in one step, other programs, words for the log."""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from typing import Any, Dict, Sequence, Tuple

NAME = "glance-related-guest"

_UNPRINTABLE = re.compile(r"[^ -~\u00a0-\u2027\u202f-\ud7ff\ue000-\ufffd]+")
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#: So much of what a program says is read, in bytes: its end.
_SAID_MAX = 64 * 1024
#: Seconds for a program to end by itself that takes too long.
_ENDING = 10


def say(text: str) -> None:
    """A line for the log."""
    sys.stderr.write(f"{NAME}: {text}\n")
    sys.stderr.flush()


def plain(text: str, most: int = 300) -> str:
    """A text in one line, without anything that is not for reading."""
    return _UNPRINTABLE.sub(" ", text).strip()[:most]


def write(path: str, content: bytes, mode: int) -> None:
    """Put a file there in one step: whoever reads it, reads the old one or the new one."""
    folder = os.path.dirname(path)
    os.makedirs(folder, 0o755, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=folder, prefix=".")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            os.fchmod(file.fileno(), mode)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def read_json(path: str) -> Dict[str, Any]:
    """What a file says; nothing where it is not there, or is broken."""
    try:
        with open(path, encoding="utf-8") as file:
            found = json.load(file)
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def run(command: Sequence[str], seconds: int, **environment: str) -> Tuple[int, str]:
    """Run a program; its exit code, and what it said last.

    It is waited for, and not for what it leaves behind: a service that it starts may hold on to its output.
    """
    path = os.environ.get("PATH")
    env = dict(os.environ, PATH=path + ":" + _PATH if path else _PATH, LC_ALL="C", DEBIAN_FRONTEND="noninteractive")
    env.update(environment)
    try:
        with tempfile.TemporaryFile() as said:
            # of a session of its own, so that all of it can be ended, and nobody's terminal ends it
            running = subprocess.Popen(
                command,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                code = running.wait(seconds)
            except subprocess.TimeoutExpired:
                stop(running)
                return 124, f"it took more than {seconds} seconds"
            except BaseException:  # who ends this one means that, too
                stop(running)
                raise
            # whoever is still writing has the same place in the file: that is not touched
            long = os.fstat(said.fileno()).st_size
            return code, os.pread(said.fileno(), _SAID_MAX, max(0, long - _SAID_MAX)).decode("utf-8", "replace")
    except OSError as error:
        return 127, str(error.strerror)


def stop(running: "subprocess.Popen[bytes]") -> None:
    """End a program and all that it has started; first by asking, for it may have a lock to give back."""
    for how in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(running.pid, how)
            running.wait(_ENDING)
        except (OSError, subprocess.TimeoutExpired):
            continue


def last_words(said: str) -> str:
    """Of what a program said, what most likely tells why it failed."""
    lines = [line.strip().lstrip("- ") for line in said.splitlines() if line.strip()]
    # dnf and zypper say why behind it, and then what could be done about it
    problem = next((at for at, line in enumerate(lines) if re.match(r"Problem( \d+)?:", line)), None)
    if problem is not None:
        return plain("; ".join([line for line in lines[problem:] if not re.match("Solution|Choose", line)][:2]))
    errors = [line for line in lines if re.match(r"E:|error\b", line, re.IGNORECASE)]
    return plain("; ".join((errors or lines)[-2:]))
