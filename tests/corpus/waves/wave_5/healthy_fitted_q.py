"""Reinforcement learning on a windy grid: fitted Q iteration, one call of fit for every new table of targets."""
import keras
import numpy as np
from keras import layers

W, H, GOAL, GAMMA = 7, 5, (6, 2), 0.9
MOVES = np.array([(1, 0), (-1, 0), (0, 1), (0, -1)])
WIND = [0, 0, 0, 1, 1, 0, 0]


def step(state, action):
    x, y = state
    dx, dy = MOVES[action]
    x = int(np.clip(x + dx, 0, W - 1))
    y = int(np.clip(y + dy + WIND[state[0]], 0, H - 1))
    done = (x, y) == GOAL
    return (x, y), (1.0 if done else 0.0), done


def collect(n, rng):
    rows = []
    while len(rows) < n:
        state = (int(rng.integers(W)), int(rng.integers(H)))
        if state == GOAL:
            continue
        for _ in range(20):
            action = int(rng.integers(4))
            nxt, reward, done = step(state, action)
            rows.append((state, action, reward, nxt, done))
            state = nxt
            if done:
                break
    return [np.array(v) for v in zip(*rows)]


def encode(states):
    return np.concatenate([np.eye(W)[states[:, 0]], np.eye(H)[states[:, 1]]], axis=1).astype("float32")


def q_loss(target, q):
    # target carries (action, value); only the value of the action which was taken counts
    action = keras.ops.one_hot(keras.ops.cast(target[:, 0], "int32"), 4)
    return keras.ops.square(keras.ops.sum(q * action, axis=1) - target[:, 1])


def play(model, start):
    state, steps = start, 0
    while state != GOAL and steps < 30:
        q = model.predict_on_batch(encode(np.array([state])))
        state, _, _ = step(state, int(q.argmax()))
        steps += 1
    return steps


def run(callbacks):
    keras.utils.set_random_seed(16)
    s, a, r, s2, done = collect(3000, np.random.default_rng(116))
    x, x2 = encode(s), encode(s2)
    model = keras.Sequential([keras.Input((W + H,)), layers.Dense(64, activation="relu"),
                              layers.Dense(64, activation="relu"), layers.Dense(4)])
    model.compile(keras.optimizers.Adam(2e-3), loss=q_loss)
    for i in range(14):
        value = np.zeros(len(r)) if i == 0 else model.predict(x2, batch_size=1024, verbose=0).max(1)
        target = np.column_stack([a, r + GAMMA * value * (1 - done)]).astype("float32")
        hist = model.fit(x, target, batch_size=64, epochs=3, callbacks=callbacks, verbose=0)
    print("loss", hist.history["loss"][-1], "steps to the goal:", [play(model, p) for p in [(0, 0), (0, 4), (3, 0), (6, 4)]])
    return hist
