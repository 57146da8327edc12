//! Names a file's container from its first bytes, and checks that the container's data are all there.
//!
//! ffmpeg would guess the container itself, and would take a text file for a playlist and open what it lists. So we
//! guess, from magic numbers alone, and force ffmpeg's demuxer to that.

use std::{fs::File, io, os::unix::fs::FileExt};

use crate::VideoError;

/// A container that we decode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Container {
    IsoMedia,
    Matroska,
    Avi,
    MpegTs,
    MpegPs,
    Flv,
    Ogg,
}

impl Container {
    /// Recognises the container, and refuses what is empty, is none, is not accepted, or is cut off.
    pub(crate) fn identify(file: &File, bytes: u64) -> Result<Self, VideoError> {
        if bytes == 0 {
            return Err(VideoError::Empty);
        }
        let mut head = vec![0; HEAD_BYTES];
        let found = read_at_most(file, &mut head, 0).map_err(VideoError::io("read the video"))?;
        head.truncate(found);
        let container = recognise(&head)?;
        container.check_complete(file, bytes)?;
        Ok(container)
    }

    /// FFmpeg's name of the demuxer, for `-f` and `-format_whitelist`.
    pub(crate) fn demuxer(self) -> &'static str {
        match self {
            Self::IsoMedia => "mov",
            Self::Matroska => "matroska",
            Self::Avi => "avi",
            Self::MpegTs => "mpegts",
            Self::MpegPs => "mpeg",
            Self::Flv => "flv",
            Self::Ogg => "ogg",
        }
    }

    /// What a person calls it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::IsoMedia => "MP4/QuickTime",
            Self::Matroska => "Matroska/WebM",
            Self::Avi => "AVI",
            Self::MpegTs => "MPEG transport stream",
            Self::MpegPs => "MPEG program stream",
            Self::Flv => "Flash video",
            Self::Ogg => "Ogg",
        }
    }

    fn check_complete(self, file: &File, bytes: u64) -> Result<(), VideoError> {
        match self {
            Self::IsoMedia => check_boxes(file, bytes),
            Self::Matroska => check_segment(file, bytes),
            Self::Avi => check_riff(file, bytes),
            // Streams without a declared end.
            Self::MpegTs | Self::MpegPs | Self::Flv | Self::Ogg => Ok(()),
        }
    }
}

/// Enough for three packets of a transport stream, and for a byte order mark and a comment before a playlist.
const HEAD_BYTES: usize = 1024;

fn recognise(head: &[u8]) -> Result<Container, VideoError> {
    if let Some(container) = accepted(head) {
        return Ok(container);
    }
    if let Some(container) = sound_only(head) {
        return Err(VideoError::NoVideoStream { container });
    }
    Err(match refused(head) {
        Some(container) => VideoError::ContainerNotAllowed { container },
        None => VideoError::NotAVideo,
    })
}

fn accepted(head: &[u8]) -> Option<Container> {
    const BOXES: [&[u8; 4]; 10] = [
        b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"styp", b"sidx", b"moof",
    ];
    let tag = |at: usize| head.get(at..at + 4);
    if BOXES.iter().any(|name| tag(4) == Some(&name[..])) {
        Some(Container::IsoMedia)
    } else if head.starts_with(&[0x1A, 0x45, 0xDF, 0xA3]) {
        Some(Container::Matroska)
    } else if head.starts_with(b"RIFF") && tag(8) == Some(b"AVI ") {
        Some(Container::Avi)
    } else if head.starts_with(b"FLV\x01") {
        Some(Container::Flv)
    } else if head.starts_with(b"OggS") {
        Some(Container::Ogg)
    } else if head.starts_with(&[0, 0, 1, 0xBA]) {
        Some(Container::MpegPs)
    } else if is_transport_stream(head, 0, 188) || is_transport_stream(head, 4, 192) {
        Some(Container::MpegTs)
    } else {
        None
    }
}

/// Sync bytes at the starts of the first three packets, or of as many as the file has.
fn is_transport_stream(head: &[u8], first: usize, packet: usize) -> bool {
    head.len() >= packet
        && head
            .iter()
            .skip(first)
            .step_by(packet)
            .take(3)
            .all(|&byte| byte == 0x47)
}

fn sound_only(head: &[u8]) -> Option<&'static str> {
    let wave = head.starts_with(b"RIFF") && head.get(8..12) == Some(b"WAVE");
    match head {
        _ if wave => Some("WAV sound"),
        [b'f', b'L', b'a', b'C', ..] => Some("FLAC sound"),
        // An ID3 tag, or the sync word of MPEG audio: layer I to III (bits 1-2 not 0) or ADTS.
        [b'I', b'D', b'3', ..] | [0xFF, 0xF0..=0xFF, ..] => Some("MP3 or AAC sound"),
        [b'#', b'!', b'A', b'M', b'R', ..] => Some("AMR sound"),
        _ => None,
    }
}

