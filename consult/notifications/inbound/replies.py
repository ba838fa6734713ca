"""The words that somebody wrote into a reply, without what they answer and sign with.

mail-parser-reply knows how mail programs introduce a quote and how people sign. It does not know
how Gmail breaks the line before a quote in French and Spanish, so such lines are first written as
it knows them; and it takes much for a signature (whatever follows “Thanks,”), so its finds are
looked at again: where a cut would take words that may be somebody's, they are kept. An author can
take away too much; what is lost is lost.
"""

from __future__ import annotations

import re

from mailparser_reply import EmailMessage, EmailReply

LANGUAGES = ("en", "fr", "es")
LONGEST_TEXT = 100_000
"""Characters beyond which the library is not asked."""
LONGEST_HEAD = 300
"""Characters of a line that stands before a quote; over longer ones the library's patterns take
quadratic time, so they are hidden from it."""
MOST_SIGNED = 12
"""Lines of a signature at most."""
LONGEST_SIGNED = 80
"""Characters of a line in a signature at most; a sentence is longer."""
SHORT = 60
"""Width within which a next word would have had room: a line that ends sooner was meant to."""

_HIDDEN = "\ue000"
"""A sign that no mail needs, for a line that is hidden."""
_QUOTED = re.compile(r"[ ]{0,3}>")
_BEGINS = re.compile(r"[> ]*(?:On|Le|El)[ ,]", re.IGNORECASE)
_ENDS = re.compile(r"(?:\bwrote|\ba écrit|\bescribió)[ ]*:[ ]*$", re.IGNORECASE)
_WROTE = "On that day consult@localhost wrote:"
"""The line before a quote as the library knows it, whatever its language was."""
_FROM = re.compile(r"[*> ]*(?:From|De)[* ]*:.*\S", re.IGNORECASE)
_FIELD = re.compile(
    r"[*> ]*(?:Sent|Date|To|Cc|Subject|Envoyé|À|Objet|Enviado(?: el)?|Fecha|Para|Asunto)[* ]*:",
    re.IGNORECASE,
)
_BLOCK = ("From: consult@localhost", "Sent: that day", "To: somebody", "Subject: that")
"""What Outlook puts before a quote, as the library knows it."""
_SEPARATOR = re.compile(
    r"[> ]*(?:-{2,}[ ]*(?:Original Message|Message d['’]origine|Mensaje original|"
    r"Forwarded message|Message transféré|Mensaje reenviado)[ ]*-{2,}|_{20,})",
    re.IGNORECASE,
)
_ALONE = re.compile(r"[\w ]{2,30}[,.!]?|-- ?|__ ?")
"""A closing formula with nothing after it in its line."""
_CLOSING = re.compile(
    r"(?:(?:with )?(?:kind|best|warm) regards|(?:yours )?(?:sincerely|faithfully)(?: yours)?|"
    r"(?:bien |très )?cordialement|(?:meilleures |sincères )?salutations|bien à vous|"
    r"(?:un )?(?:cordial |atento )?saludos?(?: cordial(?:es)?)?|(?:muy )?atentamente)[,.!]?",
    re.IGNORECASE,
)
"""Formulas that the library does not know in all their forms."""
_DEVICE = re.compile(
    r"(?:Sent from (?:my|Outlook|Mail)|Get Outlook for|Envoyé (?:de mon|depuis|à partir de)|"
    r"(?:Télécharger|Obtenir) Outlook|Enviado desde|(?:Obtener|Descargar) Outlook)\b.{0,80}",
    re.IGNORECASE,
)
_DATED = re.compile(r"@|\d{1,2}[:.h]\d{2}|\b20\d\d\b|\d/\d")


def own_words(text: str) -> str:
    """Return what somebody wrote, as Markdown; empty where nothing is their own."""
    lines = [_even(line) for line in text.replace("\r\n", "\n").split("\n")]
    if len(text) > LONGEST_TEXT:
        return _broken(_stripped(_unquoted(lines)))
    lines, hidden = _hide_long_ones(lines)
    own: list[str] = []
    for reply in _parts("\n".join(_as_known(_without_gaps(lines), hidden))):
        head = reply.headers if _is_head(reply.headers or "") else ""
        body = reply.content.removeprefix(head or "").strip("\n").split("\n")
        if head and not _marks_lines(body):
            break
        own += ["", *_unsigned(_stripped(_unquoted(body)))]
    return _broken([hidden.get(line, line) for line in _stripped(own)])


def unflowed(text: str, *, deletes: bool = False) -> str:
    """Return a text of `format=flowed` (RFC 3676) with each of its paragraphs on one line."""
    joined: list[str] = []
    flows = False
    for line in text.replace("\r\n", "\n").split("\n"):
        bare = line.removeprefix(" ")
        is_fixed = bare.startswith(">") or bare == "-- "
        if flows and not is_fixed:
            joined[-1] += bare
        else:
            joined.append(bare)
        flows = bare.endswith(" ") and not is_fixed
        if flows and deletes:
            joined[-1] = joined[-1][:-1]
    return "\n".join(joined)


# Quotes -------------------------------------------------------------------------------------


def _even(line: str) -> str:
    """Return a line with plain blanks, and none at its end."""
    return re.sub("[\u00a0\u202f\u2007]", " ", line).replace("\u200b", "").rstrip()


