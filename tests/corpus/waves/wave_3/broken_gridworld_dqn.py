"""Deep Q-learning of the shortest way through a small grid; each step costs 1.
Wrong: the Q-network ends in a ReLU although all returns are negative, so it can only answer 0 for every action; the unit outputs die and nothing is learned.
Expected: dead-relu, output-activation-mismatch, target-out-of-range
"""
import random
from collections import deque

import numpy as np
import keras
from keras import layers

SIDE, GAMMA = 5, 0.95
MOVES = [(-1, 0), (1, 0), (0, -1), (0, 1)]


class Grid:
    def reset(self):
        self.pos = (random.randrange(SIDE), random.randrange(SIDE))
        if self.pos == (SIDE - 1, SIDE - 1):
            self.pos = (0, 0)
        return self.pos

    def step(self, action):
        r = min(max(self.pos[0] + MOVES[action][0], 0), SIDE - 1)
        c = min(max(self.pos[1] + MOVES[action][1], 0), SIDE - 1)
        self.pos = (r, c)
        done = self.pos == (SIDE - 1, SIDE - 1)
        return self.pos, -1.0, done


def encode(positions):
    out = np.zeros((len(positions), SIDE * SIDE), "float32")
    for i, (r, c) in enumerate(positions):
        out[i, r * SIDE + c] = 1.0
    return out


def run(callbacks):
    keras.utils.set_random_seed(1)
    env, memory = Grid(), deque(maxlen=3000)
    q = keras.Sequential([
        keras.Input((SIDE * SIDE,)),
        layers.Dense(48, activation="relu"),
        layers.Dense(len(MOVES), activation="relu"),
    ])
    q.compile(optimizer=keras.optimizers.Adam(2e-3), loss="mse")
    lengths = []
    for episode in range(45):
        eps = max(0.1, 1.0 - episode / 90)
        state = env.reset()
        for step in range(50):
            if random.random() < eps:
                action = random.randrange(4)
            else:
                action = int(np.argmax(q(encode([state]))[0]))
            nxt, reward, done = env.step(action)
            memory.append((state, action, reward, nxt, done))
            state = nxt
            if done:
                break
        lengths.append(step + 1)
        if len(memory) < 128:
            continue
        batch = random.sample(memory, 128)
        s, s2 = encode([b[0] for b in batch]), encode([b[3] for b in batch])
        target = np.array(q(s))
        future = np.array(q(s2)).max(axis=1)
        for i, (_, a, r, _, d) in enumerate(batch):
            target[i, a] = r if d else r + GAMMA * future[i]
        q.fit(s, target, batch_size=32, epochs=2, verbose=0, callbacks=callbacks)
    print("steps to goal, first and last ten:", np.mean(lengths[:10]), np.mean(lengths[-10:]))
    return lengths


if __name__ == "__main__":
    run([])
