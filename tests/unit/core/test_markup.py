"""What people type becomes HTML that is safe, stable and still says the same."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from time import perf_counter

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lxml import html as lxml_html
from markupsafe import Markup, escape

from consult.core.links import safe_href
from consult.core.markup import (
    EXTRACTOR_VERSION,
    RENDERER_VERSION,
    SafeHtml,
    quote,
    render,
    sanitise,
    to_text,
)

FORMATS = ("markdown", "text", "html")
ALLOWED = frozenset(
    "p br strong em del ul ol li blockquote a code pre h4 h5 h6 hr sup table thead tbody tr th"
    " td".split()
)
ATTRIBUTES = {
    "a": {"href", "rel"},
    "ol": {"start"},
    **{tag: {"lang", "dir"} for tag in "p h4 h5 h6 blockquote li table".split()},
}

VECTORS = (
    # Plain elements and handlers.
    "<script>alert(1)</script>",
    "<SCRIPT SRC=https://evil.example/x.js></SCRIPT>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<script",
    "<script/x>alert(1)</script >",
    "<img src=x onerror=alert(1)>",
    "<img/src=x/onerror=alert(1)>",
    '<img src="x" alt="`onerror=alert(1)`">',
    "<svg onload=alert(1)>",
    "<svg/onload=alert(1)//",
    "<body onload=alert(1)>text</body>",
    "<p onclick=alert(1) style='position:fixed'>x</p>",
    "<strong onmouseover\n=\nalert(1)>x</strong>",
    "<em/onfocus=alert(1)/autofocus tabindex=1>x</em>",
    "<iframe src=javascript:alert(1)></iframe>",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "<object data=data:text/html,x></object><embed src=x>",
    "<form action=javascript:alert(1)><button formaction=javascript:alert(1)>x</button></form>",
    "<input autofocus onfocus=alert(1)>",
    "<details open ontoggle=alert(1)>x</details>",
    "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<base href=https://evil.example/>",
    "<style>@import 'https://evil.example/x.css';</style>",
    "<video><source onerror=alert(1)></video>",
    "<audio src=x onerror=alert(1)>",
    "<marquee onstart=alert(1)>x</marquee>",
    "<table background=javascript:alert(1)><tr><td background=javascript:alert(1)>x</table>",
    "<blockquote cite=javascript:alert(1)>x</blockquote>",
    # Schemes.
    "<a href=javascript:alert(1)>x</a>",
    "<a href='  javascript:alert(1)'>x</a>",
    "<a href='java\nscript:alert(1)'>x</a>",
    "<a href='java\tscript:alert(1)'>x</a>",
    "<a href='java&#10;script:alert(1)'>x</a>",
    "<a href='java&Tab;script&colon;alert(1)'>x</a>",
    "<a href='&#106;&#97;vascript:alert(1)'>x</a>",
    "<a href='&#x6A&#x61&#x76ascript:alert(1)'>x</a>",
    "<a href='&#0000106avascript:alert(1)'>x</a>",
    "<a href='&amp;#106;avascript:alert(1)'>x</a>",
    "<a href='\x01javascript:alert(1)'>x</a>",
    "<a href='java\x00script:alert(1)'>x</a>",
    "<a href='JaVaScRiPt:alert(1)'>x</a>",
    "<a href='ｊavascript:alert(1)'>x</a>",
    "<a href='java\u200bscript:alert(1)'>x</a>",
    "<a href='\ufeffjavascript:alert(1)'>x</a>",
    "<a href='\u2028javascript:alert(1)'>x</a>",
    "<a href=vbscript:msgbox(1)>x</a>",
    "<a href='data:text/html;base64,PHNjcmlwdD4='>x</a>",
    "<a href=//evil.example>x</a>",
    "<a href=/\\evil.example>x</a>",
    "<a href='https:evil.example'>x</a>",
    "<a href='https:///evil.example'>x</a>",
    "<a href='https://good.example\\@evil.example'>x</a>",
    "<a href='https://good.example@evil.example'>x</a>",
    "<a href='https://x.example/\" onmouseover=alert(1) x=\"'>x</a>",
    "<a href=\"https://x.example/'onclick='alert(1)\">x</a>",
    "<a href='https://x.example/\u202egnp.exe'>x</a>",
    "<a href='https://x.example/' target=_blank ping=https://evil.example id=x name=y>x</a>",
    "<a href='mailto:a@b.example?bcc=c@d.example&body=x'>x</a>",
    "<a href='mailto:a@b.example,c@d.example'>x</a>",
    "<a href='mailto:a%0d%0abcc:c@d.example'>x</a>",
    "<a href='feed:javascript:alert(1)'>x</a>",
    "<a href='view-source:https://x.example'>x</a>",
    "<a href='blob:https://x.example/1'>x</a>",
    "<a href=javascript:alert(1) href=https://x.example>x</a>",
    "<a xlink:href=javascript:alert(1)>x</a>",
    # Mutation: another parser sees another tree.
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<textarea><p title='</textarea><img src=x onerror=alert(1)>'>",
    "<title><p title='</title><img src=x onerror=alert(1)>'>",
    "<svg></p><style><p id='</style><img src=x onerror=alert(1)>'>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img onerror=x&gt;'>",
    "<math><annotation-xml encoding='text/html'><img src=x onerror=alert(1)></math>",
    "<svg><foreignObject><p><style><a title='</style><img src onerror=alert(1)>'></svg>",
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<template><script>alert(1)</script></template>",
    "<xmp><p title='</xmp><img src=x onerror=alert(1)>'>",
    "<plaintext><script>alert(1)</script>",
    "<select><template><style><img src=x onerror=alert(1)></style></template></select>",
    "<table><caption><p><a href=javascript:alert(1)>x</a></caption>stray<tr><td>y",
    "<!--><img src=x onerror=alert(1)>-->",
    "<!-- --!><img src=x onerror=alert(1)> -->",
    "<![CDATA[<img src=x onerror=alert(1)>]]>",
    "<?xml version='1.0'?><!DOCTYPE p [<!ENTITY x '<script>'>]>&x;",
    "<p title='>'><img src=x onerror=alert(1)>'>",
    '<p title="</p><img src=x onerror=alert(1)>">x</p>',
    "<<p>img src=x onerror=alert(1)>",
    "</p><img src=x onerror=alert(1)><p>",
    '<p/a="\'><img src=x onerror=alert(1)>"',
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&amp;lt;script&amp;gt;alert(1)&amp;lt;/script&amp;gt;",
    "\uff1cscript\uff1ealert(1)\uff1c/script\uff1e",
    "<\u0338script>alert(1)</script>",
    "<s\u0000cript>alert(1)</s\u0000cript>",
    "<\x00script>alert(1)</script>",
    "<ſcript>alert(1)</ſcript>",
    # Markdown.
    "[x](javascript:alert(1))",
    "[x](<java\nscript:alert(1)>)",
    "[x](java&#x0A;script:alert(1))",
    "[x](javascript&colon;alert(1))",
    "[x](\\j\\avascript:alert(1))",
    "[x](%6Aavascript:alert(1))",
    "[x][r]\n\n[r]: javascript:alert(1)",
    "[x][r]\n\n[r]: <data:text/html,x> 'title\" onclick=\"alert(1)'",
    "[r]: vbscript:x\n\n[r]",
    "[x](https://x.example '\" onmouseover=\"alert(1)')",
    "![x](javascript:alert(1))",
    '!["onerror="alert(1)](https://x.example/x.png)',
    "![<img src=x onerror=alert(1)>](https://x.example/x.png)",
    "<javascript:alert(1)>",
    "<data:text/html,x>",
    '<https://x.example/"onclick="alert(1)>',
    "javascript://x.example/%0Aalert(1)",
    "https://x.example/<script>alert(1)</script>",
    'https://x.example/"onmouseover="alert(1)',
    "[a](https://x.example)[<b](javascript:x)",
    "[[x](javascript:1)](https://x.example)",
    '```"><img src=x onerror=alert(1)>\n<script>alert(1)</script>\n```',
    "``<script>`` `<img onerror=x>`",
    "|<script>|b|\n|:-:|-|\n|<img src=x onerror=alert(1)>|[x](javascript:1)|",
    "# <script>alert(1)</script> {onclick=alert(1)}",
    "> <img src=x onerror=alert(1)>\n- <svg onload=x>",
    "mailto:a@b.example?cc=javascript:x",
)

HOSTILE = (
    "[", "![", "[a](", "*", "*a ", "**a **", "_a__b", "~~a", "`a``b", "\\", "<", "<a ", '<a "',
    "<a '\"<a \"'", "<b>", "<p>x", "<em>x</em>", "<b><i>", "<blockquote>x", "<ul><li>",
    "<table><tr><td>", "<!--", "<![", "<script>", "<svg>", "</b>", "&", "&lt;", "&#1;", "|a",
    "a|b\n-|-\n|\n", "> ", "> > x\n\n", "- a\n\n", "1. a\n", "# a\n", "---\n", "a\n\n", "://",
    "http://", "a@b://", "a@", "a.b@c.de ", "[a]: b\n", "e\u0301\u0316",
)  # fmt: skip


class _Seen(HTMLParser):
    """Collects the elements and attributes of a page as one more parser reads it."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in ("br", "hr"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_comment(self, data: str) -> None:
        self.elements.append(("comment", {}))

    def handle_decl(self, decl: str) -> None:
        self.elements.append(("declaration", {}))

    def handle_pi(self, data: str) -> None:
        self.elements.append(("instruction", {}))


