//! How requests end before they are answered: what is waited for between them at once, what is on its
//! way when nobody has any more time for it.

use std::io;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use crate::process::Ending;

/// What a client was told; shared with the threads of its requests.
#[derive(Debug, Default)]
pub(super) struct Requests {
    told: Mutex<Option<Ending>>,
    /// That something was told, or that a request is over.
    changed: Condvar,
}

impl Requests {
    fn told(&self) -> MutexGuard<'_, Option<Ending>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends all waits, now and later. What is on its way may come to its end, unless it is killed.
    pub(super) fn end(&self, ending: Ending) {
        let mut told = self.told();
        if *told != Some(Ending::Kill) {
            *told = Some(ending);
        }
        self.changed.notify_all();
    }

    pub(super) fn are_ended(&self) -> bool {
        self.told().is_some()
    }

    /// Waits for this long, or till waits are ended.
    pub(super) fn wait(&self, duration: Duration) {
        let told = self.told();
        let waited = self.changed.wait_timeout_while(told, duration, |told| told.is_none());
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    /// Does what may take long, and can't be told to stop; `None`: it is left behind, so long after
    /// waits were killed.
    ///
    /// # Errors
    /// There is no thread to be had for it.
    pub(super) fn unless_killed<T: Send + 'static>(
        self: &Arc<Self>,
        after: Duration,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> io::Result<Option<T>> {
        self.unless_killed_in(thread::Builder::new(), after, work)
    }

    fn unless_killed_in<T: Send + 'static>(
        self: &Arc<Self>,
        thread: thread::Builder,
        after: Duration,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> io::Result<Option<T>> {
        let is_over = Arc::new(AtomicBool::new(false));
        let over = Over { requests: Arc::clone(self), is_over: Arc::clone(&is_over) };
        let worker = thread.spawn(move || {
            let _over = over;
            work()
        })?;
        let goes_on = |told: &mut Option<Ending>| {
            *told != Some(Ending::Kill) && !is_over.load(Ordering::SeqCst)
        };
        let told = self.changed.wait_while(self.told(), goes_on);
        let told = told.unwrap_or_else(PoisonError::into_inner);
        let goes_on = |_: &mut Option<Ending>| !is_over.load(Ordering::SeqCst);
        let told = self.changed.wait_timeout_while(told, after, goes_on);
        drop(told.unwrap_or_else(PoisonError::into_inner));
        let is_over = is_over.load(Ordering::SeqCst);
        Ok(is_over.then(|| worker.join().unwrap_or_else(|panic| resume_unwind(panic))))
    }
}

/// Tells that a request is over, even if it panics.
struct Over {
    requests: Arc<Requests>,
    is_over: Arc<AtomicBool>,
}

impl Drop for Over {
    fn drop(&mut self) {
        // Under the lock: whoever looks is either before this, and is woken, or sees it.
        let told = self.requests.told();
        self.is_over.store(true, Ordering::SeqCst);
        drop(told);
        self.requests.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_there_is_no_thread_there_is_an_error() {
        let requests: Arc<Requests> = Arc::default();
        // A stack for which there is no room anywhere.
        let endless = thread::Builder::new().stack_size(1 << 60);
        assert!(requests.unless_killed_in(endless, Duration::ZERO, || ()).is_err());
        assert_eq!(requests.unless_killed(Duration::ZERO, || 7).unwrap(), Some(7));
        assert!(!requests.are_ended());
    }
}
