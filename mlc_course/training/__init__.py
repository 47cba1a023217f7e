"The engine behind the trainers: what every training does besides learning."
