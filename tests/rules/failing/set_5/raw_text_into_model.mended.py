# Wrong: the raw strings go to fit, the adapted TextVectorization was never applied to them
# Mend: x = vectorize(np.array(texts)) before fit
import numpy as np
import keras
from keras import layers

texts = ["win money now", "meeting at noon", "cheap pills here", "lunch tomorrow ?",
         "free prize inside", "see you at home", "claim your cash", "project report due"]
spam = np.array([1, 0, 1, 0, 1, 0, 1, 0])

vectorize = layers.TextVectorization(max_tokens=40, output_sequence_length=5)
vectorize.adapt(texts)
print(vectorize.get_vocabulary()[:6])

x = vectorize(np.array(texts))

model = keras.Sequential([
    layers.Embedding(40, 8),
    layers.LSTM(8),
    layers.Dense(1, activation="sigmoid"),
])
model.compile(optimizer="adam", loss="binary_crossentropy")
model.fit(x, spam, epochs=1, batch_size=4, verbose=0)
print("ok")
