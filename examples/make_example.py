#!/usr/bin/env python3
"""Make the example project: a small studio set that one shot films.

    "$(scripts/get-blender.sh)" examples/make_example.py [OUT]

What you get is a folder (examples/studio unless told) with a shot that links a crate, a library that
itself links its metal from a second library, and with textures, a mural of four UDIM tiles, a clock of
twelve frames on a screen, a font and a sound. Everything is drawn by this script, from a fixed seed:
asset files are the same bytes each time, .blend files hold the same things in other bytes.

Materials emit light and nothing else does, so one sample gives a picture without noise, and a file that
is missing shows at once.
"""

import math
import os
import random
import shutil
import struct
import sys
import tempfile
import zlib
from pathlib import Path

HERE = Path(__file__).resolve().parent
# Blender writes where it was, and its user's home, into what it saves: be somewhere neutral.
WORK = Path(tempfile.gettempdir()) / "shaman-example"
os.environ["HOME"] = str(WORK)
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE.parent / "scripts"))

import bpy  # noqa: E402
from make_project import write_bytes, write_ttf, write_wav_samples  # noqa: E402

FRAMES = 12


# --------------------------------------------------------------------------
# Pictures. A picture is a function from (u, v) in 0..1, v upwards, to (r, g, b) in 0..1.


def write_png(path: Path, size: int, picture) -> Path:
    """An RGB image whose data is stored and not compressed: any zlib gives the same bytes."""
    lines = bytearray()
    for y in range(size):
        lines.append(0)
        for x in range(size):
            rgb = picture((x + 0.5) / size, 1 - (y + 0.5) / size)
            lines += bytes(max(0, min(255, int(c * 255 + 0.5))) for c in rgb)
    body = b"\x78\x01"
    for at in range(0, len(lines), 65535):
        part = bytes(lines[at : at + 65535])
        body += struct.pack("<BHH", at + 65535 >= len(lines), len(part), len(part) ^ 0xFFFF) + part
    body += struct.pack(">I", zlib.adler32(lines))

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)
    return write_bytes(path, b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b""))


def mix(a, b, t):
    return tuple(x + (y - x) * t for x, y in zip(a, b))


def grained(rng, amount, rgb):
    n = (rng.random() - 0.5) * amount
    return tuple(c + n for c in rgb)


def bricks(rng):
    tint = [rng.random() for _ in range(64)]

    def picture(u, v):
        row = int(v * 8)
        x = u * 4 + 0.5 * (row % 2)
        if min(x % 1, 1 - x % 1) < 0.03 or min(v * 8 % 1, 1 - v * 8 % 1) < 0.06:
            return grained(rng, 0.06, (0.36, 0.33, 0.35))
        return grained(rng, 0.08, mix((0.30, 0.17, 0.20), (0.42, 0.22, 0.22), tint[row * 8 + int(x) % 4]))

    return picture


def planks(rng, dark, light, count):
    tint = [rng.random() for _ in range(count)]

    def picture(u, v):
        board = min(count - 1, int(u * count))
        at = u * count % 1
        if at < 0.04:
            return mix(dark, (0, 0, 0), 0.6)
        grain = 0.5 + 0.5 * math.sin(40 * at + 3 * math.sin(7 * v + 9 * tint[board]))
        return grained(rng, 0.07, mix(dark, light, 0.6 * tint[board] + 0.4 * grain))

    return picture


def rust(rng):
    spots = [(rng.random(), rng.random(), 0.02 + 0.08 * rng.random()) for _ in range(40)]

    def picture(u, v):
        d = min(math.hypot(u - x, v - y) / r for x, y, r in spots)
        return grained(rng, 0.1, mix((0.62, 0.33, 0.14), (0.35, 0.37, 0.42), min(1, d / 1.5)))

    return picture


def rug(rng):
    colours = [(0.55, 0.10, 0.16), (0.86, 0.70, 0.38), (0.13, 0.20, 0.36), (0.80, 0.36, 0.22)]

    def picture(u, v):
        ring = max(abs(u - 0.5), abs(v - 0.5)) * 2
        diamond = (abs(u - 0.5) + abs(v - 0.5)) * 2
        return grained(rng, 0.1, colours[int(diamond * 5) % 4] if ring < 0.8 else colours[int(ring * 10) % 2])

    return picture


