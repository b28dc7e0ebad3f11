//! The circumstances of a request, as conditions see them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use roadstead_types::{Timestamp, Uin};

use super::compare::Fact;
use super::request::Request;

/// The circumstances of a request, as conditions see them.
#[derive(Clone, Debug)]
pub struct Context {
    /// The address that the request comes from.
    pub ip: IpAddr,
    /// The time of the request.
    pub now: Timestamp,
    /// The uin of the caller.
    pub uin: String,
    /// The uin of the main account of the caller.
    pub owner_uin: Uin,
    /// The application id of the main account.
    pub app_id: i64,
    /// The region of the registry. If it is empty, there is none, and only denials match resources that name a
    /// region.
    pub region: Arc<str>,
    /// The tags of the resource, each as `key&value`.
    pub resource_tags: Arc<[String]>,
    /// The tags that the request wants to set, each as `key&value`.
    pub request_tags: Vec<String>,
    /// The values of other condition keys, such as `qcs:mfa` and `oidc:sub`. Other keys are absent.
    pub keys: BTreeMap<String, Vec<String>>,
}

impl Context {
    /// Makes a context without tags and further keys.
    pub fn new(ip: IpAddr, now: Timestamp, uin: &str, owner_uin: &Uin, app_id: i64, region: &Arc<str>) -> Self {
        Self {
            ip,
            now,
            uin: uin.to_owned(),
            owner_uin: owner_uin.clone(),
            app_id,
            region: Arc::clone(region),
            resource_tags: Arc::default(),
            request_tags: Vec::new(),
            keys: BTreeMap::new(),
        }
    }

    /// Returns the same context with the tags in `request`.
    pub fn about(&self, request: &Request) -> Cow<'_, Self> {
        if request.resource_tags.is_empty() && request.request_tags.is_empty() {
            return Cow::Borrowed(self);
        }
        let resource_tags = Arc::clone(&request.resource_tags);
        Cow::Owned(Self { resource_tags, request_tags: request.request_tags.clone(), ..self.clone() })
    }

    /// Returns the values of a condition key.
    pub(super) fn facts<'a>(&'a self, key: &'a str) -> impl Iterator<Item = Fact<'a>> + Clone {
        let (name, tag) = key.split_once('/').map_or((key, None), |(name, tag)| (name, Some(tag)));
        let (one, many): (Option<Fact<'a>>, &[String]) = match (name, tag) {
            ("qcs:ip", None) => (Some(Fact::Ip(self.ip)), &[]),
            ("qcs:current_time", None) => (Some(Fact::Moment(self.now)), &[]),
            ("qcs:uin", None) => (Some(Fact::Text(&self.uin)), &[]),
            ("qcs:resource_tag" | "qcs:tag", _) => (None, &self.resource_tags),
            ("qcs:request_tag", _) => (None, &self.request_tags),
            _ => return self.other(key),
        };
        one.into_iter().chain(Tags { texts: many.iter(), tag })
    }

    fn other<'a>(&'a self, key: &str) -> std::iter::Chain<std::option::IntoIter<Fact<'a>>, Tags<'a>> {
        let values = self.keys.get(key).map_or(&[][..], Vec::as_slice);
        None.into_iter().chain(Tags { texts: values.iter(), tag: None })
    }
}

/// An iterator over tags. If `key` names one, it yields only the values of this tag.
#[derive(Clone)]
struct Tags<'a> {
    texts: std::slice::Iter<'a, String>,
    tag: Option<&'a str>,
}

impl<'a> Iterator for Tags<'a> {
    type Item = Fact<'a>;

    fn next(&mut self) -> Option<Fact<'a>> {
        let tag = self.tag;
        self.texts.find_map(|text| match tag {
            None => Some(Fact::Text(text)),
            Some(tag) => text.strip_prefix(tag)?.strip_prefix('&').map(Fact::Text),
        })
    }
}
