"""Farid and Carmen speak with one voice: they set up a delegation, and one releases what the other
writes.
"""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from sqlalchemy import select

from consult.core import clock
from consult.core.authz import Role
from consult.discussion.models import Contribution, Revision
from consult.discussion.services import publishing
from consult.spaces.models import Author, Forum, Invitation
from consult.spaces.services import delegation_members
from consult.spaces.states import Membership
from tests import factories as make
from tests.integration.test_budgets import counted
from tests.signing_in import sign_in, token_of

DELEGATION, CLEARANCE = "/en/account/delegation", "/en/account/clearance"


class Person:
    """Somebody with a browser without scripts."""

    def __init__(self, house, name, *, organisation=None):
        self.house, self.name = house, name
        self.user = make.make_user(house.session, name=name)
        self.author: Any = None
        if organisation is not None:
            self.author = make.make_author(
                house.session, forum=house.forum, user=self.user, organisation=organisation
            )
        self.browser = house.app.test_client()
        sign_in(self.browser, house.session, self.user)

    def get(self, path):
        self.house.session.commit()
        return self.browser.get(path)

    def post(self, path, *, at=None, **data):
        page = self.get(at or path).text
        data["csrf_token"] = token_of(page)
        response = self.browser.post(path, data=data)
        self.house.session.expire_all()
        return response

    def write(self, path, body, page=None, **values):
        """Send the writing form of a page."""
        page = page or self.get(path).text
        form = page[page.index('data-draft="') :]
        hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form))
        chosen = re.findall(r'name="author" value="([^"]+)"[^>]* checked', form)
        data = hidden | {"language": "en", "action": "send", "body": body}
        if chosen:
            data["author"] = chosen[0]
        response = self.browser.post(path, data=data | values)
        self.house.session.expire_all()
        return response


class House:
    """A forum with an open space, Farid and Carmen."""

    def __init__(self, app, session):
        self.app, self.session = app, session
        self.forum = make.make_forum(session)
        self.space = make.make_space(session, forum=self.forum)
        self.question = f"/en/spaces/{self.space.slug}/questions/1"
        self.farid = Person(self, "Farid", organisation="Union of Dockers")
        self.carmen = Person(self, "Carmen")

    @property
    def author(self):
        return self.session.scalars(select(Author).where(Author.is_delegation)).one()

    def found(self, *, wants_clearance=True):
        """Let Farid set the delegation up; Carmen joins it."""
        assert self.farid.post(DELEGATION, act="found").status_code == 303
        author = self.author
        author.wants_clearance = wants_clearance
        delegation_members.join(
            self.session,
            author=author,
            user_id=self.carmen.user.id,
            membership=Membership.CONTRIBUTOR,
            now=clock.now(),
        )
        self.session.commit()
        return author

    def only(self):
        return self.session.scalars(
            select(Contribution).order_by(Contribution.id.desc()).limit(1)
        ).one()

    def publish(self):
        contribution = self.only()
        publishing.publish(
            self.session,
            contribution=contribution,
            revision=self.session.get_one(Revision, contribution.open_revision_id),
            space=self.space,
            now=clock.now(),
        )
        self.session.commit()
        return contribution.reference

    def staff(self, role):
        person = Person(self, role.value)
        make.grant(self.session, user=person.user, role=role, space=self.space)
        self.session.commit()
        return person


@pytest.fixture
def house(app, session, client):
    made = House(app, session)
    session.commit()
    return made


def mark_in(page):
    return re.findall(r'name="revision" value="([^"]+)"', page)[0]


# --- Setting it up ------------------------------------------------------------------------------


