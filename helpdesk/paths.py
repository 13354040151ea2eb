"""Where the product's own files lie, in a checkout and in an installed wheel alike."""

from functools import lru_cache
from importlib import util
from pathlib import Path


def package_dir() -> Path:
    """The folder of the ``helpdesk`` package."""
    return Path(__file__).parent


@lru_cache(maxsize=1)
def template_dir() -> Path:
    """``helpdesk/templates`` of an installed wheel, else ``templates/`` of the checkout."""
    spec = util.find_spec("helpdesk.templates")
    for place in spec.submodule_search_locations if spec and spec.submodule_search_locations else ():
        if Path(place).is_dir():
            return Path(place)
    return package_dir().parent / "templates"
