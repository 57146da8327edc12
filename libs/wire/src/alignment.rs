//! Alignments with their evidence.

use sopilot_dtw::{Alignment, Evidence, SimilarityPicture, StepMatch};
use sopilot_proto::alignment::v1 as wire;

use crate::Malformed;

/// Writes an alignment and its evidence.
pub fn wire_alignment(alignment: Alignment, evidence: Evidence, engine: &str) -> wire::Alignment {
    let (path_gold, path_trainee) = alignment.path.into_iter().unzip();
    wire::Alignment {
        gold_clips: alignment.gold_clips,
        trainee_clips: alignment.trainee_clips,
        path_gold,
        path_trainee,
        path_costs: alignment.path_costs,
        total_cost: alignment.total,
        step_similarity: evidence.step_similarity,
        step_matches: evidence
            .step_matches
            .into_iter()
            .map(|found| wire::StepMatch {
                trainee: Some(wire::ClipRange {
                    first: found.trainee.start,
                    end: found.trainee.end,
                }),
                similarity: found.similarity,
                coverage: found.coverage,
            })
            .collect(),
        gold_best: evidence.gold_best,
        trainee_best: evidence.trainee_best,
        picture: Some(wire::SimilarityPicture {
            rows: evidence.picture.rows,
            columns: evidence.picture.columns,
            cells: evidence.picture.cells.into(),
            low: evidence.picture.low,
            high: evidence.picture.high,
        }),
        engine: engine.to_owned(),
        gold_self_similarity_quantiles: evidence.gold_self_similarity_quantiles.to_vec(),
        discrete_frechet: evidence.discrete_frechet,
    }
}

/// Reads an alignment and its evidence, and checks that their sizes agree.
pub fn alignment(wire: wire::Alignment) -> Result<(Alignment, Evidence), Malformed> {
    let cells = wire.path_gold.len();
    let (n, m) = (wire.gold_clips as usize, wire.trainee_clips as usize);
    let steps = wire.step_matches.len();
    for (what, found, expected) in [
        ("path_trainee", wire.path_trainee.len(), cells),
        ("path_costs", wire.path_costs.len(), cells),
        ("step_similarity", wire.step_similarity.len(), steps * m),
        ("gold_best", wire.gold_best.len(), n),
        ("trainee_best", wire.trainee_best.len(), m),
    ] {
        if found != expected {
            return Err(malformed(format!(
                "{what} has {found} values instead of {expected}"
            )));
        }
    }
    let inside = |gold: &[u32], trainee: &[u32]| {
        gold.iter().all(|clip| (*clip as usize) < n)
            && trainee.iter().all(|clip| (*clip as usize) < m)
    };
    if cells == 0 || !inside(&wire.path_gold, &wire.path_trainee) {
        return Err(malformed("the path is empty or leaves the matrix"));
    }
    let quantiles = <[f32; 5]>::try_from(wire.gold_self_similarity_quantiles.as_slice())
        .map_err(|_| malformed("the self-similarity has not five quantiles"))?;
    let evidence = Evidence {
        step_similarity: wire.step_similarity,
        step_matches: wire
            .step_matches
            .into_iter()
            .map(|found| step_match(&found, wire.trainee_clips))
            .collect::<Result<_, _>>()?,
        gold_best: wire.gold_best,
        trainee_best: wire.trainee_best,
        picture: picture(&wire.picture.unwrap_or_default())?,
        gold_self_similarity_quantiles: quantiles,
        discrete_frechet: wire.discrete_frechet,
    };
    let alignment = Alignment {
        gold_clips: wire.gold_clips,
        trainee_clips: wire.trainee_clips,
        path: wire.path_gold.into_iter().zip(wire.path_trainee).collect(),
        path_costs: wire.path_costs,
        total: wire.total_cost,
    };
    Ok((alignment, evidence))
}

fn step_match(wire: &wire::StepMatch, trainee_clips: u32) -> Result<StepMatch, Malformed> {
    let range = wire.trainee.unwrap_or_default();
    if range.first >= range.end || range.end > trainee_clips {
        return Err(malformed(format!(
            "a step matches the clips {}..{} of {trainee_clips}",
            range.first, range.end
        )));
    }
    Ok(StepMatch {
        trainee: range.first..range.end,
        similarity: wire.similarity,
        coverage: wire.coverage,
    })
}

fn picture(wire: &wire::SimilarityPicture) -> Result<SimilarityPicture, Malformed> {
    if wire.cells.len() != wire.rows as usize * wire.columns as usize {
        return Err(malformed("the picture has not rows × columns cells"));
    }
    Ok(SimilarityPicture {
        rows: wire.rows,
        columns: wire.columns,
        cells: wire.cells.to_vec(),
        low: wire.low,
        high: wire.high,
    })
}

fn malformed(what: impl Into<String>) -> Malformed {
    Malformed::new("alignment", what)
}

#[cfg(test)]
mod tests {
    use sopilot_dtw::{MatrixView, Options, Side, align_with_evidence, engine_name};

    use super::*;

    fn example() -> (Alignment, Evidence) {
        let gold: Vec<f32> = (0..24).map(|i| (i as f32 * 0.7).sin()).collect();
        let trainee: Vec<f32> = (0..30).map(|i| (i as f32 * 0.6).cos()).collect();
        let gold = MatrixView::new(Side::Gold, 8, 3, &gold).unwrap();
        let trainee = MatrixView::new(Side::Trainee, 10, 3, &trainee).unwrap();
        align_with_evidence(&gold, &trainee, &[0..3, 3..8], &Options::default()).unwrap()
    }

    #[test]
    fn an_alignment_survives_the_wire() {
        let (path, evidence) = example();
        let wire = wire_alignment(path.clone(), evidence.clone(), engine_name());
        assert_eq!(alignment(wire).unwrap(), (path, evidence));
    }

    #[test]
    fn sizes_that_disagree_are_refused() {
        let (path, evidence) = example();
        let good = wire_alignment(path, evidence, engine_name());
        let breaks: [fn(&mut wire::Alignment); 6] = [
            |wire| wire.path_costs.clear(),
            |wire| wire.trainee_clips = 9,
            |wire| wire.path_gold[0] = 8,
            |wire| wire.gold_self_similarity_quantiles.clear(),
            |wire| wire.step_matches[1].trainee = None,
            |wire| wire.picture.as_mut().unwrap().rows += 1,
        ];
        for (index, damage) in breaks.into_iter().enumerate() {
            let mut wire = good.clone();
            damage(&mut wire);
            assert!(alignment(wire).is_err(), "damage {index} was not noticed");
        }
    }
}
