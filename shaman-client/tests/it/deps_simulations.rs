//! What simulations and caches leave on disk.

use crate::build::{Build, Form};
use crate::support::{Folder, assets, missing};

fn build() -> Build {
    let mut build = Build::new(Form::Large8, 501);
    build.shape("Object", "ID id; ListBase modifiers; void *soft");
    build.shape("ModifierData", "ModifierData *next; ModifierData *prev; int type");
    build.shape("MeshCacheModifierData", "ModifierData modifier; char filepath[1024]");
    build
        .shape("FluidModifierData", "ModifierData modifier; FluidDomainSettings *domain; int type");
    build.shape("FluidDomainSettings", "int flag; char cache_directory[1024]");
    build.shape("OceanModifierData", "ModifierData modifier; char cachepath[1024]; char cached");
    build.shape(
        "NodesModifierData",
        "ModifierData modifier; char *simulation_bake_directory; NodesModifierBake *bakes; \
         int bakes_num; char bake_target",
    );
    build.shape(
        "NodesModifierBake",
        "int id; int flag; char bake_target; char *directory; void *packed",
    );
    build.shape(
        "PointCache",
        "PointCache *next; PointCache *prev; int flag; char name[64]; char path[1024]",
    );
    build.shape("CacheFile", "ID id; ListBase layers; char filepath[1024]; char is_sequence");
    build
}

/// An object `OBsea` whose only modifier is DATA block 2.
fn object(build: &mut Build) {
    build.block(b"OB", "Object", 0x10, |it| {
        it.text("id.name", b"OBsea").int("modifiers.first", 2).int("modifiers.last", 2)
    });
}

fn fluid(dir: &[u8]) -> Vec<u8> {
    let mut build = build();
    object(&mut build);
    build.block(b"DATA", "FluidModifierData", 2, |it| it.int("type", 1).int("domain", 3));
    build.block(b"DATA", "FluidDomainSettings", 3, |it| it.text("cache_directory", dir));
    build.finish()
}

#[test]
fn of_a_fluid_the_directories_of_the_bake_are_taken() {
    let folder = Folder::new();
    folder.touch(["sim/config/config_0001.uni", "sim/data/deep/fluid_0001.vdb", "sim/notes.txt"]);
    folder.put("main.blend", &fluid(b"//sim"));
    let taken = ["sim/config/config_0001.uni", "sim/data/deep/fluid_0001.vdb"];
    assert_eq!(assets(&folder.trace("main.blend")), taken);
}

#[test]
fn a_fluid_may_be_baked_beside_the_blend() {
    let folder = Folder::new();
    folder.touch(["config/config_0001.uni", "data/fluid_0001.vdb", "secret.txt"]);
    folder.put("main.blend", &fluid(b"//"));
    let trace = folder.trace("main.blend");
    assert_eq!(assets(&trace), ["config/config_0001.uni", "data/fluid_0001.vdb"]);
}

#[test]
fn a_fluid_without_its_directory_is_missing() {
    let folder = Folder::new();
    folder.put("main.blend", &fluid(b"//sim"));
    assert_eq!(missing(&folder.trace("main.blend")), ["sim"]);
}

/// Geometry nodes with one bake.
fn geometry(shared: &[u8], own: &[u8], flag: u64, target: u64) -> Vec<u8> {
    let mut build = build();
    object(&mut build);
    build.block(b"DATA", "NodesModifierData", 2, |it| {
        it.int("simulation_bake_directory", 5).int("bakes", 3).int("bakes_num", 1)
    });
    build.block(b"DATA", "NodesModifierBake", 3, |it| {
        it.int("flag", flag).int("bake_target", target).int("directory", 6)
    });
    build.raw(b"DATA", 0, 5, &[shared, b"\0"].concat());
    build.raw(b"DATA", 0, 6, &[own, b"\0"].concat());
    build.finish()
}

#[test]
fn a_bake_of_geometry_nodes_is_in_its_own_directory_or_in_the_shared_one() {
    let folder = Folder::new();
    folder.touch(["shared/1/meta/a.json", "own/meta/b.json"]);
    let (own_directory, packed, disk) = (2, 1, 2);
    for (flag, target, wanted) in [
        (0, disk, ["shared/1/meta/a.json"].as_slice()),
        (own_directory, disk, &["own/meta/b.json"]),
        (own_directory, 0, &["own/meta/b.json"]),
        (0, packed, &[]),
    ] {
        folder.put("main.blend", &geometry(b"//shared", b"//own/", flag, target));
        assert_eq!(assets(&folder.trace("main.blend")), wanted, "{flag} {target}");
    }
}

