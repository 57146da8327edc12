//! Protobuf's JSON mapping (<https://protobuf.dev/programming-guides/json/>),
//! with fields that hold their default printed too, so that a score of 0 or
//! step 0 is there for a reader that does not know the contract.

use std::sync::LazyLock;

use prost::{Message, Name};
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor, SerializeOptions};

static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| {
    DescriptorPool::decode(crate::DESCRIPTORS).expect("the descriptor set was made by build.rs")
});

/// A message as a JSON value.
pub fn to_value<M: Message + Name>(message: &M) -> serde_json::Value {
    let dynamic = DynamicMessage::decode(descriptor::<M>(), message.encode_to_vec().as_slice())
        .expect("a message decodes with its own descriptor");
    let options = SerializeOptions::new().skip_default_fields(false);
    dynamic
        .serialize_with_options(serde_json::value::Serializer, &options)
        .expect("every protobuf message has a JSON form")
}

/// A message from its JSON form. The error names the line, column and field.
pub fn from_str<M: Message + Name + Default>(text: &str) -> Result<M, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let dynamic = DynamicMessage::deserialize(descriptor::<M>(), &mut deserializer)?;
    deserializer.end()?;
    Ok(M::decode(dynamic.encode_to_vec().as_slice())
        .expect("a message decodes from its own encoding"))
}

fn descriptor<M: Name>() -> MessageDescriptor {
    POOL.get_message_by_name(&M::full_name())
        .expect("every generated message is in the descriptor set")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scoring::v1::{Deviation, DeviationType, ScoreReport, TimeRange};

    fn report() -> ScoreReport {
        ScoreReport {
            deviations: vec![
                Deviation {
                    r#type: DeviationType::MissingStep.into(),
                    gold_step: Some(0),
                    gold_time: Some(TimeRange {
                        start_seconds: 0.0,
                        end_seconds: 2.5,
                    }),
                    ..Deviation::default()
                },
                Deviation {
                    r#type: DeviationType::ExtraActivity.into(),
                    ..Deviation::default()
                },
            ],
            ..ScoreReport::default()
        }
    }

    #[test]
    fn defaults_are_printed_and_unset_fields_are_not() {
        let value = to_value(&report());
        assert_eq!(value["score"], 0.0);
        assert_eq!(value["verdict"], "VERDICT_UNSPECIFIED");
        let missing = &value["deviations"][0];
        assert_eq!(missing["type"], "DEVIATION_TYPE_MISSING_STEP");
        assert_eq!(missing["goldStep"], 0);
        assert_eq!(missing["goldTime"]["startSeconds"], 0.0);
        assert!(value["deviations"][1].get("goldStep").is_none());
        assert!(value["deviations"][1].get("goldTime").is_none());
    }

    #[test]
    fn what_is_printed_is_read_back() {
        let text = to_value(&report()).to_string();
        assert_eq!(from_str::<ScoreReport>(&text).unwrap(), report());
    }
}
