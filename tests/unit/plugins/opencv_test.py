"""opencv_test.py RUNNER PLUGIN GROUP: the filters of the OpenCV plugin make what cv2 makes of the same pixels.

GROUP is the name of a filter. Frames come from the sample clips. Exit status 77, with the reason, where there is no
cv2 or none of the clips.
"""
import json
import os
import subprocess
import sys

try:
    import cv2
    import numpy as np
except ImportError as why:
    print(f"skipped: {why}")
    sys.exit(77)

RUNNER, PLUGIN, GROUP = sys.argv[1:4]
SAMPLES = os.environ["VIDMPI_SAMPLES"]
CASCADES = "/usr/share/opencv4/haarcascades/"
failures = 0

# format: log2 of the chroma planes, channels of each plane
FORMATS = {
    "gray": (0, 0, (1,)),
    "yuv420p": (1, 1, (1, 1, 1)),
    "yuvj422p": (1, 0, (1, 1, 1)),
    "yuv444p": (0, 0, (1, 1, 1)),
    "yuv440p": (0, 1, (1, 1, 1)),
    "yuv411p": (2, 0, (1, 1, 1)),
    "yuva420p": (1, 1, (1, 1, 1, 1)),
    "nv12": (1, 1, (1, 2)),
    "rgb24": (0, 0, (3,)),
    "bgr24": (0, 0, (3,)),
}


def skip(why):
    print(f"skipped: {why}")
    sys.exit(77)


def check(name, holds):
    global failures
    print(f"{'ok' if holds else 'not ok'} - {name}")
    failures += not holds


class Clip:
    """Raw frames of a sample: `frames` is a list of lists of planes."""

    def __init__(self, sample, fmt, size, count=4, start=0.0, step=1):
        path = os.path.join(SAMPLES, sample)
        self.fmt, (self.width, self.height) = fmt, size
        self.colors = ()
        args = ["ffmpeg", "-nostdin", "-v", "error", "-ss", str(start), "-i", path, "-vf",
                f"framestep={step},scale={size[0]}:{size[1]}:flags=bicubic", "-frames:v", str(count), "-pix_fmt", fmt,
                "-strict", "-2", "-f", "rawvideo", "-"]
        self.raw = subprocess.run(args, check=True, capture_output=True).stdout
        self.frames = self.split(self.raw)
        assert len(self.frames) == count, (sample, len(self.frames))

    def shapes(self):
        log2_x, log2_y, channels = FORMATS[self.fmt]
        small = (-(-self.height >> log2_y), -(-self.width >> log2_x))
        for i, c in enumerate(channels):
            size = small if i in (1, 2) else (self.height, self.width)
            yield size if c == 1 else (*size, c)

    def split(self, raw):
        frames, at = [], 0
        while at < len(raw):
            planes = []
            for shape in self.shapes():
                n = int(np.prod(shape))
                planes.append(np.frombuffer(raw, np.uint8, n, at).reshape(shape))
                at += n
            frames.append(planes)
        return frames

    def grey(self, frame):
        if self.fmt == "rgb24":
            return cv2.cvtColor(frame[0], cv2.COLOR_RGB2GRAY)
        if self.fmt == "bgr24":
            return cv2.cvtColor(frame[0], cv2.COLOR_BGR2GRAY)
        return frame[0]

    def step(self, plane):
        """Pixels to a sample of a plane: across, down."""
        log2_x, log2_y, _ = FORMATS[self.fmt]
        return (1 << log2_x, 1 << log2_y) if plane in (1, 2) else (1, 1)

    def run(self, name, options=""):
        """What the plugin makes of the frames, and what it tells of each."""
        done = subprocess.run([RUNNER, PLUGIN, name, options, self.fmt, f"{self.width}x{self.height}", *self.colors],
                              input=self.raw, capture_output=True, check=False)
        if done.returncode:
            print(done.stderr.decode())
            sys.exit(f"not ok - {name}={options} {self.fmt}: exit status {done.returncode}")
        told = [{} for _ in self.frames]
        for line in done.stderr.decode().splitlines():
            number, key, value = line.split(" ", 2)
            told[int(number)][key] = json.loads(value)
        return self.split(done.stdout), told


