"""Frames of a stack in the languages that print one, and the owner of their code."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

# Code of a runtime or an installed package: never the place where somebody's own work failed.
LIBRARY = re.compile(
    r"site-packages|dist-packages|node_modules|[\\/]vendor[\\/]|[\\/]gems[\\/]|[\\/]lib(?:64)?[\\/](?:python|pypy|ruby|perl5?|erlang|julia)|[\\/]pkg[\\/]mod[\\/]"
    r"|^(?:node:|internal[/\\]|dart:|package:(?:flutter|test|matcher|stack_trace|async)|libraries/base|\./(?:array|boot|essentials|Base|dict)\.jl|<frozen|<string>|<stdin>|\[C\]|webpack/)"
    r"|[\\/][Pp]ython[\d.]*[\\/](?:x64[\\/])?[Ll]ib[\\/]|^/usr/(?:lib|share|include)/|^/rustc/|stdlib|importlib"
)


class Frame(NamedTuple):
    """One call of a stack: the file it is in and the function."""

    path: str
    function: str


# Each dialect is a line of its own form; ``p`` is the path, ``f`` the function.
_DIALECTS = tuple(
    re.compile(pattern)
    for pattern in (
        # #0 0x4f8d29 in lease_renew /src/lease.c:44:12 | #1  0x00 in main () at main.c:9
        r"\s{0,8}#\d{1,3}\s{1,8}(?:0x[0-9A-Fa-f]{1,16} in )?(?P<f>[\w:~.<>$]{1,200}) ?(?:\(.{0,200}\) )?(?:at )?(?P<p>[\w./\\:+~-]{1,300}?):\d{1,7}(?::\d+)?$",
        # #0      loadCart (package:shop/cart.dart:41:22)
        r"\s{0,8}#\d{1,3}\s{1,8}(?P<f>\S.{0,160}?) \((?P<p>[^()\s]{1,300}?):\d{1,7}(?::\d+)?\)$",
        # #0 /srv/app/Cart.php(12): Shop\Cart->total()
        r"\s{0,8}#\d{1,3} (?P<p>\S{1,300}?)\(\d{1,7}\): (?P<f>[\w\\{}:>$-]{1,200})\(?",
        # from app.rb:12:in `fetch' | # ./spec/cart_spec.rb:9:in `block'
        r"\s{1,12}(?:from |# )(?P<p>\S{1,300}?):\d{1,7}:in [`'](?P<f>[^'\n]{1,200})'",
        # (shop 0.1.0) lib/shop/loader.ex:12: Shop.Loader.load/1
        r"\s{1,12}\([\w. -]{1,60}\) (?P<p>\S{1,200}?):\d{1,7}: (?P<f>[\w.:?!<>/]{1,200})$",
        # [2] first_item(xs::Vector{Int64}) | the place stands on the next line: @ Shop ~/cart.jl:9
        r"\s{1,8}\[\d{1,3}\] (?P<f>[\w.!-]{1,120}(?: scope)?)(?P<p>)(?:\(|$)",
        r"\s{1,12}@ (?P<f>)(?:[\w.]{1,60} )?(?P<p>\S{1,300}?):\d{1,7}",
        # cart.lua:12: in function 'total'
        r"\s{1,8}(?P<p>[^\s:]{1,200}):(?:\d{1,7}:)? in (?P<f>(?:function |local |method |upvalue |field )?[<'\w.?]{1,100}.{0,60})$",
        # errorEmptyList, called at libraries/base/GHC/List.hs:1782:3 in base:GHC.List
        r"\s{1,8}(?P<f>[\w.']{1,100}), called at (?P<p>\S{1,200}?):\d{1,7}:\d+ in \S+$",
        # Called from Cart.price in file "lib/cart.ml", line 7, characters 4-29
        r"(?:Raised at|Raised by primitive operation at|Called from|Re-raised at) (?P<f>[\w.]{1,120}) in file \"(?P<p>[^\"]{1,200})\"",
        # main::total("x") called at cart.pl line 12
        r"\s{1,8}(?P<f>[\w:]{1,100})\(.{0,200}\) called at (?P<p>\S{1,200}) line \d+",
        # in function  shop_cart:total/1 (src/shop_cart.erl, line 12)
        r"\s{1,8}(?:in function|in call from) {1,3}(?P<f>[\w:/]{1,100}) \((?P<p>[\w./]{1,200}), line \d+\)",
        # File /srv/lib.py:52, in check_row(x) | Input In [8], in <cell line: 44>()
        r"(?:File (?P<p>\S{1,300}?):\d{1,7}|(?:Input|Cell) In ?\[\d+\])(?:, line \d+)?(?:, in (?P<f>[\w.<>]{1,100}.{0,60}))?$",
        # /srv/shop/plan.py:9 in load_plan
        r"\s{0,4}(?P<p>[/\\~.\w][^\s:]{0,300}?\.\w{1,5}):\d{1,7} in (?P<f>[\w.<>]{1,120})$",
        # bei Acme.Shop.Cart.First() in C:\src\Cart.cs:Zeile 12. (the words are translated)
        r"\s{2,12}\w{1,6} (?P<f>[\w`<>+$]{1,80}(?:\.[\w`<>\[\],+$]{1,80}){1,12})\(.{0,300}?\)(?: \w{1,4} (?P<p>(?:[A-Za-z]:)?[^:]{1,300}):\w{1,12} \d+\.?)?$",
        # test/cart_test.dart 12:5     main.<fn>
        r"\s{1,8}(?P<p>(?:package:)?[\w./]{1,200})(?: \d{1,7}:\d{1,5})?\s{2,60}(?P<f>[\w.<>$]{1,100})$",
        # 4   libshop.dylib   0x000000010 cart_total + 12
        r"\s{0,4}\d{1,3}\s{1,4}(?P<p>\S{1,80})\s{1,30}0x[0-9a-f]{4,16} (?P<f>\S{1,200}) \+ \d+$",
    )
)
_STARTS = frozenset(" \t#FIC/~.R")
_ANY = re.compile(r"\d|\[C\]|package:|\w\.[\w`<>]+\(.*\)$")
# How deep a stack is read.
FRAMES_KEPT = 60


def read_frame(line: str) -> Frame | None:
    """The call that a line of a stack names; None for any other line."""
    return _read_frame(line) if line[:1] in _STARTS and len(line) <= 600 else None


@lru_cache(maxsize=4096)
def _read_frame(line: str) -> Frame | None:
    if not _ANY.search(line):
        return None
    for dialect in _DIALECTS:
        found = dialect.match(line)
        if found:
            return Frame(found["p"] or "", (found["f"] or "").strip())
    return None


_PARTS = re.compile(r"[.:/]")
_NAME = re.compile(r"[\w:~.<>$!?/\\>-]*[\w>!?]")
_INNER = re.compile(
    r"^(?:function|local|method|upvalue|field|block(?: \(\d+ levels?\))? in|rescue in|ensure in)\s+"
)


def own_place(frames: list[Frame]) -> str:
    """``file.function`` of the innermost frame of the user's own code; empty without one."""
    for index, (named, function) in enumerate(frames):
        path = named
        if not path and index + 1 < len(frames) and not frames[index + 1].function:
            path = frames[index + 1].path
        if function and not LIBRARY.search(path) and not _of_runtime(function, path):
            name = _bare_name(function)
            stem = path.replace("\\", "/").rpartition("/")[2].rpartition(".")[0]
            return (
                f"{stem}.{name}"
                if stem and name and stem not in _PARTS.split(name)
                else name or stem
            )
    return ""


def _of_runtime(function: str, path: str) -> bool:
    return not path and function.startswith(
        ("System.", "Microsoft.", "errorEmptyList", "error", "top-level")
    )


def _bare_name(function: str) -> str:
    """The name alone: without arguments, quotes and the block it stands in."""
    function = _INNER.sub("", _INNER.sub("", function)).strip("'`<>")
    found = _NAME.match(function)
    return (
        (found.group() if found else function)
        .replace("->", ".")
        .replace("::", ".")
        .replace("\\", ".")
    )
