"""`Compilation`: the command that compiles a server's catalog, and what it complains of.

It is run without a shell, with the worker's own rights and a bounded time, at whose end all that it has started is
killed. ``GLANCE_RELATED_FRESH=1`` stands in its environment: ``glance-related-enc`` answers nothing old then, so that
what was compiled is what was set.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from typing import IO

from glance_related.deliveries.delivery import Refused, Unavailable
from glance_related.package_menu.drivers.enc import FRESH, NOT_REACHED
from glance_related.package_menu.drivers.masking import masked
from glance_related.settings.options import ConfigError

_CERTNAME = "{certname}"
#: So much of the end of what it prints is looked at, in bytes, and told, in characters.
_READ, _TOLD = 65536, 1000
_COLOUR = re.compile(r"(?:\x1b\[|\x9b)[0-9;]*[A-Za-z]")
#: Where on the Puppet server it stands is nothing for customers.
_PLACE = re.compile(r" \(file: [^()]*\)")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_ERROR = re.compile(r"Error: (?:Could not call '\w+' on '\w+': )?(?!Try 'puppet help)(.*)")
_NOT_REACHED = re.compile(rf"via exec: Execution of .* returned {NOT_REACHED}\b")


class Compilation:
    """See the module.

    :param command: with {certname} in it
    :param seconds: how long it may take
    :param option: where it stands, for the sentence
    :raises ConfigError: it cannot be a command
    """

    def __init__(self, command: str, seconds: int, option: str) -> None:
        try:
            self._words = shlex.split(command)
        except ValueError as error:
            raise ConfigError(f"{option} cannot be split into words ({error}); put its quotes right.") from None
        if not self._words or not any(_CERTNAME in word for word in self._words[1:]):
            raise ConfigError(f"{option} must be a command with {_CERTNAME} in it, where the server's name belongs.")
        self._seconds = seconds
        self._option = option

    def run(self, certname: str, secrets: Sequence[str]) -> None:
        """Compile the catalog of a server.

        :param secrets: that must be in no complaint
        :raises Refused: what it complains of
        :raises Unavailable: it cannot be run, or does not reach the API
        """
        words = [self._words[0], *(word.replace(_CERTNAME, certname) for word in self._words[1:])]
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            code = self._code(words, out, err)
            if code == 0:
                return
            said = _complaint(_tail(err)) or _complaint(_tail(out)) or f"{words[0]} ended with {code}"
        if _NOT_REACHED.search(said):
            raise Unavailable(f"The catalog cannot be compiled: {masked(said, secrets)[:_TOLD]}")
        raise Refused(masked(said, secrets)[:_TOLD])

    def _code(self, words: Sequence[str], out: IO[bytes], err: IO[bytes]) -> int:
        environment = {**os.environ, FRESH: "1"}
        try:
            process = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=environment, start_new_session=True
            )
        except OSError as error:
            raise Unavailable(f"{self._option}: {words[0]} cannot be run: {error.strerror}") from None
        try:
            return process.wait(self._seconds)
        except subprocess.TimeoutExpired:
            # refused, for others shall not wait for a catalog that never ends
            raise Refused(f"Its catalog was not compiled within {self._seconds} seconds.") from None
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def check(self) -> list[str]:
        """What an operator should know before it is run."""
        if shutil.which(self._words[0]) is None:
            return [f"{self._option} names {self._words[0]}, which is not installed, or cannot be run by this user."]
        return []


def _tail(file: IO[bytes]) -> str:
    file.seek(max(0, file.seek(0, os.SEEK_END) - _READ))
    return file.read().decode(errors="replace")


def _complaint(text: str) -> str:
    """The last error of Puppet's, or the last line; "" where there is none."""
    lines = [_PLACE.sub("", _CONTROL.sub(" ", line)).strip() for line in _COLOUR.sub("", text).splitlines()]
    errors = [found[1] for line in lines if (found := _ERROR.match(line)) and found[1]]
    others = [line for line in lines if line]
    return (errors or others or [""])[-1]
