//! Lists in pages, by the key of the last row: a page stays right while rows
//! come and go, and the hundredth costs what the first does.

use sopilot_chassis::{ApiError, Reason};

const DEFAULT_SIZE: u32 = 50;
const MAX_SIZE: u32 = 500;

/// What a page may hold before it ends early. With a last row of a mebibyte it
/// still fits the 4 MiB that gRPC clients take by default.
const PAGE_BYTES: usize = 2 << 20;

/// Which page of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PageRequest<K> {
    pub(crate) size: u64,
    /// Key of the last row of the page before.
    pub(crate) after: Option<K>,
}

/// One page of a list and the token of the next.
#[derive(Debug)]
pub(crate) struct Page<T> {
    pub(crate) rows: Vec<T>,
    /// Empty on the last page.
    pub(crate) next_token: String,
}

/// A key that a page token can carry.
pub(crate) trait PageKey: Sized {
    fn encode(&self) -> String;
    fn decode(text: &str) -> Option<Self>;
}

impl PageKey for uuid::Uuid {
    fn encode(&self) -> String {
        self.simple().to_string()
    }

    fn decode(text: &str) -> Option<Self> {
        Self::try_parse(text).ok()
    }
}

impl PageKey for i64 {
    fn encode(&self) -> String {
        self.to_string()
    }

    fn decode(text: &str) -> Option<Self> {
        text.parse().ok().filter(|key| *key >= 0)
    }
}

impl<K: PageKey> PageRequest<K> {
    /// Reads a request; `filter` is everything else that selects the list, and
    /// must be the same for every page of it.
    pub(crate) fn new(size: u32, token: &str, filter: &str) -> Result<Self, ApiError> {
        let size = if size == 0 {
            DEFAULT_SIZE
        } else {
            size.min(MAX_SIZE)
        };
        let after = match token {
            "" => None,
            token => Some(decode_token(token, filter).ok_or_else(|| {
                ApiError::new(
                    Reason::PageTokenInvalid,
                    "page_token is not from the previous page of this list: repeat the call without it",
                )
                .with_violation("page_token", "not from the previous page of this list")
            })?),
        };
        Ok(Self {
            size: u64::from(size),
            after,
        })
    }

    /// How many rows to ask for: one more than fit, to see whether there is a
    /// next page.
    pub(crate) fn limit(&self) -> u64 {
        self.size + 1
    }

    /// Makes a page of what [`limit`](Self::limit) found.
    pub(crate) fn page<T>(&self, rows: Vec<T>, filter: &str, key: impl Fn(&T) -> K) -> Page<T> {
        self.page_of_bytes(rows, filter, key, |_| 0)
    }

    /// As [`page`](Self::page), for rows of any size: ends a page early that
    /// would not fit a message, but never before its first row.
    pub(crate) fn page_of_bytes<T>(
        &self,
        mut rows: Vec<T>,
        filter: &str,
        key: impl Fn(&T) -> K,
        bytes: impl Fn(&T) -> usize,
    ) -> Page<T> {
        let mut room = PAGE_BYTES;
        let fitting = rows.iter().take_while(|row| {
            let fits = room > 0;
            room = room.saturating_sub(bytes(row));
            fits
        });
        let fitting = fitting.count().min(self.size as usize);
        let more = rows.len() > fitting;
        rows.truncate(fitting);
        let next_token = match rows.last() {
            Some(last) if more => encode_token(&key(last), filter),
            _ => String::new(),
        };
        Page { rows, next_token }
    }
}

fn encode_token<K: PageKey>(key: &K, filter: &str) -> String {
    format!("{:08x}.{}", fingerprint(filter), key.encode())
}

fn decode_token<K: PageKey>(token: &str, filter: &str) -> Option<K> {
    let (stamp, key) = token.split_once('.')?;
    (stamp == format!("{:08x}", fingerprint(filter))).then(|| K::decode(key))?
}

/// FNV-1a: tells lists apart; it protects nothing.
fn fingerprint(filter: &str) -> u32 {
    filter.bytes().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_each_other_and_end() {
        let rows = [9_i64, 8, 7, 6, 5];
        let mut token = String::new();
        let mut seen = Vec::new();
        loop {
            let request = PageRequest::<i64>::new(2, &token, "all").unwrap();
            let found: Vec<i64> = rows
                .iter()
                .copied()
                .filter(|row| request.after.is_none_or(|after| *row < after))
                .take(request.limit() as usize)
                .collect();
            let page = request.page(found, "all", |row| *row);
            seen.extend(page.rows);
            if page.next_token.is_empty() {
                break;
            }
            token = page.next_token;
        }
        assert_eq!(seen, rows);
    }

    #[test]
    fn a_token_of_another_list_is_refused() {
        let token = encode_token(&7_i64, "state=READY");
        assert!(PageRequest::<i64>::new(2, &token, "state=READY").is_ok());
        for wrong in [token.as_str(), "x", "1.2.3", "00000000.7"] {
            let error = PageRequest::<i64>::new(2, wrong, "state=FAILED").unwrap_err();
            assert_eq!(error.reason, Reason::PageTokenInvalid);
        }
    }

    #[test]
    fn large_rows_make_small_pages() {
        let request = PageRequest::<i64>::new(100, "", "").unwrap();
        let page = request.page_of_bytes(vec![5, 4, 3, 2], "", |row| *row, |_| 1 << 20);
        assert_eq!(page.rows, [5, 4]);
        assert!(!page.next_token.is_empty());
        let huge = request.page_of_bytes(vec![5, 4], "", |row| *row, |_| 1 << 30);
        assert_eq!(huge.rows, [5], "at least one");
    }

    #[test]
    fn sizes_are_bounded() {
        assert_eq!(PageRequest::<i64>::new(0, "", "").unwrap().size, 50);
        assert_eq!(PageRequest::<i64>::new(u32::MAX, "", "").unwrap().size, 500);
    }
}