def refused(name, options, words, env=None):
    done = subprocess.run([RUNNER, PLUGIN, name, options, "gray", "16x16"], input=bytes(256), capture_output=True,
                          env={**os.environ, **(env or {})}, check=False)
    said = done.stderr.decode().strip()
    check(f"{name}={options} is refused: {said}", done.returncode == 1 and all(word in said for word in words))


def same(ours, theirs):
    return ours.shape == theirs.shape and np.array_equal(ours, theirs)


def by_channel(plane, work):
    if plane.ndim == 2:
        return work(plane)
    return np.dstack([work(np.ascontiguousarray(plane[..., c])) for c in range(plane.shape[2])])


def odd_up(kernel, step):
    return 2 * -(-(kernel // 2) // step) + 1


# ---- blur

def gaussian(kernel, sigma, step):
    full = sigma or 0.3 * ((kernel - 1) * 0.5 - 1) + 0.8
    if step == (1, 1):
        return lambda p: cv2.GaussianBlur(p, (kernel, kernel), sigma)
    size = (odd_up(kernel, step[0]), odd_up(kernel, step[1]))
    return lambda p: cv2.GaussianBlur(p, size, full / step[0], sigmaY=full / step[1])


def median(kernel, step):
    return lambda p: cv2.medianBlur(p, odd_up(kernel, max(step)))


def bilateral(d, color, space, step):
    scale = max(step)
    return lambda p: cv2.bilateralFilter(p, odd_up(d, scale) if d and scale > 1 else d, color, space / scale)


BLURS = {
    "": lambda step: gaussian(31, 0, step),
    "kernel=5": lambda step: gaussian(5, 0, step),
    "kernel=8": lambda step: gaussian(9, 0, step),
    "type=gaussian:kernel=15:sigma=2.5": lambda step: gaussian(15, 2.5, step),
    "type=median:kernel=5": lambda step: median(5, step),
    "type=median:kernel=10": lambda step: median(11, step),
    "type=bilateral": lambda step: bilateral(9, 75, 75, step),
    "type=bilateral:d=0:sigma_color=30:sigma_space=4": lambda step: bilateral(0, 30, 4, step),
}


def test_blur():
    for fmt in FORMATS:
        clip = Clip("realshort.mp4", fmt, (161, 121), 2)
        for options, of_step in BLURS.items():
            frames, _ = clip.run("blur", options)
            right = True
            for before, after in zip(clip.frames, frames):
                for i, (plane, got) in enumerate(zip(before, after)):
                    work = of_step(clip.step(i))
                    if fmt in ("rgb24", "bgr24"):
                        right &= same(got, work(plane))
                    elif i == 3:
                        right &= same(got, plane)
                    else:
                        right &= same(got, by_channel(plane, work))
            check(f"blur={options} {fmt}", right and not same(frames[0][0], clip.frames[0][0]))
    refused("blur", "type=median:kernel=256", ["255"])


# ---- edges

def strength(x):
    return cv2.convertScaleAbs(x)


def sobel(grey, ksize):
    x, y = cv2.Sobel(grey, cv2.CV_64F, 1, 0, ksize=ksize), cv2.Sobel(grey, cv2.CV_64F, 0, 1, ksize=ksize)
    return strength(cv2.magnitude(x, y))


EDGES = {
    "": lambda g: cv2.Canny(g, 50, 150),
    "threshold1=20:threshold2=300:aperture_size=5": lambda g: cv2.Canny(g, 20, 300, apertureSize=5),
    "type=sobel": lambda g: sobel(g, 3),
    "type=sobel:ksize=4": lambda g: sobel(g, 5),
    "type=laplacian": lambda g: strength(cv2.Laplacian(g, cv2.CV_64F, ksize=3)),
    "type=laplacian:ksize=1": lambda g: strength(cv2.Laplacian(g, cv2.CV_64F, ksize=1)),
}


def test_edges():
    for fmt in FORMATS:
        clip = Clip("cockatoo.mp4", fmt, (321, 181), 2, start=3)
        for options, work in EDGES.items():
            frames, _ = clip.run("edges", options)
            right = True
            for before, after in zip(clip.frames, frames):
                edges = work(clip.grey(before))
                right &= edges.any() and same(after[0], edges if after[0].ndim == 2 else np.dstack([edges] * 3))
                right &= all((plane == 128).all() for plane in after[1:3])
                right &= len(after) < 4 or same(after[3], before[3])
            check(f"edges={options} {fmt}", right)


# ---- boxes, straight in the planes

def matrix(clip):
    high = clip.width >= 1280 or clip.height > 576
    red, blue = {"bt709": (0.2126, 0.0722), "bt470bg": (0.299, 0.114), "bt2020nc": (0.2627, 0.0593)}[
        clip.colors[0] if clip.colors else "bt709" if high else "bt470bg"]
    green = 1 - red - blue
    full = clip.fmt in ("gray", "yuvj422p") if not clip.colors else clip.colors[1] == "pc"
    y, c = (1, 1) if full else (219 / 255, 224 / 255)
    u, v = c / 2 / (1 - blue), c / 2 / (1 - red)
    return np.array([[y * blue, y * green, y * red, 0 if y == 1 else 16], [u * (1 - blue), -u * green, -u * red, 128],
                     [-v * blue, -v * green, v * (1 - red), 128]])


def samples(clip, rgb):
    """Of each plane, for one colour."""
    r, g, b = rgb
    if clip.fmt in ("rgb24", "bgr24"):
        return [[r, g, b] if clip.fmt == "rgb24" else [b, g, r]]
    y, u, v = np.rint(matrix(clip) @ [b, g, r, 1]).astype(np.uint8)
    return [y, [u, v]] if clip.fmt == "nv12" else [y, u, v]


def grid(clip, box):
    sx, sy = clip.step(1)
    x0, y0 = box[0] // sx * sx, box[1] // sy * sy
    x1, y1 = -(-(box[0] + box[2]) // sx) * sx, -(-(box[1] + box[3]) // sy) * sy
    return x0, y0, min(x1, clip.width), min(y1, clip.height)


def area(clip, i, box):
    x0, y0, x1, y1 = grid(clip, box)
    sx, sy = clip.step(i)
    return np.s_[y0 // sy:-(-y1 // sy), x0 // sx:-(-x1 // sx)]


def draw(clip, planes, boxes, rgb, thickness):
    """By another way than the plugin's: fill the box, then put its inside back."""
    sx, sy = clip.step(1)
    tx, ty = -(-thickness // sx) * sx, -(-thickness // sy) * sy
    drawn = [plane.copy() for plane in planes]
    for box in boxes:
        x0, y0, x1, y1 = grid(clip, box)
        inner = (x0 + tx, y0 + ty, (x1 - tx) // sx * sx - x0 - tx, (y1 - ty) // sy * sy - y0 - ty)
        for i, color in enumerate(samples(clip, rgb)[:len(planes)]):
            kept = drawn[i][area(clip, i, inner)].copy() if inner[2] > 0 and inner[3] > 0 else None
            drawn[i][area(clip, i, box)] = color
            if kept is not None:
                drawn[i][area(clip, i, inner)] = kept
    return drawn


def planes_same(ours, theirs):
    return len(ours) == len(theirs) and all(same(a, b) for a, b in zip(ours, theirs))


def in_order(boxes):
    return sorted(([int(v) for v in box] for box in boxes), key=lambda b: (b[1], b[0], b[3], b[2]))


# ---- faces

class Faces:
    def __init__(self):
        self.faces = cv2.CascadeClassifier(CASCADES + "haarcascade_frontalface_default.xml")
        self.eyes = cv2.CascadeClassifier(CASCADES + "haarcascade_eye.xml")

    def find(self, grey, scale=1.1, neighbors=5, least=30):
        return in_order(self.faces.detectMultiScale(grey, scale, neighbors, minSize=(least, least)))

    def find_eyes(self, grey, faces):
        found = []
        for x, y, w, h in faces:
            eyes = self.eyes.detectMultiScale(np.ascontiguousarray(grey[y:y + h, x:x + w]))
            found += [[ex + x, ey + y, ew, eh] for ex, ey, ew, eh in in_order(eyes)]
        return found


def blurred(clip, planes, boxes, factor):
    out = [plane.copy() for plane in planes]
    for box in boxes:
        for i in range(min(3, len(out))):
            at = area(clip, i, box)
            out[i][at] = gaussian(factor | 1, 0, clip.step(i))(out[i][at].copy())
    return out


def face_clips():
    if os.path.exists(os.path.join(SAMPLES, "cap12.mp4")):
        for fmt in FORMATS:
            yield Clip("cap12.mp4", fmt, (401, 301), 3, step=9)
        yield Clip("cap12.mp4", "yuv420p", (400, 300), 12, step=25)
    yield Clip("movie-hello.mp4", "yuv420p", (1280, 720), 3, start=0.5, step=5)
    yield Clip("movie-hello.mp4", "nv12", (1280, 720), 2, start=1.5, step=9)


def test_faces():
    finder, total = Faces(), 0
    for clip in face_clips():
        name = f"{clip.width}x{clip.height} {clip.fmt}"
        greys = [clip.grey(frame) for frame in clip.frames]
        boxes = [finder.find(grey) for grey in greys]
        total += sum(map(len, boxes))

        frames, told = clip.run("faces")
        check(f"faces: boxes of {name}: {boxes}", [t["boxes"] for t in told] == boxes and
              [t["count"] for t in told] == list(map(len, boxes)))
        check(f"faces: drawn in {name}", all(
            planes_same(after, draw(clip, before, found, (0, 255, 0), 2))
            for before, after, found in zip(clip.frames, frames, boxes)))

        frames, told = clip.run("faces", "blur_instead=1:blur_factor=20")
        check(f"faces: blurred in {name}", [t["boxes"] for t in told] == boxes and all(
            planes_same(after, blurred(clip, before, found, 20))
            for before, after, found in zip(clip.frames, frames, boxes)))
    check(f"{total} faces were there to find", total > 2)
    face_options(finder)
    for words, env in ((["/nowhere/haarcascade_frontalface_default.xml", "opencv-data"], {"VIDMPI_CASCADES": "/nowhere"}),):
        refused("faces", "", words, env)
    refused("faces", "cascade=/nowhere/a.xml", ["/nowhere/a.xml", "opencv-data", "cascade="])
    refused("faces", f"cascade={__file__}", ["cannot be loaded"])


def face_options(finder):
    clip = [clip for clip in face_clips() if clip.fmt == "yuv420p"][0]
    grey = [clip.grey(frame) for frame in clip.frames]
    boxes = [finder.find(g, 1.3, 2, 60) for g in grey]
    eyes = [finder.find_eyes(g, found) for g, found in zip(grey, boxes)]
    frames, told = clip.run("faces", "scale=1.3:neighbors=2:min_size=60:detect_eyes=1:color=0xc86420:thickness=3")
    check(f"faces: other options, eyes {eyes}", [t["boxes"] for t in told] == boxes and
          [t["eyes"] for t in told] == eyes and all(
              planes_same(after, draw(clip, before, found + pairs, (200, 100, 32), 3))
              for before, after, found, pairs in zip(clip.frames, frames, boxes, eyes)))
    for clip.colors in (("bt709", "tv"), ("bt470bg", "pc"), ("bt2020nc", "tv")):
        frames, told = clip.run("faces")
        check(f"faces: drawn in the colours of {clip.colors}", all(
            planes_same(after, draw(clip, before, tell["boxes"], (0, 255, 0), 2))
            for before, after, tell in zip(clip.frames, frames, told)))
    frames, _ = clip.run("faces", "cascade=" + CASCADES + "haarcascade_eye.xml:color=0xff000000")
    check("faces: a colour that is not to be seen", all(planes_same(a, b) for a, b in zip(clip.frames, frames)))


# ---- motion

def moved(before, now, threshold=25, least=500):
    smooth = [cv2.GaussianBlur(grey, (21, 21), 0) for grey in (before, now)]
    mask = cv2.threshold(cv2.absdiff(*smooth), threshold, 255, cv2.THRESH_BINARY)[1]
    outlines = cv2.findContours(cv2.dilate(mask, None, iterations=2), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)[0]
    return in_order(cv2.boundingRect(o) for o in outlines if cv2.contourArea(o) >= least)


def flow_of(before, now):
    return cv2.calcOpticalFlowFarneback(before, now, None, 0.5, 3, 15, 3, 5, 1.2, 0)


def arrows_of(flow):
    mask, count = np.zeros(flow.shape[:2], np.uint8), 0
    for y in range(8, flow.shape[0], 16):
        for x in range(8, flow.shape[1], 16):
            fx, fy = flow[y, x]
            if fx * fx + fy * fy > 1:
                to = int(np.rint(np.float32(x) + fx)), int(np.rint(np.float32(y) + fy))
                cv2.arrowedLine(mask, (x, y), to, 255, 1, cv2.LINE_8, 0, 0.3)
                count += 1
    return mask, count


def through(clip, planes, mask, rgb):
    out = [plane.copy() for plane in planes]
    for i, color in enumerate(samples(clip, rgb)[:len(planes)]):
        sx, sy = clip.step(i)
        high, wide = planes[i].shape[:2]
        whole = np.zeros((high * sy, wide * sx), np.uint8)
        whole[:mask.shape[0], :mask.shape[1]] = mask
        out[i][whole.reshape(high, sy, wide, sx).max(axis=(1, 3)) > 0] = color
    return out


def colors_of(flow):
    length, angle = cv2.cartToPolar(flow[..., 0], flow[..., 1], angleInDegrees=True)
    hue = np.rint(angle * np.float32(0.5)).astype(np.uint8)
    hue[hue >= 180] = 0
    value = np.rint(cv2.normalize(length, None, 0, 255, cv2.NORM_MINMAX)).astype(np.uint8)
    return cv2.cvtColor(np.dstack([hue, np.full_like(hue, 255), value]), cv2.COLOR_HSV2BGR)


def shown(clip, bgr, planes):
    if clip.fmt == "bgr24":
        return [bgr]
    if clip.fmt == "rgb24":
        return [np.ascontiguousarray(bgr[..., ::-1])]
    yuv = cv2.transform(bgr, matrix(clip))
    out = [np.ascontiguousarray(yuv[..., 0])]
    if clip.fmt == "nv12":
        out.append(cv2.resize(yuv[..., 1:], planes[1].shape[1::-1], interpolation=cv2.INTER_AREA))
    elif len(planes) >= 3:
        out += [cv2.resize(np.ascontiguousarray(yuv[..., c]), planes[c].shape[1::-1], interpolation=cv2.INTER_AREA)
                for c in (1, 2)]
    return out + list(planes[3:])


def test_motion():
    total = 0
    for clip in [Clip("cockatoo.mp4", fmt, (321, 181), 5, start=2, step=2) for fmt in FORMATS] + [
            Clip("cockatoo.mp4", "yuv444p", (1280, 720), 10, start=2)]:
        name = f"{clip.width}x{clip.height} {clip.fmt}"
        greys = [clip.grey(frame) for frame in clip.frames]
        for options, args in (("", (25, 500)), ("threshold=5:min_area=40:color=0x3264c8:thickness=1", (5, 40))):
            boxes = [[]] + [moved(a, b, *args) for a, b in zip(greys, greys[1:])]
            rgb, thickness = ((0x32, 0x64, 0xc8), 1) if options else ((0, 255, 0), 2)
            total += sum(map(len, boxes))
            frames, told = clip.run("motion", options)
            check(f"motion={options} {name}: {sum(map(len, boxes))} boxes", [t["boxes"] for t in told] == boxes and
                  [t["count"] for t in told] == list(map(len, boxes)))
            check(f"motion={options} drawn in {name}", planes_same(frames[0], clip.frames[0]) and all(
                planes_same(after, draw(clip, before, found, rgb, thickness))
                for before, after, found in zip(clip.frames, frames, boxes)))
        if clip.width < 1000:
            check_flow(clip, greys, name)
    check(f"{total} boxes were there to find", total > 20)


def check_flow(clip, greys, name):
    flows = [flow_of(a, b) for a, b in zip(greys, greys[1:])]
    frames, told = clip.run("motion", "type=optical_flow")
    arrows = [arrows_of(flow) for flow in flows]
    check(f"motion=optical_flow {name}: {[n for _, n in arrows]} arrows", [t["arrows"] for t in told] ==
          [0] + [n for _, n in arrows] and sum(n for _, n in arrows) > 0)
    check(f"motion=optical_flow drawn in {name}", planes_same(frames[0], clip.frames[0]) and all(
        planes_same(after, through(clip, before, mask, (0, 255, 0)))
        for before, after, (mask, _) in zip(clip.frames[1:], frames[1:], arrows)))
    frames, _ = clip.run("motion", "type=optical_flow:draw_arrows=0")
    check(f"motion=optical_flow in colours in {name}", planes_same(frames[0], clip.frames[0]) and all(
        planes_same(after, shown(clip, colors_of(flow), before))
        for before, after, flow in zip(clip.frames[1:], frames[1:], flows)))


# ---- denoise

def denoised(clip, planes, h=3, h_color=3, template=7, search=21):
    if clip.fmt in ("rgb24", "bgr24"):
        bgr = planes[0] if clip.fmt == "bgr24" else np.ascontiguousarray(planes[0][..., ::-1])
        made = cv2.fastNlMeansDenoisingColored(bgr, None, h, h_color, template, search)
        return [made if clip.fmt == "bgr24" else made[..., ::-1]]
    out = [cv2.fastNlMeansDenoising(planes[0], None, h, template, search)]
    if len(planes) > 1:
        both = planes[1] if clip.fmt == "nv12" else np.dstack(planes[1:3])
        made = cv2.fastNlMeansDenoising(both, None, h_color, template, search)
        out += [made] if clip.fmt == "nv12" else [made[..., 0], made[..., 1]]
    return out + list(planes[3:])


def test_denoise():
    for fmt in FORMATS:
        clip = Clip("realshort.mp4", fmt, (81, 61), 1)
        for options, args in (("", ()), ("h=10:h_color=6:template=4:search=14", (10, 6, 5, 15))):
            frames, _ = clip.run("denoise", options)
            check(f"denoise={options} {fmt}", planes_same(frames[0], denoised(clip, clip.frames[0], *args)) and
                  not same(frames[0][0], clip.frames[0][0]))


cv2.setNumThreads(1)
for needed in ("realshort.mp4", "cockatoo.mp4", "movie-hello.mp4"):
    if not os.path.exists(os.path.join(SAMPLES, needed)):
        skip(f"no {needed} in {SAMPLES}: tests/lib/samples.sh fetches it")
if not os.path.exists(CASCADES):
    skip("no cascades: the package opencv-data has them")
globals()[f"test_{GROUP}"]()
sys.exit(failures != 0)
