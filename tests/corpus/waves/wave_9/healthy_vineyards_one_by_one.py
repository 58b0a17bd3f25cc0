"""Three grape growers told apart by wine chemistry, trained one bottle at a time (batch size 1) with plain SGD."""
import numpy as np
import keras
from keras import layers
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split


class Bottles(keras.utils.PyDataset):
    """Hands out single bottles in a new order every epoch."""

    def __init__(self, x, y, seed, **kwargs):
        super().__init__(**kwargs)
        self.x, self.y = x, y
        self.rng = np.random.default_rng(seed)
        self.order = self.rng.permutation(len(x))

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        k = self.order[i]
        return self.x[k:k + 1], self.y[k:k + 1]

    def on_epoch_end(self):
        self.order = self.rng.permutation(len(self.x))


def run(callbacks):
    keras.utils.set_random_seed(1)
    x, y = load_wine(return_X_y=True)
    x_train, x_val, y_train, y_val = train_test_split(x.astype("float32"), y, test_size=0.25, stratify=y, random_state=5)
    norm = layers.Normalization()
    norm.adapt(x_train)
    model = keras.Sequential([
        keras.Input((13,)),
        norm,
        layers.Dense(24),
        layers.LayerNormalization(),
        layers.Activation("relu"),
        layers.Dense(3, activation="softmax"),
    ])
    model.compile(optimizer=keras.optimizers.SGD(0.005), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model.fit(Bottles(x_train, y_train, 2), epochs=8, validation_data=(x_val, y_val), callbacks=callbacks, verbose=2)


if __name__ == "__main__":
    run([])
