# Wrong: the text branch keeps the time axis (return_sequences=True), so a 3D tensor meets a 2D one in concatenate
# Mend: t = layers.LSTM(16)(t)
import numpy as np
import keras
from keras import layers

N, MAXLEN, VOCAB, META = 32, 20, 100, 5

text_in = keras.Input((MAXLEN,), dtype="int32", name="text")
meta_in = keras.Input((META,), name="meta")

t = layers.Embedding(VOCAB, 12)(text_in)
t = layers.LSTM(16, return_sequences=True)(t)

m = layers.Dense(16, activation="relu")(meta_in)

merged = layers.concatenate([t, m])
merged = layers.Dense(16, activation="relu")(merged)
priority = layers.Dense(3, activation="softmax", name="priority")(merged)

model = keras.Model([text_in, meta_in], priority)
model.compile("adam", "sparse_categorical_crossentropy")

text = np.random.randint(0, VOCAB, (N, MAXLEN))
meta = np.random.rand(N, META)
target = np.random.randint(0, 3, N)
model.fit([text, meta], target, batch_size=8, verbose=0)
print(model.predict([text[:3], meta[:3]], verbose=0))
