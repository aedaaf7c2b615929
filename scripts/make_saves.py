#!/usr/bin/env python3
"""Save a scene with Blender as artists do, again and again: what a delta upload has to work with.

  python make_saves.py build OUT [--objects N] [--side N]   (the PyPI `bpy` module)
  python make_saves.py change OUT FROM TO [CHANGE]          CHANGE: moved or material
  blender -b --factory-startup --python make_saves.py -- build OUT    (Debian's Blender)

`build` makes a scene of N meshes of side x side vertices, all of them different, each with a material,
and writes OUT/plain/base.blend and OUT/zstd/base.blend. In the same session it saves once more, moves one
object and saves, changes one material and saves: `same-again`, `same-moved`, `same-material`.
`change` opens OUT/*/FROM.blend in a new Blender, as on the next day, and saves it as TO.
"""

import random
import sys
from pathlib import Path

import bpy

PACKED = {"plain": False, "zstd": True}


def mesh(number, side, rng):
    """A grid with noise on it: like a scan or a sculpt, it compresses somewhat."""
    points = [(x, y, rng.gauss(0, 0.1)) for y in range(side) for x in range(side)]
    corners = [y * side + x for y in range(side - 1) for x in range(side - 1)]
    made = bpy.data.meshes.new(f"mesh_{number:03}")
    made.from_pydata(points, [], [(at, at + 1, at + side + 1, at + side) for at in corners])
    made.uv_layers.new(name="UVMap")
    return made


def material(number, rng):
    made = bpy.data.materials.new(f"material_{number:03}")
    made.use_nodes = True
    shader = made.node_tree.nodes["Principled BSDF"]
    shader.inputs["Base Color"].default_value = [rng.random(), rng.random(), rng.random(), 1.0]
    for _ in range(20):
        made.node_tree.nodes.new("ShaderNodeMath")
    return made


def build(out, objects, side):
    bpy.ops.wm.read_factory_settings(use_empty=True)
    rng = random.Random(7)
    for number in range(objects):
        made = bpy.data.objects.new(f"object_{number:03}", mesh(number, side, rng))
        made.data.materials.append(material(number, rng))
        bpy.context.scene.collection.objects.link(made)
    save_both(out, "base")
    for change in CHANGES:
        CHANGES[change]()
        save_both(out, f"same-{change}")


def moved():
    bpy.data.objects["object_003"].location.x += 1.5


def changed_material():
    shader = bpy.data.materials["material_003"].node_tree.nodes["Principled BSDF"]
    shader.inputs["Base Color"].default_value = [0.1, 0.9, 0.2, 1.0]


CHANGES = {"again": lambda: None, "moved": moved, "material": changed_material}


def save(path, packed):
    path.parent.mkdir(parents=True, exist_ok=True)
    bpy.ops.wm.save_as_mainfile(filepath=str(path), compress=packed, copy=True)


def save_both(out, name):
    for kind, packed in PACKED.items():
        save(out / kind / f"{name}.blend", packed)


def main():
    arguments = sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else sys.argv[1:]
    word, out, *rest = arguments
    out = Path(out).absolute()
    if word == "build":
        options = dict(zip(rest[::2], map(int, rest[1::2])))
        build(out, options.get("--objects", 60), options.get("--side", 120))
        return
    source, target, *change = rest
    for kind, packed in PACKED.items():
        bpy.ops.wm.open_mainfile(filepath=str(out / kind / f"{source}.blend"))
        for word in change:
            CHANGES[word]()
        save(out / kind / f"{target}.blend", packed)


main()