def _elements(html: str) -> Iterator[tuple[str, dict[str, str | None]]]:
    seen = _Seen()
    seen.feed(html)
    seen.close()
    assert seen.open == []
    yield from seen.elements
    for element in lxml_html.fragment_fromstring(html, create_parent="section").iterdescendants():
        yield str(element.tag), dict(element.attrib)


def assert_inert(html: str) -> None:
    for tag, attributes in _elements(html):
        assert tag in ALLOWED, (tag, html)
        assert set(attributes) <= ATTRIBUTES.get(tag, set()), (tag, attributes, html)
        if tag == "a":
            assert attributes["rel"] == "nofollow ugc noopener"
            href = attributes["href"] or ""
            assert re.match(r"https?://[a-z0-9]|mailto:[^?,%]+@[^?,%]+$", href), href
            assert safe_href(href) == href
        assert attributes.get("lang", "en") in ("en", "fr", "es")


# --- Safe ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("vector", VECTORS)
def test_a_vector_becomes_inert_and_stays_the_same_when_cleaned_again(
    vector: str, format: str
) -> None:
    html = render(vector, format=format)
    assert_inert(html)
    assert sanitise(html) == html


@pytest.mark.parametrize("vector", VECTORS)
def test_sanitising_a_vector_is_idempotent_also_inside_other_markup(vector: str) -> None:
    for frame in ("{}", "<ul><li>{}", "<table><tr><td>{}</table>", "<pre>{}</pre>", "<p><em>{}"):
        once = sanitise(frame.format(vector))
        assert_inert(once)
        assert sanitise(once) == once


