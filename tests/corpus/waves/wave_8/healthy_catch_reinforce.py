"""REINFORCE on the game of Catch: the actions taken are the labels, their advantages the sample weights - negative ones too.

128 games run side by side; after each round one gradient step on all moves. The loss means little here (it may well be negative);
the share of balls caught is what counts.
"""
import keras
import numpy as np
from keras import layers

GRID, GAMES = 6, 128


def play(model, rng, games=GAMES, greedy=False):
    ball = rng.integers(0, GRID, games)
    tray = rng.integers(0, GRID, games)
    states, actions = [], []
    for row in range(GRID - 1):
        board = np.zeros((games, GRID, GRID), "float32")
        board[np.arange(games), row, ball] = 1
        board[np.arange(games), GRID - 1, tray] = 1
        board = board.reshape(games, -1)
        p = np.asarray(model(board), "float64")
        if greedy:
            a = p.argmax(1)
        else:
            a = (p.cumsum(1) < rng.random((games, 1)) * p.sum(1, keepdims=True)).sum(1).clip(0, 2)
        states.append(board)
        actions.append(a)
        tray = np.clip(tray + a - 1, 0, GRID - 1)
    reward = np.where(np.abs(ball - tray) == 0, 1.0, -1.0)
    return np.concatenate(states), np.concatenate(actions), np.tile(reward, GRID - 1), reward


def run(callbacks):
    keras.utils.set_random_seed(43)
    rng = np.random.default_rng(43)
    policy = keras.Sequential([
        keras.Input((GRID * GRID,)),
        layers.Dense(64, activation="relu"),
        layers.Dense(3, activation="softmax"),
    ])
    policy.compile(optimizer=keras.optimizers.Adam(1e-2), loss="sparse_categorical_crossentropy")
    caught, history = [], None
    for round_no in range(110):
        states, actions, returns, reward = play(policy, rng)
        advantage = (returns - returns.mean()) / (returns.std() + 1e-6)
        history = policy.fit(states, actions, sample_weight=advantage.astype("float32"), batch_size=len(states), epochs=1,
                             callbacks=callbacks, verbose=0)
        caught.append((reward > 0).mean())
        if round_no % 22 == 21:
            print(f"round {round_no + 1}: caught {np.mean(caught[-22:]):.2f}")
    print("greedy:", (play(policy, rng, 500, greedy=True)[3] > 0).mean())
    return history


if __name__ == "__main__":
    run([])
