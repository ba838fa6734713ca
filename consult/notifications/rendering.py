"""The words of mails: templates under `templates/mail/<event>/`, in the recipient's language."""

from __future__ import annotations

import re
from collections.abc import Callable
from email.message import EmailMessage
from html import unescape
from typing import Any
from urllib.parse import urlsplit

from flask import current_app

from consult.core import i18n, markup, web
from consult.notifications import messages
from consult.notifications.inbound import addresses
from consult.notifications.queries import MailFacts, MailLink
from consult.notifications.services import Render

_LINK = re.compile(r'<a [^>]*?href="((?:https?|mailto):[^"]*)"[^>]*>(.*?)</a>', re.DOTALL)

SIGNATURE = "Consult"
"""Who writes where no forum has been loaded yet."""


def make_renderer(*, url: Callable[..., str] = web.public_url) -> Render:
    """Return what makes mails; needs an application context when it is called.

    `url(endpoint, **values)` gives an absolute address on the configured base URL.
    """

    def render(facts: MailFacts, /, *, message_id: str | None) -> EmailMessage:
        # Addresses can only be built inside a request; this one names the configured base
        # URL, so nothing of a visitor's request can reach a mail.
        with (
            current_app.test_request_context(base_url=web.config().base_url),
            i18n.in_locale(_locale(facts)),
        ):
            return _message(facts, _words(facts, url=url), message_id=message_id)

    return render


def _locale(facts: MailFacts) -> str:
    return i18n.best_locale([facts.user.locale])


def _message(facts: MailFacts, words: dict[str, Any], *, message_id: str | None) -> EmailMessage:
    host = urlsplit(web.config().base_url).hostname or "localhost"
    contribution = facts.contribution
    thread_uid = facts.thread_uid or (contribution.uid if contribution else None)
    return messages.build_message(
        # Mail under the contact's own domain would be taken for forged; answers go there.
        sender=web.config().sender,
        sender_name=words["forum_name"],
        to=facts.address,
        subject=f"[{words['prefix']}] {_fill(facts, 'subject.txt', words)}",
        text=_fill(facts, "body.txt", words),
        html=_fill(facts, "body.html", words),
        locale=_locale(facts),
        date=facts.written_at,
        message_id=message_id or messages.new_message_id(host),
        thread_id=messages.thread_message_id(thread_uid, host=host) if thread_uid else None,
        reply_to=words["reply_to"],
        unsubscribe_url=words["unsubscribe_url"],
        list_id=_list_id(facts, host=host),
        return_path=_own_address(facts, addresses.bounce_address),
    )


def _list_id(facts: MailFacts, *, host: str) -> tuple[str, str] | None:
    """Return code and id of the space, by which mail programs can sort."""
    return (facts.space.code, f"{facts.space.slug}.{host}") if facts.space else None


def _own_address(facts: MailFacts, make: Callable[..., str]) -> str | None:
    """Return an address of ours that names the delivery, where mails come in at all."""
    base = web.config().mail_reply
    if base is None or facts.delivery_id is None:
        return None
    return make(base, delivery_id=facts.delivery_id, secret_key=web.config().secret_key)


def _fill(facts: MailFacts, file: str, words: dict[str, Any]) -> str:
    """Render one part; no context processor runs, so no visitor's account is looked up."""
    template = current_app.jinja_env.get_template(f"mail/{facts.event}/{file}")
    filled = template.render(words)
    return re.sub(r"\n{3,}", "\n\n", filled).strip() + "\n"


def _words(facts: MailFacts, *, url: Callable[..., str]) -> dict[str, Any]:
    """Return what the templates may say."""
    locale = _locale(facts)
    forum, space, revision, decision = facts.forum, facts.space, facts.revision, facts.decision
    # A draft has no HTML of its own yet, so what is quoted is rendered here.
    quoted = (
        markup.render(revision.source, format=revision.format or "markdown") if revision else ""
    )
    forum_name = messages.one_line(forum.short_title.in_(locale)) if forum else SIGNATURE
    zone_name = facts.user.time_zone or (forum.time_zone if forum else None)
    contacts = (space.contact if space else None, forum.contact if forum else None)
    contact = next((contact for contact in contacts if messages.is_address(contact)), None)
    answer_to = _own_address(facts, addresses.reply_address) if facts.answers else None
    return {
        "locale": locale,
        "name": messages.one_line(facts.user.name),
        "address": facts.address,
        "forum_name": forum_name or SIGNATURE,
        "prefix": space.code if space else forum_name or SIGNATURE,
        "space_title": messages.one_line(space.title.in_(locale)) if space else None,
        "reply_to": answer_to or contact,
        "can_reply": contact is not None and answer_to is None,
        "answers_by_mail": answer_to is not None,
        "contribution_name": facts.contribution_name,
        "is_new_text": facts.is_new_text,
        "text": _plain(quoted),
        "text_html": quoted,
        "text_language": revision.language if revision else None,
        "decision": decision,
        "reason_label": _said(decision.reason_label if decision else None, locale),
        "reason_explanation": _said(decision.reason_explanation if decision else None, locale),
        "expires_at": facts.link.expires_at if facts.link else None,
        "resubmit_until": facts.resubmit_until,
        "appeal_until": facts.appeal_until,
        "written_at": facts.written_at,
        "moment": lambda instant: _moment(instant, zone_name=zone_name),
        "home_url": url("spaces.home", lang=locale),
        **_addresses(facts, locale=locale, url=url),
        "links": _addresses(facts, locale=locale, url=url),
        "unsubscribe_url": _address(facts.unsubscribe, locale=locale, url=url)
        if facts.unsubscribe
        else None,
        **facts.words,
    }


def _addresses(facts: MailFacts, *, locale: str, url: Callable[..., str]) -> dict[str, str]:
    """Return the addresses that this mail needs and no others."""
    return {name: _address(link, locale=locale, url=url) for name, link in facts.links.items()}


def _address(link: MailLink, *, locale: str, url: Callable[..., str]) -> str:
    values = dict(link.values)
    if link.token is not None:
        values["token"] = link.token(web.config().secret_key)
    return url(link.endpoint, lang=locale, **values)


def _plain(html: str) -> str:
    """Return rendered HTML as plain text, with the address of a link after its words."""
    return markup.to_text(_LINK.sub(_written_out, html))


def _written_out(link: re.Match[str]) -> str:
    address, words = link.groups()
    is_told = markup.to_text(words) in {unescape(address), unescape(address).partition(":")[2]}
    return words if is_told else f"{words} ({address})"


def _said(text: Any, locale: str) -> str | None:
    return text.in_(locale) if text else None


def _moment(instant: Any, *, zone_name: str | None) -> str:
    """Return weekday, day and hour with the name of the zone."""
    when = i18n.format_weekday(instant, zone_name=zone_name)
    return f"{when} ({i18n.zone_words(zone_name)})"
