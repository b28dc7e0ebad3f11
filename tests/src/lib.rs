//! roadstead-tests
