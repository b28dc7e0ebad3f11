//! Tokens: their content, and reasons to refuse them.

#![expect(clippy::unwrap_used, reason = "a test: to panic is how it tells")]

mod common;

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use common::{MASTER_KEY, REGISTRY, SERVICE, START, World, basic, bearer, params};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use roadstead_auth::{AuthenticationError, Error, Identity, MAX_TOKEN_BYTES, Scope, Sealer};
use roadstead_types::RegistryId;
use serde_json::{Value, json};

/// Makes tokens with the key of the registry itself, so that only the part is wrong that a test changes.
struct Forger {
    kid: String,
    private: Vec<u8>,
    public: Vec<u8>,
}

impl Forger {
    async fn new(world: &World) -> Self {
        let key = world.meta.signing_keys().await.unwrap().remove(0);
        let context = format!("signing-key/{}", key.kid);
        let private = Sealer::new(MASTER_KEY).open(&context, &key.sealed_private).unwrap().to_vec();
        Self { kid: key.kid, private, public: key.public }
    }

    fn header(&self) -> Header {
        Header { kid: Some(self.kid.clone()), ..Header::new(Algorithm::ES256) }
    }

    fn sign(&self, claims: &Value) -> String {
        jsonwebtoken::encode(&self.header(), claims, &EncodingKey::from_ec_der(&self.private)).unwrap()
    }
}

fn claims(identity: &Identity) -> Value {
    json!({
        "iss": "roadstead", "sub": identity.uin.as_str(), "aud": SERVICE, "jti": "x",
        "iat": START.as_secs(), "nbf": START.as_secs(), "exp": START.as_secs() + 900,
        "access": [{"type": "repository", "name": "team/app", "actions": ["pull"]}],
        "roadstead": {
            "registry": 1, "account": [identity.account.get(), identity.credential_version],
            "issued_at": START.as_millis(),
        },
    })
}

async fn refused(world: &World, token: &str) -> bool {
    let answers = [bearer(&world.auth, token).await, bearer(&world.auth, token).await];
    answers.iter().all(|answer| matches!(answer, Err(AuthenticationError::BadCredentials)))
}

