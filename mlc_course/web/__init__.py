"The predictor as a folder for any web server: the answer is computed in the visitor's browser."