#[test]
fn a_directory_with_the_blend_in_it_is_not_taken_as_a_whole() {
    let folder = Folder::new();
    folder.touch(["secret.txt", "work/secret.txt"]);
    for dir in [b"//".as_slice(), b"//..", b"/", b"//../work/."] {
        folder.put("work/main.blend", &geometry(dir, b"", 0, 2));
        let trace = folder.trace("work/main.blend");
        assert!(assets(&trace).is_empty(), "{trace:?}");
        assert!(trace.warnings[0].contains("not taken as a whole"), "{:?}", trace.warnings);
    }
}

#[test]
#[cfg(unix)]
fn links_to_directories_do_not_lead_in_circles() {
    let folder = Folder::new();
    folder.touch(["bake/1/a.json", "elsewhere/b.json"]);
    let link = |to: &str, name: &str| {
        std::os::unix::fs::symlink(folder.path().join(to), folder.path().join(name)).unwrap();
    };
    link("bake", "bake/1/again");
    // The directory itself may be a link, as to a larger disk.
    link("bake", "other disk");
    folder.put("main.blend", &geometry(b"//other disk", b"", 0, 2));
    assert_eq!(assets(&folder.trace("main.blend")), ["other disk/1/a.json"]);
}

#[test]
fn point_caches_are_named_after_themselves_or_their_object() {
    let (baked, disk, external) = (1, 64, 512);
    let folder = Folder::new();
    folder.touch([
        "blendcache_main/736561_000001_00.bphys",
        "blendcache_main/736562_000001_00.bphys",
    ]);
    folder.touch(["blendcache_main/wind_000001_01.bphys", "blendcache_main/wind_notes.txt"]);
    folder.touch(["ext/smoke_000001.bphys", "ext/other_000001.bphys"]);
    for (flag, name, path, wanted) in [
        (
            disk,
            b"".as_slice(),
            b"".as_slice(),
            ["blendcache_main/736561_000001_00.bphys"].as_slice(),
        ),
        (disk | baked, b"wind", b"", &["blendcache_main/wind_000001_01.bphys"]),
        (external, b"smoke", b"//ext", &["ext/smoke_000001.bphys"]),
        (baked, b"wind", b"//ext", &[]),
    ] {
        let mut build = build();
        build.block(b"OB", "Object", 0x10, |it| it.text("id.name", b"OBsea").int("soft", 2));
        build.block(b"DATA", "PointCache", 2, |it| {
            it.int("flag", flag).text("name", name).text("path", path)
        });
        folder.put("main.blend", &build.finish());
        assert_eq!(assets(&folder.trace("main.blend")), wanted, "{flag}");
    }
}

#[test]
fn a_point_cache_is_missing_only_if_it_was_baked() {
    let (baked, disk) = (1, 64);
    for (flag, wanted) in [(disk, &[][..]), (disk | baked, &["blendcache_main/wind"])] {
        let folder = Folder::new();
        let mut build = build();
        build.block(b"OB", "Object", 0x10, |it| it.text("id.name", b"OBsea"));
        build.block(b"DATA", "PointCache", 2, |it| it.int("flag", flag).text("name", b"wind"));
        folder.put("main.blend", &build.finish());
        assert_eq!(missing(&folder.trace("main.blend")), wanted);
    }
}

#[test]
fn of_an_ocean_the_pictures_that_are_there_are_taken() {
    let folder = Folder::new();
    folder.touch(["sea/disp_0001.exr", "sea/foam_0001.exr", "sea/disp.txt", "sea/notes.txt"]);
    let mut build = build();
    object(&mut build);
    build.block(b"DATA", "OceanModifierData", 2, |it| it.text("cachepath", b"//sea"));
    folder.put("main.blend", &build.finish());
    assert_eq!(assets(&folder.trace("main.blend")), ["sea/disp_0001.exr", "sea/foam_0001.exr"]);
}

#[test]
fn a_mesh_cache_is_a_file() {
    let folder = Folder::new();
    folder.touch(["flag.pc2"]);
    let mut build = build();
    object(&mut build);
    build.block(b"DATA", "MeshCacheModifierData", 2, |it| it.text("filepath", b"//flag.pc2"));
    folder.put("main.blend", &build.finish());
    assert_eq!(assets(&folder.trace("main.blend")), ["flag.pc2"]);
}

