"How a trained network becomes a folder that answers without its framework."
