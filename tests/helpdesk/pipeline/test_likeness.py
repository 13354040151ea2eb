"""How alike two customers' texts are, in three languages, and which words differ."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpdesk.pipeline.likeness import differing, likeness, tokens
from order_core.rulebook.inforce import SHIPPED

LEAST = SHIPPED.threshold("duplicate_similarity")
texts = st.text(alphabet="冰箱洗衣機机三十台 abc XYZ123,.。", max_size=30)

SAME = [
    ("三十台雙門冰箱，要安靜，月底前送到宿舍", "宿舍要三十台双门冰箱，安静的，月底前送到"),
    ("三十台雙門冰箱，要安靜，月底前送到宿舍", "我們宿舍需要 30 台安靜的冰箱"),
    ("Thirty quiet refrigerators for the dormitory before summer", "Thirty refrigerators for a dormitory"),
    ("Two dishwashers for the staff canteen, in January", "two DISHWASHERS, staff canteen, January please"),
    ("需要節能標章一級的冷氣 12 台", "冷氣 12 台，要一級能效"),
]
OTHER = [
    ("三十台雙門冰箱，要安靜，月底前送到宿舍", "洗衣機二十台，放在宿舍地下室"),
    ("三十台雙門冰箱，要安靜，月底前送到宿舍", "冰箱要能換門邊"),
    ("Thirty quiet refrigerators for the dormitory", "Twenty washing machines for the dormitory basement"),
    ("希望付款分三期", "希望保固延長到五年"),
    ("The washing machines must run on 110 V", "Installation on Saturdays only"),
]


@pytest.mark.clause("2.2.2-a")
@pytest.mark.parametrize(("one", "other"), SAME)
def test_the_same_wish_in_other_words_is_proposed(one: str, other: str) -> None:
    assert likeness(one, other) >= LEAST


@pytest.mark.clause("2.2.2-a")
@pytest.mark.parametrize(("one", "other"), OTHER)
def test_another_wish_is_not(one: str, other: str) -> None:
    assert likeness(one, other) < LEAST


@settings(deadline=None)
@given(one=texts, other=texts)
def test_it_does_not_matter_who_is_compared_with_whom(one: str, other: str) -> None:
    assert likeness(one, other) == likeness(other, one)
    assert 0 <= likeness(one, other) <= 100
    assert likeness(one, one) == (100 if tokens(one) else 0)


@settings(deadline=None)
@given(one=texts, other=texts)
def test_the_pieces_are_the_text_and_what_both_have_is_not_marked(one: str, other: str) -> None:
    pieces = differing(one, other)
    assert "".join(piece.text for piece in pieces) == one
    assert not any(piece.differs for piece in differing(one, one))
    shared = set(tokens(one)) & set(tokens(other))
    marked = [word for piece in pieces if piece.differs for word in tokens(piece.text)]
    assert set(marked) | shared >= set(tokens(one))
