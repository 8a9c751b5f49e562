"""The form of a new drain: what people typed, and the scope and limits that follow from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.http import QueryDict
from django.utils import timezone

from drain.dashboard.drains.again import Part, part_of
from drain.dashboard.http.links import MOST_PICKED, joined, names_in
from drain.dashboard.lists.period import FORMAT
from drain.engine.errors import MOST_IN_A_NAME
from drain.engine.sessions.scope import SessionScope
from drain.policy.moments import MomentError, read_moment
from drain.policy.stopping.limits import LimitError, Limits, QueuedPolicy, parse_queued_policy


def shown(value: float | None) -> str:
    """A number as somebody types it, with all its digits; empty for none."""
    if value is None:
        return ""
    return str(int(value)) if value == int(value) else str(value)


@dataclass(frozen=True, slots=True)
class NumberField:
    """One limit of the form; shares are typed in percent."""

    name: str
    label: str
    unit: str
    whole: bool = True
    percent: bool = False

    def parse(self, text: str) -> float:
        """The number typed; raises LimitError in the words of the field."""
        try:
            value: float = int(text) if self.whole and not self.percent else float(text)
        except ValueError:
            kind = "a whole number" if self.whole else "a number"
            raise LimitError(f"{self.label} “{text[:40]}” is not {kind}: use digits.") from None
        if self.percent and not 0 < value <= 100:
            raise LimitError(
                f"{self.label} {value:g} % makes no sense: give a number above 0 and up to 100."
            )
        return round(value / 100, 12) if self.percent else value

    def shown(self, limits: Limits) -> str:
        """The value of a limit as the form shows it; empty when it is off."""
        value = getattr(limits, self.name)
        return shown(value if value is None or not self.percent else round(value * 100, 10))

    def holds(self, text: str, timeout: str) -> str:
        """Return the value in force and its origin, to stand beside the field;
        `timeout` is the executors' own.
        """
        default = self.shown(Limits())
        if self.name == "phase_timeout_seconds":
            return f"set here instead of {timeout}" if text else timeout
        if self.name == "sample_passes" and not text:
            return "1 where there is a sample"
        if not text:
            return f"{default}, the default" if default else "off, the default"
        return "the default" if text == default else f"set here, default {default or 'off'}"


STOPS = (
    NumberField("batch_size", "Batch size", "phases"),
    NumberField("max_total_minutes", "Total time", "min", whole=False),
    NumberField("phase_timeout_seconds", "Phase timeout", "s"),
    NumberField("max_fingerprint_repeats", "Fingerprint repeats", "per run"),
    NumberField("max_session_fingerprint_repeats", "Repeats in the drain", "per fingerprint"),
    NumberField("max_timeouts_per_run", "Timeouts", "per run"),
    NumberField("max_attempts_per_phase", "Attempts", "per phase"),
    NumberField("max_consecutive_zero_yield", "Zero yield in a row", "attempts"),
    NumberField("max_failure_rate", "Failure rate", "% of the latest", whole=False, percent=True),
    NumberField("sample", "Sample first", "phases"),
    NumberField("sample_passes", "Sample needs", "complete"),
    NumberField("max_lifetime_attempts", "Attempts over all drains", "per phase"),
)
OWN_EMPTY = tuple(each for each in STOPS if each.name in ("phase_timeout_seconds", "sample_passes"))
"""Neither on nor off when they are empty: something else says what holds."""
PARALLEL = NumberField("parallel", "Parallel", "at once")
PACE = (
    NumberField("starts_per_minute", "Starts", "a minute"),
    NumberField("ramp", "Ramp while below", "% failed", whole=False, percent=True),
    NumberField("run_delay_seconds", "Delay in a run", "s", whole=False),
)
"""The fields of its pace; empty: as fast as it can."""
NUMBERS = (*STOPS, PARALLEL, *PACE)

PICKED = ("run", "source", "skip", "fingerprint")
"""Fields of the scope: chips by this name, and `add_NAME` for what is being typed."""

POLICY_WORDS = {
    QueuedPolicy.PHASE: "A queued phase never blocks its siblings",
    QueuedPolicy.DEPENDENTS: "What comes after a queued phase waits, in sequential runs",
    QueuedPolicy.RUN: "One queued phase excludes its whole run",
    QueuedPolicy.IGNORE: "Take queued phases as if they were not there",
}


@dataclass(frozen=True, slots=True)
class NamedFingerprint:
    """A fingerprint of the form in words; no title where nothing was kept of it but its key."""

    key: str
    title: str


@dataclass(slots=True)
class DrainForm:
    """The typed values, the drain they ask for, and one sentence for each field that makes no sense."""

    values: dict[str, str]
    scope: SessionScope = field(default_factory=SessionScope)
    limits: Limits = field(default_factory=Limits)
    note: str = ""
    errors: dict[str, str] = field(default_factory=dict)
    """By field name; "all" for what concerns none in particular."""
    fingerprints: list[NamedFingerprint] = field(default_factory=list)
    """Those of the scope in words."""
    typed: dict[str, str] = field(default_factory=dict)
    """By field of the scope: what was typed and not taken as a chip."""
    part: Part | None = None
    """The phases of an earlier drain that this one is about."""
    timeout: str = ""
    """The timeout of a phase where the form names none."""
    until: datetime | None = None
    """The moment of its stop, also where that makes no sense."""

    def error(self, name: str) -> str:
        """Return what is wrong with a field, or ""."""
        return self.errors.get(name, "")

    def picks(self, name: str) -> list[tuple[str, str]]:
        """The chips of a field, each with its words; what was typed is not among them."""
        titles = {
            each.key: each.title or f"{each.key}, no failure of it was kept"
            for each in self.fingerprints
        }
        typed = names_in(name, self.typed[name])
        words = [
            value
            for value in names_in(name, self.values[name])[:MOST_PICKED]
            if value not in typed and len(value) <= MOST_IN_A_NAME
        ]
        return [
            (value, titles.get(value, value) if name == "fingerprint" else value) for value in words
        ]

    @property
    def until_shown(self) -> str:
        """The time at which it stops, as a field that picks times takes it; "" where it is none."""
        return timezone.localtime(self.until).strftime(FORMAT) if self.until else ""

    @property
    def typed_fingerprints(self) -> list[NamedFingerprint]:
        """The typed fingerprints that are no chips yet."""
        typed = names_in("fingerprint", self.typed["fingerprint"])
        return [each for each in self.fingerprints if each.key in typed]

    def take(self) -> None:
        """Make chips of what was typed and makes sense: a whole page shows it so."""
        self.typed = {
            name: text if name in self.errors else "" for name, text in self.typed.items()
        }

    def fields(self, group: tuple[NumberField, ...] = STOPS) -> list[dict[str, Any]]:
        """Number fields with value and error, for the template."""
        return [
            {
                "field": each,
                "value": self.values[each.name],
                "error": self.error(each.name),
                "empty": each.shown(Limits()) or ("" if each in OWN_EMPTY else "off"),
                "holds": each.holds(self.values[each.name], self.timeout),
            }
            for each in group
        ]

    @property
    def parallel(self) -> list[dict[str, Any]]:
        """The fields beside the stop conditions: how many at once, and how fast."""
        return self.fields((PARALLEL, *PACE))


def read_form(data: QueryDict, now: datetime) -> DrainForm:
    """Parse and check everything; never raises. Absent and empty fields take their default, maybe off."""
    form = DrainForm(
        _typed(data), typed={name: data.get(f"add_{name}", "").strip() for name in PICKED}
    )
    form.note = form.values["note"][:500]
    form.part = part_of(form.values["of"])
    form.scope = SessionScope(
        run_ids=names_in("run", form.values["run"]),
        skip_run_prefixes=names_in("skip", form.values["skip"]),
        fingerprints=names_in("fingerprint", form.values["fingerprint"]),
        sources=names_in("source", form.values["source"]),
    )
    given: dict[str, Any] = {}
    for each in NUMBERS:
        _take(form, each.name, given, lambda each=each: _number(each, form.values[each.name]))
    _take(form, "queued_policy", given, lambda: parse_queued_policy(form.values["queued_policy"]))
    given["count_source_attempts"] = form.values["count_source_attempts"] == "on"
    _take(form, "until", given, lambda: _until(form.values["until"], now))
    form.until = given.get("until")
    try:
        form.limits = Limits(**given).validate(now)
    except LimitError as error:
        name = _field_of(str(error))
        form.errors.setdefault(name, _as_typed(name, str(error)))
    return form


def _typed(data: QueryDict) -> dict[str, str]:
    plain = Limits()
    values = {each.name: data.get(each.name, each.shown(plain)).strip() for each in NUMBERS}
    for name in PICKED:
        values[name] = joined(name, [*data.getlist(name), *data.getlist(f"add_{name}")])
    values["queued_policy"] = data.get("queued_policy", plain.queued_policy.value)
    values["count_source_attempts"] = data.get("count_source_attempts", "").strip()
    values["of"] = data.get("of", "").strip()
    values["until"] = data.get("until", "").strip()
    values["note"] = data.get("note", "").strip()
    return values


def _take(form: DrainForm, name: str, given: dict[str, Any], parse: Any) -> None:
    try:
        value = parse()
    except (LimitError, MomentError) as error:
        form.errors[name] = str(error)
        return
    given[name] = value


def _number(each: NumberField, text: str) -> float | None:
    value: float | None = each.parse(text) if text else getattr(Limits(), each.name)
    return value


def _until(text: str, now: datetime) -> datetime | None:
    return read_moment(text, timezone.localtime(now), coming=True) if text else None


def _field_of(sentence: str) -> str:
    """The field that a limit's sentence names by its flag."""
    flag = sentence.split(" ", 1)[0]
    return flag.removeprefix("--").replace("-", "_") if flag.startswith("--") else "all"


def _as_typed(name: str, sentence: str) -> str:
    """A limit's sentence with the label of its field for its flag, unless it names other flags too."""
    labels = {each.name: each.label for each in NUMBERS} | {"until": "Wall clock"}
    _, _, rest = sentence.partition(" ")
    return f"{labels[name]} {rest}" if name in labels and "--" not in rest else sentence
