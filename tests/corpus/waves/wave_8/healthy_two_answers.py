"""Mixture density net for an inverse problem with two answers per input; the loss is a negative log density and goes below zero."""
import keras
import numpy as np
from keras import layers, ops

K = 3


def robot_arm(n, seed):
    """Reach -> elbow angle: elbow up or elbow down both get there."""
    rng = np.random.default_rng(seed)
    reach = rng.uniform(0.15, 0.95, n)
    elbow = np.arccos(reach) * rng.choice([-1.0, 1.0], n) + rng.normal(0, 0.03, n)
    return reach[:, None].astype("float32"), elbow[:, None].astype("float32")


def mixture_nll(angle, params):
    logit, mean, log_sigma = params[:, :K], params[:, K:2 * K], params[:, 2 * K:]
    log_sigma = ops.clip(log_sigma, -5.0, 2.0)
    log_weight = logit - ops.logsumexp(logit, axis=1, keepdims=True)
    log_density = -0.5 * ops.square((angle - mean) * ops.exp(-log_sigma)) - log_sigma - 0.5 * np.log(2 * np.pi)
    return -ops.logsumexp(log_weight + log_density, axis=1)


def run(callbacks):
    keras.utils.set_random_seed(47)
    x, y = robot_arm(4000, 1)
    xv, yv = robot_arm(800, 2)
    inputs = keras.Input((1,))
    h = layers.Rescaling(2.0, offset=-1.0)(inputs)
    h = layers.Dense(48, activation="tanh")(h)
    h = layers.Dense(48, activation="tanh")(h)
    weight = layers.Dense(K, name="weight")(h)
    mean = layers.Dense(K, name="mean", bias_initializer=keras.initializers.RandomUniform(-1.2, 1.2, seed=3))(h)
    log_sigma = layers.Dense(K, name="log_sigma")(h)
    model = keras.Model(inputs, layers.Concatenate()([weight, mean, log_sigma]))
    model.compile(optimizer=keras.optimizers.Adam(3e-3), loss=mixture_nll)
    history = model.fit(x, y, validation_data=(xv, yv), batch_size=64, epochs=20, callbacks=callbacks, verbose=2)

    params = model.predict(np.array([[0.3], [0.6]], "float32"), verbose=0)
    for reach, row in zip((0.3, 0.6), params):
        best = row[:K].argsort()[-2:]
        print(f"reach {reach}: answers {row[K:2 * K][best]}, true +-{np.arccos(reach):.2f}")
    return history


if __name__ == "__main__":
    run([])
