//! What a subprocess says on standard error, and what of that we act on.

/// The first and the last of what the subprocess said; the middle of a flood is dropped.
#[derive(Debug, Default)]
pub(super) struct Log {
    bytes: Vec<u8>,
}

impl Log {
    const HEAD: usize = 4096;
    const TAIL: usize = 4096;

    pub(super) fn push(&mut self, more: &[u8]) {
        self.bytes.extend_from_slice(more);
        if self.bytes.len() > Self::HEAD + 2 * Self::TAIL {
            let keep_from = self.bytes.len() - Self::TAIL;
            self.bytes.drain(Self::HEAD..keep_from);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// For the log, on one line and without control characters: the video's author may have written parts of it.
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes)
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect()
    }

    /// ENOMEM in the words of libc and of FFmpeg, or a C++ library's.
    pub(super) fn tells_of_refused_memory(&self) -> bool {
        let text = self.text();
        ["Cannot allocate memory", "bad_alloc"]
            .iter()
            .any(|sign| text.contains(sign))
    }

    /// EAGAIN, which a thread gets for which there is no room for a stack.
    pub(super) fn tells_of_refused_thread(&self) -> bool {
        self.text().contains("Resource temporarily unavailable")
    }
}

/// A refusal of FFmpeg's own, of which only its message tells.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Complaint {
    /// `-codec_whitelist` does not name this decoder.
    Codec(String),
    /// `-max_pixels`, or what FFmpeg can address, is less than this width and height.
    Picture(u32, u32),
}

impl Complaint {
    pub(super) fn find(text: &str) -> Option<Self> {
        Self::codec(text).or_else(|| Self::picture(text))
    }

    /// `Codec (ffv1) not on whitelist '…'`.
    fn codec(text: &str) -> Option<Self> {
        let (before, _) = text.split_once(") not on whitelist")?;
        let (_, name) = before.rsplit_once("Codec (")?;
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        (name.len() <= 32 && name.chars().all(plain)).then(|| Self::Codec(name.to_owned()))
    }

    /// `Picture size 20000x20000 exceeds specified max pixel count …` or `… is invalid`; the largest counts, for a
    /// decoder that has given up goes on to complain of 0x0.
    fn picture(text: &str) -> Option<Self> {
        let size = |rest: &str| {
            let (width, height) = rest.split_whitespace().next()?.split_once('x')?;
            Some((width.parse().ok()?, height.parse().ok()?))
        };
        let sizes = text.split("Picture size ").skip(1).filter_map(size);
        let largest = sizes.max_by_key(|(width, height)| u64::from(*width) * u64::from(*height));
        largest.map(|(width, height)| Self::Picture(width, height))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complaints_are_recognised() {
        let codec = "[ffv1 @ 0x55] Codec (ffv1) not on whitelist 'h264,vp9'";
        assert_eq!(
            Complaint::find(codec),
            Some(Complaint::Codec("ffv1".into()))
        );
        let picture = "[IMGUTILS @ 0x7f] Picture size 20000x16000 exceeds specified max pixel count 70000 \
                       Picture size 0x0 is invalid";
        assert_eq!(
            Complaint::find(picture),
            Some(Complaint::Picture(20_000, 16_000))
        );
        assert_eq!(Complaint::find("Codec (<script>) not on whitelist"), None);
        assert_eq!(Complaint::find("no frame!"), None);
    }

    #[test]
    fn a_flood_keeps_its_ends_and_an_author_no_lines() {
        let mut log = Log::default();
        log.push(b"first\x1b[31m\n");
        for number in 0..10_000 {
            log.push(format!("message {number}\n").as_bytes());
        }
        assert!(log.bytes.len() <= Log::HEAD + 2 * Log::TAIL);
        let text = log.text();
        assert!(text.starts_with("first [31m ") && text.contains("message 9999"));
        assert!(!text.contains(char::is_control));
    }
}
