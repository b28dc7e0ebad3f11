//! The `resource` of a statement: six pieces, joined by colons.

use roadstead_types::{NameRule, TooManyPatterns, Uin};

use super::context::Context;
use super::error::{Fault, PolicyError, Result};
use super::glob::Pattern;
use super::json::Json;
use super::known::is_owned;
use super::reader::{Author, Reader, Use};
use super::regions::Region;
use super::request::{NameRequest, Request, one_class};

/// A compiled resource.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Resource {
    /// `*`: every resource, and also operations without a resource.
    Everything,
    Pieces(Pieces),
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Pieces {
    /// `None` matches every service.
    service: Option<String>,
    /// `None` matches every region.
    region: Option<String>,
    account: Account,
    path: Pattern,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Account {
    Any,
    Is(Uin),
    /// An account that is not here.
    Nobody,
}

/// The first part of the path of a resource of the registry.
const REGISTRY_TYPES: &[&str] = &["repo", "repository", "instance"];
const CAM_TYPES: &[&str] = &["uin", "groupid", "policyid", "roleName", "role"];
/// The types that identify a resource without its fifth piece.
const FIVE_PIECE_TYPES: &[&str] = &["repo", "repository", "instance", "cluster"];

/// Parses the resources of a statement. Returns them also in canonical form, and whether some are not understood.
pub(super) fn read(reader: &mut Reader<'_>, value: Option<&Json>) -> Result<(Vec<Resource>, Vec<String>, bool)> {
    let Some(list) = value.map(Json::list).filter(|list| !list.is_empty()) else {
        return Err(PolicyError::new(
            Fault::Resource,
            "a statement needs a resource, and the list of them is not empty",
        ));
    };
    let (mut resources, mut canonical, mut unknown) = (Vec::new(), Vec::new(), false);
    for item in list {
        let text = item.text().ok_or_else(|| PolicyError::new(Fault::Resource, "a resource is a string"));
        match text.and_then(|text| read_one(reader, text.trim())) {
            Ok((resource, text)) => {
                resources.push(resource);
                canonical.push(text);
            }
            Err(error) if reader.strict => return Err(error),
            Err(_) => unknown = true,
        }
    }
    Ok((resources, canonical, unknown))
}

fn read_one(reader: &mut Reader<'_>, text: &str) -> Result<(Resource, String)> {
    if text == "*" {
        return Ok((Resource::Everything, text.to_owned()));
    }
    let error = |fault: Fault, what: &str| PolicyError::new(fault, format!("resource {text:?}: {what}"));
    let pieces: Vec<&str> = text.split(':').map(str::trim).collect();
    let [qcs, project, service, region, rest @ ..] = pieces.as_slice() else {
        return Err(error(Fault::Resource, "it has six pieces, qcs:project:service:region:account:path"));
    };
    if *qcs != "qcs" {
        return Err(error(Fault::Resource, "it begins with \"qcs:\""));
    }
    if !matches!(*project, "" | "*" | "id/0" | "id/*") {
        return Err(error(Fault::ResourceProject, "the second piece, the project, is empty"));
    }
    let short =
        rest.first().is_some_and(|first| FIVE_PIECE_TYPES.contains(&first.split('/').next().unwrap_or_default()));
    let (account, path) = match rest {
        [_, ..] if short => ("", rest.join(":")),
        [account, path @ ..] if !path.is_empty() => (*account, path.join(":")),
        _ => return Err(error(Fault::Resource, "it has six pieces, qcs:project:service:region:account:path")),
    };
    let canonical = format!("qcs:{project}:{service}:{region}:{account}:{path}");
    if short {
        reader.warn(format!("{text:?} has five pieces, and was read as {canonical:?}"));
    }
    let pieces = Pieces {
        service: service_piece(service).map_err(|what| error(Fault::ResourceService, what))?,
        region: region_piece(region).map_err(|what| error(Fault::ResourceRegion, what))?,
        account: account_piece(reader, service, account, &path, text)?,
        path: path_piece(reader, service, &path, text)?,
    };
    Ok((Resource::Pieces(pieces), canonical))
}

fn is_token(text: &str) -> bool {
    let word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
    !text.is_empty() && text.bytes().all(word)
}

fn service_piece(text: &str) -> std::result::Result<Option<String>, &'static str> {
    match text {
        "" | "*" => Ok(None),
        _ if is_token(text) => Ok(Some(one_class(text).to_owned())),
        _ => Err("the third piece, the service, is empty, \"*\" or a name in lower case"),
    }
}

fn region_piece(text: &str) -> std::result::Result<Option<String>, &'static str> {
    match text {
        "" | "*" => Ok(None),
        _ if is_token(text) => Ok(Some(Region::of(text).name.to_owned())),
        _ => Err("the fourth piece, the region, is empty, \"*\" or a name in lower case"),
    }
}

