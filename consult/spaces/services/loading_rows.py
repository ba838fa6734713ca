"""Rows that are put in by key, and how many of them were new or changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.core.db import Base


class Rows:
    """What one run puts into the database.

    A key that is there already keeps its texts unless the run overwrites.
    """

    def __init__(self, session: Session, *, overwrite: bool) -> None:
        self.session, self.overwrite = session, overwrite
        self.added = self.changed = 0

    def put(
        self,
        model: type[Base],
        key: Mapping[str, Any],
        texts: Mapping[str, Any],
        **first: Any,
    ) -> tuple[Any, bool]:
        """Return the row of a key and whether it was made or changed; `first` is set only once."""
        conditions = [getattr(model, name) == value for name, value in key.items()]
        row: Any = self.session.scalars(select(model).where(*conditions)).first()
        if row is None:
            return self._add(model(**key, **texts, **first)), True
        return row, self.renew(row, texts)

    def renew(self, row: Any, texts: Mapping[str, Any]) -> bool:
        """Give a row that is there the texts of the file, where the run overwrites; return whether
        any differed.
        """
        fresh = {name: value for name, value in texts.items() if getattr(row, name) != value}
        if not self.overwrite or not fresh:
            return False
        for name, value in fresh.items():
            setattr(row, name, value)
        self.session.flush()
        self.changed += 1
        return True

    def put_all(
        self, model: type[Base], entries: Iterable[tuple[str, Mapping[str, Any]]], **shared: Any
    ) -> None:
        """Put many rows in by their `key` among those that have the `shared` values.

        They are written together, because a glossary has hundreds. Rows that the run overwrites
        get a new `version`: whoever has their form open shall not save over what the file says.
        """
        conditions = [getattr(model, name) == value for name, value in shared.items()]
        rows: Iterable[Any] = self.session.scalars(select(model).where(*conditions))
        known = {row.key: row for row in rows}
        for key, texts in entries:
            row = known.get(key)
            if row is None:
                self.session.add(model(key=key, **shared, **texts))
                self.added += 1
            elif self.renew(row, texts):
                row.version += 1
        self.session.flush()

    def keep(
        self, model: type[Base], key: Mapping[str, Any], texts: Mapping[str, Any]
    ) -> tuple[Any, bool]:
        """Return the row of a key and whether it was made; one that is there stays as it is."""
        conditions = [getattr(model, name) == value for name, value in key.items()]
        row: Any = self.session.scalars(select(model).where(*conditions)).first()
        return (self._add(model(**key, **texts)), True) if row is None else (row, False)

    def _add(self, row: Any) -> Any:
        self.session.add(row)
        self.session.flush()
        self.added += 1
        return row
