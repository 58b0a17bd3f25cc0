"""8 x 8 digits with mixup: every training image is a blend of two, and so is its label (soft targets). Validation stays unblended."""
import numpy as np
import tensorflow as tf
import keras
from keras import layers
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split


def mixup(x, y):
    n = tf.shape(x)[0]
    share = tf.random.uniform((n, 1), 0.0, 0.4)
    other = tf.random.shuffle(tf.range(n))
    blend = share[:, :, None, None]
    return (1 - blend) * x + blend * tf.gather(x, other), (1 - share) * y + share * tf.gather(y, other)


def run(callbacks):
    keras.utils.set_random_seed(86)
    data = load_digits()
    x = (data.images.astype("float32") / 8.0 - 1.0)[..., None]
    y = keras.utils.to_categorical(data.target, 10).astype("float32")
    x_train, x_val, y_train, y_val = train_test_split(x, y, test_size=0.2, stratify=data.target, random_state=1)
    train = (tf.data.Dataset.from_tensor_slices((x_train, y_train)).shuffle(len(x_train), seed=3)
             .batch(24, drop_remainder=True).map(mixup).prefetch(2))
    valid = tf.data.Dataset.from_tensor_slices((x_val, y_val)).batch(60)

    model = keras.Sequential([
        keras.Input((8, 8, 1)),
        layers.Conv2D(32, 3, padding="same"),
        layers.PReLU(shared_axes=[1, 2]),
        layers.DepthwiseConv2D(3),
        layers.Conv2D(32, 1),
        layers.PReLU(shared_axes=[1, 2]),
        layers.Flatten(),
        layers.Dense(10),
    ])
    model.compile(optimizer=keras.optimizers.Adam(2e-3),
                  loss=keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.05),
                  metrics=[keras.metrics.CategoricalAccuracy(name="accuracy")])
    return model.fit(train, validation_data=valid, epochs=8, callbacks=callbacks, verbose=2)


if __name__ == "__main__":
    run([])
