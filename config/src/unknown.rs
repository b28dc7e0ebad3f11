//! Errors for unknown keys.

use crate::{Entry, Error, Origin};

/// Makes the error for an unknown key, with the key that was probably meant.
pub(crate) fn unknown(key: String, origin: Origin, known: &[Entry]) -> Error {
    const FAR: usize = 3;
    let nearest = known
        .iter()
        .map(|entry| (distance(&key, &entry.key), &entry.key))
        .min()
        .filter(|(distance, _)| *distance <= FAR)
        .map(|(_, key)| key.clone());
    Error::UnknownKey { key, origin, nearest }
}

/// Counts the letters that must be inserted, removed or changed to turn one word into the other.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, letter) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, other) in to.iter().enumerate() {
            let change = diagonal + usize::from(letter != *other);
            diagonal = row[j + 1];
            row[j + 1] = change.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::distance;

    #[test]
    fn distance_counts_letters() {
        for (from, to, expected) in [("", "", 0), ("", "abc", 3), ("listen", "lisen", 1), ("kitten", "sitting", 3)] {
            assert_eq!(distance(from, to), expected, "{from} {to}");
            assert_eq!(distance(to, from), expected, "{to} {from}");
        }
    }
}
