//! Graph passes of nnc, their order and their runner.
