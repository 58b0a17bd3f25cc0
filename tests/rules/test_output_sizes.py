"""Layers that take away a border are found by the sizes that the output would have without it."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import pytest
from keras import layers

from tb_inputdiag.capture.facts import model_facts
from tb_inputdiag.capture.names import layer_paths, weight_names
from tb_inputdiag.records import LayerFacts
from tb_inputdiag.rules.support.output_sizes import size_fix


def facts_of(model: keras.Model) -> tuple[LayerFacts, ...]:
    paths = layer_paths(model)
    return model_facts(model, paths, weight_names(model, paths)).layers


def fix_for(target: Sequence[int | None], *stack: keras.Layer, shape: tuple[int, ...] = (28, 28, 1)) -> str:
    model = keras.Sequential([keras.Input(shape), *stack])
    return size_fix(facts_of(model), target, model.output_shape)


IMAGE = (None, 28, 28, 1)


def conv(filters: int, padding: str = "same", **settings: object) -> keras.Layer:
    return layers.Conv2D(filters, 3, padding=padding, **settings)


def test_the_layer_whose_border_is_missing_is_padded() -> None:
    down = (conv(4), layers.MaxPooling2D(), conv(4), layers.MaxPooling2D())
    up = (layers.UpSampling2D(), conv(6, "valid", activation="relu", name="inner"), layers.UpSampling2D(), conv(1))
    fix = fix_for(IMAGE, *down, *up)
    assert fix == 'keras.layers.Conv2D(6, (3, 3), activation="relu", padding="same")  # in place of \'inner\''


def test_all_layers_are_padded_where_one_is_not_enough() -> None:
    fix = fix_for(IMAGE, conv(2, "valid", name="first"), layers.BatchNormalization(), conv(1, "valid", name="second"))
    assert [line.partition("  # in place of ")[2] for line in fix.splitlines()] == ["'first'", "'second'"]


def test_transposed_convolutions_and_strides_are_computed() -> None:
    up = layers.Conv2DTranspose(4, 3, strides=2, padding="same")
    assert "in place of 'last'" in fix_for(IMAGE, conv(4, strides=2), up, conv(1, "valid", name="last"))


def test_signals_are_padded() -> None:
    fix = fix_for((None, 100, 1), layers.Conv1D(1, 5, name="last"), shape=(100, 1))
    assert fix == "keras.layers.Conv1D(1, (5,), padding=\"same\")  # in place of 'last'"


@pytest.mark.parametrize(
    ("stack", "fix"),
    [
        # padding does not give back what a pool has dropped
        ((layers.MaxPooling2D(8), layers.UpSampling2D(8), conv(1)), "keras.layers.Resizing(28, 28)"),
        ((conv(1, strides=2),), "keras.layers.UpSampling2D(2)"),
        ((layers.ZeroPadding2D(2),), "keras.layers.Cropping2D(((0, 4), (0, 4)))"),
        ((layers.Conv2D(1, 3, dilation_rate=2, padding="same"), layers.Cropping2D(1)), "keras.layers.Resizing(28, 28)"),
    ],
)
def test_other_reasons_get_another_line(stack: tuple[keras.Layer, ...], fix: str) -> None:
    assert fix_for(IMAGE, *stack).startswith(fix)


def test_layers_that_are_unknown_get_a_line_for_the_output() -> None:
    assert size_fix((), (None, 28, 28, 1), (None, 14, 14, 1)).startswith("keras.layers.UpSampling2D(2)")
