//! Lets the server fill itself with a made-up month.

use crate::shell::Shell;
use anyhow::{Context, Result, bail};
use std::time::Duration;

/// False when there are events already: then nothing is added.
pub fn fill(shell: &Shell, address: &str) -> Result<bool> {
    let url = format!("{}/api/sample", address.trim_end_matches('/'));
    let agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(30)))
        .build()
        .new_agent();
    let mut answer = agent.post(&url).send_empty().with_context(|| format!("asking {url}"))?;
    match answer.status().as_u16() {
        200..=299 => {}
        409 => return Ok(false),
        status => {
            let text = answer.body_mut().read_to_string().unwrap_or_default();
            bail!("{url} answered {status}: {}", text.trim());
        }
    }
    loop {
        let mut answer = agent.get(&url).call().with_context(|| format!("asking {url}"))?;
        let text = answer.body_mut().read_to_string().context("reading the answer")?;
        if text.contains(r#""failed":true"#) {
            bail!("the server could not store all of it. {}", shell.failure("server"));
        }
        if text.contains(r#""running":false"#) {
            return Ok(true);
        }
        for _ in 0..5 {
            shell.pause()?;
        }
    }
}
