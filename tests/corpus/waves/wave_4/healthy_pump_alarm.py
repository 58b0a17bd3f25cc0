"""Find the 3 % of pump cycles that precede a failure, with class weights and PR-AUC."""
import keras
import numpy as np
from keras import layers
from sklearn.datasets import make_classification
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import RobustScaler


def run(callbacks):
    keras.utils.set_random_seed(43)
    x, y = make_classification(
        8000, n_features=18, n_informative=7, n_redundant=4, weights=[0.97],
        class_sep=1.4, flip_y=0.002, random_state=17,
    )
    x_train, x_test, y_train, y_test = train_test_split(
        x, y, test_size=0.25, stratify=y, random_state=1
    )
    scaler = RobustScaler().fit(x_train)
    x_train, x_test = scaler.transform(x_train), scaler.transform(x_test)

    n, pos = len(y_train), int(y_train.sum())
    # softened: the full ratio of 32 would cost too many false alarms
    class_weight = {0: 1.0, 1: float(np.sqrt((n - pos) / pos))}
    prior = np.log(pos / (n - pos))

    model = keras.Sequential(
        [
            keras.Input((18,)),
            layers.Dense(48, activation="relu"),
            layers.Dropout(0.1),
            layers.Dense(24, activation="relu"),
            layers.Dense(
                1, activation="sigmoid",
                bias_initializer=keras.initializers.Constant(prior),
            ),
        ]
    )
    model.compile(
        keras.optimizers.Adam(2e-3), "binary_crossentropy",
        metrics=[
            keras.metrics.AUC(curve="PR", name="pr_auc"),
            keras.metrics.Precision(name="precision"),
            keras.metrics.Recall(name="recall"),
        ],
    )
    return model.fit(
        x_train, y_train.astype("float32"), batch_size=256, epochs=18,
        class_weight=class_weight, validation_data=(x_test, y_test.astype("float32")),
        callbacks=callbacks, verbose=2,
    )


if __name__ == "__main__":
    run([])
