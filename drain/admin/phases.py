"""Phases and what they wait for. States move only by actions, never by a form."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.forms import BaseInlineFormSet, ModelForm
from django.http import HttpRequest
from django.utils import timezone

from drain.admin.acts.acting import ActingAdmin
from drain.admin.acts.by_hand import NewPhaseForm, file_failure
from drain.admin.acts.queue import CLEAR, DISCARD, DRAIN, REQUEUE, RESCUE
from drain.engine.queue.blockers import of_stale
from drain.engine.queue.dependencies import require_acyclic
from drain.engine.queue.explain import explain
from drain.evidence.fingerprints.aliases import members
from drain.models import Dependency, Fingerprint, Phase, Run
from drain.models.transitions.phases import MoveReason, say_created
from drain.models.vocabulary import PhaseState
from drain.policy.selection.graph import CycleError
from drain.policy.words import last_line

from .base import ReadOnlyAdmin
from .cells import Drawn, page_cell, state_cell

OFFERED_CAUSES = 30
SEARCHED_RUNS = 1000
ERROR_CHARACTERS = 160


class Stale(admin.SimpleListFilter):
    """Queued for longer than DRAIN_STALE_AFTER, or than its source says."""

    title = "stale"
    parameter_name = "stale"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer one choice beside All."""
        return [("1", "Queued too long")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Phase]) -> QuerySet[Phase]:
        """Filter by the index of queued phases."""
        if self.value() != "1":
            return queryset
        return queryset.filter(pk__in=of_stale("id", timezone.now()))


class Blocker(admin.SimpleListFilter):
    """Queued, and something waits for it."""

    title = "blocker"
    parameter_name = "blocker"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer one choice beside All."""
        return [("1", "Queued and waited for")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Phase]) -> QuerySet[Phase]:
        """Filter by edges."""
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
        """Filter by the index of failed phases."""
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
    """The prerequisites of the phase."""

    model = Dependency
    formset = DependencyFormSet
    fk_name = "phase"
    raw_id_fields = ("prerequisite",)
    extra = 1
    verbose_name = "prerequisite"
    verbose_name_plural = "waits for"

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """A number in a table has no label of its own: its name is said to who does not see the head."""
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if field is not None:
            field.widget.attrs["aria-label"] = f"Number of the {db_field.verbose_name}"
        return field


@admin.register(Phase)
class PhaseAdmin(ActingAdmin):
    """Opens at millions of phases."""

    acts = (CLEAR, REQUEUE, DISCARD, DRAIN, RESCUE)
    page = "phase-detail"
    list_display = (
        "phase_id", "run", "state_shown", "error", "fingerprint", "state_changed_at", "attempts", "on_the_page",
    )  # fmt: skip
    list_select_related = ("run",)
    list_filter = ("state", Stale, Blocker, OfFingerprint, "run__source")
    search_fields = ("phase_id__startswith",)
    search_help_text = "The beginning of a run id, of a phase id, or run/phase"
    raw_id_fields = ("run",)
    inlines = (DependencyInline,)
    fieldsets = (
        ("Which phase", {"fields": ("run", "phase_id", "name", "phase_index")}),
        (
            "State",
            {
                "fields": (
                    "state",
                    "state_shown",
                    "why",
                    "state_changed_at",
                    "attempts",
                    "source_attempts",
                )
            },
        ),
        ("Failure", {"fields": ("last_failure_reason", "fingerprint", "failure_category")}),
        ("What it does", {"fields": ("category", "complexity", "params")}),
        (
            "For who looks inside",
            {"fields": ("lease_owner", "created_at"), "classes": ("collapse",)},
        ),
    )
    readonly_fields = (
        "state_shown", "why", "state_changed_at", "attempts", "source_attempts", "last_failure_reason",
        "fingerprint", "failure_category", "lease_owner", "created_at",
    )  # fmt: skip

    @admin.display(description="state")
    def state_shown(self, phase: Phase) -> Drawn:
        """Return the state with its icon and colour."""
        return state_cell(phase.state)

    @admin.display(description="last error")
    def error(self, phase: Phase) -> str:
        """The line that says most, as in the lists of the pages."""
        return (
            last_line(phase.last_failure_reason)[:ERROR_CHARACTERS]
            if phase.last_failure_reason
            else "–"
        )

    @admin.display(description="last fingerprint")
    def fingerprint(self, phase: Phase) -> Drawn:
        """Return its title, which leads to its page."""
        key = phase.last_fingerprint
        title = getattr(phase, "cause_title", None) or key
        return page_cell(title, "fingerprint-detail", key)

    @admin.display(description="page")
    def on_the_page(self, phase: Phase) -> Drawn:
        """Return a link to its page, with its attempts and its history."""
        return page_cell("Open", "phase-detail", phase.pk)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Phase]:
        """Return phases with the titles of their fingerprints, in the same query."""
        titles = Fingerprint.objects.filter(key=OuterRef("last_fingerprint")).values("title")[:1]
        found: QuerySet[Phase] = super().get_queryset(request)
        return found.annotate(cause_title=Subquery(titles))

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """A new phase begins queued or failed."""
        if obj is None:
            kwargs["form"] = NewPhaseForm
        return super().get_form(request, obj, change, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """The state as a choice only where it is made."""
        unused = "state_shown" if obj is None else "state"
        return [
            (name, {**group, "fields": [each for each in group["fields"] if each != unused]})
            for name, group in super().get_fieldsets(request, obj)
        ]

    @admin.display(description="why it is not drained")
    def why(self, phase: Phase) -> str:
        """The sentence of the phase's page."""
        if not phase.pk:
            return ""
        return "\n".join(explain(phase, timezone.now()).lines)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Run and phase id are a phase's identity: given once; how it failed is said once, too."""
        if obj:
            return (*self.readonly_fields, "run", "phase_id")
        return tuple(name for name in self.readonly_fields if name != "last_failure_reason")

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
        """A phase made by hand is queued or failed, and its history says by whom."""
        if not change:
            file_failure(obj)
        super().save_model(request, obj, form, change)
        if not change:
            say_created(obj, MoveReason("created", request.user.get_username(), "made by hand"))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Deleting is prune's: attempts and evidence hang on a phase."""
        return False


@admin.register(Dependency)
class DependencyAdmin(ReadOnlyAdmin):
    """All edges; they are edited on the page of the phase that waits."""

    inner = True
    list_display = ("phase", "prerequisite")
    list_select_related = ("phase", "prerequisite")
    search_fields = ("phase__run__run_id__startswith",)
