#!/usr/bin/env python3
"""Save small .blend files, each with one thing that is easy to get wrong when tracing what it needs.

    "$(scripts/get-blender.sh 5.2.3)" scripts/make_corner_cases.py OUT
    blender -b --factory-startup --python scripts/make_corner_cases.py -- OUT

    … make_corner_cases.py OUT CASE...        only these cases; the others stay as they are

You get OUT/corners/CASE/ for each case and the ground truth, OUT/corner_cases.json: a list of
{"blend", "about", "needs": [{"path", "kind"}], "not": [path], "missing": [path]}, paths from OUT.

- needs: files that are there and that a render, or the sequencer, may read; the .blend itself as well.
- not: files that are there and must not be reported.
- missing: files that the .blend needs and that are not there.
- proxies: files that are needed only where footage is shown smaller than it is; there only if there are any.

Cases that a version can't express are left out of its list.
"""

import argparse
import gzip
import json
import os
import shutil
import sys
from pathlib import Path

import bpy

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from make_project import (  # noqa: E402
    Project,
    V,
    write_avi,
    write_bytes,
    write_ies,
    write_png,
    write_ttf,
    write_wav,
)

CASES = []


def case(about, when=True):
    """Makes a method of Corners a case: it is called in a folder and an empty .blend of its name."""

    def note(make):
        if when:
            CASES.append((make.__name__, about, make))
        return make

    return note


