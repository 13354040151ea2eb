"""Secrets that the product makes for itself once and keeps, readable by its own user only."""

import os
import secrets
from pathlib import Path


def kept_secret(path: Path) -> str:
    """The secret kept in ``path``; made on first use (32 random bytes in hex, file mode 600).

    Two processes that start at the same moment get the same secret: a finished file is linked into place,
    and only one link succeeds.

    Raises:
        OSError: the folder cannot be written, the file not read.
    """
    try:
        return _read(path)
    except FileNotFoundError:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _put(path, secrets.token_hex(32))
        return _read(path)


def _read(path: Path) -> str:
    secret = path.read_text("ascii").strip()
    if not secret:
        raise OSError(f"{path} is empty; delete it and a new secret is made")
    return secret


def _put(path: Path, secret: str) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secret)
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    except FileExistsError:
        pass  # another process was first; its secret counts
    finally:
        draft.unlink(missing_ok=True)