fn refused(head: &[u8]) -> Option<&'static str> {
    let text = head
        .strip_prefix(b"\xEF\xBB\xBF")
        .unwrap_or(head)
        .trim_ascii_start();
    let starts =
        |with: &[u8]| text.len() >= with.len() && text[..with.len()].eq_ignore_ascii_case(with);
    let has = |what: &[u8]| text.windows(what.len()).any(|window| window == what);
    if starts(b"#EXTM3U") || starts(b"#EXT-X") {
        Some("a playlist (HLS)")
    } else if starts(b"ffconcat") {
        Some("a playlist (ffconcat)")
    } else if starts(b"<") && (has(b"<MPD") || has(b"<smil") || has(b"SmoothStreamingMedia")) {
        Some("a playlist (DASH or similar)")
    } else if starts(b"v=0") {
        Some("a session description (SDP)")
    } else if head.starts_with(&[0x30, 0x26, 0xB2, 0x75]) {
        Some("Windows Media (ASF, WMV)")
    } else if head.starts_with(&[0x06, 0x0E, 0x2B, 0x34]) {
        Some("MXF")
    } else if head.starts_with(b".RMF") {
        Some("RealMedia")
    } else if head.starts_with(b"GIF8") {
        Some("a GIF animation")
    } else if head.starts_with(b"DKIF") {
        Some("IVF")
    } else if head.starts_with(b"YUV4MPEG2") {
        Some("raw video (Y4M)")
    } else if head.starts_with(&[0, 0, 1, 0xB3]) || head.starts_with(&[0, 0, 0, 1]) {
        Some("a video stream without a container")
    } else {
        None
    }
}

/// ISO/IEC 14496-12 top-level boxes: each must end within the file, and there must be a `moov`.
fn check_boxes(file: &File, bytes: u64) -> Result<(), VideoError> {
    let mut at = 0;
    let mut index_found = false;
    while bytes - at >= 8 {
        let mut header = [0; 16];
        let read = read_at_most(file, &mut header, at).map_err(VideoError::io("read the video"))?;
        let kind = &header[4..8];
        let size = match u32_be(&header) {
            0 => bytes - at,
            1 if read == 16 => u64::from_be_bytes([
                header[8], header[9], header[10], header[11], header[12], header[13], header[14],
                header[15],
            ]),
            size => u64::from(size),
        };
        let carries_video = matches!(kind, b"moov" | b"mdat" | b"moof");
        let end = at.checked_add(size).filter(|end| *end <= bytes);
        match end {
            // Bytes after the last box that are no box, which some cameras leave, harm nobody.
            _ if size < 8 => break,
            None if carries_video => return Err(cut_off(bytes, at.saturating_add(size))),
            None => break,
            Some(end) => {
                index_found |= kind == b"moov";
                at = end;
            }
        }
    }
    if index_found {
        Ok(())
    } else {
        Err(VideoError::Truncated {
            detail: "its index, the moov box, is missing".into(),
        })
    }
}

/// Matroska: the segment after the EBML header declares its size, unless the file was written as a stream.
fn check_segment(file: &File, bytes: u64) -> Result<(), VideoError> {
    const ID_BYTES: u64 = 4;
    let mut at = 0;
    for _ in 0..2 {
        let mut size = [0; 8];
        let read = read_at_most(file, &mut size, at + ID_BYTES)
            .map_err(VideoError::io("read the video"))?;
        let Some((length, payload)) = ebml_size(&size[..read]) else {
            return Ok(());
        };
        let end = at.saturating_add(ID_BYTES + length).saturating_add(payload);
        if end > bytes {
            return Err(cut_off(bytes, end));
        }
        at = end;
    }
    Ok(())
}

/// A variable-length integer (RFC 8794, section 4): its own length and its value, or `None` if unknown or absurd.
fn ebml_size(bytes: &[u8]) -> Option<(u64, u64)> {
    let length = bytes.first()?.leading_zeros() as usize + 1;
    let digits = bytes.get(..length)?;
    let mask = (1_u64 << (7 * length)) - 1;
    let value = digits
        .iter()
        .fold(0_u64, |value, byte| value << 8 | u64::from(*byte))
        & mask;
    (value != mask).then_some((length as u64, value))
}

