"""Two hundred strings that want to be more than text: markup, templates, SQL, formulas, terminal codes."""

from __future__ import annotations

_TAGS = (
    "<script>{0}</script>", "<ScRiPt>{0}</sCrIpT>", "<img src=x onerror={0}>", "<svg onload={0}>",
    "<svg/onload={0}>", "<body onload={0}>", "<iframe src=javascript:{0}>", "<details open ontoggle={0}>",
    "<video><source onerror={0}></video>", "<input autofocus onfocus={0}>", "<marquee onstart={0}>",
    "<math><mtext><script>{0}</script></mtext></math>", "<a href=javascript:{0}>x</a>",
    "<form action=javascript:{0}><button>x</button></form>", "<object data=javascript:{0}>",
    "<embed src=javascript:{0}>", "<base href=//evil.test/>{0}", "<link rel=stylesheet href=//evil.test/{0}>",
    "<style>*{{background:url(//evil.test/{0})}}</style>", "<template><script>{0}</script></template>",
)  # fmt: skip
_ESCAPES = (
    "{0}", '">{0}', "'>{0}", "</title>{0}", "</textarea>{0}", "</script>{0}", "-->{0}", "]]>{0}",
)  # fmt: skip
_ATTRIBUTES = (
    '" onmouseover="alert(1)', "' onmouseover='alert(1)", "` onmouseover=`alert(1)",
    '" style="position:fixed" x="', '" hx-get="/logout/" hx-trigger="load', "' hx-on:load='alert(1)",
    '" data-live="//evil.test/', '"autofocus onfocus=alert(1)//', "&quot; onx=1", "&#x3C;script&#x3E;",
)  # fmt: skip
_TEMPLATES = (
    "{{7*7}}", "{{ settings.SECRET_KEY }}", "{% debug %}", "{% include '/etc/passwd' %}", "${7*7}",
    "#{7*7}", "<%= 7*7 %>", "{{request.user.password}}", "{0.__class__}", "%(secret)s", "%s%s%n",
    "{{''.__class__.__mro__}}", "@{7*7}", "*{7*7}", "{{constructor.constructor('alert(1)')()}}",
)  # fmt: skip
_SQL = (
    "' OR '1'='1", "'; DROP TABLE drain_phase; --", '" OR ""="', "1; SELECT pg_sleep(5)--", "') OR 1=1--",
    "' UNION SELECT version()--", "$$;DROP TABLE x;$$", "\\'; --", "%", "_", "%' --", "%%", "E'\\x00'",
)  # fmt: skip
_FORMULAS = (
    "=1+1", '=cmd|"/c calc"!A1', "+1+1", "-1+1", "@SUM(1)", "\t=1+1", "\r=1+1", " =1+1",
    "\uff1d1+1", "\uff0b1", "\uff0d1", "\uff20SUM(1)", "\ufe661+1", "\u22121", "\u3000\uff1d1", '"=1+1', "'=1+1", '" \uff1d1', "\u00a0=1",
    '=HYPERLINK("//evil.test")', "=IMPORTXML(1)", "\n=1+1",
)  # fmt: skip
_ODD = (
    "\u202egnp.exe", "\u2066x\u2069", "\u200b\u200b", "\ufeffx", "\x1b[2J\x1b[31mred", "\x1b]0;title\x07",
    "\x1b]8;;//evil.test\x07x\x1b]8;;\x07", "\x07\x08\x7f", "a\r\nSet-Cookie: x=1", "../../../etc/passwd",
    "..\\..\\boot.ini", "/etc/passwd", "file:///etc/passwd", "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>", "//evil.test/", "%3Cscript%3E", "%00", "%0d%0aX: y",
    "null", "undefined", "NaN", "true", "0", "-1", "1e309", "e\u0301" * 50, "Z" + "\u0300" * 200,
    "\U0001f4a3" * 20, "\u0000"[1:] + "nul", "x" * 5000, "<" * 3000, "\"'`<>&" * 40, "\ud7ff\ue000",
    "constructor", "__proto__", "; rm -rf /", "$(id)", "`id`", "| id", "&& id", "*", "-rf", "--help",
)  # fmt: skip

