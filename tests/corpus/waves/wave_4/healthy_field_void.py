"""Segment aerial pictures into three crops; unmapped pixels get sample weight zero."""
import keras
import numpy as np
from keras import layers
from scipy.ndimage import gaussian_filter

SIZE = 32
VOID = 255


def fields(n, seed):
    rng = np.random.default_rng(seed)
    tone = np.array([[0.3, 0.55, 0.25], [0.75, 0.65, 0.35], [0.45, 0.3, 0.2]])
    images, maps = [], []
    for _ in range(n):
        noise = gaussian_filter(rng.normal(size=(3, SIZE, SIZE)), (0, 4, 4))
        label = noise.argmax(0)
        image = tone[label] * rng.uniform(0.8, 1.1) + rng.normal(0, 0.12, (SIZE, SIZE, 3))
        unmapped = gaussian_filter(rng.normal(size=(SIZE, SIZE)), 3) > 0.12
        images.append(image)
        maps.append(np.where(unmapped, VOID, label))
    return np.array(images, "float32"), np.array(maps)


def prepare(labels):
    weight = (labels != VOID).astype("float32")
    classes = np.where(labels == VOID, 0, labels).astype("int32")
    return classes, weight


def run(callbacks):
    keras.utils.set_random_seed(53)
    x, labels = fields(500, 1)
    x_val, labels_val = fields(100, 2)
    y, w = prepare(labels)
    y_val, w_val = prepare(labels_val)

    inputs = keras.Input((SIZE, SIZE, 3))
    a = layers.SeparableConv2D(16, 5, padding="same", activation="relu")(inputs)
    b = layers.Conv2D(16, 3, strides=2, padding="same", activation="relu")(a)
    b = layers.Conv2D(16, 3, padding="same", activation="relu")(b)
    b = layers.Conv2DTranspose(12, 2, strides=2, activation="relu")(b)
    h = layers.Concatenate()([a, b])
    outputs = layers.Conv2D(3, 1, activation="softmax")(h)
    model = keras.Model(inputs, outputs)
    model.compile(
        keras.optimizers.AdamW(4e-3, weight_decay=1e-3), "sparse_categorical_crossentropy",
        weighted_metrics=["accuracy"],
    )
    return model.fit(
        x, y, sample_weight=w, batch_size=10, epochs=6,
        validation_data=(x_val, y_val, w_val), callbacks=callbacks, verbose=2,
    )


if __name__ == "__main__":
    run([])