/// AVI: the first RIFF chunk declares its size, unless the recorder never came to write it.
fn check_riff(file: &File, bytes: u64) -> Result<(), VideoError> {
    let mut header = [0; 8];
    read_at_most(file, &mut header, 0).map_err(VideoError::io("read the video"))?;
    let size = u32::from_le_bytes([header[4], header[5], header[6], header[7]]);
    let end = u64::from(size) + 8;
    if end > bytes && size != u32::MAX {
        return Err(cut_off(bytes, end));
    }
    Ok(())
}

fn cut_off(bytes: u64, needed: u64) -> VideoError {
    VideoError::Truncated {
        detail: format!("the file has {bytes} bytes and declares {needed}"),
    }
}

fn u32_be(bytes: &[u8; 16]) -> u32 {
    u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
}

/// Reads at `offset`, without moving the file's own position, until `buffer` is full or the file ends.
fn read_at_most(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read_at(&mut buffer[filled..], offset + filled as u64) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use proptest::prelude::*;

    use super::*;

    fn identify(content: &[u8]) -> Result<Container, VideoError> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(content).unwrap();
        Container::identify(&file, content.len() as u64)
    }

    fn boxed(kind: &[u8], payload: &[u8]) -> Vec<u8> {
        let mut bytes = (payload.len() as u32 + 8).to_be_bytes().to_vec();
        bytes.extend(kind);
        bytes.extend(payload);
        bytes
    }

    #[test]
    fn boxes_must_end_within_the_file_and_hold_an_index() {
        let whole = [
            boxed(b"ftyp", b"isom"),
            boxed(b"moov", &[0; 20]),
            boxed(b"mdat", &[7; 100]),
        ]
        .concat();
        assert!(matches!(identify(&whole), Ok(Container::IsoMedia)));
        assert!(matches!(
            identify(&whole[..whole.len() - 1]),
            Err(VideoError::Truncated { .. })
        ));
        assert!(matches!(
            identify(&whole[..20]),
            Err(VideoError::Truncated { .. })
        ));
        let trailing = [&whole[..], &[0, 0, 0, 3, 1, 2, 3, 4, 5]].concat();
        assert!(matches!(identify(&trailing), Ok(Container::IsoMedia)));
    }

    #[test]
    fn sixty_four_bit_box_sizes_are_read() {
        let mut large = vec![0, 0, 0, 1];
        large.extend(b"mdat");
        large.extend(24_u64.to_be_bytes());
        large.extend([0; 8]);
        let index = boxed(b"moov", &[0; 4]);
        assert!(matches!(
            identify(&[&large[..], &index].concat()),
            Ok(Container::IsoMedia)
        ));
        large[15] = 0xFF;
        assert!(matches!(
            identify(&[&large[..], &index].concat()),
            Err(VideoError::Truncated { .. })
        ));
    }

    #[test]
    fn a_matroska_segment_of_unknown_size_is_a_stream() {
        let header = [0x1A, 0x45, 0xDF, 0xA3, 0x81, 0x00];
        let streamed = [
            &header[..],
            &[
                0x18, 0x53, 0x80, 0x67, 0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
            ],
        ]
        .concat();
        assert!(matches!(identify(&streamed), Ok(Container::Matroska)));
        let short = [&header[..], &[0x18, 0x53, 0x80, 0x67, 0x88, 1, 2, 3]].concat();
        assert!(matches!(
            identify(&short),
            Err(VideoError::Truncated { .. })
        ));
    }

    #[test]
    fn playlists_and_sounds_are_named() {
        for playlist in [
            "#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd",
            "ffconcat version 1.0\nfile x",
            "\u{feff}  \n#extm3u",
            "<?xml?><MPD/>",
            "v=0\no=- 0 0 IN IP4 127.0.0.1",
        ] {
            assert!(
                matches!(
                    identify(playlist.as_bytes()),
                    Err(VideoError::ContainerNotAllowed { .. })
                ),
                "{playlist}"
            );
        }
        assert!(matches!(
            identify(b"ID3\x04"),
            Err(VideoError::NoVideoStream { .. })
        ));
        assert!(matches!(identify(b""), Err(VideoError::Empty)));
    }

    proptest! {
        #[test]
        fn any_bytes_get_an_answer(
            magic in prop::sample::select(vec![
                &b""[..], b"\0\0\0\x10ftyp", b"\x1A\x45\xDF\xA3", b"RIFF\0\0\0\0AVI ", b"FLV\x01", b"OggS", b"\0\0\0\x01mdat",
            ]),
            rest in prop::collection::vec(any::<u8>(), 0..400),
        ) {
            let _ = identify(&[magic, &rest].concat());
        }
    }
}
