//! When to tell the service manager that the server works.

use std::sync::Arc;

use crate::ops::Ops;
use crate::systemd::Systemd;
use crate::tasks::{Blocking, Stop};

/// Feeds the watchdog three times in the time that it allows, as long as a request would get its
/// answer: tasks run, a thread for blocking work is to be had, and the storage answers. A storage
/// that hangs lets it starve, and so does one whose mount is gone: a new start opens it anew.
pub async fn keep_fed(ops: &Arc<Ops>, blocking: &Blocking, systemd: &Systemd, mut stop: Stop) {
    let Some(time) = systemd.watchdog() else { return };
    loop {
        let looking = Arc::clone(ops);
        let looked = tokio::select! {
            looked = blocking.run(move || looking.space()) => looked,
            () = stop.wait() => return,
        };
        match looked {
            Ok(Ok(_)) => systemd.feed(),
            Ok(Err(error)) => {
                let error = anyhow::Error::from(error);
                tracing::error!(
                    "the storage cannot be used, so the watchdog is not fed: {error:#}"
                );
            }
            Err(error) => tracing::error!("{error}"),
        }
        tokio::select! {
            () = tokio::time::sleep(time / 3) => {}
            () = stop.wait() => return,
        }
    }
}