def test_farid_sets_the_delegation_up_and_invites_carmen(house, session):
    page = house.farid.get(DELEGATION).text
    assert "Set up the delegation of Union of Dockers" in page
    assert house.farid.post(DELEGATION, act="found").status_code == 303
    author = house.author
    assert "You are a focal point" in house.farid.get(DELEGATION).text
    asked = house.farid.post(
        DELEGATION,
        act="invite",
        delegation=author.uid,
        email="carmen@dockers.example",
        membership="contributor",
        locale="es",
    )
    assert asked.status_code == 303
    invitation = session.scalars(select(Invitation)).one()
    assert (invitation.author_id, invitation.locale) == (author.id, "es")
    assert "carmen@dockers.example" in house.farid.get(DELEGATION).text
    back = house.farid.post(
        DELEGATION, act="take-back", delegation=author.uid, invitation=invitation.id
    )
    assert back.status_code == 303
    assert "carmen@dockers.example" not in house.farid.get(DELEGATION).text


def test_a_wrong_address_comes_back_with_everything_typed(house):
    author = house.found()
    page = house.farid.post(
        DELEGATION,
        act="invite",
        delegation=author.uid,
        email="nowhere",
        membership="focal_point",
        locale="fr",
    )
    assert page.status_code == 422
    assert 'value="nowhere"' in page.text
    assert re.search(r'value="focal_point"[^>]* checked', page.text)


def test_the_last_focal_point_is_told_what_to_do_before_leaving(house):
    author = house.found()
    values = {"act": "leave", "delegation": author.uid, "member": house.farid.user.uid}
    page = house.farid.post(DELEGATION, **values)
    assert page.status_code == 403
    assert "Make somebody else a focal point first" in page.text
    promoted = house.farid.post(
        DELEGATION, act="promote", delegation=author.uid, member=house.carmen.user.uid
    )
    assert promoted.status_code == 303
    assert house.farid.post(DELEGATION, **values).status_code == 303
    assert "Speak together with colleagues" in house.farid.get(DELEGATION).text


def test_a_contributor_and_a_stranger_change_nothing(house):
    author = house.found()
    data = {"act": "describe", "delegation": author.uid, "category": "civil-society"}
    assert house.carmen.post(DELEGATION, **data).status_code == 403
    stranger = Person(house, "Stranger", organisation="Others")
    assert stranger.post(DELEGATION, **data).status_code == 404
    assert house.farid.post(DELEGATION, **data | {"act": "nonsense"}).status_code == 404


def test_a_form_that_stood_open_too_long_is_shown_again(house):
    author = house.found()
    page = house.farid.browser.post(
        DELEGATION, data={"act": "invite", "delegation": author.uid, "email": "late@example.org"}
    )
    assert page.status_code == 400
    assert 'value="late@example.org"' in page.text


def test_an_organiser_sees_the_delegations_and_appoints(house, session):
    author = house.found()
    organiser = house.staff(Role.ORGANISER)
    path = "/en/people/delegations"
    assert "Union of Dockers" in organiser.get(path).text
    shown = organiser.get(f"{path}?delegation={author.uid}").text
    assert "Carmen" in shown
    assert house.carmen.user.email not in shown
    data = {"delegation": author.uid, "act": "promote", "member": house.carmen.user.uid}
    assert organiser.post(path, **data).status_code == 303
    assert organiser.post(path, act="dissolve", delegation=author.uid).status_code == 303
    assert "No focal point" in organiser.get(path).text
    assert house.farid.get(path).status_code == 404


def test_an_organiser_sets_one_up_or_is_told_what_is_wrong(house, session):
    organiser = house.staff(Role.ORGANISER)
    path = "/en/people/delegations"
    data = {
        "act": "found",
        "organisation": "Union of Dockers",
        "category": "civil-society",
        "country": "",
        "email": "head@dockers.example",
        "locale": "en",
    }
    wrong = organiser.post(path, **data | {"organisation": "Nobody"})
    assert wrong.status_code == 422
    assert 'value="head@dockers.example"' in wrong.text
    assert organiser.post(path, **data).status_code == 303
    assert session.scalars(select(Invitation)).one().author_id == house.author.id


# --- Writing and releasing ----------------------------------------------------------------------