#[test]
fn layers_of_usd_are_followed_and_may_refer_to_each_other() {
    let folder = Folder::new();
    folder.put("usd/set.usda", b"#usda 1.0\n(subLayers = [@./look.usda@, @gone.usda@])");
    folder.put("usd/look.usda", b"#usda 1.0\n(subLayers = [@set.usda@]) @./parts/a.usd@");
    folder.put("usd/parts/a.usd", b"#usda 1.0\nover \"x\" (references = @../../b.usda@) {}");
    folder.put("b.usda", b"#usda 1.0\n");
    folder.touch(["usd/neighbour.usda"]);
    let mut build = build();
    build.block(b"CF", "CacheFile", 1, |it| {
        it.text("id.name", b"CFset").text("filepath", b"//usd/set.usda")
    });
    folder.put("main.blend", &build.finish());
    let trace = folder.trace("main.blend");
    let layers = ["b.usda", "usd/look.usda", "usd/parts/a.usd", "usd/set.usda"];
    assert_eq!(assets(&trace), layers);
    assert_eq!(missing(&trace), ["usd/gone.usda"]);
}

#[test]
fn a_cache_of_something_linked_lies_beside_its_library_or_beside_the_shot() {
    let folder = Folder::new();
    folder.touch([
        "shots/blendcache_main/shot_000001_00.bphys",
        "shots/blendcache_lib/lib_000001_00.bphys",
        "lib/blendcache_lib/lib_000001_00.bphys",
        "lib/blendcache_lib/shot_000001_00.bphys",
    ]);
    let mut library = build();
    object(&mut library);
    let (baked, disk, of_main) = (1, 64, 2048);
    for (old, name, flag) in [(3, b"shot".as_slice(), of_main), (4, b"lib", 0)] {
        library.block(b"DATA", "PointCache", old, |it| {
            it.int("flag", baked | disk | flag).text("name", name)
        });
    }
    folder.put("lib/lib.blend", &library.finish());
    let mut main = Build::new(Form::Large8, 500);
    main.library(0x10, b"//../lib/lib.blend");
    folder.put("shots/main.blend", &main.finish());
    let trace = folder.trace("shots/main.blend");
    let wanted =
        ["lib/blendcache_lib/lib_000001_00.bphys", "shots/blendcache_main/shot_000001_00.bphys"];
    assert_eq!(assets(&trace), wanted);
    assert!(trace.missing.is_empty());
}

#[test]
fn voxels_of_old_blenders_are_files() {
    let folder = Folder::new();
    folder.touch(["a.raw", "b.raw"]);
    let mut build = build();
    build.shape("VoxelData", "int file_format; char source_path[1024]");
    build.shape("Tex", "ID id; int type; VoxelData *vd");
    for (old, kind, format, path) in
        [(0x10, 15, 1, b"//a.raw".as_slice()), (0x20, 15, 4, b"//b.raw"), (0x30, 1, 1, b"//b.raw")]
    {
        build.block(b"TE", "Tex", old, |it| it.int("type", kind).int("vd", 1));
        build.block(b"DATA", "VoxelData", 1, |it| {
            it.int("file_format", format).text("source_path", path)
        });
    }
    folder.put("main.blend", &build.finish());
    assert_eq!(assets(&folder.trace("main.blend")), ["a.raw"]);
}

#[test]
fn fluids_of_old_blenders_have_a_directory_of_their_own() {
    let folder = Folder::new();
    folder.touch(["sim/fluidsurface_final_0001.bobj.gz", "sim/fluidsurface.bvel.gz", "b/x.gz"]);
    let mut build = build();
    build.shape("FluidsimSettings", "int type; char surfdataPath[1024]");
    build.shape("FluidsimModifierData", "ModifierData modifier; FluidsimSettings *fss");
    for (old, kind, path) in [(0x10, 2, b"//sim".as_slice()), (0x20, 4, b"//b")] {
        build.block(b"OB", "Object", old, |it| it.int("modifiers.first", 2));
        build.block(b"DATA", "FluidsimModifierData", 2, |it| it.int("fss", 3));
        build.block(b"DATA", "FluidsimSettings", 3, |it| {
            it.int("type", kind).text("surfdataPath", path)
        });
    }
    folder.put("main.blend", &build.finish());
    let wanted = ["sim/fluidsurface.bvel.gz", "sim/fluidsurface_final_0001.bobj.gz"];
    assert_eq!(assets(&folder.trace("main.blend")), wanted);
}
