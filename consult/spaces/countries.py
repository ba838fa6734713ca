"""Countries and territories of ISO 3166, and the region by which each is counted; pure.

Regions are those of the United Nations regional commissions. Many states belong to several,
so one is chosen for each:

- an ESCWA member is an Arab State, also where it is a member of ECA (Egypt, Sudan …);
- the states of Central Asia, members of ECE and ESCAP, go by geography to Asia and the Pacific;
  Armenia, Azerbaijan, Georgia, Türkiye and the Russian Federation go to Europe;
- Cyprus and Israel are ECE members and go to Europe and North America;
- members from elsewhere (France in ESCAP, the United States in ECLAC …) stay where they lie;
- territories go where they lie: Réunion to Africa, Guam to Asia and the Pacific.

Places without inhabitants of their own (Antarctica, Bouvet Island …) are left out.
"""

from __future__ import annotations

from functools import cache

from babel import Locale

from consult.core.text import fold

_CODES_BY_REGION = {
    "africa": (
        "AO BF BI BJ BW CD CF CG CI CM CV EH ER ET GA GH GM GN GQ GW KE KM LR LS MG ML MU MW MZ NA "
        "NE NG RE RW SC SH SL SN SS ST SZ TD TG TZ UG YT ZA ZM ZW"
    ),
    "arab-states": ("AE BH DJ DZ EG IQ JO KW LB LY MA MR OM PS QA SA SD SO SY TN YE"),
    "asia-pacific": (
        "AF AS AU BD BN BT CC CK CN CX FJ FM GU HK ID IN IR JP KG KH KI KP KR KZ LA LK MH MM MN MO "
        "MP MV MY NC NF NP NR NU NZ PF PG PH PK PN PW SB SG TH TJ TK TL TM TO TV TW UZ VN VU WF WS"
    ),
    "europe-north-america": (
        "AD AL AM AT AX AZ BA BE BG BY CA CH CY CZ DE DK EE ES FI FO FR GB GE GG GI GL GR HR HU IE "
        "IL IM IS IT JE LI LT LU LV MC MD ME MK MT NL NO PL PM PT RO RS RU SE SI SJ SK SM TR UA US "
        "VA"
    ),
    "latin-america-caribbean": (
        "AG AI AR AW BB BL BM BO BQ BR BS BZ CL CO CR CU CW DM DO EC FK GD GF GP GT GY HN HT JM KN "
        "KY LC MF MQ MS MX NI PA PE PR PY SR SV SX TC TT UY VC VE VG VI"
    ),
}

REGION_OF = {code: region for region, codes in _CODES_BY_REGION.items() for code in codes.split()}
"""Country code → slug of its region, as forum definitions name regions."""


def is_country(code: str) -> bool:
    """Whether it is the two-letter code of a country or territory that people live in."""
    return code in REGION_OF


_UNITED_NATIONS_NAMES = {
    "en": {
        "BO": "Bolivia (Plurinational State of)",
        "CD": "Democratic Republic of the Congo",
        "CG": "Congo",
        "CV": "Cabo Verde",
        "FK": "Falkland Islands (Malvinas)",
        "FM": "Micronesia (Federated States of)",
        "GB": "United Kingdom of Great Britain and Northern Ireland",
        "HK": "China, Hong Kong SAR",
        "IR": "Iran (Islamic Republic of)",
        "KP": "Democratic People’s Republic of Korea",
        "KR": "Republic of Korea",
        "LA": "Lao People’s Democratic Republic",
        "MD": "Republic of Moldova",
        "MM": "Myanmar",
        "MO": "China, Macao SAR",
        "PS": "State of Palestine",
        "RU": "Russian Federation",
        "SY": "Syrian Arab Republic",
        "TL": "Timor-Leste",
        "TR": "Türkiye",
        "TW": "Taiwan, Province of China",
        "TZ": "United Republic of Tanzania",
        "US": "United States of America",
        "VA": "Holy See",
        "VE": "Venezuela (Bolivarian Republic of)",
        "VN": "Viet Nam",
    },
    "fr": {
        "BO": "Bolivie (État plurinational de)",
        "CD": "République démocratique du Congo",
        "CG": "Congo",
        "CV": "Cabo Verde",
        "FK": "Îles Falkland (Malvinas)",
        "FM": "Micronésie (États fédérés de)",
        "GB": "Royaume-Uni de Grande-Bretagne et d’Irlande du Nord",
        "HK": "Chine, RAS de Hong Kong",
        "IR": "Iran (République islamique d’)",
        "KP": "République populaire démocratique de Corée",
        "KR": "République de Corée",
        "LA": "République démocratique populaire lao",
        "MD": "République de Moldova",
        "MM": "Myanmar",
        "MO": "Chine, RAS de Macao",
        "PS": "État de Palestine",
        "RU": "Fédération de Russie",
        "SY": "République arabe syrienne",
        "TL": "Timor-Leste",
        "TR": "Türkiye",
        "TW": "Taïwan, Province de Chine",
        "TZ": "République-Unie de Tanzanie",
        "US": "États-Unis d’Amérique",
        "VA": "Saint-Siège",
        "VE": "Venezuela (République bolivarienne du)",
        "VN": "Viet Nam",
    },
    "es": {
        "BO": "Bolivia (Estado Plurinacional de)",
        "CD": "República Democrática del Congo",
        "CG": "Congo",
        "CV": "Cabo Verde",
        "FK": "Islas Malvinas (Falkland Islands)",
        "FM": "Micronesia (Estados Federados de)",
        "GB": "Reino Unido de Gran Bretaña e Irlanda del Norte",
        "HK": "China, RAE de Hong Kong",
        "IR": "Irán (República Islámica del)",
        "KP": "República Popular Democrática de Corea",
        "KR": "República de Corea",
        "LA": "República Democrática Popular Lao",
        "MD": "República de Moldova",
        "MM": "Myanmar",
        "MO": "China, RAE de Macao",
        "PS": "Estado de Palestina",
        "RU": "Federación de Rusia",
        "SY": "República Árabe Siria",
        "TL": "Timor-Leste",
        "TR": "Türkiye",
        "TW": "Taiwán, Provincia de China",
        "TZ": "República Unida de Tanzanía",
        "US": "Estados Unidos de América",
        "VA": "Santa Sede",
        "VE": "Venezuela (República Bolivariana de)",
        "VN": "Viet Nam",
    },
}
"""Short names as the United Nations and ISO 3166-1 write them, where everyday language and so the
locale data differ; recalled, not taken from a copy of the lists."""


@cache
def names_by_code(locale: str) -> dict[str, str]:
    """Return names by code in a locale.

    They are those of CLDR, but for states and territories that the United Nations call otherwise.
    """
    names = Locale.parse(locale).territories
    formal = _UNITED_NATIONS_NAMES.get(locale, {})
    return {code: formal.get(code) or str(names[code]) for code in REGION_OF}


@cache
def country_names(locale: str) -> tuple[tuple[str, str], ...]:
    """Return (code, name in the locale), sorted by name without regard to accents."""
    return tuple(sorted(names_by_code(locale).items(), key=lambda pair: fold(pair[1])))
