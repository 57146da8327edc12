# Texts of the report in English. A new language is a copy of this file, named
# for its tag, with every message translated. Names in variables come isolated.

direction = ltr
decimal-mark = .
percent = { $value } %
minutes-and-seconds = { $minutes }:{ $seconds }
seconds = { $value } s
time-range = { $start }–{ $end }
interval = { $low }–{ $high }
date-and-time = { $day } { $month ->
    [1] January
    [2] February
    [3] March
    [4] April
    [5] May
    [6] June
    [7] July
    [8] August
    [9] September
    [10] October
    [11] November
   *[12] December
} { $year }, { $time } UTC
day = { $year }-{ $month2 }-{ $day2 }

# The frame of every page.
skip = Skip to the content
contents = On this page
made-by = Made by SOPilot { $version }
made-by-anyone = Made by SOPilot

# Verdicts.
verdict-pass = Passed
verdict-fail = Not passed
verdict-needs-review = Needs review
verdict-not-comparable = Not comparable
verdict-pass-means = The procedure was followed.
verdict-fail-means = The procedure was not followed. A person should confirm this.
verdict-fail-confirmed-means = The procedure was not followed.
verdict-needs-review-means = A person must look.
verdict-not-comparable-means = The two videos do not show the same work, or it cannot be seen. The score means nothing.

# The top.
title = { $task }: score of { $video }
heading-result = Result
label-trainee = Trainee
label-gold = Gold
label-date = Scored
of-100 = of 100
no-score = no score
score-interval = 95 % interval { $interval }
score-interval-means = Where the score would lie, with 95 %, if it were known which of the suspected deviations are real.
score-scale = Score { $score } on a scale from 0 to 100.
score-scale-with-interval = Score { $score } on a scale from 0 to 100, with an interval from { $low } to { $high }.
why-critical-missing = The critical step { $step } was left out.
why-critical-wrong = The critical step { $step } was done wrongly.
why-fail = The score is too low.
why-needs-review = The score or the view leaves it open.
why-pass = The score is high enough, and no critical step is missing or wrong.
why-not-comparable = The videos cannot be compared.
original-sentence = Original sentence
reviewed-by = { $reviewer } decided on { $date }.
review-changed = The service had proposed: { $verdict }.
review-confirmed = This confirms what the service had proposed.

# What cost points.
cost-more = { $count ->
    [one] One more, which cost no more
   *[other] { $count } more, which cost no more each
}
heading-cost = What cost points
nothing-differs = Nothing differs from the procedure.
points-lost = −{ $points }
no-points = no points
step-numbered = step { $number }
false-alarm = false alarm

kind-missing-step = Left out
kind-out-of-order = In the wrong order
kind-repeated-step = Done again
kind-extra-activity = Something extra
kind-wrong-execution = Done wrongly or in part
kind-over-time = Too slow
kind-under-time = Too fast

seen-missing-step = { $step } was not seen anywhere in the video.
seen-out-of-order = { $step } was done at a place that the procedure does not allow.
seen-repeated-step = { $step } was done once more.
seen-extra-activity = For { $duration } something was done that belongs to no step.
seen-wrong-execution = Something else, or only a part of it, was done in place of { $step }.
seen-over-time = { $step } took too long.
seen-under-time = { $step } was done too fast.
seen-over-time-ratio = { $step } took { $ratio } of the time expected at this tempo.
seen-under-time-ratio = { $step } took only { $ratio } of the time expected at this tempo.

# Timelines.
heading-timeline = Both videos
timeline-title = Steps of both videos over time
timeline-description = { $steps ->
    [one] One step
   *[other] { $steps } steps
} of the gold above, those of the trainee below, on one scale of time. Bands join each step to where the trainee did it. { $deviations ->
    [0] Nothing is marked.
    [one] One deviation is marked with its number.
   *[other] { $deviations } deviations are marked with their numbers.
} The tables below say the same in words.
timeline-region = Timelines of both videos; scrolls sideways on narrow screens
timeline-hint = Numbers in blocks are steps; numbers in circles are the deviations below.
legend = Signs
sign-done = done
sign-deviated = done, with a deviation
sign-wrong = wrong or in part
sign-missing = left out
sign-skipped = left out (optional)
sign-extra = belongs to no step

# Deviations.
heading-deviations = Deviations
when-gold = In the gold
when-trainee = In the trainee’s video
when-should-have-been = Should have been at
how-sure = How sure
points = Points
without-it = Without it
without-it-same = the same verdict
review-status = Review
review-none = not reviewed
review-real = confirmed by { $reviewer }
review-false-alarm = false alarm, says { $reviewer }
picture-gold = Gold at { $time }
picture-trainee = Trainee at { $time }
picture-alt-gold = Frame of the gold at { $time }
picture-alt-trainee = Frame of the trainee’s video at { $time }
no-picture = no picture
pictures-left-out = { $count ->
    [one] One picture was left out to keep this page small.
   *[other] { $count } pictures were left out to keep this page small.
}
pictures-off = Pictures were left out on request.

# Steps.
heading-steps = Steps
column-step = Step
column-status = Status
column-gold = Gold
column-trainee = Trainee
column-duration = Duration
column-similarity = Alike
column-weight = Weight
duration-means = Duration: relative to the gold at this trainee’s tempo. Alike: from 0 % (unrelated) to 100 % (as the gold to itself).
steps-caption = What became of every step
status-done = done
status-deviated = done, with a deviation
status-wrong = wrong or in part
status-missing = left out
status-skipped = left out (optional)
status-unresolved = judged with its step
critical = critical
optional = optional
not-seen = not seen
steps-empty = The procedure has no steps.

