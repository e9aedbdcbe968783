//! From the typed nn program to the graph IR.
