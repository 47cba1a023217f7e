"What gets in the way, and has no label."

from ..pen import mix, pick


def bush(p, rng, night, sea):
    g = pick(rng, [(84, 118, 70), (110, 134, 74), (70, 104, 80), (150, 132, 80)])
    for x, r in ((-0.3, 0.26), (0.05, 0.36), (0.34, 0.24)):
        p.oval(x, -r * 0.72, r, r * 0.8, mix(g, (20, 30, 40), 0.2 * (x > 0)))


def rock(p, rng, night, sea):
    c = pick(rng, [(136, 128, 120), (116, 110, 112), (160, 132, 108)])
    p.poly([(-0.6, 0.03), (-0.45, -0.3), (-0.1, -0.52), (0.3, -0.4), (0.6, 0.03)], c)
    p.poly([(0.05, 0.03), (0.0, -0.5), (0.3, -0.4), (0.6, 0.03)], mix(c, (20, 20, 40), 0.25))


def lamp(p, rng, night, sea):
    p.line([(0, 0), (0, -0.9)], 0.035, (58, 58, 64))
    p.oval(0, -0.94, 0.055, 0.055, (255, 226, 140) if night else (236, 232, 216), lit=not night)
    if night:
        p.oval(0, -0.94, 0.16, 0.16, (255, 226, 140), lit=False, alpha=40)


def fence(p, rng, night, sea):
    c = pick(rng, [(240, 232, 214), (140, 108, 80)])
    for y in (-0.5, -0.22):
        p.box(-1.4, y, 1.4, y + 0.1, c)
    for i in range(7):
        p.box(-1.34 + 0.43 * i, -0.66, -1.24 + 0.43 * i, 0.03, c)


def pole(p, rng, night, sea):
    p.line([(0, 0), (0, -1)], 0.035, (96, 76, 60))
    p.line([(-0.18, -0.9), (0.18, -0.9)], 0.03, (96, 76, 60))
    p.line([(-0.14, -0.8), (0.14, -0.8)], 0.03, (96, 76, 60))


def buoy(p, rng, night, sea):
    c = pick(rng, [(204, 70, 56), (236, 180, 70), (80, 136, 96)])
    p.poly([(-0.14, 0), (-0.06, -0.7), (0.06, -0.7), (0.14, 0)], c)
    p.oval(0, -0.78, 0.09, 0.09, (250, 240, 210))
    p.oval(0, 0.02, 0.38, 0.14, mix(c, (0, 0, 0), 0.3))


def islet(p, rng, night, sea):
    p.poly(
        [(-1.2, 0.03), (-0.8, -0.22), (-0.2, -0.42), (0.4, -0.3), (1.2, 0.03)],
        pick(rng, [(126, 120, 104), (120, 138, 92), (150, 130, 110)]),
    )


CLUTTER = {
    "bush": bush,
    "rock": rock,
    "lamp": lamp,
    "fence": fence,
    "pole": pole,
    "buoy": buoy,
    "islet": islet,
}
