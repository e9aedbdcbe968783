//! Tests of the readers, on files that are built byte by byte, on the fixtures that
//! `fixtures/make.py` wrote, and on published models where they are in the cache.

mod archives;
mod build;
mod conversions;
mod ggml;
mod models;
mod pickles;
mod tensors;
mod writing;
