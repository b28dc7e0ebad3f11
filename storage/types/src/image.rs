//! The data in the config of an image: platform, size, and time of creation.

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::clock::Timestamp;
use super::digest::Digest;
use super::manifest::{Descriptor, Manifest, ManifestKind, distinct};

/// The longest text that is taken from a config, in bytes.
const MAX_TEXT: usize = 255;

/// The data in the config of an image (image-spec, "Image Configuration"). Missing texts are empty.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ImageConfig {
    /// CPU architecture, a GOARCH value.
    pub architecture: String,
    /// Operating system, a GOOS value.
    pub os: String,
    /// The author.
    pub author: String,
    /// The version of the Docker that built it.
    pub docker_version: String,
    /// When it was built.
    pub created: Option<Timestamp>,
}

impl ImageConfig {
    /// The largest config that is read, in bytes.
    pub const MAX_BYTES: u64 = 1 << 20;

    /// Reads a config as far as possible. Any other document gives an empty result.
    pub fn read(bytes: &[u8]) -> Self {
        let raw: RawConfig = serde_json::from_slice(bytes).unwrap_or_default();
        Self {
            architecture: raw.architecture.0,
            os: raw.os.0,
            author: raw.author.0,
            docker_version: raw.docker_version.0,
            created: rfc3339(&raw.created.0),
        }
    }
}

#[derive(serde::Deserialize, Default)]
#[serde(default)]
struct RawConfig {
    architecture: Text,
    os: Text,
    author: Text,
    docker_version: Text,
    created: Text,
}

/// A text. Anything else in the document counts as an empty one.
#[derive(Default)]
struct Text(String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("anything")
    }

    fn visit_str<E>(self, text: &str) -> Result<Text, E> {
        let mut kept: String = text.chars().filter(|c| !c.is_control()).take(MAX_TEXT).collect();
        while kept.len() > MAX_TEXT {
            kept.pop();
        }
        Ok(Text(kept))
    }

    fn visit_unit<E>(self) -> Result<Text, E> {
        Ok(Text::default())
    }

    fn visit_bool<E>(self, _: bool) -> Result<Text, E> {
        Ok(Text::default())
    }

    fn visit_i64<E>(self, _: i64) -> Result<Text, E> {
        Ok(Text::default())
    }

    fn visit_u64<E>(self, _: u64) -> Result<Text, E> {
        Ok(Text::default())
    }

    fn visit_f64<E>(self, _: f64) -> Result<Text, E> {
        Ok(Text::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Text, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Text::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Text, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Text::default())
    }
}

/// The data of a manifest that lists of images show.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ImageDetails {
    /// Equal for manifests with the same image. It is the digest of the config, or that of the manifest if it is no
    /// image or an image for several platforms.
    pub content_id: Digest,
    /// The id of the image as Docker shows it: the digest of its config. For an index see
    /// [`of_index`](Self::of_index).
    pub image_id: Option<Digest>,
    /// The data from the config.
    pub config: ImageConfig,
    /// The bytes of the config and the layers, each counted once; for an index, those of all its children.
    pub total_size: u64,
}

/// Returns the blob that describes the image of a manifest. Other artifacts have a config too, but not of an image.
pub fn image_config(manifest: &Manifest) -> Option<&Descriptor> {
    let ManifestKind::Image { config: Some(config), .. } = &manifest.kind else { return None };
    let is_config = matches!(
        config.media_type.as_str(),
        "application/vnd.oci.image.config.v1+json" | "application/vnd.docker.container.image.v1+json"
    );
    (is_config && manifest.artifact_type.as_deref() == Some(&config.media_type)).then_some(config)
}

impl ImageDetails {
    /// Makes the details of a manifest that is no index, from its `config`.
    pub fn of_image(digest: &Digest, manifest: &Manifest, config: ImageConfig) -> Self {
        let image_id = image_config(manifest).map(|config| config.digest.clone());
        Self {
            content_id: image_id.clone().unwrap_or_else(|| digest.clone()),
            image_id,
            config,
            total_size: sum(distinct(manifest.descriptors()).iter().map(|part| part.size)),
        }
    }