/// Parses the account. A resource of another account can only be a role, because nothing else is shared.
fn account_piece(reader: &Reader<'_>, service: &str, account: &str, path: &str, text: &str) -> Result<Account> {
    let Author { owner_uin, app_id } = reader.author;
    let fault = if reader.usage == Use::Session { Fault::GrantOther } else { Fault::ResourceUin };
    let role = service == "cam" && (path.starts_with("roleName/") || path.starts_with("role/"));
    let number = account.split_once('/').filter(|(_, digits)| digits.bytes().all(|b| b.is_ascii_digit()));
    let named = match (account, number) {
        ("*", _) => return Ok(Account::Any),
        ("" | "uin/" | "uin/-1", _) => Some(owner_uin.clone()),
        (_, Some(("uin", digits))) => digits.parse::<Uin>().ok(),
        (_, Some(("uid", digits))) => digits.parse::<i64>().ok().filter(|id| *id == app_id).map(|_| owner_uin.clone()),
        _ => {
            let message =
                format!("resource {text:?}: the fifth piece, the account, is empty, \"uin/...\" or \"uid/...\"");
            return Err(PolicyError::new(Fault::ResourceUin, message));
        }
    };
    let ours = matches!(service, "" | "*") || is_owned(service);
    match named {
        Some(uin) if uin == *owner_uin || role => Ok(Account::Is(uin)),
        named if !reader.strict || !ours => Ok(named.map_or(Account::Nobody, Account::Is)),
        _ => Err(PolicyError::new(fault, format!("resource {text:?} belongs to another account"))),
    }
}

fn path_piece(reader: &mut Reader<'_>, service: &str, path: &str, text: &str) -> Result<Pattern> {
    let error = |what: &str| PolicyError::new(Fault::ResourceContent, format!("resource {text:?}: {what}"));
    let blank = |c: char| c.is_whitespace() || c.is_control();
    if path.is_empty() || path.contains('?') || path.contains(blank) {
        return Err(error("a path is not empty, and has no space and no question mark"));
    }
    let pattern = Pattern::with_wildcards(path, &reader.author).map_err(|bad| {
        error(&format!("there is no variable {}: only ${{uin}}, ${{owner_uin}} and ${{app_id}}", bad.0))
    })?;
    if !reader.strict || path == "*" || !is_owned(service) {
        return Ok(pattern);
    }
    let types = if service == "cam" || service == "sts" { CAM_TYPES } else { REGISTRY_TYPES };
    match path.split_once('/') {
        Some((kind, rest)) if types.contains(&kind) && !rest.is_empty() => lint(reader, kind, rest, text),
        _ => return Err(error(&format!("its path is \"*\" or begins with one of {}/", types.join("/, ")))),
    }
    Ok(pattern)
}

/// Warns about legal text that is probably a mistake.
fn lint(reader: &mut Reader<'_>, kind: &str, rest: &str, text: &str) {
    if kind != "repo" {
        return;
    }
    let namespace = rest.split('/').next().unwrap_or_default();
    if namespace.len() > 1 && namespace.ends_with('*') {
        let stem = namespace.trim_end_matches('*');
        reader.warn(format!("{text:?} covers every namespace that begins with {stem:?}, not only {stem:?}"));
    }
    let name = rest.split(':').next().unwrap_or_default();
    if !name.contains("${") && name.bytes().any(|b| b.is_ascii_uppercase()) {
        reader.warn(format!("{text:?} never matches: names of repositories are in lower case"));
    }
}

impl Resource {
    /// Tells whether the resource covers the request. `doubt` is the answer if that cannot be decided.
    pub(super) fn covers(&self, request: &Request, context: &Context, doubt: bool) -> bool {
        let Self::Pieces(pieces) = self else { return true };
        let found = match &*request.resources {
            [] => pieces.path.is_everything(),
            resources => {
                pieces.match_any(resources, context) || (doubt && pieces.match_any(&request.doubtful, context))
            }
        };
        found && pieces.are_of(request, context, doubt)
    }

    /// Returns the names for which the resource covers the operation.
    ///
    /// # Errors
    /// `TooManyPatterns`.
    pub(super) fn names(
        &self,
        about: &NameRequest,
        context: &Context,
        doubt: bool,
    ) -> std::result::Result<NameRule, TooManyPatterns> {
        match self {
            Self::Everything => Ok(NameRule::All),
            Self::Pieces(pieces) if !pieces.are_of(&about.request, context, doubt) => Ok(NameRule::none()),
            Self::Pieces(pieces) if pieces.match_any(&about.request.resources, context) => Ok(NameRule::All),
            Self::Pieces(pieces) => {
                let around =
                    about.around.iter().map(|(before, after)| pieces.path.between(before, after, &context.uin));
                NameRule::any(around.map(|patterns| Ok(NameRule::Like(patterns))))
            }
        }
    }
}

impl Pieces {
    /// Tells whether the path matches one of the resources.
    fn match_any(&self, resources: &[String], context: &Context) -> bool {
        resources.iter().any(|path| self.path.matches(path, &context.uin))
    }

    /// Tells whether the service, the account and the region match the request.
    fn are_of(&self, request: &Request, context: &Context, doubt: bool) -> bool {
        if self.service.as_ref().is_some_and(|service| *service != request.service) {
            return false;
        }
        let owner = request.owner.as_ref().unwrap_or(&context.owner_uin);
        let account = match &self.account {
            Account::Any => true,
            Account::Is(uin) => uin == owner,
            Account::Nobody => false,
        };
        account
            && self.region.as_ref().is_none_or(|region| match &*context.region {
                "" => doubt,
                here => Region::of(here).name == region,
            })
    }
}
