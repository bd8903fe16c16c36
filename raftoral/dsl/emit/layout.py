"""Templates and black: text in, text out. The only room that knows jinja2 and black."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Environment


def rendered(name: str, data: dict[str, Any], templates: Callable[[str], str]) -> str:
    """The template `name`, poured with `data`."""
    return _environment(templates).get_template(name).render(data)


@lru_cache(maxsize=1)  # reading the templates takes longer than pouring one module
def _environment(templates: Callable[[str], str]) -> Environment:
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    return Environment(
        loader=FunctionLoader(templates),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )


def laid_out(text: str) -> str:
    """The text as black writes it."""
    import black
    from black.mode import Mode, TargetVersion

    # `format_str` lays everything out twice, for texts that settle only then. Ours settle at once: a test holds them
    # to that. It is most of the time that a compilation takes.
    once = getattr(black, "_format_str_once", black.format_str)
    laid: str = once(text, mode=Mode(target_versions={TargetVersion.PY311}, line_length=88))
    return laid
