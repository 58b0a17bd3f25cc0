"""House values in dollars: the network does all scaling inside itself, inputs by Normalization, the answer by Rescaling."""
import numpy as np
import keras
from keras import layers
from mlxtend.data import boston_housing_data
from sklearn.model_selection import train_test_split


def build(x_train, y_train):
    norm = layers.Normalization(name="to_z")
    norm.adapt(x_train)
    inp = keras.Input((x_train.shape[1],), name="raw_features")
    h = norm(inp)
    h = layers.Dense(48, activation="silu")(h)
    h = layers.Dense(24, activation="silu")(h)
    z = layers.Dense(1, name="z_value")(h)
    # from z-score back to dollars, so that the exported model answers in dollars
    dollars = layers.Rescaling(scale=float(y_train.std()), offset=float(y_train.mean()), name="dollars")(z)
    return keras.Model(inp, dollars)


def run(callbacks):
    keras.utils.set_random_seed(1978)
    x, y = boston_housing_data()
    x = x.astype("float32")
    y = (y * 1000.0).astype("float32")
    x_train, x_val, y_train, y_val = train_test_split(x, y, test_size=0.2, random_state=7)
    model = build(x_train, y_train)
    model.compile(optimizer=keras.optimizers.Adam(3e-3), loss="mean_absolute_error",
                  metrics=[keras.metrics.R2Score(name="r2")])
    hist = model.fit(x_train, y_train[:, None], validation_data=(x_val, y_val[:, None]), epochs=30, batch_size=32,
                     callbacks=callbacks, verbose=0)
    print("typical error in dollars:", round(hist.history["val_loss"][-1]))
    return hist


if __name__ == "__main__":
    run([])
