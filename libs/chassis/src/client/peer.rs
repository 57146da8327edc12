//! Who is called.

use std::fmt;
use std::sync::Arc;

use http::Uri;

/// An address that no peer can be called at.
#[derive(Debug, thiserror::Error)]
#[error("{peer}: `{uri}` is not an address; write http://host:port")]
pub struct AddressError {
    peer: String,
    uri: String,
}

/// A peer as errors name it: `catalog at http://catalog:50051`.
#[derive(Debug, Clone)]
pub struct Peer(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    name: String,
    uri: String,
}

impl Peer {
    /// The peer called `name` at `uri`, and the address itself.
    pub(super) fn parse(name: &str, uri: &str) -> Result<(Self, Uri), AddressError> {
        let wrong = || AddressError {
            peer: name.to_owned(),
            uri: uri.to_owned(),
        };
        let address: Uri = uri.parse().map_err(|_| wrong())?;
        if address.scheme_str() != Some("http") || address.authority().is_none() {
            return Err(wrong());
        }
        let inner = Inner {
            name: name.to_owned(),
            uri: uri.trim_end_matches('/').to_owned(),
        };
        Ok((Self(Arc::new(inner)), address))
    }

    /// The name alone, as metrics have it.
    pub fn name(&self) -> &str {
        &self.0.name
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.0.name, self.0.uri)
    }
}
