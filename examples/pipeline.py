"""MIDebiasedClassifier at the end of a scikit-learn pipeline.

With metadata routing enabled, `sensitive_features` finds its way through the pipeline
without a further word.
"""

import sklearn
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from fairrep import MIDebiasedClassifier
from fairrep.datasets import load_adult
from fairrep.metrics import fairness_report

sklearn.set_config(enable_metadata_routing=True)

X, y, A = load_adult(subset="train", return_X_y_s=True)
X_test, y_test, A_test = load_adult(subset="test", return_X_y_s=True)
X, y, A = X[:5000], y[:5000], A[:5000]

# fairrep encodes such columns by itself; a pipeline is for those who want it their way.
columns = make_column_transformer(
    (StandardScaler(), make_column_selector(dtype_include="number")),
    (
        OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=20),
        make_column_selector(dtype_include="category"),
    ),
)
model = make_pipeline(columns, MIDebiasedClassifier(lambda_mi=5.0, random_state=0))
model.fit(X, y, sensitive_features=A)

print(fairness_report(y_test, model.predict(X_test), sensitive_features=A_test))
