"""
Your own encoder: digits in colour
==================================

fairrep's networks are for tables, and any module of torch can take the encoder's place.
Here it is a small convolutional net on images. The attribute is no person's: it is the
colour of the ink, which in the training data goes with the digit, and in the test data
does not. Who learns the colour instead of the shape fails.
"""

# %%
# The data
# --------
#
# Handwritten digits of scikit-learn, as 3 x 8 x 8 numbers. Each digit has an ink of its
# own, which nine out of ten training images are written in.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn

from fairrep import MIDebiasedClassifier

rng = np.random.default_rng(0)
INKS = plt.get_cmap("tab10").colors


def write(images, ink):
    return (images[:, None] * np.array(INKS)[ink][:, :, None, None]).astype("float32")


images, y = load_digits(return_X_y=True)
images = images.reshape(-1, 8, 8) / 16
images, images_test, y, y_test = train_test_split(images, y, random_state=0)

ink = np.where(rng.random(len(y)) < 0.9, y, rng.integers(10, size=len(y)))
ink_test = rng.integers(10, size=len(y_test))
X, X_test = write(images, ink), write(images_test, ink_test)

# %%
# The encoder
# -----------
#
# A callable that gets the shape of one row and returns a module, which maps a batch of
# rows to one vector a row. Bottleneck, head and critics are fairrep's as ever.


def small_cnn(shape):
    return nn.Sequential(
        nn.Conv2d(shape[0], 16, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1),
        nn.ReLU(),
        nn.Flatten(),
    )


# %%
# The criterion is equalized odds, I(Z; S | Y): *given the digit*, the ink is not to
# matter. Demographic parity would be wrong: digit and ink go together here, so that a
# representation without any ink would have to lose the digit too.

scores = {}
for lambda_mi in [0, 1, 3, 10]:
    clf = MIDebiasedClassifier(
        lambda_mi,
        criterion="equalized_odds",
        encoder=small_cnn,
        n_components=16,
        max_epochs=30,
        random_state=0,
    )
    clf.fit(X, y, sensitive_features=ink.astype(str))
    own_ink = clf.score(write(images_test, y_test), y_test)
    any_ink = clf.score(X_test, y_test)
    print(f"{lambda_mi=}: own ink {own_ink:.3f}, any ink {any_ink:.3f}")
    scores[lambda_mi] = own_ink, any_ink

# %%
# The images, as in training and as in the test; and how well the digits are read.

figure = plt.figure(figsize=(9, 4.5), layout="constrained")
left, right = figure.subfigures(1, 2, width_ratios=[2, 3])
left.suptitle("above: training, below: test")
for ax, image in zip(left.subplots(6, 5).flat, [*X[:15], *X_test[:15]], strict=True):
    ax.imshow(image.transpose(1, 2, 0))
    ax.axis("off")
ax = right.subplots()
own, other = np.array([*scores.values()]).T
ax.plot(range(len(scores)), own, "s--", color="0.5", label="each digit in its own ink")
ax.plot(range(len(scores)), other, "o-", label="any ink")
ax.set_xticks(range(len(scores)), [f"{value:g}" for value in scores])
ax.set(xlabel="lambda_mi", ylabel="accuracy on test images", ylim=(0.5, 1.02))
ax.legend(loc="lower right")
