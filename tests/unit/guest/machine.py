"""A guest in a folder: the program as it is sent, a package manager that only writes down, a metadata service."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from glance_related.guest.script import program

# What each of the programs does that a package manager is made of: it writes down how it was called, and keeps one
# file for each package that is there. What is in "broken" cannot be installed; "needs/A" names who needs A. With a file
# "unclear" it does not tell what is there, but what that file says.
RECORDER = """#!/bin/sh
cd "$RECORDER" || exit 9
echo "$(basename "$0") $*" >>calls
[ -z "$DEBIAN_FRONTEND" ] || echo "$DEBIAN_FRONTEND" >frontend
what= names=
for word in "$@"; do
    case $word in
        install|add|remove|del|update|-s|-e|--test|-q) what="$what $word" ;;
        -*|*=*|300) ;;
        info) ;;
        *) names="$names $word" ;;
    esac
done
case "$(basename "$0")$what" in
    "apt-get -q install")
        if [ -e locked ]; then rm locked; echo "E: Could not get lock /var/lib/dpkg/lock-frontend"; exit 100; fi ;;
esac
case "$(basename "$0")$what" in
    dpkg-query*|"rpm -q"|"rpm -e --test"|"apk -e"|"apt-get -s -q remove")
        [ ! -e unclear ] || { cat unclear; exit "$(cat unclear-code)"; } ;;
esac
case "$(basename "$0")$what" in
    dpkg-query*) for name in $names; do [ -e "there/$name" ] || exit 1; done; echo installed ;;
    "rpm -q") for name in $names; do [ -e "there/$name" ] || exit 1; done ;;
    "apk -e") for name in $names; do [ -e "there/$name" ] || exit 1; done ;;
    "apt-get -s -q remove")
        for name in $names; do echo "Remv $name [1.0]"; cat "needs/$name" 2>/dev/null || :; done ;;
    "rpm -e --test")
        for name in $names; do if [ -e "needs/$name" ]; then
            echo "error: Failed dependencies:"; echo "	$name is needed by (installed) the-shop"; exit 1
        fi; done ;;
    *install|*add)
        for name in $names; do [ ! -e "broken/$name" ] || { echo "E: Unable to locate package $name"; exit 100; }; done
        for name in $names; do : >"there/$name"; done ;;
    *remove|*del) for name in $names; do rm -f "there/$name"; done ;;
esac
"""

#: The word of the server that a machine is.
SERVER = "3f9a6c01d2b8"
#: Which programs belong together.
MANAGERS = {
    "apt-get": ("apt-get", "dpkg-query"),
    "dnf": ("dnf", "rpm"),
    "yum": ("yum", "rpm"),
    "zypper": ("zypper", "rpm"),
    "apk": ("apk",),
}
#: Fields of a package beside which no other with the same can be, as Debian and RPM both spell them.
ALONE = ("Provides: mta", "Conflicts: mta")
#: What the program and the recorder need of this system.
_NEEDED = ("sh", "basename", "cat", "rm", "mkdir", "env", "sleep")


def old_python() -> str | None:
    """A Python 3.6, where there is one: that is the oldest that guests have."""
    folders = sorted(Path.home().glob(".pyenv/versions/3.6.*/bin"))
    return next((str(folder / "python") for folder in folders if (folder / "python").exists()), None)


PYTHONS = [python for python in (sys.executable, old_python()) if python is not None]


@dataclass
class Machine:
    """See the module.

    :param folder: where all of it is
    :param python: that it has
    """

    folder: Path
    python: str = sys.executable
    manager: str = "apt-get"
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.root = self.folder / "root"
        self.recorder = self.folder / "recorder"
        self.file = self.folder / "program.py"
        bin_ = self.folder / "bin"
        for path in (
            self.root / "etc" / "cron.d",
            bin_,
            *(self.recorder / one for one in ("there", "broken", "needs")),
        ):
            path.mkdir(parents=True)
        self.file.write_bytes(program())
        for name in (*MANAGERS.get(self.manager, ()), "systemctl"):
            (bin_ / name).write_text(RECORDER)
            (bin_ / name).chmod(0o755)
        for name in _NEEDED:
            (bin_ / name).symlink_to(Path("/bin") / name)
        self.environment |= {
            "PATH": str(bin_), "RECORDER": str(self.recorder), "PYTHONDONTWRITEBYTECODE": "1", "LC_ALL": "C",
            "GLANCE_RELATED_METADATA_URL": "http://127.0.0.1:1",  # nobody is there
        }  # fmt: skip

    def run(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run the program."""
        argv = [self.python, self.file, "--root", self.root, "--patience", "0", *words]
        done = subprocess.run(
            argv, env=self.environment, capture_output=True, text=True, encoding="utf-8", timeout=120, check=False
        )
        assert not check or done.returncode == 0, done.stderr
        return done

    def apply(self, document: Mapping[str, Any], *, check: bool = True) -> subprocess.CompletedProcess[str]:
        file = self.folder / "settings.json"
        file.write_text(json.dumps(document))
        return self.run("apply", str(file), check=check)

    def calls(self) -> list[str]:
        """How the package manager was called since this was asked last."""
        file = self.recorder / "calls"
        lines = file.read_text().splitlines() if file.exists() else []
        file.write_text("")
        return lines

    def unclear(self, says: str | None, code: int = 0) -> None:
        """From now on nobody can tell what is there: instead this is said, and ends with this code; None: all can."""
        for name, text in (("unclear", says), ("unclear-code", None if says is None else str(code))):
            if text is None:
                (self.recorder / name).unlink(missing_ok=True)
            else:
                (self.recorder / name).write_text(text)

    def there(self) -> set[str]:
        """The packages that there are."""
        return {path.name for path in (self.recorder / "there").iterdir()}

    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.root / "var/lib/glance-related/state.json").read_text())
        return found

    def etc(self, name: str) -> Path:
        return self.root / "etc/glance-related" / name

    def hook(self, name: str, text: str, mode: int = 0o755) -> Path:
        path = self.etc("packages.d") / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)
        return path


