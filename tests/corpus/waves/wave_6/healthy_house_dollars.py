"""House prices in plain dollars (tens of thousands); the network scales features and prices inside itself."""
import keras
import numpy as np
from keras import layers
from mlxtend.data import boston_housing_data


def run(callbacks):
    keras.utils.set_random_seed(5)
    x, y = boston_housing_data()
    x, price = x.astype("float32"), (y * 1000).astype("float32")
    order = np.random.default_rng(5).permutation(len(x))
    x, price = x[order], price[order]
    x_train, x_test, p_train, p_test = x[:400], x[400:], price[:400], price[400:]

    normalizer = layers.Normalization()
    normalizer.adapt(x_train)
    inputs = keras.Input((13,))
    h = normalizer(inputs)
    h = layers.Dense(48, activation="relu")(h)
    h = layers.Dense(24, activation="relu")(h)
    z = layers.Dense(1)(h)
    # z is the standardised price; the outside world sees dollars
    dollars = layers.Rescaling(scale=float(p_train.std()), offset=float(p_train.mean()), name="dollars")(z)

    model = keras.Model(inputs, dollars)
    model.compile(keras.optimizers.Adam(3e-3), loss="mae", metrics=[keras.metrics.R2Score(name="r2")])
    model.fit(x_train, p_train[:, None], validation_data=(x_test, p_test[:, None]), batch_size=16, epochs=40, verbose=0,
              callbacks=callbacks)
    loss, r2 = model.evaluate(x_test, p_test[:, None], verbose=0)
    print(f"off by {loss:,.0f} dollars on average, R2 {r2:.2f}")
    return model
