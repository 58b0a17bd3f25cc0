"""Routes support tickets with pre-trained word vectors loaded from a GloVe-style text file.
Wrong: the ticket system writes everything in capitals and the vocabulary keeps them, while the vector file is lower case; no
word is found, the embedding matrix stays all zeros and is frozen, so every ticket looks the same to the network.
Expected: frozen-model, degenerate-initialization, constant-output
"""
import os
import random
import tempfile

import keras
import numpy as np
from keras import layers

TOPICS = {
    "network": "router wifi vpn cable switch ping dns packet firewall modem".split(),
    "printer": "printer toner paper jam scan tray ink duplex copy queue".split(),
    "account": "password login locked reset user token mail quota badge role".split(),
    "laptop": "battery screen keyboard fan charger dock webcam disk boot hinge".split(),
}
COMMON = "please help my the is not working since today again error and in office on floor thanks".split()
DIM = 25


def write_vectors(path):
    rng = np.random.default_rng(1)
    with open(path, "w") as f:
        for words in TOPICS.values():
            centre = rng.normal(0, 0.6, DIM)
            for w in words:
                f.write(w + " " + " ".join(f"{v:.4f}" for v in centre + rng.normal(0, 0.3, DIM)) + "\n")
        for w in COMMON:
            f.write(w + " " + " ".join(f"{v:.4f}" for v in rng.normal(0, 0.3, DIM)) + "\n")


def tickets(n, seed):
    r = random.Random(seed)
    names = list(TOPICS)
    labels = [r.randrange(4) for _ in range(n)]
    texts = []
    for y in labels:
        words = r.choices(TOPICS[names[y]], k=3) + r.choices(COMMON, k=7)
        r.shuffle(words)
        texts.append(" ".join(words).upper())
    return np.array(texts), np.array(labels)


def run(callbacks):
    keras.utils.set_random_seed(26)
    texts, labels = tickets(1600, 7)
    val_texts, val_labels = tickets(300, 8)
    vectorize = layers.TextVectorization(output_sequence_length=10, standardize="strip_punctuation")
    vectorize.adapt(texts)
    vocab = vectorize.get_vocabulary()

    with tempfile.TemporaryDirectory() as tmp:
        path = os.path.join(tmp, "glove.25d.txt")
        write_vectors(path)
        vectors = {}
        for line in open(path):
            word, *values = line.split()
            vectors[word] = np.asarray(values, "float32")
    matrix = np.zeros((len(vocab), DIM), "float32")
    for i, word in enumerate(vocab):
        if word in vectors:
            matrix[i] = vectors[word]

    model = keras.Sequential([
        keras.Input((10,), dtype="int64"),
        layers.Embedding(len(vocab), DIM, embeddings_initializer=keras.initializers.Constant(matrix), trainable=False),
        layers.Conv1D(32, 3, activation="relu"),
        layers.GlobalMaxPooling1D(),
        layers.Dense(4, activation="softmax"),
    ])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(np.asarray(vectorize(texts)), labels, batch_size=32, epochs=6, verbose=2,
              validation_data=(np.asarray(vectorize(val_texts)), val_labels), callbacks=callbacks)
    return model
