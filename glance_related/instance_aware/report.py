"""`Report`: what ``reconcile`` has done."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Report:
    """What was done; with ``dry_run``, what would be.

    :param looked_at: rows that were old enough to be looked at
    :param swept: rows removed, because their image is gone
    :param undecided: rows whose image Glance said nothing certain about; they stay
    :param confirmed: attempts to create an image that had made it, and are bound now
    :param abandoned: attempts that had made nothing
    :param left: attempts that Glance said nothing certain about; they stay
    :param imported: native tuples taken over
    :param not_imported: native properties of our names that were not, and why
    :param adopted: images bound because Nova's record of their instance proves what Nova said of them
    :param found: images of a registered Nova bound that had no row, for the same reason
    :param unproved: recent images that name an instance whose record does not prove it; they stay unbound
    :param ambiguous: recent images of which that cannot be told; they stay unbound
    :param unasked: images whose Nova said nothing certain; they are asked about again
    :param novas: what each Nova that was asked in vain has to be mended by
    :param forgotten: images that awaited their proof and are gone
    :param purged: riders that nobody will ask for any more; not counted with ``dry_run``
    :param stopped: why the rest was not looked at, in one sentence
    """

    dry_run: bool
    looked_at: int = 0
    swept: int = 0
    undecided: int = 0
    confirmed: int = 0
    abandoned: int = 0
    left: int = 0
    imported: int = 0
    not_imported: dict[str, int] | None = None
    adopted: int = 0
    found: int = 0
    unproved: int = 0
    ambiguous: int = 0
    unasked: int = 0
    novas: list[str] = field(default_factory=list)
    forgotten: int = 0
    purged: int = 0
    stopped: str | None = None

    @property
    def is_complete(self) -> bool:
        """Whether everything was looked at and decided."""
        return self.stopped is None and not (self.undecided or self.left or self.unasked)
