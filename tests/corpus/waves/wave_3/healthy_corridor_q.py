"""Q-learning with a small network on a windy corridor; fit is called once per round with fresh targets."""
import numpy as np
import keras
from keras import layers

LENGTH, GAMMA = 12, 0.9


def move(state, action, rng):
    """Action 0 goes left, 1 right; wind takes away every tenth move. The right end pays 1."""
    step = 0 if rng.random() < 0.1 else (1 if action else -1)
    nxt = min(max(state + step, 0), LENGTH - 1)
    return nxt, float(nxt == LENGTH - 1), nxt == LENGTH - 1


def one_hot(states):
    return np.eye(LENGTH, dtype="float32")[states]


def collect(n, rng):
    """Transitions of a wandering agent that starts anywhere."""
    s = rng.integers(0, LENGTH - 1, n)
    a = rng.integers(0, 2, n)
    rest = [move(int(i), int(j), rng) for i, j in zip(s, a)]
    nxt, reward, done = (np.array(c) for c in zip(*rest))
    return s, a, nxt, reward.astype("float32"), done


def run(callbacks):
    keras.utils.set_random_seed(13)
    rng = np.random.default_rng(13)
    q = keras.Sequential([
        keras.Input((LENGTH,)),
        layers.Dense(32, activation="tanh"),
        layers.Dense(2),
    ])
    q.compile(optimizer=keras.optimizers.Adam(1e-2), loss="mse")
    losses = []
    for _ in range(30):
        s, a, nxt, reward, done = collect(256, rng)
        target = np.array(q(one_hot(s)))
        best = np.array(q(one_hot(nxt))).max(axis=1)
        target[np.arange(len(s)), a] = reward + GAMMA * best * (1.0 - done)
        hist = q.fit(one_hot(s), target, batch_size=32, epochs=2, verbose=0, callbacks=callbacks)
        losses.append(hist.history["loss"][-1])
    table = np.array(q(one_hot(np.arange(LENGTH - 1))))
    print("goes right in", int((table[:, 1] > table[:, 0]).sum()), "of", LENGTH - 1, "places;",
          "value next to the goal", table[-1, 1].round(2))
    return losses


if __name__ == "__main__":
    run([])