fn part(token: &str, index: usize) -> Value {
    let part = token.split('.').nth(index).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

fn unsigned(header: &Value, claims: &Value) -> String {
    let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
    format!("{header}.{claims}")
}

#[tokio::test]
async fn a_token_says_what_the_specification_says() {
    let world = World::new().await;
    let owner = world.owner().await;
    let issued = world.issue(Some(&owner), &["repository:team/app:pull,push"]).await;
    assert_eq!((issued.expires_in, issued.issued_at), (Duration::from_secs(900), START));
    let kid = world.auth.jwks()["keys"][0]["kid"].clone();
    assert_eq!(part(&issued.token, 0), json!({"typ": "JWT", "alg": "ES256", "kid": kid}));
    let mut claims = part(&issued.token, 1);
    assert_eq!(claims["jti"].take().as_str().unwrap().len(), 22);
    assert_eq!(
        claims,
        json!({
            "iss": "roadstead", "sub": owner.uin.as_str(), "aud": SERVICE, "jti": null,
            "iat": START.as_secs(), "nbf": START.as_secs(), "exp": START.as_secs() + 900,
            "access": [{"type": "repository", "name": "team/app", "actions": ["pull", "push"]}],
            "roadstead": {"registry": 1, "account": [owner.account.get(), 1], "issued_at": START.as_millis()},
        })
    );
    let caller = world.bearer(&issued.token).await.unwrap();
    assert_eq!(caller.identity.as_ref(), Some(&owner));
    assert_eq!(caller.token.unwrap().access, issued.granted);
    assert!(!format!("{issued:?}").contains(&issued.token));
}

#[tokio::test]
async fn an_anonymous_token_is_nobodys() {
    let world = World::new().await;
    world.repository("team/public", true).await;
    let scopes = ["repository:team/public:pull,push", "repository:team/private:pull"];
    let issued = world.issue(None, &scopes).await;
    let claims = part(&issued.token, 1);
    assert_eq!(claims["sub"], "");
    assert_eq!(claims["access"], json!([{"type": "repository", "name": "team/public", "actions": ["pull"]}]));
    assert!(world.bearer(&issued.token).await.unwrap().identity.is_none());
}

#[tokio::test]
async fn scopes_are_merged_and_cut_down_to_rights() {
    let world = World::new().await;
    world.repository("others/public", true).await;
    let owner = world.owner().await;
    let scopes = [
        "repository:team/app:pull repository:team/app:push,dance",
        "repository:others/public:pull,push,delete",
        "repository:others/secret:pull",
        "repository:UPPER/case:pull",
        "repository:../../etc:pull",
        "image:team/app:pull",
        "repository:nowhere/app:*",
        "registry:catalog:*",
        "registry:everything:*",
    ];
    let issued = world.issue(Some(&owner), &scopes).await;
    let granted: Vec<_> = issued.granted.iter().map(|grant| (&*grant.name, grant.actions.join(","))).collect();
    let expected = [("team/app", "pull,push"), ("others/public", "pull"), ("catalog", "*")];
    assert_eq!(granted, expected.map(|(name, actions)| (name, actions.to_owned())));
}

#[tokio::test]
async fn what_the_forger_signs_is_good_until_it_is_changed() {
    let world = World::new().await;
    let (owner, forger) = (world.owner().await, Forger::new(&world).await);
    assert!(bearer(&world.auth, &forger.sign(&claims(&owner))).await.is_ok());
    for claim in ["iss", "sub", "aud", "exp", "nbf", "iat", "jti", "access", "roadstead"] {
        let mut claims = claims(&owner);
        claims.as_object_mut().unwrap().remove(claim);
        assert!(refused(&world, &forger.sign(&claims)).await, "without {claim}");
    }
    for (claim, value) in [
        ("iss", json!("another")),
        ("aud", json!("another.example.org")),
        ("aud", json!([SERVICE, "another.example.org"])),
        ("exp", json!(START.as_secs() - 61)),
        ("exp", json!("tomorrow")),
        ("exp", json!(-1)),
        ("nbf", json!(START.as_secs() + 62)),
        ("iat", json!(START.as_secs() + 62)),
        ("access", json!("everything")),
        ("roadstead", json!({"registry": 2, "issued_at": 0})),
        ("roadstead", json!({"registry": 1})),
        ("roadstead", json!({"registry": 1, "issued_at": 0, "account": [owner.account.get(), 2]})),
        ("roadstead", json!({"registry": 1, "issued_at": 0, "account": [owner.account.get(), 0]})),
        ("roadstead", json!({"registry": 1, "issued_at": 0, "account": [999, 1]})),
        ("roadstead", json!({"registry": 1, "issued_at": 0, "admin": true})),
    ] {
        let mut claims = claims(&owner);
        claims[claim] = value;
        assert!(refused(&world, &forger.sign(&claims)).await, "{claim}: {}", claims[claim]);
    }
}

#[tokio::test]
async fn times_have_a_leeway_and_no_more() {
    let world = World::new().await;
    let (owner, forger) = (world.owner().await, Forger::new(&world).await);
    let mut early = claims(&owner);
    early["nbf"] = json!(START.as_secs() + 60);
    assert!(bearer(&world.auth, &forger.sign(&early)).await.is_ok());

    let token = world.issue(Some(&owner), &[]).await.token;
    assert!(bearer(&world.auth, &token).await.is_ok());
    // The token ends a little early, because it counts whole seconds.
    world.clock.advance(Duration::from_secs(15 * 60 + 60) - Duration::from_millis(751));
    assert!(bearer(&world.auth, &token).await.is_ok(), "remembered, within the leeway");
    world.auth.changed(&roadstead_storage::meta::Scope::System);
    world.clock.advance(Duration::from_millis(1));
    assert!(refused(&world, &token).await);
}

#[tokio::test]
async fn signatures_count() {
    let world = World::new().await;
    let (owner, forger) = (world.owner().await, Forger::new(&world).await);
    let token = forger.sign(&claims(&owner));
    let (signed, signature) = token.rsplit_once('.').unwrap();

    for length in 0..token.len() {
        assert!(refused(&world, &token[..length]).await, "cut to {length}");
    }
    let mut changed = claims(&owner);
    changed["access"][0]["actions"] = json!(["*"]);
    assert!(refused(&world, &format!("{}.{signature}", unsigned(&part(&token, 0), &changed))).await);
    assert!(refused(&world, &format!("{signed}.{}", URL_SAFE_NO_PAD.encode([0; 64]))).await, "zeros");
    assert!(refused(&world, &format!("{signed}.")).await);
    assert!(refused(&world, &format!("{token}.{signature}")).await);
    assert!(refused(&world, &format!("{token}=")).await);
    assert!(refused(&world, "").await);
    assert!(refused(&world, "..").await);
    assert!(refused(&world, "\u{0}.é.").await);
    assert!(bearer(&world.auth, &token).await.is_ok());
}

#[tokio::test]
async fn only_our_algorithm_counts() {
    let world = World::new().await;
    let (owner, forger) = (world.owner().await, Forger::new(&world).await);
    for alg in ["none", "None", "NONE", "nOnE", ""] {
        let plain = unsigned(&json!({"alg": alg, "kid": forger.kid}), &claims(&owner));
        let signature = forger.sign(&claims(&owner));
        let signature = signature.rsplit_once('.').unwrap().1;
        assert!(refused(&world, &format!("{plain}.")).await, "{alg}");
        assert!(refused(&world, &format!("{plain}.{signature}")).await, "{alg}");
    }
    // Everybody knows the public key, so it must not be accepted as a shared secret.
    for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
        let header = Header { kid: Some(forger.kid.clone()), ..Header::new(algorithm) };
        let token = jsonwebtoken::encode(&header, &claims(&owner), &EncodingKey::from_secret(&forger.public)).unwrap();
        assert!(refused(&world, &token).await, "{algorithm:?}");
    }
}

