//! ffprobe's answer, as JSON.

use serde::Deserialize;

use crate::Orientation;

#[derive(Debug, Deserialize)]
pub(super) struct Answer {
    #[serde(default)]
    pub(super) streams: Vec<Stream>,
    #[serde(default)]
    pub(super) format: Format,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Format {
    pub(super) duration: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Stream {
    pub(super) index: u32,
    codec_type: Option<String>,
    pub(super) codec_name: Option<String>,
    pub(super) width: Option<u32>,
    pub(super) height: Option<u32>,
    pub(super) sample_aspect_ratio: Option<String>,
    pub(super) avg_frame_rate: Option<String>,
    start_time: Option<String>,
    pub(super) duration: Option<String>,
    pub(super) nb_frames: Option<String>,
    #[serde(default)]
    disposition: Disposition,
    #[serde(default)]
    tags: Tags,
    #[serde(default)]
    side_data_list: Vec<SideData>,
}

#[derive(Debug, Default, Deserialize)]
struct Disposition {
    #[serde(default)]
    default: u8,
    #[serde(default)]
    attached_pic: u8,
}

#[derive(Debug, Default, Deserialize)]
struct Tags {
    #[serde(rename = "DURATION")]
    pub(super) duration: Option<String>,
}

#[derive(Debug, Deserialize)]
struct SideData {
    displaymatrix: Option<String>,
}

impl Answer {
    /// The default video track, or else the first; the cover of an album is none.
    pub(super) fn choose_video(&self) -> Option<&Stream> {
        let mut videos: Vec<&Stream> = self
            .streams
            .iter()
            .filter(|stream| stream.is_video())
            .collect();
        videos.sort_by_key(|stream| stream.disposition.default == 0);
        videos.first().copied()
    }
}

impl Stream {
    fn is_video(&self) -> bool {
        self.codec_type.as_deref() == Some("video") && self.disposition.attached_pic == 0
    }

    /// The track's own length: the container's field, or Matroska's statistics tag, which counts from second 0 of the
    /// container's clock.
    pub(super) fn own_duration(&self) -> Option<f64> {
        let tag = || self.tags.duration.as_deref().and_then(clock_seconds);
        positive(self.duration.as_deref()).or_else(|| self.since_start(tag()?))
    }

    pub(super) fn start_seconds(&self) -> f64 {
        let start = self
            .start_time
            .as_deref()
            .and_then(|text| text.parse::<f64>().ok());
        start.filter(|start| start.is_finite()).unwrap_or(0.0)
    }

    /// The length of a track that ends at this time.
    pub(super) fn since_start(&self, end: f64) -> Option<f64> {
        Some(end - self.start_seconds().max(0.0)).filter(|length| *length > 0.0)
    }

    pub(super) fn orientation(&self) -> Orientation {
        let matrix = self
            .side_data_list
            .iter()
            .find_map(|data| data.displaymatrix.as_deref());
        matrix
            .and_then(Orientation::from_display_matrix)
            .unwrap_or_default()
    }
}

/// `16:11` or `30000/1001`; `None` unless it is a positive number.
pub(super) fn ratio(text: &str, separator: char) -> Option<f64> {
    let (numerator, denominator) = text.split_once(separator)?;
    let value = numerator.parse::<f64>().ok()? / denominator.parse::<f64>().ok()?;
    (value.is_finite() && value > 0.0).then_some(value)
}

pub(super) fn positive(text: Option<&str>) -> Option<f64> {
    text?
        .parse::<f64>()
        .ok()
        .filter(|value| value.is_finite() && *value > 0.0)
}

/// `00:01:02.500000000`.
fn clock_seconds(text: &str) -> Option<f64> {
    let mut seconds = 0.0;
    for part in text.split(':') {
        seconds = seconds * 60.0 + part.parse::<f64>().ok().filter(|part| *part >= 0.0)?;
    }
    (seconds > 0.0).then_some(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(json: &str) -> Answer {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn the_cover_of_an_album_is_no_video_and_the_default_track_wins() {
        let cover =
            r#"{"index":1,"codec_type":"video","disposition":{"default":1,"attached_pic":1}}"#;
        let second = r#"{"index":2,"codec_type":"video","disposition":{"default":0}}"#;
        let main = r#"{"index":3,"codec_type":"video","disposition":{"default":1}}"#;
        assert!(
            answer(&format!(r#"{{"streams":[{cover}]}}"#))
                .choose_video()
                .is_none()
        );
        let both = answer(&format!(r#"{{"streams":[{cover},{second},{main}]}}"#));
        assert_eq!(both.choose_video().unwrap().index, 3);
    }

    #[test]
    fn numbers_that_are_none_are_unknown() {
        assert_eq!(ratio("0/0", '/'), None);
        assert_eq!(ratio("0:1", ':'), None);
        assert_eq!(positive(Some("N/A")), None);
        assert_eq!(clock_seconds("00:01:02.500000000"), Some(62.5));
        assert_eq!(clock_seconds("nonsense"), None);
    }
}
