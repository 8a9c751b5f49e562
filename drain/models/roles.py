"""The four roles as groups of permissions: each may do what the one before it may, and more.

Migrations write them (0003 and whichever later one changes this table), so that an installation has
them without a step of its own; what an administrator adds to a group besides stays.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Any


class Role(StrEnum):
    """Names of the groups, in rising order."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    MANAGER = "manager"
    ADMINISTRATOR = "administrator"


# Everybody with a role sees these; executor profiles are commands, tokens are keys.
_SEEN = [
    "attempt",
    "attemptdelta",
    "auditevent",
    "autopilot",
    "bulkaction",
    "bulkitem",
    "candidate",
    "check",
    "checkresult",
    "dailyfingerprint",
    "dependency",
    "drainsession",
    "fingerprint",
    "fingerprintalias",
    "fingerprintsplit",
    "fixmarker",
    "hold",
    "hourlyrollup",
    "hourlytotal",
    "phase",
    "rollout",
    "run",
    "sessionfingerprint",
    "sessionrun",
    "source",
    "statecount",
    "statedelta",
    "statesnapshot",
    "statetotal",
    "telemetryevent",
    "transition",
    "workerhost",
    "workerloop",
]
_ALL = ("view", "add", "change", "delete")

# What each role may do beyond the one before it: application, model, codename.
GRANTS: dict[Role, tuple[tuple[str, str, str], ...]] = {
    Role.VIEWER: tuple(("drain", model, f"view_{model}") for model in _SEEN),
    Role.OPERATOR: (
        ("drain", "drainsession", "add_drainsession"),
        ("drain", "drainsession", "change_drainsession"),
        *(("drain", "autopilot", f"{act}_autopilot") for act in ("add", "change", "delete")),
        ("drain", "phase", "drain_phases"),
        ("drain", "phase", "clear_queued"),
        ("drain", "phase", "requeue_phase"),
        ("drain", "phase", "discard_phase"),
        ("drain", "phase", "rescue_phases"),
        ("drain", "run", "hold_run"),
        ("drain", "note", "write_notes"),
    ),
    Role.MANAGER: (
        ("drain", "fingerprint", "manage_fingerprints"),
        *(("drain", "fixmarker", f"{act}_fixmarker") for act in _ALL),
        *(("drain", "check", f"{act}_check") for act in _ALL),
        *(("drain", "run", f"{act}_run") for act in ("add", "change")),
        *(("drain", "phase", f"{act}_phase") for act in ("add", "change")),
        *(("drain", "dependency", f"{act}_dependency") for act in ("add", "change", "delete")),
    ),
    Role.ADMINISTRATOR: (
        ("drain", "executorprofile", "define_executors"),
        ("drain", "notice", "define_webhooks"),
        *(("drain", "executorprofile", f"{act}_executorprofile") for act in _ALL),
        *(("drain", "apitoken", f"{act}_apitoken") for act in _ALL),
        *(("drain", "source", f"{act}_source") for act in ("add", "change")),
        *(("auth", "user", f"{act}_user") for act in ("view", "add", "change")),
        ("auth", "group", "view_group"),
    ),
}


def granted(role: Role) -> Iterator[tuple[str, str, str]]:
    """Every permission of a role, with those of the roles below it."""
    for each in Role:
        yield from GRANTS[each]
        if each is role:
            return


def least_role(permission: str) -> Role | None:
    """The lowest role that has `app.codename`; None if only a superuser has it."""
    for role, grants in GRANTS.items():
        if any(f"{app}.{codename}" == permission for app, _, codename in grants):
            return role
    return None


def write_roles(apps: Any) -> None:
    """Make the groups and give them their permissions. `apps` is Django's registry, or a migration's.

    Permissions are made here as well: in a migration Django has not made them yet.
    """
    group, permission = apps.get_model("auth", "Group"), apps.get_model("auth", "Permission")
    kind = apps.get_model("contenttypes", "ContentType")
    for role in Role:
        made, _ = group.objects.get_or_create(name=role.value)
        found = []
        for app, model, codename in granted(role):
            content, _ = kind.objects.get_or_create(app_label=app, model=model)
            words = f"Can {codename.replace('_', ' ')}"
            each, _ = permission.objects.get_or_create(
                content_type=content, codename=codename, defaults={"name": words}
            )
            found.append(each)
        made.permissions.add(*found)
