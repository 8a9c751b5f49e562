"""Names typed into the form of a drain: what is unknown is refused, fingerprints get their titles."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from django.db.models import Count, Max, Min, Value
from django.db.models.functions import Coalesce

from drain.dashboard.drains.form import DrainForm, NamedFingerprint
from drain.dashboard.frame.frame import KEEP_SECONDS
from drain.dashboard.http.cache import shared
from drain.dashboard.http.links import MOST_PICKED
from drain.engine.errors import MOST_IN_A_NAME, InputError, bounded
from drain.models import ExecutorProfile, Fingerprint, FingerprintAlias, Phase, Run, Source
from drain.policy.stopping.limits import DEFAULT_PHASE_TIMEOUT_SECONDS, MAX_BATCH_SIZE

_FIELDS = {
    "run": "Runs",
    "source": "Sources",
    "skip": "Skip prefixes",
    "fingerprint": "Fingerprints",
}


def check_names(form: DrainForm) -> None:
    """Put a sentence beside each field with an unknown name, and what is known of the rest into the form."""
    form.timeout, scope = shared("timeout", KEEP_SECONDS, executors_timeout), form.scope
    _resolve_part(form)
    _check(form, "run", scope.run_ids, _unknown_run)
    _check(form, "source", scope.sources, _unknown_source)
    _check(form, "skip", scope.skip_run_prefixes, _unknown_prefix)
    _check(form, "fingerprint", scope.fingerprints, lambda keys: _unknown_fingerprint(form, keys))


def _resolve_part(form: DrainForm) -> None:
    """Narrow the scope to phases of an earlier drain; none left is an error, for no phases would mean all."""
    if not form.values["of"]:
        return
    phases = tuple(form.part.phases()[:MAX_BATCH_SIZE]) if form.part else ()
    if phases:
        form.scope = replace(form.scope, phases=phases)
    else:
        form.errors["all"] = (
            "Of that drain no such phase is failed any more: nothing is left to drain."
        )


def executors_timeout() -> str:
    """The timeout of a phase where a drain names none, in seconds, and where it comes from."""
    seconds = Coalesce("timeout_seconds", Value(float(DEFAULT_PHASE_TIMEOUT_SECONDS)))
    found = ExecutorProfile.objects.aggregate(least=Min(seconds), most=Max(seconds))
    least, most = found["least"], found["most"]
    if least is None:
        return f"{DEFAULT_PHASE_TIMEOUT_SECONDS:,} s, the default"
    span = f"{least:,g}" if least == most else f"{least:,g} to {most:,g}"
    return f"{span} s of the executor"


def _check(
    form: DrainForm, name: str, typed: Sequence[str], unknown: Callable[[Sequence[str]], str]
) -> None:
    label = _FIELDS[name]
    if len(typed) > MOST_PICKED:
        form.errors[name] = (
            f"{label}: {len(typed):,} names are more than the {MOST_PICKED} that the form takes."
        )
        return
    try:
        for text in typed:
            bounded(text, f"A name in {label}", MOST_IN_A_NAME)
    except InputError as error:
        form.errors[name] = str(error)
        return
    wrong = unknown(typed) if typed else ""
    if wrong:
        form.errors[name] = f"{label}: {wrong}"


def _unknown_run(names: Sequence[str]) -> str:
    known = set(Run.objects.filter(run_id__in=names).values_list("run_id", flat=True))
    wrong = next((name for name in names if name not in known), None)
    return f"There is no run “{wrong}”: check its name on the page Runs." if wrong else ""


def _unknown_source(names: Sequence[str]) -> str:
    known = dict(Source.objects.filter(name__in=names).values_list("name", Count("runs")))
    wrong = next((name for name in names if name not in known), None)
    if wrong is not None:
        return f"There is no source “{wrong}”: choose one of those that the field offers."
    return "" if any(known.values()) else "No run comes from there: import one first."


def _unknown_prefix(prefixes: Sequence[str]) -> str:
    runs = Run.objects.all()
    wrong = next((p for p in prefixes if not runs.filter(run_id__startswith=p).exists()), None)
    return f"No run begins with “{wrong}”: check the names on the page Runs." if wrong else ""


def _unknown_fingerprint(form: DrainForm, keys: Sequence[str]) -> str:
    titles = _titles(keys)
    form.fingerprints = [NamedFingerprint(key, titles[key]) for key in keys if key in titles]
    wrong = next((key for key in keys if key not in titles), None)
    if wrong is None:
        return ""
    return f"There is no fingerprint “{wrong}”: copy its key from the page Fingerprints."


def _titles(keys: Sequence[str]) -> dict[str, str]:
    """The title of each known key: its own, or that of the fingerprint it was merged into; "" without any."""
    stands = Coalesce("merged_into__title", "title")
    titles = dict(Fingerprint.objects.filter(key__in=keys).values_list("key", stands))
    missing = set(keys) - titles.keys()
    if missing:
        aliases = FingerprintAlias.objects.filter(key__in=missing)
        titles |= dict(aliases.values_list("key", "fingerprint__title"))
        missing -= titles.keys()
    if missing:
        failed = Phase.objects.filter(last_fingerprint__in=missing)
        titles |= dict.fromkeys(failed.values_list("last_fingerprint", flat=True).distinct(), "")
    return titles
