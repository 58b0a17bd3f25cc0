"""Sentiment of hotel reviews with TextVectorization, an embedding and average pooling.

Wrong: ``encode`` makes and adapts a new TextVectorization every time, so the validation reviews get a vocabulary of their own.
Id 37 is "spotless" in training and "carpet" in validation: training accuracy climbs, validation stays at 65 % while its loss
rises, and people put it down to overfitting.

Expected: train-validation-skew
"""
import keras
import numpy as np
from keras import layers

GOOD = "spotless friendly quiet generous charming helpful comfy delicious bright warm superb lovely fresh calm".split()
BAD = "dirty rude noisy tiny broken smelly cold stale overpriced mouldy dark awful slow leaking".split()
STUFF = ("room bed breakfast staff pool lobby view bathroom carpet towel shower window street lift parking bar price night "
         "stay location reception coffee dinner balcony garden beach minibar key floor corridor door tv wifi desk").split()
GLUE = "the a was and very really we with our it had of were near but quite".split()


def reviews(n, seed):
    rng = np.random.default_rng(seed)
    zipf = 1 / np.arange(1, len(STUFF) + 1)
    stuff_p = rng.permutation(zipf) / zipf.sum()
    texts, stars = [], rng.integers(0, 2, n)
    for s in stars:
        words = []
        for _ in range(rng.integers(4, 9)):
            mood = (GOOD if s else BAD) if rng.random() < 0.8 else (BAD if s else GOOD)
            words += [rng.choice(GLUE), rng.choice(STUFF, p=stuff_p), rng.choice(GLUE), rng.choice(mood)]
        texts.append(" ".join(words).capitalize() + ".")
    return np.array(texts), stars.astype("float32")


def encode(texts, max_words=2000, length=40):
    vectorizer = layers.TextVectorization(max_tokens=max_words, output_sequence_length=length)
    vectorizer.adapt(texts)
    return np.asarray(vectorizer(texts))


class ReviewNet(keras.Model):
    def __init__(self, vocab=2000, dim=24):
        super().__init__()
        self.embed = layers.Embedding(vocab, dim, mask_zero=True)
        self.pool = layers.GlobalAveragePooling1D()
        self.hidden = layers.Dense(16, activation="relu")
        self.drop = layers.Dropout(0.3)
        self.out = layers.Dense(1, activation="sigmoid")

    def call(self, tokens, training=None):
        x = self.pool(self.embed(tokens), mask=self.embed.compute_mask(tokens))
        return self.out(self.drop(self.hidden(x), training=training))


def run(callbacks):
    keras.utils.set_random_seed(21)
    train_texts, y_train = reviews(2400, seed=1)
    val_texts, y_val = reviews(400, seed=2)
    x_train = encode(train_texts)
    x_val = encode(val_texts)

    model = ReviewNet()
    model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
    return model.fit(x_train, y_train, validation_data=(x_val, y_val), epochs=10, batch_size=32,
                     callbacks=callbacks, verbose=2)


if __name__ == "__main__":
    run([])
