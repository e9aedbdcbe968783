//! Tests of the readers, on files that are built byte by byte, on the fixtures that
//! `fixtures/make.py` wrote, and on published models where they are in the cache; and
//! of the maps between files and models.

mod archives;
mod build;
mod checks;
mod conversions;
mod examples;
mod ggml;
mod maps;
mod models;
mod pickles;
mod program;
mod tensors;
mod writing;
