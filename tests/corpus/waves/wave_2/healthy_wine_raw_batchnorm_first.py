"""Wine with raw columns from 0.1 to 1680.

Healthy: a BatchNormalization in front does the scaling, with momentum 0.9 for the few steps."""
import keras
from keras import layers
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split


def run(callbacks):
    keras.utils.set_random_seed(40)
    wine = load_wine(as_frame=True)
    x_train, x_test, y_train, y_test = train_test_split(wine.data, wine.target, test_size=0.25, random_state=40,
                                                        stratify=wine.target)
    model = keras.Sequential([
        layers.Input((13,)),
        layers.BatchNormalization(momentum=0.9),
        layers.Dense(24, activation="relu"),
        layers.Dense(3, activation="softmax"),
    ])
    model.compile(optimizer=keras.optimizers.Adam(0.005), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x_train.to_numpy(), y_train.to_numpy(), batch_size=16, epochs=14,
              validation_data=(x_test.to_numpy(), y_test.to_numpy()), callbacks=callbacks, verbose=0)
    predicted = model.predict(x_test.to_numpy(), verbose=0).argmax(axis=1)
    wrong = int((predicted != y_test.to_numpy()).sum())
    print(f"   {wrong} of {len(y_test)} wines mistaken")
