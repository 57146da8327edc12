//! Which pictures a report shows: of each deviation a few of its clips, from both videos.

use sopilot_proto::{
    catalog::v1::{ListClipsRequest, Video},
    embedding::v1::Clip,
    scoring::v1::{Deviation, TimeRange},
};
use sopilot_report::{Side, Thumbnail};

use crate::{
    client::{Catalog, all_pages},
    error::Result,
};

/// Pictures of one deviation from one video.
const EACH: usize = 3;

/// Most pictures that one call answers.
const PER_CALL: usize = 100;

/// Most pictures of one video: what a page has room for.
const MOST: usize = 300;

/// Videos, and what is to be seen in them.
pub(super) struct Pictured<'a> {
    pub(super) gold: &'a Video,
    pub(super) trainee: &'a Video,
    pub(super) deviations: &'a [Deviation],
}

/// Reads the pictures, masked as everything that is shown.
pub(super) async fn gather(catalog: &Catalog, pictured: Pictured<'_>) -> Result<Vec<Thumbnail>> {
    let of = |time: fn(&Deviation) -> Option<TimeRange>| {
        pictured
            .deviations
            .iter()
            .filter_map(time)
            .collect::<Vec<_>>()
    };
    let gold = side(
        catalog,
        Side::Gold,
        pictured.gold,
        of(|found| found.gold_time),
    )
    .await?;
    let trainee = side(
        catalog,
        Side::Trainee,
        pictured.trainee,
        of(|found| found.trainee_time),
    );
    Ok([gold, trainee.await?].concat())
}

async fn side(
    catalog: &Catalog,
    side: Side,
    video: &Video,
    times: Vec<TimeRange>,
) -> Result<Vec<Thumbnail>> {
    if times.is_empty() {
        return Ok(Vec::new());
    }
    let clips = all_pages(usize::MAX, async |page_size, page_token| {
        let request = ListClipsRequest {
            video_id: video.id.clone(),
            page_size,
            page_token,
        };
        let answer = catalog.list_clips(request).await?;
        Ok((answer.clips, answer.next_page_token))
    });
    let clips = clips.await?;
    let wanted = chosen(&clips, &times);
    let mut pictures = Vec::with_capacity(wanted.len());
    for some in wanted.chunks(PER_CALL) {
        for picture in catalog.thumbnails(&video.id, some).await? {
            if let Some(clip) = clips
                .get(picture.clip as usize)
                .filter(|_| !picture.jpeg.is_empty())
            {
                pictures.push(Thumbnail {
                    side,
                    time_s: middle_s(clip),
                    jpeg: picture.jpeg.to_vec(),
                });
            }
        }
    }
    Ok(pictures)
}

/// Of each time its first, middle and last clip.
fn chosen(clips: &[Clip], times: &[TimeRange]) -> Vec<u32> {
    let mut chosen: Vec<u32> = Vec::new();
    for time in times {
        let first = clips.partition_point(|clip| middle_s(clip) < time.start_seconds);
        let end = clips.partition_point(|clip| middle_s(clip) < time.end_seconds);
        let last = end
            .saturating_sub(1)
            .max(first)
            .min(clips.len().saturating_sub(1));
        let first = first.min(last);
        let at = |part: usize| (first + (last - first) * part / (EACH - 1)) as u32;
        chosen.extend((0..EACH).map(at));
    }
    chosen.sort_unstable();
    chosen.dedup();
    chosen.truncate(MOST);
    chosen
}

fn middle_s(clip: &Clip) -> f64 {
    0.5 * (clip.start_seconds + clip.end_seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_shown_by_its_ends_and_its_middle() {
        let clip = |index: u32| Clip {
            start_seconds: f64::from(index),
            end_seconds: f64::from(index) + 1.0,
            ..Clip::default()
        };
        let clips: Vec<Clip> = (0..10).map(clip).collect();
        let time = |start_seconds, end_seconds| TimeRange {
            start_seconds,
            end_seconds,
        };
        assert_eq!(chosen(&clips, &[time(2.0, 7.0)]), [2, 4, 6]);
        assert_eq!(chosen(&clips, &[time(3.0, 3.1)]), [3]);
        assert_eq!(chosen(&clips, &[time(30.0, 40.0)]), [9]);
        assert_eq!(chosen(&clips, &[time(0.0, 2.0), time(1.0, 3.0)]), [0, 1, 2]);
    }
}
