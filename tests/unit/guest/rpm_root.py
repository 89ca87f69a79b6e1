"""rpm with dnf or zypper in a root of their own, with a repository of their own: for a guest's program to run.

Nothing of this machine's packages is read or changed. Both want to be run by root.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

#: What this needs: those that a guest has, and those that make a repository.
PROGRAMS = ("dnf", "zypper", "rpm", "rpmbuild", "createrepo_c")

_REPOSITORY = """\
[ours]
name=ours
baseurl=file://{repository}
enabled=1
autorefresh=1
gpgcheck=0
"""
_DNF = """\
[main]
reposdir={root}/etc/zypp/repos.d
cachedir={folder}/dnf/cache
persistdir={folder}/dnf/persist
logdir={folder}/dnf/log
plugins=0
best=1
"""
_SPEC = """\
Name: {name}
Version: 1.0
Release: 1
Summary: a package
License: none
BuildArch: noarch
{fields}
%description
a package
%install
mkdir -p %{{buildroot}}/usr/share/{name}
echo {name} >%{{buildroot}}/usr/share/{name}/file
%files
/usr/share/{name}
"""


class RpmRoot:
    """See the module.

    :param folder: in which all of it is made
    :param bin_: where programs are looked for first: there these stand in for the system's own
    :param manager: dnf or zypper
    """

    def __init__(self, folder: Path, bin_: Path, manager: str) -> None:
        self._folder, self._repository, self._manager = folder, folder / "repository", bin_ / manager
        root = folder / "rpm"
        for path in (root / "etc/zypp/repos.d", root / "var/lib/rpm", root / "tmp", self._repository):
            path.mkdir(parents=True)
        (root / "etc/zypp/repos.d/ours.repo").write_text(_REPOSITORY.format(repository=self._repository))
        # Debian's own rpm has its database where who runs it is at home
        (folder / ".rpmmacros").write_text("%_dbpath /var/lib/rpm\n")
        (folder / "dnf.conf").write_text(_DNF.format(root=root, folder=folder))
        commands = {
            "rpm": f"rpm --dbpath {root}/var/lib/rpm",
            "dnf": f"dnf --config {folder}/dnf.conf --installroot={root} --releasever=1 --refresh",
            "zypper": f"zypper --root {root} --no-gpg-checks",
        }
        surroundings = f"HOME={folder} PATH={os.defpath}:/usr/sbin:/sbin"
        for name in ("rpm", manager):
            (bin_ / name).write_text(f'#!/bin/sh\n{surroundings} exec /usr/bin/{commands[name]} "$@"\n')
            (bin_ / name).chmod(0o755)
        self._run("rpm", "--initdb")
        self.publish("base")
        self.install("base")  # no system has none at all, and zypper does not expect it

    def publish(self, name: str, *fields: str) -> None:
        """Put a package into the repository.

        :param fields: of its specification, as ``Conflicts: mta``
        """
        spec = self._folder / f"{name}.spec"
        spec.write_text(_SPEC.format(name=name, fields="\n".join(fields)))
        places = {"_topdir": self._folder / "build", "_rpmdir": self._repository, "_build_id_links": "none"}
        defined = [word for place, path in places.items() for word in ("--define", f"{place} {path}")]
        _done("rpmbuild", "--quiet", "-bb", "--target", "noarch", *defined, str(spec))
        _done("createrepo_c", "--quiet", str(self._repository))

    def install(self, *names: str) -> None:
        """What the owner of the server installs by himself."""
        words = ("-y", "install") if self._manager.name == "dnf" else ("--non-interactive", "install")
        self._run(self._manager.name, *words, *names)

    def there(self) -> set[str]:
        """Every package that rpm knows, but for ``base``."""
        return set(self._run("rpm", "-qa", "--qf", "%{NAME}\\n").split()) - {"base"}

    def _run(self, name: str, *words: str) -> str:
        return _done(str(self._manager.with_name(name)), *words)


def _done(*words: str) -> str:
    done = subprocess.run(words, capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C"})
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
