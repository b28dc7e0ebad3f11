//! The hosts of enterprise instances.

use std::str::FromStr;

use roadstead_types::InstanceName;

/// The placeholder for the name of an instance.
const NAME: &str = "{name}";

/// The hosts of enterprise instances: a pattern with the name of the instance in it, such as
/// `{name}.registry.example.com`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InstanceDomain {
    before: String,
    after: String,
}

/// The text is not a pattern of hosts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("must be a host with `{{name}}` once in its first part, such as `{{name}}.registry.example.com`")]
pub struct InstanceDomainError;

impl FromStr for InstanceDomain {
    type Err = InstanceDomainError;

    fn from_str(text: &str) -> Result<Self, InstanceDomainError> {
        let (before, after) = text.split_once(NAME).ok_or(InstanceDomainError)?;
        let part = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.');
        // A dot must follow, or the host of an instance could lie in a domain of somebody else. No dot may precede,
        // or the hosts would lie in different zones.
        let fits = part(before)
            && part(after)
            && !before.contains('.')
            && after.contains('.')
            && !after.ends_with(['.', '-'])
            && !after.contains("..")
            && !before.starts_with('-');
        if !fits {
            return Err(InstanceDomainError);
        }
        Ok(Self { before: before.to_ascii_lowercase(), after: after.to_ascii_lowercase() })
    }
}

impl Default for InstanceDomain {
    /// Returns `{name}.localhost`, which points to the machine itself (RFC 6761, section 6.3).
    fn default() -> Self {
        Self { before: String::new(), after: ".localhost".to_owned() }
    }
}

impl InstanceDomain {
    /// Returns the host of the instance with this name.
    pub fn host_of(&self, name: &InstanceName) -> String {
        format!("{}{name}{}", self.before, self.after)
    }

    /// Returns the name in a host, if the host may be one of an instance. The host comes as in the request: in any
    /// case, with or without a port.
    pub fn name_in(&self, host: &str) -> Option<InstanceName> {
        let host = host.split_once(':').map_or(host, |(host, _)| host);
        let host = host.strip_suffix('.').unwrap_or(host);
        let end = host.len().checked_sub(self.after.len())?;
        let (rest, after) = host.split_at_checked(end)?;
        let (before, name) = rest.split_at_checked(self.before.len())?;
        let fits = after.eq_ignore_ascii_case(&self.after) && before.eq_ignore_ascii_case(&self.before);
        if fits { name.to_ascii_lowercase().parse().ok() } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(domain: &str, host: &str) -> Option<String> {
        let domain: InstanceDomain = domain.parse().unwrap();
        domain.name_in(host).map(|name| name.to_string())
    }

    #[test]
    fn a_host_says_which_instance() {
        for host in ["team.reg.example", "TEAM.Reg.Example:5000", "team.reg.example.", "team.reg.example.:443"] {
            assert_eq!(name("{name}.reg.example", host).as_deref(), Some("team"), "{host}");
        }
        assert_eq!(name("tcr-{name}.EXAMPLE.com", "TCR-a-b.example.com").as_deref(), Some("a-b"));
        assert_eq!(name("{name}-reg.example.com", "a-b-reg.example.com").as_deref(), Some("a-b"));
        for host in [
            "reg.example",
            ".reg.example",
            "x.team.reg.example",
            "team.reg.example.org",
            "team.reg.exampl",
            "",
            ":",
            "teamreg.example",
            "te_am.reg.example",
            "[::1]:5000",
            "127.0.0.1:5000",
            "é.reg.example",
            "téam.reg.example",
        ] {
            assert_eq!(name("{name}.reg.example", host), None, "{host}");
        }
        let domain = InstanceDomain::default();
        let name: InstanceName = "demo".parse().unwrap();
        assert_eq!(domain.host_of(&name), "demo.localhost");
        assert_eq!(domain.name_in(&domain.host_of(&name)), Some(name));
        assert_eq!("{name}.localhost".parse(), Ok(domain));
    }

    #[test]
    fn a_pattern_leads_to_one_zone() {
        for bad in [
            "",
            "{name}",
            "localhost",
            "{name}x",
            "a.{name}.b",
            "{name}.{name}.c",
            "{name}.",
            "{name}..a",
            "{name}.a/b",
            "{name}.a:5000",
            "-{name}.a",
            "https://{name}.a",
        ] {
            assert!(bad.parse::<InstanceDomain>().is_err(), "{bad:?}");
        }
    }
}
