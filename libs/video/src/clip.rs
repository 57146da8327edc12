//! Frames in, clips out, through a ring that holds one clip.

use std::collections::VecDeque;

use crate::{
    DecodePlan, Quality, VideoError,
    mask::RasterMask,
    quality::{FrameStats, Meter},
    thumbnail,
};

/// A stretch of video: successive sampled frames, masked.
#[derive(Debug, Clone, PartialEq)]
pub struct Clip {
    /// Place of the clip in the video, from 0.
    pub index: u32,
    /// When the first frame is shown, in seconds since the first presented frame of the video.
    pub start_seconds: f64,
    /// One sampling interval after the last frame, so that a clip of n frames covers n intervals. At the end of the
    /// video this may lie less than one interval beyond it.
    pub end_seconds: f64,
    /// Width of the frames in pixels.
    pub width: u32,
    /// Height of the frames in pixels.
    pub height: u32,
    /// Number of frames.
    pub frames: usize,
    /// Pixels: frames × height × width × 3, row-major RGB24.
    pub rgb: Vec<u8>,
    /// Whether there is anything to see.
    pub quality: Quality,
    /// A JPEG of the frame in the middle, if the plan asks for one.
    pub thumbnail: Option<Vec<u8>>,
}

/// Takes frames one by one, masks and measures each, and cuts clips.
#[derive(Debug)]
pub(crate) struct Assembler {
    width: usize,
    height: usize,
    frames_per_clip: usize,
    stride: usize,
    sample_rate_hz: f64,
    thumbnail_width: Option<u32>,
    mask: RasterMask,
    meter: Meter,
    /// The last frames, at most one clip of them.
    ring: VecDeque<Frame>,
    /// A buffer to read the next frame into.
    spare: Option<Vec<u8>>,
    frames_taken: u64,
    clips_made: u32,
}

#[derive(Debug)]
struct Frame {
    rgb: Vec<u8>,
    stats: FrameStats,
}

/// A mask that leaves less than this of the picture is a mistake.
const LEAST_VISIBLE_SHARE: f64 = 0.05;

impl Assembler {
    pub(crate) fn new(plan: &DecodePlan, (width, height): (u32, u32)) -> Result<Self, VideoError> {
        let (width, height) = (width as usize, height as usize);
        let mask = plan.mask.rasterize(width, height);
        let meter = Meter::new(&mask, width, height);
        if meter.visible_share() < LEAST_VISIBLE_SHARE {
            return Err(VideoError::InvalidMask {
                index: plan.mask.regions().len().saturating_sub(1),
                reason: "with it the mask leaves less than 5 % of the picture: mask less".into(),
            });
        }
        Ok(Self {
            width,
            height,
            frames_per_clip: plan.frames_per_clip,
            stride: plan.stride_frames,
            sample_rate_hz: plan.sample_rate_hz,
            thumbnail_width: plan.thumbnail_width,
            mask,
            meter,
            ring: VecDeque::with_capacity(plan.frames_per_clip),
            spare: None,
            frames_taken: 0,
            clips_made: 0,
        })
    }

    /// A buffer of one frame's size, to be filled and given to [`push`](Self::push).
    pub(crate) fn buffer(&mut self) -> Vec<u8> {
        self.spare
            .take()
            .unwrap_or_else(|| vec![0; self.width * self.height * 3])
    }

    /// Takes the next frame; gives the clip that it completes.
    pub(crate) fn push(&mut self, mut rgb: Vec<u8>) -> Result<Option<Clip>, VideoError> {
        self.mask.apply(&mut rgb);
        let stats = self.meter.measure(&rgb);
        if self.ring.len() == self.frames_per_clip {
            self.spare = self.ring.pop_front().map(|frame| frame.rgb);
        }
        self.ring.push_back(Frame { rgb, stats });
        self.frames_taken += 1;
        if self.frames_taken == self.next_clip_end() {
            self.cut().map(Some)
        } else {
            Ok(None)
        }
    }

