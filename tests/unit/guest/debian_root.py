"""Debian's own apt and dpkg in a root of their own, with a repository of their own: for a guest's program to run.

Nothing of this machine's packages is read or changed; they run as whoever runs the tests.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

_CONF = """\
Dir "{root}/";
Dir::State::status "{root}/var/lib/dpkg/status";
Dir::Bin::dpkg "/usr/bin/dpkg";
Dir::Bin::Methods "/usr/lib/apt/methods";
APT::Sandbox::User "{user}";
Dpkg::Options:: "--root={root}";
Dpkg::Options:: "--log={root}/dpkg.log";
Dpkg::Options:: "--force-not-root";
Dpkg::Options:: "--force-script-chrootless";
"""
_FOLDERS = ("lib/dpkg/info", "lib/dpkg/updates", "lib/dpkg/triggers", "lib/apt/lists/partial")
_CACHES = ("cache/apt/archives/partial", "log/apt")


class DebianRoot:
    """See the module.

    :param folder: in which all of it is made
    :param bin_: where programs are looked for first: there these stand in for the system's own
    """

    def __init__(self, folder: Path, bin_: Path) -> None:
        self.root, self.repository = folder / "debian", folder / "repository"
        self._folder = folder
        for name in (*_FOLDERS, *_CACHES):
            (self.root / "var" / name).mkdir(parents=True)
        for name in ("apt.conf.d", "preferences.d", "sources.list.d", "trusted.gpg.d"):
            (self.root / "etc/apt" / name).mkdir(parents=True)
        for name in ("tmp", "usr/bin"):
            (self.root / name).mkdir(parents=True)
        for name in ("status", "available"):
            (self.root / "var/lib/dpkg" / name).touch()
        self.repository.mkdir()
        (self.root / "etc/apt/sources.list").write_text(f"deb [trusted=yes] file:{self.repository} ./\n")
        conf = folder / "apt.conf"
        user = subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()
        conf.write_text(_CONF.format(root=self.root, user=user))
        database = f"--admindir={self.root}/var/lib/dpkg"
        for name, command in (
            ("apt-get", f"APT_CONFIG={conf} exec /usr/bin/apt-get"),
            ("dpkg-query", f"exec /usr/bin/dpkg-query {database}"),
        ):
            (bin_ / name).unlink(missing_ok=True)
            (bin_ / name).write_text(f'#!/bin/sh\n{command} "$@"\n')
            (bin_ / name).chmod(0o755)
        self._apt = bin_ / "apt-get"

    def publish(self, name: str, *fields: str, postinst: str = "") -> None:
        """Put a package into the repository.

        :param fields: of its control file, as ``Conflicts: mta``
        :param postinst: what its script does after it was unpacked
        """
        source = self._folder / "packages" / name
        (source / "DEBIAN").mkdir(parents=True)
        (source / f"usr/share/{name}").mkdir(parents=True)
        (source / f"usr/share/{name}/file").write_text(name)
        head = [f"Package: {name}", "Version: 1.0", "Architecture: all", "Maintainer: somebody <a@b>"]
        (source / "DEBIAN/control").write_text("\n".join([*head, *fields, "Description: a package"]) + "\n")
        if postinst:
            (source / "DEBIAN/postinst").write_text(f"#!/bin/sh\n{postinst}\n")
            (source / "DEBIAN/postinst").chmod(0o755)
        file = self.repository / f"{name}_1.0_all.deb"
        subprocess.run(["dpkg-deb", "--root-owner-group", "-b", source, file], check=True, capture_output=True)
        content = file.read_bytes()
        about = [f"Filename: ./{file.name}", f"Size: {len(content)}", f"SHA256: {hashlib.sha256(content).hexdigest()}"]
        with (self.repository / "Packages").open("a") as index:
            index.write("\n".join([*head, *fields, *about, "Description: a package"]) + "\n\n")

    def install(self, *names: str) -> None:
        """What the owner of the server installs by himself."""
        for words in (["update"], ["-y", "install", *names]):
            done = subprocess.run([self._apt, "-q", *words], capture_output=True, text=True, check=False, env=_ENV)
            assert done.returncode == 0, done.stdout + done.stderr

    def there(self) -> dict[str, str]:
        """Every package that dpkg knows, with how it is."""
        text = (self.root / "var/lib/dpkg/status").read_text()
        about = [dict(line.split(": ", 1) for line in one.splitlines() if ": " in line) for one in text.split("\n\n")]
        return {one["Package"]: one["Status"].split()[-1] for one in about if one}


_ENV = {**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
