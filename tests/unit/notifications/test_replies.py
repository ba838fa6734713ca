"""What somebody wrote into a reply, as mail programs of three languages send it."""

from __future__ import annotations

import time

import pytest

from consult.notifications.inbound.replies import own_words, unflowed

REPLIES = {
    "Gmail, English": (
        (
            "I agree with this.\n\nAnd one more thing.\n\nOn Mon, Nov 23, 2026 at 10:15 AM Forum"
            " <reply+abc@consult.example>\nwrote:\n\n> Hello Rosa,\n>\n> text\n"
        ),
        "I agree with this.\n\nAnd one more thing.",
    ),
    "Gmail, French": (
        (
            "Je suis d’accord.\n\nLe lun. 23 nov. 2026 à 10:15, Forum <a+b@consult.example> a\n"
            "écrit\u00a0:\n\n> Bonjour Rosa,\n> texte\n"
        ),
        "Je suis d’accord.",
    ),
    "Gmail, Spanish": (
        (
            "Estoy de acuerdo.\n\nEl lun, 23 nov 2026 a las 10:15, Forum (<a+b@consult.example>)\n"
            "escribió:\n\n> Hola Rosa:\n> texto\n"
        ),
        "Estoy de acuerdo.",
    ),
    "Outlook, English": (
        (
            "I agree.\n\nBest regards,\nRosa Ortega\n\nFrom: Forum <consult@consult.example>\n"
            "Sent: Monday, November 23, 2026 10:15 AM\nTo: Rosa <rosa@example.org>\n"
            "Subject: [RT3] A reply\n\nHello Rosa,\ntext that is not marked"
        ),
        "I agree.",
    ),
    "Outlook, French": (
        (
            "D’accord.\n\nBien cordialement,\nRosa\n\n________________________________\n"
            "De\u00a0: Forum <consult@consult.example>\nEnvoyé\u00a0: lundi 23 nov. 2026 10:15\n"
            "À\u00a0: Rosa\nObjet\u00a0: [RT3] Une réponse\n\nBonjour Rosa,\n"
        ),
        "D’accord.",
    ),
    "Outlook, Spanish": (
        (
            "De acuerdo.\n\nUn saludo,\nRosa\n\nDe: Forum <consult@consult.example>\n"
            "Enviado: lunes, 23 de nov. de 2026 10:15\nPara: Rosa\nAsunto: [RT3]\n\nHola Rosa:\n"
        ),
        "De acuerdo.",
    ),
    "Outlook of long ago": (
        (
            "Sí.\n\n-----Mensaje original-----\nDe: Forum [mailto:consult@consult.example]\n"
            "Enviado el: lunes, 23 de noviembre de 2026\nPara: Rosa\nAsunto: RT3\n\nHola"
        ),
        "Sí.",
    ),
    "Outlook for the Mac, French": (
        (
            "Oui.\n\nDe : Forum <consult@consult.example>\nDate : lundi 23 novembre 2026 à 10:15\n"
            "À : Rosa\nObjet : [RT3]\n\nBonjour\n"
        ),
        "Oui.",
    ),
    "Apple, telephone": (
        (
            "Short answer.\n\nSent from my iPhone\n\n> On 23 Nov 2026, at 10:15, Forum"
            " <consult@consult.example> wrote:\n> \n> Hello\n"
        ),
        "Short answer.",
    ),
    "Apple, French": (
        (
            "Réponse courte.\n\nEnvoyé de mon iPhone\n\n> Le 23 nov. 2026 à 10:15, Forum"
            " <consult@consult.example> a écrit :\n> \n> Bonjour\n"
        ),
        "Réponse courte.",
    ),
    "Apple, Spanish": (
        (
            "Respuesta corta.\n\nEnviado desde mi iPhone\n\n> El 23 nov 2026, a las 10:15, Forum"
            " <consult@consult.example> escribió:\n> \n> Hola\n"
        ),
        "Respuesta corta.",
    ),
    "Thunderbird, answers below and between": (
        (
            "Le 23/11/2026 à 10:15, Forum a écrit :\n> Un point.\n\nNon, les villes d’abord.\n\n"
            "> Deuxième point.\n\nOui pour celui-ci.\n\n-- \nRosa Ortega\nVille de Dakar\n"
        ),
        "Non, les villes d’abord.\n\n\nOui pour celui-ci.",
    ),
    "Yahoo, unmarked quote": (
        (
            "De acuerdo con todo.\n\n    El lunes, 23 de noviembre de 2026, 10:15:00 CET, Forum"
            " <consult@consult.example> escribió:  \n \n Hola Rosa,\n texto citado\n"
        ),
        "De acuerdo con todo.",
    ),
    "Proton": (
        (
            "Yes.\n\n------- Original Message -------\nOn Monday, November 23rd, 2026 at 10:15"
            ", Forum <consult@consult.example> wrote:\n\n> Hello\n"
        ),
        "Yes.",
    ),
}


