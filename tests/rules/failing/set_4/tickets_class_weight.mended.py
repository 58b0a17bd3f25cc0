# Wrong: class_weight with a model of two outputs
# Mend: sample_weight={"topic": ..., "urgent": ...} made from the class weights
import numpy as np
import keras
from keras import layers

n = 72
tfidf = np.random.rand(n, 30).astype("float32")
topic = np.random.randint(0, 4, size=n)
urgent = (np.random.rand(n) < 0.15).astype("float32")

inp = keras.Input(shape=(30,), name="tfidf")
body = layers.Dense(32, activation="relu")(inp)
topic_out = layers.Dense(4, activation="softmax", name="topic")(body)
urgent_out = layers.Dense(1, activation="sigmoid", name="urgent")(body)

model = keras.Model(inputs=inp, outputs={"topic": topic_out, "urgent": urgent_out})
model.compile(
    optimizer="adam",
    loss={"topic": "sparse_categorical_crossentropy", "urgent": "binary_crossentropy"},
)
targets = {"topic": topic, "urgent": urgent}
model.fit(
    tfidf, targets, epochs=2, batch_size=24, verbose=0,
    sample_weight={"topic": np.ones(n), "urgent": np.where(urgent == 1, 6.0, 1.0)},
)
