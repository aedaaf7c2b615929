//! Requirements of 100,000 known files, against reading and writing the JSON.

use std::path::Path;
use std::time::Instant;

use serde_json::{Value, json};
use shaman_proto::wire::flamenco::{RequirementsAnswer, RequirementsRequest};

use super::farm::{Farm, fresh};
use super::{ROUNDS, Round, say};

const FILES: usize = 100_000;

pub(super) fn rows(folder: &Path) -> anyhow::Result<()> {
    let farm = Farm::start(folder)?;
    let blobs = fresh(FILES, 16)?;
    farm.store(&blobs)?;
    let files: Vec<Value> = blobs
        .iter()
        .enumerate()
        .map(|(number, blob)| {
            json!({"sha": blob.name.digest, "size": blob.name.size, "path": format!("textures/wood/{number:06}.png")})
        })
        .collect();
    let body = serde_json::to_vec(&json!({ "files": files }))?;
    let mut caller = farm.connect()?;
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let start = Instant::now();
        let read: RequirementsRequest = serde_json::from_slice(&body)?;
        let written = serde_json::to_vec(&read)?;
        let limit = start.elapsed();
        anyhow::ensure!(written.len() >= FILES, "it was written");
        let start = Instant::now();
        let url = "/api/v3/shaman/checkout/requirements";
        let answer = caller.send("POST", url, "application/json", &body)?;
        let ours = start.elapsed();
        let lacking: RequirementsAnswer = serde_json::from_slice(&answer.body)?;
        anyhow::ensure!(lacking.files.is_empty(), "the server has all of them");
        rounds.push(Round { ours, limit });
    }
    say("requirements of 100,000 / JSON read + written", &rounds, "0.4");
    Ok(())
}
