"""Each reader's choice of the error, and its reading of half a text."""

from __future__ import annotations

import pytest

from drain.fingerprints import fingerprint, mask

FRAME = '  File "/srv/app/work.py", line 7, in go\n    x()\n'
HEADER = "Traceback (most recent call last):\n"


def template(text: str) -> str:
    return fingerprint(text).template


def test_a_traceback_without_its_head_is_the_same_failure():
    whole = (
        HEADER
        + '  File "/srv/main.py", line 1, in <module>\n    go()\n'
        + FRAME
        + "ValueError: bad\n"
    )
    assert template(whole) == "ValueError: bad\nin work.go"
    assert fingerprint(whole.partition("\n")[2]).key == fingerprint(whole).key
    assert fingerprint("    go()\n" + FRAME + "ValueError: bad\n").key == fingerprint(whole).key


def test_a_traceback_without_its_end_gives_way_to_the_one_before():
    text = HEADER + FRAME + "ValueError: bad\n\n" + HEADER + FRAME
    assert template(text) == "ValueError: bad\nin work.go"
    assert template(HEADER + FRAME) == template(HEADER + FRAME)
    assert "ValueError" not in template(HEADER + FRAME)


def test_the_importing_function_stands_for_a_file_that_does_not_parse():
    text = (
        HEADER
        + FRAME
        + '  File "/srv/app/broken.py", line 55\n    x = = 1\n        ^\nSyntaxError: invalid syntax (broken.py, line 55)\n'
    )
    assert template(text) == "SyntaxError: invalid syntax\nin work.go"


def test_library_frames_and_comprehensions_are_nobodys_place():
    library = '  File "/usr/lib/python3.12/json/decoder.py", line 1, in raw_decode\n    y()\n'
    inlined = FRAME.replace("in go", "in <listcomp>")
    assert (
        template(HEADER + FRAME + inlined + library + "JSONDecodeError: bad\n")
        == "JSONDecodeError: bad\nin work.go"
    )
    frozen = '  File "<frozen importlib._bootstrap>", line 1, in _load\n'
    assert template(HEADER + frozen + "ValueError: bad\n") == "ValueError: bad"


def test_a_recursion_inside_a_library_is_not_searched_to_its_end():
    library = '  File "/usr/lib/python3.12/copy.py", line 1, in deepcopy\n    y()\n'
    assert (
        template(HEADER + FRAME + library * 100 + "RecursionError: deep\n")
        == "RecursionError: deep"
    )


def test_a_module_stands_for_its_top_level():
    assert (
        template(HEADER + FRAME.replace("in go", "in <module>") + "ValueError: bad\n")
        == "ValueError: bad\nin work"
    )


@pytest.mark.parametrize(
    "link",
    ["\nThe above exception was the direct cause of the following exception:\n\n", "\nDuring handling of the above exception, another exception occurred:\n\n"],
)  # fmt: skip
def test_the_root_of_a_chain_is_part_of_the_key(link: str) -> None:
    def chain(name: str) -> str:
        return (
            HEADER
            + FRAME
            + f"KeyError: '{name}'\n"
            + link
            + HEADER
            + FRAME
            + "ConfigError: could not load\n"
        )

    assert (
        template(chain("DATABASE_URL"))
        == "ConfigError: could not load\nin work.go\ncaused by KeyError: 'DATABASE_URL'"
    )
    assert fingerprint(chain("DATABASE_URL")).key != fingerprint(chain("REDIS_URL")).key


def test_a_root_inside_a_library_varies_by_version_and_is_left_out():
    library = '  File "/usr/lib/python3.12/socket.py", line 1, in connect\n    y()\n'
    link = "\nDuring handling of the above exception, another exception occurred:\n\n"
    text = HEADER + library + "OSError: low\n" + link + HEADER + FRAME + "ShopError: high\n"
    assert template(text) == "ShopError: high\nin work.go"


def test_the_first_exception_of_a_group_is_its_cause():
    text = (
        "  + Exception Group Traceback (most recent call last):\n"
        '  |   File "/srv/app/work.py", line 7, in go\n  |     x()\n'
        "  | ExceptionGroup: phase 12 had failures (2 sub-exceptions)\n"
        "  +-+---------------- 1 ----------------\n"
        "    | ValueError: bad 12\n    +---------------- 2 ----------------\n    | KeyError: 'lock'\n    +------------------------------------\n"
    )
    assert (
        template(text)
        == "ExceptionGroup: phase <n> had failures (<n> sub-exceptions)\nin work.go\ncaused by ValueError: bad <n>"
    )
    assert "caused by" not in template(text.partition("  +-+")[0])


