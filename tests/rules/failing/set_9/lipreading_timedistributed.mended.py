# Wrong: grey video (frames, 40, 60) has no channel axis for Conv2D inside TimeDistributed
# Mend: X = np.array(videos)[..., np.newaxis]
import numpy as np
from keras.models import Model
from keras.layers import Input, TimeDistributed, Conv2D, MaxPooling2D, Flatten, LSTM, Dense

NUM_FRAMES, HEIGHT, WIDTH = 10, 40, 60
words = ['begin', 'choose', 'connection', 'navigation']

videos, labels = [], []
for i in range(12):
    frames = [np.random.randint(0, 256, (HEIGHT, WIDTH)) / 255.0 for _ in range(NUM_FRAMES)]
    videos.append(frames)
    labels.append(i % len(words))

X = np.array(videos)[..., np.newaxis]
y = np.array(labels)
print(X.shape)

inp = Input(shape=X.shape[1:])
x = TimeDistributed(Conv2D(8, (3, 3), activation='relu'))(inp)
x = TimeDistributed(MaxPooling2D((2, 2)))(x)
x = TimeDistributed(Flatten())(x)
x = LSTM(16)(x)
out = Dense(len(words), activation='softmax')(x)

model = Model(inp, out)
model.compile(loss='sparse_categorical_crossentropy', optimizer='adam', metrics=['accuracy'])
model.fit(X, y, batch_size=4, epochs=1)
