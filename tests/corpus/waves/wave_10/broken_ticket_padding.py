"""Route support tickets (short texts as word numbers) to one of three teams with an LSTM.

Wrong: tickets of 5 to 16 words are padded at the end to 160 with zeros and the Embedding has no mask_zero. The LSTM reads about 150
padding steps after the last word and has forgotten the ticket when it gives its state; accuracy hangs at chance.
Expected: unmasked-padding
"""
import keras
import numpy as np
from keras import layers

WORDS = 400
LONGEST = 160


def tickets(n, rng):
    teams = rng.integers(0, 3, n)
    texts = []
    for team in teams:
        length = rng.integers(5, 17)
        words = rng.integers(61, WORDS, length)
        marks = rng.integers(1 + 20 * team, 21 + 20 * team, max(2, length // 4))
        words[rng.choice(length, len(marks), replace=False)] = marks
        texts.append(words.tolist())
    return texts, teams.astype("int32")


def run(callbacks):
    keras.utils.set_random_seed(23)
    rng = np.random.default_rng(23)
    train_texts, train_teams = tickets(1600, rng)
    val_texts, val_teams = tickets(320, rng)
    x_train = keras.utils.pad_sequences(train_texts, maxlen=LONGEST, padding="post")
    x_val = keras.utils.pad_sequences(val_texts, maxlen=LONGEST, padding="post")

    model = keras.Sequential([
        keras.Input((LONGEST,), dtype="int32", name="words"),
        layers.Embedding(WORDS, 24),
        layers.LSTM(24),
        layers.Dense(24, activation="relu"),
        layers.Dense(3, activation="softmax"),
    ], name="router")
    model.compile(keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x_train, train_teams, batch_size=32, epochs=4, validation_data=(x_val, val_teams), callbacks=callbacks, verbose=2)
    return model


if __name__ == "__main__":
    run([])
