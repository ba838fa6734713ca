"""Whole sentences for refusals and for what is wrong with a field, in the reader's language.

Services speak in codes; this is the one place where codes become words.
"""

from __future__ import annotations

from consult.core.errors import Refusal
from consult.core.i18n import gettext, lazy_gettext

REFUSALS = {
    Refusal.NOT_SIGNED_IN: lazy_gettext("Please sign in first."),
    Refusal.NOT_YOURS: lazy_gettext("Only the author of a text can do this."),
    Refusal.NO_ROLE: lazy_gettext("Your account has no role for this."),
    Refusal.OWN_TEXT: lazy_gettext(
        "You cannot decide a text of your own or of your delegation. A colleague has to."
    ),
    Refusal.FILED_BY_YOU: lazy_gettext(
        "You entered this text for somebody else. A colleague has to decide it."
    ),
    Refusal.ASKED_TODAY: lazy_gettext(
        "A mail went out less than a day ago. Please wait a day before you send another one."
    ),
    Refusal.ASKED_ENOUGH: lazy_gettext(
        "The mail was sent again three times. Please find another way to ask."
    ),
    Refusal.SPACE_CLOSED: lazy_gettext(
        "The consultation has closed; it no longer takes new texts. Yours is kept below."
    ),
    Refusal.SPACE_UPCOMING: lazy_gettext("The consultation has not opened yet."),
    Refusal.TOO_DEEP: lazy_gettext(
        "This thread is as deep as it can get. Please reply to an earlier contribution."
    ),
    Refusal.WRONG_STATE: lazy_gettext("This text is not in a state in which that is possible."),
    Refusal.TOO_LATE: lazy_gettext("The time in which this was possible has passed."),
    Refusal.SUSPENDED: lazy_gettext("This account is suspended."),
    Refusal.UNCONFIRMED: lazy_gettext("Please confirm your e-mail address first."),
    Refusal.SECOND_FACTOR: lazy_gettext(
        "Your role needs a second step at signing in. Once you have switched it on, this page is"
        " open to you again."
    ),
    Refusal.NO_AUTHOR: lazy_gettext("Please say first for whom you speak."),
    Refusal.NOT_APPROVED: lazy_gettext(
        "The organisers read your request to take part. You can write once they have approved it."
    ),
    Refusal.NOT_INVITED: lazy_gettext(
        "Only those whom the organisers invited take part here. Please write to the secretariat"
        " if you would like an invitation."
    ),
    Refusal.NO_CONSENT: lazy_gettext(
        "Before you write, please read what everybody agrees to who takes part."
    ),
    Refusal.CLAIMED: lazy_gettext("A colleague is working on this item."),
    Refusal.DECIDED_BEFORE: lazy_gettext(
        "You rejected this text. Somebody else reads it again and answers the appeal."
    ),
    Refusal.ELSEWHERE: lazy_gettext("Others answer this appeal."),
    Refusal.APPEALED: lazy_gettext(
        "You have appealed against this decision already. You can appeal once against each"
        " decision."
    ),
    Refusal.NOT_REJECTED: lazy_gettext(
        "There is no decision against which you could appeal. You can appeal only while your newest"
        " text is a rejected one."
    ),
    Refusal.LAST_FOCAL_POINT: lazy_gettext(
        "A delegation with members needs a focal point. Make somebody else a focal point first, or"
        " remove the other members."
    ),
    Refusal.REPORT_OWN: lazy_gettext(
        "This is a text of your own or of your delegation. You need not report it: it can be edited"
        " or withdrawn at any time."
    ),
    Refusal.REPORTED_BY_YOU: lazy_gettext(
        "You reported this text yourself, and nobody else did. A colleague has to answer."
    ),
    Refusal.NOT_FOCAL_POINT: lazy_gettext("Only a focal point of the delegation can do this."),
    Refusal.APPEAL_OVER: lazy_gettext("The fourteen days in which you could appeal have passed."),
}

