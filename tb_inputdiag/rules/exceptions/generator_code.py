"""The code of a generator's ``yield``, taken apart and written anew."""

from __future__ import annotations

import ast

from tb_inputdiag.records import ArgumentFacts

__all__ = ["BATCH_OF_ONE", "giver_of", "giving_word", "holds_one", "with_batch_axis", "yielded_parts"]

BATCH_OF_ONE = "# a batch of one; better: collect 32 examples and np.stack them"


def giver_of(x: ArgumentFacts) -> str:
    """Returns what gives the batches of a generator, a loader or a `PyDataset`, as the first words of a sentence."""
    return {"pydataset": "__getitem__", "loader": "The loader"}.get(x.kind, "The generator")


def giving_word(x: ArgumentFacts | None) -> str:
    """Returns the word with which that code gives a batch."""
    return "return" if x is not None and x.kind == "pydataset" else "yield"


def yielded_parts(x: ArgumentFacts) -> list[ast.expr]:
    """Returns the parts of what a generator yields; empty if they are unknown."""
    try:
        value = ast.parse(x.made.removeprefix("yield "), mode="eval").body if x.made.startswith("yield ") else None
    except SyntaxError:  # the record has the first 80 characters
        value = None
    return value.elts if isinstance(value, ast.Tuple) else []


def holds_one(code: ast.expr) -> bool:
    """Tells whether a value is written as a list or an array of one element."""
    match code:
        case ast.List(elts=[element]) | ast.Tuple(elts=[element]):
            return not isinstance(element, ast.Starred)
        case ast.Call(args=[first, *_]):
            return holds_one(first)
    return False


def with_batch_axis(code: ast.expr) -> str:
    """Returns the code of inputs with a batch axis each."""
    match code:
        case ast.Tuple(elts=parts):
            return f"({', '.join(with_batch_axis(part) for part in parts)})"
        case ast.Dict(keys=keys, values=values) if None not in keys:
            stacked = zip(keys, map(with_batch_axis, values), strict=True)
            return f"{{{', '.join(f'{ast.unparse(key)}: {part}' for key, part in stacked if key is not None)}}}"
        case ast.Name() | ast.Attribute() | ast.Subscript() | ast.Call():
            return f"{ast.unparse(code)}[None]"
    return f"({ast.unparse(code)})[None]"
