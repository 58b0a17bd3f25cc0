# Mended from cartpole_agent.py
# Mend: q = self.net.predict(state[np.newaxis, :], verbose=0)[0]
import random
import numpy as np
import keras
from keras.layers import Dense, Input


class Agent:
    def __init__(self, n_state, n_action):
        self.n_action = n_action
        self.epsilon = 0.0
        self.net = keras.Sequential([
            Input((n_state,)),
            Dense(24, activation="relu"),
            Dense(24, activation="relu"),
            Dense(n_action, activation="linear"),
        ])
        self.net.compile(loss="mse", optimizer=keras.optimizers.Adam(learning_rate=0.001))

    def act(self, state):
        if random.random() < self.epsilon:
            return random.randrange(self.n_action)
        q = self.net.predict(state[np.newaxis, :], verbose=0)[0]
        return int(np.argmax(q))


agent = Agent(4, 2)
state = np.array([0.01, -0.02, 0.03, 0.04], dtype="float32")
for step in range(3):
    action = agent.act(state)
    state = state + 0.01 * (1 if action else -1)
    print(step, action)
