# Wrong: predict gets one state of shape (4,) with no batch axis
# Mend: q = self.model.predict(state[np.newaxis], verbose=0)
import random
import numpy as np
import keras
from keras.layers import Dense, Input

class DQNAgent:
    def __init__(self, state_size, action_size):
        self.action_size = action_size
        self.epsilon = 0.0
        self.gamma = 0.95
        self.memory = []
        self.model = keras.Sequential(
            [Input((state_size,)), Dense(24, activation="relu"), Dense(24, activation="relu"),
             Dense(action_size, activation="linear")])
        self.model.compile(loss="mse", optimizer=keras.optimizers.Adam(0.001))

    def act(self, state):
        if np.random.rand() < self.epsilon:
            return random.randrange(self.action_size)
        q = self.model.predict(state, verbose=0)
        return int(np.argmax(q[0]))

    def replay(self, batch_size):
        batch = random.sample(self.memory, batch_size)
        states = np.array([b[0] for b in batch])
        target = self.model.predict(states, verbose=0)
        future = self.model.predict(np.array([b[3] for b in batch]), verbose=0)
        for i, (_, action, reward, _) in enumerate(batch):
            target[i, action] = reward + self.gamma * future[i].max()
        self.model.fit(states, target, epochs=1, verbose=0)

agent = DQNAgent(4, 2)
state = np.random.randn(4).astype("float32")
for t in range(5):
    action = agent.act(state)
    next_state = state + 0.02 * np.random.randn(4).astype("float32")
    agent.memory.append((state, action, 1.0, next_state))
    state = next_state
agent.replay(4)
print("ok")
