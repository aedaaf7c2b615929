//! Short work beside a request that is answered already.

/// Runs a task that nobody waits for. It must end by itself soon: whoever gives it here bounds it
/// in bytes and time, or by the connection that it reads from. At exit it is dropped.
pub fn beside(task: impl Future<Output = ()> + Send + 'static) {
    drop(tokio::spawn(task));
}
