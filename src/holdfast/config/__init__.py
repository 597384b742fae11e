"""What config.yaml may say, and the credentials that it must not."""
