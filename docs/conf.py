"""The settings of Sphinx.

To build, from the root of the repository:

    sphinx-build -W --keep-going -b html docs docs/_build/html
"""

import os
import sys
from pathlib import Path

from sphinx.util.nodes import make_refnode

import fairrep

# Gallery scripts show no progress bars, and draw without a screen.
os.environ.setdefault("MPLBACKEND", "agg")
sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "fairrep"
author = "The fairrep developers"
copyright = "The fairrep developers"
version = release = fairrep.__version__

extensions = [
    "commandline",
    "example_links",
    "mathml",
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx_gallery.gen_gallery",
]
# Links into the pages of other packages need their inventories from the network, and a
# build must work without one: so they are made where this is set, as for publishing.
if os.environ.get("FAIRREP_INTERSPHINX"):
    extensions.append("sphinx.ext.intersphinx")
    intersphinx_mapping = {
        name: (address, None)
        for name, address in {
            "fairlearn": "https://fairlearn.org/main/",
            "matplotlib": "https://matplotlib.org/stable/",
            "numpy": "https://numpy.org/doc/stable/",
            "pandas": "https://pandas.pydata.org/docs/",
            "python": "https://docs.python.org/3/",
            "sklearn": "https://scikit-learn.org/stable/",
            "skops": "https://skops.readthedocs.io/en/stable/",
            "skorch": "https://skorch.readthedocs.io/en/stable/",
            "torch": "https://docs.pytorch.org/docs/stable/",
        }.items()
    }
exclude_patterns = ["_build", "auto_examples/**/*.py", "auto_examples/**/*.ipynb"]
templates_path = ["_templates"]
source_suffix = {".rst": "restructuredtext", ".md": "markdown"}

# -- links ---------------------------------------------------------------------

# `Name` in a docstring is a link, and has to lead somewhere if it looks like a public
# name: with a capital, or with a dot. Parameters and the like are only set in type.
default_role = "py:obj"
nitpicky = True
nitpick_ignore_regex = [
    ("py:obj", r"[a-z]\w*"),
    ("py:obj", r".*[ =\[(<].*"),  # a command, or an expression
    ("py:.*", r"(matplotlib|np|numpy|pd|pandas|sklearn|skops|skorch|torch)\..*"),
    ("py:.*", r"(fairlearn\.metrics\.)?MetricFrame"),
]


def resolve_from_anywhere(app, env, node, contnode):
    """Find a public name that another module of the package writes without its own."""
    if node["refdomain"] != "py":
        return None
    domain = env.domains.python_domain
    found = domain.find_obj(env, None, None, node["reftarget"], None, searchmode=1)
    public = [(name, entry) for name, entry in found if not entry.aliased]
    if len(public) != 1:
        return None
    name, entry = public[0]
    return make_refnode(
        app.builder, node["refdoc"], entry.docname, entry.node_id, contnode, name
    )


# -- pages ---------------------------------------------------------------------

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3

# -- API reference -------------------------------------------------------------

autosummary_generate = True
toc_object_entries_show_parents = "hide"
autodoc_typehints = "none"  # numpydoc's docstrings say the types
numpydoc_show_class_members = False  # the template lists them


def skip_foreign_members(app, what, name, obj, skip, options):
    """Leave out what scikit-learn's base classes and skorch document themselves."""
    module = getattr(obj, "__module__", None) or ""
    return True if module.split(".")[0] in {"sklearn", "skorch"} else None


# -- gallery -------------------------------------------------------------------

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "filename_pattern": r"/plot_",
    "ignore_pattern": r"benchmarks",
    "within_subsection_order": "gallery.position",
    "reset_modules": ("matplotlib", "gallery.reset_sklearn"),
    "backreferences_dir": "api/examples",
    "doc_module": ("fairrep",),
    "abort_on_example_error": False,
    "plot_gallery": "True",
    "download_all_examples": False,
    "show_memory": False,
    "capture_repr": (),  # what a script shows, it prints or draws
    "show_signature": False,
    "remove_config_comments": True,
    "min_reported_time": 0,
}

# -- HTML ----------------------------------------------------------------------

html_theme = "pydata_sphinx_theme"
html_title = f"fairrep {version}"
html_static_path = ["_static"]
html_css_files = ["fairrep.css"]
html_show_sourcelink = False
html_theme_options = {
    "logo": {"text": "fairrep"},
    "navbar_end": ["theme-switcher"],
    "header_links_before_dropdown": 5,
    "navigation_depth": 2,
    "show_prev_next": True,
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "tango",
    "pygments_dark_style": "monokai",
}
html_sidebars = {
    page: []
    for page in [
        "auto_examples/**",
        "index",
        "start",
        "benchmarks",
        "migration",
        "contributing",
        "changelog",
    ]
}


def setup(app):
    app.connect("missing-reference", resolve_from_anywhere)
    app.connect("autodoc-skip-member", skip_foreign_members)
