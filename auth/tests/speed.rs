//! How long the hot paths take. Run with
//! `cargo test --release -p roadstead-auth --test speed -- --ignored --nocapture`.

#![expect(clippy::unwrap_used, reason = "a test: to panic is how it tells")]

mod common;

use std::sync::Arc;
use std::time::Instant;

use common::{REGISTRY, SERVICE, World, bearer, name};
use roadstead_auth::{Caller, Pull, Scope};

const ROUNDS: u32 = 200_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn hot_paths() {
    let world = Arc::new(World::new().await);
    world.repository("team/app", false).await;
    let owner = world.owner().await;
    let scopes = [Scope::parse("repository:team/app:pull,push")];
    let token = world.issue(Some(&owner), &["repository:team/app:pull,push"]).await.token;

    let start = Instant::now();
    for _ in 0..ROUNDS {
        let caller = bearer(&world.auth, &token).await.unwrap();
        world.auth.authorize::<Pull>(&caller, REGISTRY, &name("team/app")).await.unwrap();
    }
    println!("bearer + authorize: {:?} ({} bytes of token)", start.elapsed() / ROUNDS, token.len());

    let start = Instant::now();
    for _ in 0..ROUNDS {
        bearer(&world.auth, &token).await.unwrap();
    }
    println!("bearer: {:?}", start.elapsed() / ROUNDS);

    let start = Instant::now();
    for _ in 0..ROUNDS {
        let caller = Caller::anonymous(common::ADDRESS);
        let _ = world.auth.authorize::<Pull>(&caller, REGISTRY, &name("team/app")).await;
    }
    println!("authorize: {:?}", start.elapsed() / ROUNDS);

    let start = Instant::now();
    for _ in 0..ROUNDS / 10 {
        world.owner().await;
    }
    println!("basic, remembered: {:?}", start.elapsed() / (ROUNDS / 10));

    let start = Instant::now();
    let tasks: Vec<_> = (0..2)
        .map(|_| {
            let (world, scopes) = (Arc::clone(&world), scopes.clone());
            tokio::spawn(async move {
                for _ in 0..ROUNDS / 20 {
                    let owner = world.owner().await;
                    world.auth.issue(REGISTRY, Some(&owner), SERVICE, &scopes).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let per_second = f64::from(ROUNDS / 10) / start.elapsed().as_secs_f64();
    println!("basic + issue on two threads: {per_second:.0} a second");

    let tokens = {
        let mut tokens = Vec::new();
        for _ in 0..2000 {
            tokens.push(world.issue(Some(&owner), &["repository:team/app:pull"]).await.token);
        }
        tokens
    };
    let start = Instant::now();
    for token in &tokens {
        bearer(&world.auth, token).await.unwrap();
    }
    println!("bearer, a new token each: {:?}", start.elapsed() / 2000);
}