_PIECES = st.one_of(
    st.sampled_from(
        [f"<{tag}>" for tag in sorted(ALLOWED)]
        + [f"</{tag}>" for tag in sorted(ALLOWED)]
        + "<div> </div> <b> </i> <h1> <svg> </svg> <math> <style> </style> <!-- --> <![CDATA["
        " &lt; &amp; &#60; &#0; &nbsp; &NotEqualTilde; \" ' = > < / ` * _ [ ] ( ) ! # | \\".split()
        + ["\n", "\n\n", " ", "\t", "\r", "\x0c", "\u0338", "e\u0301", "\ufffe", "\ud800", "\xa0"]
        + ["<a href='https://x.example/a b?c&d'>", "[x](https://x.example)", "<p lang=fr dir=rtl>"]
        + ["javascript:", "https://é.example", "> ", "- ", "1. ", "```", "~~", "<ol start=7>"]
    ),
    st.text(max_size=6),
)


@settings(max_examples=400, deadline=None)
@given(st.lists(_PIECES, max_size=25).map("".join))
@example("<p>\u0338x</p>")
@example("https://é.example\x1f <https://xn--a.example> <https://xn--.example>")
@example("e<svg></svg>\u0301 <\u0338 </x>")
@example("<pre><em>\n</em>\n\nx</pre>")
@example("<p> <em> </em></p>")
@example("<table><td>a<thead>b<li>c<td>d")
def test_anything_becomes_inert_and_cleaning_twice_is_cleaning_once(source: str) -> None:
    for html in (sanitise(source), *(render(source, format=format) for format in FORMATS)):
        assert_inert(html)
        assert sanitise(html) == html
        assert render(source) == render(source)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200))
def test_plain_text_keeps_every_visible_character(source: str) -> None:
    def bare(text: str) -> str:
        return re.sub(r"\s", "", text)

    once = to_text(render(source, format="text"))
    assert bare(to_text(render(once, format="text"))) == bare(once)
    if source.isascii() and source.isprintable():
        assert bare(once) == bare(source)


