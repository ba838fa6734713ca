"""The language of a text is proposed where its words are clear, and left open where not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consult.core import languages
from consult.core.languages import Recognition, guess_language, has_words, languages_of, recognise
from consult.core.markup import render
from consult.core.passages import passages

FOREIGN = Recognition(None, is_foreign=True)


@pytest.fixture
def without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(languages, "langid", None)
    monkeypatch.setattr(languages, "_identifier", languages._identifier.__wrapped__)


SENTENCES = [
    ("en", "Migrant workers should have access to social protection in all countries."),
    ("fr", "Les travailleurs migrants devraient avoir accès à la protection sociale."),
    ("es", "Los trabajadores migrantes deberían tener acceso a la protección social."),
]
UNSURE = [
    "Bonjour",
    "",
    "IOM GCM IMRF RT3 2022 23",
    "123 456 789 012 345 678 901",
    "Трудящиеся-мигранты должны иметь доступ к социальной защите.",
    "移民工人应该有机会获得社会保护移民工人应该有机会获得社会保护",
]
OURS = [
    *SENTENCES,
    ("en", "In our town of 4,000 people the clinic opened on Saturdays and nobody was sent away."),
    ("en", "Remittances: fees fell from 9 % to 4 %. Good. Now publish the price list everywhere."),
    (
        "en",
        "Kofi Mensah and Ana Lucía Paredes of the Casa do Migrante support the Rete per i Diritti.",
    ),
    ("fr", "Les enfants apprennent vite, mais les parents attendent depuis trois ans une réponse."),
    (
        "fr",
        "Protection consulaire, reconnaissance des diplômes, regroupement familial, inspection.",
    ),
    ("fr", "Notre association, la Casa degli Amici, accompagne les familles arrivées au port."),
    ("es", "Los niños aprenden rápido, pero los padres esperan desde hace tres años."),
    (
        "es",
        "Protección consular, reconocimiento de títulos, reunificación familiar, inspección.",
    ),
    ("es", "Nuestra asociación, Casa do Migrante de São Paulo, acompaña a familias que llegan."),
    ("es", "Apoyo decidido a municipios costeros; formación continua de personal fronterizo."),
    ("es", "Solicitamos transparencia respecto de las tarifas de remesas de bancos y correos."),
]
GERMAN = (
    "Wir fordern die Regierungen auf, allen Migrantinnen den Zugang zu Ärzten zu sichern."
    " In unserer Stadt hat ein kleines Büro gezeigt, dass es möglich ist."
)
DUTCH = (
    "Wij vragen de regeringen om alle migranten toegang te geven tot gezondheidszorg."
    " In onze stad heeft een klein kantoor laten zien dat het kan."
)
PORTUGUESE = (
    "Pedimos aos governos que garantam o acesso à saúde para todas as pessoas migrantes."
    " Na nossa cidade, um pequeno escritório mostrou que isso é possível."
)
ITALIAN = (
    "Chiediamo ai governi di garantire l’accesso alle cure per tutte le persone migranti."
    " Nella nostra città un piccolo ufficio ha dimostrato che si può fare."
)
WITH_WORDS_OF_THEIR_OWN = [GERMAN, DUTCH, PORTUGUESE, ITALIAN]
IN_LATIN_LETTERS = [
    *WITH_WORDS_OF_THEIR_OWN,
    "Demanem als governs que garanteixin l’accés a la salut per a totes les persones migrants.",
    "Cerem guvernelor să garanteze accesul la sănătate pentru toți migranții din orașul nostru.",
    "Wzywamy rządy do zapewnienia wszystkim migrantom dostępu do opieki zdrowotnej w mieście.",
    "Chúng tôi đề nghị các chính phủ bảo đảm mọi người di cư được chăm sóc sức khỏe ở thành phố.",
    "Tunaomba serikali zihakikishe kwamba wahamiaji wote wanapata huduma za afya katika mji wetu.",
]
IN_OTHER_SCRIPTS = [
    UNSURE[-1],
    UNSURE[-2],
    "نطلب من الحكومات أن تضمن حصول جميع المهاجرين على الرعاية الصحية.",
    "אנחנו מבקשים מהממשלות להבטיח טיפול רפואי לכל המהגרים.",
    "हम सरकारों से सभी प्रवासियों के लिए स्वास्थ्य सेवा की माँग करते हैं।",
    "Ζητάμε από τις κυβερνήσεις πρόσβαση στην υγεία για όλους τους μετανάστες.",
    "すべての移民が医療を受けられるように求めます。",
    "เราขอให้รัฐบาลดูแลสุขภาพของผู้ย้ายถิ่นทุกคน",
    "مرحبا",
    "GCM 16 التنوع والاندماج الاجتماعي للمهاجرين",
]


# Ours ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("language", "sentence"), SENTENCES)
def test_a_sentence_is_guessed(language: str, sentence: str) -> None:
    assert guess_language(sentence) == language


@pytest.mark.parametrize("text", UNSURE)
def test_an_unsure_guess_is_none(text: str) -> None:
    assert guess_language(text) is None


@pytest.mark.usefixtures("without_the_extra")
@pytest.mark.parametrize(("language", "sentence"), SENTENCES)
def test_a_sentence_is_guessed_without_the_extra(language: str, sentence: str) -> None:
    assert guess_language(sentence) == language
    assert recognise(sentence) == Recognition(language)


@pytest.mark.usefixtures("without_the_extra")
@pytest.mark.parametrize("text", UNSURE)
def test_an_unsure_guess_is_none_without_the_extra(text: str) -> None:
    assert guess_language(text) is None


@pytest.mark.parametrize(("language", "sentence"), OURS)
def test_a_text_of_ours_is_recognised(language: str, sentence: str) -> None:
    assert recognise(sentence) == Recognition(language)


@pytest.mark.parametrize(("language", "sentence"), OURS)
def test_no_part_of_a_text_of_ours_is_foreign(language: str, sentence: str) -> None:
    words = sentence.split()
    for end in range(1, len(words)):
        assert not recognise(" ".join(words[:end])).is_foreign
        assert not recognise(" ".join(words[end:])).is_foreign


@pytest.mark.usefixtures("without_the_extra")
@pytest.mark.parametrize(("language", "sentence"), OURS)
def test_no_text_of_ours_is_foreign_without_the_extra(language: str, sentence: str) -> None:
    assert not recognise(sentence).is_foreign


# Others -------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", IN_LATIN_LETTERS)
def test_a_text_in_a_fourth_language_is_foreign(text: str) -> None:
    assert recognise(text) == FOREIGN


@pytest.mark.usefixtures("without_the_extra")
@pytest.mark.parametrize("text", WITH_WORDS_OF_THEIR_OWN)
def test_the_nearest_languages_are_foreign_without_the_extra(text: str) -> None:
    assert recognise(text) == FOREIGN


@pytest.mark.parametrize("text", IN_OTHER_SCRIPTS)
def test_a_text_in_another_script_is_foreign(text: str) -> None:
    assert recognise(text) == FOREIGN


@pytest.mark.usefixtures("without_the_extra")
@pytest.mark.parametrize("text", IN_OTHER_SCRIPTS)
def test_a_text_in_another_script_is_foreign_without_the_extra(text: str) -> None:
    assert recognise(text) == FOREIGN


@pytest.mark.parametrize(
    "text",
    [
        "",
        "16",
        "🙂🙂🙂",
        "Obrigado",
        "Guten Tag",
        "De acordo com isso.",
        "β",
        "…",
        "Σ 16 %",
        "\u202e",
    ],
)
def test_a_text_too_short_to_tell_is_left_open(text: str) -> None:
    assert recognise(text) == Recognition(None)


def test_a_text_half_in_another_script_is_left_open() -> None:
    half = "Nous demandons un guichet. نطلب من الحكومات أن تضمن"
    assert recognise(half) == Recognition(None)


def test_a_word_in_another_script_does_not_hide_the_language() -> None:
    text = "The shelter is called بيت الأمل, which means house of hope, and it is full every night."
    assert recognise(text) == Recognition("en")


@pytest.mark.parametrize(
    "piece", ["Les mots ", "слово ", "字", "🙂", "\u200b", "a\u0301" * 3, "1 "]
)
def test_a_text_of_200_000_characters_is_recognised(piece: str) -> None:
    text = piece * (200_000 // len(piece))
    expected = {"Les mots ": Recognition("fr"), "слово ": FOREIGN, "字": FOREIGN}
    if piece in expected:
        assert recognise(text) == expected[piece]
    assert recognise(text) == recognise(text[:5000])


@given(st.text())
def test_any_text_has_one_of_our_languages_or_none(text: str) -> None:
    found = recognise(text)
    assert found.language in (None, "en", "fr", "es")
    assert found.language is None or not found.is_foreign


# Passages -----------------------------------------------------------------------------------

MIXED = (
    "# A title of our own that is long enough to be judged by its many English words\n\n"
    "We run a night shelter near the port and this year it was full on two hundred nights.\n\n"
    "Nous accueillons chaque nuit des familles qui viennent du port, et personne ne dort là.\n\n"
    "Gracias a todas.\n\n"
    "- Pedimos a los gobiernos que garanticen el acceso a la salud de todas las personas.\n\n"
    f"{GERMAN}\n"
)


def test_passages_in_another_of_our_languages_are_proposed() -> None:
    assert languages_of(passages(render(MIXED)), main="en") == {2: "fr", 4: "es"}


def test_passages_in_the_main_language_are_not_proposed() -> None:
    assert languages_of(passages(render(MIXED)), main="fr") == {0: "en", 1: "en", 4: "es"}


def test_short_passages_are_not_proposed() -> None:
    source = "Nous accueillons chaque nuit des familles du port."
    assert languages_of(passages(render(source)), main="en") == {}


# Words --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["a", "é", "16", "٣", "字", "ب", "🙂 ok", "\u200ba", "हाँ", "1️⃣ 2", "…x…", "e\u0301"],
)
def test_a_letter_or_digit_is_a_word(text: str) -> None:
    assert has_words(text)


@pytest.mark.parametrize(
    "text",
    [
        *("", " \n\t", "...", "—!?", "***", "\u00a0", "\u0301\u0301"),
        *("🙂", "👍🏽👍🏽", "👩‍👩‍👧", "🇫🇷", "1️⃣", "#️⃣", "ℹ️", "❤️", "🏴\U000e0067\U000e0062\U000e007f"),
        *("\u200b", "\u200b\u200c\u200d\u2060\ufeff", "\u00ad", "\u115f", "\u3164", "\u2800"),
        *("\u202e\u202c", "\ufffd"),
    ],
)
def test_signs_emoji_and_invisible_characters_are_no_words(text: str) -> None:
    assert not has_words(text)


def test_200_000_emoji_are_no_words() -> None:
    assert not has_words("🙂" * 200_000)
    assert not has_words("1\ufe0f\u20e3" * 70_000)
