//! Server, client and Blender together; see `farm/`.
