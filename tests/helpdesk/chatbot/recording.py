"""Writing conversations down: ``python -m tests.helpdesk.chatbot.recording FILE …``.

The lines of the bot and the ``Then`` line go into files in which only the customer speaks, to be read by a person
(``git diff``) before they are kept; the index goes to docs/dialogues.md.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from tests.helpdesk.chatbot.office import BOT, DONE, THEN, play

SENTENCE = re.compile(r"^Bot: [\w.]+: .*?(?=[.。？?！!:：]( |$|/)| / |。|？|！|：|$)")
"""What is written down of an answer: its first sentence."""


def record(path: Path) -> None:
    """Write down what the bot does in a conversation of which the file tells the customer's side."""
    lines = path.read_text(encoding="utf-8").splitlines()
    head = [line for line in lines if line.startswith(("#", "Given "))]
    spoken = [line for line in lines if line.strip() and not line.startswith(("#", "Given ", BOT, DONE, THEN))]
    path.write_text("\n".join([*head, "", *spoken, f"{THEN}?"]) + "\n", encoding="utf-8")
    _told, happened = play(path)
    short = [match.group() if (match := SENTENCE.match(line)) else line for line in happened]
    path.write_text("\n".join([*head, "", *short]) + "\n", encoding="utf-8")


DIALOGUES = Path(__file__).parent / "dialogues"
INDEX = Path(__file__).parents[3] / "docs" / "dialogues.md"
SPOKEN = {"en": "English", "hant": "繁體中文", "hans": "简体中文"}


def index() -> str:
    """The page that lists every conversation by its title, a language at a time."""
    files = sorted(DIALOGUES.glob("*.md"))
    parts = [
        "# What the bot does, in conversations\n\n"
        f"{len(files)} situations of a service centre: who says what, and what is true afterwards. Each is a test.\n"
        "Lines of the bot name the wording in `templates/sms` and its first sentence; lines with `>` are what is done\n"
        "besides talking. `python -m tests.helpdesk.chatbot.recording` writes this page; see [bots](bots.md).\n"
    ]
    for tag, name in SPOKEN.items():
        mine = [path for path in files if path.name.startswith(f"{tag}_")]
        parts.append(f"\n## {name} ({len(mine)})\n\n" + "\n".join(map(_listed, mine)) + "\n")
    return "".join(parts)


def _listed(path: Path) -> str:
    title = path.read_text(encoding="utf-8").split("\n", 1)[0].removeprefix("# ")
    return f"- [{title}](../tests/helpdesk/chatbot/dialogues/{path.name})"


if __name__ == "__main__":
    for name in sys.argv[1:]:
        record(Path(name))
    INDEX.write_text(index(), encoding="utf-8")
