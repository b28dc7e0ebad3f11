//! Suites that every blob store and every metadata engine passes, and stores that fail on purpose.
