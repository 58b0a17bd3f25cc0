"""What functions of TensorFlow and of the old `keras.backend` are called in `keras.ops`."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["backend_name", "keras_name"]

_SAME = (
    *("abs", "add", "all", "any", "arange", "argmax", "argmin", "argsort", "arctan2", "broadcast_to", "cast"),
    *("ceil", "clip", "concatenate", "cos", "cosh", "cumprod", "cumsum", "diag", "divide", "divide_no_nan"),
    *("dot", "einsum", "elu", "equal", "erf", "exp", "expand_dims", "eye", "flip", "floor", "gelu"),
    *("greater", "greater_equal", "image.resize", "in_top_k", "isfinite", "isinf", "isnan", "leaky_relu"),
    *("less", "less_equal", "linspace", "log", "log10", "log1p", "log_softmax", "logical_and", "logical_not"),
    *("logical_or", "logsumexp", "matmul", "max", "maximum", "mean", "meshgrid", "min", "minimum", "mod"),
    *("moments", "multiply", "negative", "norm", "normalize", "not_equal", "one_hot", "ones", "ones_like"),
    *("pad", "prod", "relu", "relu6", "repeat", "reshape", "roll", "round", "rsqrt", "selu", "shape"),
    *("sigmoid", "sign", "silu", "sin", "sinh", "slice", "softmax", "softplus", "softsign", "sort", "split"),
    *("sqrt", "square", "squeeze", "stack", "std", "stop_gradient", "subtract", "sum", "take", "tan", "tanh"),
    *("tensordot", "tile", "top_k", "transpose", "unstack", "var", "where", "zeros", "zeros_like"),
)
"""Functions of TensorFlow, or of the old `keras.backend`, that `keras.ops` has under the same name."""
_RENAMED: Mapping[str, str] = {
    "acos": "arccos",
    "asin": "arcsin",
    "atan": "arctan",
    "atan2": "arctan2",
    "clip_by_value": "clip",
    "concat": "concatenate",
    "l2_normalize": "normalize",
    "pow": "power",
    "range": "arange",
    "reduce_all": "all",
    "reduce_any": "any",
    "reduce_logsumexp": "logsumexp",
    "reduce_max": "max",
    "reduce_mean": "mean",
    "reduce_min": "min",
    "reduce_prod": "prod",
    "reduce_std": "std",
    "reduce_sum": "sum",
    "reduce_variance": "var",
    "reverse": "flip",
    "swish": "silu",
    "truediv": "divide",
}
"""Function of TensorFlow -> that of `keras.ops` which takes the same arguments in the same order."""
_MODULES = ("", "math", "nn", "linalg")
"""Modules of TensorFlow whose functions are in `keras.ops` itself; others, such as `tf.strings`, are not."""
_OF_BACKEND: Mapping[str, str] = {
    "batch_dot": "keras.ops.matmul",
    "batch_flatten": "keras.layers.Flatten()",
    "constant": "keras.ops.convert_to_tensor",
    "ctc_batch_cost": "keras.losses.CTC()",
    "dot": "keras.ops.matmul",
    "eval": "keras.ops.convert_to_numpy",
    "get_value": "keras.ops.convert_to_numpy",
    "gather": "keras.ops.take",
    "get_variable_shape": "keras.ops.shape",
    "int_shape": "keras.ops.shape",
    "pow": "keras.ops.power",
    "l2_normalize": "keras.ops.normalize",
    "permute_dimensions": "keras.ops.transpose",
    "random_binomial": "keras.random.binomial",
    "random_normal": "keras.random.normal",
    "random_uniform": "keras.random.uniform",
    "repeat_elements": "keras.ops.repeat",
    "reverse": "keras.ops.flip",
    "variable": "keras.Variable",
}


def keras_name(function: str) -> str | None:
    """Returns a function of Keras that takes the arguments of one of TensorFlow.

    Args:
        function: Name below `tf`, such as ``math.reduce_mean``.

    Returns:
        Such as ``keras.ops.mean``; None if there is none, or if it reads its arguments in another way.
    """
    module, _, last = function.rpartition(".")
    for name in (function, last if module in _MODULES else function):
        if name in _SAME or name in _RENAMED:
            return f"keras.ops.{_RENAMED.get(name, name)}"
    return None


def backend_name(function: str) -> str | None:
    """Returns what stands in the place of a function of the old `keras.backend`; None if nothing is known."""
    if function in _OF_BACKEND:
        return _OF_BACKEND[function]
    return f"keras.ops.{function}" if function in _SAME else None
