"What stands on the ground: lighthouse, mountain, sheep, snowman, tent, tree, windmill."

import math

from ..pen import PAPER, mix, pick


def lighthouse(p, rng, night, sea):
    a, b = pick(
        rng,
        [
            ((196, 62, 52), (248, 240, 226)),
            ((248, 240, 226), (64, 68, 84)),
            ((248, 240, 226), (196, 62, 52)),
            ((52, 96, 132), (248, 240, 226)),
        ],
    )
    p.poly(
        [(-0.3, 0.08), (-0.22, -0.06), (-0.05, -0.11), (0.16, -0.07), (0.3, 0.08)], (112, 104, 98)
    )
    n = 5
    for i in range(n):
        t0, t1 = i / n, (i + 1) / n
        y0, y1, w0, w1 = -0.06 - 0.68 * t0, -0.06 - 0.68 * t1, 0.15 - 0.06 * t0, 0.15 - 0.06 * t1
        p.poly([(-w0, y0), (w0, y0), (w1, y1), (-w1, y1)], a if i % 2 == 0 else b)
    p.poly([(0.03, -0.06), (0.15, -0.06), (0.09, -0.74), (0.02, -0.74)], (0, 0, 0), alpha=34)
    p.box(-0.13, -0.77, 0.13, -0.73, (60, 58, 62))
    if night:
        p.poly([(0, -0.84), (0.9, -1.0), (0.9, -0.68)], (255, 236, 160), lit=False, alpha=60)
    p.box(-0.07, -0.9, 0.07, -0.77, (255, 226, 130), lit=False)
    p.poly(
        [(-0.11, -0.9), (0, -1.04), (0.11, -0.9)],
        (60, 58, 62) if rng.random() < 0.5 else (180, 60, 50),
    )


def mountain(p, rng, night, sea):
    c = pick(
        rng, [(112, 122, 136), (134, 116, 108), (96, 116, 112), (150, 134, 140), (84, 92, 112)]
    )
    cap = rng.random() < 0.65
    peak = rng.uniform(-0.12, 0.12)
    foot, r = rng.uniform(-0.9, -0.6), rng.uniform(0.6, 0.9)
    left = [
        (foot, 0),
        (foot * 0.62 + peak * 0.3, -0.36 + rng.uniform(-0.05, 0.05)),
        (foot * 0.3 + peak * 0.6, -0.66 + rng.uniform(-0.06, 0.06)),
        (peak, -1),
    ]
    right = [
        (r * 0.25 + peak * 0.6, -0.68 + rng.uniform(-0.06, 0.06)),
        (r * 0.6 + peak * 0.3, -0.34 + rng.uniform(-0.05, 0.05)),
        (r, 0),
    ]
    p.poly(left + right, c)
    p.poly(
        [(peak, -1), *right, (peak + 0.1, 0), (peak - 0.03, -0.4), (peak + 0.06, -0.7)],
        mix(c, (30, 34, 60), 0.28),
    )
    if cap:
        a, b = left[2], right[0]
        p.poly(
            [
                a,
                (peak, -1),
                b,
                (b[0] * 0.6 + peak * 0.4, b[1] - 0.06),
                (peak + 0.04, b[1] + 0.1),
                (peak - 0.05, -0.74),
                (a[0] * 0.6 + peak * 0.4, a[1] + 0.06),
            ],
            (250, 248, 244),
        )