@pytest.mark.parametrize("program", REPLIES)
def test_quote_and_signature_of_a_mail_program_are_left_out(program: str) -> None:
    mail, own = REPLIES[program]
    assert own_words(mail) == own


@pytest.mark.parametrize(
    "own",
    [
        (
            "Thanks, I agree with the first point.\n\nThanks, but the second one is wrong, and we"
            " say so:\n\n- one\n- two"
        ),
        (
            "Nous demandons que les villes soient entendues, très\ncordialement mais fermement, par"
            " toutes les parties concernées ici.\n\nEt nous insistons sur ce point devant tous."
        ),
        "On Monday the minister wrote:\n\nWe shall see. And we add that cities matter.",
        "To: all cities\n\nFrom: our office\n\nWe ask for more.",
        "Le maire a écrit :\n\nNous verrons bien.",
        "Warning: the fees are too high. Please mail this on.\n\nWe shall do so too.",
        "Saludos a todas las ciudades que han trabajado tanto.\n\nY gracias, de verdad.",
    ],
)
def test_what_only_looks_like_a_quote_or_a_signature_is_kept(own: str) -> None:
    assert own_words(own).replace("  \n", "\n") == own


@pytest.mark.parametrize(
    "mail",
    [
        "",
        "\n \n",
        "> only\n> quoted\n",
        "On 23 Nov 2026 at 10:15, Forum wrote:\n> a\n",
        "-- \nRosa\n",
    ],
)
def test_where_nothing_is_ones_own_nothing_is_left(mail: str) -> None:
    assert own_words(mail) == ""


def test_lines_that_a_program_broke_flow_and_those_that_were_meant_stay() -> None:
    mail = (
        "We think that the cities of the coast, which have waited for years,\nshould be heard"
        " first.\n\nOur address:\nHarbour street 1\nDakar"
    )
    assert own_words(mail).endswith("Our address:  \nHarbour street 1  \nDakar")
    assert "for years,\nshould" in own_words(mail)


def test_long_paragraphs_on_one_line_come_through_whole() -> None:
    paragraph = "Every word of it counts. " * 60
    mail = f"{paragraph}\n\n{paragraph}\n\nOn 23 Nov 2026 at 10:15, Forum <a@b.example> wrote:\n> x"
    assert own_words(mail) == f"{paragraph.strip()}\n\n{paragraph.strip()}"


def test_flowed_text_is_put_together_again() -> None:
    assert unflowed("One \nparagraph.\n\n> quoted \nmine\n-- \nRosa") == (
        "One paragraph.\n\n> quoted \nmine\n-- \nRosa"
    )
    assert unflowed("一 \n二", deletes=True) == "一二"


@pytest.mark.parametrize(
    "hostile",
    [
        "\n" * 90_000,
        "On " * 30_000,
        "On a b c\n" * 10_000,
        ("On " + "a " * 900 + "\n") * 50,
        ("Le " * 600 + "\n") * 50,
        "From: a\nTo: b\n" * 6_000,
        "Thanks,\n" * 11_000,
        "Warning: " * 10_000,
        ("\n\n" + "_" * 40) * 2_000,
        ">" * 90_000,
    ],
    ids=range(10),
)
def test_no_mail_keeps_its_reader_busy(hostile: str) -> None:
    began = time.process_time()
    own_words(hostile)
    assert time.process_time() - began < 3
