//! Can we listen, is the certificate good, and does the Manager answer?

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};
use std::time::SystemTime;

use anyhow::Context as _;
use shaman_proto::Finding;

use crate::config::{Config, TlsFiles};
use crate::http::ask_whether_alive;
use crate::manager::Manager;
use crate::tls::{self, Fault};

pub(super) fn look(config: &Config) -> anyhow::Result<Vec<Finding>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context("cannot start a runtime")?;
    let mut findings = vec![runtime.block_on(port(config))];
    findings.extend(config.tls.as_ref().map(certificate));
    if let Some(upstream) = &config.upstream {
        let manager = Manager::new(upstream.clone());
        let root = std::path::absolute(&config.storage).unwrap_or_default();
        let root = crate::store::Store::checkout_root_of(&root);
        findings.extend(runtime.block_on(upstream_of(&manager, &root.to_string_lossy())));
    }
    Ok(findings)
}

/// Can it be read as this user, and is it good for a while?
fn certificate(files: &TlsFiles) -> Finding {
    let about = "certificate";
    let validity = match tls::read(files) {
        Ok(identity) => identity.validity,
        Err(error) => {
            let advice = "name PEM files that the server's user can read, the key's being the certificate's own";
            return Finding::bad(about, error.to_string(), advice);
        }
    };
    let fault = |fault| format!("it {fault}: it is good {validity}");
    match validity.fault(now()) {
        None => Finding::good(about, format!("it is good {validity}")),
        Some(Fault::Soon) => {
            Finding::doubtful(about, fault(Fault::Soon), "renew it, and send SIGHUP")
        }
        Some(other) => Finding::bad(about, fault(other), "renew it, or set the clock"),
    }
}

#[expect(clippy::disallowed_methods, reason = "a command takes the clock from the system")]
fn now() -> SystemTime {
    SystemTime::now()
}

async fn port(config: &Config) -> Finding {
    let (about, address) = ("port", config.listen);
    let Err(error) = TcpListener::bind(address) else {
        return Finding::good(about, format!("{address} is free"));
    };
    match error.kind() {
        // Who speaks TLS is not asked: this program trusts no authority.
        ErrorKind::AddrInUse if config.tls.is_some() => Finding::doubtful(
            about,
            format!("something listens on {address}"),
            "see whether it is this server: shaman ping --server https://NAME:PORT",
        ),
        ErrorKind::AddrInUse => match who_listens(address).await {
            Some(who) => Finding::good(about, format!("{who} answers at {address} already")),
            // Whoever asks from here need not be let in.
            None if is_alive(config) => {
                Finding::good(about, format!("a server like this one answers at {address} already"))
            }
            None => Finding::bad(
                about,
                format!("another program listens on {address}"),
                "stop it, or choose another port with --listen or `listen`",
            ),
        },
        ErrorKind::PermissionDenied => Finding::bad(
            about,
            format!("{address} is for root: {error}"),
            "choose a port from 1024 on, or let systemd open it (shaman-server.socket)",
        ),
        _ => Finding::bad(
            about,
            format!("cannot listen on {address}: {error}"),
            "name an address of this machine, or 0.0.0.0 for all of them",
        ),
    }
}

/// Name and version of a server there, ours or one that we pass requests on to.
async fn who_listens(address: SocketAddr) -> Option<String> {
    let ip = if address.ip().is_unspecified() { [127, 0, 0, 1].into() } else { address.ip() };
    let url = format!("http://{}", SocketAddr::new(ip, address.port()));
    let answer = Manager::new(url.parse().ok()?).ask("/api/v3/version").await.ok()?;
    let word = |key: &str| answer.get(key).and_then(|value| value.as_str()).map(str::to_owned);
    Some(format!("{} {}", word("name")?, word("version")?))
}

fn is_alive(config: &Config) -> bool {
    ask_whether_alive(config.listen, &config.settings.path_prefix).is_ok_and(|alive| alive.is_ours)
}

async fn upstream_of(manager: &Manager, checkout_root: &str) -> Vec<Finding> {
    let about = "manager";
    match manager.examine(checkout_root).await {
        Ok((words, faults)) => {
            let faults = faults.into_iter().map(|fault| {
                let (seen, advice) = fault.split_once("; ").unwrap_or((&fault, "see the guide"));
                Finding::doubtful(about, seen, advice)
            });
            std::iter::once(Finding::good(about, words)).chain(faults).collect()
        }
        Err(error) => vec![Finding::bad(
            about,
            format!("{:#}", anyhow::Error::from(error)),
            "start the Manager, or name where it listens with --upstream or `upstream`",
        )],
    }
}