def _without_gaps(lines: list[str]) -> list[str]:
    """Return the lines with at most two empty ones in a row, over which the library is slow."""
    return [
        line for number, line in enumerate(lines) if any(lines[max(0, number - 2) : number + 1])
    ]


def _hide_long_ones(lines: list[str]) -> tuple[list[str], dict[str, str]]:
    """Return the lines with names in the place of long ones, and what the names stand for."""
    hidden: dict[str, str] = {}
    shown = []
    for line in lines:
        if len(line) > LONGEST_HEAD and not _QUOTED.match(line):
            shown.append(_hide(line, hidden))
        else:
            shown.append(line[:LONGEST_HEAD].replace(_HIDDEN, "\ufffd"))
    return shown, hidden


def _hide(line: str, hidden: dict[str, str]) -> str:
    name = f"{_HIDDEN}{len(hidden)}"
    hidden[name] = line
    return name


def _as_known(lines: list[str], hidden: dict[str, str]) -> list[str]:
    """Write what stands before a quote as the library knows it, and hide what it would only take
    for that.
    """
    known: list[str] = []
    position = 0
    while position < len(lines):
        wrote = _length_of_wrote(lines, position)
        block = 0 if wrote else _length_of_block(lines, position)
        if wrote:
            known += ["", _WROTE]
        elif block:
            known += ["", *_BLOCK, ""]
        elif _BEGINS.match(lines[position]) and _ENDS.search(lines[position]):
            known.append(_hide(lines[position], hidden))
        else:
            known.append(lines[position])
        position += wrote or block or 1
    return known


def _length_of_wrote(lines: list[str], start: int) -> int:
    """Return over how many lines an “On …, … wrote:” goes that begins here; 0 for none.

    Without a date, an address or a quote after it, it is somebody's own sentence.
    """
    if not _BEGINS.match(lines[start]):
        return 0
    whole = ""
    for length, line in enumerate(lines[start : start + 4], 1):
        if not line:
            break
        whole = f"{whole} {line.lstrip('> ')}"
        if _ENDS.search(whole):
            is_header = _DATED.search(whole) or _marks_lines(lines[start + length :])
            return length if is_header else 0
    return 0


def _is_head(found: str) -> bool:
    """Whether what the library found before a quote is that; it takes “To: all cities” for it."""
    return found.startswith((_WROTE, _BLOCK[0])) or "@" in found


def _length_of_block(lines: list[str], start: int) -> int:
    """Return over how many lines the head of a mail goes that begins here; 0 for none."""
    if not _FROM.fullmatch(lines[start]):
        return 0
    following = lines[start + 1 : start + 10]
    fields = next((n for n, one in enumerate(following) if not _FIELD.match(one)), len(following))
    head = "\n".join(lines[start : start + 1 + fields])
    return 1 + fields if fields >= 2 and _DATED.search(head) else 0


def _marks_lines(lines: list[str]) -> bool:
    """Whether a quote is marked line by line, so that what is not marked may be an answer."""
    return _QUOTED.match(next((line for line in lines if line), "")) is not None


def _unquoted(lines: list[str]) -> list[str]:
    return [line for line in lines if not _QUOTED.match(line) and line != _WROTE]


# Signatures ---------------------------------------------------------------------------------


def _unsigned(lines: list[str]) -> list[str]:
    """Return the lines without a signature: short lines at the end, begun as the library knows."""
    for start in range(max(0, len(lines) - MOST_SIGNED), len(lines)):
        if _begins_signature(lines, start):
            return _unsigned(_stripped(lines[:start]))
    return lines


def _begins_signature(lines: list[str], start: int) -> bool:
    signed = lines[start:]
    if not signed[0] or any(len(one) > LONGEST_SIGNED or _HIDDEN in one for one in signed):
        return False
    if _DEVICE.fullmatch(signed[0]):
        return all(_DEVICE.fullmatch(line) or not line for line in signed)
    if start == 0 and signed[0].strip("-_ "):
        return False
    if _CLOSING.fullmatch(signed[0]):
        return True
    # The library takes nothing in the first line for a signature.
    tail = "\n".join(signed).strip()
    is_alone = _ALONE.fullmatch(signed[0]) is not None
    return is_alone and _parts(f"x\n{tail}")[0].signatures == tail


def _parts(text: str) -> list[EmailReply]:
    """Return the mails that the library finds in a text, the newest first."""
    parsed = EmailMessage(text=text, languages=list(LANGUAGES), keep_hyphen_lists=True)
    return list(parsed.read().replies)


# Layout -------------------------------------------------------------------------------------


def _stripped(lines: list[str]) -> list[str]:
    """Return the lines without empty ones and separators around them."""
    first, last = 0, len(lines)
    while first < last and not lines[first].strip():
        first += 1
    while last > first and (not lines[last - 1].strip() or _SEPARATOR.fullmatch(lines[last - 1])):
        last -= 1
    return lines[first:last]


def _broken(lines: list[str]) -> str:
    """Return the lines as Markdown: one that ended although there was room stays a line."""
    written = []
    for line, following in zip(lines, [*lines[1:], ""], strict=False):
        word = following.split(" ", 1)[0]
        is_meant = line and following and len(line) + 1 + len(word) <= SHORT
        written.append(f"{line}  " if is_meant else line)
    return "\n".join(written)
