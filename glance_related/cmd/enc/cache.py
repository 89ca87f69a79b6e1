"""`Cache`: the last good answer for each name, in a folder; each replaced in one step, for its owner alone."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from glance_related.cmd.enc.conf import Conf


@dataclass(frozen=True)
class Cached:
    """An answer.

    :param at: when it was last known to be true, seconds since 1970
    """

    document: Mapping[str, Any]
    etag: str | None
    at: float


class Cache:
    """See the module.

    :param conf: what was answered to another credential, or by another cloud, is none of its answers
    """

    def __init__(self, conf: Conf) -> None:
        self._folder = conf.cache_folder
        asked = [conf.auth_url, conf.application_credential_id, conf.region_name]
        self._asked = hashlib.sha256(json.dumps(asked).encode()).hexdigest()

    def get(self, certname: str) -> Cached | None:
        """The last good answer."""
        try:
            handle = os.open(self._path(certname), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            with os.fdopen(handle) as file:
                if os.fstat(file.fileno()).st_uid not in (0, os.geteuid()):
                    return None  # whoever put it there would tell Puppet what to do
                kept = json.load(file)
            if (kept["certname"], kept["asked"]) != (certname, self._asked):
                return None
            return Cached(kept["document"], kept["etag"], float(kept["at"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def put(self, certname: str, cached: Cached) -> str | None:
        """Keep an answer; a sentence where that cannot be done."""
        kept = {
            "certname": certname,
            "asked": self._asked,
            "etag": cached.etag,
            "at": cached.at,
            "document": cached.document,
        }
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self._folder, prefix=".", suffix=".new")  # mode 0600
            try:
                with os.fdopen(handle, "w") as file:
                    json.dump(kept, file)
                os.replace(name, self._path(certname))
            finally:
                Path(name).unlink(missing_ok=True)
        except OSError as error:
            return f"The answer cannot be kept: {self._folder}: {error.strerror}."
        return None

    def remove(self, certname: str) -> None:
        """Forget a server."""
        with suppress(OSError):
            self._path(certname).unlink()

    def _path(self, certname: str) -> Path:
        # a name leads nowhere else, and is no longer than a file's may be
        name = quote(certname, safe="")
        if len(name) > 200:
            name = hashlib.sha256(certname.encode()).hexdigest()
        return self._folder / f"{name}.json"
