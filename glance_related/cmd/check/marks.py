"""What is wrong with ``[riders] mark_keys``: none on this host, or other ones than on the other side."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from glance_related.cmd.check.findings import Finding, error, warning
from glance_related.riders.keys import GLANCE, NOVA
from glance_related.riders.mark import Marks

_FRONT = {GLANCE: "in front of Glance", NOVA: "in front of Nova"}


def check_mark_keys(
    marks: Marks, stands: Collection[str], recorded: Mapping[str, tuple[str, ...] | None]
) -> Iterator[Finding]:
    """Whether marks that are made in front of Nova are known in front of Glance.

    :param marks: the keys of this host's configuration
    :param stands: the sides on which a filter of ours stands on this host
    :param recorded: the fingerprints that each side has started with; None where it never has
    """
    here = marks.fingerprints()
    makes = recorded.get(NOVA) is not None or NOVA in stands
    if not here and stands and makes:
        yield error(
            "riders.no_keys",
            "[riders] mark_keys is not set, so images that Nova makes are not bound; set it to what "
            "'glance-related-manage generate-mark-key' prints, the same on every host of Nova's and Glance's side.",
        )
        return
    if here:
        yield from _not_loaded(here, stands, recorded)
    yield from _unknown(here, stands, recorded)
    if NOVA in stands and GLANCE not in stands and recorded.get(GLANCE) is None:
        yield warning(
            "riders.glance_unseen",
            "the filter in front of Glance has not started with this database yet, so whether it knows this host's "
            "[riders] mark_keys was not checked; install it there, restart glance-api, and check again.",
        )


def _not_loaded(
    here: tuple[str, ...], stands: Collection[str], recorded: Mapping[str, tuple[str, ...] | None]
) -> Iterator[Finding]:
    for side in sorted(stands):
        started = recorded.get(side)
        if started is not None and started != here:
            yield warning(
                "riders.other_keys",
                f"[riders] mark_keys of this host are not those that the filter {_FRONT[side]} has started with last; "
                "make them the same on every host, in the same order, and restart the service.",
            )


def _unknown(
    here: tuple[str, ...], stands: Collection[str], recorded: Mapping[str, tuple[str, ...] | None]
) -> Iterator[Finding]:
    """The key that makes marks, on this host or by what was recorded, must be one that Glance's side knows."""
    making = {keys[0] for keys in (recorded.get(NOVA), here if NOVA in stands else ()) if keys}
    knowing = [keys for keys in (recorded.get(GLANCE), here if GLANCE in stands and here else None) if keys is not None]
    if any(key not in keys for key in making for keys in knowing):
        yield error(
            "riders.different_keys",
            "the first of [riders] mark_keys in front of Nova is not among those in front of Glance, so images that "
            "Nova makes are not bound; make mark_keys the same on every host, and restart glance-api, then nova-api.",
        )
