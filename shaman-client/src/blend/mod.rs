//! Bytes of a .blend to blocks and fields; knows no other file.
