"""Ready-made models and helpers of `keras.applications` and `keras.utils`."""

from __future__ import annotations

from tb_inputdiag.numbers import whole
from tb_inputdiag.rules.base import Finding
from tb_inputdiag.rules.exceptions.kind import Case, Kind, plainly
from tb_inputdiag.rules.exceptions.words import Words

__all__ = ["KINDS"]


def _classes(case: Case) -> Finding | None:
    index, size = case["index"], case["size"]
    labels = case.variable("x")
    if case.method != "to_categorical" and (case.failure.call or case.failure.lines):
        return None
    enough = int(index) + 1 if index.isdigit() else 0
    return case.finding(
        f"to_categorical got the class id {index} and num_classes={size}, which allows ids 0 to "
        f"{int(size) - 1 if size.isdigit() else '?'}.",
        f"{labels} = {labels} - 1  # if the ids begin at 1\n"
        f"# or one more class: keras.utils.to_categorical({labels}, {whole(enough)})",
        seen=index,
        expected=f"0 to {int(size) - 1 if size.isdigit() else '?'}",
        subject="target:y",
    )


def _small(case: Case) -> Finding | None:
    least = case["least"]
    return case.finding(
        f"{case.failure.call or 'The network'} needs images of at least {least} pixels, and got "
        f"input_shape={case['shape']}.",
        f"input_shape=({least.replace('x', ', ')}, 3)  # and first in the model, or on the data:\n"
        f"keras.layers.Resizing({least.replace('x', ', ')})",
        seen=case["shape"],
        expected=f"at least {least}",
    )


def _grey(case: Case) -> Finding | None:
    return case.finding(
        "The pretrained weights are for colour images, and the input has another number of channels.",
        "x = np.repeat(x, 3, axis=-1)  # grey -> colour\ninput_shape=(height, width, 3)",
        seen=case["shape"] or "other channels",
        expected="3 channels",
    )


