"""Sort machine log lines into info, warning and failure from their text.

Wrong: each line starts with the same six header words and the vectorizer keeps only the first six tokens
(`output_sequence_length=6`), so the message itself is cut off and all inputs look the same.

Expected: constant-input, constant-feature, constant-output
"""
import random
import numpy as np
import keras
from keras import layers

MESSAGES = [
    ["pump started normally", "cycle finished in time", "operator logged in", "backup stored", "door closed", "recipe loaded"],
    ["temperature above soft limit", "filter nearly full", "retrying connection", "battery getting low", "slow response from drive"],
    ["emergency stop pressed", "motor current too high shutdown", "sensor lost", "pressure vessel leak", "drive fault detected"],
]
SITES = ["hall three", "hall four"]


def lines(n):
    rnd = random.Random(10)
    texts, labels = [], []
    for _ in range(n):
        label = rnd.randrange(3)
        tail = rnd.choice(["at station two", "at station nine", "during night shift", "after restart", ""])
        texts.append("plant controller log entry from unit " + rnd.choice(MESSAGES[label]) + " " + tail)
        labels.append(label)
    return np.array(texts, dtype=object), np.array(labels)


def run(callbacks):
    keras.utils.set_random_seed(3)
    texts, labels = lines(2400)
    train, test = slice(0, 1900), slice(1900, None)
    vectorize = layers.TextVectorization(max_tokens=500, output_sequence_length=6)
    vectorize.adapt(list(texts[train]))
    x_train = np.asarray(vectorize(list(texts[train])))
    x_test = np.asarray(vectorize(list(texts[test])))

    model = keras.Sequential([
        layers.Embedding(500, 16),
        layers.Bidirectional(layers.GRU(12)),
        layers.Dense(3, activation="softmax"),
    ])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model.fit(x_train, labels[train], validation_data=(x_test, labels[test]), epochs=8, batch_size=64,
                     callbacks=callbacks, verbose=0)


if __name__ == "__main__":
    print(run([]).history["val_accuracy"])
