"""Words that pages explain in place; docs/glossary.md has the same sentences, and more words."""

from __future__ import annotations

from types import MappingProxyType

DEFINITIONS = MappingProxyType(
    {
        "autopilot": "A rule by which drains start without a person: at the times of a schedule, or after a fix.",
        "backlog": "Phases that are FAILED now. Its change is that of this number; what imports brought in is told apart.",
        "blocker": "A queued phase and what waits for it.",
        "check": 'Something a drain, a fix or the fleet must show, such as "no ModuleNotFoundError".',
        "completion rate": (
            "Complete attempts among those that ended complete, failed, timed out or lost. Retryable, skipped, cancelled, "
            "interrupted and diverted ones count neither way."
        ),
        "drain on fix": "A sample of what a fix is about, then ramps that double while the verdict says that it works.",
        "exclusion reason": "Why a failed phase is not drained: one for each, the first that applies.",
        "fingerprint": "The key of like failures, at three levels: coarse, key, fine.",
        "fix marker": "When a remediation went in, and which fingerprints it was meant to end.",
        "hold": "A run or a prefix set aside: by whom, why, until when.",
        "interval": "Where a rate may really lie: with 95 % confidence, however often one looks. Few attempts, or few runs, make it wide.",
        "ledger": "The account of every failed phase in scope: selected or excluded. Its parts sum to the total.",
        "lease": "How long a worker may be silent before its phase counts as lost, by the database's clock.",
        "not seen again": "Of a fingerprint: no attempt failed with it since, and a phase that had failed with it completed.",
        "own past": "Phases that had failed with a fingerprint and were tried again before its fix: what the fix is held against.",
        "plan": "The phases that a drain selected, in their order, frozen at its start.",
        "sample": "A run's first attempt in a drain; with --sample N, the first N phases of the plan.",
        "slot": "Room on a host for one running phase, whichever drain it belongs to.",
        "source": "Where runs come from: an Autopack database, imported files, Airflow, or a query of a table.",
        "stale": "Queued for longer than it should be.",
        "stop condition": "A limit of the drain: at the observed value that reaches it no further phase is started.",
        "verdict": (
            "What a sample says about the rest of its run, a check about a drain, or phases tried around a fix about "
            "that fix."
        ),
        "waste ratio": "All predicted over all actual tokens; what is above 1 was asked for and not used.",
        "yield": "Telemetry events per minute of attempts.",
    }
)
