//! `[personal]`: names in the personal edition.

use crate::section::section;

section! {
    /// The registry at the main address (the personal edition of the cloud's product).
    pub struct Personal {
        /// Whether the name of a repository may have several parts after the namespace, as in `NAMESPACE/charts/NAME`.
        /// With `false` it has exactly one, as in the product document.
        pub nested_names: bool = true,
    }
}
