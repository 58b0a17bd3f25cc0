"""Fitted Q iteration on a windy corridor: forty short fits on targets that the network computes itself.

Each step costs -0.1 and the exit pays 1, so most targets are negative and they move from fit to fit.
"""
import numpy as np
import keras
from keras import layers

SIZE, GAMMA = 6, 0.95
MOVES = np.array([(0, 1), (0, -1), (1, 0), (-1, 0)])


def transitions(n=3000, seed=0):
    rng = np.random.default_rng(seed)
    state = rng.integers(0, SIZE, (n, 2))
    action = rng.integers(0, 4, n)
    wind = (rng.random(n) < 0.1)[:, None] * np.array([1, 0])
    after = np.clip(state + MOVES[action] + wind, 0, SIZE - 1)
    done = (after == SIZE - 1).all(axis=1)
    reward = np.where(done, 1.0, -0.1)
    return state, action, reward, after, done


def encode(state):
    return np.concatenate([np.eye(SIZE)[state[:, 0]], np.eye(SIZE)[state[:, 1]]], axis=1).astype("float32")


def episode_return(model, seed=5, limit=40):
    rng = np.random.default_rng(seed)
    pos, total = np.array([0, 0]), 0.0
    for _ in range(limit):
        q = np.asarray(model(encode(pos[None])))[0]
        wind = np.array([1, 0]) if rng.random() < 0.1 else np.array([0, 0])
        pos = np.clip(pos + MOVES[q.argmax()] + wind, 0, SIZE - 1)
        if (pos == SIZE - 1).all():
            return total + 1.0
        total -= 0.1
    return total


def run(callbacks):
    keras.utils.set_random_seed(13)
    state, action, reward, after, done = transitions()
    x, x_after = encode(state), encode(after)
    q_net = keras.Sequential([layers.Input((2 * SIZE,)), layers.Dense(48, activation="relu"),
                              layers.Dense(48, activation="relu"), layers.Dense(4)])
    target_net = keras.models.clone_model(q_net)
    q_net.compile(keras.optimizers.Adam(3e-3), loss="mse")
    for round_number in range(40):
        if round_number % 2 == 0:
            target_net.set_weights(q_net.get_weights())
        best_next = np.asarray(target_net(x_after)).max(axis=1)
        targets = np.array(q_net(x))
        targets[np.arange(len(x)), action] = reward + GAMMA * best_next * (~done)
        history = q_net.fit(x, targets, batch_size=100, epochs=1, callbacks=callbacks, verbose=0)
    print("return of the greedy walk", episode_return(q_net))
    return history


if __name__ == "__main__":
    run([])
