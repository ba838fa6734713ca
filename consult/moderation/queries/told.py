"""The statistics of a space as somebody may read them: the public with small figures held back,
those who look after it with all of them.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from consult.core.i18n import LOCALES, language_label
from consult.core.i18n import gettext as _
from consult.discussion.queries.discreet import FEWEST
from consult.moderation.queries import held_back
from consult.moderation.queries.held_back import Figure
from consult.moderation.queries.statistics import AppealEnd, Counted, Group, Outcome, ordered
from consult.moderation.states import Verdict

ACTS = (Verdict.HIDE, Verdict.REDACT, Verdict.MOVE)


@dataclass(frozen=True)
class Row:
    """One language or category, or all together."""

    key: str
    """Code of the language, slug of the category, or nothing for all together."""
    label: str
    outcomes: Mapping[Outcome, Figure]
    received: Figure
    appeals: Figure
    upheld: Figure
    median: dt.timedelta | None
    """None without decisions, or where they are too few to be told."""


@dataclass(frozen=True)
class Statistics:
    """Everything that a page or a file says."""

    as_of: dt.datetime
    is_whole: bool
    """Nothing is held back."""
    is_empty: bool
    """Too little was sent to tell anything."""
    total: Row
    languages: Sequence[Row]
    categories: Sequence[Row]
    rejected: Sequence[tuple[str, str, Figure]]
    """Code and words of a reason, and how many texts."""
    returned: Sequence[tuple[str, str, Figure]]
    acts: Mapping[str, Figure]
    """Public texts that were hidden, redacted and moved, by verdict."""


def told(counted: Counted, *, is_whole: bool) -> Statistics:
    """Return what is told of the figures, in the current language; whole ones hold nothing back."""
    everything = counted.all
    labels = [(code, language_label(code)) for code in LOCALES]
    labels += [(c, language_label(c)) for c in sorted(counted.by_language) if c not in LOCALES]
    languages = [(key, label, counted.by_language.get(key, Group())) for key, label in labels]
    categories = [
        (slug, str(name), counted.by_category.get(id_, Group()))
        for id_, slug, name in counted.categories
    ]
    if None in counted.by_category:
        categories.append(("", _("No category"), counted.by_category[None]))
    total = _total(everything, is_whole=is_whole)
    reasons = {code: str(label) for code, label in counted.reasons.items()}
    return Statistics(
        as_of=counted.as_of,
        is_whole=is_whole,
        is_empty=not everything.received or not (is_whole or everything.received >= FEWEST),
        total=total,
        languages=_rows(languages, total=total, is_whole=is_whole),
        categories=_rows(categories, total=total, is_whole=is_whole),
        rejected=_by_reason(
            counted.rejected, reasons, total.outcomes[Outcome.REJECTED], is_whole=is_whole
        ),
        returned=_by_reason(
            counted.returned, reasons, total.outcomes[Outcome.RETURNED], is_whole=is_whole
        ),
        acts={
            act.value: Figure(counted.acts[act]) if is_whole else held_back.alone(counted.acts[act])
            for act in ACTS
        },
    )


def _total(group: Group, *, is_whole: bool) -> Row:
    counts = [group.outcomes[one] for one in Outcome]
    ends = _appeal_parts(group)
    made = Figure(sum(ends)) if is_whole else held_back.alone(sum(ends))
    parts = (
        [Figure(count) for count in counts]
        if is_whole
        else held_back.line(counts, is_total_told=group.received >= FEWEST)
    )
    upheld = Figure(ends[0]) if is_whole else held_back.line(ends, is_total_told=made.is_told)[0]
    return Row(
        key="",
        label=_("All together"),
        outcomes=dict(zip(Outcome, parts, strict=True)),
        received=Figure(group.received),
        appeals=made,
        upheld=upheld,
        median=group.median if is_whole or len(group.waits) >= FEWEST else None,
    )


def _rows(groups: Sequence[tuple[str, str, Group]], *, total: Row, is_whole: bool) -> Sequence[Row]:
    texts = [[group.outcomes[one] for one in Outcome] for _key, _label, group in groups]
    appeals = [_appeal_parts(group) for _key, _label, group in groups]
    if is_whole:
        told_texts = [[Figure(n) for n in (*row, sum(row))] for row in texts]
        told_appeals = [[Figure(n) for n in (*row, sum(row))] for row in appeals]
    else:
        people = [len(group.people) for _key, _label, group in groups]
        told_texts = held_back.table(texts, people=people, totals=list(total.outcomes.values()))
        sums = [sum(column) for column in zip(*appeals, strict=True)]
        told_appeals = held_back.table(
            appeals,
            people=people,
            totals=held_back.line(sums, is_total_told=total.appeals.is_told),
            is_sum_told=total.appeals.is_told,
        )
    return [
        Row(
            key=key,
            label=label,
            outcomes=dict(zip(Outcome, parts[:-1], strict=True)),
            received=parts[-1],
            appeals=ends[-1],
            upheld=ends[0],
            median=group.median
            if is_whole or (parts[-1].is_told and len(group.waits) >= FEWEST)
            else None,
        )
        for (key, label, group), parts, ends in zip(groups, told_texts, told_appeals, strict=True)
    ]


def _appeal_parts(group: Group) -> list[int]:
    """Return the appeals that were upheld, and all others."""
    upheld = group.appeals[AppealEnd.UPHELD]
    return [upheld, group.appeals.total() - upheld]


def _by_reason(
    counts: Counter[str], labels: Mapping[str, str], total: Figure, *, is_whole: bool
) -> Sequence[tuple[str, str, Figure]]:
    codes = ordered(counts, known=labels)
    numbers = [counts[code] for code in codes]
    figures = (
        [Figure(n) for n in numbers]
        if is_whole
        else held_back.line(numbers, is_total_told=total.is_told)
    )
    return [
        (code, labels.get(code, code) or _("No reason noted"), figure)
        for code, figure in zip(codes, figures, strict=True)
    ]
