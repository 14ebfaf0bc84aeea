//! The one step of work that half a lane does at a time.

use futures_util::future::BoxFuture;

/// A step under way, or none.
pub(super) struct Step<T>(Option<BoxFuture<'static, T>>);

impl<T> Step<T> {
    pub(super) fn idle() -> Self {
        Self(None)
    }

    pub(super) fn is_under_way(&self) -> bool {
        self.0.is_some()
    }

    pub(super) fn begin(&mut self, work: impl Future<Output = T> + Send + 'static) {
        self.0 = Some(Box::pin(work));
    }

    /// Waits for the step under way; for ever if there is none. Dropping the future loses nothing.
    pub(super) async fn outcome(&mut self) -> T {
        match &mut self.0 {
            Some(work) => {
                let outcome = work.await;
                self.0 = None;
                outcome
            }
            None => std::future::pending().await,
        }
    }
}
