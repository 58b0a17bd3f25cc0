"""Arguments, functions and modules that Keras has renamed or removed."""

from __future__ import annotations

import re
from collections.abc import Mapping

from tb_inputdiag.rules.base import Finding
from tb_inputdiag.rules.exceptions.keras_functions import backend_name
from tb_inputdiag.rules.exceptions.kind import Case, Kind
from tb_inputdiag.rules.exceptions.programs import CLASSIFIER, program
from tb_inputdiag.rules.exceptions.words import Words

__all__ = ["KINDS"]

_ARGUMENTS: Mapping[str, str] = {
    "nb_epoch": "epochs=...",
    "nb_epochs": "epochs=...",
    "epoch": "epochs=...",
    "samples_per_epoch": "steps_per_epoch=...",
    "nb_filter": "filters=...",
    "nb_row": "kernel_size=(rows, columns)",
    "nb_col": "kernel_size=(rows, columns)",
    "filter_length": "kernel_size=...",
    "border_mode": 'padding="same"',
    "subsample": "strides=...",
    "subsample_length": "strides=...",
    "pool_length": "pool_size=...",
    "init": 'kernel_initializer="he_normal"',
    "weight_decay_l2": "kernel_regularizer=...",
    "W_regularizer": "kernel_regularizer=...",
    "b_regularizer": "bias_regularizer=...",
    "output_dim": "units=...",
    "p": "rate=...",
    "dropout_W": "dropout=...",
    "dropout_U": "recurrent_dropout=...",
    "inner_activation": "recurrent_activation=...",
    "inner_init": "recurrent_initializer=...",
    "dim_ordering": 'data_format="channels_last"',
    "bias": "use_bias=...",
    "input": "inputs=...",
    "output": "outputs=...",
    "nb_worker": "workers=...",
    "nb_val_samples": "validation_steps=...",
    "val_samples": "validation_steps=...",
    "max_q_size": "max_queue_size=...",
    "lr": "learning_rate=...",
    "class_mode": "loss=...",
    "show_accuracy": 'metrics=["accuracy"] in compile',
    "mode": "keras.layers.Concatenate() and the like",
    "batch_input_shape": "keras.Input(batch_shape=...) as the first layer",
    "input_shape": "keras.Input(shape=...) as the first layer",
    "input_dim": "keras.Input((n,)) as the first layer",
    "input_dims": "input_dim=...",
    "weights": "embeddings_initializer=keras.initializers.Constant(matrix)",
    "input_length": "nothing: the length is known from the data",
    "time_major": "nothing: the batch comes first",
    "implementation": "nothing",
    "workers": "workers= of the PyDataset",
    "use_multiprocessing": "use_multiprocessing= of the PyDataset",
    "max_queue_size": "max_queue_size= of the PyDataset",
    "decay": "learning_rate=keras.optimizers.schedules.InverseTimeDecay(1e-3, 1, 1e-6)",
    "period": 'save_freq="epoch"',
    "save_format": "nothing: the file's name decides (.keras)",
    "options": "nothing",
}
"""Argument -> what stands in its place today."""
_METHODS: Mapping[str, str] = {
    "fit_generator": "{model}.fit(generator, steps_per_epoch=...)",
    "evaluate_generator": "{model}.evaluate(generator)",
    "predict_generator": "{model}.predict(generator)",
    "predict_classes": "{model}.predict(x).argmax(axis=-1)  # one sigmoid unit: (model.predict(x) > 0.5).astype(int)",
    "predict_proba": "{model}.predict(x)",
    "add_update": "assign to a variable in `call`: self.count.assign(...)",
    "add_metric": "self.metric = keras.metrics.Mean(); self.metric.update_state(...) in `call`",
    "updates": "nothing: variables are assigned directly",
    "_make_predict_function": "{model}.predict(x)",
    "get_updates": "optimizer.apply(gradients, variables)",
    "lr": "optimizer.learning_rate = 1e-4",
    "minimize": "gradients = tape.gradient(loss, model.trainable_variables)\noptimizer.apply(gradients)",
    "get_weights_as_dict": "layer.get_weights()",
    "to_yaml": "{model}.to_json()",
    "save_spec": "{model}.input_shape",
    "validation_data": "pass validation data to the callback's __init__",
}
_MODULES: Mapping[str, str] = {
    "np_utils": "y = keras.utils.to_categorical(labels)",
    "to_categorical": "y = keras.utils.to_categorical(labels)",
    "keras.utils.np_utils": "y = keras.utils.to_categorical(labels)",
    "keras.preprocessing.text": "vectorize = keras.layers.TextVectorization(max_tokens=10000)  # in place of Tokenizer",
    "Tokenizer": "vectorize = keras.layers.TextVectorization(max_tokens=10000)",
    "keras.preprocessing.sequence": "keras.utils.pad_sequences(sequences)",
    "pad_sequences": "keras.utils.pad_sequences(sequences)",
    "keras.preprocessing.image": "keras.utils.load_img(path), keras.utils.image_dataset_from_directory(folder)",
    "ImageDataGenerator": "data = keras.utils.image_dataset_from_directory(folder)  # layers.RandomFlip(...) augments",
    "keras.wrappers.scikit_learn": "from keras.wrappers import SKLearnClassifier  # or the package scikeras",
    "KerasClassifier": "from keras.wrappers import SKLearnClassifier  # or the package scikeras",
    "KerasRegressor": "from keras.wrappers import SKLearnRegressor  # or the package scikeras",
    "merge": "from keras.layers import Concatenate, Add, Multiply",
    "multi_gpu_model": "with tf.distribute.MirroredStrategy().scope(): model = ...",
    "plot_model": "keras.utils.plot_model(model)",
    "keras.engine": "keras.Layer, keras.Model, keras.Input",
    "keras.engine.topology": "keras.Layer, keras.Input",
    "keras.layers.core": "from keras.layers import Dense, Dropout, Flatten",
    "keras.layers.convolutional": "from keras.layers import Conv2D, MaxPooling2D",
    "keras.layers.recurrent": "from keras.layers import LSTM, GRU",
    "keras.layers.normalization": "from keras.layers import BatchNormalization",
    "keras.layers.embeddings": "from keras.layers import Embedding",
    "keras.layers.merge": "from keras.layers import Concatenate, Add",
    "keras.layers.advanced_activations": "from keras.layers import LeakyReLU, PReLU, ELU",
    "keras.layers.wrappers": "from keras.layers import TimeDistributed, Bidirectional",
    "keras.layers.experimental": "keras.layers.Rescaling, keras.layers.RandomFlip, ...: no longer experimental",
    "keras.optimizers.legacy": "keras.optimizers.Adam(...)",
    "keras.backend": "keras.ops",
    "CuDNNLSTM": "keras.layers.LSTM(...)  # uses cuDNN by itself",
    "CuDNNGRU": "keras.layers.GRU(...)  # uses cuDNN by itself",
    "Convolution2D": "keras.layers.Conv2D(...)",
    "MaxoutDense": "keras.layers.Dense(...)",
    "Merge": "keras.layers.Concatenate()",
    "keras.datasets.mnist": "keras.datasets.mnist.load_data()",
}


