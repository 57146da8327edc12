//! The `grpc-timeout` header: at most eight digits and a unit, as the gRPC-over-HTTP/2
//! specification has it.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};

/// The header that carries what remains of the caller's deadline.
pub(crate) const GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");

const MAX_DIGITS: usize = 8;

/// Reads the header; `Ok(None)` without one, the offending text if it is not in the form of the
/// specification.
pub(crate) fn parse_timeout(headers: &HeaderMap) -> Result<Option<Duration>, String> {
    let Some(value) = headers.get(GRPC_TIMEOUT) else {
        return Ok(None);
    };
    let malformed = || {
        String::from_utf8_lossy(value.as_bytes())
            .escape_debug()
            .to_string()
    };
    let (unit, digits) = value.as_bytes().split_last().ok_or_else(malformed)?;
    if digits.is_empty() || digits.len() > MAX_DIGITS {
        return Err(malformed());
    }
    let mut number = 0_u64;
    for digit in digits {
        if !digit.is_ascii_digit() {
            return Err(malformed());
        }
        number = number * 10 + u64::from(digit - b'0');
    }
    Ok(Some(match unit {
        b'H' => Duration::from_secs(number * 3600),
        b'M' => Duration::from_secs(number * 60),
        b'S' => Duration::from_secs(number),
        b'm' => Duration::from_millis(number),
        b'u' => Duration::from_micros(number),
        b'n' => Duration::from_nanos(number),
        _ => return Err(malformed()),
    }))
}

/// Writes `timeout` in the finest unit that its eight digits can hold, rounded up: the callee must
/// not give up before the caller does.
pub(crate) fn format_timeout(timeout: Duration) -> HeaderValue {
    const LIMIT: u128 = 10_u128.pow(MAX_DIGITS as u32);
    const UNITS: [(u128, char); 6] = [
        (1, 'n'),
        (1_000, 'u'),
        (1_000_000, 'm'),
        (1_000_000_000, 'S'),
        (60 * 1_000_000_000, 'M'),
        (3600 * 1_000_000_000, 'H'),
    ];
    let nanos = timeout.as_nanos();
    let fitting = UNITS.iter().find_map(|(size, unit)| {
        let number = nanos.div_ceil(*size);
        (number < LIMIT).then(|| format!("{number}{unit}"))
    });
    // 99999999 hours are over 11000 years.
    let text = fitting.unwrap_or_else(|| "99999999H".to_owned());
    HeaderValue::try_from(text).expect("digits and a letter are a header value")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> Result<Option<Duration>, String> {
        let mut headers = HeaderMap::new();
        headers.insert(GRPC_TIMEOUT, HeaderValue::from_str(text).unwrap());
        parse_timeout(&headers)
    }

    #[test]
    fn every_unit_of_the_specification_is_read() {
        assert_eq!(parse_timeout(&HeaderMap::new()), Ok(None));
        let seconds = |text| parse(text).unwrap().unwrap();
        assert_eq!(seconds("1H"), Duration::from_hours(1));
        assert_eq!(seconds("2M"), Duration::from_mins(2));
        assert_eq!(seconds("3S"), Duration::from_secs(3));
        assert_eq!(seconds("4m"), Duration::from_millis(4));
        assert_eq!(seconds("5u"), Duration::from_micros(5));
        assert_eq!(seconds("99999999n"), Duration::from_nanos(99_999_999));
        assert_eq!(seconds("0S"), Duration::ZERO);
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "S",
            "1",
            "1s",
            "-1S",
            "+1S",
            "1.5S",
            "123456789S",
            " 1S",
            "1 S",
            "١S",
        ] {
            assert!(parse(text).is_err(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn a_formatted_timeout_reads_back_no_shorter_and_hardly_longer(nanos in any::<u64>()) {
            let timeout = Duration::from_nanos(nanos);
            let mut headers = HeaderMap::new();
            headers.insert(GRPC_TIMEOUT, format_timeout(timeout));
            let read = parse_timeout(&headers).unwrap().unwrap();
            prop_assert!(read >= timeout);
            // The next coarser unit is 1000 times as large and is used from five digits up.
            prop_assert!(read <= timeout + timeout / 100_000 + Duration::from_nanos(1));
        }
    }
}
