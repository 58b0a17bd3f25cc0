"""Healthy programs on images."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from tests.corpus import data
from tests.corpus.harness import Trial, healthy

_SPARSE = "sparse_categorical_crossentropy"


def _fit(
    model: keras.Model, t: Trial, x: object, y: object, loss: object = _SPARSE, epochs: int = 4, **more: object
) -> None:
    model.compile(t.optimizer(), loss=loss)
    model.fit(x, y, epochs=epochs, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0, **more)


@healthy()
def mnist_dense(t: Trial) -> None:
    """The first example of every tutorial: pixels / 255 into dense layers, with validation."""
    x, y = data.mnist(t.rng)
    x = x.astype("float32") / 255
    model = keras.Sequential(
        [
            layers.Input((28, 28)),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dropout(0.2),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(t.optimizer(), loss=_SPARSE, metrics=["accuracy"])
    model.fit(x, y, validation_split=0.2, epochs=5, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@healthy()
def mnist_convnet(t: Trial) -> None:
    """A small convolutional network with one-hot labels."""
    x, y = data.mnist(t.rng, 1500)
    model = keras.Sequential(
        [
            layers.Input((28, 28, 1)),
            layers.Conv2D(16, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(16, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(10, activation="softmax"),
        ]
    )
    x = x[..., None].astype("float32") / 255
    _fit(model, t, x, data.one_hot(y, 10), "categorical_crossentropy")


@healthy(welcome=("integer-input",))
def batchnorm_reads_raw_pixels(t: Trial) -> None:
    """0..255 into BatchNormalization, which is there to deal with it."""
    x, y = data.mnist(t.rng, 1500)
    model = keras.Sequential(
        [
            layers.Input((28, 28)),
            layers.Flatten(),
            layers.BatchNormalization(),
            layers.Dense(64, activation="relu"),
            layers.Dense(10),
        ]
    )
    _fit(model, t, x.astype("float32"), y, keras.losses.SparseCategoricalCrossentropy(from_logits=True))


@healthy()
def textures_with_augmentation(t: Trial) -> None:
    """A pipeline of tf.data with augmentation layers and Rescaling in the model."""
    x, y = data.textures(t.rng, 360)
    train = tf.data.Dataset.from_tensor_slices((x[:300], y[:300])).shuffle(300, seed=t.seed).batch(t.batch(16))
    held = tf.data.Dataset.from_tensor_slices((x[300:], y[300:])).batch(t.batch(16))
    model = keras.Sequential(
        [
            layers.Input((32, 32, 3)),
            layers.RandomTranslation(0.1, 0.1, seed=1),
            layers.RandomContrast(0.2, value_range=(0, 255), seed=2),
            layers.Rescaling(1 / 255),
            layers.Conv2D(16, 5, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 3, activation="relu"),
            layers.GlobalMaxPooling2D(),
            layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile(t.optimizer(learning_rate=3e-3), loss=_SPARSE)
    model.fit(train.prefetch(1), validation_data=held, epochs=7, callbacks=t.callbacks, verbose=0)


@healthy()
def image_folder_with_rescaling(t: Trial) -> None:
    """image_dataset_from_directory and Rescaling(1/255), as the guide has it."""
    x, y = data.textures(t.rng, 120)
    for i, (image, label) in enumerate(zip(x, y, strict=True)):
        folder = t.folder / f"class{label}"
        folder.mkdir(exist_ok=True)
        (folder / f"{i}.png").write_bytes(tf.io.encode_png(image).numpy())
    images = keras.utils.image_dataset_from_directory(
        t.folder, image_size=(32, 32), batch_size=t.batch(8), seed=t.seed, verbose=False
    )
    model = keras.Sequential(
        [
            layers.Rescaling(1 / 255),
            layers.Conv2D(16, 5, strides=2, activation="relu"),
            layers.Conv2D(32, 3, activation="relu"),
            layers.GlobalMaxPooling2D(),
            layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile(t.optimizer(learning_rate=5e-3), loss=_SPARSE)
    model.fit(images, epochs=6, callbacks=t.callbacks, verbose=0)


@healthy()
def residual_network(t: Trial) -> None:
    """Residual blocks with BatchNormalization, pixels in -1..1."""
    x, y = data.textures(t.rng, 240)
    inputs = layers.Input((32, 32, 3))
    h = layers.Conv2D(16, 3, strides=2, padding="same")(inputs)
    for _ in range(2):
        r = layers.Activation("relu")(layers.BatchNormalization()(h))
        r = layers.Conv2D(16, 3, padding="same", use_bias=False)(r)
        r = layers.Activation("relu")(layers.BatchNormalization()(r))
        h = layers.Add()([h, layers.Conv2D(16, 3, padding="same")(r)])
    h = layers.GlobalAveragePooling2D()(layers.Activation("relu")(h))
    model = keras.Model(inputs, layers.Dense(3, activation="softmax")(h))
    _fit(model, t, x / np.float32(127.5) - 1, y, epochs=5)


@healthy()
def separable_convolutions(t: Trial) -> None:
    """Depthwise and pointwise convolutions (linear between them on purpose) on z-scored images."""
    x, y = data.textures(t.rng, 300)
    x = (x / np.float32(255) - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    model = keras.Sequential(
        [
            layers.Input((32, 32, 3)),
            layers.Conv2D(16, 3, strides=2, activation="swish"),
            layers.DepthwiseConv2D(3),
            layers.Conv2D(24, 1, activation="swish"),
            layers.SeparableConv2D(32, 3, activation="swish"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile(t.optimizer(learning_rate=5e-3), loss=_SPARSE)
    model.fit(x.astype("float32"), y, epochs=6, batch_size=t.batch(16), callbacks=t.callbacks, verbose=0)


@healthy()
def narrow_feature_maps(t: Trial) -> None:
    """Real images that are three pixels wide: line scans of 64 x 3 with one channel."""
    y = t.rng.integers(0, 2, 500)
    profile = np.sin(np.linspace(0, np.where(y, 12, 5)[:, None], 64, axis=1)[..., 0])[..., None, None]
    x = 0.5 + 0.4 * profile + t.rng.normal(0, 0.1, (500, 64, 3, 1))
    model = keras.Sequential(
        [
            layers.Input((64, 3, 1)),
            layers.Conv2D(8, (5, 3), activation="relu"),
            layers.Flatten(),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    _fit(model, t, x.astype("float32"), y, "binary_crossentropy")


@healthy()
def binary_masks_as_input(t: Trial) -> None:
    """Silhouettes of 0 and 1, from which the area is estimated."""
    _, mask = data.discs(t.rng, 400)
    y = mask.sum(axis=(1, 2, 3)) / 150
    model = keras.Sequential(
        [
            layers.Input((32, 32, 1)),
            layers.Conv2D(8, 3, strides=2, activation="relu"),
            layers.Flatten(),
            layers.Dense(16, activation="relu"),
            layers.Dense(1),
        ]
    )
    _fit(model, t, mask.astype("float32"), y, "mse")


@healthy()
def small_unet(t: Trial) -> None:
    """Segmentation with skip connections and binary cross-entropy on every pixel."""
    x, mask = data.discs(t.rng, 200)
    inputs = layers.Input((32, 32, 1))
    a = layers.Conv2D(8, 3, padding="same", activation="relu")(layers.Rescaling(1 / 255)(inputs))
    b = layers.Conv2D(16, 3, padding="same", activation="relu")(layers.MaxPooling2D()(a))
    c = layers.Concatenate()([a, layers.UpSampling2D()(b)])
    d = layers.Conv2D(8, 3, padding="same", activation="relu")(c)
    model = keras.Model(inputs, layers.Conv2D(1, 1, activation="sigmoid")(d))
    model.compile(t.optimizer(learning_rate=5e-3), loss="binary_crossentropy")
    model.fit(x, mask, epochs=4, batch_size=t.batch(16), callbacks=t.callbacks, verbose=0)


@healthy()
def segmentation_with_ignored_pixels(t: Trial) -> None:
    """Class ids for every pixel; 255 marks pixels that nobody labelled."""
    x, mask = data.discs(t.rng, 200)
    y = mask[..., 0].astype("int64")
    y[t.rng.random(y.shape) < 0.1] = 255
    model = keras.Sequential(
        [
            layers.Input((32, 32, 1)),
            layers.Conv2D(12, 5, padding="same", activation="relu"),
            layers.Conv2D(12, 3, padding="same", activation="relu"),
            layers.Conv2D(2, 1),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=255)
    _fit(model, t, x / np.float32(255), y, loss, 5)


@healthy()
def video_clips(t: Trial) -> None:
    """Conv3D over clips of a dot that moves left or right."""
    y = t.rng.integers(0, 2, 240)
    x = t.rng.normal(0.1, 0.05, (240, 8, 16, 16, 1))
    row = t.rng.integers(2, 14, 240)
    for f in range(8):
        x[np.arange(240), f, row, np.where(y, 3 + f, 12 - f)] = 1.0
    model = keras.Sequential(
        [
            layers.Input((8, 16, 16, 1)),
            layers.Conv3D(8, 3, activation="relu"),
            layers.MaxPooling3D((1, 2, 2)),
            layers.Conv3D(16, 3, activation="relu"),
            layers.GlobalMaxPooling3D(),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(t.optimizer(learning_rate=5e-3), loss="binary_crossentropy")
    model.fit(x.astype("float32"), y, epochs=6, batch_size=t.batch(16), callbacks=t.callbacks, verbose=0)


@healthy()
def vision_transformer(t: Trial) -> None:
    """Patches, position embeddings, attention, GELU."""
    x, y = data.mnist(t.rng, 1200)
    inputs = layers.Input((28, 28, 1))
    h = layers.Reshape((16, 32))(layers.Conv2D(32, 7, strides=7)(inputs))
    h = h + layers.Embedding(16, 32)(keras.ops.arange(16))
    for _ in range(2):
        n = layers.LayerNormalization()(h)
        h = h + layers.MultiHeadAttention(2, 16)(n, n)
        n = layers.LayerNormalization()(h)
        h = h + layers.Dense(32)(layers.Dense(64, activation="gelu")(n))
    model = keras.Model(inputs, layers.Dense(10)(layers.GlobalAveragePooling1D()(layers.LayerNormalization()(h))))
    x = x[..., None].astype("float32") / 255
    _fit(model, t, x, y, keras.losses.SparseCategoricalCrossentropy(from_logits=True))


@healthy()
def class_and_box(t: Trial) -> None:
    """Two outputs: what it is and where it is, each with its own loss."""
    x, mask = data.discs(t.rng, 320)
    area = mask.sum(axis=(1, 2, 3))
    row, column = np.mgrid[0:32, 0:32] / 31
    centre = np.stack([(mask[..., 0] * row).sum((1, 2)) / area, (mask[..., 0] * column).sum((1, 2)) / area], axis=1)
    inputs = layers.Input((32, 32, 1))
    h = layers.Conv2D(8, 5, strides=2, activation="relu")(layers.Rescaling(1 / 255)(inputs))
    h = layers.Flatten()(layers.Conv2D(16, 3, strides=2, activation="relu")(h))
    outputs = {
        "large": layers.Dense(1, activation="sigmoid", name="large")(h),
        "centre": layers.Dense(2, name="centre")(h),
    }
    model = keras.Model(inputs, outputs)
    model.compile(t.optimizer(learning_rate=3e-3), loss={"large": "binary_crossentropy", "centre": "mse"})
    y = {"large": (area > np.median(area)).astype("float32"), "centre": centre.astype("float32")}
    model.fit(x, y, epochs=6, batch_size=t.batch(16), callbacks=t.callbacks, verbose=0)


@healthy()
def twelve_bit_scans(t: Trial) -> None:
    """Scans of 0..4095 behind Rescaling(1/4095)."""
    x, mask = data.discs(t.rng, 320)
    x = (x.astype("float32") * 4095 / 255).round()
    y = mask.sum(axis=(1, 2, 3))
    y = (y > np.median(y)).astype("int64")
    model = keras.Sequential(
        [
            layers.Input((32, 32, 1)),
            layers.Rescaling(1 / 4095),
            layers.Conv2D(8, 3, strides=2, activation="relu"),
            layers.Conv2D(16, 3, strides=2, activation="relu"),
            layers.Flatten(),
            layers.Dense(2, activation="softmax"),
        ]
    )
    model.compile(t.optimizer(learning_rate=3e-3), loss=_SPARSE)
    model.fit(x, y, epochs=8, batch_size=t.batch(16), callbacks=t.callbacks, verbose=0)


@healthy()
def satellite_bands(t: Trial) -> None:
    """Reflectances in nine bands, -1..3 after standardising each band."""
    y = t.rng.integers(0, 4, 400)
    spectrum = np.random.default_rng(3).normal(size=(4, 9))[y][:, None, None, :]
    x = (0.7 * spectrum + t.rng.normal(0, 1, (400, 12, 12, 9))).astype("float32")
    model = keras.Sequential(
        [
            layers.Input((12, 12, 9)),
            layers.Conv2D(16, 3, activation="relu"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(4, activation="softmax"),
        ]
    )
    _fit(model, t, x, y, epochs=5)


@healthy()
def tiny_batches(t: Trial) -> None:
    """Two images a step, as when memory is short."""
    x, y = data.textures(t.rng, 120)
    model = keras.Sequential(
        [
            layers.Input((32, 32, 3)),
            layers.Rescaling(1 / 127.5, offset=-1),
            layers.Conv2D(8, 5, strides=2, activation="relu"),
            layers.Conv2D(16, 3, activation="relu"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile(t.optimizer(learning_rate=3e-3), loss=_SPARSE)
    model.fit(x, y, epochs=4, batch_size=2, callbacks=t.callbacks, verbose=0)
