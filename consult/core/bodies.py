"""Bodies of requests: how much is read, and of whom; bound by `consult.core.web`.

Forms with files come whole: a file that is too large is cut off and later refused with words, so
that what was typed beside it is never lost to a bare 413.
"""

from __future__ import annotations

from collections.abc import Callable
from tempfile import SpooledTemporaryFile
from typing import IO, Any, TypeVar, cast

from flask import Flask, Request, current_app, request
from werkzeug.exceptions import RequestEntityTooLarge

F = TypeVar("F", bound=Callable[..., Any])

MAX_BODY = 2 * 1024 * 1024
"""Bytes of a form without files, and of everything but the files in a form with some."""
MAX_FILE = 20 * 1024 * 1024
"""Bytes of one file; one more is kept, by which a larger one is known."""
MAX_FILES = 10
MAX_BODY_WITH_FILES = MAX_FILES * MAX_FILE + MAX_BODY
IN_MEMORY = 512 * 1024
"""Bytes of a file from which on it lies on the disk."""
SLACK = 256 * 1024
"""Bytes that the parser may hold back before it hands them to a file."""


def takes_files(view: F) -> F:
    """Mark an endpoint whose forms bring files, from people who are signed in."""
    view.takes_files = True  # type: ignore[attr-defined]
    return view


class FormRequest(Request):
    """A request whose files are spooled to the disk, each cut off beyond its limit."""

    bytes_read = 0
    bytes_of_files = 0
    keeps_files = True
    """False where the sender may not send any: their bytes are counted and let go of."""

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        file = _CutFile(self)
        self.__dict__.setdefault("spooled", []).append(file)
        return cast(IO[bytes], file)

    def close(self) -> None:
        """Let go of every file, also of those before which the reading was given up."""
        super().close()
        for file in self.__dict__.get("spooled", ()):
            file.close()

    def _get_stream_for_parsing(self) -> IO[bytes]:
        stream = super()._get_stream_for_parsing()
        if self.max_content_length != MAX_BODY_WITH_FILES:
            return stream
        return cast(IO[bytes], _WatchedStream(stream, self))


class _CutFile(SpooledTemporaryFile[bytes]):
    """Takes everything and keeps at most one byte more than a file may have.

    Of who may not send files it keeps nothing.
    """

    def __init__(self, form: FormRequest) -> None:
        super().__init__(max_size=IN_MEMORY, mode="w+b")
        self._form = form

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self._form.bytes_of_files += len(data)
        room = MAX_FILE + 1 - self.tell()
        if room > 0 and self._form.keeps_files:
            super().write(data[:room])
        return len(data)


class _WatchedStream:
    """Ends the reading once what is not a file outgrows a form without files."""

    def __init__(self, stream: IO[bytes], form: FormRequest) -> None:
        self._stream, self._form = stream, form

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes; raises `RequestEntityTooLarge`."""
        form = self._form
        if form.bytes_read - form.bytes_of_files > MAX_BODY + SLACK:
            raise RequestEntityTooLarge
        data = self._stream.read(size)
        form.bytes_read += len(data)
        return data


def init_app(app: Flask, *, may_send_files: Callable[[], bool]) -> None:
    """Have the application read large bodies where an endpoint takes files.

    They are read of everybody, so that who was signed out meanwhile gets the typed words back;
    files are kept of those only whom `may_send_files` lets, which is asked only where it matters.
    To be bound before anything reads a form.
    """
    app.request_class = FormRequest

    @app.before_request
    def widen() -> None:
        view = current_app.view_functions.get(request.endpoint or "")
        if not getattr(view, "takes_files", False) or request.mimetype != "multipart/form-data":
            return
        cast(FormRequest, request).keeps_files = may_send_files()
        is_small = request.content_length is not None and request.content_length <= MAX_BODY
        if not is_small:
            request.max_content_length = MAX_BODY_WITH_FILES