    /// The clip that covers what is left after the video's last frame, if that is worth one: see
    /// [`Decoder`](crate::Decoder).
    pub(crate) fn finish(&mut self) -> Result<Option<Clip>, VideoError> {
        let Some(last) = self.clips_made.checked_sub(1) else {
            return Ok(None);
        };
        let stride = self.stride as u64;
        let last_start = u64::from(last) * stride;
        // With a stride beyond the clip, what lies in the gap is left out on purpose.
        let unseen_from = last_start + stride.max(self.frames_per_clip as u64);
        let unseen = self.frames_taken.saturating_sub(unseen_from);
        let worth = unseen * 2 >= stride.min(self.frames_per_clip as u64);
        if unseen > 0 && worth {
            self.cut().map(Some)
        } else {
            Ok(None)
        }
    }

    pub(crate) fn clips_made(&self) -> u32 {
        self.clips_made
    }

    /// Whether there were frames at all, and only whole ones. `rest` is what came of one more, in bytes.
    pub(crate) fn check_frames(&self, rest: usize) -> Result<(), VideoError> {
        if rest > 0 || self.frames_taken == 0 {
            return Err(VideoError::Corrupt);
        }
        Ok(())
    }

    /// Seconds of video in the frames taken.
    pub(crate) fn seconds(&self) -> f64 {
        self.frames_taken as f64 / self.sample_rate_hz
    }

    /// Number of frames taken when the next clip is complete.
    fn next_clip_end(&self) -> u64 {
        self.frames_per_clip as u64 + u64::from(self.clips_made) * self.stride as u64
    }

    /// A clip of all that is in the ring.
    fn cut(&mut self) -> Result<Clip, VideoError> {
        let mut rgb = Vec::with_capacity(self.ring.len() * self.width * self.height * 3);
        for frame in &self.ring {
            rgb.extend_from_slice(&frame.rgb);
        }
        let stats: Vec<FrameStats> = self.ring.iter().map(|frame| frame.stats).collect();
        let first = self.frames_taken - self.ring.len() as u64;
        let clip = Clip {
            index: self.clips_made,
            start_seconds: first as f64 / self.sample_rate_hz,
            end_seconds: self.seconds(),
            width: self.width as u32,
            height: self.height as u32,
            frames: self.ring.len(),
            rgb,
            quality: Quality::of(&stats),
            thumbnail: self.thumbnail()?,
        };
        self.clips_made += 1;
        Ok(clip)
    }

