//! Where there are several servers: whoever was erased at one of them is erased here too.

use crate::{
    clock::now_ms,
    loki::Loki,
    store::{Store, find_erasure},
};

/// Works until it is dropped. Loki's list of deletions is what all servers can read; each of them asks
/// Loki again itself, for what it has handed on since.
pub async fn follow(store: Store, loki: Loki) {
    loop {
        match loki.deletions().await {
            Ok(deletions) => {
                for user in deletions.users(&loki) {
                    let id = user.as_str().to_owned();
                    let known = store.read(move |file| find_erasure(file, &id)).await;
                    if let Ok(None) = known
                        && let Err(failure) = store.erase(user, now_ms(), true).await
                    {
                        tracing::warn!("an erasure of another server has to wait: {failure}");
                    }
                }
                loki.wake();
            }
            Err(failure) => tracing::warn!("erasures of other servers: {failure}"),
        }
        tokio::time::sleep(loki.settings().look_again).await;
    }
}
