"Images on disk, tables of them, and decoded pixels: the engine below the lessons."
