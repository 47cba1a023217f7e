"Networks and their weights: the engine below the lessons."
