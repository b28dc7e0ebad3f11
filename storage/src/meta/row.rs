//! Reads columns of rows into types.

use std::str::FromStr;

use sqlx::any::AnyRow;
use sqlx::{Any, ColumnIndex, Decode, Row as _, Type};

use super::sql::SqlResult as _;
use crate::{Error, Result};
use roadstead_types::{HashState, Timestamp};

/// Returns the value of a column.
pub(super) fn get<'r, T>(row: &'r AnyRow, column: &'static str) -> Result<T>
where
    T: Decode<'r, Any> + Type<Any>,
    for<'i> &'i str: ColumnIndex<AnyRow>,
{
    row.try_get(column).op("read a row")
}

/// Parses a text column. It can only fail if another program wrote to the database.
pub(super) fn parse<T: FromStr>(row: &AnyRow, table: &'static str, column: &'static str) -> Result<T> {
    let text: &str = get(row, column)?;
    text.parse().map_err(|_| Error::Corrupt { table, column, value: text.to_owned() })
}

/// Reads a time.
pub(super) fn time(row: &AnyRow, column: &'static str) -> Result<Timestamp> {
    get(row, column).map(Timestamp::from_millis)
}

/// Reads a time that may be missing.
pub(super) fn optional_time(row: &AnyRow, column: &'static str) -> Result<Option<Timestamp>> {
    let millis: Option<i64> = get(row, column)?;
    Ok(millis.map(Timestamp::from_millis))
}

/// Reads a number of bytes.
pub(super) fn size(row: &AnyRow, table: &'static str, column: &'static str) -> Result<u64> {
    let size: i64 = get(row, column)?;
    u64::try_from(size).map_err(|_| Error::Corrupt { table, column, value: size.to_string() })
}

/// Converts a number of bytes for the database.
pub(super) fn size_column(size: u64) -> Result<i64> {
    i64::try_from(size).map_err(|source| Error::Backend { op: "store a size", source: Box::new(source) })
}

/// Reads the hash state of an upload.
pub(super) fn hash_state(row: &AnyRow) -> Result<HashState> {
    Ok(HashState {
        algorithm: parse(row, "uploads", "hash_algorithm")?,
        len: size(row, "uploads", "hashed_bytes")?,
        bytes: get(row, "hash_state")?,
    })
}
