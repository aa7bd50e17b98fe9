"""The e-contract service's stand-in: it keeps the private keys and shows what was installed."""
