"""Texts that staff file for somebody else: the list, the form, and the page where that person
answers.
"""

from __future__ import annotations

from flask import flash, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from consult.core import clock, idempotency, limits
from consult.core.authz import Permission, Role, require
from consult.core.db import db
from consult.core.errors import Forbidden, Invalid, Refusal, TooMany
from consult.core.i18n import gettext as _
from consult.core.i18n import zone_words
from consult.core.markup import SafeHtml
from consult.core.unit_of_work import unit_of_work
from consult.core.web import actor, config, needs, takes_files
from consult.core.wording import of_refusal
from consult.discussion.models import Contribution
from consult.discussion.policy import is_public
from consult.discussion.queries import attachments, intake
from consult.discussion.queries.rows import author_words, labels
from consult.discussion.services import intake as filing
from consult.discussion.services import intake_answers
from consult.discussion.views import intake_form
from consult.discussion.views.blueprint import blueprint
from consult.discussion.views.frame import readable_space
from consult.discussion.views.intake_form import POSED, IntakeForm
from consult.discussion.views.submitting import received
from consult.spaces import queries as space_queries
from consult.spaces.models import Forum, Question, Space

UNPROCESSABLE, GONE, TOO_MANY = 422, 410, 429

Page = tuple[str, int]


@blueprint.get("/<lang>/people/intake")
@needs(Permission.FILE_FOR_OTHERS)
def intakes() -> str:
    """Show what was filed for others in one's spaces, and where to file the next one."""
    session, now = db.session(), clock.now()
    forum = space_queries.current_forum(session)
    zone = forum.time_zone if forum is not None else None
    rows = intake.filed(session, actor=actor(), now=now)
    return render_template(
        "discussion/intake.html",
        rows=rows,
        refusals={row.id: of_refusal(row.refusal) for row in rows if row.refusal is not None},
        desks=intake.desks(session, actor=actor(), now=now),
        is_organiser=actor().has(Role.ORGANISER),
        zone=zone,
        zone_words=zone_words(zone),
    )


@blueprint.post("/<lang>/people/intake/<intake_id>/ask")
@needs(Permission.FILE_FOR_OTHERS)
def ask_intake(intake_id: str) -> Response:
    """Send the mail to the person again."""
    try:
        with unit_of_work() as session:
            filing.ask_again(session, actor=actor(), intake_id=intake_id, now=clock.now())
    except Forbidden as error:
        flash(of_refusal(error.refusal), "wait")
    else:
        flash(_("The mail is sent again."), "good")
    return redirect(url_for("discussion.intakes"), 303)


@blueprint.get("/<lang>/spaces/<slug>/intake")
@needs(Permission.FILE_FOR_OTHERS)
def file_intake(slug: str) -> Page:
    """Show the form in which a text is filed for somebody."""
    view = _desk(slug)
    return _form_page(view, intake_form.fresh())


@blueprint.post("/<lang>/spaces/<slug>/intake")
@needs(Permission.FILE_FOR_OTHERS)
@takes_files
def file_intake_now(slug: str) -> Response | Page:
    """File a text: send it to the moderators and ask the person whether it is theirs."""
    text = received()
    view = _desk(slug)
    form = intake_form.read(text)
    try:
        if not form.errors:
            return _file(view, form)
    except Invalid as error:
        form.person.add_problems(error)
    except TooMany as error:
        form.person.add("", _("You have filed as many texts as one day takes."))
        page, status = _form_page(view, form, TOO_MANY)
        return Response(page, status, {"Retry-After": str(error.retry_after)}, mimetype="text/html")
    form.text.renew_key()
    return _form_page(view, form, UNPROCESSABLE)


def _desk(slug: str) -> space_queries.SpaceView:
    """Return a space for which the actor may file texts."""
    view = readable_space(slug)
    require(Permission.FILE_FOR_OTHERS, actor=actor(), subject=view.space, now=clock.now())
    return view


