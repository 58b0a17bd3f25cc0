"""The operation in the user's program that raised: its two operands, and where their sizes were written down.

Only source is read, and values that variables hold. No code of the program runs.
"""

from __future__ import annotations

import ast
import linecache
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import FrameType
from typing import Any, NamedTuple, TypeAlias, TypeGuard

from tb_inputdiag.capture.argument_facts import argument_facts
from tb_inputdiag.capture.plain_values import attempt
from tb_inputdiag.records import ArgumentFacts, OperandFacts, SizeFacts

__all__ = ["made", "operands"]

_MOST_SIZES = 12
_DEEPEST = 5
"""Assignments that are followed from an operand back to a number."""
_LONGEST_CODE = 80
_LONGEST_FIX = 66
"""So that a statement fits a terminal of 80 columns, with room for another number."""
_Function: TypeAlias = "ast.FunctionDef | ast.AsyncFunctionDef"


def operands(frame: FrameType, instruction: int, line: int) -> tuple[OperandFacts, ...]:
    """Returns the two operands of the operation that raised; empty if it is not one of two operands.

    Args:
        frame: The innermost frame of the user's program.
        instruction: Its instruction that raised, as ``tb_lasti``. Python 3.10 does not know the columns of
            instructions; there an operation is found only if it is the only one of its line.
        line: The number of its line.
    """
    program = _Program.of(frame)
    if program is None:
        return ()
    pair = _pair(program.tree, _position(frame, instruction), line)
    function = program.function_at(frame.f_code.co_name, line)
    return tuple(_operand(expression, frame, program, _Scope(function, line)) for expression in pair)


def made(
    arguments: tuple[ArgumentFacts, ...], given: Mapping[str, Any], frame: FrameType, line: int
) -> tuple[ArgumentFacts, ...]:
    """Returns the facts of arguments with the assignments that made them.

    Args:
        arguments: What is known about the arguments of a call.
        given: The arguments by name.
        frame: The frame of the user's program that made the call.
        line: The number of its line.
    """
    program = _Program.of(frame)
    if program is None:
        return arguments
    scope = _Scope(program.function_at(frame.f_code.co_name, line), line)
    return tuple(replace(item, made=_made(program, item, given.get(item.name), scope)) for item in arguments)


def _made(program: _Program, argument: ArgumentFacts, value: object, scope: _Scope) -> str:
    code = getattr(value, "gi_code", None)
    if code is not None:
        function = program.function_at(code.co_name, code.co_firstlineno)
        yields = [] if function is None else [node for node in ast.walk(function) if isinstance(node, ast.Yield)]
        return program.code(yields[-1])[:_LONGEST_CODE] if yields else ""
    assigned = _assigned(program, scope, argument.variable) if argument.variable else None
    return "" if assigned is None else program.code(assigned)[:_LONGEST_CODE]


