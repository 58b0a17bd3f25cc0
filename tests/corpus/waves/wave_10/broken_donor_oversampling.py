"""Find the few blood donors with a rare marker from routine laboratory values.

Wrong: the rare class is oversampled by repeating its rows before the data are split. Copies of the same donor lie in training and in
validation, so the validation recall of nearly 1 only shows that the net has memorised rows; new donors are hardly found.
Expected: train-validation-overlap, duplicate-examples
"""
import keras
import pandas as pd
from keras import layers
from sklearn.datasets import make_classification
from sklearn.model_selection import train_test_split


def donors():
    x, y = make_classification(n_samples=2400, n_features=18, n_informative=4, n_redundant=0, weights=[0.96], class_sep=0.5,
                               flip_y=0.01, random_state=14)
    frame = pd.DataFrame(x.astype("float32"), columns=[f"lab_{i:02d}" for i in range(18)])
    frame["marker"] = y
    return frame


def balance(frame, seed):
    rare = frame[frame.marker == 1]
    common = frame[frame.marker == 0]
    more = rare.sample(n=len(common), replace=True, random_state=seed)
    return pd.concat([common, more]).sample(frac=1.0, random_state=seed)


def run(callbacks):
    keras.utils.set_random_seed(14)
    frame = balance(donors(), seed=1)
    train, val = train_test_split(frame, test_size=0.25, random_state=2, stratify=frame.marker)
    labs = [c for c in frame.columns if c.startswith("lab_")]
    mean, std = train[labs].mean(), train[labs].std()

    def arrays(part):
        return ((part[labs] - mean) / std).to_numpy("float32"), part.marker.to_numpy("float32")

    model = keras.Sequential([
        keras.Input((len(labs),)),
        layers.Dense(192, activation="relu"),
        layers.Dense(96, activation="relu"),
        layers.Dense(1, activation="sigmoid"),
    ], name="marker")
    model.compile(
        optimizer=keras.optimizers.Adam(1e-3),
        loss="binary_crossentropy",
        metrics=["accuracy", keras.metrics.Recall(name="recall"), keras.metrics.AUC(name="auc")],
    )
    x, y = arrays(train)
    model.fit(x, y, batch_size=32, epochs=20, validation_data=arrays(val), callbacks=callbacks, verbose=2)
    return model


if __name__ == "__main__":
    run([])
