"""Tell good from bad hotel reviews by their words (bag of embeddings).

Wrong: a second TextVectorization is adapted to the validation reviews instead of using the one of the training reviews. The same word
gets another number there, so validation looks up the vectors of other words and stays near chance while training goes to 1.
Expected: train-validation-skew, validation-at-chance
"""
import keras
import numpy as np
from keras import layers

GOOD = "lovely quiet spotless friendly charming spacious delicious helpful sunny elegant cosy bright generous superb warm".split()
BAD = "dirty noisy rude broken mouldy tiny smelly cold overpriced greasy dark dusty slow damp awful".split()
PLAIN = ("room staff breakfast lobby pool bed view parking towel window dinner station night floor price terrace lift bar "
         "garden kitchen weekend family beach shower balcony reception tea pillow carpet corridor").split()
MAX_WORDS = 20


def reviews(n, seed):
    rng = np.random.default_rng(seed)
    texts, labels = [], []
    for _ in range(n):
        good = int(rng.integers(0, 2))
        main, rest = (GOOD, BAD) if good else (BAD, GOOD)
        words = list(rng.choice(PLAIN, rng.integers(6, 12))) + list(rng.choice(main, 4))
        if rng.random() < 0.4:
            words.append(rng.choice(rest))
        rng.shuffle(words)
        texts.append(" ".join(words))
        labels.append(good)
    return texts, np.array(labels, "float32")


def to_numbers(texts):
    vectorizer = layers.TextVectorization(max_tokens=200, output_sequence_length=MAX_WORDS)
    vectorizer.adapt(texts)
    return np.asarray(vectorizer(texts)).astype("int32")


def run(callbacks):
    keras.utils.set_random_seed(61)
    train_texts, y_train = reviews(1500, 1)
    val_texts, y_val = reviews(400, 2)
    x_train = to_numbers(train_texts)
    x_val = to_numbers(val_texts)

    words = keras.Input((MAX_WORDS,), dtype="int32", name="words")
    h = layers.Embedding(200, 16, mask_zero=True, name="vectors")(words)
    h = layers.GlobalAveragePooling1D(name="mean")(h)
    h = layers.Dense(16, activation="relu", name="hidden")(h)
    good = layers.Dense(1, activation="sigmoid", name="good")(h)
    model = keras.Model(words, good)
    model.compile(keras.optimizers.Adam(3e-3), "binary_crossentropy", metrics=["accuracy"])
    model.fit(x_train, y_train, batch_size=32, epochs=12, validation_data=(x_val, y_val), callbacks=callbacks, verbose=2)
    return model


if __name__ == "__main__":
    run([])
