//! Builds small .blend files byte by byte, for tests.