# Similarity.
heading-similarity = How alike the videos are
similarity-means = Every dot compares one moment of the gold with one of the trainee’s video: the darker, the more alike. The line is how the two were matched; numbers at the edges are steps. A straight dark diagonal is a performance like the gold.
similarity-title = Similarity of both videos
similarity-description = A map of { $rows } by { $columns } moments. Gold from top to bottom, trainee from left to right. { $jumps ->
    [0] The matched line goes through without a jump.
    [one] The matched line jumps once.
   *[other] The matched line jumps { $jumps } times.
}
axis-gold = Gold
axis-trainee = Trainee

# Numbers.
heading-numbers = Numbers
heading-metrics = 15 metrics
heading-research = Measures for research
heading-provenance = What made this report
column-metric = Metric
column-value = Value
column-meaning = Meaning
metrics-note = Known from the earlier system, for comparison over time.
research-note = None of them enters the score.

metric-miss = Missing steps
metric-miss-means = Steps that are missing.
metric-swap = Swapped steps
metric-swap-means = Adjacent pairs of steps done in the wrong order.
metric-deviation = Deviating steps
metric-deviation-means = Steps that were done but not like the gold.
metric-over-time = Slow steps
metric-over-time-means = Steps that took too long.
metric-temporal-warp = Temporal warp
metric-temporal-warp-means = Mean distance of the warping path from the diagonal, relative to the length of the videos.
metric-path-stretch = Path stretch
metric-path-stretch-means = Length of the warping path relative to the longer video; at least 1.
metric-duplicate-ratio = Duplicate ratio
metric-duplicate-ratio-means = Share of the trainee’s clips that share their gold clip with the clip before.
metric-order-violation-ratio = Order violation ratio
metric-order-violation-ratio-means = Share of consecutive clips whose best gold steps go backwards.
metric-temporal-drift = Temporal drift
metric-temporal-drift-means = Mean signed distance from the diagonal; negative: the trainee is ahead. From −1 to 1.
metric-confidence-loss = Confidence loss
metric-confidence-loss-means = 1 minus the mean similarity along the path; from 0 to 2.
metric-local-similarity-gap = Local similarity gap
metric-local-similarity-gap-means = What a free order would gain in similarity; from 0 to 2.
metric-adaptive-threshold = Adaptive threshold
metric-adaptive-threshold-means = Similarity below which a clip of this pair counts as unlike.
metric-effective-threshold = Effective threshold
metric-effective-threshold-means = The threshold that was used: the adaptive one within fixed bounds.
metric-hard-miss-ratio = Hard miss ratio
metric-hard-miss-ratio-means = Share of the gold’s clips below the effective threshold.
metric-mean-alignment-cost = Mean alignment cost
metric-mean-alignment-cost-means = Mean local cost along the warping path.

research-deviation-interval = Score, were its deviations known (95 %)
research-deviation-interval-means = Where the score would lie if it were known which suspected deviations are real.
research-step-interval = Mean score of such work (95 %)
research-step-interval-means = Where the mean score of such work lies, the steps taken as a sample.
research-step-order-tau = Kendall’s tau of the steps
research-step-order-tau-means = Order of the steps against the procedure’s; from −1 (reversed) to 1.
research-warp-tau = Kendall’s tau-b of the warp
research-warp-tau-means = Order of the moments against the gold’s; from −1 to 1.
research-hausdorff = Hausdorff distance of step boundaries
research-hausdorff-means = How far the ends of the steps lie from the gold’s, at the trainee’s tempo.
research-frechet = Discrete Fréchet distance
research-frechet-means = The worst moment on the best way through both videos; from 0 to 2.
not-defined = not defined

provenance-job = Score job
provenance-created = Scored
provenance-task-version = Version of the procedure
provenance-gold = Gold
provenance-gold-version = { $id }, version { $version }
provenance-trainee = Trainee’s video
provenance-embedder = Embeddings
provenance-embedder-version = { $name }, version { $version }
provenance-checksum = Checksum of the parameters
provenance-adapter = Adapter
provenance-engine = Alignment engine
provenance-calibration = Calibration
provenance-code = SOPilot

# PDF.
page-of = Page { $page } of { $pages }

# Pages over time.
overview-title = { $task }: all results
history-title = { $trainee }: { $task }
heading-overview = Overview
no-results = There are no results yet.
label-mean = Mean score
label-median = Median score
label-latest = Latest score
label-passed = Passed
passed-of = { $passed } of { $count }
older-not-counted = { $count ->
    [one] Each video counts once, with its newest result; one older result of the same videos is not counted.
   *[other] Each video counts once, with its newest result; { $count } older results of the same videos are not counted.
}
heading-verdicts = Verdicts
column-verdict = Verdict
column-count = Count
column-share = Share
heading-distribution = Distribution of scores
distribution-title = How many results have which score
distribution-description = Bars of ten points each. Most results, { $most }, lie from { $from } to { $to }.
distribution-left-out = { $count ->
    [one] One result that cannot be compared has no score and is left out.
   *[other] { $count } results that cannot be compared have no score and are left out.
}
heading-over-time = Scores over time
over-time-title = Score of every result over time
over-time-description = From { $first } on { $from } to { $last } on { $to }.
heading-frequent = Most frequent deviations
frequent-caption = How many results have such a deviation
frequent-none = No result has a deviation.
column-what = What
column-results = Results
heading-results = Results
results-caption = The newest result of each video, the latest first
column-when = When
column-video = Video
column-trainee-label = Trainee
column-score = Score
column-deviations = Deviations
no-trainee = –
heading-trainees = Trainees
trainees-caption = One line for each trainee
column-mean = Mean
column-latest = Latest
rows-cut = The first { $shown } of { $count } rows are shown.
