//! Many small requests as a few large ones, for who sends a month in a minute.

use crate::Push;

const OPEN: &str = r#"{"streams":["#;
const CLOSE: &str = "]}";

/// The streams of `pushes` in as few bodies of at most `max_bytes` as their order allows; a larger one stays alone.
#[must_use]
pub fn bundle(pushes: &[Push], max_bytes: usize) -> Vec<String> {
    let mut bodies: Vec<String> = Vec::new();
    for push in pushes {
        let streams = push.body.strip_prefix(OPEN).and_then(|rest| rest.strip_suffix(CLOSE));
        match (bodies.last_mut(), streams) {
            (Some(last), Some(streams))
                if last.starts_with(OPEN) && last.len() + 1 + streams.len() <= max_bytes =>
            {
                last.truncate(last.len() - CLOSE.len());
                last.push(',');
                last.push_str(streams);
                last.push_str(CLOSE);
            }
            _ => bodies.push(push.body.clone()),
        }
    }
    bodies
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_lost_and_nothing_grows_too_large() {
        let push = |streams: &str| Push { at_ms: 0, body: format!("{OPEN}{streams}{CLOSE}") };
        let pushes =
            [push("{1}"), push("{2},{3}"), push(&"x".repeat(60)), push("{4}"), push("{5}")];
        let expected = [
            r#"{"streams":[{1},{2},{3}]}"#.to_owned(),
            pushes[2].body.clone(),
            r#"{"streams":[{4},{5}]}"#.to_owned(),
        ];
        assert_eq!(bundle(&pushes, 40), expected);
    }
}
