"""Character-level language model on a made-up log book, with a learning rate that should halve every two epochs.
Wrong: decay_steps=2 was meant as epochs, but ExponentialDecay counts optimizer steps; after some 40 batches the learning
rate is practically zero and the loss stays where it was.
Expected: learning-rate-too-low
"""
import random

import keras
import numpy as np
from keras import layers

SEQ = 40


def log_book():
    r = random.Random(99)
    ships = ["aurora", "bellona", "cygnet", "dunmore", "electra"]
    winds = ["north", "north east", "south", "south west", "west"]
    out = []
    for day in range(420):
        out.append(f"day {day % 31 + 1}: the {r.choice(ships)} made {r.randint(3, 14)} knots, wind {r.choice(winds)}, "
                   f"{r.choice(['clear', 'rain', 'fog at dawn'])}.")
    return "\n".join(out)


def run(callbacks):
    keras.utils.set_random_seed(6)
    text = log_book()
    vocab = sorted(set(text))
    index = {c: i for i, c in enumerate(vocab)}
    ids = np.array([index[c] for c in text])
    starts = np.arange(0, len(ids) - SEQ - 1, 13)
    x = np.stack([ids[s:s + SEQ] for s in starts])
    y = np.stack([ids[s + 1:s + SEQ + 1] for s in starts])
    n = int(0.9 * len(x))

    schedule = keras.optimizers.schedules.ExponentialDecay(initial_learning_rate=3e-3, decay_steps=2, decay_rate=0.5)
    model = keras.Sequential([
        keras.Input((SEQ,)),
        layers.Embedding(len(vocab), 24),
        layers.GRU(64, return_sequences=True),
        layers.Dense(len(vocab)),
    ])
    model.compile(optimizer=keras.optimizers.Adam(schedule),
                  loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    model.fit(x[:n], y[:n], validation_data=(x[n:], y[n:]), batch_size=64, epochs=6, verbose=2, callbacks=callbacks)
    return model
