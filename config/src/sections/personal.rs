//! The section `[personal]`.

use crate::section::section;

section! {
    /// The personal edition.
    pub struct Personal {
        /// Names of repositories may have more parts after the namespace: `NAMESPACE/charts/NAME`. Otherwise exactly two, as in
        /// the product document.
        pub nested_names: bool = true,
    }
}