def _position(frame: FrameType, instruction: int) -> tuple[int | None, ...] | None:
    positions = getattr(frame.f_code, "co_positions", None)
    return None if positions is None else list(positions())[instruction // 2]


def _pair(tree: ast.Module, position: tuple[int | None, ...] | None, line: int) -> tuple[ast.expr, ...]:
    """Returns the operands of the operation at a place: first line, last line, first column, end column."""
    expressions = [node for node in ast.walk(tree) if isinstance(node, ast.expr | ast.AugAssign)]
    nodes = [(node, pair) for node in expressions if (pair := _operands_of(node))]
    if position is not None:
        found = [
            pair
            for node, pair in nodes
            if (node.lineno, node.end_lineno, node.col_offset, node.end_col_offset) == position
        ]
    else:
        found = [pair for node, pair in nodes if node.lineno <= line <= (node.end_lineno or 0)]
    return found[0] if len(found) == 1 else ()


def _operands_of(node: ast.AST) -> tuple[ast.expr, ...]:
    match node:
        case ast.BinOp(left=left, right=right) | ast.Compare(left=left, comparators=[right]):
            return left, right
        case ast.AugAssign(target=left, value=right):
            return left, right
        case ast.Call(args=[left, right]):
            return left, right
    return ()


class _Scope(NamedTuple):
    """Where a name is looked up."""

    function: _Function | None
    """None: the module."""
    line: int = 0
    """Assignments below it do not count; 0: all count."""


@dataclass(frozen=True, slots=True)
class _Program:
    """The source of the user's program."""

    source: str
    tree: ast.Module
    classes: Mapping[_Function, ast.ClassDef]
    """Methods -> their class."""

    @classmethod
    def of(cls, frame: FrameType) -> _Program | None:
        """Returns the program that a frame belongs to; None without its source."""
        source = "".join(linecache.getlines(frame.f_code.co_filename, frame.f_globals))
        if not source:
            return None
        tree = ast.parse(source)
        classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
        return cls(source, tree, {item: node for node in classes for item in node.body if _is_function(item)})

    def function_at(self, name: str, line: int) -> _Function | None:
        found = [
            node
            for node in ast.walk(self.tree)
            if _is_function(node) and node.name == name and node.lineno <= line <= (node.end_lineno or 0)
        ]
        return found[-1] if found else None

    def code(self, node: ast.AST) -> str:
        return ast.get_source_segment(self.source, node) or ""

    def assignments(self, scope: _Scope) -> list[ast.Assign]:
        """Returns the assignments of a function or of the module, the last one first."""
        body: ast.AST = self.tree if scope.function is None else scope.function
        found = [node for node in _walk_scope(body) if isinstance(node, ast.Assign)]
        return sorted((a for a in found if not scope.line or a.lineno < scope.line), key=lambda a: -a.lineno)

    def calls(self, name: str) -> list[ast.Call]:
        """Returns the calls of a class or a function."""
        found = (node for node in ast.walk(self.tree) if isinstance(node, ast.Call))
        return [node for node in found if getattr(node.func, "id", getattr(node.func, "attr", "")) == name]

    def statement(self, node: ast.AST) -> ast.stmt | None:
        """Returns the innermost statement that a node is part of."""
        within = [item for item in ast.walk(self.tree) if isinstance(item, ast.stmt) and _holds(item, node)]
        return max(within, key=lambda item: item.lineno, default=None)


def _is_function(node: ast.AST) -> TypeGuard[_Function]:
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)


