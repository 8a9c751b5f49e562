"""Phases and what they wait for. States move only by actions, never by a form."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, QuerySet
from django.forms import BaseInlineFormSet, ModelForm
from django.http import HttpRequest
from django.utils import timezone

from drain.engine.queue.blockers import of_stale
from drain.engine.queue.dependencies import require_acyclic
from drain.engine.queue.explain import explain
from drain.evidence.fingerprints.aliases import members
from drain.models import Dependency, Fingerprint, Phase, Run
from drain.models.transitions.phases import Why, say_created
from drain.models.vocabulary import PhaseState
from drain.policy.selection.graph import CycleError

from .acting import ActingAdmin
from .acts import CLEAR, DISCARD, DRAIN, REQUEUE, RESCUE
from .base import ReadOnlyAdmin

OFFERED_CAUSES = 30
SEARCHED_RUNS = 1000


class Stale(admin.SimpleListFilter):
    """Queued for longer than DRAIN_STALE_AFTER, or than its source says."""

    title = "stale"
    parameter_name = "stale"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """One choice beside All."""
        return [("1", "Queued too long")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Phase]) -> QuerySet[Phase]:
        """By the index of queued phases."""
        if self.value() != "1":
            return queryset
        return queryset.filter(pk__in=of_stale("id", timezone.now()))


class Blocker(admin.SimpleListFilter):
    """Queued, and something waits for it."""

    title = "blocker"
    parameter_name = "blocker"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """One choice beside All."""
        return [("1", "Queued and waited for")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Phase]) -> QuerySet[Phase]:
        """By edges."""
        if self.value() != "1":
            return queryset
        waits = Dependency.objects.filter(prerequisite=OuterRef("pk"))
        return queryset.filter(Exists(waits), state=PhaseState.QUEUED)


class OfFingerprint(admin.SimpleListFilter):
    """Failed with one of the fingerprints seen last."""

    title = "fingerprint"
    parameter_name = "fingerprint"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The newest fingerprints; an older one can be written into the address."""
        newest = Fingerprint.objects.order_by("-last_seen", "-pk")[:OFFERED_CAUSES]
        found = list(newest.values_list("key", "title"))
        asked = request.GET.get(self.parameter_name, "")
        if asked and asked not in dict(found):
            found.append((asked, asked))
        return found

    def queryset(self, request: HttpRequest, queryset: QuerySet[Phase]) -> QuerySet[Phase]:
        """By the index of failed phases."""
        key = self.value()
        if not key:
            return queryset
        keys = members([key])
        return queryset.filter(last_fingerprint__in=keys, state=PhaseState.FAILED)


class DependencyFormSet(BaseInlineFormSet):  # type: ignore[type-arg] # not subscriptable at run time
    """The edges of one phase, refused when they would run in a circle."""

    def clean(self) -> None:
        """Look at all edges together, as they would be stored."""
        super().clean()
        kept = [
            form.cleaned_data["prerequisite"].pk
            for form in self.forms
            if form.is_valid()
            and form.cleaned_data.get("prerequisite")
            and not form.cleaned_data.get("DELETE")
        ]
        if self.instance.pk is None or not kept:
            return
        try:
            require_acyclic(self.instance.pk, kept)
        except CycleError as error:
            raise ValidationError(str(error)) from error


class DependencyInline(admin.TabularInline):  # type: ignore[type-arg] # not subscriptable at run time
    """What the phase waits for."""

    model = Dependency
    formset = DependencyFormSet
    fk_name = "phase"
    raw_id_fields = ("prerequisite",)
    extra = 1
    verbose_name = "prerequisite"
    verbose_name_plural = "waits for"


@admin.register(Phase)
class PhaseAdmin(ActingAdmin):
    """Opens at millions of phases."""

    acts = (CLEAR, REQUEUE, DISCARD, DRAIN, RESCUE)
    list_display = (
        "phase_id", "run", "phase_index", "state", "state_changed_at", "failure_category",
        "attempts", "name",
    )  # fmt: skip
    list_select_related = ("run",)
    list_filter = ("state", Stale, Blocker, OfFingerprint, "run__source")
    search_fields = ("phase_id__startswith",)
    search_help_text = "The beginning of a run id, of a phase id, or run/phase"
    raw_id_fields = ("run",)
    inlines = (DependencyInline,)
    fields = (
        "run", "phase_id", "phase_index", "name", "category", "complexity", "params", "state",
        "why", "state_changed_at", "attempts", "source_attempts", "last_failure_reason", "last_fingerprint",
        "failure_category", "lease_owner", "created_at",
    )  # fmt: skip
    readonly_fields = (
        "state", "why", "state_changed_at", "attempts", "source_attempts", "last_failure_reason",
        "last_fingerprint", "failure_category", "lease_owner", "created_at",
    )  # fmt: skip

    @admin.display(description="why it is not drained")
    def why(self, phase: Phase) -> str:
        """The sentence of the phase's page."""
        if not phase.pk:
            return ""
        return "\n".join(explain(phase, timezone.now()).lines)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Run and phase id are a phase's identity: given once."""
        return (*self.readonly_fields, "run", "phase_id") if obj else self.readonly_fields

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Phase], search_term: str
    ) -> tuple[QuerySet[Phase], bool]:
        """Beginnings of run ids, by index; of phase ids when no run begins so, or behind a slash."""
        run, slash, phase = search_term.strip().partition("/")
        if not run and not slash:
            return queryset, False
        if "\0" in search_term:
            return queryset.none(), False
        named = Run.objects.filter(run_id__startswith=run.strip()).order_by("run_id")
        runs = list(named.values_list("pk", flat=True)[:SEARCHED_RUNS])
        if slash:
            found = queryset.filter(run__in=runs, phase_id__startswith=phase.strip())
        else:
            found = (
                queryset.filter(run__in=runs) if runs else queryset.filter(phase_id__startswith=run)
            )
        return found, False

    def save_model(
        self, request: HttpRequest, obj: Any, form: ModelForm[Any], change: bool
    ) -> None:
        """A phase made by hand is queued, and its history says by whom."""
        super().save_model(request, obj, form, change)
        if not change:
            say_created(obj, Why("created", request.user.get_username(), "made by hand"))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Deleting is prune's: attempts and evidence hang on a phase."""
        return False


@admin.register(Dependency)
class DependencyAdmin(ReadOnlyAdmin):
    """All edges; they are edited on the page of the phase that waits."""

    list_display = ("phase", "prerequisite")
    list_select_related = ("phase", "prerequisite")
    search_fields = ("phase__run__run_id__startswith",)
