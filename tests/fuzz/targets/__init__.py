"""The targets: one module for each decoder that sees foreign bytes."""