HOSTILE: tuple[str, ...] = (
    *(escape.format(tag.format("alert(1)")) for tag in _TAGS for escape in _ESCAPES[:6]),
    *(escape.format("<img src=x onerror=alert(1)>") for escape in _ESCAPES),
    *_ATTRIBUTES,
    *_TEMPLATES,
    *_SQL,
    *_FORMULAS,
    *_ODD,
)

# One by one, each inside a word and before a sign that begins a formula:
# C0, DEL, C1, format and private characters.
_OBEYED = tuple(
    chr(code)
    for code in (
        *range(1, 9), *range(11, 32), *range(0x7F, 0xA0), 0xAD, 0x61C, 0x70F, 0x180E, *range(0x200B, 0x2010),
        *range(0x2028, 0x202F), *range(0x2060, 0x2065), *range(0x2066, 0x2070), 0xE000, 0xF8FF, 0xFEFF,
        *range(0xFFF9, 0xFFFC), 0x1D173, 0xE0001, 0xE0041, 0xE007F, 0xF0000, 0x10FFFD,
    )
)  # fmt: skip
_SEQUENCES = (
    *(
        sequence.replace("^", introducer)
    for introducer in ("\x1b[", "\x9b")
    for sequence in ("^2J", "^31m", "^6n", "^?1049h", "^8;1;1t", "^20t", "^c", "^1;1H", "^0K", "^!p")
    ),
    "\x1b]52;c;cm0gLXJm\x07", "\x1b]2;x\x1b\\", "\x9d0;x\x9c", "\x1bP$q\x1b\\", "\x90x\x9c", "\x1bc", "\x1b(0",
    "\x1b_x\x1b\\", "\x1b^x\x1b\\", "\x1bX", "\x1b]1337;File=:AA\x07", "\x1b]133;A\x07",
)  # fmt: skip
_HANDLERS = tuple(
    f"{opening}<{tag} {handler}=alert(1){closing}"
    for opening, closing in (("", ">"), ('">', "//"), ("-->", ">"))
    for tag in (
        "img src=x",
        "svg",
        "audio src=x",
        "input autofocus",
        "select autofocus",
        "style",
        "x tabindex=1",
    )
    for handler in ("onerror", "onload", "onfocus", "onpointerenter", "onanimationstart")
)
_NUMBERS = (
    "9" * 4300, "-" + "9" * 4300, "1e" + "9" * 400, "0x" + "f" * 4000, "[" * 4000, "{" * 4000, "(" * 4000, "\\" * 999,
    "1" + "0" * 4999 + ".5", "\uff12" * 400, "²", "١٢", "½", "1_000", "+1", "1e-999",
)  # fmt: skip
_FORMATS = (
    "%s" * 50,
    "%n%n%n",
    "%99999d",
    "{:>9999999}",
    "{!r}",
    "{0[secret]}",
    "{self.__init__.__globals__}",
    "$HOME",
    "!!",
    "%PATH%",
)

GENERATED: tuple[str, ...] = (
    *(f"a{char}b" for char in _OBEYED),
    *(f"{char}=1+1" for char in _OBEYED),
    *(f"x{sequence}y" for sequence in _SEQUENCES),
    *_HANDLERS,
    *_NUMBERS,
    *_FORMATS,
)
"""Five hundred with those above, made by rule: what no list by hand would be complete of."""
EVERYTHING: tuple[str, ...] = tuple(dict.fromkeys((*HOSTILE, *GENERATED)))

MEGABYTE = 1_000_000
HUGE: tuple[str, ...] = tuple(
    part * (MEGABYTE // len(part.encode()))
    for part in ("x", "<script>alert(1)</script>", "=1+1,", "\u202e", "\x1b[31m", "e\u0301")
)
"""The same kinds, a megabyte of each."""
