"""Literals replaced in Python source through libcst: comments, quotes and formatting elsewhere stay byte for byte."""

from __future__ import annotations

import ast
import re
from typing import Any

from autor_nb.domain.errors import PluginError, UsageError
from autor_nb.domain.loops.knobs import join_path

Wanted = dict[tuple[str, ...], Any]


def load_libcst() -> Any:
    """libcst, or a PluginError with the install line."""
    try:
        import libcst
    except ImportError as error:
        raise PluginError(
            "The coder 'params' needs libcst, which is not installed.",
            "pip install 'autor-nb[study]', or choose another coder.") from error
    return libcst


def replace_in_python(text: str, wanted: Wanted) -> str:
    """The source with new values at these keys (`("PARAMS", "lr")` or `("LR",)`); UsageError if one is not there."""
    cst = load_libcst()
    try:
        module = cst.parse_module(text.encode("utf-8"))
    except (cst.ParserSyntaxError, RecursionError, ValueError) as error:
        raise UsageError(f"The file cannot be read as Python: {str(error)[:200]}", "Mend its syntax.") from error
    swaps: list[tuple[Any, Any]] = []
    found: set[tuple[str, ...]] = set()
    for statement in module.body:
        for small in statement.body if isinstance(statement, cst.SimpleStatementLine) else ():
            name, value = _assigned(cst, small)
            if name and value is not None:
                _collect(cst, (name,), value, wanted, swaps, found)
    missing = [join_path(keys) for keys in wanted if keys not in found]
    if missing:
        raise UsageError(f"{', '.join(missing)} is no plain literal in the file.", "Write it as a literal.")
    written: str = module.visit(_swapping(cst, swaps)).bytes.decode("utf-8")
    return written


def _swapping(cst: Any, swaps: list[tuple[Any, Any]]) -> Any:
    """A transformer that puts each new node in the place of its old one, all in one pass."""
    by_node = {id(old): new for old, new in swaps}

    class Swapping(cst.CSTTransformer):  # type: ignore[misc]
        """Compares by identity: two equal literals are two knobs."""

        def on_leave(self, original_node: Any, updated_node: Any) -> Any:
            return by_node.get(id(original_node), updated_node)

    return Swapping()


def _assigned(cst: Any, small: Any) -> tuple[str, Any]:
    """The name and value of `NAME = value` or `NAME: type = value`."""
    if isinstance(small, cst.Assign) and len(small.targets) == 1 and isinstance(small.targets[0].target, cst.Name):
        return small.targets[0].target.value, small.value
    if isinstance(small, cst.AnnAssign) and isinstance(small.target, cst.Name):
        return small.target.value, small.value
    return "", None


def _collect(
    cst: Any, keys: tuple[str, ...], node: Any, wanted: Wanted, swaps: list[tuple[Any, Any]],
    found: set[tuple[str, ...]],
) -> None:
    """Every wanted literal below a node, paired with its replacement."""
    if keys in wanted:
        old = _literal(cst, node)
        if old is not None:
            found.add(keys)
            swaps.append((node, _replacement(cst, node, old, wanted[keys])))
        return
    if isinstance(node, cst.Dict):
        for element in node.elements:
            key = element.key.evaluated_value if isinstance(element, cst.DictElement) and isinstance(
                element.key, cst.SimpleString | cst.ConcatenatedString) else None
            if isinstance(key, str):
                _collect(cst, (*keys, key), element.value, wanted, swaps, found)


def _literal(cst: Any, node: Any) -> str | None:
    """The source of a literal without its brackets; None for anything computed."""
    plain = cst.Integer | cst.Float | cst.SimpleString | cst.ConcatenatedString
    named = isinstance(node, cst.Name) and node.value in ("True", "False", "None")
    signed = isinstance(node, cst.UnaryOperation) and isinstance(node.operator, cst.Minus | cst.Plus) and isinstance(
        node.expression, cst.Integer | cst.Float)
    if not (isinstance(node, plain) or named or signed):
        return None
    bare = node.with_changes(lpar=(), rpar=())
    source: str = cst.Module(body=()).code_for_node(bare)
    return source


def _replacement(cst: Any, node: Any, old: str, value: Any) -> Any:
    """The new literal's node, in the old one's brackets and style."""
    made = cst.parse_expression(write_literal(value, old))
    return made.with_changes(lpar=node.lpar, rpar=node.rpar)


def write_literal(value: Any, old: str) -> str:
    """The value as Python source, in the style of the literal it replaces: exponent, `_` and quotes are kept."""
    if isinstance(value, float):
        return _float(value, old.lower())
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:_}" if "_" in old else str(value)
    if isinstance(value, str):
        return _string(value, old)
    return repr(value)


def _float(value: float, old: str) -> str:
    """`3e-3` stays scientific and `0.003` does not, as long as that can be read."""
    plain = repr(value)
    if "e" in old and "0x" not in old and value != 0:
        for digits in range(1, 18):
            mantissa, _, exponent = f"{value:.{digits - 1}e}".partition("e")
            if float(f"{mantissa}e{exponent}") == value:
                return f"{mantissa}e{int(exponent)}"
    if "e" in plain and 1e-7 <= abs(value) < 1e16:
        digits_after = f"{value:.20f}".rstrip("0")
        if float(digits_after) == value and len(digits_after) <= 14:
            return digits_after
    return plain


def _string(value: str, old: str) -> str:
    """A string in the old quotes, if it can stand in them as it is."""
    match = re.match(r"""[rRbBuU]*("{3}|'{3}|"|')""", old)
    quote = match.group(1)[0] if match else '"'
    written = quote + value + quote
    if quote in value or "\\" in value or not value.isprintable():
        return repr(value) if value.isprintable() else ascii(value)
    return written if ast.literal_eval(written) == value else repr(value)