def test_carmen_writes_farid_releases_and_readers_see_the_union(house, session, client):
    house.found()
    sent = house.carmen.write(house.question, "What our members say.")
    receipt = house.only().receipt
    page = house.carmen.get(sent.location).text
    assert receipt in page
    assert "It counts as sent. Your focal point reads it first" in page
    assert "Waits for your focal point" in house.carmen.get("/en/account").text
    moderator = house.staff(Role.MODERATOR)
    assert receipt not in moderator.get("/en/moderation").text
    assert moderator.get(f"/en/moderation/{receipt}").status_code == 404
    assert moderator.get(f"/en/contributions/{receipt}").status_code == 404
    assert receipt in house.farid.get(CLEARANCE).text
    item = house.farid.get(f"{CLEARANCE}/{receipt}").text
    assert "What our members say." in item
    assert "Written by Carmen" in item
    done = house.farid.post(f"{CLEARANCE}/{receipt}", act="release", revision=mark_in(item))
    assert (done.status_code, done.location) == (303, CLEARANCE)
    shown = moderator.get(f"/en/moderation/{receipt}").text
    assert "Union of Dockers" in shown
    assert "Carmen" not in shown
    assert "Farid" not in shown
    reference = house.publish()
    public = client.get(f"/en/contributions/{reference}").text
    assert "Union of Dockers" in public
    assert "Carmen" not in public
    history = house.farid.get(f"/en/contributions/{reference}/history").text
    assert "Written by Carmen." in history
    assert "Released by Farid." in history
    assert "Carmen" not in moderator.get(f"/en/contributions/{reference}/history").text
    assert "Written by Carmen" in house.farid.get("/en/account").text


def test_farid_hands_a_text_back_and_carmen_sends_it_again(house):
    house.found()
    house.carmen.write(house.question, "What our members say.")
    receipt = house.only().receipt
    path = f"{CLEARANCE}/{receipt}"
    item = house.farid.get(path).text
    empty = house.farid.post(path, act="hand-back", revision=mark_in(item), words=" ")
    assert empty.status_code == 422
    back = house.farid.post(
        path, act="hand-back", revision=mark_in(item), words="Please name the year."
    )
    assert back.status_code == 303
    assert house.farid.get(path).status_code == 303
    own = house.carmen.get(f"/en/contributions/{receipt}").text
    assert "Your focal point handed this text back" in own
    assert "Please name the year." in own
    edit = f"/en/contributions/{receipt}/edit"
    assert "Please name the year." in house.carmen.get(edit).text
    kept = house.carmen.write(edit, "With the year, 20", action="save")
    assert kept.status_code == 303
    assert house.carmen.write(edit, "With the year, 2021.").status_code == 303
    assert "With the year, 2021." in house.farid.get(path).text


def test_farid_is_shown_both_texts_where_carmen_was_faster(house):
    house.found()
    house.carmen.write(house.question, "The first version.")
    receipt = house.only().receipt
    path = f"{CLEARANCE}/{receipt}"
    mark = mark_in(house.farid.get(path).text)
    house.carmen.write(f"/en/contributions/{receipt}/edit", "The second version.")
    stale = house.farid.post(path, act="release", revision=mark)
    assert stale.status_code == 409
    assert "The first version." in stale.text
    assert "The second version." in stale.text
    assert mark_in(stale.text) != mark
    taken = house.carmen.post(
        f"/en/contributions/{receipt}/take-back", at=f"/en/contributions/{receipt}/take-back"
    )
    assert taken.status_code == 303
    late = house.farid.post(path, at=DELEGATION, act="release", revision=mark)
    assert late.status_code == 409
    assert "There is nothing to release here now" in late.text


def test_farid_changes_a_text_himself_and_it_goes_straight_on(house):
    house.found()
    house.carmen.write(house.question, "What our members say.")
    receipt = house.only().receipt
    edited = house.farid.write(f"/en/contributions/{receipt}/edit", "What our members say, better.")
    assert edited.status_code == 303
    assert "Waits for a moderator" in house.farid.get("/en/account").text
    assert "Nothing waits for you." in house.farid.get(CLEARANCE).text


