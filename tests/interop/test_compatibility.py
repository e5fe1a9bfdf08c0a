"""builder(1) names every difference from Helm that the comparisons accept, and no other."""

import pathlib
import re

import differential
import differential_trees

MANUAL = pathlib.Path(__file__).resolve().parents[2] / "builder" / "builder.1"


def test_the_manual_lists_what_is_allowed():
    text = MANUAL.read_text()
    found = re.search(r'\.\\" tests/interop compares .*?\n\.Bl .*?\n(.*?)\.El\n', text, re.S).group(1)
    items = [" ".join(item.split()).rstrip(";.") for item in found.split(".It\n")[1:]]
    reasons = dict.fromkeys(reason for _, _, reason in differential.ALLOWED + differential_trees.ALLOWED)
    assert items == list(reasons)
