//! What the server knows of its methods.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use prost::Message;
use prost_types::FileDescriptorSet;

use crate::metrics::UNKNOWN_METHOD;

/// Health and reflection: about the process, not its work. Load and limits do not apply to them,
/// and their streams, which may have no end, do not hold up a stop.
pub(super) fn is_infrastructure(path: &str) -> bool {
    path.starts_with("/grpc.health.") || path.starts_with("/grpc.reflection.")
}

/// The methods that a server has, by their paths. Clones are the same methods.
#[derive(Debug, Clone, Default)]
pub(super) struct Methods(Arc<HashMap<String, Kind>>);

/// Whether a method takes one message and answers with one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Unary,
    Streaming,
}

impl Methods {
    /// The methods of those services in the encoded descriptor sets that `hosted` says are there.
    pub(super) fn decode(
        descriptor_sets: &[&[u8]],
        hosted: impl Fn(&str) -> bool,
    ) -> Result<Self, prost::DecodeError> {
        let mut methods = HashMap::new();
        for encoded in descriptor_sets {
            for file in FileDescriptorSet::decode(*encoded)?.file {
                for service in &file.service {
                    let name = match file.package() {
                        "" => service.name().to_owned(),
                        package => format!("{package}.{}", service.name()),
                    };
                    if !hosted(&name) {
                        continue;
                    }
                    methods.extend(service.method.iter().map(|method| {
                        let streaming = method.client_streaming() || method.server_streaming();
                        let kind = if streaming {
                            Kind::Streaming
                        } else {
                            Kind::Unary
                        };
                        (format!("/{name}/{}", method.name()), kind)
                    }));
                }
            }
        }
        Ok(Self(Arc::new(methods)))
    }

    /// The paths of all methods of a kind, health and reflection left out.
    pub(super) fn paths(&self, kind: Kind) -> HashSet<String> {
        let paths = self.0.iter().filter(|(_, of)| **of == kind);
        let paths = paths.map(|(path, _)| path.clone());
        paths.filter(|path| !is_infrastructure(path)).collect()
    }

    /// What metrics call the method.
    pub(super) fn label<'a>(&self, path: &'a str) -> &'a str {
        if self.0.contains_key(path) {
            path.trim_start_matches('/')
        } else {
            UNKNOWN_METHOD
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_methods_without_streams_are_unary() {
        let methods = Methods::decode(&[tonic_health::pb::FILE_DESCRIPTOR_SET], |_| true).unwrap();
        let kind = |path| methods.0.get(path).copied();
        assert_eq!(kind("/grpc.health.v1.Health/Check"), Some(Kind::Unary));
        assert_eq!(kind("/grpc.health.v1.Health/Watch"), Some(Kind::Streaming));
        assert_eq!(kind("/grpc.health.v1.Health/Other"), None);
    }

    #[test]
    fn metrics_name_only_methods_that_are_hosted() {
        let sets = [tonic_health::pb::FILE_DESCRIPTOR_SET];
        let path = "/grpc.health.v1.Health/Check";
        let methods = Methods::decode(&sets, |service| service == "grpc.health.v1.Health").unwrap();
        assert_eq!(methods.label(path), "grpc.health.v1.Health/Check");
        assert_eq!(methods.label("/grpc.health.v1.Health/No"), UNKNOWN_METHOD);
        let methods = Methods::decode(&sets, |_| false).unwrap();
        assert_eq!(methods.label(path), UNKNOWN_METHOD);
    }
}
