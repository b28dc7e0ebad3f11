//! Temporary credentials: `sts`, version 2018-08-13.
