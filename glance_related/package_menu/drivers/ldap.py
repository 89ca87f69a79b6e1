"""`LdapDriver`: an entry for each server in a directory with Puppet's schema, as Puppet's LDAP node terminus reads it.

Below ``base_dn``::

    dn: cn=1b0e...,ou=servers,dc=example,dc=org
    objectClass: device
    objectClass: puppetClient
    cn: 1b0e...
    puppetClass: apache::ssl
    puppetVar: port=8080
    puppetVar: instanceproject=7a1c...
    puppetVar: instancename=web-1
    parentNode: base

Packages are ``puppetClass``, variables ``puppetVar``, of the top scope all of them: a directory knows no parameters of
classes. A value is what stands behind the first ``=``, as it is; true and false are ``true`` and ``false``, a list is
JSON (``hosts=["a", "b"]``: a comma may stand in an item). ``instanceproject``, ``instancename``, and
``instancenova`` with ``instanceid``, by which an entry is found again, are always there, and no variable can be called
so.

The schema's rules are kept before anything is sent, in words that the customer understands: its texts are ASCII, and
two that differ in case are the same. A line feed is refused too, for who reads puppetVar reads lines. Everything else
the directory itself decides, and its words are told.

An entry that is there already is written to where it is this server's: it says so, or its ``instanceproject`` is the
server's, or nobody can choose the name (``{instance_id}``). Of such an entry the attributes above are the driver's,
and when the server is gone they go, and the rest stays; what the driver has made itself, which its ``description``
says, goes as a whole. A name that is another's is refused.

ruby-ldap minds case: Puppet 5 needs ``ldapclassattrs = puppetClass``, ``ldapstackedattrs = puppetVar`` and
``ldapparentattr = parentNode``. Secrets stand in the directory as they are: let only Puppet read them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from glance_related.deliveries.delivery import Done, Refused, Unavailable
from glance_related.package_menu.drivers.certname import Certnames
from glance_related.package_menu.drivers.driver import Instance, Package, PackageDriver, Variable, put_value
from glance_related.package_menu.drivers.ldap_directory import GROUP, Directory, Entry, Meanwhile, Session
from glance_related.package_menu.drivers.masking import secrets_of
from glance_related.package_menu.drivers.puppet_text import class_faults, refuse, variable_faults

_CLASS, _VARIABLE, _PARENT = "puppetClass", "puppetVar", "parentNode"
_CLIENT = "puppetClient"
_READ = ("objectClass", "description", _CLASS, _VARIABLE, _PARENT)
_MADE = "Kept by glance-related-worker"
_ID, _NOVA, _PROJECT, _NAME = "instanceid", "instancenova", "instanceproject", "instancename"
_OURS = frozenset({_ID, _NOVA, _PROJECT, _NAME})
#: How often an entry is looked at anew that others make or remove at the same time.
_TRIES = 3


class LdapDriver(PackageDriver):
    """Entry point ``glance_related.package_management_drivers``, name ``ldap``; see the module."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        super().__init__(settings)
        self._directory = Directory(settings)
        self._certnames = Certnames(settings["certname"], f"{GROUP} certname")
        self._parent = settings["parent_node"]

    def configure_packages(
        self, instance: Instance, packages: Sequence[Package], variables: Sequence[Variable]
    ) -> Done:
        certname = self._certnames.needed(instance)
        wanted = {_CLASS: _classes(packages), _VARIABLE: _variables(instance, variables)}
        with self._directory.session(secrets_of(variables)) as session:
            self._again(lambda: self._configure(session, instance, certname, wanted))
        return Done()

    def remove(self, instance: Instance) -> Done:
        with self._directory.session() as session:
            self._again(lambda: self._forget(session, instance))
        return Done()

    def check(self) -> list[str]:
        found = self._certnames.check()
        if self._directory.is_readable:
            found.append(f"{GROUP} url is unencrypted: the password can be read on its way; use ldaps, or start_tls.")
        try:
            with self._directory.session() as session:
                session.find(self._directory.base_dn, "(objectClass=*)", ["objectClass"], below=False)
                if not _has_schema(session):
                    found.append(f"The directory {self._directory.url} has not Puppet's schema: load puppet.schema.")
        except (Unavailable, Refused, Meanwhile) as error:
            found.append(f"{str(error).rstrip('.')}.")
        return found

    def read_back(self, instance: Instance) -> Mapping[str, Any] | None:
        try:
            with self._directory.session() as session:
                entries = self._of(session, instance)
        except (Unavailable, Refused, Meanwhile):
            return None
        return {name: entries[0].values(name) for name in _READ} if entries else None

    # -- entries

    def _again(self, work: Callable[[], None]) -> None:
        for _ in range(_TRIES):
            try:
                work()
                return
            except Meanwhile as words:
                last = words
        raise Refused(f"The directory says: {last}")

    def _of(self, session: Session, instance: Instance, certname: str | None = None) -> list[Entry]:
        """The entries of a server, and that of a name."""
        directory = self._directory
        own = "".join(directory.equal(_VARIABLE, f"{name}={value}") for name, value in _marks(instance).items())
        condition = f"(&{own})"
        if certname is not None:
            condition = f"(|{condition}{directory.equal('cn', certname)})"
        return [
            one
            for one in session.find(directory.base_dn, condition, _READ)
            if _is_of(instance, one) or (certname is not None and directory.is_named(one, certname))
        ]

    def _configure(
        self, session: Session, instance: Instance, certname: str, wanted: Mapping[str, Sequence[str]]
    ) -> None:
        present = None
        for entry in self._of(session, instance, certname):
            if not self._directory.is_named(entry, certname):
                self._remove(session, entry)  # the server had another name
            else:
                present = entry
        if present is None:
            parents = [self._parent] if self._parent else []
            own = {"objectClass": ["device", _CLIENT], "cn": [certname], "description": [_MADE], _PARENT: parents}
            session.add(self._directory.dn(certname), {**own, **wanted})
            return
        self._check_owner(instance, certname, present)
        changes = dict(wanted)
        if self._parent or _is_made(present):
            changes[_PARENT] = [self._parent] if self._parent else []
        classes = present.values("objectClass")
        if _CLIENT.lower() not in map(str.lower, classes):
            changes["objectClass"] = [*classes, _CLIENT]
        other = {name: values for name, values in changes.items() if sorted(present.values(name)) != sorted(values)}
        if other:
            session.replace(present.dn, other)

    def _check_owner(self, instance: Instance, certname: str, entry: Entry) -> None:
        said = _said(entry)
        if _is_of(instance, entry):
            return
        is_free = not {_ID, _NOVA} & set(said)
        is_his = said.get(_PROJECT) == _plain(instance.project_id) or self._certnames.is_given
        if not (is_free and is_his):
            raise Refused(f"The name {certname} is another's in the directory: there is an entry of that name already.")

    def _forget(self, session: Session, instance: Instance) -> None:
        for entry in self._of(session, instance):
            self._remove(session, entry)

    def _remove(self, session: Session, entry: Entry) -> None:
        if _is_made(entry):
            session.delete(entry.dn)
            return
        changes: dict[str, list[str]] = {_CLASS: [], _VARIABLE: []}
        if self._parent and entry.values(_PARENT) == [self._parent]:
            changes[_PARENT] = []
        session.replace(entry.dn, changes)