@pytest.mark.parametrize("seed", HOSTILE)
@pytest.mark.parametrize("format", FORMATS)
def test_a_hundred_kilobytes_made_to_exhaust_us_take_about_a_second(seed: str, format: str) -> None:
    # Every format takes the same way after the first step, so one of them gets all of it.
    size = 100_000 if format == "markdown" else 30_000
    source = seed * (size // len(seed))
    start = perf_counter()
    html = render(source, format=format)
    to_text(html)
    # The bound is loose because test machines are shared; quadratic work takes far longer.
    assert perf_counter() - start < 6
    if format == "html":
        # What comes after the first step is the same for all, and the tests above look at it.
        assert sanitise(html) == html


def test_repeated_references_to_a_long_address_do_not_blow_up_the_page() -> None:
    source = "[a]: https://x.example/" + "b" * 1900 + "\n\n" + "[a] " * 9_000
    assert len(render(source)) < 15 * len(source)


def test_nesting_is_cut_off_but_the_words_stay() -> None:
    html = render("<blockquote>" * 500 + "deep" + "</blockquote>" * 500, format="html")
    assert html.count("<blockquote>") < 60
    assert to_text(html) == "deep"


def test_safe_html_is_made_by_this_module_only() -> None:
    with pytest.raises(TypeError, match="render"):
        SafeHtml("<script>")


def test_safe_html_goes_to_the_page_as_it_is_but_what_is_joined_to_it_is_escaped() -> None:
    html = render("a *b*")
    assert escape(html) == Markup("<p>a <em>b</em></p>\n")
    assert type(html + "<b>") is str


def test_safe_html_survives_copies_and_storage() -> None:
    html = render("a *b*")
    for kept in (copy.deepcopy(html), copy.copy(html), SafeHtml.from_storage(str(html))):
        assert isinstance(kept, SafeHtml)
        assert kept == html


def test_threads_do_not_disturb_each_other() -> None:
    sources = [f"# {n}\n\n*see* https://x.example/{n} " * 5 for n in range(40)]
    alone = [render(source) for source in sources]
    with ThreadPoolExecutor(max_workers=8) as pool:
        assert list(pool.map(render, sources)) == alone


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(ValueError, match="markdown, text or html"):
        render("x", format="rst")


def test_versions_are_positive_numbers() -> None:
    assert RENDERER_VERSION >= 1
    assert EXTRACTOR_VERSION >= 1


# --- Right --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "html"),
    [
        ("**b** *c* ~~d~~ `e`", "<p><strong>b</strong> <em>c</em> <del>d</del> <code>e</code></p>"),
        ("# a\n## b\n### c\n#### d", "<h4>a</h4>\n<h5>b</h5>\n<h6>c</h6>\n<h6>d</h6>"),
        ("- a\n- b", "<ul><li>a</li><li>b</li></ul>"),
        ("3. a\n4. b", '<ol start="3"><li>a</li><li>b</li></ol>'),
        ("> a", "<blockquote>\n<p>a</p>\n</blockquote>"),
        ("a\\\nb", "<p>a<br>\nb</p>"),
        ("a\n\n---\n\nb", "<p>a</p>\n<hr>\n<p>b</p>"),
        ("<b>a</b> & b", "<p>&lt;b&gt;a&lt;/b&gt; &amp; b</p>"),
        (
            "|a|b|\n|-|-|\n|1|2|",
            (
                "<table><thead><tr><th>a</th><th>b</th></tr></thead>"
                "<tbody><tr><td>1</td><td>2</td></tr></tbody></table>"
            ),
        ),
    ],
)  # fmt: skip
def test_markdown_becomes_plain_clean_html(source: str, html: str) -> None:
    assert render(source).strip() == html


@pytest.mark.parametrize("format", ["markdown", "text"])
def test_addresses_in_a_text_become_links(format: str) -> None:
    html = render("See https://un.example/a?b=1&c=2, or mail a@b.org.", format=format)
    assert 'href="https://un.example/a?b=1&amp;c=2"' in html
    assert 'href="mailto:a@b.org"' in html
    assert html.count("<a ") == 2


@pytest.mark.parametrize("source", ["e.g.this", "un.example", "//un.example/x", "ftp://un.example"])
def test_what_only_looks_like_an_address_becomes_no_link(source: str) -> None:
    assert "<a" not in render(source)


def test_an_image_becomes_a_link_because_nothing_is_loaded_from_elsewhere() -> None:
    html = render("![A map](https://x.example/map.png)")
    assert 'href="https://x.example/map.png"' in html
    assert to_text(html) == "A map"


