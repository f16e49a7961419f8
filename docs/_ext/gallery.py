"""Order of the gallery, and what is set back between its scripts."""

from pathlib import Path

import sklearn

ORDER = [
    "plot_adult",
    "plot_tradeoff",
    "plot_grid_search",
    "plot_german",
    "plot_representation",
    "plot_sensitive",
    "plot_production_model",
    "plot_certificate",
    "plot_own_encoder",
    "plot_attribute_inference",
]
SETTINGS = sklearn.get_config()


def position(filename):
    return ORDER.index(Path(filename).stem)


def reset_sklearn(gallery_conf, fname):
    sklearn.set_config(**SETTINGS)
