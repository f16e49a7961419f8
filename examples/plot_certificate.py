"""
Codes, and a certificate that holds for any decision
====================================================

That five attackers failed does not prove that the sixth will. Where each person gets
one of a few codes, and whoever decides sees the code alone, there is a proof: all that
can be done with a code is to say yes to some set of codes, and what that does to groups
can be counted.
"""

# %%
# Each row gets one of eight codes. Three tenths of the rows are set apart before
# anything else, for the certificate: they train and choose nothing.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from fairrep import MIFairTransformer
from fairrep.datasets import load_adult

X, y, A = load_adult(subset="train", return_X_y_s=True)
X_test, y_test, A_test = load_adult(subset="test", return_X_y_s=True)

transformer = MIFairTransformer(
    lambda_mi=5.0,
    bottleneck="discrete",
    n_codes=8,
    output="index",
    calibration_fraction=0.3,
    random_state=0,
)
transformer.fit(X, y, sensitive_features=A)

# %%
# The certificate is a limit for everybody: for a bank that decides by the code, and for
# somebody who wants to discriminate.

certificate = transformer.certificate_
print(certificate)

# %%
# What the codes mean. A code is a kind of people, so a person can check it.

print(transformer.code_table_.round(3).iloc[:, :6].to_string())

# %%
# Put it to the test, on rows that it has not seen: make *every* decision that the codes
# allow, all 256 of them, and measure the gap of each.

codes = transformer.transform(X_test).ravel()
shares = pd.crosstab(A_test, codes, normalize="index")
shares = shares.reindex(columns=range(8), fill_value=0)
decisions = (np.arange(2**8)[:, None] >> np.arange(8)) & 1
gaps = np.abs(decisions @ (shares.loc["Female"] - shares.loc["Male"]))
limit = certificate.demographic_parity
print(f"largest gap of {len(gaps)} decisions: {gaps.max():.3f}; limit: {limit:.3f}")

# %%
# The useful decisions are among them: to say yes to the codes in which most of the rows
# of the fit have a high income.

rate = transformer.code_table_["rate of 1"]
useful = (rate > 0.5).to_numpy()
accuracy = (useful[codes] == (y_test == 1)).mean()
print(f"yes to {np.flatnonzero(useful)}: accuracy {accuracy:.3f}")

# %%
# On the left, how often women and men have each code; on the right, the gaps of all
# decisions. None lies beyond the limit. In five of a hundred certificates one may.

figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
order = rate.fillna(0).sort_values().index
shares[order].T.plot.bar(ax=left, color=["#E69F00", "#0072B2"], rot=0)
left.set(xlabel="code, by its rate of high incomes", ylabel="share of the group")
right.hist(gaps, bins=30, color="#56B4E9", label="each decision on the codes")
used = abs(useful @ (shares.loc["Female"] - shares.loc["Male"]))
right.axvline(used, color="#009E73", lw=2, label="the accurate one")
right.axvline(limit, color="#D55E00", ls="--", lw=2, label="certified limit, 95 %")
right.set(xlim=(0, None), xlabel="gap between women and men", ylabel="decisions")
right.legend()
