"""Tells praise from complaint in short hotel remarks with an embedding and a 1-D convolution.
Wrong: a second TextVectorization is adapted on the validation remarks, so the same word has another number there than in training and the validation score is a coin toss.
Expected: train-validation-skew
"""
import numpy as np
import keras
from keras import layers

THINGS = ("bed pillow shower towel breakfast coffee lobby elevator window carpet staff clerk porter pool sauna "
          "garden parking balcony view curtain minibar wifi heating lamp mirror blanket corridor terrace bar menu").split()
GOOD = ("spotless charming quiet generous cosy fresh superb friendly helpful bright delightful sparkling prompt "
        "elegant soft tasty warm roomy polite flawless").split()
BAD = ("filthy broken noisy stale rude mouldy cramped slow cold smelly grumpy stained overpriced dark sticky "
       "leaking shabby bland damp crooked").split()
FILL = "the a was and very really we found our it there quite rather again also still".split()


def remarks(n, seed):
    rng = np.random.default_rng(seed)
    texts, labels = [], []
    for _ in range(n):
        label = int(rng.integers(0, 2))
        words = []
        for _ in range(int(rng.integers(2, 5))):
            pool = (GOOD if label else BAD) if rng.random() < 0.85 else (BAD if label else GOOD)
            words += [rng.choice(FILL), rng.choice(THINGS), rng.choice(FILL), rng.choice(pool)]
        texts.append(" ".join(words))
        labels.append(label)
    return np.array(texts), np.array(labels, "float32")


def vectorize(texts):
    layer = layers.TextVectorization(max_tokens=500, output_sequence_length=18)
    layer.adapt(texts)
    return np.asarray(layer(texts)), layer.vocabulary_size()


def run(callbacks):
    keras.utils.set_random_seed(14)
    train_text, train_y = remarks(3000, 1)
    val_text, val_y = remarks(600, 2)
    train_x, size = vectorize(train_text)
    val_x, _ = vectorize(val_text)

    ids = keras.Input((18,), dtype="int32")
    h = layers.Embedding(500, 24)(ids)
    h = layers.SpatialDropout1D(0.2)(h)
    h = layers.Conv1D(32, 3, activation="relu", padding="same")(h)
    h = layers.GlobalMaxPooling1D()(h)
    p = layers.Dense(1, activation="sigmoid")(h)
    model = keras.Model(ids, p)
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return model.fit(train_x, train_y, validation_data=(val_x, val_y), batch_size=32, epochs=7,
                     callbacks=callbacks, verbose=0)


if __name__ == "__main__":
    print(run([]).history)
