"""Tags names and places in short messages with a bidirectional LSTM.
Wrong: messages of 4 to 12 words are padded to 60 and the padding carries the same tag number as "other"; without mask or weights more than four fifths of loss and accuracy are padding, so an accuracy of 97 % says nothing about the tags.
Expected: unmasked-padding
"""
import numpy as np
import keras
from keras import layers

MAXLEN = 60
NAMES = [f"name{i}" for i in range(60)]
PLACES = [f"place{i}" for i in range(60)]
WORDS = [f"w{i}" for i in range(250)]
CUES = {"NAME": ["mr", "mrs", "dear", "with"], "PLACE": ["in", "near", "from", "to"]}
TAGS = {"O": 0, "NAME": 1, "PLACE": 2}


def messages(n, seed):
    rng = np.random.default_rng(seed)
    out = []
    for _ in range(n):
        sent = []
        length = int(rng.integers(4, 13))
        while len(sent) < length:
            u = rng.random()
            if u < 0.15:
                sent += [(rng.choice(CUES["NAME"]), "O"), (rng.choice(NAMES), "NAME")]
            elif u < 0.3:
                sent += [(rng.choice(CUES["PLACE"]), "O"), (rng.choice(PLACES), "PLACE")]
            else:
                sent.append((rng.choice(WORDS), "O"))
        out.append(sent)
    return out


def encode(sents, vocab):
    x = np.zeros((len(sents), MAXLEN), "int32")
    y = np.zeros((len(sents), MAXLEN), "int32")
    for i, s in enumerate(sents):
        for j, (word, tag) in enumerate(s):
            x[i, j] = vocab[word]
            y[i, j] = TAGS[tag]
    return x, y


def run(callbacks):
    keras.utils.set_random_seed(16)
    vocab = {w: i + 1 for i, w in enumerate(NAMES + PLACES + WORDS + sum(CUES.values(), []))}
    x, y = encode(messages(900, 1), vocab)
    vx, vy = encode(messages(200, 2), vocab)
    model = keras.Sequential([
        layers.Embedding(len(vocab) + 1, 16),
        layers.Bidirectional(layers.LSTM(12, return_sequences=True)),
        layers.TimeDistributed(layers.Dense(len(TAGS), activation="softmax")),
    ])
    model.compile(optimizer=keras.optimizers.Adam(1e-3), loss="sparse_categorical_crossentropy",
                  metrics=["accuracy"])
    return model.fit(x, y, validation_data=(vx, vy), batch_size=32, epochs=4, callbacks=callbacks, verbose=0)


if __name__ == "__main__":
    print(run([]).history)