def sheep(p, rng, night, sea):
    wool = pick(rng, [(248, 244, 232), (236, 228, 210), (200, 190, 176), (96, 88, 84)])
    dark = pick(rng, [(58, 52, 52), (88, 70, 60)]) if wool[0] > 120 else (40, 36, 38)
    for x in (-0.26, -0.12, 0.12, 0.26):
        p.box(x - 0.035, -0.22, x + 0.035, 0.03, dark)
    for i in range(8):
        t = 2 * math.pi * i / 8
        p.oval(0.27 * math.cos(t), -0.36 + 0.15 * math.sin(t), 0.14, 0.13, wool)
    p.oval(0, -0.36, 0.32, 0.2, wool)
    p.oval(-0.05, -0.26, 0.26, 0.1, (0, 0, 0), alpha=22)
    p.oval(0.42, -0.46, 0.1, 0.13, dark)
    p.oval(0.34, -0.52, 0.07, 0.035, dark)
    p.oval(0.38, -0.6, 0.09, 0.06, wool)
    p.oval(0.45, -0.48, 0.02, 0.02, (240, 240, 240))


def snowman(p, rng, night, sea):
    c, sh, scarf = (
        (252, 252, 250),
        (180, 196, 216),
        pick(rng, [(204, 64, 54), (60, 116, 150), (84, 140, 90), (226, 150, 60)]),
    )
    hat = rng.random() < 0.75
    for y, r in ((-0.24, 0.26), (-0.57, 0.19), (-0.81, 0.14)):
        p.oval(0, y, r + 0.012, r + 0.012, mix(sh, (90, 100, 130), 0.5))
        p.oval(0, y, r, r, sh)
        p.oval(-0.03, y - 0.02, r * 0.86, r * 0.86, c)
    p.line([(0.16, -0.6), (0.36, -0.76)], 0.03, (92, 66, 48))
    p.line([(-0.16, -0.6), (-0.35, -0.72)], 0.03, (92, 66, 48))
    p.box(-0.15, -0.73, 0.15, -0.67, scarf)
    p.poly([(0.05, -0.7), (0.14, -0.7), (0.16, -0.5), (0.08, -0.5)], scarf)
    for y in (-0.58, -0.48, -0.3):
        p.oval(0, y, 0.025, 0.025, (40, 40, 46))
    for x in (-0.05, 0.06):
        p.oval(x, -0.85, 0.022, 0.025, (40, 40, 46))
    p.poly([(0.0, -0.82), (0.17, -0.78), (0.0, -0.77)], (232, 124, 48))
    if hat:
        p.box(-0.17, -0.94, 0.17, -0.9, (50, 46, 54))
        p.box(-0.11, -1.06, 0.11, -0.92, (50, 46, 54))


def tent(p, rng, night, sea):
    c = pick(
        rng,
        [
            (220, 140, 64),
            (90, 130, 90),
            (196, 74, 62),
            (234, 208, 150),
            (66, 112, 146),
            (206, 180, 90),
        ],
    )
    glow = night and rng.random() < 0.6
    if rng.random() < 0.6:  # ridge tent
        p.poly([(-0.35, -0.72), (0.25, -0.8), (0.58, 0), (-0.02, 0.02)], mix(c, (0, 0, 0), 0.18))
        p.poly([(-0.58, 0.02), (-0.3, -0.8), (0, 0.02)], c)
        p.poly(
            [(-0.38, 0.02), (-0.3, -0.52), (-0.18, 0.02)],
            (250, 206, 110) if glow else (64, 52, 46),
            not glow,
        )
    else:  # tipi
        p.line([(0.03, -0.7), (-0.1, -0.86)], 0.025, (96, 70, 52))
        p.line([(-0.03, -0.7), (0.1, -0.86)], 0.025, (96, 70, 52))
        p.poly([(-0.42, 0.02), (-0.04, -0.76), (0.04, -0.76), (0.42, 0.02)], c)
        p.poly([(0.12, 0.02), (0.02, -0.76), (0.04, -0.76), (0.42, 0.02)], (0, 0, 0), alpha=40)
        p.poly([(-0.28, -0.27), (0.28, -0.27), (0.23, -0.38), (-0.23, -0.38)], mix(c, PAPER, 0.6))
        p.poly(
            [(-0.12, 0.02), (0, -0.4), (0.1, 0.02)],
            (250, 206, 110) if glow else (64, 52, 46),
            not glow,
        )


