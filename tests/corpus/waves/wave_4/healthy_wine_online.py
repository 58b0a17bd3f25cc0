"""Learn the three wine cultivars online, one bottle per step, with plain SGD."""
import keras
from keras import layers
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split


def run(callbacks):
    keras.utils.set_random_seed(41)
    data = load_wine()
    x_train, x_test, y_train, y_test = train_test_split(
        data.data.astype("float32"), data.target, test_size=0.3, random_state=8,
        stratify=data.target,
    )
    standardise = layers.Normalization()
    standardise.adapt(x_train)
    model = keras.Sequential(
        [
            keras.Input((13,)),
            standardise,
            layers.Dense(12, activation="tanh"),
            layers.LayerNormalization(),
            layers.Dense(3, activation="softmax"),
        ]
    )
    # one sample per step: small steps, and LayerNormalization since there is no
    # batch to take statistics from
    model.compile(
        keras.optimizers.SGD(learning_rate=5e-3),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    history = model.fit(
        x_train, y_train, batch_size=1, epochs=12, shuffle=True,
        validation_data=(x_test, y_test), callbacks=callbacks, verbose=2,
    )
    return history


if __name__ == "__main__":
    run([])
