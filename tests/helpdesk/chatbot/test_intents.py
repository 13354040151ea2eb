"""Short replies in three languages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.chatbot.denial import denies_all, without_denied
from helpdesk.chatbot.intents import LAST, contradicts, read, score


@pytest.mark.parametrize(
    ("text", "option"),
    [
        *((text, 2) for text in ("2", "２", " 2. ", "2)", "(2)", "②", "2️⃣", "#2", "No. 2", "option 2", "two")),
        *((text, 2) for text in ("the second", "The second one please", "2 thanks", "I'll take 2", "number two")),
        *(
            (text, 2)
            for text in (
                "二",
                "選2",
                "我選２",
                "第二個",
                "第2個時段",
                "我要二",
                "2號",
                "就2吧",
                "揀2",
                "選第二個，謝謝",
            )
        ),
        *((text, 2) for text in ("选2", "第二个", "我要第二个", "2，谢谢")),
        *((text, LAST) for text in ("the last one", "最後一個", "最后一个", "最尾嗰個")),
        ("0", 0),
        ("９", 9),
        *(
            (text, None)
            for text in ("not 2", "2 or 3", "不要2", "2不行", "12", "2 days", "二樓", "", "第2次了", "2小時")
        ),
    ],
)
def test_an_option_is_read(text: str, option: int | None) -> None:
    assert read(text).option == option


@pytest.mark.parametrize(
    "text",
    [
        "yes",
        "Yes, it works now!",
        "ok",
        "好",
        "好的，謝謝",
        "可以",
        "係呀",
        "有用",
        "得咗",
        "好了",
        "解决了",
        "是的",
        "👍🏽",
    ],
)
def test_yes(text: str) -> None:
    assert read(text).yes is True


@pytest.mark.parametrize(
    "text",
    [
        "no",
        "No, it didn't.",
        "still the same",
        "沒有",
        "沒用",
        "还是一样",
        "仲係唔得",
        "冇用",
        "不行",
        "没有效",
        "都不行",
    ],
)
def test_no(text: str) -> None:
    assert read(text).yes is False


@pytest.mark.parametrize("text", ["yes but it leaks", "好像不行", "no cooling", "沒有冷", "it is not ok", "not sure"])
def test_neither_yes_nor_no(text: str) -> None:
    assert read(text).yes is None


@pytest.mark.parametrize(
    ("text", "scope", "by_provider"),
    [
        *(
            (text, "all", True)
            for text in ("STOP", "stop", "ＳＴＯＰ", "Stop.", "UNSUBSCRIBE", "CANCEL", "END", "QUIT")
        ),
        *((text, "all", False) for text in ("停訂", "取消訂閱", "退订", "拒收", "停止", "取消订阅", "TD", "「停訂」")),
        ("不要問卷", "survey", False),
        ("no survey", "survey", False),
        ("退订广告", "marketing", False),
        *(
            (text, None, False)
            for text in ("取消", "stop the water", "it will not stop", "停止運轉了", "停電", "退訂單")
        ),
    ],
)
def test_opt_out_words_are_exact(text: str, scope: str | None, by_provider: bool) -> None:
    reading = read(text)
    assert (reading.opt_out, reading.by_provider) == (scope, by_provider)


def test_other_short_words() -> None:
    assert read("取消").cancel
    assert read("START").opt_in
    assert read("恢复订阅").opt_in
    assert read("ありがとう").thanks is False
    for text in ("谢谢", "多謝晒", "唔該", "Thanks a lot!", "ok thanks", "收到，謝謝"):
        assert read(text).thanks, text
    for text in ("人工", "轉真人", "agent", "can I speak to a human", "我要找人工客服"):
        assert read(text).human, text
    for text in ("", "?", "？？", "...", "看不懂"):
        assert read(text).unclear, text


@pytest.mark.parametrize(
    ("field", "texts"),
    [
        ("helping", ("HELP", "說明", "帮助", "menu")),
        ("repeat", ("什麼？", "say that again", "咩話", "再说一次", "what?")),
        ("why", ("why?", "點解要問", "为什么要问这个", "what for?")),
        ("wait", ("hold on", "等我一下", "我看一下", "等陣", "brb")),
        ("refuse", ("no idea", "不想說", "唔知", "跳过", "rather not say")),
        ("never_mind", ("never mind", "算了，照舊", "不改了", "照旧")),
        ("wrong_number", ("wrong number", "打錯喇", "发错了", "who is this?")),
        ("lone", ("fridge", "我家的冰箱", "空调", "repair", "維修", "my dishwasher")),
        ("abuse", ("fuck you", "白痴", "他媽的", "you idiots!")),
    ],
)
def test_what_is_said_about_a_question(field: str, texts: tuple[str, ...]) -> None:
    for text in texts:
        assert getattr(read(text), field), text


def test_what_tells_something_is_neither_lone_nor_abuse() -> None:
    for text in ("冰箱不冷", "my fridge is warm", "維修费多少", "this fucking washer is leaking", "滾筒洗衣機漏水"):
        reading = read(text)
        assert not reading.lone, text
        assert not reading.abuse, text


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("not yesterday, today", "today"),
        ("不是昨天，是今天", "今天"),
        ("更正：上個月開始，不是今天", "上个月开始"),
        ("不要1，2", "2"),
        ("not the washer, i meant the fridge", "i meant the fridge"),
    ],
)
def test_what_is_denied_does_not_count(text: str, meant: str) -> None:
    assert meant in without_denied(text)
    assert not denies_all(text)


def test_a_text_that_only_denies_leaves_nothing() -> None:
    assert denies_all("不是冰箱")
    assert denies_all("not the fridge")
    assert without_denied("冰箱不冷") == "冰箱不冷"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("English please", "en"),
        ("英文", "en"),
        ("繁體", "zh-Hant"),
        ("简体中文", "zh-Hans"),
        ("中文", "zh"),
        ("中文說明書", None),
    ],
)
def test_another_language(text: str, language: str | None) -> None:
    assert read(text).language == language


@pytest.mark.parametrize(
    ("text", "value", "comment"),
    [
        ("2", 2, ""),
        ("２分", 2, ""),
        ("5, but it leaks again", 5, "but it leaks again"),
        ("5 不好", 5, "不好"),
        ("給4分，很好", 4, "很好"),
        ("1：地板刮花了", 1, "地板刮花了"),
        ("五", 5, ""),
        ("Five stars!", 5, ""),
        ("3/5", 3, ""),
        ("⭐️⭐️⭐️", 3, ""),
        ("滿分", 5, ""),
        ("5 stars, Wei was great", 5, "Wei was great"),
        ("2小時才到", None, "2小時才到"),
        ("2 days late", None, "2 days late"),
        ("10", None, "10"),
        ("4.5", None, "4.5"),
        ("0", None, "0"),
        ("第2次了", None, "第2次了"),
        ("很好", None, "很好"),
    ],
)
def test_a_score_and_what_else_was_written(text: str, value: int | None, comment: str) -> None:
    assert score(text) == (value, comment)


def test_words_at_odds_with_a_score() -> None:
    assert contradicts(5, "不好")
    assert contradicts(4, "but it leaks again")
    assert not contradicts(5, "師傅很棒")
    assert not contradicts(2, "不好")


@given(st.text(max_size=200))
def test_any_text_is_read(text: str) -> None:
    reading = read(text)
    assert not (reading.yes is True and reading.opt_out)
    value, _comment = score(text)
    assert value in (None, 1, 2, 3, 4, 5)
