"""Amina follows her texts after she sent them: drafts of changes, returns, history, withdrawals."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from sqlalchemy import func, select

from consult.core import clock
from consult.core.authz import Role
from consult.core.errors import StaleState
from consult.discussion.models import Contribution, Revision
from consult.discussion.services import publishing, removing
from consult.discussion.states import RevisionState
from consult.moderation.services import decide
from consult.moderation.states import Verdict
from tests import factories as make
from tests.integration.test_budgets import counted
from tests.journeys.test_stakeholder import Amina, only, publish
from tests.signing_in import sign_in, token_of


class Author(Amina):
    """Amina with a text of hers and a moderator who decides on it."""

    def __init__(self, app, session, space):
        super().__init__(app, session, space)
        self.moderator = make.make_user(session)
        make.grant(session, user=self.moderator, role=Role.MODERATOR, space=space)
        self.name = ""

    @property
    def at(self):
        return f"/en/contributions/{self.name}"

    @property
    def edit(self):
        return f"{self.at}/edit"

    def begin(self, body="The first version."):
        self.answer(body)
        self.name = only(self.session).receipt
        return self

    def published(self):
        self.begin()
        self.name = publish(self.session, only(self.session))
        return self

    def decided(self, verdict, **values):
        contribution = self.own()
        waiting = self.session.get_one(Revision, contribution.open_revision_id)
        decide(
            self.session,
            actor=make.actor_for(user=self.moderator, role=Role.MODERATOR, space=self.space),
            contribution_id=contribution.id,
            seen_revision=waiting.number,
            seen_published=None,
            verdict=verdict,
            reason=values.get("reason", "personal-data"),
            message=values.get("message", "Please leave out the private address."),
            language=None,
            objectives=None,
            now=values.get("now", clock.now()),
        )
        self.session.commit()
        return self

    def own(self):
        return self.session.scalars(
            select(Contribution).where(
                (Contribution.receipt == self.name) | (Contribution.reference == self.name)
            )
        ).one()

    def write(self, body, page=None, **values):
        """Send the form of the edit page with what was typed."""
        page = page or self.browser.get(self.edit).text
        return self.send(self.edit, page, body=body, **values)

    def keep(self, body, page=None):
        return self.write(body, page, action="save")

    def page(self, path=""):
        return self.browser.get(self.at + path)

    def post(self, path, **data):
        token = token_of(self.browser.get("/en/account/affiliation").text)
        return self.browser.post(path, data=data | {"csrf_token": token})


@pytest.fixture
def amina(app, session, client):
    space = make.make_space(session)
    session.commit()
    return Author(app, session, space)


# --- Drafts of changes --------------------------------------------------------------------------


def test_a_change_is_kept_found_again_and_sent_once(amina, session, client):
    amina.published()
    kept = amina.keep("Half of the second version.")
    assert (kept.status_code, kept.location) == (303, amina.edit)
    page = amina.page("/edit").text
    assert "Half of the second version." in page
    assert "Draft kept on" in page
    assert "Half of the second version." not in client.get(amina.at).text
    sent = amina.write("The whole second version.", page)
    assert sent.status_code == 303
    assert session.scalar(select(func.count(Revision.id))) == 2
    arrived = amina.browser.get(sent.location).text
    assert "Your new text has arrived" in arrived
    assert "The first version." in client.get(amina.at).text


def test_the_script_that_keeps_drafts_gets_a_token_and_goes_on_with_it(amina, session):
    amina.published()
    page = amina.page("/edit").text
    data = amina.hidden(page) | {"language": "en", "action": "save", "body": "By the script."}
    accepts = {"Accept": "application/json"}
    first = amina.browser.post(amina.edit, data=data, headers=accepts)
    assert first.status_code == 200
    assert "Draft kept on" in first.json["saved"]
    again = data | {"body": "By the script, again.", "draft": first.json["draft"]}
    assert amina.browser.post(amina.edit, data=again, headers=accepts).status_code == 200
    stale = amina.browser.post(amina.edit, data=again, headers=accepts)
    assert stale.status_code == 409
    assert stale.json["message"]
    assert session.scalar(select(func.count(Revision.id))) == 2
    assert "By the script, again." in amina.page("/edit").text


def test_the_script_is_told_in_words_why_a_draft_is_not_kept(amina):
    amina.begin()
    data = amina.hidden(amina.page("/edit").text) | {"action": "save", "body": "Beside it."}
    answer = amina.browser.post(amina.edit, data=data, headers={"Accept": "application/json"})
    assert answer.status_code == 422
    assert "waits for a moderator" in answer.json["message"]


def test_beside_a_waiting_text_nothing_is_kept_and_nothing_typed_is_lost(amina):
    amina.begin()
    page = amina.page("/edit").text
    assert 'value="save"' not in page
    answer = amina.keep("Words that must not be lost.", page)
    assert answer.status_code == 422
    assert "Words that must not be lost." in answer.text
    assert "no draft can be kept beside it" in answer.text
    assert f"{amina.at}/take-back" in answer.text


def test_two_windows_on_one_draft_get_both_texts(amina):
    amina.published()
    amina.keep("A beginning.")
    one, other = amina.page("/edit").text, amina.page("/edit").text
    assert amina.keep("From one window.", one).status_code == 303
    for values in ({"action": "save"}, {"action": "send"}, {"action": "discard"}):
        answer = amina.write("From the other.", other, **values)
        assert answer.status_code == 409
        assert "From one window." in answer.text
        assert "From the other." in answer.text


def test_a_discarded_change_leaves_the_public_text_to_begin_with(amina):
    amina.published()
    amina.keep("Never mind.")
    answer = amina.write("Never mind.", action="discard")
    assert (answer.status_code, answer.location) == (303, amina.at)
    page = amina.page("/edit").text
    assert "Never mind." not in page
    assert "The first version." in page


def test_a_change_can_be_previewed_with_its_draft(amina):
    amina.published()
    amina.keep("**Bold** plans")
    answer = amina.write("**Bold** plans", action="preview")
    assert answer.status_code == 200
    assert "<strong>Bold</strong>" in answer.text
    assert amina.write("**Bold** plans", answer.text).status_code == 303


# --- Returned -----------------------------------------------------------------------------------


def test_a_returned_text_is_shown_with_the_words_about_it_and_sent_again(amina, session):
    amina.begin().decided(Verdict.RETURN)
    for page in (
        amina.page().text,
        amina.page("/edit").text,
        amina.browser.get("/en/account").text,
    ):
        assert "Please leave out the private address." in page
        assert "You can change it and send it again until" in page
    sent = amina.write("The first version, without the address.")
    receipt = amina.browser.get(sent.location)
    assert "Your new text has arrived" in receipt.text
    assert amina.name in receipt.text
    assert amina.user.email in receipt.text


def test_the_draft_of_a_returned_text_shows_what_it_changes_and_discarded_gives_it_back(amina):
    amina.begin("We meet at 14 Quay Street on Mondays.").decided(Verdict.RETURN)
    amina.keep("We meet at the office on Mondays.")
    page = amina.page("/edit").text
    assert "What your draft changes so far" in page
    assert "14 Quay Street" in page
    assert "Go on writing" in amina.page().text
    amina.write("We meet at the office on Mondays.", page, action="discard")
    assert "Your contribution came back to you" in amina.page().text
    assert "We meet at 14 Quay Street on Mondays." in amina.page("/edit").text


def test_a_returned_text_is_changed_and_sent_after_the_closing(amina, session):
    amina.begin().decided(Verdict.RETURN)
    amina.space.closes_at = clock.now() - dt.timedelta(minutes=5)
    session.commit()
    assert amina.keep("Nearly there.").status_code == 303
    assert amina.write("Sent after the closing.").status_code == 303
    assert session.get_one(Revision, amina.own().open_revision_id).state == RevisionState.PENDING


# --- Readers and colleagues ---------------------------------------------------------------------


@pytest.mark.parametrize("role", [None, Role.MODERATOR, Role.DRAFTER, Role.ORGANISER])
def test_nobody_else_sees_a_draft_on_any_page(amina, app, session, role):
    amina.begin().decided(Verdict.RETURN)
    amina.keep("Words for nobody.")
    browser = app.test_client()
    user = make.make_user(session)
    if role is not None:
        make.grant(session, user=user, role=role, space=amina.space)
    sign_in(browser, session, user)
    paths = ("", "/history", "/edit", "/edit?from=2", "/withdraw")
    for path in (*(amina.at + one for one in paths), amina.question, "/en/account"):
        assert "Words for nobody." not in browser.get(path).text
    if role is Role.MODERATOR:
        desk = browser.get(f"/en/moderation/{amina.name}")
        assert "Words for nobody." not in desk.text


@pytest.mark.parametrize(
    ("role", "status"),
    [(None, 404), (Role.DRAFTER, 404), (Role.ORGANISER, 404), (Role.MODERATOR, 200)],
)
def test_the_history_is_for_the_author_and_the_moderators(amina, app, session, role, status):
    amina.published()
    amina.write("The second version.")
    publish(session, amina.own())
    user = make.make_user(session)
    if role is not None:
        make.grant(session, user=user, role=role, space=amina.space)
    browser = app.test_client()
    sign_in(browser, session, user)
    shown = browser.get(f"{amina.at}/history")
    unknown = browser.get("/en/contributions/AAAA-BBBB-CCCC-DDDD/history")
    assert shown.status_code == status
    if status == 404:
        assert shown.data == unknown.data
        assert "edited on" in browser.get(amina.at).text


def test_the_history_tells_every_text_its_decision_and_what_changed(amina, session):
    amina.begin().decided(Verdict.RETURN)
    amina.write("The second version.")
    page = amina.page("/history").text
    assert "Please leave out the private address." in page
    assert re.search(r"<ins><span[^>]*>\[added:\] </span>second", page)
    assert re.search(r"<del><span[^>]*>\[removed:\] </span>first", page)
    assert page.index("Text 2") < page.index("Text 1")


def test_a_new_text_can_begin_with_an_earlier_one(amina, session):
    amina.published()
    amina.write("A version to be taken back.")
    amina.post(f"{amina.at}/take-back")
    assert "The first version." in amina.page("/edit").text
    assert "A version to be taken back." in amina.page("/edit?from=2").text


# --- Published ----------------------------------------------------------------------------------


def test_an_edit_says_what_readers_keep_and_a_waiting_one_is_replaced_or_taken_back(
    amina, session, client
):
    amina.published()
    assert "Readers keep the text they have" in amina.page("/edit").text
    amina.write("The second version.")
    page = amina.page("/edit").text
    assert "The text that readers have now" in page
    assert "The second version." in page
    amina.write("The third version.", page)
    assert "The third version." in amina.page().text
    assert amina.post(f"{amina.at}/take-back").status_code == 303
    assert "The first version." in client.get(amina.at).text
    assert "The third version." not in amina.page().text


def test_taking_back_never_throws_a_draft_away(amina, session):
    amina.published()
    amina.keep("A careful draft.")
    assert amina.post(f"{amina.at}/take-back").status_code == 403
    assert "A careful draft." in amina.page("/edit").text


# --- Withdrawing --------------------------------------------------------------------------------


def test_a_withdrawal_says_what_goes_and_is_undone_within_its_seconds(amina, session, client):
    amina.published()
    amina.keep("A draft to survive.")
    question = amina.page("/withdraw").text
    assert "For 60 seconds you can undo it" in question
    amina.post(f"{amina.at}/withdraw")
    page = amina.page().text
    assert re.search(r"You can undo that for (5\d|60) more seconds", page)
    assert "A draft to survive." in page
    assert client.get(amina.at).status_code == 410
    amina.post(f"{amina.at}/undo-withdrawal")
    assert client.get(amina.at).status_code == 200
    assert "A draft to survive." in amina.page("/edit").text


def test_after_the_minute_the_author_is_told_so_and_still_reads_the_text(amina, session, client):
    amina.published()
    amina.post(f"{amina.at}/withdraw")
    amina.own().removed_at = clock.now() - dt.timedelta(seconds=90)
    answer = amina.post(f"{amina.at}/undo-withdrawal")
    assert answer.status_code == 303
    page = amina.browser.get(answer.location).text
    assert "The minute has passed" in page
    assert "The first version." in page
    assert "undo-withdrawal" not in page
    gone = client.get(amina.at)
    assert gone.status_code == 410
    assert "The first version." not in gone.text


def test_an_erased_text_is_gone_for_its_author_too(amina, session):
    amina.published()
    removing.erase(
        session,
        contribution=amina.own(),
        actor=make.actor_for(user=amina.user, author=amina.author),
        now=clock.now(),
    )
    assert amina.page().status_code == 410
    assert amina.page("/history").status_code == 404


# --- The list and the receipt -------------------------------------------------------------------


def test_the_receipt_tells_the_hour_in_both_zones_and_where_mail_goes(amina, session):
    amina.user.time_zone = "Africa/Nairobi"
    response = amina.answer("On time.")
    page = amina.browser.get(response.location).text
    assert "New York time" in page
    assert "Nairobi" in page
    assert amina.user.email in page
    assert only(session).receipt in page


def test_a_receipt_is_no_longer_shown_as_fresh_once_it_is_decided(amina, session):
    response = amina.answer("Soon returned.")
    amina.name = only(session).receipt
    amina.decided(Verdict.RETURN)
    assert "came back to you" in amina.browser.get(response.location).text


def test_somebody_without_contributions_is_told_where_to_begin(amina):
    page = amina.browser.get("/en/account").text
    assert "You have not written anything yet." in page
    assert "Go to the consultations" in page


def test_the_list_offers_states_only_where_there_are_many(amina, session):
    for _ in range(20):
        make.make_contribution(session, space=amina.space, author=amina.author)
    assert "?state=" not in amina.browser.get("/en/account").text
    amina.answer("One more, waiting.")
    page = amina.browser.get("/en/account").text
    assert "/en/account?state=waiting" in page
    narrowed = amina.browser.get("/en/account?state=waiting").text
    assert "One more, waiting." in narrowed
    assert narrowed.count('<span class="tag good">') == 0


def test_the_draft_of_a_reply_leads_back_to_the_reply(amina, session):
    amina.published()
    form = amina.page("/reply").text
    amina.send(amina.question, form, body="Half a reply.", action="save", parent=amina.name)
    page = amina.browser.get("/en/account").text
    assert f'href="{amina.at}/reply"' in page


def test_a_draft_that_can_no_longer_be_sent_can_be_copied_and_thrown_away(amina, session):
    page = amina.browser.get(amina.question).text
    amina.send(amina.question, page, body="Too slow, alas.\n\nThe end.", action="save")
    amina.space.closes_at = clock.now() - dt.timedelta(minutes=5)
    page = amina.browser.get("/en/account").text
    assert "This draft can no longer be sent" in page
    assert "Too slow, alas.\n\nThe end." in page
    (token,) = re.findall(r'name="draft" value="([^"]+)"', page)
    assert amina.post("/en/account/discard", draft=token).status_code == 303
    assert "Too slow, alas." not in amina.browser.get("/en/account").text


def test_nobody_throws_somebody_elses_draft_away(amina, app, session):
    page = amina.browser.get(amina.question).text
    amina.send(amina.question, page, body="Mine alone.", action="save")
    other = Author(app, session, amina.space)
    other.post("/en/account/discard", draft=f"{only(session).uid}:2")
    assert "Mine alone." in amina.browser.get("/en/account").text


def test_a_rejected_edit_is_told_beside_the_text_that_stays_public(amina, session, client):
    amina.published()
    amina.write("An advertisement.")
    amina.decided(Verdict.REJECT, reason="off-topic", message="This is about something else.")
    page = amina.page().text
    assert "This is about something else." in page
    assert "Readers keep the one below." in page
    assert "This is about something else." not in client.get(amina.at).text


def test_a_hidden_text_tells_its_author_why(amina, session):
    amina.published()
    contribution = amina.own()
    removing.hide(
        session,
        contribution=contribution,
        seen=contribution.published_revision_id,
        now=clock.now(),
    )
    page = amina.page().text
    assert "The moderators have hidden your contribution" in page
    assert "The first version." in page
    assert "Hidden by the moderators" in amina.browser.get("/en/account").text


def test_undoing_a_return_is_refused_while_its_author_rewrites_it(amina, session):
    amina.begin().decided(Verdict.RETURN)
    amina.keep("Already at it.")
    contribution = amina.own()
    returned = session.scalars(
        select(Revision).where(Revision.contribution_id == contribution.id, Revision.number == 1)
    ).one()
    with pytest.raises(StaleState):
        publishing.take_back_decision(
            session, contribution=contribution, revision=returned, now=clock.now()
        )


def test_the_list_costs_the_same_few_statements_however_long_it_is(amina, session):
    costs = []
    for number in (3, 15):
        for _ in range(number):
            make.make_contribution(session, space=amina.space, author=amina.author)
        session.commit()
        session.expunge_all()
        with counted() as statements:
            assert amina.browser.get("/en/account").status_code == 200
        costs.append(len(statements))
    assert costs[0] == costs[1] <= 8
