//! Name resolution, types, shapes and facts of the nn language.
