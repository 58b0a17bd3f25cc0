"""Read single digits of a gas meter (8x8 crops) with a small subclassed convolution net.

Wrong: the last Dense layer returns raw scores without a softmax, but the loss is the string "sparse_categorical_crossentropy", which
takes its input as probabilities. Scores are clipped to 0..1, most gradients vanish and the net stays far below what the data allow.
Expected: output-activation-mismatch
"""
import keras
from keras import layers
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split


class MeterNet(keras.Model):
    def __init__(self, n_digits=10):
        super().__init__(name="meter_net")
        self.conv1 = layers.Conv2D(16, 3, padding="same", activation="relu")
        self.conv2 = layers.Conv2D(32, 3, padding="same", activation="relu")
        self.pool = layers.MaxPooling2D()
        self.flat = layers.Flatten()
        self.hidden = layers.Dense(64, activation="relu")
        self.drop = layers.Dropout(0.2)
        self.scores = layers.Dense(n_digits)

    def call(self, images, training=False):
        x = self.pool(self.conv1(images))
        x = self.pool(self.conv2(x))
        x = self.hidden(self.flat(x))
        x = self.drop(x, training=training)
        return self.scores(x)


def run(callbacks):
    keras.utils.set_random_seed(8)
    images, digits = load_digits(return_X_y=True)
    images = (images / 16.0).reshape(-1, 8, 8, 1).astype("float32")
    x_train, x_val, y_train, y_val = train_test_split(images, digits, test_size=0.25, random_state=5, stratify=digits)
    model = MeterNet()
    model.compile(
        optimizer=keras.optimizers.Adam(1e-3),
        loss="sparse_categorical_crossentropy",
        metrics=["sparse_categorical_accuracy"],
    )
    model.fit(x_train, y_train, batch_size=32, epochs=12, validation_data=(x_val, y_val), callbacks=callbacks, verbose=2)
    return model


if __name__ == "__main__":
    run([])
