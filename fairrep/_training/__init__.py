"""From a problem and a spec to trained nets, and what a fit found of them."""
