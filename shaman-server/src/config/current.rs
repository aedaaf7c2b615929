//! `Current`: what counts now, until something else does.

use std::sync::{Arc, PoisonError, RwLock};

/// A value that is changed while others use it. Who took it keeps what it took: a request begins
/// and ends with the same one.
#[derive(Debug)]
pub struct Current<T> {
    value: Arc<RwLock<Arc<T>>>,
}

impl<T> Clone for Current<T> {
    fn clone(&self) -> Self {
        Self { value: Arc::clone(&self.value) }
    }
}

impl<T> Current<T> {
    /// Begins with this.
    pub fn new(value: T) -> Self {
        Self { value: Arc::new(RwLock::new(Arc::new(value))) }
    }

    /// What counts now.
    pub fn now(&self) -> Arc<T> {
        Arc::clone(&self.value.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// From now on this counts.
    pub fn change(&self, value: T) {
        *self.value.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(value);
    }
}
