"""Double clicks, back buttons and second tabs, against a real server."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import pytest

from tests.conftest import DATABASES, Served, Template, serve
from tests.faults.writers import Form, Writer, at_once, check, writers

pytestmark = pytest.mark.faults

DOUBLE_CLICKS = 10


@pytest.fixture(scope="module", params=DATABASES)
def served(
    request: pytest.FixtureRequest,
    templates: dict[str, Template],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Served]:
    """One server for all of these tests; each writes in a space of its own."""
    yield from serve(templates[request.param].copy(tmp_path_factory.mktemp("repeated") / "data"))


@pytest.fixture
def writer(served: Served) -> Writer:
    return writers(served.app, served.url, count=1)[0]


def sent(writer: Writer, body: str) -> Form:
    """Send a text; the form knows where its answer led."""
    form = writer.load(body)
    writer.send(form)
    return form


def test_a_double_click_sends_once_and_both_answers_lead_there(
    served: Served, writer: Writer
) -> None:
    for number in range(DOUBLE_CLICKS):
        form = writer.load(f"Text {number}, sent with a double click.")
        one, two = at_once([partial(writer.post, form)] * 2)
        assert (one.status, two.status) == (303, 303)
        assert one.location == two.location
        form.location = one.location
        writer.sent.append(form)
    check(served.app, [writer])


def test_a_double_click_on_a_kept_draft_sends_it_once(served: Served, writer: Writer) -> None:
    form = writer.keep("Begun yesterday, sent today.")
    one, two = at_once([partial(writer.post, form)] * 2)
    assert (one.status, two.status) == (303, 303)
    assert one.location == two.location
    form.location = one.location
    writer.sent.append(form)
    check(served.app, [writer])


def test_going_back_and_sending_again_leads_to_the_same_place(
    served: Served, writer: Writer
) -> None:
    form = sent(writer, "Sent, and sent again from the page before.")
    again = writer.post(form)
    assert (again.status, again.location) == (303, form.location)
    check(served.app, [writer])


def test_going_back_and_changing_the_text_keeps_both_texts(served: Served, writer: Writer) -> None:
    form = sent(writer, "The first words.")
    answer = writer.post(form, body="Other words, typed after going back.")
    assert answer.status == 422
    assert "Other words, typed after going back." in answer.page
    check(served.app, [writer])


def test_the_same_text_from_a_second_tab_leads_to_the_first_one(
    served: Served, writer: Writer
) -> None:
    first, second = (writer.load("The same words in two tabs.") for _ in range(2))
    assert first.fields["idempotency_key"] != second.fields["idempotency_key"]
    writer.send(first)
    answer = writer.post(second)
    assert answer.status == 303
    assert answer.location == first.location
    check(served.app, [writer])


def test_two_tabs_that_send_the_same_text_at_once_make_one_contribution(
    served: Served, writer: Writer
) -> None:
    tabs = [writer.load("The same words at the same instant.") for _ in range(2)]
    one, two = at_once([partial(writer.post, form) for form in tabs])
    assert (one.status, two.status) == (303, 303)
    assert one.location == two.location
    writer.sent.append(replace(tabs[0], location=one.location))
    check(served.app, [writer])
