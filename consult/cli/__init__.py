"""Commands: one click group per file, each command calls one service and exits 0, 1 or 2."""

from __future__ import annotations

from flask import Flask

from consult.cli import (
    audit,
    comments,
    demo,
    doctor,
    erasure,
    export,
    forum,
    glossary,
    i18n,
    invite,
    mail,
    objectives,
    search,
    serve,
    space,
    user,
    worker,
)


def register(app: Flask) -> None:
    """Attach every command to the application's command line."""
    user.group.add_command(erasure.erase)
    user.group.add_command(erasure.replay_erasures)
    user.group.add_command(invite.invite)
    for entry in (
        audit.group,
        comments.group,
        demo.demo,
        doctor.doctor,
        export.export,
        forum.group,
        glossary.group,
        i18n.group,
        mail.group,
        objectives.group,
        search.group,
        serve.serve,
        space.group,
        user.group,
        worker.worker,
    ):
        app.cli.add_command(entry)
