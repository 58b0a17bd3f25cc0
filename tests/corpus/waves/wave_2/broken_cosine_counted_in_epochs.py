"""Small CNN with a cosine learning-rate schedule.

Wrong: decay_steps is the number of epochs, but the schedule counts optimizer steps: after 6 steps of the first epoch the
learning rate is 0 and stays there.
Expected: learning-rate-too-low, frozen-model
"""
import keras
import tensorflow as tf
from keras import layers
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

EPOCHS = 6


def make_model():
    model = keras.Sequential([
        keras.Input((8, 8, 1)),
        layers.Conv2D(16, 3, padding="same", activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(32, 3, padding="same", activation="relu"),
        layers.GlobalAveragePooling2D(),
        layers.Dense(10, activation="softmax"),
    ])
    schedule = keras.optimizers.schedules.CosineDecay(initial_learning_rate=2e-3, decay_steps=EPOCHS)
    model.compile(optimizer=keras.optimizers.AdamW(learning_rate=schedule, weight_decay=1e-4),
                  loss="sparse_categorical_crossentropy", metrics=["sparse_categorical_accuracy"])
    return model


def run(callbacks):
    keras.utils.set_random_seed(21)
    digits = load_digits()
    images = digits.images[..., None].astype("float32") / 16.0
    x_tr, x_te, y_tr, y_te = train_test_split(images, digits.target, test_size=0.25, random_state=0)
    train_ds = tf.data.Dataset.from_tensor_slices((x_tr, y_tr)).shuffle(2000).batch(64)
    test_ds = tf.data.Dataset.from_tensor_slices((x_te, y_te)).batch(128)
    model = make_model()
    model.fit(train_ds, epochs=EPOCHS, validation_data=test_ds, callbacks=callbacks, verbose=0)
    print(model.evaluate(test_ds, callbacks=callbacks, verbose=0))
