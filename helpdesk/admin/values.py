"""Values of the rulebook as people write and read them, in the reader's language."""

from typing import Any

from flask_babel import format_decimal, gettext

from helpdesk.pipeline.present import party
from order_core.errors import Invalid
from order_core.rulebook.departments import DEPARTMENTS
from order_core.rulebook.recurrence import Recurrence
from order_core.rulebook.rules import CLAUSE, Setting

LISTS = ("parties", "departments")
NUMBERS = ("number", "weight", "fraction")


def read(setting: Setting, text: str) -> Any:
    """What somebody typed for a setting: minutes and numbers as such, lists with commas.

    Raises:
        Invalid: no number where one is wanted; whether it fits is the rulebook's to say.
    """
    if setting.kind in LISTS:
        return [word for word in text.replace("，", ",").replace("、", ",").replace(" ", "").split(",") if word]
    if setting.kind not in ("minutes", *NUMBERS):
        return text
    try:
        return int(text) if text.removeprefix("-").isdecimal() else float(text)
    except ValueError as error:
        raise Invalid("rulebook.not_a_number", field=setting.path, clause=CLAUSE, path=setting.path) from error


def written(setting: Setting, value: Any) -> str:
    """A value as it is typed into a form."""
    if setting.kind in LISTS:
        return ", ".join(value)
    return f"{value:g}" if setting.kind in NUMBERS else str(value)


def shown(setting: Setting, value: Any) -> str:
    """A value as it is read on a page."""
    if setting.kind == "minutes":
        return minutes(value)
    if setting.kind == "fraction":
        return str(gettext("rulebook.unit.percent", n=format_decimal(100 * value)))
    if setting.kind in ("number", "weight"):
        return str(gettext(f"rulebook.unit.{setting.unit}", n=format_decimal(value)))
    if setting.kind == "recurrence":
        return every(Recurrence.spelled(value))
    if setting.kind == "whom":
        return whom(value)
    return " · ".join(party(one) for one in value) or str(gettext("rulebook.nobody"))


def minutes(value: int) -> str:
    """A length of time in hours where they are whole."""
    if value % 60 == 0:
        return str(gettext("rulebook.unit.hours", n=format_decimal(value // 60)))
    return str(gettext("rulebook.unit.minutes", n=format_decimal(value)))


def every(rule: Recurrence) -> str:
    """How often something comes round."""
    key = f"rulebook.every.{rule.unit}"
    return str(gettext(key)) if rule.count == 1 else str(gettext(f"{key}s", n=rule.count))


def whom(word: str) -> str:
    """Who is told: a department's head, or the clock's own person or party."""
    return str(gettext(f"department.{word}" if word in DEPARTMENTS else f"rulebook.whom.{word}"))


def name(setting: Setting) -> str:
    """What a setting is called."""
    file, *rest = setting.path.split(".")
    return " · ".join(NAMERS[file](rest))


def _clock(rest: list[str]) -> list[str]:
    code, *variant, attribute = rest
    words = [f"{code} {gettext(f'deadline.{code}')}", *(str(gettext(f"rulebook.variant.{word}")) for word in variant)]
    return [*words, str(gettext(f"rulebook.attribute.{attribute}"))]


def _threshold(rest: list[str]) -> list[str]:
    if len(rest) == 1:
        return [str(gettext(f"rulebook.threshold.{rest[0]}"))]
    return [_indicator(rest[0]), str(gettext(f"rulebook.attribute.{rest[1]}"))]


def _signoff(rest: list[str]) -> list[str]:
    words = [str(gettext("rulebook.signs", what=gettext(f"rulebook.signoff.{rest[0]}")))]
    return [*words, str(gettext(f"rulebook.fact.{rest[2]}"))] if len(rest) > 2 else words


def _notice(rest: list[str]) -> list[str]:
    return [str(gettext("rulebook.told", what=gettext(f"rulebook.term.{rest[0]}")))]


def _weight(rest: list[str]) -> list[str]:
    return [str(gettext("rulebook.weight", where=group(rest[0]))), _indicator(rest[1])]


def group(code: str) -> str:
    """Whose weights they are: a department's, or a part of the evaluation."""
    return str(gettext(f"department.{code}" if code in DEPARTMENTS else f"rulebook.group.{code}"))


def _indicator(code: str) -> str:
    called = str(gettext(f"rulebook.item.{code}"))
    return f"{code} {called}" if code[:1].isupper() else called


NAMERS = {
    "clocks": _clock,
    "thresholds": _threshold,
    "signoffs": _signoff,
    "notices": _notice,
    "weights": _weight,
}
