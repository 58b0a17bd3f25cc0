"""Q-learning in a corridor with a slippery floor: replay memory, target net, one fit call on sampled transitions in each round."""
import numpy as np
import keras
from keras import layers

CELLS, GAMMA = 9, 0.9


def step(cell, action, rng):
    move = 1 if action == 1 else -1
    if rng.random() < 0.1:
        move = -move
    cell = min(max(cell + move, 0), CELLS - 1)
    done = cell in (0, CELLS - 1)
    return cell, (1.0 if cell == CELLS - 1 else 0.0), done


def one_hot(cells):
    return np.eye(CELLS, dtype="float32")[cells]


def q_net():
    model = keras.Sequential([keras.Input((CELLS,)), layers.Dense(24, activation="relu"), layers.Dense(2)])
    model.compile(optimizer=keras.optimizers.Adam(5e-3), loss=keras.losses.Huber())
    return model


def run(callbacks):
    keras.utils.set_random_seed(27)
    rng = np.random.default_rng(27)
    net, target = q_net(), q_net()
    target.set_weights(net.get_weights())
    memory, epsilon = [], 1.0
    history = None
    for round_ in range(12):
        table = net.predict_on_batch(one_hot(np.arange(CELLS)))
        for _ in range(60):
            cell, done = int(rng.integers(1, CELLS - 1)), False
            for _ in range(30):
                action = int(rng.integers(2)) if rng.random() < epsilon else int(table[cell].argmax())
                nxt, reward, done = step(cell, action, rng)
                memory.append((cell, action, reward, nxt, done))
                cell = nxt
                if done:
                    break
        memory = memory[-4000:]
        picked = [memory[i] for i in rng.integers(0, len(memory), 640)]
        s, a, r, s2, d = (np.array(column) for column in zip(*picked))
        future = target.predict_on_batch(one_hot(s2)).max(1)
        goal = np.array(net.predict_on_batch(one_hot(s)))
        goal[np.arange(len(a)), a] = r + GAMMA * future * (1 - d)
        history = net.fit(one_hot(s), goal, batch_size=32, epochs=2, callbacks=callbacks, verbose=0)
        target.set_weights(net.get_weights())
        epsilon = max(0.1, epsilon * 0.8)
    q = net.predict_on_batch(one_hot(np.arange(1, CELLS - 1)))
    print("goes right everywhere:", bool((q[:, 1] > q[:, 0]).all()), np.round(q[:, 1], 2))
    return history


if __name__ == "__main__":
    run([])
