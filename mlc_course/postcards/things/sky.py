"What is in the sky."

import math

from ..pen import BRIGHT, Pen, mix, pick


def balloon(p, rng, night, sea):
    a, b = pick(rng, BRIGHT), pick(rng, BRIGHT)
    style = rng.integers(3)
    p.line([(-0.2, 0.08), (-0.07, 0.36)], 0.02, (80, 66, 54))
    p.line([(0.2, 0.08), (0.07, 0.36)], 0.02, (80, 66, 54))
    p.oval(0, -0.15, 0.34, 0.35, a)
    p.poly([(-0.31, 0), (0.31, 0), (0.09, 0.26), (-0.09, 0.26)], a)
    if style == 0:
        for w in (0.24, 0.1):
            p.oval(0, -0.15, w, 0.35, b if w > 0.2 else a)
            p.poly(
                [(-w * 0.9, 0), (w * 0.9, 0), (w * 0.28, 0.26), (-w * 0.28, 0.26)],
                b if w > 0.2 else a,
            )
    elif style == 1:
        p.poly([(-0.34, -0.2), (0.34, -0.2), (0.33, -0.02), (-0.33, -0.02)], b)
    else:
        p.oval(0, -0.15, 0.14, 0.35, b)
        p.poly([(-0.13, 0), (0.13, 0), (0.04, 0.26), (-0.04, 0.26)], b)
    p.oval(0.16, -0.2, 0.15, 0.26, (0, 0, 0), alpha=28)
    p.box(-0.09, 0.34, 0.09, 0.48, (136, 92, 56))
    p.box(-0.1, 0.33, 0.1, 0.37, (90, 62, 44))


def bird(p, rng, night, sea):
    c = pick(
        rng,
        [(230, 230, 236), (190, 190, 210)]
        if night
        else [(52, 50, 56), (70, 62, 66), (90, 100, 118), (120, 74, 60), (250, 248, 242)],
    )
    if rng.random() < 0.45:  # seen from the side, wings up
        lift = rng.uniform(0.16, 0.3)
        p.poly(
            [
                (-0.42, 0.04),
                (-0.5, 0.12),
                (-0.2, 0.12),
                (0.1, 0.16),
                (0.3, 0.06),
                (0.36, -0.02),
                (0.24, -0.08),
                (0, -0.04),
            ],
            c,
        )
        p.poly(
            [(-0.12, 0), (-0.3, -lift), (-0.08, -lift * 0.9), (0.16, -0.02)], mix(c, (0, 0, 0), 0.2)
        )
        p.poly([(0.34, -0.03), (0.5, 0.02), (0.33, 0.04)], (228, 160, 60))
    else:  # a gull from the front
        d, w = rng.uniform(0.08, 0.26), 0.085
        left = [(-0.5, d * 0.5), (-0.4, -d * 0.5), (-0.24, -d), (-0.08, -d * 0.2), (0, 0.06)]
        low = [(0, 0.17), (-0.1, 0.04 - d * 0.2), (-0.24, -d + w), (-0.38, -d * 0.3 + w * 0.5)]
        p.poly(left + low[:1] + low[1:], c)
        p.poly([(-x, y) for x, y in left + low], c)
        p.oval(0, 0.1, 0.06, 0.09, c)


def cloud(p, rng, night, sea):
    c = pick(rng, [(252, 250, 244), (244, 238, 228), (226, 226, 226), (250, 232, 214)])
    n, low = int(rng.integers(3, 6)), rng.uniform(0.08, 0.16)
    blobs = [
        (
            -0.34 + 0.68 * (i + 0.5) / n + rng.uniform(-0.04, 0.04),
            rng.uniform(-0.08, 0.03),
            rng.uniform(0.12, 0.2),
        )
        for i in range(n)
    ]
    for dy, col in ((0.035, mix(c, (120, 130, 150), 0.3)), (0, c)):
        p.box(-0.42, -0.02 + dy, 0.42, low + dy, col)
        p.oval(-0.42, low / 2 + dy, 0.08, low / 2 + 0.02, col)
        p.oval(0.42, low / 2 + dy, 0.08, low / 2 + 0.02, col)
        for x, y, r in blobs:
            p.oval(x, y + dy, r, r * 0.95, col)


def moon(p, rng, night, sea):
    c = pick(rng, [(250, 244, 214), (240, 236, 224), (250, 226, 170)])
    p.oval(0, 0, 0.62, 0.62, c, lit=False, alpha=26)
    if rng.random() < 0.55:  # crescent
        a = [math.radians(t) for t in range(-110, 111, 10)]
        d = rng.uniform(0.18, 0.3)
        outer = [(0.5 * math.cos(t), 0.5 * math.sin(t)) for t in a]
        x0, y0 = outer[-1]
        r = math.hypot(x0 + d, y0)
        m = math.atan2(y0, x0 + d)
        inner = [
            (-d + r * math.cos(m - 2 * m * i / 22), r * math.sin(m - 2 * m * i / 22))
            for i in range(23)
        ]
        p.poly(outer + inner, c, lit=False)
    else:
        p.oval(0, 0, 0.5, 0.5, c, lit=False)
        for x, y, r in (
            (-0.16, -0.12, 0.12),
            (0.15, 0.1, 0.1),
            (-0.05, 0.24, 0.07),
            (0.2, -0.2, 0.05),
        ):
            p.oval(x, y, r, r * 0.9, mix(c, (120, 120, 130), 0.28), lit=False)


_HULLS = (
    (240, 238, 232),
    (240, 238, 232),
    (204, 70, 58),
    (230, 180, 70),
    (86, 130, 150),
    (160, 166, 172),
)


