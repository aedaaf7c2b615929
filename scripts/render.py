#!/usr/bin/env python3
"""Render one frame of a .blend as it says itself, with Cycles on the CPU.

    "$(scripts/get-blender.sh)" scripts/render.py FILE.blend OUT.png [FRAME]
    blender -b FILE.blend --python scripts/render.py -- OUT.png [FRAME]

You get OUT.png, an 8-bit RGB image, and a line on stdout that names it. Size and samples are the
file's; the frame is 1 unless told. Files that are missing are no error here: they show in the picture.
"""

import sys
from pathlib import Path

import bpy


def main():
    in_blender = "--" in sys.argv
    args = sys.argv[sys.argv.index("--") + 1 :] if in_blender else sys.argv[1:]
    if not in_blender or (args and args[0].endswith(".blend")):
        if not args or not Path(args[0]).is_file():
            sys.exit("render: no such file: %s" % (args[0] if args else "(none given)"))
        bpy.ops.wm.open_mainfile(filepath=str(Path(args.pop(0)).resolve()))
    if not 1 <= len(args) <= 2:
        sys.exit(__doc__)
    out = Path(args[0]).resolve()
    out.parent.mkdir(parents=True, exist_ok=True)
    scene = bpy.context.scene
    render = scene.render
    render.engine = "CYCLES"
    scene.cycles.device = "CPU"
    # Whatever the file would write, compare_png.py is to read it.
    if hasattr(render.image_settings, "media_type"):
        render.image_settings.media_type = "IMAGE"
    render.image_settings.file_format = "PNG"
    render.image_settings.color_mode = "RGB"
    render.image_settings.color_depth = "8"
    render.use_file_extension = False
    render.filepath = str(out)
    scene.frame_set(int(args[1]) if len(args) > 1 else 1)
    bpy.ops.render.render(write_still=True)
    if not out.is_file():
        sys.exit("render: Blender did not write %s" % out)
    print("rendered %s" % out)


if __name__ == "__main__":
    main()
