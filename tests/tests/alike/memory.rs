//! Caches keep their entries while others push.

use roadstead_tests::{Image, TestRegistry};

use crate::{alone, statements};

#[tokio::test]
async fn first_pushes_take_nobodys_memory_away() {
    let _alone = alone().await;
    let reg = TestRegistry::new().await;
    reg.owner().push_image("library/known", "v1", &Image::small(1)).await;
    let reader = reg.owner().bearer(&["repository:library/known:pull"]).await;
    let pull =
        async || reader.get("/v2/library/known/manifests/v1").await.expect(200).header("x-request-id").to_owned();
    let mut pulls = Vec::new();
    for number in 0..6 {
        pull().await;
        reg.owner().push_image(&format!("library/made-{number}"), "v1", &Image::small(number)).await;
        statements::changes_are_seen().await;
        pulls.push(pull().await);
    }
    // The statements of the last requests may be logged a moment later.
    statements::changes_are_seen().await;
    // Rarely, the server reads the counter between a commit and the notice about it, and clears the cache.
    let remembered = pulls.iter().filter(|id| statements::of(id, false).is_empty()).count();
    let asked: Vec<_> = pulls.iter().map(|id| statements::of(id, false)).collect();
    assert!(2 * remembered > pulls.len(), "{asked:?}");
}
