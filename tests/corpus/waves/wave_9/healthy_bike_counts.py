"""Bikes rented per station and hour as Poisson counts, with the log of the open minutes as an offset (rate times exposure)."""
import numpy as np
import pandas as pd
import keras
from keras import layers, ops


def rentals(n=7000, seed=53):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"hour": rng.integers(0, 24, n), "temperature": rng.normal(14, 8, n), "rain": rng.random(n) < 0.25,
                          "station": rng.integers(0, 12, n), "minutes": rng.choice([10, 20, 40, 60], n)})
    popular = np.random.default_rng(1).normal(0, 0.5, 12)
    rate = (-3.0 + np.exp(-((frame.hour - 8) / 2.5) ** 2) + 1.2 * np.exp(-((frame.hour - 17.5) / 3) ** 2)
            + 0.05 * (frame.temperature - 14) - 0.9 * frame.rain + popular[frame.station])
    frame["bikes"] = rng.poisson(np.exp(rate) * frame.minutes)
    return frame


def features(frame, mean, std):
    hour = 2 * np.pi * frame.hour / 24
    dense = np.stack([np.sin(hour), np.cos(hour), np.sin(2 * hour), np.cos(2 * hour), (frame.temperature - mean) / std, frame.rain], 1)
    return {"numbers": dense.astype("float32"), "station": frame.station.to_numpy("int32")[:, None],
            "log_minutes": np.log(frame.minutes.to_numpy("float32"))[:, None]}


def run(callbacks):
    keras.utils.set_random_seed(54)
    frame = rentals()
    train, valid = frame.iloc[:5600], frame.iloc[5600:]
    mean, std = train.temperature.mean(), train.temperature.std()

    dense = keras.Input((6,), name="numbers")
    station = keras.Input((1,), dtype="int32", name="station")
    offset = keras.Input((1,), name="log_minutes")
    where = layers.Flatten()(layers.Embedding(12, 4)(station))
    h = layers.Dense(48, activation="relu")(layers.Concatenate()([dense, where]))
    h = layers.Dense(24, activation="relu")(h)
    log_rate = layers.Dense(1, bias_initializer=keras.initializers.Constant(-2.5))(h)
    bikes = layers.Activation("exponential")(layers.Add()([log_rate, offset]))
    model = keras.Model({"numbers": dense, "station": station, "log_minutes": offset}, bikes)
    model.compile(optimizer=keras.optimizers.Adam(2e-3), loss="poisson", metrics=["mae"])
    return model.fit(features(train, mean, std), train.bikes.to_numpy("float32")[:, None], batch_size=64, epochs=8,
                     validation_data=(features(valid, mean, std), valid.bikes.to_numpy("float32")[:, None]),
                     callbacks=callbacks, verbose=2)


if __name__ == "__main__":
    run([])
