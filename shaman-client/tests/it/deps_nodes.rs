//! Files that nodes, texts and cameras name.

use crate::build::{Build, Form};
use crate::support::{Folder, assets};

fn build() -> Build {
    let mut build = Build::new(Form::Large8, 501);
    build.shape("bNodeTree", "ID id; ListBase nodes");
    build.shape("Material", "ID id; bNodeTree *nodetree");
    build.shape(
        "bNode",
        "bNode *next; bNode *prev; ListBase inputs; char idname[64]; void *storage",
    );
    build.shape("NodeShaderTexIES", "int mode; char filepath[1024]");
    build.shape("NodeShaderScript", "int mode; int flag; char filepath[1024]");
    build.shape("bNodeSocket", "bNodeSocket *next; bNodeSocket *prev; void *default_value");
    build.shape("bNodeSocketValueString", "int subtype; char value[1024]");
    build.shape("Text", "ID id; char *name; int flags");
    build.shape("Camera", "ID id; char type; char custom_mode; char custom_filepath[1024]");
    build
}

/// A material with an embedded tree of one node.
fn material(build: &mut Build, old: u64, storage: &str, mode: u64, path: &[u8]) {
    build.block(b"MA", "Material", old, |it| it.text("id.name", b"MAlamp").int("nodetree", 1));
    build.block(b"DATA", "bNodeTree", 1, |it| it.int("nodes.first", 2).int("nodes.last", 2));
    build.block(b"DATA", "bNode", 2, |it| it.text("idname", b"ShaderNode").int("storage", 3));
    build.block(b"DATA", storage, 3, |it| it.int("mode", mode).text("filepath", path));
}

#[test]
fn light_profiles_and_scripts_count_if_they_are_files() {
    let folder = Folder::new();
    folder.touch(["a.ies", "b.osl", "c.ies", "d.osl"]);
    let mut build = build();
    material(&mut build, 0x10, "NodeShaderTexIES", 1, b"//a.ies");
    material(&mut build, 0x20, "NodeShaderScript", 1, b"//b.osl");
    // Internal: a text in the .blend, whatever path was there before.
    material(&mut build, 0x30, "NodeShaderTexIES", 0, b"//c.ies");
    material(&mut build, 0x40, "NodeShaderScript", 0, b"//d.osl");
    folder.put("main.blend", &build.finish());
    assert_eq!(assets(&folder.trace("main.blend")), ["a.ies", "b.osl"]);
}

#[test]
fn a_group_is_looked_into_as_well() {
    let folder = Folder::new();
    folder.touch(["a.ies"]);
    let mut build = build();
    build.block(b"NT", "bNodeTree", 0x10, |it| it.text("id.name", b"NTlamp").int("nodes.first", 2));
    build.block(b"DATA", "bNode", 2, |it| it.int("storage", 3));
    build
        .block(b"DATA", "NodeShaderTexIES", 3, |it| it.int("mode", 1).text("filepath", b"//a.ies"));
    folder.put("main.blend", &build.finish());
    assert_eq!(assets(&folder.trace("main.blend")), ["a.ies"]);
}

#[test]
fn an_import_node_reads_the_path_in_its_socket() {
    let folder = Folder::new();
    folder.touch(["a.obj", "b.obj", "c.obj"]);
    let mut build = build();
    let file_path = 1;
    for (old, node, subtype, path) in [
        (0x10, b"GeometryNodeImportOBJ".as_slice(), file_path, b"//a.obj"),
        (0x20, b"GeometryNodeImportOBJ", 0, b"//b.obj"),
        (0x30, b"GeometryNodeStringJoin", file_path, b"//c.obj"),
    ] {
        build.block(b"NT", "bNodeTree", old, |it| it.int("nodes.first", 2));
        build.block(b"DATA", "bNode", 2, |it| it.text("idname", node).int("inputs.first", 3));
        build.block(b"DATA", "bNodeSocket", 3, |it| it.int("default_value", 4));
        build.block(b"DATA", "bNodeSocketValueString", 4, |it| {
            it.int("subtype", subtype).text("value", path)
        });
    }
    folder.put("main.blend", &build.finish());
    assert_eq!(assets(&folder.trace("main.blend")), ["a.obj"]);
}

#[test]
fn a_text_counts_if_it_has_a_file() {
    let folder = Folder::new();
    folder.touch(["a.py", "b.py"]);
    let mut build = build();
    let in_blend = 4;
    for (old, flags, path) in
        [(0x10, 0, b"//a.py\0".as_slice()), (0x20, in_blend, b"//b.py\0"), (0x30, 0, b"//gone.py")]
    {
        build.block(b"TX", "Text", old, |it| it.int("name", 9).int("flags", flags));
        build.raw(b"DATA", 0, 9, path);
    }
    folder.put("main.blend", &build.finish());
    let trace = folder.trace("main.blend");
    assert_eq!(assets(&trace), ["a.py"]);
    // Renders use the copy in the .blend.
    assert!(trace.missing.is_empty());
    let [warning] = trace.warnings.as_slice() else { panic!("{trace:?}") };
    assert!(warning.contains("gone.py` (text) is not there; renders do without"), "{warning}");
}

#[test]
fn a_camera_counts_if_its_lens_is_a_script_on_disk() {
    let folder = Folder::new();
    folder.touch(["a.osl", "b.osl", "c.osl"]);
    let mut build = build();
    for (old, kind, mode, path) in
        [(0x10, 3, 1, b"//a.osl"), (0x20, 0, 1, b"//b.osl"), (0x30, 3, 0, b"//c.osl")]
    {
        build.block(b"CA", "Camera", old, |it| {
            it.int("type", kind).int("custom_mode", mode).text("custom_filepath", path)
        });
    }
    folder.put("main.blend", &build.finish());
    assert_eq!(assets(&folder.trace("main.blend")), ["a.osl"]);
}
