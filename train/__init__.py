"""Makes a model: fine-tune, calibrate, evaluate, report, push."""
