"""The steps of a reading, each by itself: lines, signs, weights, frames, reports, the choice."""

from __future__ import annotations

import pytest

from drain.fingerprints.readers.frames import own_place, read_frame
from drain.fingerprints.readers.lines import Level, read_line, read_page
from drain.fingerprints.readers.read import read_steps
from drain.fingerprints.readers.reports import read_header
from drain.fingerprints.signs import is_aside, is_routine, is_warning, says_failure
from drain.fingerprints.weights import Weight, weigh
from drain.fingerprints.words import is_wrapper, own_words


@pytest.mark.parametrize(
    ("line", "bare", "level"),
    [
        ("2026-01-02T03:04:05.678Z no cart", "no cart", Level.NONE),
        ("25/05/05 18:44:25 ERROR TaskSetManager: lost", "TaskSetManager: lost", Level.ERROR),
        ("[2026-01-02 03:04:05,678: ERROR/MainProcess] no cart", "no cart", Level.ERROR),
        ("[2026-01-02, 03:04:05 +07] {subprocess.py:94} INFO - no cart", "no cart", Level.BELOW),
        ("2026-01-02 03:04:05 | WARNING  | shop.pay:charge:12 - no cart", "no cart", Level.WARNING),
        ("E0505 10:11:12.123456   12 lease.go:99] no cart", "no cart", Level.ERROR),
        ("May 05 10:11:12 web-1 shop[12]: no cart", "no cart", Level.NONE),
        ('ts=2026-01-02T03:04:05Z level=error msg="reconcile failed" err="no cart left"', "no cart left", Level.ERROR),
        ('time="x" level=warning msg="cart 7 is slow" id=4', "cart 7 is slow", Level.WARNING),
        ("[error] no cart", "no cart", Level.ERROR),
        ("##[warning]no cart", "no cart", Level.WARNING),
        ("info no cart", "no cart", Level.BELOW),
        ("#12 3.456 no cart", "no cart", Level.NONE),
        ("worker-2  | no cart", "no cart", Level.NONE),
        ("│ no cart  │", "no cart", Level.NONE),
        ("ERROR 1045 (28000): no cart", "ERROR 1045 (28000): no cart", Level.ERROR),
        ("error handling is documented", "error handling is documented", Level.NONE),
    ],
)  # fmt: skip
def test_a_line_without_what_was_put_around_it(line, bare, level):
    assert read_line(line) == (bare, level)


def test_a_level_on_every_line_tells_nothing_and_the_levels_within_are_read():
    page = read_page("ERROR INFO started\nERROR WARN slow\nERROR it broke\n")
    assert page.lines[:3] == ["started", "slow", "it broke"]
    assert page.levels[:3] == [Level.BELOW, Level.WARNING, Level.NONE]


@pytest.mark.parametrize(
    "line",
    [
        "There was 1 failure:", "Execution failed for task ':app:test'.", "ERROR: Job failed: exit code 1", "make: *** [Makefile:4: a.o] Fehler 1",
        "Bash command failed. The command returned a non-zero exit code 1.", "Process completed with exit code 137.", "error Command failed with exit code 1.",
        "Build step 'Execute shell' marked build as failure", "Finished: FAILURE", "3 examples, 1 failure", "FAILED (failures=1)",
        "Error executing process > 'ALIGN (patient_17)'", "script returned exit code 2",
    ],
)  # fmt: skip
def test_what_only_says_that_something_else_failed(line):
    assert is_wrapper(line)


@pytest.mark.parametrize(
    "line",
    ["tar: /a: Cannot write: No space left on device", "no such table: jobs", "connection to server failed: role does not exist", "deploy: unknown target prod",
     "checksum of archive differs from manifest", "Killed", "the lease was lost"],
)  # fmt: skip
def test_what_says_why_is_no_wrapper(line):
    assert not is_wrapper(line)


def test_own_words_are_those_that_tell_more_than_that_it_failed():
    assert own_words("The task failed with an error, see the log") == 0
    assert own_words("could not open ledger: mount is busy") == 4
    assert own_words("'lease' of /srv/a7 failed") == 0
    assert own_words("接続がタイムアウトしました") >= 2


def test_signs_of_failure_of_routine_and_of_asides():
    for line in (
        "it cannot open",
        "too many clients",
        "ОШИБКА: нет",
        "рубль: エラー",
        "rc=137",
        "child returned -11",
        "make: *** stop",
    ):
        assert says_failure(line), line
    for line in (
        "all is well",
        "timeout=10",
        "default route",
        "reading 3 of 7",
        "returned 230 rows",
    ):
        assert not says_failure(line), line
    for line in (
        "Tests run: 3, Failures: 0, Errors: 0",
        "0 errors, 3 warnings found",
        "tests/a.py::b PASSED [ 7%]",
        "Downloading a.whl",
        "$ make all",
    ):
        assert is_routine(line), line
    for line in (
        "Tests run: 3, Failures: 0, Errors: 1",
        "Expected 3",
        "Failed asserting that a is b",
        "not successful",
    ):
        assert not is_routine(line), line
    assert is_aside("HINT:  See server log")
    assert is_warning("npm warn deprecated x")


