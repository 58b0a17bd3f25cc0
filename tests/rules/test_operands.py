"""Code that makes the shapes of two operands fit, run on arrays of these shapes."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from tb_inputdiag.rules.support.operands import broadcast_fix, filled_shape, product_fix
from tb_inputdiag.rules.support.shapes import all_shapes, shape_in

Shape = tuple[int, ...]


def after(fix: str, left: Shape, right: Shape) -> dict[str, np.ndarray]:
    names = {"a": np.ones(left), "b": np.ones(right), "keras": keras}
    exec(fix, names)
    return {name: np.asarray(names[name]) for name in ("a", "b")}


@pytest.mark.parametrize(
    ("left", "right"),
    [((3, 4), (3,)), ((3,), (3, 4)), ((8, 5, 4), (8, 4)), ((3, 4), (4, 3)), ((3, 4), (3, 5)), ((2, 6, 4), (2, 5, 4))],
)
def test_tensors_can_be_combined_after_the_fix(left: Shape, right: Shape) -> None:
    with pytest.raises(ValueError, match="broadcast"):
        np.ones(left) + np.ones(right)
    found = after(broadcast_fix(left, right), left, right)
    assert (found["a"] + found["b"]).size


def test_a_vector_that_fits_no_axis_is_named_with_its_size() -> None:
    assert broadcast_fix((2, 5), (6,)).startswith("# b needs the shape (5,)")


@pytest.mark.parametrize(("left", "right"), [((4,), (4, 5)), ((3, 4), (4,)), ((2, 3, 4), (12, 5)), ((3, 4), (6, 5))])
def test_matrices_can_be_multiplied_after_the_fix(left: Shape, right: Shape) -> None:
    found = after(product_fix(left, right), left, right)
    assert (found["a"] @ found["b"]).size


@pytest.mark.parametrize(("left", "right"), [((3, 4), (5, 4)), ((3, 4), (3, 5))])
def test_the_product_with_one_side_transposed(left: Shape, right: Shape) -> None:
    code = product_fix(left, right).partition("  #")[0]
    assert np.asarray(eval(code, {"a": np.ones(left), "b": np.ones(right), "keras": keras})).size


@pytest.mark.parametrize(
    ("size", "target", "found"),
    [
        (12, (5, 2), (6, 2)),
        (12, (-1, 5), (-1, 4)),
        (784, (28, 28, 3), (28, 28, 1)),
        (78_400, (-1, 28, 28, 3), (-1, 28, 28, 1)),
        (7, (2, 3), (-1,)),
    ],
)
def test_a_shape_that_holds_all_values(size: int, target: Shape, found: Shape) -> None:
    assert filled_shape(size, target) == found
    assert np.ones(size).reshape(found).size == size


def test_shapes_in_texts() -> None:
    assert shape_in("(2, 4)") == shape_in("2, 4") == shape_in("[2,4]") == shape_in("2x4") == (2, 4)
    assert shape_in("(?, 4)") == (None, 4)
    assert all_shapes("shape[0] = [3,4] vs. shape[1] = [2,5]") == [(3, 4), (2, 5)]
