"The lessons' figures: one file per lesson, small functions that take arrays and return the Figure."