def _learning_rate(case: Case) -> Finding | None:
    owner = case.failure.call if case.failure.call.isidentifier() else "Adam"
    found = re.search(rf"\b{owner}\(([^()]*\blr\s*=[^()]*)\)", case.failure.lines[-1] if case.failure.lines else "")
    arguments = f"learning_rate={case['value'] or '0.001'}"
    if found is not None:  # the others stay
        arguments = re.sub(r"\blr\s*=", "learning_rate=", found[1])
    return case.finding(
        "The optimizer has no argument 'lr'.",
        f"keras.optimizers.{owner}({arguments})",
        seen="lr",
        expected="learning_rate",
    )


def _argument(case: Case) -> Finding | None:
    names = re.findall(r"'(\w+)'\s*:", case["names"]) or re.findall(r"'(\w+)'", case["names"]) or [case["name"]]
    name = next((n for n in names if n in _ARGUMENTS), names[0])
    owner = (case["owner"].split() or ["the layer"])[-1].strip("`'").removeprefix("TensorFlowTrainer.")
    if name == "lr":
        return None
    new = _ARGUMENTS.get(name, "")
    alike = re.fullmatch(r"\w+=\.\.\.", new) is not None
    if alike:
        lines = "\n".join(
            f"{_ARGUMENTS[n]}  # in place of {n}" for n in names if re.fullmatch(r"\w+=\.\.\.", _ARGUMENTS.get(n, ""))
        )
        fix = lines
    elif new:
        fix = f"{new}  # in place of {name}"
    else:
        fix = (
            f"help({_class(owner)})  # {_class(owner)} has no argument {name}: look for its name today, or leave it out"
        )
    return case.finding(
        f"{owner} has no argument '{name}'.",
        fix,
        seen=name,
        expected=new or "an argument that exists",
        evidence={"argument": name},
    )


def _class(owner: str) -> str:
    return f"keras.layers.{owner}" if owner.isidentifier() and owner[:1].isupper() else owner


def _method(case: Case) -> Finding | None:
    name = case["name"]
    new = _METHODS.get(name)
    if new is None:
        return None
    return case.finding(
        f"A {case['owner']} has no `{name}` any more.",
        case.fill(new),
        seen=name,
        expected=case.fill(new).split("(")[0].split("\n")[0],
        evidence={"name": name},
    )


def _module(case: Case) -> Finding | None:
    name, module = case["name"], case["module"].removeprefix("tensorflow.").removeprefix("tensorflow.python.")
    if not module.startswith(("keras", "tf_keras", "tensorflow")):
        return None
    if module == "keras.backend" and name:
        return _backend(case, name)
    key = (
        name
        if name in _MODULES
        else next((m for m in sorted(_MODULES, key=len, reverse=True) if module.startswith(m)), "")
    )
    new = _MODULES.get(key)
    what = f"{name} of {module}" if name else module
    fix = new or (
        f"from keras.layers import {name}"
        if name[:1].isupper()
        else f"import keras  # then look below {module.rpartition('.')[0] or 'keras'}"
    )
    return case.finding(
        f"Keras has no {what} any more.",
        fix,
        seen=what,
        expected=fix.split("  #")[0],
        evidence={"name": name or module},
    )


