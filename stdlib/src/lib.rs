//! The standard library of the nn language, as embedded sources.
