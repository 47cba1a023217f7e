"Readers: one file for each layout, and `registry`, which recognises them."
