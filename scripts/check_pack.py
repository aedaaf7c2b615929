#!/usr/bin/env python3
"""Open each .blend of a pack in Blender and report every path that does not lead into the pack.

    "$(scripts/get-blender.sh 5.0.1)" scripts/check_pack.py PACK [--missing NAME]…
    blender -b --factory-startup --python scripts/check_pack.py -- PACK [--missing NAME]…

The original should have been moved away. A path must lead to something that is there, in PACK; frames
and tiles to at least one. Names given with --missing may lead nowhere. Prints one line for each path
that is wrong, then a summary; exits with 1 if there was one, or if not a single path was seen.
"""

import argparse
import os
import re
import sys
from pathlib import Path

import bpy

V = bpy.app.version


def arguments():
    args = sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else sys.argv[1:]
    parser = argparse.ArgumentParser()
    parser.add_argument("pack", type=Path)
    parser.add_argument("--missing", action="append", default=[])
    return parser.parse_args(args)


def properties(struct, trail=""):
    """All properties of a struct that hold paths, with what they hold."""
    for prop in struct.bl_rna.properties:
        if prop.type == "STRING" and prop.subtype in {"FILE_PATH", "DIR_PATH", "FILEPATH", "DIRPATH"}:
            if not prop.is_readonly or prop.identifier == "filepath":
                yield trail + prop.identifier, getattr(struct, prop.identifier)


def strips(scene):
    editor = scene.sequence_editor
    if editor:
        for strip in editor.strips_all if hasattr(editor, "strips_all") else editor.sequences_all:
            if strip.type == "IMAGE":
                for element in strip.elements:
                    yield f"strip {strip.name}", os.path.join(strip.directory, element.filename)
            elif strip.type in {"MOVIE", "SOUND"} and hasattr(strip, "filepath"):
                yield f"strip {strip.name}", strip.filepath


def nodes(tree):
    for node in tree.nodes:
        for name, path in properties(node):
            if getattr(node, "mode", "EXTERNAL") == "EXTERNAL":
                yield f"node {node.name}.{name}", path
        for socket in node.inputs:
            if node.bl_idname.startswith("GeometryNodeImport") and hasattr(socket, "default_value"):
                if isinstance(socket.default_value, str):
                    yield f"node {node.name}.{socket.name}", socket.default_value


def modifiers(ob):
    for modifier in ob.modifiers:
        for name, path in properties(modifier):
            yield f"modifier {modifier.name}.{name}", path
        if modifier.type == "NODES":
            for bake in getattr(modifier, "bakes", []):
                yield f"bake {modifier.name}", bake.directory
        if modifier.type == "FLUID" and modifier.fluid_type == "DOMAIN":
            yield f"fluid {modifier.name}", modifier.domain_settings.cache_directory


def inputs():
    """Each path of the open file: the data-block it belongs to, where it is, and what it says."""
    for name in dir(bpy.data):
        collection = getattr(bpy.data, name)
        if not isinstance(collection, bpy.types.bpy_prop_collection) or name in {"brushes", "window_managers", "screens"}:
            continue
        for block in collection:
            if getattr(block, "packed_file", None) or getattr(block, "packed_files", None):
                continue
            if isinstance(block, bpy.types.Image) and block.source in {"GENERATED", "VIEWER"}:
                continue
            if isinstance(block, bpy.types.VectorFont) and block.filepath == "<builtin>":
                continue
            if isinstance(block, bpy.types.Text) and (block.is_in_memory or not block.filepath):
                continue
            if isinstance(block, bpy.types.Camera) and getattr(block, "type", "") != "CUSTOM":
                continue
            if not isinstance(block, bpy.types.Scene):
                yield from ((block, where, path) for where, path in properties(block))
            for layer in getattr(block, "layers", []) if isinstance(block, bpy.types.CacheFile) else []:
                yield block, "layer", layer.filepath
            if isinstance(block, bpy.types.Scene):
                yield from ((block, where, path) for where, path in strips(block))
            if isinstance(block, bpy.types.Object):
                yield from ((block, where, path) for where, path in modifiers(block))
            tree = block if isinstance(block, bpy.types.NodeTree) else getattr(block, "node_tree", None)
            if tree:
                yield from ((block, where, path) for where, path in nodes(tree))


def named_by_blender():
    """What Blender itself says are the paths of the open file, from 5.0 on."""
    seen = []
    if hasattr(bpy.data, "file_path_foreach"):

        def note(owner, path, _about):
            if not isinstance(owner, bpy.types.Brush):
                seen.append((owner, "foreach", path))

        bpy.data.file_path_foreach(note)
    return seen


def there(path):
    """What lies where the path leads: itself, or something like it with another number or tile."""
    if os.path.exists(path):
        return True
    folder, name = os.path.split(path)
    if not os.path.isdir(folder):
        return False
    pattern = re.escape(name)
    pattern = pattern.replace(re.escape("<UDIM>"), r"\d{4}").replace(re.escape("<UVTILE>"), r"u\d+_v\d+")
    pattern = re.sub(r"\d+(?!.*\d)", r"\\d+", pattern) if "<" not in name else pattern
    return any(re.fullmatch(pattern, other) for other in os.listdir(folder))


def needs_no_file(block):
    """A library whose data was packed into the file: only its directory matters."""
    return getattr(block, "is_archive", False) or bool(getattr(block, "archive_libraries", None))


def check(blend, pack, missing):
    bpy.ops.wm.open_mainfile(filepath=str(blend), load_ui=False)
    seen, wrong = 0, 0
    for block, where, path in [*inputs(), *named_by_blender()]:
        if not path:
            continue
        library = getattr(block, "library", None)
        full = os.path.normpath(bpy.path.abspath(path, library=library))
        seen += 1
        inside = os.path.realpath(full).startswith(os.path.realpath(pack) + os.sep)
        if os.path.basename(full) in missing:
            continue
        if not (inside and (there(full) or needs_no_file(block))):
            wrong += 1
            print(f"{blend}: {block.bl_rna.identifier} {block.name_full} {where}: {path} -> {full}")
    return seen, wrong


def main():
    args = arguments()
    pack = args.pack.resolve()
    blends = sorted(pack.rglob("*.blend"))
    counts = [check(blend, pack, args.missing) for blend in blends]
    seen, wrong = (sum(count) for count in zip(*counts))
    print(f"{wrong} wrong of {seen} paths in {len(blends)} files, Blender {bpy.app.version_string}", flush=True)
    # `sys.exit` is not heard by every Blender.
    os._exit(1 if wrong or not seen else 0)


main()