def test_plain_text_gives_paragraphs_and_line_breaks() -> None:
    html = render("a <b>\nb\n\n \n*c*", format="text")
    assert html == "<p>a &lt;b&gt;<br>\nb</p>\n<p>*c*</p>"


def test_text_from_a_word_processor_arrives_clean() -> None:
    source = """<html xmlns:o="urn:x"><head><style>p {margin:0}</style><title>T</title></head>
    <body lang=EN-GB><!--[if gte mso 9]><xml><o:x>1</o:x></xml><![endif]-->
    <p class=MsoNormal style='margin:0cm'><b><span style='color:red'>Access</span></b> to
    services<o:p></o:p></p><p class=MsoNormal>&nbsp;</p><h1>Work</h1>
    <div>One<div>Two<br></div></div><p lang=FR-FR>Trois<sup>1</sup></p></body></html>"""
    html = render(source, format="html")
    assert "<strong>Access</strong>" in html
    assert "<h4>Work</h4>" in html
    assert "<p>One</p>" in html
    assert '<p lang="fr">Trois<sup>1</sup></p>' in html
    assert to_text(html) == "Access to services\n\nWork\n\nOne\n\nTwo\n\nTrois1"


def test_stray_text_in_pasted_html_gets_a_paragraph() -> None:
    assert render("a<p>b</p>c", format="html") == "<p>a</p><p>b</p><p>c</p>"


def test_a_list_right_inside_a_list_belongs_to_the_item_before_it() -> None:
    html = sanitise("<ul><li>a</li><ul><li>b</li></ul></ul>")
    assert html == "<ul><li>a<ul><li>b</li></ul></li></ul>"


def test_an_unclosed_comparison_keeps_its_words() -> None:
    assert to_text(render("a < b and <3", format="html")) == "a < b and <3"


def test_a_link_that_leads_nowhere_keeps_its_words() -> None:
    assert sanitise("<a href='/x'>words</a>") == "words"


@pytest.mark.parametrize(
    ("typed", "href"),
    [
        ("HTTPS://Un.Example/A?b#c", "https://un.example/A?b#c"),
        ("https://é.example/é x", "https://xn--9ca.example/é%20x"),
        ("http://x.example:8080", "http://x.example:8080"),
        ("mailto:first.last+tag@x.example", "mailto:first.last+tag@x.example"),
        ("http://127.0.0.1/x", "http://127.0.0.1/x"),
        ("https://x.example:port/", None),
        ("https://x..example/", None),
        ("https://" + "a" * 3000, None),
        ("mailto:a@b", None),
        ("#x", None),
        ("", None),
    ],
)
def test_links_lead_only_to_web_hosts_and_single_mail_addresses(
    typed: str, href: str | None
) -> None:
    assert safe_href(typed) == href


def test_plain_text_has_paragraphs_items_lines_and_cells() -> None:
    source = (
        "# A\n\nb *c*\nd\\\ne\n\n- f\n- g\n  - h\n\n|i|j|\n|-|-|\n|k|l|\n\n"
        "```\nm\n  n\n```\n\n> o &amp; p"
    )
    expected = "A\n\nb c d\ne\n\nf\ng\nh\n\ni\tj\nk\tl\n\nm\n  n\n\no & p"
    assert to_text(render(source)) == expected


def test_plain_text_is_composed_across_elements() -> None:
    assert to_text("<p><em>e</em>\u0301</p>") == "é"


@pytest.mark.parametrize(
    "passage",
    [
        "One *two* _three_ `four` [five](x) <six> & ~~seven~~ \\ eight | nine",
        "# a\n- b\n+ c\n1. d\n2) e\n> f\n=== g\n--- h\n\nnew paragraph",
        "L’accès : « oui »",
    ],
)
def test_a_quote_shows_the_same_words(passage: str) -> None:
    html = render(quote(passage))
    assert html.startswith("<blockquote>")
    assert to_text(html) == passage


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="ab1 .-+*_#>[]()<>&~`\\|!=:\n", max_size=60))
def test_no_passage_escapes_its_quote(passage: str) -> None:
    expected = re.sub(r"\s+", " ", passage).strip()
    html = render(quote(passage))
    assert re.sub(r"\s+", " ", to_text(html)) == expected
    assert not expected or html.strip().endswith("</blockquote>")


def test_a_long_quote_is_cut() -> None:
    words = to_text(render(quote("word " * 400, limit=100)))
    assert len(words) <= 100
    assert words.endswith("…")