def test_postgres_names_the_relation_of_a_deadlock():
    text = 'psycopg.errors.DeadlockDetected: deadlock detected\nDETAIL:  Process 1 waits.\nHINT:  See log.\nCONTEXT:  while updating tuple (3,4) in relation "users"\n'
    assert (
        template(text)
        == 'DeadlockDetected: deadlock detected while updating tuple (<n>,<n>) in relation "users"'
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("thread 'main' panicked at 'no cart', src/main.rs:2:5\nnote: x\n", "panic: no cart\nin main.rs"),
        ("thread 'main' (12) panicked at src/main.rs:2:5:\nno cart\n", "panic: no cart\nin main.rs"),
        ("thread panicked at nowhere\n", "thread panicked at nowhere"),
        (("panic: boom [recovered]\n\ngoroutine 1 [running]:\nruntime.gopanic(0x1)\n\t/usr/local/go/src/runtime/panic.go:1\n"
         "github.com/acme/shop.(*Cart).Add(0xc0)\n\t/home/ci/shop/cart.go:7 +0x1\n"), "panic: boom\nin shop.(*Cart).Add"),
        ("panic: boom\n\ngoroutine 1 [running]:\nmain.main()\n\tC:/ci/shop/main.go:7 +0x1\n", "panic: boom\nin main.main"),
        ("panic: boom\n", "panic: boom"),
        ("kernel panic: not syncing\n", "kernel panic: not syncing"),
        ("a.c:3:1: fatal error: x.h: No such file\n", "x.h: No such file\nin a.c"),
    ],
)  # fmt: skip
def test_panics_of_rust_and_go(text, expected):
    assert template(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("TypeError: x is not a function\n    at new Cart (/srv/src/cart.js:1:2)\n", "TypeError: x is not a function\nin Cart"),
        ("TypeError: x is not a function\n    at /srv/src/cart.js:1:2\n", "TypeError: x is not a function\nin cart"),
        ("TypeError: x is not a function\n    at async Promise.all (index 0)\n    at node:internal/x:1:2\n", "TypeError: x is not a function"),
        ("TypeError: x\n    at f (/srv/node_modules/a/b.js:1:2)\n", "TypeError: x\nin f"),
        ("TypeError: x\n    at JSON.parse (<anonymous>)\n    at g (/srv/a.js:1:2)\n", "TypeError: x\nin g"),
        ("AssertionError [ERR_ASSERTION]: Expected values:\n\n1 !== 2\n\n    at g (/srv/a.js:1:2)\n", "AssertionError ERR_ASSERTION: Expected values\nin g"),
        ("ShopError:\nno cart\n    at g (/srv/a.js:1:2)\n", "ShopError: no cart\nin g"),
        ("ShopError\n    at g (/srv/a.js:1:2)\n", "ShopError\nin g"),
        ("Error: outer\n    at g (/srv/a.js:1:2) {\n  [cause]: TypeError: inner\n      at h (/srv/b.js:1:2)\n}\n", "outer\nin g\ncaused by TypeError: inner"),
        ("nothing here is an error\n    at g (/srv/a.js:1:2)\n", "nothing here is an error"),
        ("TypeError: a\n    at native(Native Method)\n    at g (/srv/a.js:1:2)\n", "TypeError: a\nin g"),
        ("a.B: c\n    at x\nCaused by: nothing known\n", "Caused by: nothing known"),
        ("java.lang.IllegalStateException: a\n\tat java.base/java.util.A.b(A.java:1)\n\tat com.acme.C.d(C.java:2)\nCaused by: what\n", "IllegalStateException: a\nin C.d"),
    ],
)  # fmt: skip
def test_stacks_of_javascript_and_java(text, expected):
    assert template(text) == expected


def test_a_stack_deeper_than_anyone_reads_is_cut():
    deep = (
        "java.lang.StackOverflowError\n"
        + "\tat java.util.A.b(A.java:1)\n" * 200
        + "\tat com.acme.C.d(C.java:2)\n"
    )
    assert template(deep) == "StackOverflowError"


REPORT = "=== FAILURES ===\n___ test_a ___\n{body}\n=== short test summary info ===\n{summary}\n"


