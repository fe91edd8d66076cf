"""Regular expressions of XML Schema, matched in time linear in the text.

    Pattern("[A-Z]{2}[0-9]{2}").matches("AB12")

Backtracking engines (Python's, and so ifctester's) take exponential time for patterns such as `(a+)+b`,
and the pattern of an IDS is a stranger's. Here it becomes an automaton whose states are followed all at a
time (Thompson 1968; https://swtch.com/~rsc/regexp/regexp1.html), so no text can make it slow. The syntax:
https://www.w3.org/TR/xmlschema-2/#regexs; it has no anchors, and a pattern always matches a whole text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from functions.ifc.ids.library import RegexError, translate_pattern

MAX_STATES = 2_000
MAX_CACHED = 20_000
MAX_DEPTH = 50
MAX_CHARS = 10_000
COUNT = re.compile(r"\{(\d{1,9})(?:(,)(\d{1,9})?)?\}")
QUANTIFIERS: dict[str, tuple[int, int | None]] = {"?": (0, 1), "*": (0, None), "+": (1, None)}
Test = Callable[[str], object]


class PatternError(ValueError):
    """The text is no pattern of XML Schema, or a larger one than is accepted."""


@dataclass
class Pattern:
    """A compiled pattern. Raises a PatternError where the text is none."""

    text: str
    _epsilon: list[list[int]] = field(default_factory=list)
    _edges: list[tuple[Test, int] | None] = field(default_factory=list)
    _known: dict[tuple[frozenset[int], str], frozenset[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Compile."""
        if len(self.text) > MAX_CHARS:
            raise PatternError(f"{self.text[:60]!r} ... is longer than {MAX_CHARS} characters")
        try:
            translate_pattern(self.text, back_references=False, lazy_quantifiers=False, anchors=False)
            node = _Parser(self.text).parse()
        except PatternError:
            raise
        except (RegexError, re.error, ValueError, IndexError, OverflowError) as error:
            raise PatternError(f"{self.text[:60]!r} is no pattern: {str(error)[:100]}") from None
        self._end = self._state()
        self._start = self._closure({node(self, self._end)})

    def matches(self, text: str) -> bool:
        """Say whether the whole of `text` is matched."""
        states = self._start
        for char in text:
            states = self._step(states, char)
            if not states:
                return False
        return self._end in states

    def _step(self, states: frozenset[int], char: str) -> frozenset[int]:
        """Return the states after one more character."""
        key = (states, char)
        if key not in self._known:
            if len(self._known) >= MAX_CACHED:
                self._known.clear()
            edges = (self._edges[state] for state in states)
            self._known[key] = self._closure({edge[1] for edge in edges if edge and edge[0](char)})
        return self._known[key]

    def _closure(self, states: set[int]) -> frozenset[int]:
        """Return the states together with those that are reached without a character."""
        waiting = list(states)
        while waiting:
            for state in self._epsilon[waiting.pop()]:
                if state not in states:
                    states.add(state)
                    waiting.append(state)
        return frozenset(states)

    def _state(self, *epsilon: int, edge: tuple[Test, int] | None = None) -> int:
        """Add a state and return its number."""
        if len(self._edges) >= MAX_STATES:
            raise PatternError(f"{self.text[:60]!r} is larger than {MAX_STATES} states")
        self._epsilon.append(list(epsilon))
        self._edges.append(edge)
        return len(self._edges) - 1

    def one(self, test: Test, end: int) -> int:
        """Add a character, and return where it starts."""
        return self._state(edge=(test, end))

    def choice(self, branches: list[Node], end: int) -> int:
        """Add alternatives."""
        return self._state(*[branch(self, end) for branch in branches])

    def repeat(self, node: Node, least: int, most: int | None, end: int) -> int:
        """Add a repetition, from its end to its start."""
        if most is None:
            loop = self._state(end)
            self._epsilon[loop].append(node(self, loop))
            start = loop
        else:
            start = self._state(end)
            for _ in range(most - least):
                start = self._state(node(self, start), end)
        for _ in range(least):
            start = self._state(node(self, start))
        return start


# What a piece of a pattern adds to an automaton: from (automaton, end state) to its start state.
Node = Callable[[Pattern, int], int]


class _Parser:
    """Splits a pattern that is known to be well-formed; the classes of characters are left to elementpath."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0

    def parse(self) -> Node:
        """Return the whole pattern."""
        node = self._branches()
        if self._at < len(self._text):
            raise PatternError(f"{self._text[:60]!r} is no pattern: {self._text[self._at]!r} is not expected")
        return node

    def _branches(self) -> Node:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise PatternError(f"{self._text[:60]!r} is nested more than {MAX_DEPTH} times")
        branches = [self._sequence()]
        while self._peek() == "|":
            self._at += 1
            branches.append(self._sequence())
        self._depth -= 1
        return branches[0] if len(branches) == 1 else lambda target, end: target.choice(branches, end)

    def _sequence(self) -> Node:
        pieces = list(self._pieces())

        def add(target: Pattern, end: int) -> int:
            for piece in reversed(pieces):
                end = piece(target, end)
            return end

        return add

    def _pieces(self) -> Iterator[Node]:
        while self._peek() not in {"", "|", ")"}:
            node = self._atom()
            least, most = self._quantifier()
            yield node if (least, most) == (1, 1) else _repeated(node, least, most)

    def _quantifier(self) -> tuple[int, int | None]:
        if self._peek() in QUANTIFIERS:
            self._at += 1
            return QUANTIFIERS[self._text[self._at - 1]]
        if self._peek() != "{":
            return 1, 1
        found = COUNT.match(self._text, self._at)
        if not found:
            raise PatternError(f"{self._text[:60]!r} is no pattern: a count is not a number")
        self._at = found.end()
        least = int(found[1])
        most = int(found[3]) if found[3] else None if found[2] else least
        if most is not None and most < least:
            raise PatternError(f"{self._text[:60]!r} is no pattern: {found[0]} counts backwards")
        return least, most

    def _atom(self) -> Node:
        char = self._peek()
        if char == "(":
            self._at += 1
            node = self._branches()
            if self._peek() != ")":
                raise PatternError(f"{self._text[:60]!r} is no pattern: a parenthesis is not closed")
            self._at += 1
            return node
        start = self._at
        self._at += 1
        if char == "[":
            self._skip_class()
        elif char == "\\":
            self._at += 1
            if self._text[start + 1 : start + 2] in {"p", "P"}:
                self._at = self._text.index("}", start) + 1
        elif char not in {".", "^", "$"}:
            return _single(char.__eq__)
        source = self._text[start : self._at]
        if source in {"^", "$"}:
            return _single(source.__eq__)
        translated = translate_pattern(source, back_references=False, lazy_quantifiers=False, anchors=False)
        return _single(re.compile(translated).fullmatch)

    def _skip_class(self) -> None:
        """Go to the end of a class of characters, over those that are subtracted in it."""
        depth = 1
        while depth:
            char = self._peek()
            depth += {"[": 1, "]": -1}.get(char, 0)
            self._at += 2 if char == "\\" else 1
            if not char:
                raise PatternError(f"{self._text[:60]!r} is no pattern: a class is not closed")

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]


def _single(test: Test) -> Node:
    return lambda target, end: target.one(test, end)


def _repeated(node: Node, least: int, most: int | None) -> Node:
    return lambda target, end: target.repeat(node, least, most, end)
