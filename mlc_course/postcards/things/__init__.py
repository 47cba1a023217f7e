"""How each thing is painted: `PAINTERS[kind](pen, rng, night, sea)`."""

from .clutter import CLUTTER
from .coast import COAST
from .country import COUNTRY
from .sky import SKY
from .strange import STRANGE

PAINTERS = {**SKY, **COAST, **COUNTRY, **CLUTTER, **STRANGE}