_SESSIONS = {
    "clear_session": "keras.utils.clear_session()",
    "get_session": "# leave it out: Keras 3 has no sessions",
    "gradients": "with tf.GradientTape() as tape: ...  # then tape.gradient(loss, variables)",
    "function": "keras.Model(inputs, outputs)  # then: model(x)",
    "learning_phase": "def call(self, x, training=False): ...  # in place of K.learning_phase()",
    "set_learning_phase": "model(x, training=False)",
    "set_session": "# leave it out: Keras 3 has no sessions",
    "set_value": "variable.assign(value)",
    "tensorflow_backend": "# leave it out: set KERAS_BACKEND to choose a backend",
}


def _backend(case: Case, name: str) -> Finding:
    """A function of keras.backend, which Keras 3 moved to keras.ops."""
    line = case.failure.lines[-1].partition(": ")[2] if case.failure.lines else ""
    new = backend_name(name) or f"keras.ops.{name}"
    imported = "cannot import name" in case.text
    if name in _SESSIONS:
        new = fix = _SESSIONS[name]
    elif imported and new == f"keras.ops.{name}":
        fix = f"from keras.ops import {name}  # in place of keras.backend"
    elif new == f"keras.ops.{name}":
        fix = f"from keras import ops as K  # has {name}, as nearly all functions of the old backend"
        fix += "\n# what stays: keras.backend.epsilon(), floatx(), image_data_format()"
    else:
        called = re.sub(rf"\b(?:K|backend|keras\.backend)\.{name}\b", new.removesuffix("()"), line)
        fix = f"{called if called != line else f'{new}(...)'}  # in place of keras.backend.{name}"
    return case.finding(
        f"keras.backend has no {name} any more.",
        fix,
        seen=f"keras.backend.{name}",
        expected=new.split("  #")[0],
        evidence={"name": name},
    )


KINDS = (
    Kind(
        id="old-learning-rate-argument",
        title="An optimizer gets lr in place of learning_rate",
        words=(
            Words("Keras", "Argument(s) not recognized: {'lr': {value},"),
            Words("Keras", "Argument(s) not recognized: {'lr': {value}}"),
            Words("Keras", "Argument(s) not recognized: {names}'lr'"),
            Words("Keras", "unexpected keyword argument 'lr'"),
            Words("Keras", "The `lr` argument is deprecated, use `learning_rate` instead"),
        ),
        cause="The argument was renamed in Keras 2.3, and the old name was removed.",
        failing="optimizer = keras.optimizers.Adam(lr=0.001)\n",
        mended="optimizer = keras.optimizers.Adam(learning_rate=0.001)\n",
        explain=_learning_rate,
        subject="optimizer",
    ),
    Kind(
        id="unknown-argument",
        title="An argument that does not exist, or not any more",
        words=(
            Words("Keras", "Unrecognized keyword arguments passed to {owner}: {names}\n"),
            Words("Keras", "Argument(s) not recognized: {names}\n"),
            Words("Python", "{owner}() got an unexpected keyword argument '{name}'"),
            Words("Keras", "('Keyword argument not understood:', {names})"),
            Words("Python", "__init__() missing 1 required positional argument: '{name}'"),
        ),
        cause="Keras 2 and 3 have renamed arguments of Keras 1, and removed others.",
        failing='layer = keras.layers.Conv2D(32, 3, border_mode="same")\n',
        mended='layer = keras.layers.Conv2D(32, 3, padding="same")\n',
        explain=_argument,
    ),
    Kind(
        id="removed-method",
        title="A method that Keras has removed",
        words=(Words("Python", "'{owner}' object has no attribute '{name}'"),),
        cause="`fit`, `evaluate` and `predict` do what several methods of older versions did.",
        failing=program(CLASSIFIER, "classes = model.predict_classes(np.ones((8, 4)))"),
        mended=program(CLASSIFIER, "classes = model.predict(np.ones((8, 4))).argmax(axis=-1)"),
        explain=_method,
    ),
    Kind(
        id="removed-module",
        title="A module or function that Keras has moved or removed",
        words=(
            Words("Python", "ImportError: cannot import name '{name}' from '{module}'"),
            Words("Python", "No module named '{module}'"),
            Words("Python", "AttributeError: module '{module}' has no attribute '{name}'"),
        ),
        cause="Everything public stands in `keras`, `keras.layers`, `keras.utils`, ... Older submodules are gone.",
        failing="from keras.utils import np_utils\n\ny = np_utils.to_categorical([0, 1, 2])\n",
        mended="y = keras.utils.to_categorical([0, 1, 2])\n",
        explain=_module,
    ),
)
"""Kinds of this family."""
