"Flips, shifts and crops of images kept as bytes: a batch at once, or one by one on a CPU."

import functools
import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from torch.nn import functional as F

try:
    import cv2
except ImportError:
    cv2 = None  # type: ignore[assignment]  # a machine with little more than torch

WHITE = np.float32(255)


# ---- flips and shifts --------------------------------------------------------------------------
def augment_batch(
    x: torch.Tensor,  # uint8 [B, S, S, 3]
    generator: torch.Generator,  # where the random numbers come from
    shift: int | None = None,  # pixels; a sixteenth of the side if left out
) -> torch.Tensor:  # uint8 [B, S, S, 3]
    """Flip each image left to right with probability 1/2, and move it by up to `shift` pixels,
    its edge mirrored."""
    drawn = draw_moves(len(x), x.shape[1], shift, generator)
    return move(x, *(o.to(x.device) for o in drawn))


def draw_moves(
    n: int,  # images
    side: int,  # of an image, in pixels
    shift: int | None,  # pixels at most; None: a sixteenth of the side
    generator: torch.Generator,
) -> tuple:  # flip (bool [n]), dy and dx (int [n])
    "What becomes of each of n images."
    shift = max(side // 16, 1) if shift is None else shift
    flip = torch.rand(n, generator=generator) < 0.5
    return flip, *(torch.randint(-shift, shift + 1, (n,), generator=generator) for _ in range(2))


def mirror(
    i: torch.Tensor,  # row or column numbers, perhaps outside
    n: int,  # how many there are
) -> torch.Tensor:  # -1 -> 1, n -> n - 2
    "Numbers outside turned back at the edge."
    return (n - 1) - ((n - 1) - i.abs()).abs()


def move(
    x: torch.Tensor,  # uint8 [B, S, S, 3]
    flip: torch.Tensor,  # bool [B]
    dy: torch.Tensor,  # int [B], rows
    dx: torch.Tensor,  # int [B], columns
) -> torch.Tensor:  # uint8 [B, S, S, 3]
    "A batch flipped and moved at once: which pixel goes where. On a GPU the fastest way."
    s = x.shape[1]
    at = torch.arange(s, device=x.device)
    rows, cols = mirror(at + dy[:, None], s), mirror(at + dx[:, None], s)
    cols = torch.where(flip[:, None], cols.flip(1), cols)
    image = torch.arange(len(x), device=x.device)[:, None, None]
    return x[image, rows[:, :, None], cols[:, None, :]]


def fill_strips(o, d):
    "Fill the d lines left empty at the end (d > 0) or the start (d < 0) with their mirror image."
    s = len(o)
    if d > 0:
        o[s - d :] = o[s - 1 - 2 * d : s - 1 - d][::-1]
    if d < 0:
        o[:-d] = o[1 - d : 1 - 2 * d][::-1]


def move_into(image, dy, dx, out):
    "One image, uint8 [S, S, 3], moved into `out`: a rectangle, and two mirrored strips."
    s = len(image)
    r = slice(max(-dy, 0), s - max(dy, 0))
    c = slice(max(-dx, 0), s - max(dx, 0))
    out[r, c] = image[max(dy, 0) : s + min(dy, 0), max(dx, 0) : s + min(dx, 0)]
    fill_strips(out[:, c], dy)
    fill_strips(out.swapaxes(0, 1), dx)


def flipped(image: np.ndarray) -> np.ndarray:
    "An image, uint8 [S, S, 3], flipped left to right."
    if cv2 is None:
        return torch.from_numpy(image).flip(1).numpy()
    return cv2.flip(image, 1)


def moved(
    x: torch.Tensor,  # uint8 [B, S, S, 3], a batch of its own: it is changed
    flip: torch.Tensor,  # bool [B]
    dy: torch.Tensor,  # int [B]
    dx: torch.Tensor,  # int [B]
) -> torch.Tensor:  # float32 [B, S, S, 3] in [0, 1]
    "A batch flipped and moved image by image: on a CPU several times as fast as `move`."
    images = x.numpy()
    out_bytes, out = np.empty(images.shape, np.uint8), torch.empty(images.shape)
    for i in flip.nonzero()[:, 0].tolist():
        images[i] = flipped(images[i])
    for job in zip(images, dy.tolist(), torch.where(flip, -dx, dx).tolist(), out_bytes):
        move_into(*job)
    np.divide(out_bytes, WHITE, out=out.numpy())
    return out


# ---- random resized crops ----------------------------------------------------------------------
def check_scale(min_scale: float):
    "ValueError unless it is a share of an area."
    if not 0 < min_scale <= 1:
        raise ValueError(
            f"min_scale is {min_scale}; it is the share of the area that a crop keeps at least, "
            "above 0 and up to 1."
        )


def random_resized_crop(
    x: torch.Tensor,  # uint8 [B, S, S, 3]
    generator: torch.Generator,  # where the random numbers come from
    min_scale: float = 0.35,  # the smallest share of the area that a crop keeps
) -> torch.Tensor:  # float32 [B, 3, S, S] in [0, 1]
    """Another crop of every image (aspect ratio 3:4 to 4:3) enlarged to the full size, bilinear,
    and flipped with probability 1/2 (Szegedy et al. 2015, arXiv 1409.4842)."""
    check_scale(min_scale)
    drawn = draw_boxes(len(x), x.shape[1], min_scale, generator)
    return crop(x, *(o.to(x.device) for o in drawn))


def draw_boxes(
    n: int,  # images
    side: int,  # of an image, in pixels
    min_scale: float,  # the smallest share of the area that a crop keeps
    generator: torch.Generator,
    ratio: tuple = (3 / 4, 4 / 3),  # of width and height, from and to
) -> tuple:  # flip (bool [n]), and top, left, height, width (int [n], pixels)
    "A crop for each of n images."
    flip, area, where, y, x = torch.rand((5, n), generator=generator)
    area = side * side * (min_scale + (1 - min_scale) * area)
    r = torch.exp(math.log(ratio[0]) + (math.log(ratio[1]) - math.log(ratio[0])) * where)
    h = (area / r).sqrt().round().clamp(1, side)
    w = (area * r).sqrt().round().clamp(1, side)
    corner = (y * (side - h + 1)).floor(), (x * (side - w + 1)).floor()
    return flip < 0.5, *(o.long() for o in (*corner, h, w))


def crop(x, flip, top, left, h, w):
    "A whole batch at once, where arithmetic is cheap: uint8 [B, S, S, 3] to float [B, 3, S, S]."
    s = x.shape[1]
    theta = torch.zeros(len(x), 2, 3, device=x.device)
    theta[:, 0, 0], theta[:, 1, 1] = torch.where(flip, -w, w) / s, h / s
    theta[:, 0, 2], theta[:, 1, 2] = (2 * left + w) / s - 1, (2 * top + h) / s - 1
    x = x.permute(0, 3, 1, 2).float().div_(255)
    grid = F.affine_grid(theta, x.shape, align_corners=False)
    low, high = (
        torch.stack([2 * (left + i * w - j) / s - 1, 2 * (top + i * h - j) / s - 1], 1)
        for i, j in ((0, -0.5), (1, 0.5))
    )  # nothing from outside the crop
    inside = grid.clamp(low.view(-1, 1, 1, 2), high.view(-1, 1, 1, 2))
    return F.grid_sample(x, inside, align_corners=False)


def crop_into(image, flip, top, left, h, w, out):
    """One image, uint8 [S, S, 3], cropped and enlarged into `out`: by OpenCV, or where it isn't
    installed by PyTorch, a third as fast."""
    s, part = len(image), image[top : top + h, left : left + w]
    if cv2 is None:
        part = torch.from_numpy(part).permute(2, 0, 1)[None]
        out[:] = F.interpolate(part, (s, s), mode="bilinear")[0].permute(1, 2, 0).numpy()
    else:
        cv2.resize(part, (s, s), dst=out, interpolation=cv2.INTER_LINEAR)
    if flip:
        out[:] = flipped(out)


def cropped(
    images: np.ndarray,  # uint8 [N, S, S, 3]
    rows: torch.Tensor,  # which of them, int [B]
    drawn: tuple,  # as `draw_boxes` gives them, for these rows
) -> torch.Tensor:  # float32 [B, S, S, 3] in [0, 1]
    "Crops of some images, one by one; two threads work where an image is work enough."
    shape = (len(rows), *images.shape[1:])
    out_bytes, out = np.empty(shape, np.uint8), torch.empty(shape)
    jobs = list(zip((images[i] for i in rows.tolist()), *(o.tolist() for o in drawn), out_bytes))

    def work(part):
        for job in jobs[part]:
            crop_into(*job)
        np.divide(out_bytes[part], WHITE, out=out.numpy()[part])

    # OpenCV lets go of Python's lock
    half = len(jobs) // 2 if cv2 is not None and images.shape[1] > 90 else 0
    other = pool().submit(work, slice(half)) if half else None
    work(slice(half, None))
    if other:
        other.result()
    return out


@functools.cache
def pool() -> ThreadPoolExecutor:
    "The one thread that helps."
    return ThreadPoolExecutor(1)
