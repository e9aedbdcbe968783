//! The text of a program, for people: `--emit=hir`.