PROBLEMS = {
    "missing": lazy_gettext("Please fill in this field."),
    "name-missing": lazy_gettext("Please enter your name."),
    "email-missing": lazy_gettext("Please enter your e-mail address."),
    "password-missing": lazy_gettext("Please choose a password."),
    "password-empty": lazy_gettext("Please enter your password."),
    "too-long": lazy_gettext("This is too long."),
    "draft-not-here": lazy_gettext(
        "A text of yours waits for a moderator, so no draft can be kept beside it. Send this one"
        " as the new version, or take the waiting text back first."
    ),
    "body-missing": lazy_gettext("Please write your text."),
    "body-too-long": lazy_gettext("A text can have at most 50,000 characters."),
    "note-missing": lazy_gettext("Please write what your colleagues should know."),
    "note-too-long": lazy_gettext("A note can have at most 2,000 characters."),
    "body-wordless": lazy_gettext("Your text has no words yet. Please write at least one."),
    "language-foreign": lazy_gettext(
        "This text does not seem to be in English, French or Spanish, the languages of this"
        " consultation. If it is in one of them, please choose it from the list."
    ),
    "sent-just-now": lazy_gettext(
        "You sent these very words a moment ago, with other files, objectives or another language."
        " To change those, open that text under “My contributions” and edit it."
    ),
    "file-unknown": lazy_gettext("A file is no longer there. Please attach it again."),
    "files-too-many": lazy_gettext("A text can carry at most ten files."),
    "language-unknown": lazy_gettext("Please choose English, French or Spanish."),
    "objective-unknown": lazy_gettext("Please choose only objectives under review here."),
    "parent-unknown": lazy_gettext("The contribution you reply to is no longer there."),
    "idempotency_key": lazy_gettext("This form is too old. Please load the page again."),
    "email-invalid": lazy_gettext("Please enter an e-mail address such as name@example.org."),
    "password-short": lazy_gettext("Please choose a password of at least 15 characters."),
    "password-short-of-two": lazy_gettext("Please choose a password of at least 8 characters."),
    "password-short-alone": lazy_gettext(
        "Without a second step a password needs at least 15 characters. Please choose a longer one"
        " first."
    ),
    "code-wrong": lazy_gettext(
        "This code is not right, or it was used before. Please enter the one that is shown now."
    ),
    "email-same": lazy_gettext("This is the address that your account has already."),
    "password-long": lazy_gettext("A password can have at most 1,024 bytes."),
    "password-common": lazy_gettext(
        "This password is too easy to guess. A few words in a row make a good one."
    ),
    "password-wrong": lazy_gettext("This is not your current password."),
    "name-characters": lazy_gettext("A name cannot hold invisible or control characters."),
    "name-scripts": lazy_gettext("A word of a name cannot mix letters of several scripts."),
    "received-missing": lazy_gettext("Please say on which day and at what time it was received."),
    "received-future": lazy_gettext("It cannot have been received in the future."),
    "received-late": lazy_gettext(
        "It was received after the consultation had closed, so it can no longer be taken."
    ),
    "mail-language-unknown": lazy_gettext("Please choose the language of the mail."),
    "question-unknown": lazy_gettext("Please choose the question that it answers."),
    "email-known": lazy_gettext("There is an account with this address already."),
    "name-reserved": lazy_gettext("This name is reserved. Please choose another one."),
    "category-unknown": lazy_gettext("Please choose a category from the list."),
    "organisation-missing": lazy_gettext(
        "Please name your organisation, or choose another way to show your name."
    ),
    "time-zone-unknown": lazy_gettext("Please choose a time zone from the list."),
    "organisation-similar": lazy_gettext(
        "We know organisations with a similar name. Please say which one you mean."
    ),
    "organisation-known": lazy_gettext(
        "Another organisation has this name already. Merge the two instead."
    ),
    "organisation-same": lazy_gettext("Please choose another organisation to merge it into."),
    "delegations-both": lazy_gettext(
        "Both organisations have a delegation. Please dissolve one of the delegations first, then"
        " merge."
    ),
    "consent-missing": lazy_gettext("Nobody can take part without agreeing to this."),
    "words-short": lazy_gettext("Please tell the person why, in at least 10 characters."),
    "words-long": lazy_gettext("This can have at most 2,000 characters."),
    "applications-missing": lazy_gettext("Please choose at least one person."),
    "role-own": lazy_gettext(
        "You cannot take the organiser’s role from yourself. Another organiser has to."
    ),
    "account-own": lazy_gettext("You cannot do this to your own account."),
    "account-unknown": lazy_gettext("There is no account with this address."),
    "display-unknown": lazy_gettext("Please choose how your name is shown."),
    "country-unknown": lazy_gettext("Please choose a country from the list."),
    "verdict-missing": lazy_gettext("Please choose a decision."),
    "items-missing": lazy_gettext("Please choose at least one text of the list."),
    "items-many": lazy_gettext("Please choose at most 200 texts at a time."),
    "reason-missing": lazy_gettext("Please choose a reason."),
    "message-short": lazy_gettext(
        "Please explain the reason to the author in at least 20 characters."
    ),
    "message-long": lazy_gettext("The sentence for the author can have at most 2,000 characters."),
    "passages-missing": lazy_gettext("Please copy the words here that are to be taken out."),
    "passages-many": lazy_gettext(
        "Please take out at most fifty passages at a time, each of at most 2,000 characters."
    ),
    "passage-unknown": lazy_gettext(
        "Not all of these words stand in the text. Please copy them from it."
    ),
    "redaction-everything": lazy_gettext(
        "Nothing would be left of the text. Please hide it instead."
    ),
    "redaction-unsafe": lazy_gettext(
        "These words cannot be taken out without changing others. Please choose shorter passages,"
        " each from one paragraph."
    ),
    "file-says-it": lazy_gettext(
        "A file that would stay has these words in its name. Please take it out as well."
    ),
    "target-missing": lazy_gettext("Please choose where the contribution goes."),
    "target-same": lazy_gettext("The contribution stands there already."),
    "report-reason": lazy_gettext("Please say what is wrong with the text."),
    "report-short": lazy_gettext("Please describe in at least 20 characters what is wrong."),
    "report-long": lazy_gettext("A report can have at most 1,000 characters."),
    "appeal-short": lazy_gettext(
        "Please say in at least 20 characters why your text should be published."
    ),
    "appeal-long": lazy_gettext("An appeal can have at most 2,000 characters."),
    "appeal-verdict": lazy_gettext("Please publish the text after all or confirm the rejection."),
    "revision-missing": lazy_gettext("This form is too old. Please load the page again."),
    "until-passed": lazy_gettext("Please choose a time that lies ahead."),
    "role-missing": lazy_gettext("Please choose a role."),
    "space-missing": lazy_gettext("Please choose the consultation for this role."),
    "role-scope": lazy_gettext("This role is not given here."),
    "role-not-held": lazy_gettext("This role is not held here."),
    "author-unknown": lazy_gettext(
        "You do not speak for these any more. Please choose for whom you speak."
    ),
    "membership-unknown": lazy_gettext("Please choose contributor or focal point."),
    "organisation-none": lazy_gettext(
        "You speak for no organisation here. Name it under “For whom you speak” first."
    ),
    "organisation-proposed": lazy_gettext(
        "The organisers have not confirmed your organisation yet. Once they have, you can set up"
        " its delegation here."
    ),
    "organisation-unknown": lazy_gettext("Please name an organisation of the registry."),
    "delegation-exists": lazy_gettext(
        "This organisation has a delegation already. Ask the organisers who looks after it."
    ),
    "delegation-by-organisers": lazy_gettext(
        "In this forum the organisers set up delegations. Please write to them."
    ),
    "rhythm-unknown": lazy_gettext("Please choose how often you want to hear of it."),
    "searches-many": lazy_gettext(
        "You can save at most thirty searches. Stop one of them first, or change it."
    ),
    "announcement-empty": lazy_gettext(
        "Please write a subject and a text in at least one language."
    ),
    "texts-missing": lazy_gettext("Please choose what becomes of your published texts."),
    "understood-missing": lazy_gettext(
        "Please tick the box if you want your account to be erased. Nothing was erased yet."
    ),
    "mode-unknown": lazy_gettext("Please choose what waits for a moderator."),
    "newcomer-texts": lazy_gettext("Please enter a whole number from 1 to 20."),
    "claims-unknown": lazy_gettext("Please choose whether an item has to be claimed."),
    "hours-wrong": lazy_gettext(
        "Please enter whole hours from 1 to 720, or leave the field empty for never."
    ),
    "escalates-early": lazy_gettext(
        "The organisers cannot be told before the moderators. Please enter at least as many hours."
    ),
    "watch-word-long": lazy_gettext("A word or phrase can have at most 80 characters."),
    "watch-word-empty": lazy_gettext("Each word or phrase needs a letter or a digit."),
    "watch-words-many": lazy_gettext("A list can have at most 200 words and phrases."),
    "glossary-empty": lazy_gettext("Please enter a term in at least one language."),
    "glossary-term-long": lazy_gettext("A term can have at most 120 characters."),
    "glossary-term-empty": lazy_gettext("Each term needs a letter or a digit."),
    "glossary-terms-many": lazy_gettext("There can be at most 30 terms in one language."),
    "glossary-objective": lazy_gettext("Please name only objectives of this forum."),
    "glossary-note-long": lazy_gettext("A note can have at most 600 characters."),
    "glossary-key-long": lazy_gettext("A key can have at most 200 characters."),
    "glossary-known": lazy_gettext(
        "The glossary has an entry with this term already. Please change that one instead."
    ),
    "glossary-full": lazy_gettext("A glossary can have at most 2,000 entries."),
    "table-missing": lazy_gettext("Please choose a file."),
    "table-large": lazy_gettext("The file can have at most one megabyte."),
    "table-encoding": lazy_gettext(
        "These characters cannot be read. Please save the table as “CSV UTF-8”."
    ),
    "table-columns": lazy_gettext(
        "The first line must name the columns: key, en, fr, es, objectives, note."
    ),
    "table-quotes": lazy_gettext("A quotation mark is not closed. Please close it."),
    "table-cells": lazy_gettext("This line has more cells than the first. Please remove some."),
    "table-key-twice": lazy_gettext(
        "This key stands in an earlier line already. Please keep one of the two."
    ),
    "delegation-unknown": lazy_gettext(
        "A delegation that you ticked does not exist any more. Please look at the list again."
    ),
    "reason-code": lazy_gettext(
        "Please use small letters and single hyphens only, such as “off-topic”; at most 32."
    ),
    "reason-known": lazy_gettext("There is a reason with this code already."),
    "reason-used": lazy_gettext(
        "Texts were decided or reported with this reason, so it stays. You can still change its"
        " words."
    ),
    "reason-label-long": lazy_gettext("A name can have at most 60 characters."),
    "reason-words-long": lazy_gettext("An explanation can have at most 600 characters."),
    "link-invalid": lazy_gettext("This link is no longer valid. Please ask for a new one."),
}


REMARKS = {
    "excess-marks": lazy_gettext(
        "A letter carried more than eight accents or other marks; the first eight were kept."
    ),
    "control": lazy_gettext(
        "Your text held characters that no page can show; each was replaced by “�”."
    ),
    "invisible": lazy_gettext(
        "Your text holds invisible characters inside words, by which a search may miss them."
    ),
    "bidi": lazy_gettext(
        "Your text holds signs that change the direction of writing; please check how it looks."
    ),
}


def of_refusal(refusal: Refusal) -> str:
    """Return the sentence for a refusal."""
    return str(REFUSALS[refusal])


def of_problem(code: str) -> str:
    """Return the sentence for a problem code; an unknown one gets a general sentence."""
    sentence = PROBLEMS.get(code)
    return str(sentence) if sentence is not None else gettext("Please check this field.")


def of_remark(code: str) -> str:
    """Return the sentence about something in a text that was changed or may surprise."""
    return str(REMARKS[code])
