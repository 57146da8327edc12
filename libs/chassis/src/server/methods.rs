//! What the server knows of its methods.

use std::collections::HashSet;

use prost::Message;
use prost_types::FileDescriptorSet;

/// Health and reflection: about the process, not its work. Load and limits do not apply to them,
/// and their streams, which may have no end, do not hold up a stop.
pub(super) fn is_infrastructure(path: &str) -> bool {
    path.starts_with("/grpc.health.") || path.starts_with("/grpc.reflection.")
}

/// The paths of all methods in the encoded descriptor set that take one message and answer with
/// one.
pub(super) fn unary_methods(descriptor_set: &[u8]) -> Result<HashSet<String>, prost::DecodeError> {
    let set = FileDescriptorSet::decode(descriptor_set)?;
    let mut methods = HashSet::new();
    for file in &set.file {
        for service in &file.service {
            let unary = service
                .method
                .iter()
                .filter(|method| !method.client_streaming() && !method.server_streaming());
            methods.extend(unary.map(|method| {
                let package = if file.package().is_empty() {
                    String::new()
                } else {
                    format!("{}.", file.package())
                };
                format!("/{package}{}/{}", service.name(), method.name())
            }));
        }
    }
    Ok(methods)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_methods_without_streams_are_unary() {
        let methods = unary_methods(tonic_health::pb::FILE_DESCRIPTOR_SET).unwrap();
        assert!(methods.contains("/grpc.health.v1.Health/Check"));
        assert!(!methods.contains("/grpc.health.v1.Health/Watch"));
    }
}