@pytest.mark.parametrize(
    ("line", "level", "weight"),
    [
        ("loaded 31 rules", Level.BELOW, Weight.ROUTINE),
        ("loaded 31 rules", Level.NONE, Weight.PLAIN),
        ("cannot open the ledger", Level.NONE, Weight.TOLD),
        ("cannot open the ledger", Level.ERROR, Weight.NAMED),
        ("cannot open the ledger", Level.BELOW, Weight.MENTION),
        ("cannot open the ledger now", Level.WARNING, Weight.MENTION),
        ("it is slow", Level.WARNING, Weight.WARNING),
        ("Job failed: exit code 1", Level.ERROR, Weight.WRAPPER),
        ("ledger missing", Level.ERROR, Weight.NAMED),
        ("a.c:3:7: Fehler: x nicht deklariert", Level.NONE, Weight.NAMED),
        ("KeyError: 'lease'", Level.NONE, Weight.NAMED),
        ("acme.RunFailedError: the run ended unsuccessfully (exit code 1)", Level.NONE, Weight.WRAPPER),
        ("Acme::Exceptions::RunError: Acme process exited with 7", Level.NONE, Weight.WRAPPER),
        ("There was an error while the ledger opened", Level.NONE, Weight.TOLD),
        ("see http://ledger.example.org/docs/Errors", Level.NONE, Weight.PLAIN),
        ("STEP020 - PAYROLL ABEND=S0C7", Level.NONE, Weight.TOLD),
        ("note: run with RUST_BACKTRACE=1", Level.NONE, Weight.ASIDE),
        # What was being done is no routine where it failed, or where its logger calls it an error.
        ("Downloading the ledger now", Level.NONE, Weight.ROUTINE),
        ("Downloading the ledger now", Level.ERROR, Weight.NAMED),
        ("Opening the ledger: it was refused", Level.NONE, Weight.TOLD),
        ("cannot reach the cache, going on locally", Level.ERROR, Weight.MENTION),
    ],
)  # fmt: skip
def test_how_well_a_line_tells(line, level, weight):
    assert weigh(line, level).weight == weight


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ("    #0 0x4f8d29 in lease_renew /src/lease.c:44:12", "lease.lease_renew"),
        ("#0      loadCart (package:shop/cart.dart:41:22)", "cart.loadCart"),
        ("#0 /srv/app/Cart.php(12): Shop\\Cart->total()", "Shop.Cart.total"),
        ("\tfrom app.rb:12:in `fetch'", "app.fetch"),
        ("\tfrom app.rb:12:in 'fetch'", "app.fetch"),
        ("    (shop 0.1.0) lib/shop/loader.ex:12: Shop.Loader.load/1", "loader.Shop.Loader.load/1"),
        ("\tcart.lua:12: in function 'total'", "cart.total"),
        ("  firstItem, called at src/Shop/Cart.hs:7:9 in main:Shop.Cart", "Cart.firstItem"),
        ('Called from Cart.price in file "lib/cart.ml", line 7, characters 4-29', "cart.Cart.price"),
        ("      in function  shop_cart:total/1 (src/shop_cart.erl, line 12)", "shop_cart:total/1"),
        ("File /srv/lib.py:52, in check_row(x)", "lib.check_row"),
        ("/srv/shop/plan.py:9 in load_plan", "plan.load_plan"),
        ("   bei Acme.Shop.Cart.First() in C:\\src\\Cart.cs:Zeile 12.", "Acme.Shop.Cart.First"),
    ],
)  # fmt: skip
def test_a_frame_of_each_dialect(line, place):
    frame = read_frame(line)
    assert frame is not None
    assert own_place([frame]) == place


def test_a_line_of_prose_is_no_frame():
    for line in (
        "it failed at 10:30",
        "  see the log in /srv/log for 3 lines",
        "for more information see README",
    ):
        assert read_frame(line) is None, line