def tree(p, rng, night, sea):
    if sea:
        p.poly(
            [(-0.5, 0.05), (-0.3, -0.06), (0.05, -0.1), (0.35, -0.05), (0.5, 0.05)], (150, 132, 100)
        )  # an island of its own
    g = pick(
        rng,
        [(72, 112, 70), (94, 130, 66), (54, 96, 78), (130, 142, 72), (188, 128, 58), (172, 84, 52)],
    )
    dark, trunk, style = mix(g, (10, 20, 40), 0.28), (104, 76, 56), rng.random()
    if style < 0.38:  # fir
        p.box(-0.05, -0.16, 0.05, 0, trunk)
        n = int(rng.integers(3, 5))
        for i in range(n):
            y0, w, top = (
                -0.1 - 0.8 * i / n * 0.85,
                0.3 * (1 - 0.62 * i / n),
                -0.1 - 0.8 * i / n * 0.85 - 0.42,
            )
            p.poly([(-w, y0), (0, max(top, -1)), (w, y0)], g)
            p.poly([(0.02, y0), (0, max(top, -1)), (w, y0)], dark)
    elif style < 0.8:  # round crown
        p.poly([(-0.06, 0), (-0.035, -0.5), (0.035, -0.5), (0.06, 0)], trunk)
        blobs = [
            (rng.uniform(-0.14, 0.14), -0.66 + rng.uniform(-0.16, 0.14), rng.uniform(0.13, 0.18))
            for _ in range(5)
        ] + [(0, -0.66, 0.22)]
        for x, y, r in blobs:
            p.oval(x + 0.02, y + 0.02, r, r, dark)
        for x, y, r in blobs:
            p.oval(x - 0.02, y - 0.02, r * 0.86, r * 0.86, g)
    else:  # poplar
        p.box(-0.035, -0.2, 0.035, 0, trunk)
        p.oval(0, -0.56, 0.16, 0.44, g)
        p.oval(0.06, -0.52, 0.09, 0.36, dark)


def windmill(p, rng, night, sea):
    wall, cap = (
        pick(rng, [(240, 228, 204), (150, 110, 84), (206, 196, 180), (186, 96, 74)]),
        pick(rng, [(110, 72, 58), (80, 84, 96), (164, 74, 58)]),
    )
    p.poly([(-0.2, 0), (-0.12, -0.66), (0.12, -0.66), (0.2, 0)], wall)
    p.poly([(0.06, 0), (0.03, -0.66), (0.12, -0.66), (0.2, 0)], (0, 0, 0), alpha=34)
    p.oval(0, -0.66, 0.14, 0.14, cap, 180, 360)
    p.box(-0.05, -0.17, 0.05, 0, (100, 70, 52))
    p.box(-0.04, -0.44, 0.04, -0.34, (250, 214, 120) if night else (84, 100, 112), not night)
    t0 = rng.uniform(0, 90)
    cx, cy, sail = 0, -0.7, pick(rng, [(250, 244, 230), (232, 214, 180), (208, 110, 90)])
    for i in range(4):
        t = math.radians(t0 + 90 * i)
        c, s = math.cos(t), math.sin(t)

        def at(u, v, c=c, s=s):
            return cx + u * c - v * s, cy + u * s + v * c

        p.poly([at(0.1, 0.01), at(0.44, 0.01), at(0.44, 0.12), at(0.1, 0.12)], sail)
        for u in (0.21, 0.32):
            p.line([at(u, 0), at(u, 0.12)], 0.014, (120, 92, 70))
        p.line([(cx, cy), at(0.45, 0)], 0.028, (92, 66, 50))
    p.oval(cx, cy, 0.035, 0.035, (70, 52, 44))


COUNTRY = {
    "lighthouse": lighthouse,
    "mountain": mountain,
    "sheep": sheep,
    "snowman": snowman,
    "tent": tent,
    "tree": tree,
    "windmill": windmill,
}
