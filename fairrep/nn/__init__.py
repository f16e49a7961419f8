"""The torch core: encoder -> bottleneck -> z -> {head, critic}; no pandas here."""