@pytest.mark.parametrize(
    ("line", "subject"),
    [
        ("--- FAIL: TestZone/UTC (0.00s)", "TestZone/UTC"),
        ("  ● cart \u203a sums", "cart \u203a sums"),
        (" FAIL  src/cart.test.ts > cart > sums", "src/cart.test.ts > cart > sums"),
        ("not ok 2 - sums", "sums"),
        ("---- cart::tests::total stdout ----", "cart::tests::total"),
        ("test cart::tests::total ... FAILED", "cart::tests::total"),
        ("com.acme.CartTest > totalIsSummed() FAILED", "com.acme.CartTest > totalIsSummed"),
        ("  Failed Shop.Tests.CartTests.Total_is_summed [12 ms]", "Shop.Tests.CartTests.Total_is_summed"),
        ("[  FAILED  ] CartTest.Total (3 ms)", "CartTest.Total"),
        ("//shop/cart:cart_test        FAILED in 0.3s", "//shop/cart:cart_test"),
        ("2/2 Test #2: cart ......***Failed    0.02 sec", "cart"),
        ("Test Case '-[Shop.CartTests testTotal]' failed (0.1 seconds).", "-[Shop.CartTests testTotal]"),
        ("FAIL: test_total (tests.test_cart.CartTest)", "test_total (tests.test_cart.CartTest)"),
        ("  1) Cart#total sums its items", "Cart#total sums its items"),
        ("  1) [chromium] \u203a tests/login.spec.ts:10:5 \u203a user can log in \u2500\u2500\u2500", "user can log in"),
        ("Cart Keeps Items      | FAIL |", "Cart Keeps Items"),
        ("Failure in test not_null_orders_id (models/orders.yml)", "not_null_orders_id (models/orders.yml)"),
    ],
)  # fmt: skip
def test_the_name_of_a_failing_test(line, subject):
    found = read_header(line, "", numbered=True)
    assert found is not None
    assert found.subject == subject


@pytest.mark.parametrize(
    "line",
    ["Failed to start the importer", "ERROR: no such table", "FAILED: ninja could not find cart", "Failed asserting that 3 is 4.", "FAILED (failures=1)",
     "Tests: 4, Failures: 1", "✘ [ERROR] Could not resolve a", "× python setup.py egg_info did not run successfully.", "UPGRADE FAILED: timed out"],
)  # fmt: skip
def test_a_sentence_about_failing_is_no_test(line):
    assert read_header(line, "", numbered=False) is None


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        # The first of one trouble, and the heavier of what stands beside it.
        ("cart cannot open\nledger cannot open\n", "cart cannot open"),
        ("cart cannot open\nfatal: ledger is locked by pid 7\n", "fatal: ledger is locked by pid 7"),
        # What was survived is not how it ended.
        ("ERROR cart cannot open\nINFO cart is open\nERROR ledger cannot open\n", "ledger cannot open"),
        ("WARN cart cannot open now\nINFO cart is open\nledger closed for the night\n", "ledger closed for the night"),
        ("thread 'main' panicked at src/a.rs:3:7:\nledger is locked\nDownloading parts\nfatal: cart cannot open\n", "fatal: cart cannot open"),
        # What is done after it may fail as well.
        ("cart cannot open\nERROR cannot remove temporary folder /tmp/w7\n", "cart cannot open"),
        ("ERROR upload of coverage failed: no token given\n", "upload of coverage failed: no token given"),
        # A wrapper never counts beside anything else.
        ("cart cannot open\nERROR: Job failed: exit code 1\n", "cart cannot open"),
        ("INFO - cart cannot open now\nERROR - Task failed with exception\n", "cart cannot open now"),
        ("no cart\nProcess completed with exit code 1.\n", "no cart"),
        ("Job failed: exit code 1\n", "Job failed: exit code 1"),
        # A compiler's first error is final, however much is said after it.
        ("a.c:3:7: error: x undeclared\na.c:9:1: error: y undeclared\ncart cannot open\n", "a.c:3:7: error: x undeclared"),
        # Below warnings only when nothing else is there.
        ("WARN the disk is slow\nINFO loaded\n", "the disk is slow"),
    ],
)  # fmt: skip
def test_the_record_that_is_chosen(text, chosen):
    reading = read_steps(text)
    assert reading.chosen is not None
    assert reading.page.lines[reading.chosen.start] == chosen
    assert reading.chosen.rules


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Error: could not fetch resource:\n - Quota 'CPUS' exceeded in region x\n", "could not fetch resource: Quota 'CPUS' exceeded in region x"),
        ("ERROR: permission is missing\nCode: 403. Errors:\n", "permission is missing (Code: 403)"),
        ("a.hs:3:7: error: [GHC-88464]\n    Variable not in scope: totl\n", "Variable not in scope: totl"),
        ("Normal  Scheduled  3s  scheduler  assigned it\nWarning  Failed  9s  kubelet  Failed to pull image \"a\": no such manifest\n", "Failed to pull image \"a\": no such manifest"),
        ("could not open the ledger at scripts/add.pl line 13.\n", "could not open the ledger"),
        # Work that went on is nothing that a line introduces, and no text of a failing test.
        ("Error: could not fetch the cart:\nDownloading part 7\n", "could not fetch the cart:"),
        ("--- FAIL: TestCart (0.00s)\n    ok part 7 was loaded\n", "test failed"),
    ],
)  # fmt: skip
def test_a_line_pulls_in_what_it_introduces_and_leaves_its_place(text, message):
    assert read_steps(text).failure.message == message