def _airliner(p, c, d, night):
    p.poly([(-0.46, -0.03), (-0.52, -0.26), (-0.41, -0.26), (-0.28, -0.04)], d)
    upper = [(-0.5, -0.02), (-0.3, -0.08), (0.34, -0.08), (0.46, -0.03)]
    p.poly(upper + [(0.5, 0.02), (0.42, 0.07), (-0.3, 0.07)], c)
    p.poly([(0.1, 0.02), (-0.1, 0.02), (-0.3, 0.28), (-0.19, 0.28)], mix(c, (0, 0, 0), 0.25))
    far_wing = [(0.08, -0.06), (-0.04, -0.06), (-0.14, -0.2), (-0.07, -0.2)]
    p.poly(far_wing, mix(c, (0, 0, 0), 0.18))
    glass = (60, 80, 104) if not night else (255, 224, 140)
    for i in range(6):
        p.oval(-0.2 + 0.095 * i, -0.015, 0.02, 0.022, glass, lit=not night)
    p.poly([(0.36, -0.07), (0.43, -0.04), (0.37, -0.02)], (60, 80, 104))


def _biplane(p, c, d):
    p.poly([(-0.5, -0.02), (-0.44, -0.2), (-0.34, -0.2), (-0.32, -0.04)], d)
    p.poly([(-0.48, 0.0), (-0.3, -0.06), (0.34, -0.1), (0.4, 0.0), (0.34, 0.1), (-0.1, 0.09)], c)
    for y in (-0.22, 0.13):
        p.poly([(-0.1, y), (0.28, y - 0.02), (0.28, y + 0.05), (-0.1, y + 0.07)], d)
    for x in (-0.04, 0.22):
        p.line([(x, -0.2), (x, 0.16)], 0.025, (80, 66, 54))
    p.line([(0.43, -0.22), (0.43, 0.22)], 0.03, (70, 60, 56))
    p.oval(0.14, 0.26, 0.06, 0.06, (50, 46, 46))
    p.line([(0.1, 0.1), (0.14, 0.25)], 0.025, (70, 60, 56))


def plane(p, rng, night, sea):
    if night:
        p.light = (0.85, 0.88, 0.95)
    c, d = pick(rng, _HULLS), pick(rng, BRIGHT)
    if rng.random() < 0.6:
        _airliner(p, c, d, night)
    else:
        _biplane(p, c, d)


def rainbow(p, rng, night, sea):
    cs = [
        (206, 70, 62),
        (232, 134, 60),
        (240, 204, 84),
        (98, 162, 96),
        (72, 130, 180),
        (130, 92, 160),
    ]
    w, alpha, squash = rng.uniform(0.022, 0.034), int(rng.integers(150, 215)), rng.uniform(0.75, 1)
    for i, c in enumerate(cs):
        r0, r1 = 0.5 - w * i, 0.5 - w * (i + 1) - 0.004
        a = [math.radians(t) for t in range(180, 361, 5)]
        p.poly(
            [(r0 * math.cos(t), squash * r0 * math.sin(t)) for t in a]
            + [(r1 * math.cos(t), squash * r1 * math.sin(t)) for t in reversed(a)],
            c,
            lit=False,
            alpha=alpha,
        )


def stars(p, rng, night, sea):
    c = pick(rng, [(255, 250, 226), (250, 236, 190), (226, 236, 255)])
    n, big = int(rng.integers(9, 26)), rng.random() < 0.5
    top = 2 * p.y  # the horizon
    q = Pen(p.draw, p.k, p.light)
    for _ in range(n):
        x, y, r = (
            rng.uniform(3, 125),
            top * 0.92 * rng.random() ** 1.3,
            rng.uniform(1.3, 2.9) if big else rng.uniform(0.8, 1.7),
        )
        if big or r > 1.4:
            t0 = rng.uniform(0, 1)
            m = 5 if big else 4
            q.poly(
                [
                    (x + rr * r * math.cos(t), y + rr * r * math.sin(t))
                    for i in range(2 * m)
                    for t, rr in [(t0 + math.pi * i / m, 1.25 if i % 2 == 0 else 0.5)]
                ],
                c,
                lit=False,
            )
        else:
            q.oval(x, y, r * 0.7, r * 0.7, c, lit=False)


def sun(p, rng, night, sea):
    c = pick(rng, [(250, 206, 84), (248, 170, 64), (252, 222, 110), (236, 110, 70)])
    style = rng.integers(3)
    if style == 0:
        n, r0 = int(rng.integers(8, 15)), 0.36
        for i in range(n):
            t, h = 2 * math.pi * i / n, 0.5 * math.pi / n
            p.poly(
                [
                    (r0 * math.cos(t - h), r0 * math.sin(t - h)),
                    (0.54 * math.cos(t), 0.54 * math.sin(t)),
                    (r0 * math.cos(t + h), r0 * math.sin(t + h)),
                ],
                c,
                lit=False,
            )
        p.oval(0, 0, 0.33, 0.33, c, lit=False)
    else:
        for r, a in ((0.78, 22), (0.64, 34), (0.54, 48)):
            p.oval(0, 0, r, r, c, lit=False, alpha=a)
        p.oval(0, 0, 0.45, 0.45, c, lit=False)
    p.oval(-0.05, -0.05, 0.2, 0.2, (255, 255, 240), lit=False, alpha=50)


SKY = {
    "balloon": balloon,
    "bird": bird,
    "cloud": cloud,
    "moon": moon,
    "plane": plane,
    "rainbow": rainbow,
    "stars": stars,
    "sun": sun,
}
