//! What the actions of the cloud API ask for, apart from a good signature.

/// What must be allowed for an action of the cloud API to run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Class {
    /// Nothing, not even a signature: what proves who asks is among the parameters.
    Unsigned,
    /// Nothing: the signature is enough.
    Signed,
    /// The action, although the product document asks for the signature only; nothing with `cloud_api.faithful`.
    Hardened,
    /// What the policies are asked in any case.
    Checked,
}

/// Whoever has no key yet gets one.
const UNSIGNED: &[&str] = &["sts:AssumeRoleWithWebIdentity"];

/// They are about the caller itself, or list what the caller may see, or tell what is no secret.
const SIGNED: &[&str] = &[
    "cam:GetUserAppId",
    "sts:GetCallerIdentity",
    "tcr:BatchDeleteFavorRepositoryPersonal",
    "tcr:CheckInstanceName",
    "tcr:CreateFavorRepositoryPersonal",
    "tcr:CreateUserPersonal",
    "tcr:DescribeApplicationTokenPersonal",
    "tcr:DescribeApplicationTriggerLogPersonal",
    "tcr:DescribeApplicationTriggerPersonal",
    "tcr:DescribeFavorRepositoryPersonal",
    "tcr:DescribeImageFilterPersonal",
    "tcr:DescribeImageLifecycleGlobalPersonal",
    "tcr:DescribeImageLifecyclePersonal",
    "tcr:DescribeImagePersonal",
    "tcr:DescribeInstances",
    "tcr:DescribeNamespacePersonal",
    "tcr:DescribeRegions",
    "tcr:DescribeRepositoryAllPersonal",
    "tcr:DescribeRepositoryFilterPersonal",
    "tcr:DescribeRepositoryOwnerPersonal",
    "tcr:DescribeRepositoryPersonal",
    "tcr:DescribeUserPersonal",
    "tcr:DescribeUserQuotaPersonal",
    "tcr:ModifyUserPasswordPersonal",
    "tcr:ValidateNamespaceExistPersonal",
    "tcr:ValidateRepositoryExistPersonal",
    "tcr:ValidateUserPersonal",
];

/// They change what others see or keep.
const HARDENED: &[&str] = &[
    "tcr:CreateApplicationTriggerPersonal",
    "tcr:CreateImageLifecyclePersonal",
    "tcr:DeleteApplicationTriggerPersonal",
    "tcr:DeleteImageLifecyclePersonal",
    "tcr:ModifyApplicationTriggerPersonal",
    "tcr:ModifyRepositoryAccessPersonal",
    "tcr:ModifyRepositoryInfoPersonal",
];

impl Class {
    /// That of `service:name`, in the spelling of the API.
    pub fn of(action: &str) -> Self {
        match action {
            _ if UNSIGNED.contains(&action) => Self::Unsigned,
            _ if SIGNED.contains(&action) => Self::Signed,
            _ if HARDENED.contains(&action) => Self::Hardened,
            _ => Self::Checked,
        }
    }

    /// Whether no policy is asked.
    pub fn is_free(self, faithful: bool) -> bool {
        matches!(self, Self::Unsigned | Self::Signed) || (faithful && self == Self::Hardened)
    }
}

#[cfg(test)]
mod tests {
    use super::super::known;
    use super::*;

    #[test]
    fn the_names_are_those_of_actions() {
        for name in UNSIGNED.iter().chain(SIGNED).chain(HARDENED) {
            assert_eq!(known::written(name), Some(*name));
        }
        assert!(!Class::of("tcr:DeleteImagePersonal").is_free(true));
        assert!(Class::of("tcr:ModifyRepositoryInfoPersonal").is_free(true));
        assert!(!Class::of("tcr:ModifyRepositoryInfoPersonal").is_free(false));
    }
}
