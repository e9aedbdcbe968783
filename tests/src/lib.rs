//! Integration tests of nnc.
