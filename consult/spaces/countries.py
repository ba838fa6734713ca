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


@cache
def country_names(locale: str) -> tuple[tuple[str, str], ...]:
    """Return (code, name in the locale), sorted by name without regard to accents."""
    names = Locale.parse(locale).territories
    pairs = ((code, str(names[code])) for code in REGION_OF)
    return tuple(sorted(pairs, key=lambda pair: fold(pair[1])))
