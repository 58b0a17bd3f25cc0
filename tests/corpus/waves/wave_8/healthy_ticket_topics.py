"""Support tickets with several topics each: a sparse TF-IDF matrix straight into fit, one sigmoid per topic."""
import keras
import numpy as np
from keras import layers
from sklearn.feature_extraction.text import TfidfVectorizer

TOPICS = {
    "billing": "invoice refund charged card payment subscription price tax vat receipt".split(),
    "login": "password login account locked reset token twofactor email username session".split(),
    "mobile": "android iphone app crash screen tablet swipe notification battery widget".split(),
    "export": "csv export download report excel column pdf schedule archive folder".split(),
    "speed": "slow timeout loading lag minutes performance hang wait spinner delay".split(),
}
NOISE = ("hello please since yesterday i cannot get the it still when try my our team again thanks help tell what "
         "do today after update customer why same problem happens every time urgent regards").split()


def tickets(n, seed):
    rng = np.random.default_rng(seed)
    texts, tags = [], np.zeros((n, len(TOPICS)), "float32")
    words = list(TOPICS.values())
    for i in range(n):
        count = rng.choice([0, 1, 2, 3], p=[0.08, 0.5, 0.3, 0.12])
        body = list(rng.choice(NOISE, rng.integers(8, 20)))
        for k in rng.choice(len(words), count, replace=False):
            tags[i, k] = 1
            body += list(rng.choice(words[k], rng.integers(1, 4)))
        rng.shuffle(body)
        texts.append(" ".join(body))
    return texts, tags


def run(callbacks):
    keras.utils.set_random_seed(33)
    train_texts, y_train = tickets(3000, 1)
    test_texts, y_test = tickets(600, 2)
    tfidf = TfidfVectorizer(sublinear_tf=True)
    X_train = tfidf.fit_transform(train_texts).astype("float32")
    X_test = tfidf.transform(test_texts).astype("float32")

    model = keras.Sequential([
        keras.Input((X_train.shape[1],), sparse=True),
        layers.Dense(32, activation="relu"),
        layers.Dropout(0.3),
        layers.Dense(len(TOPICS), activation="sigmoid"),
    ])
    model.compile(
        optimizer=keras.optimizers.Adam(2e-3), loss="binary_crossentropy",
        metrics=[keras.metrics.F1Score(average="micro", threshold=0.5, name="f1"),
                 keras.metrics.AUC(multi_label=True, num_labels=len(TOPICS), name="auc")],
    )
    return model.fit(X_train, y_train, validation_data=(X_test, y_test), batch_size=64, epochs=12,
                     callbacks=callbacks, verbose=2)


if __name__ == "__main__":
    run([])
