"""Warn before turbine failures (1 row in 25): stratified split, class weights, and precision-recall figures instead of accuracy."""
import keras
import numpy as np
from keras import layers
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import QuantileTransformer
from sklearn.utils.class_weight import compute_class_weight


def turbines(n=5000, seed=30):
    rng = np.random.default_rng(seed)
    fails = rng.random(n) < 0.04
    vibration = rng.lognormal(0.2 + 0.9 * fails, 0.5, n)
    oil = rng.normal(60 + 9 * fails, 6, n)
    noise = rng.gamma(3 + 2.5 * fails, 4, n)
    power = rng.uniform(0.2, 3.0, n)
    age = rng.exponential(5 + 4 * fails, n)
    gear = rng.normal(70 + 6 * power + 8 * fails, 4, n)
    return np.stack([vibration, oil, noise, power, age, gear], axis=1), fails.astype("float32")


def run(callbacks):
    keras.utils.set_random_seed(30)
    x, y = turbines()
    x_train, x_val, y_train, y_val = train_test_split(x, y, test_size=0.25, random_state=30, stratify=y)
    spread = QuantileTransformer(n_quantiles=200, output_distribution="normal", random_state=0).fit(x_train)
    x_train = spread.transform(x_train).clip(-3, 3).astype("float32")
    x_val = spread.transform(x_val).clip(-3, 3).astype("float32")
    balanced = compute_class_weight("balanced", classes=np.array([0.0, 1.0]), y=y_train)

    model = keras.Sequential([
        keras.Input((6,)),
        layers.Dense(32, activation="relu"),
        layers.Dropout(0.2),
        layers.Dense(16, activation="relu"),
        layers.Dense(1, activation="sigmoid"),
    ], name="alarm")
    model.compile(
        optimizer=keras.optimizers.Adam(1e-3),
        loss="binary_crossentropy",
        metrics=[keras.metrics.AUC(curve="PR", name="pr"), keras.metrics.Recall(name="recall"), keras.metrics.Precision(name="precision")],
    )
    model.fit(x_train, y_train, batch_size=128, epochs=25, class_weight={0: float(balanced[0]), 1: float(balanced[1])},
              validation_data=(x_val, y_val), callbacks=callbacks, verbose=2)
    return model


if __name__ == "__main__":
    run([])
