//! Messages as AMQP carries them.

use std::collections::BTreeMap;

use bytes::Bytes;
use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldTable};

use crate::message::is_broker_header;
use crate::{DeadLetterReason, Message};

/// Written to disk before it is confirmed.
const PERSISTENT: u8 = 2;

/// The message must have passed [`Message::check`].
pub(super) fn properties(message: &Message) -> BasicProperties {
    let mut headers = FieldTable::default();
    for (name, value) in &message.headers {
        let value = AMQPValue::LongString(value.as_bytes().into());
        headers.insert(name.as_str().into(), value);
    }
    BasicProperties::default()
        .with_message_id(message.message_id.as_str().into())
        .with_content_type("application/octet-stream".into())
        .with_delivery_mode(PERSISTENT)
        .with_headers(headers)
}

/// The message as it was published. Headers that are no text are another's and left out.
pub(super) fn message(properties: &BasicProperties, body: Vec<u8>) -> Message {
    let id = properties.message_id().as_ref();
    Message {
        message_id: id.map_or(String::new(), ToString::to_string),
        headers: headers(properties)
            .filter(|(name, _)| !is_broker_header(name))
            .filter_map(|(name, value)| Some((name.to_owned(), text(value)?)))
            .collect::<BTreeMap<_, _>>(),
        body: Bytes::from(body),
    }
}

/// How often the message came back to its queue. Only quorum queues count; others know whether.
pub(super) fn returns(properties: &BasicProperties, redelivered: bool) -> u32 {
    let counted = headers(properties)
        .find(|(name, _)| *name == "x-delivery-count")
        .and_then(|(_, value)| integer(value));
    counted.unwrap_or(u32::from(redelivered))
}

/// Why the message is among the dead letters.
pub(super) fn death_reason(properties: &BasicProperties) -> DeadLetterReason {
    let reason = headers(properties)
        .find(|(name, _)| *name == "x-first-death-reason")
        .and_then(|(_, value)| text(value));
    match reason.as_deref() {
        Some("delivery_limit") => DeadLetterReason::DeliveryLimit,
        _ => DeadLetterReason::Rejected,
    }
}

fn headers(properties: &BasicProperties) -> impl Iterator<Item = (&str, &AMQPValue)> {
    let table = properties.headers().iter();
    table.flat_map(|table| {
        table
            .inner()
            .iter()
            .map(|(name, value)| (name.as_str(), value))
    })
}

fn text(value: &AMQPValue) -> Option<String> {
    match value {
        AMQPValue::LongString(text) => String::from_utf8(text.as_bytes().to_vec()).ok(),
        AMQPValue::ShortString(text) => Some(text.to_string()),
        _ => None,
    }
}

fn integer(value: &AMQPValue) -> Option<u32> {
    let integer = match *value {
        AMQPValue::ShortShortInt(n) => i64::from(n),
        AMQPValue::ShortShortUInt(n) => i64::from(n),
        AMQPValue::ShortInt(n) => i64::from(n),
        AMQPValue::ShortUInt(n) => i64::from(n),
        AMQPValue::LongInt(n) => i64::from(n),
        AMQPValue::LongUInt(n) => i64::from(n),
        AMQPValue::LongLongInt(n) => n,
        _ => return None,
    };
    u32::try_from(integer).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_broker_adds_is_no_part_of_the_message() {
        let sent = Message::new("m-1", "body").with_header("traceparent", "00-1-2-01");
        let mut properties = properties(&sent);
        assert_eq!(returns(&properties, false), 0);
        assert_eq!(returns(&properties, true), 1);
        assert_eq!(death_reason(&properties), DeadLetterReason::Rejected);
        let mut headers = properties.headers().clone().unwrap();
        headers.insert("x-delivery-count".into(), AMQPValue::LongLongInt(3));
        headers.insert("x-death".into(), AMQPValue::Void);
        let reason = AMQPValue::LongString("delivery_limit".into());
        headers.insert("x-first-death-reason".into(), reason);
        properties = properties.with_headers(headers);
        assert_eq!(message(&properties, b"body".to_vec()), sent);
        assert_eq!(returns(&properties, true), 3);
        assert_eq!(death_reason(&properties), DeadLetterReason::DeliveryLimit);
        let empty = message(&BasicProperties::default(), Vec::new());
        assert_eq!(empty, Message::new("", ""));
    }
}
