//! Durations as a person types them: `90s`, `10m`, `1h30m`, `14d`.

use std::time::Duration;

/// A text that is no duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a duration; write it as 90s, 10m, 1h30m or 14d")]
pub struct DurationError(String);

/// Longest that can be said, so that no sum overflows: ten years.
const LONGEST: Duration = Duration::from_hours(3_653 * 24);

/// Reads whole numbers with `d`, `h`, `m` or `s` behind each, the larger first, or `0`.
pub fn parse_duration(text: &str) -> Result<Duration, DurationError> {
    let refused = || DurationError(text.to_owned());
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let (mut rest, mut sum) = (text, Duration::ZERO);
    for (unit, seconds) in [('d', 86_400), ('h', 3600), ('m', 60), ('s', 1)] {
        let Some((number, behind)) = rest.split_once(unit) else { continue };
        let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        let number: u32 = number.parse().ok().filter(|_| is_number).ok_or_else(refused)?;
        sum += Duration::from_secs(u64::from(number) * seconds);
        rest = behind;
    }
    let is_good = rest.is_empty() && !text.is_empty() && sum <= LONGEST;
    is_good.then_some(sum).ok_or_else(refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_people_write_them() {
        for (text, seconds) in [
            ("90s", 90),
            ("10m", 600),
            ("1h30m", 5400),
            ("2h", 7200),
            ("1h0m5s", 3605),
            ("0s", 0),
            ("0", 0),
            ("14d", 1_209_600),
            ("744h0m0s", 2_678_400),
        ] {
            assert_eq!(parse_duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_is_refused_with_examples() {
        for text in
            ["", "10", "m", "10m1h", "-1s", "+1s", "1.5h", "10 m", "4000d", "9999999h", "5mm"]
        {
            let refused = parse_duration(text).unwrap_err().to_string();
            assert!(refused.contains("90s, 10m, 1h30m or 14d"), "{text}");
        }
    }
}
