"""Finds one licence plate per camera frame: a CNN that regresses the box (x_min, y_min, x_max, y_max).

Wrong: the last layer is a sigmoid, so the net can only answer 0..1, but the boxes from the annotation tool are still in pixels of
the 640 x 480 frame (they were never divided by width and height). The head saturates at 1, the loss stays in the ten thousands.

Expected: target-out-of-range
"""
import keras
import numpy as np
from keras import layers

W, H = 640, 480


def camera_frames(n, seed=0):
    """Thumbnails of 640 x 480 frames (factor 10) and the boxes as the annotation tool exports them."""
    rng = np.random.default_rng(seed)
    frames = rng.normal(90, 18, (n, H // 10, W // 10, 1))
    boxes = np.zeros((n, 4), "float32")
    for i in range(n):
        w, h = rng.uniform(90, 160), rng.uniform(40, 60)
        x0, y0 = rng.uniform(0, W - w), rng.uniform(0, H - h)
        boxes[i] = x0, y0, x0 + w, y0 + h
        r0, r1, c0, c1 = int(y0 / 10), int((y0 + h) / 10), int(x0 / 10), int((x0 + w) / 10)
        frames[i, r0:r1, c0:c1] = rng.normal(215, 10, (r1 - r0, c1 - c0, 1))
        frames[i, r0 + 1:r1 - 1, c0 + 1:c1 - 1:2] = 40
    return frames.clip(0, 255).astype("uint8"), boxes


def mean_iou(y_true, y_pred):
    lo = keras.ops.maximum(y_true[:, :2], y_pred[:, :2])
    hi = keras.ops.minimum(y_true[:, 2:], y_pred[:, 2:])
    inter = keras.ops.prod(keras.ops.maximum(hi - lo, 0), axis=-1)
    area = lambda b: keras.ops.prod(keras.ops.maximum(b[:, 2:] - b[:, :2], 0), axis=-1)
    return inter / (area(y_true) + area(y_pred) - inter + 1e-6)


def run(callbacks):
    keras.utils.set_random_seed(1)
    frames, boxes = camera_frames(1200)
    x = frames.astype("float32") / 255.0
    x_train, x_val = x[:1000], x[1000:]
    b_train, b_val = boxes[:1000], boxes[1000:]

    model = keras.Sequential([keras.Input(x.shape[1:])])
    for filters in (16, 24, 32):
        model.add(layers.Conv2D(filters, 3, padding="same", activation="relu"))
        model.add(layers.MaxPooling2D())
    model.add(layers.Flatten())
    model.add(layers.Dense(64, activation="relu"))
    model.add(layers.Dense(4, activation="sigmoid", name="box"))
    model.compile(keras.optimizers.Adam(1e-3), loss="mse", metrics=[mean_iou])
    return model.fit(x_train, b_train, validation_data=(x_val, b_val), epochs=6, batch_size=32,
                     callbacks=callbacks, verbose=2)


if __name__ == "__main__":
    run([])