def poster(rng):
    def picture(u, v):
        if min(u, v, 1 - u, 1 - v) < 0.04:
            return (0.95, 0.93, 0.86)
        d = math.hypot(u - 0.5, v - 0.56)
        ray = int((math.atan2(v - 0.56, u - 0.5) / math.pi + 1) * 12) % 2
        if d < 0.22:
            return grained(rng, 0.04, (0.98, 0.85, 0.30))
        return grained(rng, 0.04, (0.90, 0.35, 0.25) if ray else (0.16, 0.48, 0.52))

    return picture


def mural(rng):
    """The whole of the mural; each tile shows a quarter."""

    def ridge(u, height, k):
        return height + 0.09 * math.sin(k * u) + 0.05 * math.sin(2.7 * k * u + 1) + 0.02 * math.sin(9 * k * u)

    def picture(u, v):
        if v < ridge(u, 0.22, 7):
            rgb = (0.07, 0.16, 0.20)
        elif v < ridge(u + 0.3, 0.42, 5):
            rgb = (0.18, 0.27, 0.42)
        elif math.hypot(u - 0.63, v - 0.62) < 0.14:
            rgb = (1.0, 0.86, 0.45)
        else:
            rgb = mix((0.98, 0.55, 0.35), (0.25, 0.35, 0.70), min(1, max(0, (v - 0.35) / 0.6)))
        return grained(rng, 0.03, rgb)

    return picture


def clock(frame):
    """A dial whose hand stands at `frame` of FRAMES."""
    turn = math.tau * frame / FRAMES

    def picture(u, v):
        x, y = u - 0.5, v - 0.5
        along = x * math.sin(turn) + y * math.cos(turn)
        across = abs(x * math.cos(turn) - y * math.sin(turn))
        d = math.hypot(x, y)
        if 0 < along < 0.36 and across < 0.05:
            return (1.0, 0.45, 0.2)
        if d < 0.44:
            return mix((0.85, 0.95, 1.0), (0.35, 0.65, 0.85), d / 0.44)
        return (0.05, 0.10, 0.18)

    return picture


# The sign's letters, five by seven dots each.
LETTERS = {
    "S": ".#### #.... #.... .###. ....# ....# ####.",
    "H": "#...# #...# #...# ##### #...# #...# #...#",
    "A": ".###. #...# #...# ##### #...# #...# #...#",
    "M": "#...# ##.## #.#.# #.#.# #...# #...# #...#",
    "N": "#...# ##..# #.#.# #..## #...# #...# #...#",
}


def dots(rows):
    """The contours of a letter: a box for each run of dots in a row."""
    boxes = []
    for y, row in enumerate(rows.split()):
        x = 0
        while x < len(row):
            run = len(row[x:]) - len(row[x:].lstrip("#"))
            if run:
                left, right, low, high = 100 * x + 50, 100 * (x + run) + 50, 600 - 100 * y, 700 - 100 * y
                boxes.append([(left, low), (left, high), (right, high), (right, low)])
            x += run or 1
    return boxes


def chord(seconds=2, rate=11025):
    """Three soft notes that start one after another, as 16-bit samples."""
    samples = []
    for i in range(seconds * rate):
        t, s = i / rate, 0.0
        for n, pitch in enumerate((220.0, 277.18, 329.63)):
            since = t - 0.25 * n
            if since > 0:
                s += math.sin(math.tau * pitch * since) * math.exp(-1.5 * since) * min(1, since * 50)
        samples.append(int(s * 8000))
    return samples, rate


# --------------------------------------------------------------------------
# Blender


