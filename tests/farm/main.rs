//! Tests of the whole farm.