KINDS = (
    Kind(
        id="class-id-beyond-num-classes",
        title="to_categorical gets an id that is too large",
        words=(
            Words("NumPy", "index {index} is out of bounds for axis 1 with size {size}\n"),
            Words("NumPy", "index {index} is out of bounds for axis 1 with size {size}"),
        ),
        cause="n classes have the ids 0 to n - 1.",
        failing="labels = np.array([1, 2, 3])\ny = keras.utils.to_categorical(labels, 3)\n",
        mended="labels = np.array([1, 2, 3])\ny = keras.utils.to_categorical(labels - 1, 3)\n",
        explain=_classes,
        subject="target:y",
    ),
    Kind(
        id="text-in-to-categorical",
        title="to_categorical gets text",
        words=(Words("Python", "invalid literal for int() with base 10: {value}"),),
        cause="to_categorical turns ids into one-hot rows. Names have to become ids before.",
        failing='labels = np.array(["cat", "dog"])\ny = keras.utils.to_categorical(labels)\n',
        mended='labels = np.array(["cat", "dog"])\nclasses, ids = np.unique(labels, return_inverse=True)\n'
        "y = keras.utils.to_categorical(ids)\n",
        explain=lambda case: (
            plainly(
                "to_categorical got text, {value}.",
                "classes, ids = np.unique({x}, return_inverse=True)\ny = keras.utils.to_categorical(ids)",
                seen="text",
                expected="class ids",
                subject="target:y",
            )(case)
            if case.method in ("to_categorical", "fit")
            else None
        ),
        subject="target:y",
    ),
    Kind(
        id="sequences-not-nested",
        title="pad_sequences gets one sequence, not a list of them",
        words=(Words("Keras", "`sequences` must be a list of iterables. Found non-iterable: {value}"),),
        cause="pad_sequences fills up several sequences to one length.",
        failing="x = keras.utils.pad_sequences([1, 2, 3])\n",
        mended="x = keras.utils.pad_sequences([[1, 2, 3]])\n",
        explain=plainly(
            "pad_sequences got one sequence of numbers, and takes a list of sequences.",
            "keras.utils.pad_sequences([sequence])  # a list, also for one",
            seen="[1, 2, 3]",
            expected="[[1, 2, 3], ...]",
            subject="input:x",
        ),
        subject="input:x",
    ),
    Kind(
        id="no-images-found",
        title="A folder has no images",
        words=(
            Words("Keras", "No images found in directory {folder}. Allowed formats: {formats}\n"),
            Words("Keras", "No {what} files found in directory {folder}. Allowed"),
            Words("Keras", "Could not find directory {folder}"),
        ),
        cause="image_dataset_from_directory reads one folder for each class: `data/cat/1.png`, `data/dog/1.png`.",
        failing="import tempfile\n\nfolder = tempfile.mkdtemp()\n"
        "data = keras.utils.image_dataset_from_directory(folder)\n",
        mended='import os\nimport tempfile\n\nfolder = tempfile.mkdtemp()\nfor name in ("cat", "dog"):\n'
        '    os.mkdir(f"{folder}/{name}")\n    keras.utils.save_img(f"{folder}/{name}/1.png", np.zeros((8, 8, 3)))\n'
        "data = keras.utils.image_dataset_from_directory(folder)\n",
        explain=plainly(
            "There are no images below {folder}.",
            'import os; print(os.listdir("{folder}"))  # expected: a folder for each class, with images in it',
            seen="no images",
            expected="a folder for each class",
            subject="data",
        ),
        subject="data",
    ),
    Kind(
        id="image-too-small",
        title="Images are too small for a ready-made network",
        words=(
            Words("Keras", "Input size must be at least {least}; Received: input_shape={shape}\n"),
            Words("Keras", "Input size must be at least {least}"),
        ),
        cause="The network halves height and width several times.",
        failing="base = keras.applications.VGG16(weights=None, include_top=False, input_shape=(28, 28, 3))\n",
        mended="base = keras.applications.VGG16(weights=None, include_top=False, input_shape=(32, 32, 3))\n",
        explain=_small,
    ),
    Kind(
        id="pretrained-shape",
        title="Pretrained weights with another input shape",
        words=(
            Words(
                "Keras",
                "When setting `include_top=True` and loading `imagenet` weights, `input_shape` should be "
                "{wanted}. Received: input_shape={shape}\n",
            ),
            Words("Keras", "The input must have 3 channels; Received `input_shape={shape}`"),
            Words("Keras", "The input must have 3 channels"),
        ),
        cause="The last layers of the pretrained network fit one size of images only.",
        failing='base = keras.applications.VGG16(weights="imagenet", input_shape=(64, 64, 3))\n',
        mended="base = keras.applications.VGG16(weights=None, input_shape=(64, 64, 3))\n",
        explain=lambda case: (
            _grey(case)
            if not case["wanted"]
            else plainly(
                "The pretrained network with its top layers takes {wanted} only, and got {shape}.",
                "include_top=False  # then your own layers: GlobalAveragePooling2D, Dense\n"
                "# or resize the images: keras.layers.Resizing(224, 224)",
                seen="{shape}",
                expected="{wanted}",
            )(case)
        ),
    ),
    Kind(
        id="pretrained-classes",
        title="Pretrained weights with another number of classes",
        words=(
            Words("Keras", "`classes` should be 1000. Received `classes={n}`"),
            Words("Keras", "`classes` should be 1000"),
        ),
        cause="The top layer of a network that was trained on ImageNet has 1,000 units.",
        failing='base = keras.applications.MobileNetV2(weights="imagenet", classes=10)\n',
        mended="base = keras.applications.MobileNetV2(weights=None, classes=10)\n",
        explain=plainly(
            "The pretrained network has 1,000 classes, and {n} are asked for.",
            'include_top=False, pooling="avg"  # then: keras.layers.Dense({n}, activation="softmax")',
            seen="{n} classes",
            expected="1000",
        ),
    ),
    Kind(
        id="not-adapted",
        title="A preprocessing layer is used before `adapt`",
        words=(
            Words("Keras", "call `adapt(dataset)` before you can start using the `{layer}` layer"),
            Words("TensorFlow", "Table not initialized"),
            Words("Keras", "You must call `.adapt` before"),
            Words("Keras", "must be adapted before"),
            Words("Keras", "has not been adapted"),
            Words("Keras", "must set the layer's vocabulary"),
            # JAX and PyTorch: Keras leaves nothing of the message of TensorFlow's table
            *(
                Words("Keras", f"Exception encountered when calling {layer}.call(). Arguments received by")
                for layer in ("StringLookup", "IntegerLookup", "TextVectorization")
            ),
        ),
        cause="`adapt` reads the vocabulary, the bins or mean and variance from the data.",
        failing='lookup = keras.layers.StringLookup()\nids = lookup(np.array(["a", "b"]))\n',
        mended='lookup = keras.layers.StringLookup()\nlookup.adapt(np.array(["a", "b"]))\n'
        'ids = lookup(np.array(["a", "b"]))\n',
        explain=plainly(
            "A preprocessing layer has not seen the data, so it has no vocabulary or bins yet.",
            "layer.adapt(x_train)  # once, before the layer is used",
            seen="no adapt",
            expected="layer.adapt(x_train)",
            subject="input:x",
        ),
        subject="input:x",
    ),
)
"""Kinds of this family."""