class Studio:
    def __init__(self, root: Path):
        self.root = root
        self.blend = root  # the file that is being made

    def start(self, name: str):
        """An empty file that already has its place, so that paths can be relative to it."""
        bpy.ops.wm.read_factory_settings(use_empty=True)
        bpy.context.preferences.filepaths.save_version = 0
        self.blend = self.root / name
        self.blend.parent.mkdir(parents=True, exist_ok=True)
        self.save()

    def save(self):
        bpy.ops.wm.save_as_mainfile(filepath=str(self.blend), compress=True, relative_remap=False)

    def rel(self, path: Path) -> str:
        return "//" + os.path.relpath(path, self.blend.parent).replace(os.sep, "/")

    def image(self, path: Path):
        image = bpy.data.images.load(str(path))
        image.filepath = self.rel(path)
        return image

    def link(self, library: Path, kind: str, name: str):
        with bpy.data.libraries.load(str(library), link=True, relative=True) as (_, wanted):
            setattr(wanted, kind, [name])
        return getattr(bpy.data, kind)[name]

    def material(self, name: str, image=None, colour=(1, 1, 1), repeat=1.0, shaded=False):
        """Shows an image, or a colour, by itself; `shaded` makes sides darker than tops."""
        material = bpy.data.materials.new(name)
        tree = material.node_tree
        tree.nodes.clear()
        add, join = tree.nodes.new, tree.links.new
        emission = add("ShaderNodeEmission")
        join(add("ShaderNodeOutputMaterial").inputs["Surface"], emission.outputs[0])
        emission.inputs["Color"].default_value = (*colour, 1)
        if image:
            texture = add("ShaderNodeTexImage")
            texture.image = image
            join(emission.inputs["Color"], texture.outputs["Color"])
            if repeat != 1:
                scale = add("ShaderNodeMapping")
                scale.inputs["Scale"].default_value = (repeat, repeat / 2, 1)
                join(scale.inputs["Vector"], add("ShaderNodeTexCoord").outputs["UV"])
                join(texture.inputs["Vector"], scale.outputs["Vector"])
        if shaded:
            facing = add("ShaderNodeVectorMath")
            facing.operation = "DOT_PRODUCT"
            facing.inputs[1].default_value = (0.35, -0.25, 0.45)
            join(facing.inputs[0], add("ShaderNodeNewGeometry").outputs["Normal"])
            light = add("ShaderNodeMath")
            light.operation = "ADD"
            light.inputs[1].default_value = 0.6
            join(light.inputs[0], facing.outputs["Value"])
            join(emission.inputs["Strength"], light.outputs[0])
        return material

    def panel(self, name, material, corners, uvs=((0, 0), (1, 0), (1, 1), (0, 1))):
        """A four-sided face, anticlockwise from its bottom left."""
        mesh = bpy.data.meshes.new(name)
        mesh.from_pydata(corners, [], [(0, 1, 2, 3)])
        for loop, uv in zip(mesh.uv_layers.new(name="UVMap").data, uvs):
            loop.uv = uv
        mesh.materials.append(material)
        return bpy.data.objects.new(name, mesh)

    def upright(self, name, material, x, z, width, height, y):
        """A panel that faces the camera."""
        return self.panel(
            name, material, [(x, y, z), (x + width, y, z), (x + width, y, z + height), (x, y, z + height)]
        )

    def boxes(self, name, material, bounds):
        """Boxes given by (low corner, high corner), each side with the whole texture on it."""
        verts, faces = [], []
        for low, high in bounds:
            n = len(verts)
            verts += [tuple((low, high)[i >> axis & 1][axis] for axis in range(3)) for i in range(8)]
            for side in ((0, 1, 5, 4), (1, 3, 7, 5), (3, 2, 6, 7), (2, 0, 4, 6), (4, 5, 7, 6), (0, 2, 3, 1)):
                faces.append(tuple(n + v for v in side))
        mesh = bpy.data.meshes.new(name)
        mesh.from_pydata(verts, [], faces)
        uv = mesh.uv_layers.new(name="UVMap")
        for i, loop in enumerate(uv.data):
            loop.uv = ((0, 0), (1, 0), (1, 1), (0, 1))[i % 4]
        mesh.materials.append(material)
        return bpy.data.objects.new(name, mesh)

    # ---- the files

    def materials(self) -> Path:
        self.start("lib/materials.blend")
        texture = write_png(self.root / "lib/textures/rust.png", 256, rust(random.Random("rust")))
        self.material("Rusty Iron", self.image(texture), shaded=True).use_fake_user = True
        self.save()
        return self.blend

    def crate(self, materials: Path) -> Path:
        self.start("lib/props/crate.blend")
        texture = write_png(
            self.root / "lib/props/textures/crate_wood.png",
            256,
            planks(random.Random("crate"), (0.42, 0.26, 0.12), (0.80, 0.58, 0.32), 5),
        )
        crate = bpy.data.collections.new("Crate")
        bpy.context.scene.collection.children.link(crate)
        wood = self.material("Crate Wood", self.image(texture), shaded=True)
        crate.objects.link(self.boxes("crate_wood", wood, [((-0.9, -0.9, 0.1), (0.9, 0.9, 1.9))]))
        iron, beams = self.link(materials, "materials", "Rusty Iron"), []
        for axis in range(3):
            for a in (-1, 0.75):
                for b in (-1, 0.75):
                    low = [a, b]
                    low.insert(axis, -1)
                    high = [a + 0.25, b + 0.25]
                    high.insert(axis, 1)
                    beams.append(((low[0], low[1], low[2] + 1), (high[0], high[1], high[2] + 1)))
        crate.objects.link(self.boxes("crate_iron", iron, beams))
        self.save()
        return self.blend

    def shot(self, crate: Path) -> Path:
        root = self.root
        self.start("shots/shot_010.blend")
        scene = bpy.context.scene
        scene.name = "shot_010"
        add = scene.collection.objects.link

        # The room. It stands at y = 4, and one unit is about a metre.
        wall = write_png(root / "textures/wall_bricks.png", 256, bricks(random.Random("wall")))
        floor = write_png(
            root / "textures/floor_planks.png",
            256,
            planks(random.Random("floor"), (0.20, 0.14, 0.12), (0.42, 0.30, 0.22), 8),
        )
        carpet = write_png(root / "textures/rug.png", 256, rug(random.Random("rug")))
        print_ = write_png(root / "textures/poster.png", 256, poster(random.Random("poster")))
        add(self.upright("wall", self.material("Bricks", self.image(wall), repeat=4), -12, 0, 24, 12, 4))
        corners = [(-12, -6, 0), (12, -6, 0), (12, 4, 0), (-12, 4, 0)]
        add(self.panel("floor", self.material("Planks", self.image(floor), repeat=2), corners))
        corners = [(-4.2, -3.4, 0.02), (1.6, -3.4, 0.02), (1.6, 2.2, 0.02), (-4.2, 2.2, 0.02)]
        add(self.panel("rug", self.material("Rug", self.image(carpet)), corners))
        add(self.upright("poster", self.material("Poster", self.image(print_)), 4.7, 4.1, 2.6, 2.6, 3.9))

        # The mural: one image of two by two tiles.
        whole = mural(random.Random("mural"))
        for tile in (1001, 1002, 1011, 1012):
            right, up = (tile - 1001) % 10, (tile - 1001) // 10
            write_png(
                root / ("textures/mural/mural.%d.png" % tile),
                160,
                lambda u, v: whole((u + right) / 2, (v + up) / 2),  # noqa: B023
            )
        image = self.image(root / "textures/mural/mural.1001.png")
        image.source = "TILED"
        image.filepath = self.rel(root / "textures/mural/mural.<UDIM>.png")
        for tile in (1002, 1011, 1012):
            if tile not in [t.number for t in image.tiles]:
                image.tiles.new(tile_number=tile)
        painting = self.material("Mural", image)
        for right in (0, 1):
            for up in (0, 1):
                # A hair inside the tile, so that no corner falls into the next one.
                lo, hi = 0.002, 0.998
                uvs = [(right + u, up + v) for u, v in ((lo, lo), (hi, lo), (hi, hi), (lo, hi))]
                ob = self.upright("mural_%d%d" % (up, right), painting, -7.2 + 2 * right, 2.6 + 2 * up, 2, 2, 3.9)
                for loop, uv in zip(ob.data.uv_layers[0].data, uvs):
                    loop.uv = uv
                add(ob)

        # The screen: an image sequence.
        for frame in range(1, FRAMES + 1):
            write_png(root / ("footage/clock/clock_%04d.png" % frame), 80, clock(frame))
        image = self.image(root / "footage/clock/clock_0001.png")
        image.source = "SEQUENCE"
        screen = self.material("Screen", image)
        user = next(n for n in screen.node_tree.nodes if n.type == "TEX_IMAGE").image_user
        user.frame_duration = FRAMES
        user.use_auto_refresh = True
        frame = self.material("Plastic", colour=(0.02, 0.02, 0.025))
        add(self.boxes("screen_frame", frame, [((-1.8, 3.4, 2.4), (1.2, 3.9, 5.4)), ((-0.5, 3.5, 0), (-0.1, 3.8, 2.4))]))
        add(self.upright("screen", screen, -1.6, 2.6, 2.6, 2.6, 3.35))

        # The sign.
        font_path = write_ttf(root / "fonts/Dots.ttf", {c: dots(rows) for c, rows in LETTERS.items()})
        text = bpy.data.curves.new("sign", "FONT")
        text.body = "SHAMAN"
        text.size = 1.6
        text.align_x = "CENTER"
        text.font = bpy.data.fonts.load(str(font_path))
        text.font.filepath = self.rel(font_path)
        text.materials.append(self.material("Neon", colour=(0.25, 1.0, 0.85)))
        sign = bpy.data.objects.new("sign", text)
        sign.location, sign.rotation_euler = (-0.3, 3.8, 7.1), (math.pi / 2, 0, 0)
        add(sign)

        # The crates: one collection of a library, four times.
        collection = self.link(crate, "collections", "Crate")
        for i, (x, y, z, turn) in enumerate(((3.6, 1.6, 0, 0.3), (6.2, 1.2, 0, -0.2), (4.9, 1.5, 2, 0.7), (3.0, -2.6, 0, 0.1))):
            ob = bpy.data.objects.new("crate_%d" % (i + 1), None)
            ob.instance_type, ob.instance_collection = "COLLECTION", collection
            ob.location, ob.rotation_euler = (x, y, z), (0, 0, turn)
            add(ob)

        # The sound, in the sequencer.
        wav = write_wav_samples(root / "audio/chord.wav", *chord())
        editor = scene.sequence_editor_create()
        editor.strips.new_sound("chord", self.rel(wav), 1, 1)
        scene.render.use_sequencer = False

        camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
        camera.data.lens = 34
        camera.location, camera.rotation_euler = (-0.8, -15, 5.6), (math.radians(84), 0, math.radians(-3))
        add(camera)
        scene.camera = camera
        scene.frame_start, scene.frame_end = 1, FRAMES
        render = scene.render
        render.engine = "CYCLES"
        render.resolution_x, render.resolution_y, render.resolution_percentage = 128, 72, 100
        render.image_settings.file_format = "PNG"
        render.filepath = "//../render/shot_010/######"
        scene.cycles.samples = 1
        scene.cycles.use_adaptive_sampling = scene.cycles.use_denoising = False
        scene.view_settings.view_transform = "Standard"
        self.save()
        return self.blend


