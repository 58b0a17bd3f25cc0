"""Two towers match readers to books with in-batch softmax; the target is the diagonal."""
import keras
import numpy as np
from keras import layers, ops


def loans(n_readers=300, n_books=500, n=20000):
    rng = np.random.default_rng(101)
    reader_genre = rng.integers(0, 12, n_readers)
    book_genre = rng.integers(0, 12, n_books)
    shelves = [np.flatnonzero(book_genre == g) for g in range(12)]
    readers = rng.integers(0, n_readers, n)
    books = np.array(
        [
            rng.choice(shelves[reader_genre[r]]) if rng.random() < 0.9
            else rng.integers(0, n_books)
            for r in readers
        ]
    )
    return readers.astype("int32"), books.astype("int32")


class Towers(keras.Model):
    def __init__(self, n_readers, n_books, dim=12, temperature=0.2):
        super().__init__()
        self.reader = layers.Embedding(n_readers, dim)
        self.book = layers.Embedding(n_books, dim)
        self.temperature = temperature

    def call(self, inputs):
        r = ops.normalize(self.reader(inputs["reader"]), axis=-1)
        b = ops.normalize(self.book(inputs["book"]), axis=-1)
        return ops.matmul(r, ops.transpose(b)) / self.temperature

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """Row i of the batch should choose column i."""
        pairs = ops.arange(ops.shape(y_pred)[0])
        # the same book may be in the batch twice: the copies are no negatives
        same = ops.equal(x["book"][:, None], x["book"][None, :])
        own = ops.equal(pairs[:, None], pairs[None, :])
        copies = ops.logical_and(same, ops.logical_not(own))
        logits = ops.where(copies, -1e9, y_pred)
        return ops.mean(
            keras.losses.sparse_categorical_crossentropy(pairs, logits, from_logits=True)
        )


def run(callbacks):
    keras.utils.set_random_seed(51)
    readers, books = loans()
    cut = 17920
    model = Towers(300, 500)
    model.compile(keras.optimizers.Adam(2e-3))
    return model.fit(
        {"reader": readers[:cut], "book": books[:cut]}, batch_size=128, epochs=4,
        # whole batches of the same size, or the loss means something else
        validation_data=({"reader": readers[cut : cut + 2048], "book": books[cut : cut + 2048]},),
        validation_batch_size=128, callbacks=callbacks, verbose=2,
    )


if __name__ == "__main__":
    run([])
