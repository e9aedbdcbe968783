//! Integration tests of nnc: see `it/main.rs`. This library is empty; a package needs
//! one in order to have tests.
