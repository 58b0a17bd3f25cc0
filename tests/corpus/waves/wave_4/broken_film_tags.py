"""Tag films with any of twelve themes from a plot fingerprint.

Wrong: several tags hold for one film, but the output is a softmax trained with
categorical cross-entropy. The probabilities must share 1.0 between all the true
tags, so none gets over a threshold of 0.5 when a film has three of them, and the
loss itself grows from epoch to epoch while the logits run away.

Expected: unsuitable-loss, output-activation-mismatch, label-loss-mismatch
"""
import keras
import pandas as pd
from keras import layers
from sklearn.datasets import make_multilabel_classification
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

TAGS = ["heist", "road", "space", "revenge", "court", "family", "war", "ghost",
        "sport", "music", "coming-of-age", "island"]


def films():
    x, y = make_multilabel_classification(
        3000, n_features=60, n_classes=len(TAGS), n_labels=3, length=120,
        random_state=3,
    )
    plots = pd.DataFrame(x).add_prefix("topic_")
    tags = pd.DataFrame(y, columns=TAGS)
    return plots, tags


def run(callbacks):
    keras.utils.set_random_seed(12)
    plots, tags = films()
    p_train, p_test, t_train, t_test = train_test_split(
        plots, tags, test_size=0.2, random_state=0
    )
    scaler = StandardScaler().fit(p_train)
    x, x_test = scaler.transform(p_train), scaler.transform(p_test)

    inputs = keras.Input((x.shape[1],))
    h = layers.Dense(64, activation="gelu")(inputs)
    h = layers.Dropout(0.2)(h)
    h = layers.Dense(32, activation="gelu")(h)
    outputs = layers.Dense(len(TAGS), activation="softmax", name="tags")(h)
    model = keras.Model(inputs, outputs)
    model.compile(
        keras.optimizers.Adam(2e-3), loss="categorical_crossentropy",
        metrics=["binary_accuracy", keras.metrics.Recall(name="recall")],
    )
    return model.fit(
        x, t_train.to_numpy("float32"), batch_size=32, epochs=8,
        validation_data=(x_test, t_test.to_numpy("float32")),
        callbacks=callbacks, verbose=2,
    )


if __name__ == "__main__":
    run([])
