"""Deep Q-learning of the shortest way through a 5 x 5 warehouse; replay memory and one fit per replay, as in the old blog posts.

Wrong: every step costs 1, so all Q values are negative, but the last layer is a ReLU and can't go below zero. Its outputs die at 0,
the gradient with them, and the robot never finds a policy however long it trains.

Expected: target-out-of-range, dead-relu
"""
import random
from collections import deque

import keras
import numpy as np
from keras import layers

SIZE, GOAL, GAMMA = 5, (4, 4), 0.95
MOVES = [(-1, 0), (1, 0), (0, -1), (0, 1)]
SHELVES = {(1, 1), (1, 2), (3, 3), (2, 3)}


def one_hot(pos):
    v = np.zeros(SIZE * SIZE, "float32")
    v[pos[0] * SIZE + pos[1]] = 1.0
    return v


def step(pos, action):
    r, c = pos[0] + MOVES[action][0], pos[1] + MOVES[action][1]
    if not (0 <= r < SIZE and 0 <= c < SIZE) or (r, c) in SHELVES:
        r, c = pos
    return (r, c), -1.0, (r, c) == GOAL


class Agent:
    def __init__(self):
        self.memory = deque(maxlen=2000)
        self.epsilon = 1.0
        self.model = keras.Sequential([
            keras.Input((SIZE * SIZE,)),
            layers.Dense(48, activation="relu"),
            layers.Dense(4, activation="relu"),
        ])
        self.model.compile(loss="mse", optimizer=keras.optimizers.Adam(learning_rate=0.003))

    def act(self, state):
        if random.random() < self.epsilon:
            return random.randrange(4)
        return int(np.argmax(self.model(state[None])[0]))

    def replay(self, batch_size, callbacks):
        batch = random.sample(self.memory, batch_size)
        s, a, r, s2, done = (np.array(v) for v in zip(*batch))
        target = np.array(self.model(s))
        target[np.arange(batch_size), a] = r + GAMMA * np.max(self.model(s2), axis=1) * (1 - done)
        history = self.model.fit(s, target, epochs=1, batch_size=32, verbose=0, callbacks=callbacks)
        self.epsilon = max(0.1, self.epsilon * 0.985)
        return history


def run(callbacks):
    keras.utils.set_random_seed(23)
    agent, history = Agent(), None
    for episode in range(60):
        pos = (0, 0)
        for t in range(30):
            state = one_hot(pos)
            action = agent.act(state)
            new, reward, done = step(pos, action)
            agent.memory.append((state, action, reward, one_hot(new), float(done)))
            pos = new
            if done:
                break
        if len(agent.memory) > 128:
            history = agent.replay(128, callbacks)
            if episode % 10 == 0:
                print(f"episode {episode}: {t + 1} steps, loss {history.history['loss'][0]:.4f}")
    return history


if __name__ == "__main__":
    run([])
