//! The typed, resolved nn program as data.
