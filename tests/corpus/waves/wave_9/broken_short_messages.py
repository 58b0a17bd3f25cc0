"""Mood of short shop messages (5 to 15 words), an LSTM over word numbers padded to 160.

Wrong: the messages are padded at the end with zeros and the Embedding has no mask_zero; the LSTM reads some 150 padding steps after
the last word and has forgotten the message when it answers, so the loss stays at 0.69.
Expected: unmasked-padding
"""
import numpy as np
import keras
from keras import layers

GOOD = "great lovely quick perfect friendly solid bright comfy happy recommend".split()
BAD = "broken late rude cheap torn noisy refund stained slow disappointed".split()
PLAIN = ("the a parcel shoes lamp came with box size colour it is was and for my me in on to shop order day week two one "
         "again box left right inside under").split()


def messages(n=2400, seed=44):
    rng = np.random.default_rng(seed)
    out, mood = [], []
    for _ in range(n):
        label = int(rng.random() < 0.5)
        words = list(rng.choice(PLAIN, rng.integers(4, 13)))
        for word in rng.choice(GOOD if label else BAD, rng.integers(1, 4)):
            words.insert(int(rng.integers(0, len(words) + 1)), word)
        out.append(words)
        mood.append(label)
    return out, np.array(mood, "float32")


def run(callbacks):
    keras.utils.set_random_seed(10)
    words, mood = messages()
    index = {w: i + 1 for i, w in enumerate(sorted(set(PLAIN + GOOD + BAD)))}
    numbers = [[index[w] for w in line] for line in words]
    x = keras.utils.pad_sequences(numbers, maxlen=160, padding="post", truncating="post")

    model = keras.Sequential()
    model.add(keras.Input((160,), dtype="int32"))
    model.add(layers.Embedding(len(index) + 1, 24))
    model.add(layers.LSTM(24))
    model.add(layers.Dense(1, activation="sigmoid"))
    model.compile(loss="binary_crossentropy", optimizer="rmsprop", metrics=["accuracy"])
    return model.fit(x[:1920], mood[:1920], batch_size=48, epochs=4, validation_data=(x[1920:], mood[1920:]),
                     callbacks=callbacks, verbose=2)


if __name__ == "__main__":
    run([])
