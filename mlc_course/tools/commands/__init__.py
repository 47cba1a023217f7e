"The commands of `mlc`, a file for each group."