def _file(view: space_queries.SpaceView, form: IntakeForm) -> Response:
    """File a text once for its key; a repetition gets the same answer."""
    user_id, now = actor().user_id, clock.now()
    if user_id is None:
        raise Forbidden(Refusal.NOT_SIGNED_IN)
    filed = form.filing(zone_name=view.forum.time_zone)
    question = _question(view, form.person.values["question"], filed=filed)
    files = attachments.fingerprint(db.session(), tokens=form.text.attachments, actor=actor())
    content = form.content | {"path": request.path, "files": files}
    with unit_of_work() as session:
        answer = idempotency.earlier_answer(
            session,
            user_id=user_id,
            key=form.text.key,
            body_hash=idempotency.fingerprint(content),
            now=now,
        )
        if answer is None:
            sent = filing.file_text(
                session,
                actor=actor(),
                space=view.space,
                question=question,
                filing=filed,
                now=now,
            )
            if config().rate_limits:
                limits.spend(session, limits.INTAKE_BY_ACCOUNT, whose=str(user_id), now=now)
            answer = {"receipt": sent.receipt}
            idempotency.remember(session, user_id=user_id, key=form.text.key, answer=answer)
    flash(
        _(
            "The text waits for a moderator as %(receipt)s. A mail asks the person whether it is"
            " theirs.",
            receipt=answer["receipt"],
        ),
        "good",
    )
    return redirect(url_for("discussion.intakes"), 303)


def _question(
    view: space_queries.SpaceView, typed: str, *, filed: filing.Filing
) -> Question | None:
    """Return the question that a text answers; None for one that is itself a question.

    Raises `Invalid` for another one, with all that is wrong with the other fields.
    """
    if typed == POSED:
        return None
    known = {str(question.number): question for question in view.questions}
    if typed in known:
        return known[typed]
    problems = {"question": ["question-unknown"]}
    try:
        filing.check(db.session(), space=view.space, filing=filed, now=clock.now())
    except Invalid as error:
        problems |= error.problems
    raise Invalid(problems)


def _form_page(view: space_queries.SpaceView, form: IntakeForm, status: int = 200) -> Page:
    page = render_template(
        "discussion/intake_form.html",
        form=intake_form.presented(form, view=view),
        space=view.space,
        action=url_for("discussion.file_intake_now", slug=view.space.slug),
        zone=view.forum.time_zone,
        zone_words=zone_words(view.forum.time_zone),
        is_organiser=actor().has(Role.ORGANISER),
    )
    return page, status


@blueprint.get("/<lang>/intake/<token>")
@needs(Permission.READ)
def answer_intake(token: str) -> Page:
    """Show a text to the person for whom it was filed, with two buttons: programs that only look
    at links in mails must not answer.
    """
    session = db.session()
    asked = intake.live(session, token=token, secret_key=config().secret_key, now=clock.now())
    if asked is None:
        return render_template("discussion/intake_answer.html", outcome="gone"), GONE
    contribution = session.get_one(Contribution, asked.contribution_id)
    space = session.get_one(Space, contribution.space_id)
    g.forum = session.get_one(Forum, space.forum_id)
    revision = intake.filed_text(session, asked)
    words = labels(zone=g.forum.time_zone, holds=config().holds_unscanned)
    author, affiliation = author_words(intake.speaker(session, contribution), words=words)
    page = render_template(
        "discussion/intake_answer.html",
        outcome=None,
        token=token,
        space=space,
        html=SafeHtml.from_storage(revision.html),
        language=revision.language,
        files=intake.file_names(session, revision),
        author=author,
        affiliation=affiliation,
        received_at=contribution.sent_at,
        is_public=is_public(contribution),
        zone=g.forum.time_zone,
        zone_words=zone_words(g.forum.time_zone),
    )
    return page, 200


@blueprint.post("/<lang>/intake/<token>")
@needs(Permission.READ)
def answer_intake_now(token: str) -> Page:
    """Take the answer: the text is theirs, or it is not."""
    acts = {"mine": intake_answers.confirm, "not-mine": intake_answers.disown}
    given = request.form.get("answer", "")
    if given not in acts:
        raise Invalid({"answer": ["missing"]})
    try:
        with unit_of_work() as session:
            contribution = acts[given](
                session, token=token, secret_key=config().secret_key, now=clock.now()
            )
            reference = contribution.reference if is_public(contribution) else None
    except Invalid:
        return render_template("discussion/intake_answer.html", outcome="gone"), GONE
    page = render_template(
        "discussion/intake_answer.html",
        outcome=given,
        reference=reference,
    )
    return page, 200
