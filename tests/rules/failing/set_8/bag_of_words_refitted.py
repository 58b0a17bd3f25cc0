# Wrong: the vectorizer is fitted again on the test texts, so they have another number of columns than the model was trained with
# Mend: X_test = vectorizer.transform(test_texts).toarray()
import numpy as np
import keras
from sklearn.feature_extraction.text import CountVectorizer

train_texts = ["the service was great", "terrible food and rude staff", "lovely place great food",
               "never again terrible", "great staff lovely evening", "rude and slow service"]
train_labels = np.array([1, 0, 1, 0, 1, 0])
test_texts = ["slow food", "great place"]
test_labels = np.array([0, 1])

vectorizer = CountVectorizer()
X_train = vectorizer.fit_transform(train_texts).toarray()
X_test = vectorizer.fit_transform(test_texts).toarray()

model = keras.Sequential()
model.add(keras.layers.Dense(8, activation="relu"))
model.add(keras.layers.Dense(1, activation="sigmoid"))
model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
model.fit(X_train, train_labels, epochs=3, verbose=0)

loss, acc = model.evaluate(X_test, test_labels, verbose=0)
print("test accuracy", acc)