#[tokio::test]
async fn only_our_keys_count() {
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};

    let world = World::new().await;
    let (owner, forger) = (world.owner().await, Forger::new(&world).await);
    let foreign = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let foreign_private = foreign.to_pkcs8v1().unwrap();
    let point = foreign.public_key().as_ref();
    let jwk: jsonwebtoken::jwk::Jwk = serde_json::from_value(json!({
        "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": forger.kid,
        "x": URL_SAFE_NO_PAD.encode(&point[1..33]), "y": URL_SAFE_NO_PAD.encode(&point[33..]),
    }))
    .unwrap();
    let plain = forger.header();
    let headers = [
        Header { kid: None, ..plain.clone() },
        Header { kid: Some("another".to_owned()), ..plain.clone() },
        Header { kid: Some(String::new()), ..plain.clone() },
        plain.clone(),
        Header { jwk: Some(jwk.clone()), ..plain.clone() },
        Header { jwk: Some(jwk), kid: None, ..plain.clone() },
        Header { jku: Some("https://attacker.example.org/jwks".to_owned()), ..plain.clone() },
        Header { x5u: Some("https://attacker.example.org/cert".to_owned()), ..plain.clone() },
        Header { x5c: Some(vec!["MIIB".to_owned()]), ..plain },
    ];
    for header in headers {
        // Unknown key ids cause the keys to be read again, but not on every attempt.
        world.clock.advance(Duration::from_secs(2));
        let key = EncodingKey::from_ec_der(foreign_private.as_ref());
        let token = jsonwebtoken::encode(&header, &claims(&owner), &key).unwrap();
        assert!(refused(&world, &token).await, "{header:?}");
    }
    let ours = jsonwebtoken::encode(
        &Header { kid: None, ..forger.header() },
        &claims(&owner),
        &EncodingKey::from_ec_der(&forger.private),
    );
    assert!(refused(&world, &ours.unwrap()).await, "our signature, but no kid");
}

#[tokio::test]
async fn a_token_of_another_registry_or_installation_is_refused() {
    let (world, elsewhere) = (World::new().await, World::new().await);
    let owner = world.owner().await;
    let token = world.issue(Some(&owner), &[]).await.token;
    assert!(refused(&elsewhere, &token).await);
    let bad = |answer| matches!(answer, Err(AuthenticationError::BadCredentials));
    assert!(bad(world.auth.bearer(RegistryId::new(2), &token, SERVICE).await.map(|_| ())));
    assert!(bad(world.auth.bearer(REGISTRY, &token, "another.example.org").await.map(|_| ())));
    assert!(!bad(world.auth.bearer(REGISTRY, &token, SERVICE).await.map(|_| ())));
    let elsewhere = world.auth.issue(RegistryId::new(2), &basic(&owner), SERVICE, &[]).await.unwrap();
    assert!(refused(&world, &elsewhere.token).await);
}

#[tokio::test]
async fn tokens_stay_small() {
    let world = World::with(roadstead_auth::AuthParams { max_scopes: 100, ..params() }).await;
    let owner = world.owner().await;
    let issue = async |owner: &Arc<Identity>, count: usize, length: usize| {
        let scope = |n| Scope::parse(&format!("repository:team/{n:0length$}:pull,push,delete,*"));
        let scopes: Vec<Scope> = (0..count).map(scope).collect();
        world.auth.issue(REGISTRY, &basic(owner), SERVICE, &scopes).await.map(|issued| issued.token)
    };
    // As many scopes as allowed, with names as long as in real installations.
    let longest = issue(&owner, 100, 48).await.unwrap();
    assert!(longest.len() <= MAX_TOKEN_BYTES, "{}", longest.len());
    let identity = bearer(&world.auth, &longest).await.unwrap();
    assert_eq!(identity.token.unwrap().access.len(), 100);
    assert!(matches!(issue(&owner, 30, 240).await, Err(Error::TokenTooLarge)));
    assert!(matches!(issue(&owner, 101, 10).await, Err(Error::TooManyScopes { limit: 100 })));
    assert!(matches!(issue(&owner, 10_000, 10).await, Err(Error::TooManyScopes { limit: 100 })));

    // A long token that we did not make.
    let forger = Forger::new(&world).await;
    let mut huge = claims(&owner);
    let grant = json!({"type": "repository", "name": "team/app", "actions": ["pull"]});
    huge["access"] = Value::Array(vec![grant; 10_000]);
    assert!(refused(&world, &forger.sign(&huge)).await);
}