def _has_schema(session: Session) -> bool:
    (root,) = session.find("", "(objectClass=*)", ["subschemaSubentry"], below=False)
    for name in root.values("subschemaSubentry"):
        for schema in session.find(name, "(objectClass=subschema)", ["objectClasses"], below=False):
            return any(f"'{_CLIENT}'" in one for one in schema.values("objectClasses"))
    return True  # it does not say


# -- what an entry says


def _marks(instance: Instance) -> dict[str, str]:
    return {_ID: _plain(instance.ref.instance_id), _NOVA: instance.ref.nova_installation_uuid}


def _said(entry: Entry) -> dict[str, str]:
    parted = [one.partition("=") for one in entry.values(_VARIABLE)]
    return {name: value for name, _, value in parted}


def _is_of(instance: Instance, entry: Entry) -> bool:
    said = _said(entry)
    return all(said.get(name) == value for name, value in _marks(instance).items())


def _is_made(entry: Entry) -> bool:
    return _MADE in entry.values("description")


def _plain(text: str) -> str:
    """What Nova and Keystone say is ASCII, in every cloud that is known; what is not, a directory has written out."""
    return text if text.isascii() and text.isprintable() else quote(text, safe="")


# -- what is written


def _classes(packages: Sequence[Package]) -> list[str]:
    refuse(class_faults(packages))
    return list(dict.fromkeys(package.realised for package in packages))


def _variables(instance: Instance, variables: Sequence[Variable]) -> list[str]:
    refuse([*variable_faults(variables), *_faults(variables)])
    values: dict[str, Any] = {}
    for variable in variables:
        put_value(values, variable)
    own = {
        **_marks(instance),
        _PROJECT: _plain(instance.project_id),
        _NAME: _plain(instance.hostname or instance.ref.instance_id),
    }
    return [f"{name}={_written(value)}" for name, value in {**values, **own}.items()]


def _faults(variables: Sequence[Variable]) -> list[str]:
    faults = []
    known: dict[str, str] = {}
    for variable in variables:
        small = variable.realised.lower()
        if small in _OURS:
            faults.append(f"{variable.name}: {variable.realised} stands for something else in the directory")
        if known.setdefault(small, variable.realised) != variable.realised:
            faults.append(f"{variable.name}: a directory does not tell {variable.realised} from {known[small]}")
        text = _written(variable.value)
        if not text.isascii():
            faults.append(f"{variable.name}: its value has characters that are not ASCII, which a directory has not")
        if "\n" in text:
            faults.append(f"{variable.name}: its value has several lines, and the directory has one")
    return faults


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value) if isinstance(value, list | float) else str(value)
