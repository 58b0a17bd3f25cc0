"""Routes help-desk tickets to one of six teams: bag of words out of TextVectorization, then a small MLP.

Wrong: the last layer is Dense(6) without an activation, but the loss is named by its string, so it expects probabilities
(from_logits=False); raw, also negative scores are clipped and normalised as if they were probabilities, and training gets stuck.
Expected: output-activation-mismatch
"""
import numpy as np
import tensorflow as tf
import keras
from keras import layers

TEAMS = {
    "network": "wifi vpn router cable switch firewall ping dns proxy signal".split(),
    "printing": "printer toner paper tray jam scanner duplex copy ink page".split(),
    "accounts": "password login account locked reset token badge user access mfa".split(),
    "hardware": "laptop screen battery keyboard mouse dock fan charger monitor disk".split(),
    "mail": "outlook inbox calendar attachment spam mailbox invite signature archive folder".split(),
    "payroll": "salary invoice holiday payslip bonus tax expense overtime bank refund".split(),
}
FILLER = "please help since yesterday my the is not working again and it was fine before we need this today thanks".split()


def tickets(n=4000, seed=9):
    rng = np.random.default_rng(seed)
    names = list(TEAMS)
    texts, labels = [], []
    for _ in range(n):
        k = int(rng.integers(len(names)))
        words = list(rng.choice(TEAMS[names[k]], rng.integers(1, 4))) + list(rng.choice(FILLER, rng.integers(5, 14)))
        if rng.random() < 0.3:
            words.append(rng.choice(TEAMS[names[int(rng.integers(len(names)))]]))
        rng.shuffle(words)
        texts.append(" ".join(words))
        labels.append(k)
    return np.array(texts), np.array(labels)


class Router(keras.Model):
    def __init__(self, n_teams):
        super().__init__()
        self.hidden = layers.Dense(64, activation="relu")
        self.drop = layers.Dropout(0.3)
        self.scores = layers.Dense(n_teams)

    def call(self, words, training=False):
        return self.scores(self.drop(self.hidden(words), training=training))


def run(callbacks):
    keras.utils.set_random_seed(17)
    texts, labels = tickets()
    cut = 3200
    vectorize = layers.TextVectorization(max_tokens=200, output_mode="multi_hot")
    vectorize.adapt(texts[:cut])

    def pipeline(t, y, train):
        ds = tf.data.Dataset.from_tensor_slices((t, y))
        if train:
            ds = ds.shuffle(len(t), seed=1)
        return ds.batch(32).map(lambda a, b: (vectorize(a), b)).prefetch(2)

    model = Router(len(TEAMS))
    model.compile(optimizer=keras.optimizers.Adam(2e-3), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model.fit(pipeline(texts[:cut], labels[:cut], True), validation_data=pipeline(texts[cut:], labels[cut:], False),
                     epochs=6, callbacks=callbacks, verbose=2)


if __name__ == "__main__":
    run([])
