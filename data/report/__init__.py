"""The look at tickets before training: `python -m data.report [source]`."""
