"""``helpdesk lab classify``: anybody's labels, JSON lines in and out."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.once

LESSON = {
    "weather": ["will it rain today", "is it sunny outside", "how cold is it tonight", "明天會下雨嗎", "今天热不热"],
    "music": ["play some jazz", "turn the song up", "who sings this", "放一首歌", "把音樂關小聲"],
    "travel": ["book a flight to rome", "find me a hotel", "train times to paris", "訂機票去東京", "酒店多少钱一晚"],
}


def lab(train: Path, asked: list[str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "helpdesk.cli", "lab", "classify", "--train", str(train)]
    lines = "".join(json.dumps({"text": text}) + "\n" for text in asked)
    return subprocess.run(command, input=lines, capture_output=True, text=True, encoding="utf-8", check=False)


def lesson(folder: Path) -> Path:
    path = folder / "train.jsonl"
    rows = [{"text": text, "label": label} for label, texts in LESSON.items() for text in texts]
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def test_it_learns_from_a_handful_in_three_languages(tmp_path: Path) -> None:
    asked = ["is it going to rain tomorrow", "put on a rock song", "i need a flight to london", "台北會下雨嗎", "放歌"]
    done = lab(lesson(tmp_path), asked)
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["label"] for row in rows] == ["weather", "music", "travel", "weather", "music"]
    assert all(set(row) == {"label", "confidence"} and 0 <= row["confidence"] <= 1 for row in rows)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("nonsense\n", "line 1 is not JSON"),
        ('{"text": "a"}\n', '"label" must be a string'),
        ('{"text": "a", "label": "x"}\n{"text": "b", "label": "x"}\n', "two different labels"),
    ],
)
def test_a_bad_lesson_is_refused_in_one_line(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "train.jsonl"
    path.write_text(content, encoding="utf-8")
    done = lab(path, ["a"])
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
