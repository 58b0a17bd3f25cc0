"""Route support tickets to one of three desks with averaged word embeddings.

Wrong: a second TextVectorization is adapted on the validation tickets, so the same
word has one number in training and another in validation. Training goes well,
validation stays near chance, and it looks like overfitting.

Expected: train-validation-skew
"""
import keras
import numpy as np
from keras import layers

TOPICS = {
    0: "invoice refund charged card payment receipt tax double amount billing".split(),
    1: "login password reset locked account code phone email verify token".split(),
    2: "crash screen frozen update install slow error restart battery driver".split(),
}
FILLER = ("the my is i a to please help again today since with after it was not and "
          "when have still cannot why me from on hello thanks").split()


def tickets(n, seed, mix):
    rng = np.random.default_rng(seed)
    texts, desks = [], []
    for _ in range(n):
        desk = int(rng.choice(3, p=mix))
        words = list(rng.choice(FILLER, rng.integers(5, 11)))
        words += list(rng.choice(TOPICS[desk], rng.integers(2, 5)))
        if rng.random() < 0.2:
            words.append(rng.choice(TOPICS[int(rng.integers(3))]))
        rng.shuffle(words)
        texts.append(" ".join(words))
        desks.append(desk)
    return np.array(texts), np.array(desks)


def to_ids(texts, max_tokens=200, length=16):
    vectorize = layers.TextVectorization(max_tokens, output_sequence_length=length)
    vectorize.adapt(texts)
    return np.array(vectorize(texts))


def run(callbacks):
    keras.utils.set_random_seed(11)
    text, y = tickets(1800, 1, [0.4, 0.35, 0.25])
    text_val, y_val = tickets(400, 2, [0.25, 0.35, 0.4])
    x = to_ids(text)
    x_val = to_ids(text_val)
    model = keras.Sequential(
        [
            keras.Input((16,), dtype="int64"),
            layers.Embedding(200, 16, mask_zero=True),
            layers.GlobalAveragePooling1D(),
            layers.Dense(16, activation="relu"),
            layers.Dense(3),
        ]
    )
    model.compile(
        keras.optimizers.Adam(3e-3),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    return model.fit(
        x, y, batch_size=32, epochs=8, validation_data=(x_val, y_val),
        callbacks=callbacks, verbose=2,
    )


if __name__ == "__main__":
    run([])