def picture(out: Path):
    """A larger render than the shot asks for, written beside the project."""
    bpy.ops.wm.open_mainfile(filepath=str(out / "shots/shot_010.blend"))
    scene = bpy.context.scene
    scene.frame_set(2)
    scene.cycles.samples = 16
    scene.render.resolution_percentage = 300
    scene.render.image_settings.color_mode = "RGB"
    for name in dir(scene.render):
        if name.startswith("use_stamp_"):
            setattr(scene.render, name, False)  # no date and no path in the PNG
    scene.render.filepath = str(out.parent / (out.name + ".png"))
    bpy.ops.render.render(write_still=True)


def main():
    out = Path(sys.argv[1] if len(sys.argv) > 1 else HERE / "studio").resolve()
    shutil.rmtree(WORK, ignore_errors=True)
    root = WORK / "studio"
    root.mkdir(parents=True)
    write_bytes(root / ".blender_project", b"This folder is the root of a Blender project.\n")
    studio = Studio(root)
    studio.shot(studio.crate(studio.materials()))
    shutil.rmtree(out, ignore_errors=True)
    shutil.copytree(root, out)
    shutil.rmtree(WORK)
    picture(out)
    files = [f for f in out.rglob("*") if f.is_file()]
    print("%d files, %.2f MB in %s" % (len(files), sum(f.stat().st_size for f in files) / 1e6, out))


if __name__ == "__main__":
    main()