    /// Makes the details of an index with these children, in the order of the document. It takes the platform of the
    /// child for linux/amd64, or else of the first one that names its platform, or else of the first one.
    pub fn of_index(digest: &Digest, children: &[Self]) -> Self {
        let says = |child: &&Self| !matches!(child.config.architecture.as_str(), "" | "unknown");
        let chosen = children
            .iter()
            .find(|child| child.config.os == "linux" && child.config.architecture == "amd64")
            .or_else(|| children.iter().find(says))
            .or_else(|| children.first());
        Self {
            content_id: digest.clone(),
            image_id: chosen.and_then(|child| child.image_id.clone()),
            config: chosen.map(|child| child.config.clone()).unwrap_or_default(),
            total_size: sum(children.iter().map(|child| child.total_size)),
        }
    }
}

/// Adds the sizes up, to at most the largest number in the database.
fn sum(sizes: impl Iterator<Item = u64>) -> u64 {
    sizes.fold(0, u64::saturating_add).min(i64::MAX.unsigned_abs())
}

/// Parses a time in the notation of RFC 3339, with any fraction of a second and any offset.
fn rfc3339(text: &str) -> Option<Timestamp> {
    let bytes = text.as_bytes();
    let shape = |range: std::ops::Range<usize>| {
        let part = bytes.get(range)?;
        part.iter().all(u8::is_ascii_digit).then(|| part.iter().fold(0_i64, |n, b| n * 10 + i64::from(b - b'0')))
    };
    let at = |index: usize, expected: &[u8]| bytes.get(index).is_some_and(|b| expected.contains(b));
    if !(at(4, b"-") && at(7, b"-") && at(10, b"Tt ") && at(13, b":") && at(16, b":")) {
        return None;
    }
    let (year, month, day) = (shape(0..4)?, shape(5..7)?, shape(8..10)?);
    let (hour, minute, second) = (shape(11..13)?, shape(14..16)?, shape(17..19)?);
    let in_range = (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60 && second <= 60;
    let (fraction, offset) = fraction_and_offset(text.get(19..)?)?;
    let seconds = days_from_civil(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset;
    in_range.then(|| Timestamp::from_millis(seconds * 1000 + fraction))
}

/// Parses milliseconds, and the offset from UTC in seconds.
fn fraction_and_offset(rest: &str) -> Option<(i64, i64)> {
    let (digits, zone) = match rest.strip_prefix('.') {
        Some(rest) => rest.split_at(rest.find(|c: char| !c.is_ascii_digit())?),
        None => ("", rest),
    };
    let millis = digits.bytes().chain(*b"000").take(3).fold(0, |n, b| n * 10 + i64::from(b - b'0'));
    if matches!(zone, "Z" | "z") {
        return Some((millis, 0));
    }
    let sign = match zone.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, minutes) = zone.get(1..)?.split_once(':')?;
    let two =
        |part: &str| (part.len() == 2).then(|| part.parse::<i64>().ok()).flatten().filter(|n| (0..60).contains(n));
    Some((millis, sign * (two(hours)? * 3600 + two(minutes)? * 60)))
}

/// Counts the days from 1970-01-01 to a date of the Gregorian calendar (Hinnant, "chrono-Compatible Low-Level Date
/// Algorithms").
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::digest::Algorithm;
    use super::super::media_type::media_types;
    use super::*;

    fn millis(text: &str) -> Option<i64> {
        rfc3339(text).map(Timestamp::as_millis)
    }

    #[test]
    fn moments_are_read() {
        assert_eq!(millis("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(millis("2018-02-14T00:28:07.123456789Z"), Some(1_518_568_087_123));
        assert_eq!(millis("2018-02-14T08:28:07+08:00"), Some(1_518_568_087_000));
        assert_eq!(millis("2018-02-13T18:28:07.5-06:00"), Some(1_518_568_087_500));
        assert_eq!(millis("0001-01-01T00:00:00Z"), Some(-62_135_596_800_000));
        assert_eq!(millis("2024-02-29T12:00:00Z"), Some(1_709_208_000_000));
        for bad in
            ["", "yesterday", "2018-02-14", "2018-13-14T00:00:00Z", "2018-02-14T00:00:00", "2018-02-14T00:00:00.Z+"]
        {
            assert_eq!(millis(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_config_says_what_it_says() {
        let config = json!({
            "architecture": "arm64", "os": "linux", "author": "a\u{0}b", "docker_version": 20,
            "created": "1970-01-01T00:00:01Z", "config": { "Env": [1, 2] }, "rootfs": [],
        });
        let read = ImageConfig::read(config.to_string().as_bytes());
        assert_eq!((read.architecture.as_str(), read.os.as_str(), read.author.as_str()), ("arm64", "linux", "ab"));
        assert_eq!((read.docker_version.as_str(), read.created), ("", Some(Timestamp::from_millis(1000))));
        for odd in ["", "[]", "null", "{\"os\":", "{\"os\":{\"a\":[1]},\"architecture\":[[]],\"created\":null}"] {
            assert_eq!(ImageConfig::read(odd.as_bytes()), ImageConfig::default(), "{odd}");
        }
        let long = json!({ "author": "ä".repeat(1000) }).to_string();
        assert_eq!(ImageConfig::read(long.as_bytes()).author.len(), 254);
    }

    fn digest(seed: &str) -> Digest {
        Digest::of(Algorithm::Sha256, seed.as_bytes())
    }

    fn part(media_type: &str, seed: &str, size: i64) -> serde_json::Value {
        json!({ "mediaType": media_type, "digest": digest(seed).as_str(), "size": size })
    }

    fn manifest(config_type: &str, artifact_type: Option<&str>) -> Manifest {
        let mut document = json!({
            "schemaVersion": 2, "mediaType": media_types::OCI_IMAGE, "config": part(config_type, "config", 10),
            "layers": [part("a/b", "one", 100), part("a/b", "one", 100), part("a/b", "two", 1000)],
        });
        if let Some(artifact_type) = artifact_type {
            document["artifactType"] = json!(artifact_type);
        }
        Manifest::parse(None, document.to_string().as_bytes()).unwrap()
    }

    fn child(os: &str, architecture: &str, seed: &str) -> ImageDetails {
        let config = ImageConfig { os: os.into(), architecture: architecture.into(), ..ImageConfig::default() };
        ImageDetails { content_id: digest(seed), image_id: Some(digest(seed)), config, total_size: 5 }
    }

    #[test]
    fn an_image_is_its_config_and_an_artifact_is_its_manifest() {
        let id = digest("manifest");
        for config_type in
            ["application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json"]
        {
            let image = ImageDetails::of_image(&id, &manifest(config_type, None), ImageConfig::default());
            assert_eq!((&image.content_id, image.image_id.as_ref()), (&digest("config"), Some(&digest("config"))));
            assert_eq!(image.total_size, 1110);
            let artifact = manifest(config_type, Some("application/vnd.sbom"));
            assert_eq!(image_config(&artifact), None);
        }
        let chart = manifest("application/vnd.cncf.helm.config.v1+json", None);
        let chart = ImageDetails::of_image(&id, &chart, ImageConfig::default());
        assert_eq!((chart.content_id, chart.image_id, chart.total_size), (id, None, 1110));
    }

    #[test]
    fn an_index_is_shown_as_one_of_its_children() {
        let id = digest("index");
        let (arm, amd) = (child("linux", "arm64", "arm"), child("linux", "amd64", "amd"));
        let attestation = child("unknown", "unknown", "attestation");
        let all = ImageDetails::of_index(&id, &[attestation.clone(), arm.clone(), amd.clone()]);
        assert_eq!((&all.content_id, all.image_id.as_ref(), all.total_size), (&id, Some(&digest("amd")), 15));
        let without = ImageDetails::of_index(&id, &[attestation.clone(), arm.clone()]);
        assert_eq!(without.image_id, arm.image_id);
        assert_eq!(ImageDetails::of_index(&id, std::slice::from_ref(&attestation)).image_id, attestation.image_id);
        let huge = ImageDetails { total_size: u64::MAX, ..amd };
        assert_eq!(ImageDetails::of_index(&id, &[huge.clone(), huge]).total_size, i64::MAX.unsigned_abs());
        assert_eq!(ImageDetails::of_index(&id, &[]).image_id, None);
    }

    proptest! {
        #[test]
        fn no_config_makes_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), text in ".{0,40}") {
            let _ = ImageConfig::read(&bytes);
            let _ = rfc3339(&text);
            let _ = ImageConfig::read(json!({ "created": text }).to_string().as_bytes());
        }

        #[test]
        fn moments_like_moments_do_not_panic(
            text in "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{0,12})?(Z|[+-][0-9+]{2}:[0-9-]{2}|é)",
        ) {
            let _ = rfc3339(&text);
        }
    }
}
