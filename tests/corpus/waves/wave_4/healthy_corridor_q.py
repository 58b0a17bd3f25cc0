"""Fitted Q-learning on a windy grid: a fresh batch of targets for each round of fit."""
import keras
import numpy as np
from keras import layers

W, H = 6, 4
GOAL = (5, 2)
MOVES = [(1, 0), (-1, 0), (0, 1), (0, -1)]
GAMMA = 0.9


def step(x, y, action, rng):
    dx, dy = MOVES[action]
    wind = 1 if x in (2, 3) and rng.random() < 0.3 else 0
    x = min(max(x + dx, 0), W - 1)
    y = min(max(y + dy + wind, 0), H - 1)
    done = (x, y) == GOAL
    return x, y, (1.0 if done else -0.02), done


def observe(cells):
    return np.eye(W * H, dtype="float32")[[x + W * y for x, y in cells]]


def experience(n, rng):
    cells, actions, rewards, following, done = [], [], [], [], []
    while len(cells) < n:
        x, y = int(rng.integers(W)), int(rng.integers(H))
        if (x, y) == GOAL:
            continue
        a = int(rng.integers(4))
        nx, ny, r, end = step(x, y, a, rng)
        cells.append((x, y))
        actions.append(a)
        rewards.append(r)
        following.append((nx, ny))
        done.append(end)
    return (observe(cells), np.array(actions), np.array(rewards, "float32"),
            observe(following), np.array(done))


def success(model, rng, tries=40):
    table = model.predict(np.eye(W * H, dtype="float32"), verbose=0).argmax(1)
    arrived = 0
    for _ in range(tries):
        x, y = 0, int(rng.integers(H))
        for _ in range(25):
            x, y, _, end = step(x, y, table[x + W * y], rng)
            if end:
                arrived += 1
                break
    return arrived / tries


def run(callbacks):
    keras.utils.set_random_seed(54)
    rng = np.random.default_rng(3)
    model = keras.Sequential(
        [keras.Input((W * H,)), layers.Dense(48, activation="relu"), layers.Dense(4)]
    )
    model.compile(keras.optimizers.Adam(5e-3), loss="mse")
    s, a, r, s2, done = experience(2400, rng)
    rounds = 20
    for k in range(rounds):
        targets = model.predict(s, verbose=0)
        best = model.predict(s2, verbose=0).max(1)
        targets[np.arange(len(a)), a] = r + GAMMA * best * ~done
        history = model.fit(
            s, targets, batch_size=32, initial_epoch=3 * k, epochs=3 * k + 3,
            callbacks=callbacks, verbose=2,
        )
    print("reaches the goal:", success(model, rng))
    return history


if __name__ == "__main__":
    run([])