class Corners(Project):
    def __init__(self, out):
        super().__init__(argparse.Namespace(out=out, seed=1, compress=True))
        self.list = []

    def build(self, only=()):
        for name, about, make in CASES:
            if only and name not in only:
                continue
            self.dir = self.out / "corners" / name
            shutil.rmtree(self.dir, ignore_errors=True)
            self.needed, self.nots, self.gone, self.proxies = {}, [], [], []
            self.blend = self.begin(self.dir / (name + ".blend"))
            blends = make(self) or [self.blend]
            for blend in blends:
                self.tell(blend, about)
        truth = self.out / "corner_cases.json"
        if only and truth.exists():
            new = {case["blend"] for case in self.list}
            kept = [case for case in json.loads(truth.read_text(encoding="utf-8")) if case["blend"] not in new]
            self.list = kept + self.list
        text = json.dumps(self.list, indent=1, ensure_ascii=False) + "\n"
        truth.write_text(text, encoding="utf-8")

    def tell(self, blend, about):
        """Writes down one .blend of the case that was just made, and checks what can be checked."""
        needs = dict(self.needed)
        needs[blend] = "main file"
        for path in [*needs, *self.nots, *self.proxies]:
            assert path.is_file(), path
        for path in self.gone:
            assert not path.exists(), path
        known = [*needs, *self.nots, *self.gone, *self.proxies]
        for path in self.dir.rglob("*"):
            assert path in known or path.is_dir() or path.suffix == ".blend", path

        def spell(path):
            return path.relative_to(self.out).as_posix()

        self.list.append(
            {
                "blend": spell(blend),
                "about": about,
                "needs": [{"path": spell(p), "kind": k} for p, k in sorted(needs.items())],
                "not": sorted(map(spell, self.nots)),
                "missing": sorted(map(spell, self.gone)),
                **({"proxies": sorted(map(spell, self.proxies))} if self.proxies else {}),
            }
        )

    # ---- helpers

    def begin(self, blend):
        """An empty file that has its place; one workspace, so that it stays small."""
        self.fresh()
        keep = bpy.context.window.workspace
        bpy.data.batch_remove([w for w in bpy.data.workspaces if w != keep])
        return self.save(blend)

    def png(self, path, kind="image"):
        """A picture of 4 by 4 pixels that the case needs; with no kind, one that it must not report."""
        path = write_png(self.dir / path, self.rng("png", path), 4)
        if kind:
            self.need(path, kind)
        else:
            self.nots.append(path)
        return path

    def spelled(self, name, spelling):
        """An image whose path is stored as it is spelled here."""
        image = bpy.data.images.new(name, 1, 1)
        image.source = "FILE"
        image.filepath = spelling
        image.use_fake_user = True
        assert image.filepath == spelling, image.filepath
        return image

    def strips(self, of):
        """The strips of a sequence editor or of a meta strip: 4.4 renamed them."""
        return of.strips if hasattr(of, "strips") else of.sequences

    def set_input(self, modifier, key, value):
        """Sets an input of a Geometry Nodes modifier: they moved in 5.2."""
        if V < (5, 2):
            modifier[key] = value
        else:
            getattr(modifier.properties.inputs, key).value = value

    def cache_file(self, path):
        bpy.ops.cachefile.open(filepath=str(path))
        cache = bpy.data.cache_files[-1]
        cache.filepath = self.rel(path, self.blend)
        ob = self.grid("cached", 3, self.rng("cached"))
        ob.modifiers.new("cache", "MESH_SEQUENCE_CACHE").cache_file = cache
        bpy.context.scene.collection.objects.link(ob)
        return cache

    # ---- the cases

    @case("saved without compression")
    def plain(self):
        self.image(self.png("textures/wall.png"), self.blend)
        self.a.compress = False
        self.save(self.blend)
        self.a.compress = True
        if V >= (3, 5):
            return [self.blend]
        # What Blender wrote up to 2.93, and what other tools still write.
        zipped = self.blend.with_name("gzip.blend")
        zipped.write_bytes(gzip.compress(self.blend.read_bytes(), mtime=0))
        return [self.blend, zipped]

    @case("a packed image and a packed sound whose files lie there too; a generated image with an old path")
    def packed(self):
        image = bpy.data.images.load(str(self.png("packed.png", None)))
        image.pack()
        image.filepath = "//packed.png"
        image.use_fake_user = True
        wav = write_wav(self.dir / "packed.wav", self.rng("wav"), 1, 100)
        self.nots.append(wav)
        sound = bpy.data.sounds.load(str(wav))
        sound.pack()
        sound.filepath = "//packed.wav"
        sound.use_fake_user = True
        self.png("generated.png", None)
        generated = self.spelled("generated", "//generated.png")
        generated.source = "GENERATED"  # forgets the path
        generated.filepath = "//generated.png"
        assert generated.source == "GENERATED"
        self.save(self.blend)

    @case("a movie clip that is made of numbered pictures")
    def clip_frames(self):
        frames = [self.png("frames/plate_%04d.png" % n, "movie clip frame") for n in (1, 2, 3)]
        self.png("frames/plate_final.png", None)
        self.png("frames/other_0001.png", None)
        clip = bpy.data.movieclips.load(str(frames[0]))
        clip.filepath = self.rel(frames[0], self.blend)
        assert clip.source == "SEQUENCE", clip.source
        clip.use_fake_user = True
        bpy.context.scene.active_clip = clip
        self.save(self.blend)

    @case("an image sequence beside pictures that are not of it")
    def sequence_neighbours(self):
        frames = [self.png("seq/v2_clock_%04d.png" % n, "image sequence") for n in (9, 10, 11)]
        for name in ("v2_clock_0009_old.png", "v2_clock.png", "v1_clock_0009.png", "v2_clock_0010.png.txt"):
            self.png("seq/" + name, None)
        image = self.image(frames[0], self.blend)
        image.source = "SEQUENCE"
        user = next(n for n in self.material("Clock", image).node_tree.nodes if n.type == "TEX_IMAGE").image_user
        user.frame_duration, user.frame_offset = 3, 8
        bpy.data.materials["Clock"].use_fake_user = True
        self.save(self.blend)

    @case("tiles named by <UVTILE>")
    def uvtile(self):
        for tile in ("u1_v1", "u2_v1", "u1_v2"):
            self.png("tiles/skin.%s.png" % tile, "UDIM tile")
        self.png("tiles/skin.png", None)
        self.png("tiles/skin.u1_v1.copy.png", None)
        image = self.image(self.dir / "tiles/skin.u1_v1.png", self.blend)
        image.source = "TILED"
        image.filepath = "//tiles/skin.<UVTILE>.png"
        for number in (1002, 1011):
            if number not in [t.number for t in image.tiles]:
                image.tiles.new(tile_number=number)
        assert [t.number for t in image.tiles] == [1001, 1002, 1011]
        self.save(self.blend)

    @case("an image strip whose pictures have unlike names, beside look-alikes that are not in it")
    def strip_names(self):
        names = ["hero.png", "villain_07.png", "end title.png"]
        for name in names:
            self.png("stills/" + name, "image strip")
        for name in ("hero_2.png", "villain_06.png", "villain_08.png"):
            self.png("stills/" + name, None)
        strips = self.strips(bpy.context.scene.sequence_editor_create())
        strip = strips.new_image("stills", "//stills/" + names[0], 1, 1)
        for name in names[1:]:
            strip.elements.append(name)
        self.save(self.blend)

    @case("an image with a file for each eye")
    def stereo(self):
        left, _ = (self.png("stereo/pic_%s.png" % eye, "image view") for eye in "LR")
        scene = bpy.context.scene
        scene.render.use_multiview = True
        image = self.image(left, self.blend)
        image.use_multiview = True
        image.views_format = "INDIVIDUAL"
        image.filepath = "//stereo/pic_L.png"
        image.reload()
        assert image.size[0] == 4, image.size[:]
        image.pixels[0]  # loads both eyes
        self.save(self.blend)

    @case("an Alembic sequence of three files")
    def cache_sequence(self):
        paths = [self.dir / ("caches/water_%04d.abc" % n) for n in (1, 2, 3)]
        for n, path in enumerate(paths):
            self.need(write_bytes(path, b"placeholder, not Alembic %d\n" % n), "cache sequence")
        self.nots.append(write_bytes(self.dir / "caches/water_notes.abc", b"placeholder\n"))
        cache = self.cache_file(paths[0])
        cache.is_sequence = True
        self.save(self.blend)

    @case("an Alembic file with another one layered over it", "layers" in bpy.types.CacheFile.bl_rna.properties)
    def cache_layer(self):
        base, over = self.dir / "caches/base.abc", self.dir / "layers/over.abc"
        self.need(write_bytes(base, b"placeholder, not Alembic\n"), "Alembic cache")
        self.need(write_bytes(over, b"placeholder, not Alembic either\n"), "Alembic layer")
        layer = self.cache_file(base).layers.new(filepath=str(over))
        layer.filepath = "//layers/over.abc"
        self.save(self.blend)

    @case("simulations baked to disk: one cache has a name, one is named after its object, in hexadecimal")
    def disk_caches(self):
        scene = bpy.context.scene
        scene.frame_end = 2
        for name, cache_name in (("flag", "wind"), ("sail", "")):
            ob = self.grid(name, 2, self.rng(name))
            scene.collection.objects.link(ob)
            cache = ob.modifiers.new("cloth", "CLOTH").point_cache
            cache.name, cache.use_disk_cache, cache.frame_end = cache_name, True, 2
        self.save(self.blend)
        bpy.ops.ptcache.bake_all(bake=True)
        baked = sorted((self.dir / "blendcache_disk_caches").iterdir())
        assert len({p.name.rsplit("_", 2)[0] for p in baked}) == 2, baked
        for path in baked:
            self.need(path, "point cache")
        self.save(self.blend)

    @case("files of nodes: an IES profile in a material's group, an OSL script in the world")
    def node_files(self):
        ies = self.need(write_ies(self.dir / "lights/lamp.ies"), "IES profile")
        osl = self.dir / "shaders/sky.osl"
        self.need(write_bytes(osl, b"shader sky(output color Sky = color(0.2)) {}\n"), "OSL script")
        group = bpy.data.node_groups.new("Lamp", "ShaderNodeTree")
        node = group.nodes.new("ShaderNodeTexIES")
        node.mode = "EXTERNAL"
        node.filepath = self.rel(ies, self.blend)
        material = self.material("Lamp")
        material.node_tree.nodes.new("ShaderNodeGroup").node_tree = group
        material.use_fake_user = True
        world = bpy.data.worlds.new("World")
        if V < (5, 0):
            world.use_nodes = True
        script = world.node_tree.nodes.new("ShaderNodeScript")
        script.mode = "EXTERNAL"
        script.filepath = self.rel(osl, self.blend)
        bpy.context.scene.world = world
        self.save(self.blend)

    @case("a scene strip of a scene with a meta strip with a movie and a sound")
    def nested_strips(self):
        avi = self.need(write_avi(self.dir / "edit/movie.avi", self.rng("avi"), 2, 4), "movie strip")
        wav = self.need(write_wav(self.dir / "edit/sound.wav", self.rng("wav"), 1, 100), "sound strip")
        inner = bpy.data.scenes.new("edit")
        meta = self.strips(inner.sequence_editor_create()).new_meta("meta", 1, 1)
        self.strips(meta).new_movie("movie", self.rel(avi, self.blend), 1, 1)
        self.strips(meta).new_sound("sound", self.rel(wav, self.blend), 2, 1)
        outer = bpy.context.scene
        self.strips(outer.sequence_editor_create()).new_scene("scene", inner, 1, 1)
        self.save(self.blend)

    @case("a library that links back to the file that links it")
    def cycle(self):
        library = self.dir / "lib/cycle_lib.blend"

        def main():
            ours = self.image(self.png("textures/ours.png"), self.blend)
            self.material("Ours", ours).use_fake_user = True

        main()
        self.save(self.blend)
        self.begin(library)
        material = self.link(self.blend, library, "materials", "Ours")
        theirs = self.material("Theirs", self.image(self.png("lib/textures/theirs.png"), library))
        ob = self.quad("quad", theirs, 0, 0)
        ob.data.materials.append(material)
        collection = bpy.data.collections.new("Asset")
        collection.objects.link(ob)
        bpy.context.scene.collection.children.link(collection)
        self.need(self.save(library), "library")
        self.begin(self.blend)
        main()
        bpy.context.scene.collection.children.link(self.link(library, self.blend, "collections", "Asset"))
        self.save(self.blend)

    @case("a library that is not there")
    def missing_library(self):
        library = self.begin(self.dir / "lib/gone.blend")
        self.material("Gone").use_fake_user = True
        self.save(library)
        self.begin(self.blend)
        ob = self.quad("quad", self.link(library, self.blend, "materials", "Gone"), 0, 0)
        bpy.context.scene.collection.objects.link(ob)
        self.image(self.png("textures/there.png"), self.blend)
        self.save(self.blend)
        shutil.rmtree(library.parent)
        self.gone.append(library)

    @case("paths with backslashes, as saved on Windows")
    def backslashes(self):
        self.png("textures/x.png")
        self.png("shared/deep/y.png")
        self.spelled("x", "//textures\\x.png")
        self.spelled("y", "//..\\backslashes\\shared\\deep/y.png")
        self.save(self.blend)

    @case("paths in another case than the files, as saved where that does not matter")
    def wrong_case(self):
        self.png("Textures/Wood_Oak.PNG")
        self.spelled("wood", "//textures/wood_oak.png")
        self.save(self.blend)

    @case("names with spaces, umlauts and Chinese characters; one with a percent sign, one with a hash")
    def names(self):
        for name in ("rot grün", "漆喰", "100% wool", "take #3", "Čeština é"):
            self.image(self.png("my textures/%s.png" % name), self.blend)
        self.save(self.blend)

    @case("a library packed as it was linked; its texture is not packed", V >= (5, 0))
    def packed_library(self):
        library = self.begin(self.dir / "lib/iron.blend")
        texture = self.png("lib/textures/iron.png", "image of a packed library")
        self.png("textures/iron.png", None)  # the same path from the wrong file
        self.material("Iron", self.image(texture, library)).use_fake_user = True
        self.nots.append(self.save(library))
        self.begin(self.blend)
        with bpy.data.libraries.load(str(library), link=True, pack=True, relative=True) as (_, wanted):
            wanted.materials = ["Iron"]
        iron = bpy.data.materials["Iron"]
        assert iron.library.is_archive
        bpy.context.scene.collection.objects.link(self.quad("quad", iron, 0, 0))
        self.save(self.blend)

    @case("one object linked from a library, with all that it uses there, and nothing else of that")
    def reach(self):
        library = self.begin(self.dir / "lib/props.blend")
        scene = bpy.context.scene

        def pic(name, kind="image (linked)"):
            return self.image(self.png("lib/tex/%s.png" % name, kind), library)

        def thing(name, kind="image (linked)"):
            ob = self.quad(name, self.material(name, pic(name, kind)), 0, 0)
            scene.collection.objects.link(ob)
            return ob

        hero = thing("hero")
        hero.constraints.new("COPY_LOCATION").target = thing("constraint")
        variable = hero.driver_add("location", 0).driver.variables.new()
        variable.targets[0].id = thing("driver")
        hero["friend"] = thing("property")
        hero.parent = thing("parent")
        bumps = bpy.data.textures.new("bumps", "IMAGE")
        bumps.image = pic("texture")
        hero.modifiers.new("bumps", "DISPLACE").texture = bumps
        hero.modifiers.new("leaves", "PARTICLE_SYSTEM")
        settings = hero.particle_systems[0].settings
        settings.render_type = "OBJECT"
        settings.instance_object = thing("particle")
        inner = bpy.data.node_groups.new("inner", "GeometryNodeTree")
        inner.nodes.new("GeometryNodeImageTexture").inputs["Image"].default_value = pic("group_in_group")
        outer = bpy.data.node_groups.new("outer", "GeometryNodeTree")
        outer.nodes.new("GeometryNodeGroup").node_tree = inner
        outer.nodes.new("GeometryNodeObjectInfo").inputs["Object"].default_value = thing("socket")
        if V < (4, 0):
            key = outer.inputs.new("NodeSocketObject", "Thing").identifier
        else:
            key = outer.interface.new_socket("Thing", in_out="INPUT", socket_type="NodeSocketObject").identifier
        nodes = hero.modifiers.new("nodes", "NODES")
        nodes.node_group = outer
        self.set_input(nodes, key, thing("modifier_input"))
        action = bpy.data.actions.new("wave")
        action["picture"] = pic("nla")
        hero.animation_data.nla_tracks.new().strips.new("wave", 1, action)
        group = bpy.data.collections.new("set")
        group.objects.link(thing("instance"))
        empty = bpy.data.objects.new("empty", None)
        scene.collection.objects.link(empty)
        empty.instance_type, empty.instance_collection = "COLLECTION", group
        hero.parent.parent = empty
        # More slots than one block of pointers that is read at once.
        for _ in range(3):
            hero.data.materials.append(None)
        hero.data.materials.append(self.material("slot", pic("slot")))
        # Not reached: an object, its picture, and the library of its second material.
        other = self.dir / "lib/other.blend"
        stray = thing("stray", None)
        stray.data.materials.append(None)
        self.save(library)
        self.begin(other)
        self.material("Other", self.image(self.png("lib/tex/other.png", None), other)).use_fake_user = True
        self.nots.append(self.save(other))
        bpy.ops.wm.open_mainfile(filepath=str(library))
        stray = bpy.data.objects["stray"]
        stray.data.materials[1] = self.link(other, library, "materials", "Other")
        self.need(self.save(library), "library")
        self.begin(self.blend)
        bpy.context.scene.collection.objects.link(self.link(library, self.blend, "objects", "hero"))
        self.save(self.blend)

    @case("a library of a library, of which but one material is used")
    def indirect(self):
        inner, outer = self.dir / "lib/inner.blend", self.dir / "lib/deep/outer.blend"
        self.begin(inner)
        self.material("Used", self.image(self.png("lib/used.png"), inner)).use_fake_user = True
        self.material("Idle", self.image(self.png("lib/idle.png", None), inner)).use_fake_user = True
        self.need(self.save(inner), "library (indirect)")
        self.begin(outer)
        collection = bpy.data.collections.new("Asset")
        bpy.context.scene.collection.children.link(collection)
        collection.objects.link(self.quad("quad", self.link(inner, outer, "materials", "Used"), 0, 0))
        idle = self.quad("idle", self.link(inner, outer, "materials", "Idle"), 0, 0)
        bpy.context.scene.collection.objects.link(idle)
        self.need(self.save(outer), "library")
        self.begin(self.blend)
        bpy.context.scene.collection.children.link(self.link(outer, self.blend, "collections", "Asset"))
        self.save(self.blend)

    @case("proxies of a movie clip and of strips, which renders do without")
    def proxies(self):
        avi = self.need(write_avi(self.dir / "footage/take.avi", self.rng("avi"), 2, 4), "movie clip")
        still = self.png("footage/still.png", "image strip")
        for name in (
            "footage/BL_proxy/take.avi/proxy_25.avi",
            "footage/BL_proxy/take.avi/proxy_50.avi",
            "own/take.avi/proxy_25.avi",
            "footage/BL_proxy/images/25/still.png_proxy.jpg",
        ):
            self.proxies.append(write_bytes(self.dir / name, b"placeholder, not a proxy\n"))
        self.nots.append(write_bytes(self.dir / "footage/BL_proxy/other.avi/proxy_25.avi", b"placeholder\n"))
        for own in (False, True):
            clip = bpy.data.movieclips.load(str(avi), check_existing=False)
            clip.filepath = self.rel(avi, self.blend)
            clip.use_proxy = True
            clip.use_proxy_custom_directory = own
            if own:
                clip.proxy.directory = "//own"
            clip.use_fake_user = True
        strips = self.strips(bpy.context.scene.sequence_editor_create())
        movie = strips.new_movie("take", "//footage/take.avi", 1, 1)
        image = strips.new_image("still", "//footage/still.png", 2, 1)
        movie.use_proxy = image.use_proxy = True
        self.save(self.blend)

    @case("paths typed into string inputs: of a modifier, of a group in a group, of an import node", V >= (4, 5))
    def node_path_inputs(self):
        def table(name, kind="import"):
            path = write_bytes(self.dir / "tables" / name, b"x,y\n1,2\n")
            self.need(path, kind) if kind else self.nots.append(path)
            return "//tables/" + name

        def group(name):
            tree = bpy.data.node_groups.new(name, "GeometryNodeTree")
            socket = tree.interface.new_socket("File", in_out="INPUT", socket_type="NodeSocketString")
            socket.subtype = "FILE_PATH"
            return tree, socket.identifier

        inner, _ = group("inner")
        outer, key = group("outer")
        outer.nodes.new("GeometryNodeGroup").node_tree = inner
        outer.nodes[-1].inputs["File"].default_value = table("group.csv")
        outer.nodes.new("GeometryNodeImportCSV").inputs[0].default_value = table("node.csv")
        outer.use_fake_user = True
        ob = self.grid("reader", 2, self.rng("reader"))
        bpy.context.scene.collection.objects.link(ob)
        modifier = ob.modifiers.new("read", "NODES")
        modifier.node_group = outer
        self.set_input(modifier, key, table("modifier.csv"))
        table("other.csv", None)
        self.save(self.blend)

    @case("a USD file with a sublayer, a reference, a payload and textures")
    def usd_files(self):
        def usda(name, text, kind="USD layer"):
            return self.need(write_bytes(self.dir / "stage" / name, b"#usda 1.0\n" + text), kind)

        stage = usda(
            "set.usda",
            b"( subLayers = [@./look.usda@] )\n"
            b'def Xform "A" ( references = @../stage/parts/a.usda@</A> ) {}\n'
            b'def Xform "B" ( payload = @parts/b.usda@</B> ) {}\n',
            "USD cache",
        )
        usda("look.usda", b'def Shader "T" {\n asset inputs:file = @./tex/skin.<UDIM>.png@\n}\n')
        usda("parts/a.usda", b'def Xform "A" {\n asset wood = @../tex/wood.png@\n}\n')
        usda("parts/b.usda", b'def Xform "B" {}\n')
        for name in ("skin.1001", "skin.1002", "wood"):
            self.png("stage/tex/%s.png" % name, "USD texture")
        self.png("stage/tex/idle.png", None)
        self.nots.append(write_bytes(self.dir / "stage/idle.usda", b"#usda 1.0\n"))
        self.cache_file(stage)
        self.save(self.blend)

    @case("a text whose file is gone; renders use the copy inside")
    def gone_text(self):
        gone = write_bytes(self.dir / "gone.txt", b"hello\n")
        bpy.data.texts.load(str(gone)).filepath = "//gone.txt"
        gone.unlink()
        self.image(self.png("there.png"), self.blend)
        self.save(self.blend)

    @case("a camera whose lens is a script on disk", V >= (5, 0))
    def camera_script(self):
        script = self.need(write_bytes(self.dir / "lens/fish.osl", b"shader fish() {}\n"), "OSL camera")
        camera = bpy.data.cameras.new("Fish")
        camera.type, camera.custom_mode = "CUSTOM", "EXTERNAL"
        camera.custom_filepath = self.rel(script, self.blend)
        camera.use_fake_user = True
        self.save(self.blend)

    @case("caches on disk of soft and rigid bodies; of particles in a directory of their own")
    def more_caches(self):
        scene = bpy.context.scene
        ob = self.grid("jelly", 2, self.rng("jelly"))
        scene.collection.objects.link(ob)
        bpy.context.view_layer.objects.active = ob
        bpy.ops.rigidbody.world_add()
        ob.modifiers.new("leaves", "PARTICLE_SYSTEM")
        for name, cache in (
            ("soft", ob.modifiers.new("soft", "SOFT_BODY").point_cache),
            ("rigid", scene.rigidbody_world.point_cache),
        ):
            cache.name, cache.use_disk_cache = name, True
        cache = ob.particle_systems[0].point_cache
        cache.name, cache.use_external, cache.filepath = "leaves", True, "//own"
        self.save(self.blend)
        # Blender reads what is there, and does not survive placeholders.
        for name in ("soft", "rigid"):
            path = "blendcache_more_caches/%s_000001_00.bphys" % name
            self.need(write_bytes(self.dir / path, b"placeholder, not a cache\n"), "point cache")
        self.need(write_bytes(self.dir / "own/leaves_000001_00.bphys", b"placeholder\n"), "external point cache")
        self.nots.append(write_bytes(self.dir / "own/twigs_000001_00.bphys", b"placeholder\n"))

    @case("dynamic paint whose cache is on disk")
    def painted(self):
        ob = self.grid("wall", 2, self.rng("wall"))
        bpy.context.scene.collection.objects.link(ob)
        bpy.context.view_layer.objects.active = ob
        paint = ob.modifiers.new("paint", "DYNAMIC_PAINT")
        bpy.ops.dpaint.type_toggle(type="CANVAS")
        surface = paint.canvas_settings.canvas_surfaces[0]
        # Where the paint is baked to is written and not read.
        surface.image_output_path = "//baked"
        cache = surface.point_cache
        cache.name, cache.use_disk_cache = "paint", True
        self.save(self.blend)
        path = "blendcache_painted/paint_000001_00.bphys"
        self.need(write_bytes(self.dir / path, b"placeholder, not a cache\n"), "point cache")
        self.nots.append(write_bytes(self.dir / "baked/paint_0001.png", b"placeholder\n"))

    @case("one collection linked from a library, with files of every kind behind its objects")
    def linked_kinds(self):
        library = self.begin(self.dir / "lib/stage.blend")
        lib = self.dir / "lib"

        def rel(path, kind):
            return self.rel(self.need(path, kind), library)

        things = bpy.data.collections.new("stage")
        bpy.context.scene.collection.children.link(things)

        def put(name, data):
            ob = bpy.data.objects.new(name, data)
            things.objects.link(ob)
            return ob

        text = bpy.data.curves.new("text", "FONT")
        text.font = bpy.data.fonts.load(str(write_ttf(lib / "fonts/block.ttf")))
        text.font.filepath = rel(lib / "fonts/block.ttf", "font")
        put("text", text)
        volume = bpy.data.volumes.new("smoke")
        volume.filepath = rel(write_bytes(lib / "vdb/smoke.vdb", b"placeholder, not OpenVDB\n"), "VDB file")
        put("smoke", volume)
        speaker = bpy.data.speakers.new("speaker")
        speaker.sound = bpy.data.sounds.load(str(write_wav(lib / "audio/hum.wav", self.rng("hum"), 1, 80)))
        speaker.sound.filepath = rel(lib / "audio/hum.wav", "sound")
        put("speaker", speaker)
        lamp = bpy.data.lights.new("lamp", "POINT")
        if lamp.node_tree is None:
            lamp.use_nodes = True
        node = lamp.node_tree.nodes.new("ShaderNodeTexIES")
        node.mode = "EXTERNAL"
        node.filepath = rel(write_ies(lib / "lights/lamp.ies"), "IES profile")
        put("lamp", lamp)
        camera = bpy.data.cameras.new("camera")
        background = camera.background_images.new()
        background.image = self.image(self.png("lib/plate.png", "image (linked)"), library)
        put("camera", camera)
        path = write_bytes(lib / "caches/crowd.abc", b"placeholder, not Alembic\n")
        bpy.ops.cachefile.open(filepath=str(path))
        cache = bpy.data.cache_files[-1]
        cache.filepath = rel(path, "Alembic cache")
        follower = put("follower", None)
        follower.constraints.new("TRANSFORM_CACHE").cache_file = cache
        mesh = self.grid("crowd", 2, self.rng("crowd"))
        things.objects.link(mesh)
        flag = mesh.modifiers.new("flag", "MESH_CACHE")
        flag.cache_format = "PC2"
        flag.filepath = rel(write_bytes(lib / "caches/flag.pc2", b"placeholder, not PC2\n"), "mesh cache")
        world = bpy.data.worlds.new("never")
        if V < (5, 0):
            world.use_nodes = True
        world.node_tree.nodes.new("ShaderNodeTexEnvironment").image = self.image(
            self.png("lib/never.png", None), library
        )
        bpy.context.scene.world = world
        self.need(self.save(library), "library")
        self.begin(self.blend)
        bpy.context.scene.collection.children.link(self.link(library, self.blend, "collections", "stage"))
        self.save(self.blend)

    @case("an ocean with baked waves, and displacements of a multiresolution mesh in a file")
    def beside_meshes(self):
        scene = bpy.context.scene
        sea = self.grid("sea", 2, self.rng("sea"))
        scene.collection.objects.link(sea)
        sea.modifiers.new("ocean", "OCEAN").filepath = "//waves"
        self.need(write_bytes(self.dir / "waves/disp_0001.exr", b"placeholder\n"), "ocean cache")
        self.nots.append(write_bytes(self.dir / "waves/notes.txt", b"placeholder\n"))
        rock = self.grid("rock", 2, self.rng("rock"))
        scene.collection.objects.link(rock)
        bpy.context.view_layer.objects.active = rock
        rock.modifiers.new("detail", "MULTIRES")
        bpy.ops.object.multires_subdivide(modifier="detail")
        path = self.dir / "rock.btx"
        bpy.ops.object.multires_external_save(modifier="detail", filepath=str(path), relative_path=True)
        self.need(path, "multires displacements")
        self.save(self.blend)

    @case("bakes of geometry nodes: in the directory of the modifier, in one of their own", V >= (4, 2))
    def node_bakes(self):
        tree = bpy.data.node_groups.new("bakes", "GeometryNodeTree")
        tree.interface.new_socket("Geometry", in_out="INPUT", socket_type="NodeSocketGeometry")
        tree.interface.new_socket("Geometry", in_out="OUTPUT", socket_type="NodeSocketGeometry")
        before, after = tree.nodes.new("NodeGroupInput"), tree.nodes.new("NodeGroupOutput")
        for _ in range(2):
            bake = tree.nodes.new("GeometryNodeBake")
            tree.links.new(bake.inputs[0], before.outputs[0])
            before = bake
        tree.links.new(after.inputs[0], before.outputs[0])
        ob = self.grid("baked", 2, self.rng("baked"))
        bpy.context.scene.collection.objects.link(ob)
        modifier = ob.modifiers.new("bakes", "NODES")
        modifier.node_group = tree
        bpy.context.view_layer.update()
        modifier.bake_target, modifier.bake_directory = "DISK", "//bakes"
        own = modifier.bakes[1]
        own.use_custom_path, own.directory = True, "//own"
        for path in ("bakes/1/meta/00001.json", "bakes/1/blobs/00001.blob", "own/meta/00001.json"):
            self.need(write_bytes(self.dir / path, b"placeholder\n"), "geometry bake")
        self.nots.append(write_bytes(self.dir / "notes.txt", b"placeholder\n"))
        self.save(self.blend)


def main():
    args = sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else sys.argv[1:]
    if not args:
        sys.exit(__doc__)
    corners = Corners(args[0])
    corners.build(args[1:])
    print("made %d corner cases with Blender %s" % (len(corners.list), bpy.app.version_string))


if __name__ == "__main__":
    main()