@pytest.mark.parametrize(
    ("body", "summary", "expected"),
    [
        ("E       assert 3 == 4", "FAILED tests/test_a.py::TestA::test_a[3-x] - assert 3 == 4", "AssertionError: assert <n> == <n>\nin test_a.TestA.test_a"),
        ("", "FAILED tests/test_a.py::test_a - ValueError: bad 3", "ValueError: bad <n>\nin test_a.test_a"),
        ("", "ERROR tests/test_a.py", "ERROR tests/test_a.py".replace("tests/", "<path>/")),
        ("E       Failed: DID NOT RAISE <class 'ValueError'>", "FAILED tests/test_a.py::test_a - Failed: DID", "Failed: DID NOT RAISE <class 'ValueError'>\nin test_a.test_a"),
        ("E       fixture 'db' not found", "ERROR tests/test_a.py::test_a", "fixture 'db' not found\nin test_a.test_a"),
    ],
)  # fmt: skip
def test_reports_of_pytest(body, summary, expected):
    shown = template(REPORT.format(body=body, summary=summary))
    assert shown == expected or (not body and expected in shown + expected and "<path>" in expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("CMake Error at CMakeLists.txt:36 (find_package):\n  By not providing x\n  this project\n\n  more\n", "CMake Error: By not providing x this project\nin find_package"),
        ("CMake Error: no source\n", "CMake Error: no source"),
        ("npm ERR! code E404\n", "npm E404"),
        ("npm error code 1\nnpm error path /srv\nnpm error command failed\n", "npm error code 1"),
        ("2026-01-01 10:00:00 ERROR  no cart\n", "no cart"),
        ("ERROR 1064 (42000): You have an error\n", "ERROR 1064 (<n>): You have an error"),
        ("it went well\nall of it\n", "it went well"),
        ("Downloading a\nthe end\n", "the end"),
        ("warning: x\nok\n", "warning: x"),
        ("DETAIL:  a\nit failed\n", "it failed"),
        ("cart failed\nlease failed\n", "cart failed"),
        ("it failed\nfatal: no cart\n", "no cart"),
    ],
)  # fmt: skip
def test_the_line_that_tells_most(text, expected):
    assert template(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        '{"level":"error","message":"no cart"}',
        '{"error":{"stack":"no cart","code":1}}',
        '{"level":"info","n":1}\n{"level":"error","msg":"no cart"}'.replace('{"level":"info","n":1}\n', ""),
        '{"log":"no cart\\n","stream":"stderr"}',
        "2026-01-01T10:00:00.5Z stderr F no cart",
        "Jan  2 10:00:00 web-1 shop[12]: no cart",
        "[2026-01-01 10:00:00,123: ERROR/MainProcess] no cart",
        "[1/4/2022, 11:02:47 AM] no cart",
        "#12 0.345 no cart",
        "10:00:00 no cart",
        "##[error]no cart",
        "::error file=a.py,line=3::no cart",
        "\x1b]0;title\x07\x1b[1mno cart\x1b[0m",
        "no cart\r\n",
        "no \x00cart",
        "no cart\n##[error]Process completed with exit code 1.",
        "no cart\nweb-1 exited with code 137",
        "web | no cart\nweb | no cart\nweb | no cart",
        "[job a] no cart\n[job a] no cart\n[job a] no cart",
    ],
)  # fmt: skip
def test_a_wrapping_is_taken_off(text):
    assert template(text) == "no cart"


@pytest.mark.parametrize(
    "text",
    ['{"message": 5}', '{"error":{"error":{"error":{"error":"deep"}}}}', '{"a": 1}', '{"message": ""}', '{"broken": ', '{"a":{"b":{"c":{"d":"deep"}}}}', "{" * 50_000, '{"message":' + "[" * 50_000 + "}"],
)  # fmt: skip
def test_json_without_a_message_is_read_as_a_line(text):
    assert fingerprint(text).title[0] in "{["


def test_a_line_that_is_only_a_closing_word_stays():
    assert template("##[error]Process completed with exit code 2.").endswith("exit code 2.")


def test_unicode_line_ends_are_line_ends():
    assert template("caf\u00e9 is fine\u2028fatal: no cart") == "no cart"


def test_what_a_type_is_the_heading_of_is_its_message():
    for rule in ("-----------", "==========="):
        text = f"Error executing action `create`\n\nAcme::TemplateError\n{rule}\nno method fetch for nil\n"
        assert fingerprint(text).template == "TemplateError: no method fetch for nil"


def test_what_stands_behind_the_name_of_a_pod_is_kept():
    pods = ("shop-5d4f8b9c7d-zxw2p-build", "shop-68cf9b5b49-bn7kd-build")
    assert {mask(f"{pod} failed") for pod in pods} == {"shop-<id>-build failed"}
    assert mask("shop-68cf9b5b49-bn7kd failed") == "shop-<id> failed"
