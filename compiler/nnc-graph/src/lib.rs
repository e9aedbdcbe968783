//! The graph IR of nnc: a tensor program as operations joined by values.
