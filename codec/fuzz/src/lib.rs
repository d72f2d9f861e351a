//! The proofs that the fuzz targets run. Must not know the fuzzer.

pub mod proofs;
