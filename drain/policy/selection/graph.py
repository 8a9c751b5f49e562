"""Dependencies between phases: cycles, and an order that respects every edge."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping
from typing import Any, TypeVar

Node = TypeVar("Node", bound=Hashable)


class CycleError(ValueError):
    """Dependencies run in a circle; the message names it as `a → b → a`."""

    def __init__(self, cycle: Iterable[object]) -> None:
        self.cycle: tuple[Any, ...] = tuple(cycle)
        named = " → ".join(str(node) for node in self.cycle)
        super().__init__(f"Dependencies run in a circle: {named}. Remove one of these edges.")


def needs_by_phase(edges: Iterable[tuple[Node, Node]]) -> dict[Node, list[Node]]:
    """Return the prerequisites of each phase, in the order of the edges, without repeats."""
    needs: dict[Node, dict[Node, None]] = {}
    for phase, need in edges:
        needs.setdefault(phase, {})[need] = None
    return {phase: list(found) for phase, found in needs.items()}


def dependency_order(needs: Mapping[Node, Collection[Node]]) -> list[Node]:
    """Every node of the graph, prerequisites first; raises CycleError.

    Linear in nodes and edges, and without recursion: chains may be as long as a backlog.
    """
    order: list[Node] = []
    done: set[Node] = set()
    for start in needs:
        if start not in done:
            _visit(start, needs, done, order)
    return order


def _visit(
    start: Node, needs: Mapping[Node, Collection[Node]], done: set[Node], order: list[Node]
) -> None:
    path: dict[Node, None] = {start: None}
    pending = [iter(needs.get(start, ()))]
    while pending:
        node = next(pending[-1], None)
        if node is None:
            pending.pop()
            finished, _ = path.popitem()
            done.add(finished)
            order.append(finished)
        elif node in path:
            walked = list(path)
            raise CycleError([*walked[walked.index(node) :], node])
        elif node not in done:
            path[node] = None
            pending.append(iter(needs.get(node, ())))


def check_acyclic(edges: Iterable[tuple[int, int]], names: Mapping[int, str]) -> None:
    """Raise CycleError in the phases' own names; what a mapping lacks is named by its number."""
    try:
        dependency_order(needs_by_phase(edges))
    except CycleError as error:
        raise CycleError(names.get(node, node) for node in error.cycle) from None
