"""Patterns of XML Schema: what they match, and that none takes long."""

from __future__ import annotations

import re
import time

import pytest
from elementpath.regex import translate_pattern
from hypothesis import given
from hypothesis import strategies as st

from functions.ifc.ids.patterns import MAX_CHARS, Pattern, PatternError

PATTERNS = (
    ".*",
    "IFC.*TYPE",
    "[A-Z]{2}[0-9]{2}",
    r"(-|[0-9]{2,3})\/(-|[0-9]{2,3})",
    "[a-z-[aeiou]]+",
    r"\p{Lu}\i\c*",
    "(a|b)*abb",
    "a{0,3}b?",
    "(ab|a)(bc|c)?",
    "",
    "a|",
    "()",
    r"\d{2,}",
    "a^b$",
    r"[\]a]+",
    "(a*)*",
    "((a?){3}){2}",
)


@given(st.sampled_from(PATTERNS), st.text(alphabet="aèbcABbx01-/^$]é \n", max_size=7))
def test_it_agrees_with_the_reference(pattern: str, text: str) -> None:
    reference = translate_pattern(pattern, back_references=False, lazy_quantifiers=False, anchors=False)
    assert Pattern(pattern).matches(text) is bool(re.fullmatch(reference, text))


@pytest.mark.parametrize("pattern", ["(a+)+b", "(a|aa)+", "(a*)*b", "(.*a){12}", "(a?){25}a{25}b"])
def test_no_pattern_takes_exponential_time(pattern: str) -> None:
    started = time.process_time()
    assert not Pattern(pattern).matches("a" * 5_000 + "!")
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    "pattern",
    ["(", "[a", "a{", "*", "a)", "a{3,1}", "\\", "[z-a]", r"\p{Xx}", "a**", r"(a)\1", "a" * (MAX_CHARS + 1)],
)
def test_what_is_no_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(PatternError):
        Pattern(pattern)


@pytest.mark.parametrize("pattern", ["(a{1000}){1000}", "(" * 100 + ")" * 100, "a{999999999}"])
def test_what_would_be_too_large_is_refused(pattern: str) -> None:
    with pytest.raises(PatternError, match=r"larger|nested"):
        Pattern(pattern)
