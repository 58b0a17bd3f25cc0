"""Node classification on a friendship graph: the whole graph is the batch (one step per epoch, no shuffle), labels known for 15 %."""
import keras
import networkx as nx
import numpy as np
from keras import layers, ops


class GraphConv(layers.Layer):
    def __init__(self, units, adjacency, activation=None, **kwargs):
        super().__init__(**kwargs)
        self.adjacency = adjacency
        self.dense = layers.Dense(units)
        self.activation = keras.activations.get(activation)

    def build(self, shape):
        self.dense.build(shape)

    def call(self, x):
        return self.activation(ops.matmul(self.adjacency, self.dense(x)))

    def compute_output_shape(self, shape):
        return (*shape[:-1], self.dense.units)


def friends(sizes=(110, 90, 60, 40), seed=5):
    p = np.full((4, 4), 0.012) + np.diag([0.09, 0.1, 0.13, 0.18])
    graph = nx.stochastic_block_model(sizes, p, seed=seed)
    group = np.repeat(np.arange(4), sizes)
    rng = np.random.default_rng(seed)
    hobbies = (rng.random((len(group), 30)) < 0.1).astype("float32")
    for g in range(4):
        members = np.flatnonzero(group == g)
        hobbies[np.ix_(members, range(7 * g, 7 * g + 7))] = rng.random((len(members), 7)) < 0.22
    A = nx.to_numpy_array(graph) + np.eye(len(group))
    d = 1 / np.sqrt(A.sum(1))
    return (A * d[:, None] * d[None]).astype("float32"), hobbies, group


def run(callbacks):
    keras.utils.set_random_seed(20)
    adjacency, hobbies, group = friends()
    nodes = len(group)
    rng = np.random.default_rng(0)
    known = np.zeros(nodes, "float32")
    for g in range(4):
        members = np.flatnonzero(group == g)
        known[rng.choice(members, max(8, int(0.15 * len(members))), replace=False)] = 1.0
    hidden = 1.0 - known

    inputs = keras.Input((hobbies.shape[1],))
    h = layers.Dropout(0.4)(inputs)
    h = GraphConv(24, adjacency, "relu")(h)
    h = layers.Dropout(0.4)(h)
    outputs = layers.Softmax()(GraphConv(4, adjacency)(h))
    model = keras.Model(inputs, outputs, name="gcn")
    model.compile(keras.optimizers.Adam(0.01, weight_decay=5e-4), "sparse_categorical_crossentropy",
                  weighted_metrics=["accuracy"])
    history = model.fit(hobbies, group, sample_weight=known, validation_data=(hobbies, group, hidden),
                        batch_size=nodes, validation_batch_size=nodes, shuffle=False, epochs=150,
                        callbacks=callbacks, verbose=0)
    print("accuracy of the unknown nodes:", history.history["val_accuracy"][-1])
    return history


if __name__ == "__main__":
    run([])
