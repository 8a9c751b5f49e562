"""A record: the part of a page that one reader made something of."""

from __future__ import annotations

from dataclasses import dataclass

from drain.fingerprints.forms import is_diagnostic, without_program
from drain.fingerprints.model import Failure
from drain.fingerprints.readers.lines import Level
from drain.fingerprints.readers.reports import Header
from drain.fingerprints.signs import is_routine
from drain.fingerprints.weights import Weighed, Weight, weigh
from drain.fingerprints.words import own_words


@dataclass(slots=True)
class Record:
    """A part of the page, lines ``start`` up to ``end``, and what a reader made of it."""

    start: int
    end: int
    failure: Failure | None = None
    # For failing tests.
    header: Header | None = None
    # The line itself where it stands for itself, and its level.
    text: str = ""
    level: Level = Level.NONE
    # What its reader decided; a line is weighed only when its weight is asked for.
    weighed: Weighed | None = None
    # Names of the rules by which it was chosen.
    chosen_by: tuple[str, ...] = ()

    def _weighed(self) -> Weighed:
        if self.weighed is None:
            self.weighed = weigh(self.text, self.level)
        return self.weighed

    @property
    def weight(self) -> Weight:
        """The weight of the record as the cause of the phase's end."""
        return (self.weighed or self._weighed()).weight

    @property
    def routine(self) -> bool:
        """True if the record says that work went well or goes on;
        worked out once, as many lines are asked for it.
        """
        spared = self.weighed is None and self.level != Level.BELOW and not is_routine(self.text)
        return not spared and self.weight == Weight.ROUTINE

    @property
    def final(self) -> bool:
        """True if the record ends its phase whatever is printed after it: a compiler's or a test's error."""
        if self.weighed is None and not is_diagnostic(self.text):
            return False
        return self._weighed().final

    @property
    def rules(self) -> tuple[str, ...]:
        """Names of the rules that decided its weight, and by which it was chosen."""
        return (self._weighed().rule, *self.chosen_by)

    @property
    def own(self) -> int:
        """The number of the line's own words, without the program that speaks."""
        return own_words(without_program(self.text))
