//! Checks that hold between rows and bytes after every test.

use std::collections::HashSet;
use std::sync::Arc;

use futures::TryStreamExt as _;
use roadstead::bootstrap;
use roadstead_config::Settings;
use roadstead_storage::blob::{BlobStore, Listed, StagingKey};
use roadstead_storage::meta::MetaStore;
use roadstead_types::UploadId;

/// Checks the data of a registry that has been stopped.
pub(crate) fn blocking(settings: &Settings, store: Option<Arc<dyn BlobStore>>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let meta = bootstrap::open_existing_meta(settings).await.unwrap();
        let store = match store {
            Some(store) => store,
            None => bootstrap::open_store(settings).await.unwrap(),
        };
        objects(&meta, &store).await;
        staged(&meta, &store).await;
        assert_eq!(meta.release_all_upload_leases().await.unwrap(), 0, "uploads are still leased");
        assert_eq!(meta.release_all_job_leases().await.unwrap(), 0, "jobs are still running");
        meta.close().await;
    });
}

/// Checks that every row has its object, with the right size. (An object without a row is no fault: the sweep deletes
/// it.)
async fn objects(meta: &MetaStore, store: &Arc<dyn BlobStore>) {
    let mut after = None;
    loop {
        let page = meta.blobs_page(after, 500).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        for blob in &page {
            let size = store.size(&blob.key).await.unwrap();
            assert_eq!(size, Some(blob.size), "the object of {} ({})", blob.digest, blob.key);
        }
    }
}

/// Checks that every staged file belongs to an upload that can continue.
async fn staged(meta: &MetaStore, store: &Arc<dyn BlobStore>) {
    let staged: Vec<Listed<StagingKey>> = store.list_staged().try_collect().await.unwrap();
    let ids: Vec<UploadId> = staged.iter().map(|entry| entry.key.upload()).collect();
    let known: HashSet<UploadId> = meta.known_uploads(&ids).await.unwrap();
    let stray: Vec<&UploadId> = ids.iter().filter(|id| !known.contains(id)).collect();
    assert!(stray.is_empty(), "staged bytes without an upload: {stray:?}");
}