    fn thumbnail(&self) -> Result<Option<Vec<u8>>, VideoError> {
        let (Some(width), Some(frame)) = (self.thumbnail_width, self.ring.get(self.ring.len() / 2))
        else {
            return Ok(None);
        };
        let jpeg =
            thumbnail::encode(&frame.rgb, (self.width, self.height), width).map_err(|error| {
                VideoError::Io {
                    action: "encode a thumbnail",
                    source: std::io::Error::other(error),
                }
            })?;
        Ok(Some(jpeg))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{FrameSize, Mask, MaskRegion, MaskStyle};

    const SIDE: usize = 16;

    fn plan(frames_per_clip: usize, stride_frames: usize) -> DecodePlan {
        DecodePlan {
            sample_rate_hz: 4.0,
            frames_per_clip,
            stride_frames,
            frame_size: FrameSize::Exact {
                width: SIDE as u32,
                height: SIDE as u32,
            },
            mask: Mask::default(),
            thumbnail_width: None,
        }
    }

    /// Runs `count` frames, each filled with its own number, through a plan.
    fn clips(plan: &DecodePlan, count: usize) -> Vec<Clip> {
        let mut assembler = Assembler::new(plan, (SIDE as u32, SIDE as u32)).unwrap();
        let mut clips = Vec::new();
        for number in 0..count {
            let mut frame = assembler.buffer();
            frame.fill(number as u8);
            clips.extend(assembler.push(frame).unwrap());
            assert!(assembler.ring.len() <= plan.frames_per_clip);
        }
        clips.extend(assembler.finish().unwrap());
        clips
    }

    fn first_frames(clips: &[Clip]) -> Vec<u8> {
        clips.iter().map(|clip| clip.rgb[0]).collect()
    }

    #[test]
    fn the_rest_becomes_a_shifted_clip_only_if_half_a_stride_is_left() {
        assert_eq!(first_frames(&clips(&plan(8, 4), 16)), [0, 4, 8]);
        assert_eq!(first_frames(&clips(&plan(8, 4), 17)), [0, 4, 8]);
        assert_eq!(first_frames(&clips(&plan(8, 4), 18)), [0, 4, 8, 10]);
        assert_eq!(first_frames(&clips(&plan(8, 8), 12)), [0, 4]);
        assert!(clips(&plan(8, 4), 7).is_empty());
        assert_eq!(first_frames(&clips(&plan(2, 5), 12)), [0, 5, 10]);
        // The gap after the second clip is skipped on purpose; of the third only its first frame is there.
        assert_eq!(first_frames(&clips(&plan(2, 5), 11)), [0, 5, 9]);
        assert_eq!(first_frames(&clips(&plan(2, 5), 10)), [0, 5]);
    }

    #[test]
    fn what_is_masked_is_in_neither_clip_nor_thumbnail() {
        let black = MaskRegion {
            x: 0.0,
            y: 0.0,
            width: 1.0,
            height: 0.5,
            style: MaskStyle::Black,
        };
        let plan = DecodePlan {
            mask: Mask::new(vec![black]).unwrap(),
            thumbnail_width: Some(16),
            ..plan(2, 2)
        };
        let bright: Vec<Clip> = clips(&plan, 200).into_iter().skip(90).collect();
        assert!(!bright.is_empty());
        for clip in &bright {
            for frame in clip.rgb.chunks(SIDE * SIDE * 3) {
                assert!(frame[..SIDE * SIDE / 2 * 3].iter().all(|&value| value == 0));
                assert!(
                    frame[SIDE * (SIDE - 1) * 3..]
                        .iter()
                        .all(|&value| value >= 180)
                );
            }
        }
        let dark = Assembler::new(&plan, (16, 16)).map(|mut assembler| {
            let frame = vec![255; SIDE * SIDE * 3];
            assembler.push(frame.clone()).unwrap();
            assembler.push(frame).unwrap().unwrap().thumbnail.unwrap()
        });
        let mut expected = vec![255; SIDE * SIDE * 3];
        expected[..(SIDE / 2 + 2) * SIDE * 3].fill(0);
        assert_eq!(
            dark.unwrap(),
            thumbnail::encode(&expected, (SIDE, SIDE), 16).unwrap()
        );
    }

    #[test]
    fn a_mask_of_everything_is_refused() {
        let all = MaskRegion {
            x: 0.0,
            y: 0.0,
            width: 1.0,
            height: 1.0,
            style: MaskStyle::Blur,
        };
        let plan = DecodePlan {
            mask: Mask::new(vec![all]).unwrap(),
            ..plan(2, 2)
        };
        assert!(matches!(
            Assembler::new(&plan, (16, 16)),
            Err(VideoError::InvalidMask { index: 0, .. })
        ));
    }

    proptest! {
        #[test]
        fn clips_are_successive_frames_at_their_times(length in 1_usize..9, stride in 1_usize..12, count in 0_usize..60) {
            let plan = plan(length, stride);
            let clips = clips(&plan, count);
            let regular = if count < length { 0 } else { (count - length) / stride + 1 };
            prop_assert!(clips.len() == regular || clips.len() == regular + 1);
            for (index, clip) in clips.iter().enumerate() {
                let first = usize::from(clip.rgb[0]);
                prop_assert_eq!(clip.index as usize, index);
                if index < regular {
                    prop_assert_eq!(first, index * stride);
                } else {
                    prop_assert_eq!(first, count - length);
                }
                let numbers: Vec<usize> = clip.rgb.chunks(SIDE * SIDE * 3).map(|frame| usize::from(frame[0])).collect();
                prop_assert_eq!(numbers, (first..first + length).collect::<Vec<_>>());
                // Quarters are exact.
                prop_assert!(clip.start_seconds.to_bits() == (first as f64 / 4.0).to_bits());
                prop_assert!(clip.end_seconds.to_bits() == ((first + length) as f64 / 4.0).to_bits());
            }
        }
    }
}