def _walk_scope(body: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(body):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            yield child
            yield from _walk_scope(child)


def _holds(outer: ast.AST, inner: ast.AST) -> bool:
    return any(node is inner for node in ast.walk(outer))


def _operand(expression: ast.expr, frame: FrameType, program: _Program, scope: _Scope) -> OperandFacts:
    held = {program.code(node): _held(node, frame) for node in ast.walk(expression)}
    held = {name: value for name, value in held.items() if value is not None}
    found = [facts for facts in argument_facts(held, {}) if facts.shape is not None and "/" not in facts.name]
    return OperandFacts(
        code=program.code(expression)[:_LONGEST_CODE],
        variables=tuple(found),
        made=_made_by(program, expression, scope),
        sizes=attempt(lambda: tuple(_sizes(program, expression, scope)), ()),
    )


def _made_by(program: _Program, expression: ast.expr, scope: _Scope) -> str:
    """Returns the assignment of a variable or of an attribute of `self`, in one line; empty if there is none."""
    made = _assigned(program, scope, expression.id) if isinstance(expression, ast.Name) else None
    if isinstance(expression, ast.Attribute):
        made = next((assignment for assignment, _ in _stored_by(program, expression, scope)), None)
    return "" if made is None else " ".join(program.code(made).split())[:_LONGEST_CODE]


def _held(node: ast.AST, frame: FrameType) -> Any:
    """Returns what a variable or an attribute of `self` holds."""
    if isinstance(node, ast.Name):
        return frame.f_locals.get(node.id, frame.f_globals.get(node.id))
    if isinstance(node, ast.Attribute) and getattr(node.value, "id", "") == "self":
        return vars(frame.f_locals.get("self")).get(node.attr)
    return None


def _assigned(program: _Program, scope: _Scope, name: str) -> ast.Assign | None:
    """Returns the last assignment of one variable."""
    of_name = (a for a in program.assignments(scope) if len(a.targets) == 1 and getattr(a.targets[0], "id", "") == name)
    return next(of_name, None)


# -- from an operand back to the numbers in the program ----------------------------------------------


def _sizes(program: _Program, expression: ast.expr, scope: _Scope) -> list[SizeFacts]:
    """Returns the whole numbers above 1 from which an operand was made, the nearest one first."""
    waiting = [(expression, scope, 0)]
    numbers: list[SizeFacts] = []
    seen: set[int] = set()
    while waiting and len(numbers) < _MOST_SIZES:
        current, place, depth = waiting.pop(0)
        if id(current) in seen:
            continue
        seen.add(id(current))
        for node in ast.walk(current):
            if isinstance(node, ast.Constant) and type(node.value) is int and node.value > 1:
                numbers.append(_size(program, node, node.value))
            elif depth < _DEEPEST:
                waiting += [(*found, depth + 1) for found in _origins(program, node, place)]
    return numbers[:_MOST_SIZES]


def _origins(program: _Program, node: ast.AST, scope: _Scope) -> Iterator[tuple[ast.expr, _Scope]]:
    """Yields what a name or an attribute of `self` was assigned."""
    if isinstance(node, ast.Name):
        yield from _of_name(program, node.id, scope)
    elif isinstance(node, ast.Attribute):
        found = _stored_by(program, node, scope)
        yield from ((assignment.value, _Scope(method, assignment.lineno)) for assignment, method in found)


def _stored_by(program: _Program, node: ast.Attribute, scope: _Scope) -> Iterator[tuple[ast.Assign, _Function]]:
    """Yields the assignments of an attribute of `self`, with the methods that hold them."""
    owner = program.classes.get(scope.function) if scope.function is not None else None
    if owner is None or getattr(node.value, "id", "") != "self":
        return
    for method in (item for item, holder in program.classes.items() if holder is owner):
        for assignment in program.assignments(_Scope(method)):
            if any(ast.dump(target) == ast.dump(_stored(node)) for target in assignment.targets):
                yield assignment, method


def _stored(node: ast.Attribute) -> ast.Attribute:
    return ast.Attribute(value=node.value, attr=node.attr, ctx=ast.Store())


def _of_name(program: _Program, name: str, scope: _Scope) -> Iterator[tuple[ast.expr, _Scope]]:
    assignment = _assigned(program, scope, name)
    if assignment is not None:
        yield assignment.value, scope._replace(line=assignment.lineno)
    elif scope.function is not None:
        arguments = [item.arg for item in (*scope.function.args.posonlyargs, *scope.function.args.args)]
        stored = {node.id for node in ast.walk(scope.function) if isinstance(node, ast.Name) and _is_stored(node)}
        if name in arguments:
            yield from ((value, _Scope(None)) for value in _given(program, scope.function, arguments, name))
        elif name not in stored:
            yield from _of_name(program, name, _Scope(None))


def _is_stored(name: ast.Name) -> bool:
    return isinstance(name.ctx, ast.Store)


def _given(program: _Program, function: _Function, parameters: list[str], name: str) -> Iterator[ast.expr]:
    """Yields what the calls of a function, or of the class that it makes, give to a parameter; then its default."""
    owner = program.classes.get(function)
    if owner is not None and function.name != "__init__":
        return
    place = parameters.index(name) - (owner is not None)
    for call in program.calls(function.name if owner is None else owner.name):
        yield from (item.value for item in call.keywords if item.arg == name)
        yield from call.args[place : place + 1]
    defaults = dict(zip(reversed(parameters), reversed(function.args.defaults), strict=False))
    yield from [defaults[name]] if name in defaults else []


def _size(program: _Program, number: ast.Constant, value: int) -> SizeFacts:
    """Returns a number with the code around it: its statement, its innermost call, or its line if both are long."""
    line = program.source.splitlines()[number.lineno - 1].encode()
    start, end = len(line) - len(line.lstrip()), len(line.rstrip())
    calls = [node for node in ast.walk(program.tree) if isinstance(node, ast.Call) and _holds(node, number)]
    for around in (program.statement(number), *calls[-1:]):
        if around is None or around.lineno != around.end_lineno:
            continue
        if (around.end_col_offset or 0) - around.col_offset <= _LONGEST_FIX:
            start, end = around.col_offset, around.end_col_offset or 0
            break
    before, after = line[start : number.col_offset].decode(), line[number.end_col_offset : end].decode()
    return SizeFacts(size=value, line=number.lineno, before=before, after=after)