def test_an_edit_is_shown_with_what_it_changes(house, session, client):
    house.found()
    house.farid.write(house.question, "The public text of the union.")
    reference = house.publish()
    house.carmen.write(f"/en/contributions/{reference}/edit", "The better text of the union.")
    item = house.farid.get(f"{CLEARANCE}/{reference}").text
    assert "What changes in the public text" in item
    assert "<ins" in item
    assert "better" not in client.get(f"/en/contributions/{reference}").text
    page = house.carmen.get(f"/en/contributions/{reference}").text
    assert "A newer text waits for your focal point" in page


def test_clearance_is_for_focal_points_only(house, client):
    house.found()
    house.carmen.write(house.question, "What our members say.")
    receipt = house.only().receipt
    for person in (house.carmen, Person(house, "Stranger", organisation="Others")):
        assert person.get(CLEARANCE).status_code == 404
        assert person.get(f"{CLEARANCE}/{receipt}").status_code == 404
        answer = person.post(f"{CLEARANCE}/{receipt}", at="/en/account/affiliation", act="release")
        assert answer.status_code == 404


# --- For whom -----------------------------------------------------------------------------------


def test_farid_chooses_for_whom_he_writes(house, session):
    author = house.found()
    page = house.farid.get(house.question).text
    assert "For whom do you write this?" in page
    assert re.search(rf'name="author" value="{author.uid}"[^>]* checked', page)
    assert "For whom do you write this?" not in house.carmen.get(house.question).text
    alone = house.farid.author.uid
    kept = house.farid.write(house.question, "Only my own view.", page, author=alone, action="save")
    assert kept.status_code == 303
    assert house.only().author_id == house.farid.author.id
    again = house.farid.get(house.question).text
    assert re.search(rf'name="author" value="{alone}"[^>]* checked', again)
    house.farid.write(house.question, "Only my own view.", again)
    assert house.only().author_id == house.farid.author.id


def test_somebody_else_is_refused_beside_the_field(house):
    house.found()
    other = Person(house, "Stranger", organisation="Others")
    house.session.commit()
    page = house.farid.write(house.question, "As somebody else.", author=other.author.uid)
    assert page.status_code == 422
    assert "You do not speak for these any more." in html.unescape(page.text)
    assert "As somebody else." in page.text


def test_the_preview_shows_the_name_that_was_chosen(house):
    house.found()
    shown = house.farid.write(house.question, "A thought.", action="preview")
    assert shown.status_code == 200
    assert "<bdi>Union of Dockers</bdi>" in shown.text
    alone = house.farid.write(
        house.question, "A thought.", action="preview", author=house.farid.author.uid
    )
    assert f"<bdi>{house.farid.author.name}</bdi>" in alone.text


def test_two_members_who_edit_one_draft_are_shown_both_texts(house):
    house.found()
    page = house.carmen.get(house.question).text
    house.carmen.write(house.question, "Half a thought.", page, action="save")
    mine, theirs = house.carmen.get(house.question).text, house.farid.get(house.question).text
    assert "Half a thought." in theirs
    house.farid.write(house.question, "Farid goes on.", theirs, action="save")
    stale = house.carmen.write(house.question, "Carmen goes on.", mine, action="save")
    assert stale.status_code == 409
    assert "Farid goes on." in stale.text
    assert "Carmen goes on." in stale.text


def test_the_list_of_a_focal_point_takes_as_many_statements_for_ten_texts_as_for_one(
    house, session
):
    house.found()
    house.carmen.write(house.question, "The first text.")
    house.farid.get(CLEARANCE)
    with counted() as one:
        house.farid.get(CLEARANCE)
    for number in range(4):
        house.carmen.write(house.question, f"Text number {number}.")
    with counted() as more:
        house.farid.get(CLEARANCE)
    assert len(more) <= len(one)


def test_the_delegation_of_another_forum_is_unknown(house, session):
    elsewhere = make.make_forum(session)
    theirs = make.make_delegation(session, forum=elsewhere, focal_point=house.farid.user)
    session.commit()
    assert session.get_one(Forum, theirs.forum_id) is elsewhere
    # The site is about the newest forum: its delegation is shown, the other's is not.
    assert theirs.name in house.farid.get(DELEGATION).text