def settings(
    packages: Mapping[str, str],
    variables: Mapping[str, Any] | None = None,
    generation: int = 1,
    server: str = SERVER,
) -> Any:
    """A document of the cloud's."""
    return {
        "version": 1,
        "server": server,
        "have": f"{server}-{generation}",
        "interval_seconds": 900,
        "parts": {
            "package_menu": {
                "generation": generation,
                "packages": [{"name": name, "package": package} for name, package in packages.items()],
                "variables": dict(variables or {}),
            }
        },
    }


class MetadataService:
    """What a guest talks to: it answers what it is told, and keeps what it was sent, and in how many pieces."""

    def __init__(self) -> None:
        self.document: Any = None
        #: Whose reports it takes.
        self.server = SERVER
        self.asked: list[str] = []
        self.reports: list[Any] = []
        #: What is answered instead: a status, or all of an answer, for a report, and for the settings; taken from the
        #: front.
        self.to_reports: list[int | bytes] = []
        self.to_settings: list[int | bytes] = []
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                service.asked.append(self.path)
                status = service.to_settings.pop(0) if service.to_settings else 200
                self.reply(status, b"" if status != 200 else service.answer(self.path))

            def do_POST(self) -> None:
                # as Neutron's proxy: what has not come with the headers is not there
                self.connection.setblocking(False)
                body = self.rfile.peek(4096)  # type: ignore[attr-defined]
                self.connection.setblocking(True)
                status = service.to_reports.pop(0) if service.to_reports else service.judged(self.path, body)
                self.reply(status, b"{}")

            def reply(self, status: int | bytes, body: bytes) -> None:
                if isinstance(status, bytes):
                    self.wfile.write(status)
                    return
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()

    def answer(self, path: str) -> bytes:
        have = parse_qs(urlsplit(path).query).get("have")
        if have == [self.document["have"]]:
            same = {name: self.document[name] for name in ("version", "server", "have", "interval_seconds")}
            return json.dumps({**same, "is_unchanged": True}).encode()
        return json.dumps(self.document).encode()

    def judged(self, path: str, body: bytes) -> int:
        query = parse_qs(urlsplit(path).query)
        if query != {"length": [str(len(body))], "sha256": [hashlib.sha256(body).hexdigest()]}:
            return 400
        report = json.loads(body)
        if report.get("server") not in (None, self.server):
            return 409
        self.reports.append(report)
        return 200

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@contextmanager
def metadata_service() -> Iterator[MetadataService]:
    service = MetadataService()
    try:
        yield service
    finally:
        service.stop()


def with_service(machine: Machine, service: MetadataService) -> Machine:
    machine.environment["GLANCE_RELATED_METADATA_URL"] = service.url
    return machine
