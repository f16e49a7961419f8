"""Links to the scripts of examples lead to their pages in the gallery.

So a page can be read in the repository too, where there is no gallery.
"""

import re

SCRIPT = re.compile(r"\((?:\.\./)+examples/(plot_\w+)\.py\)")


def lead_to_gallery(app, docname, source):
    source[0] = SCRIPT.sub(r"(/auto_examples/\1.rst)", source[0])


def setup(app):
    app.connect("source-read", lead_to_gallery)
    return {"parallel_read_safe": True}
