"""Dependencies as boxes in layers, left to right. Pure: nodes and edges in, positions out.

A node stands one layer right of the last thing it waits for (longest path); within a layer nodes are
sorted by the mean place of their neighbours before, then after, which takes most crossings out
(the barycentre method of Sugiyama, Tagawa and Toda, 1981).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from drain.policy.selection.graph import dependency_order, needs_by_phase

WIDTH, HEIGHT = 172, 34
PITCH_X, PITCH_Y = 220, 43
_SWEEPS = 4
# At 12 px a box holds about this many characters beside its icon.
_LABEL = 20


@dataclass(frozen=True, slots=True)
class Node:
    """A node of the graph: a key, a label and a state."""

    key: int
    label: str
    state: str


@dataclass(frozen=True, slots=True)
class Box:
    """A node at its place, in pixels."""

    node: Node
    x: float
    y: float
    text: str
    width: int = WIDTH
    height: int = HEIGHT

    @property
    def middle(self) -> float:
        """The height at which edges meet it."""
        return self.y + HEIGHT / 2


@dataclass(frozen=True, slots=True)
class Curve:
    """A curve from a prerequisite to what waits for it; `met` once the prerequisite has ended well."""

    path: str
    met: bool


@dataclass(frozen=True, slots=True)
class Drawing:
    """The drawing and its size in pixels."""

    boxes: list[Box]
    edges: list[Curve]
    width: float
    height: float


def lay_out(
    nodes: Sequence[Node], edges: Collection[tuple[int, int]], satisfied: Collection[str]
) -> Drawing:
    """Place every node that an edge touches; edges are (phase, what it waits for).

    Edges to keys that are no node are left out. Raises CycleError for a circle.
    """
    known = {node.key: node for node in nodes}
    kept = [(a, b) for a, b in edges if a in known and b in known]
    needs = needs_by_phase(kept)
    layers = _layers(needs)
    _sort(layers, kept)
    shown = _short_labels([known[key] for layer in layers for key in layer])
    tallest = max((len(layer) for layer in layers), default=0)
    boxes = {
        key: Box(
            known[key],
            x * PITCH_X,
            (y + (tallest - len(layer)) / 2) * PITCH_Y,
            shown[key],
        )
        for x, layer in enumerate(layers)
        for y, key in enumerate(layer)
    }
    drawn = [_edge(boxes[need], boxes[phase], satisfied) for phase, need in kept]
    width = max(len(layers) * PITCH_X - (PITCH_X - WIDTH), 0)
    return Drawing(list(boxes.values()), drawn, width, max(tallest * PITCH_Y - 9, 0))


def _layers(needs: Mapping[int, Collection[int]]) -> list[list[int]]:
    depth: dict[int, int] = {}
    for key in dependency_order(needs):
        depth[key] = max((depth[need] + 1 for need in needs.get(key, ())), default=0)
    layers: list[list[int]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for key in sorted(depth):
        layers[depth[key]].append(key)
    return layers


def _sort(layers: list[list[int]], edges: Collection[tuple[int, int]]) -> None:
    before, after = needs_by_phase(edges), needs_by_phase((b, a) for a, b in edges)
    for _ in range(_SWEEPS):
        for place in range(1, len(layers)):
            _by_mean(layers[place], layers, before)
        for place in range(len(layers) - 2, -1, -1):
            _by_mean(layers[place], layers, after)


def _by_mean(
    layer: list[int], layers: list[list[int]], beside: Mapping[int, Collection[int]]
) -> None:
    # Relative places, so that a layer of two lines up with a layer of ten.
    places = {key: (y + 0.5) / len(row) for row in layers for y, key in enumerate(row)}
    means = {
        key: sum(places[other] for other in beside[key]) / len(beside[key])
        if beside.get(key)
        else places[key]
        for key in layer
    }
    layer.sort(key=lambda key: (means[key], key))


def _short_labels(nodes: Sequence[Node]) -> dict[int, str]:
    """Labels without the words that all of them begin with, cut to the box."""
    words = [node.label.split("-") for node in nodes]
    common = 0
    shortest = min((len(found) for found in words), default=0)
    while common < shortest - 1 and len({found[common] for found in words}) == 1:
        common += 1
    texts = ["-".join(found[common:]) for found in words]
    return {
        node.key: text if len(text) <= _LABEL else f"{text[: _LABEL - 1]}…"
        for node, text in zip(nodes, texts, strict=True)
    }


def _edge(start: Box, end: Box, satisfied: Collection[str]) -> Curve:
    left, right = start.x + WIDTH, end.x
    bend = max(24.0, (right - left) / 2)
    path = (
        f"M{left:g} {start.middle:g}C{left + bend:g} {start.middle:g} "
        f"{right - bend:g} {end.middle:g} {right:g} {end.middle:g}"
    )
    return Curve(path, start.node.state in satisfied)
